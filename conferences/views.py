"""The one page of a conference, and the organizer's way into its room."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from conferences import join
from conferences.forms import CityForm
from conferences.models import Conference
from conferences.places import other_zones
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
        "may_start": join.closed(door, now, is_manager=True) is None,
        "zones": checked + [zone for zone in others if zone not in checked],
        "city_form": city,
        "changes": conference.changes.select_related("by"),
    }
    return render(request, "conferences/conference.html", context)


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
