"""The organizer's pages: schedule, look, edit, cancel, start. What guests see is in join_views.py."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conferences import join
from conferences.conflicts import ChangedMeanwhile, NumberTaken, SubmittedBefore
from conferences.defaults import right_now
from conferences.forms import CancelForm, CityForm, ConferenceForm, EditForm
from conferences.models import Change, Conference, Occurrence
from conferences.places import other_zones
from conferences.responses import hand_over, leads_to_room
from conferences.submissions import submission
from conferences.tokens import new_password
from conferences.typed import keeps_what_was_typed

PAGE_SIZE = 20
# One that begins within the hour, or has begun, stands above the list with its way in.
NEXT_WITHIN = timedelta(hours=1)


class SignedInRequest(HttpRequest):
    """One that LoginRequiredMiddleware has let through."""

    user: Any


@leads_to_room
@require_safe
def conference_list(request: SignedInRequest) -> HttpResponse:
    """Conferences that go on or are to come, soonest first, or with ?show=past those that are over, newest first."""
    now = timezone.now()
    past = request.GET.get("show") == "past"
    mine = Occurrence.objects.managed_by(request.user).select_related("conference")
    page = Paginator(mine.past(now) if past else mine.coming(now), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    following = None if past or page.number > 1 else _following(rows, now)
    context = {
        "tab": "conferences",
        "now": now,
        "past": past,
        "page": page,
        "following": following,
        "rows": [row for row in rows if row is not following],
        "conferences": [row.conference for row in rows],
    }
    return render(request, "conferences/list.html", context)


def _following(rows: list[Occurrence], now: datetime) -> Occurrence | None:
    """The first of `rows`, in order of time, that goes on or begins soon."""
    soon = now + NEXT_WITHIN
    return next((row for row in rows if row.conference.cancelled_at is None and row.starts_at <= soon), None)


@keeps_what_was_typed
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Schedule conference: now or later, or keep the settings for the next one."""
    now = timezone.now()
    if request.method != "POST":
        return _form_page(request, ConferenceForm(user=request.user, now=now))
    if "now" in request.POST:
        return _schedule(
            request, ConferenceForm(right_now(request.POST, request.user, now), user=request.user, now=now)
        )
    form = ConferenceForm(request.POST, user=request.user, now=now)
    if "suggest" in request.POST:
        return _form_page(request, form.with_(password=new_password()))
    if "template" in request.POST:
        if form.save_as_template():
            messages.success(request, _("Saved. New conferences start with these settings."))
        return _form_page(request, form)
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
        return _form_page(request, form.renewed(before.conference), status=409)
    if conference is None:
        return _form_page(request, form)
    for notice in form.notices:
        messages.info(request, notice)
    return redirect(conference)


def _form_page(request: SignedInRequest, form: ConferenceForm, status: int = 200, **context: Any) -> HttpResponse:
    zones = other_zones(timezone.now(), form.initial["time_zone"], form.zones_used_lately)
    context |= {
        "tab": "conferences" if form.conference else "schedule",
        "form": form,
        "conference": form.conference,
        "zones": zones,
    }
    return render(request, "conferences/form.html", context, status=status)


@leads_to_room
@require_safe
def conference(request: SignedInRequest, pk: int) -> HttpResponse:
    """You have scheduled a conference: the one page of a conference, before, while and after it takes place."""
    conference = managed(request, pk)
    now = timezone.now()
    city = CityForm(request.GET if "city" in request.GET else None)
    checked = [city.cleaned_data["city"]] if city.is_valid() else []
    known = Conference.objects.managed_by(request.user).zones_used_lately()
    door = join.door(conference, now)
    others = other_zones(conference.starts_at, conference.time_zone, known)
    context = {
        "tab": "conferences",
        "conference": conference,
        "now": now,
        "is_upcoming": now < conference.starts_at and not conference.cancelled_at,
        "is_over": conference.is_over(now) or conference.cancelled_at is not None,
        "occurrence": door.occurrence,
        "may_start": join.closed(door, now, is_organizer=True) is None,
        "zones": checked + [zone for zone in others if zone not in checked],
        "city_form": city,
        "changes": conference.changes.select_related("by"),
    }
    return render(request, "conferences/conference.html", context)


@keeps_what_was_typed
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """The same form for a conference that is there; the changes are told to everybody or to nobody."""
    conference = managed(request, pk)
    if conference.cancelled_at:
        messages.error(request, _("This conference was cancelled. It cannot be changed any more."))
        return redirect(conference)
    about = {"user": request.user, "now": timezone.now(), "conference": conference}
    if request.method != "POST":
        return _form_page(request, EditForm(**about))
    form = EditForm(request.POST, **about)
    if "suggest" in request.POST:
        return _form_page(request, form.with_(password=new_password()))
    return _change(request, form, conference) if form.is_valid() else _form_page(request, form)


def _change(request: SignedInRequest, form: EditForm, conference: Conference) -> HttpResponse:
    """Save an edit, unless somebody else was faster: then both versions are shown."""
    seen = form.cleaned_data["seen_sequence"]
    try:
        change = form.change(conference)
    except ChangedMeanwhile:
        theirs = conference.changes.filter(sequence__gt=seen)
        return _form_page(request, form.rebased(conference), status=409, theirs=theirs)
    except NumberTaken:
        return _form_page(request, form.number_taken())
    messages.success(request, _said(change))
    for notice in form.notices:
        messages.info(request, notice)
    return redirect(conference)


def _said(change: Change | None) -> str:
    """What saving has led to."""
    if change is None:
        return _("Nothing was changed.")
    if change.tell == Change.Tell.NOBODY:
        return _("Changes saved. Nobody is told.")
    return _("Changes saved. Whoever was invited gets an update in about a minute.")


@require_http_methods(["GET", "HEAD", "POST"])
def cancellation(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once, with what will happen in words, then cancel."""
    conference = managed(request, pk)
    now = timezone.now()
    if conference.cancelled_at or conference.is_over(now):
        messages.info(request, _("This conference is over or was cancelled already."))
        return redirect(conference)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        tell = Change.Tell.ALL if form.cleaned_data["tell"] else Change.Tell.NOBODY
        conference.cancel(request.user, now, tell=tell, message=form.cleaned_data["message"])
        messages.success(request, _("Conference cancelled."))
        return redirect(conference)
    return render(
        request, "conferences/cancellation.html", {"tab": "conferences", "conference": conference, "form": form}
    )


@require_POST
def start(request: SignedInRequest, pk: int) -> HttpResponse:
    """The organizer goes in, as moderator; whoever waits for them may follow."""
    conference = managed(request, pk)
    name = request.user.get_full_name() or request.user.email
    now = timezone.now()
    answer = join.enter(join.door(conference, now), name=name, now=now, is_organizer=True)
    if isinstance(answer, join.Refusal):
        messages.error(request, _("This conference is over or was cancelled already."))
        return redirect(conference)
    return hand_over(answer.url)


def managed(request: SignedInRequest, pk: int) -> Conference:
    """The conference, if this person manages it; a stranger's is not found."""
    mine = Conference.objects.managed_by(request.user).select_related("organizer")
    return get_object_or_404(mine, pk=pk)
