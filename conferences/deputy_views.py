"""Who else may manage: co-organizers of a conference, and people who may schedule for somebody."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conferences.deputies import CoOrganizer, Deputy
from conferences.deputy_forms import ColleagueForm
from conferences.models import Conference
from conferences.requests import SignedInRequest, managed, number


@require_http_methods(["GET", "HEAD", "POST"])
def co_organizers(request: SignedInRequest, pk: int) -> HttpResponse:
    """Name people who manage this conference as its organizer does, or take that back."""
    conference = managed(request, pk)
    rows = conference.co_organizings.select_related("user").order_by("user__name", "pk")
    if "remove" in request.POST:
        rows.filter(user=number(request.POST["remove"])).delete()
        is_mine = Conference.objects.managed_by(request.user).filter(pk=pk).exists()  # people may take themselves off
        return redirect("conferences:co-organizers", pk) if is_mine else redirect("conferences:list")
    form = ColleagueForm(request.POST if request.method == "POST" else None, user=request.user, now=timezone.now())
    if form.is_valid():
        colleague = form.cleaned_data["address"]
        if colleague.pk != conference.organizer_id:
            CoOrganizer.objects.get_or_create(conference=conference, user=colleague)
        messages.success(request, _("%(name)s manages this conference, too.") % {"name": colleague})
        return redirect("conferences:co-organizers", pk)
    context = {"tab": "conferences", "conference": conference, "people": [row.user for row in rows], "form": form}
    return render(request, "conferences/co_organizers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def deputies(request: SignedInRequest) -> HttpResponse:
    """People who may schedule for me, and those for whom I may."""
    rows = Deputy.objects.filter(principal=request.user.pk).select_related("deputy").order_by("deputy__name", "pk")
    if "remove" in request.POST:
        rows.filter(deputy=number(request.POST["remove"])).delete()
        return redirect("conferences:deputies")
    form = ColleagueForm(request.POST if request.method == "POST" else None, user=request.user, now=timezone.now())
    if form.is_valid():
        colleague = form.cleaned_data["address"]
        if colleague.pk == request.user.pk:
            form.add_error("address", _("This is you. Name somebody else."))
        else:
            Deputy.objects.get_or_create(principal_id=request.user.pk, deputy=colleague)
            messages.success(request, _("%(name)s may schedule and manage conferences for you.") % {"name": colleague})
            return redirect("conferences:deputies")
    principals = Deputy.objects.filter(deputy=request.user.pk).select_related("principal").order_by("principal__name")
    context = {
        "people": [row.deputy for row in rows],
        "principals": [row.principal for row in principals],
        "form": form,
    }
    return render(request, "conferences/deputies.html", context)
