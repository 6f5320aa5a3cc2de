"""Schedule conference."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conferences.conflicts import SubmittedBefore
from conferences.defaults import right_now
from conferences.forms import ConferenceForm
from conferences.places import other_zones
from conferences.recurrence_fields import RECURRENCE
from conferences.requests import SignedInRequest
from conferences.submissions import submission
from conferences.tokens import new_password
from conferences.typed import keeps_what_was_typed
from conferences.when_forms import WHEN


@keeps_what_was_typed
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Schedule conference: now or later, or keep the settings for the next one."""
    now = timezone.now()
    if request.method != "POST":
        return form_page(request, ConferenceForm(user=request.user, now=now))
    if "now" in request.POST:
        return _schedule(
            request, ConferenceForm(right_now(request.POST, request.user, now), user=request.user, now=now)
        )
    form = ConferenceForm(request.POST, user=request.user, now=now)
    if page := half_way(request, form):
        return page
    if "template" in request.POST:
        if form.save_as_template():
            messages.success(request, _("Saved. New conferences start with these settings."))
        return form_page(request, form)
    return _schedule(request, form)


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


def half_way(request: SignedInRequest, form: ConferenceForm) -> HttpResponse | None:
    """The answer to a button that only fills in or shows something: nothing is saved, nothing typed is lost."""
    if "suggest" in request.POST:
        return form_page(request, form.with_(password=new_password()))
    if "dates" in request.POST:
        form.forget_errors_but(*WHEN, *RECURRENCE)
        return form_page(request, form, next_dates=form.next_dates())
    return None


def form_page(request: SignedInRequest, form: ConferenceForm, status: int = 200, **context: Any) -> HttpResponse:
    zones = other_zones(timezone.now(), form.initial["time_zone"], form.zones_used_lately)
    context |= {
        "tab": "conferences" if form.conference else "schedule",
        "form": form,
        "conference": form.conference,
        "zones": zones,
    }
    return render(request, "conferences/form.html", context, status=status)
