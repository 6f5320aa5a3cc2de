"""The one page of a conference, and the organizer's way into its room."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from conferences import join
from conferences.dates import Dates, dated
from conferences.forms import CityForm
from conferences.models import Conference
from conferences.requests import SignedInRequest, managed
from conferences.responses import hand_over, leads_to_room

CANNOT_START = _("This conference is over or was cancelled already.")
ROOM_IS_DOWN = _(
    "The video service does not answer. Your conference is saved;"
    " the link starts to work as soon as the service is back."
)


@leads_to_room
@require_safe
def conference(request: SignedInRequest, pk: int) -> HttpResponse:
    """You have scheduled a conference: the one page of a conference, before, while and after it takes place."""
    conference = managed(request, pk)
    now = timezone.now()
    city = CityForm(request.GET if "city" in request.GET else None)
    city.is_valid()
    door = join.door(conference, now)
    context = {
        "tab": "conferences",
        "conference": conference,
        "now": now,
        "is_upcoming": not conference.cancelled_at and not conference.has_begun(now),
        "is_over": conference.is_over(now) or conference.cancelled_at is not None,
        "occurrence": door.occurrence,
        "dates": _dates(request, conference, now) if conference.rule else None,
        "may_start": join.closed(door, now, is_manager=True) is None,
        "zones": Conference.objects.managed_by(request.user).zones_used_lately(),
        "city_form": city,
        "changes": list(conference.changes.select_related("by")),
    }
    return render(request, "conferences/conference.html", context)


def _dates(request: SignedInRequest, conference: Conference, now: datetime) -> Dates:
    """The list of dates, with the one that the reader came for marked."""
    marked = dated(conference, request.GET.get("date", ""))
    return Dates(conference, now, marked=marked, show_all=request.GET.get("dates") == "all")


@require_POST
def start(request: SignedInRequest, pk: int) -> HttpResponse:
    """Whoever manages the conference goes in, as moderator; those who wait for the organizer may follow."""
    conference = managed(request, pk)
    now = timezone.now()
    answer = join.enter(join.door(conference, now), join.manager(request.user), now)
    if isinstance(answer, join.Entrance):
        return hand_over(answer.url)
    messages.error(request, ROOM_IS_DOWN if answer is join.Refusal.UNREACHABLE else CANNOT_START)
    return redirect(conference)
