"""Templates: the list, names, the default, and settings kept from a conference."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from conferences.defaults import settings_in_words, settings_of
from conferences.requests import SignedInRequest, managed
from conferences.template import Template
from conferences.template_forms import NameForm, TemplateForm


@require_safe
def templates(request: SignedInRequest) -> HttpResponse:
    """All that one has kept."""
    mine = Template.objects.filter(owner=request.user.pk)
    rows = [(template, settings_in_words(template.values)) for template in mine]
    return render(request, "conferences/templates.html", {"templates": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def template(request: SignedInRequest, pk: int) -> HttpResponse:
    """Another name, and whether new conferences start with it."""
    one = _mine(request, pk)
    form = TemplateForm(request.POST if request.method == "POST" else None, template=one)
    if form.is_valid() and form.store():
        messages.success(request, _("%(name)s saved.") % {"name": f"\u2068{one.name}\u2069"})
        return redirect("conferences:templates")
    context = {"form": form, "words": settings_in_words(one.values)}
    return render(request, "conferences/template.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def deletion(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then delete."""
    one = _mine(request, pk)
    if request.method == "POST":
        one.delete()
        messages.success(request, _("%(name)s deleted.") % {"name": f"\u2068{one.name}\u2069"})
        return redirect("conferences:templates")
    return render(request, "conferences/template_deletion.html", {"template": one})


@require_http_methods(["GET", "HEAD", "POST"])
def save_as_template(request: SignedInRequest, pk: int) -> HttpResponse:
    """Keep the settings of a conference that is there, under a name or as the default."""
    conference = managed(request, pk)
    values = settings_of(conference)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": conference.topic[:80]})
    if form.is_valid():
        kept = Template.objects.remember(request.user, form.cleaned_data["name"], values)
        messages.success(request, said(kept))
        return redirect(conference)
    context = {"tab": "conferences", "conference": conference, "form": form, "words": settings_in_words(values)}
    return render(request, "conferences/template.html", context)


def said(kept: Template) -> str:
    """What saving settings has led to."""
    if kept.is_default:
        return _("Saved. New conferences start with these settings.")
    return _("Saved as “%(name)s”. Choose it when you schedule a conference.") % {"name": kept.name}


def _mine(request: SignedInRequest, pk: int) -> Template:
    return get_object_or_404(Template, owner=request.user.pk, pk=pk)
