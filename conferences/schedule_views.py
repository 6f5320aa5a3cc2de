"""Schedule conference."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from conferences.conflicts import SubmittedBefore
from conferences.defaults import copied_values, right_now, template_values, zone_of
from conferences.forms import ConferenceForm
from conferences.places import zones_of_form
from conferences.recurrence_fields import RECURRENCE
from conferences.requests import SignedInRequest, managed, number
from conferences.submissions import submission
from conferences.template import Template
from conferences.template_views import said
from conferences.tokens import new_password
from conferences.typed import keeps_what_was_typed
from conferences.when_forms import WHEN, WhenForm


@keeps_what_was_typed
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Schedule conference: now or later, or keep the settings for the next one.

    `?template=` fills in a template, `?repeat=` a conference that is there.
    """
    now = timezone.now()
    about = _about(request, now)
    given = {"user": request.user, "now": now, "initial": about.pop("initial", None)}
    if request.method != "POST":
        return form_page(request, ConferenceForm(**given), **about)
    if "now" in request.POST:
        return _schedule(request, ConferenceForm(right_now(request.POST, request.user, now), **given))
    form = ConferenceForm(request.POST, **given)
    if page := half_way(request, form, **about):
        return page
    if "template" in request.POST:
        if kept := form.save_as_template():
            messages.success(request, said(kept))
        return form_page(request, form, **about)
    return _schedule(request, form)


def _about(request: SignedInRequest, now: datetime) -> dict[str, Any]:
    """What the address asks for, as context of the page and `initial` of the form."""
    if "repeat" in request.GET:
        conference = managed(request, number(request.GET["repeat"]))
        return {"copied_from": conference, "initial": copied_values(conference, request.user, now)}
    if "template" in request.GET:
        mine = Template.objects.filter(owner=request.user.pk)
        template = get_object_or_404(mine, pk=number(request.GET["template"]))
        return {"template": template, "initial": template_values(template)}
    return {}


@require_POST
def dates(request: SignedInRequest) -> HttpResponse:
    """The rule in words and the next dates, for a form that is still being filled in: nothing is saved."""
    return dates_of(request, half_filled(request))


def half_filled(request: SignedInRequest) -> WhenForm:
    """When a new conference takes place, as far as that is typed."""
    zone = zone_of(request.user)
    return WhenForm(request.POST, now=timezone.now(), home_zone=zone, initial={"duration": "60"})


def dates_of(request: SignedInRequest, form: WhenForm) -> HttpResponse:
    """What `form` leads to, or what is wrong with it, as a part of its page."""
    form.forget_errors_but(*WHEN, *RECURRENCE)
    problem = next((str(error) for errors in form.errors.values() for error in errors), "")
    context = {"next_dates": form.next_dates(), "problem": problem}
    return render(request, "conferences/_next_dates.html", context)


@require_POST
def ad_hoc(request: SignedInRequest) -> HttpResponse:
    """Start now, with the person's defaults: the button on the home page, where there is nothing to fill in."""
    return _schedule(request, ConferenceForm.ad_hoc(request.user, timezone.now()))


def _schedule(request: SignedInRequest, form: ConferenceForm) -> HttpResponse:
    """Schedule once, however often the same press arrives."""
    submission_id, digest = submission(request.POST)
    try:
        conference = form.schedule(submission_id, digest)
    except SubmittedBefore as before:
        return form_page(request, form.renewed(before.conference), status=409)
    if conference is None:
        return form_page(request, form)
    for notice in form.notices:
        messages.info(request, notice)
    return redirect(conference)


def half_way(request: SignedInRequest, form: ConferenceForm, **context: Any) -> HttpResponse | None:
    """The answer to a button that only fills in or shows something: nothing is saved, nothing typed is lost."""
    if "suggest" in request.POST:
        return form_page(request, form.with_(password=new_password()), suggested=True, **context)
    if "dates" in request.POST:
        form.forget_errors_but(*WHEN, *RECURRENCE)
        return form_page(request, form, next_dates=form.next_dates(), **context)
    return None


def form_page(request: SignedInRequest, form: ConferenceForm, status: int = 200, **context: Any) -> HttpResponse:
    known = [zone_of(request.user), *form.zones_used_lately]
    context |= {
        "tab": "conferences" if form.conference else "schedule",
        "form": form,
        "conference": form.conference,
        "zones": zones_of_form(timezone.now(), form.initial["time_zone"], known),
    }
    if not form.conference:
        context["templates"] = templates = list(Template.objects.filter(owner=request.user.pk))
        context.setdefault("template", next((one for one in templates if one.is_default), None))
    return render(request, "conferences/form.html", context, status=status)
