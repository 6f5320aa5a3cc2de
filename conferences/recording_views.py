"""Where recordings can be found afterwards: the room is asked when somebody asks for this page, and never else."""

from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from conferences.models import Conference
from conferences.requests import SignedInRequest, managed
from conferences.rooms import room_called
from conferences.rooms.base import RoomDown

# The newest; so many fit into one question to the room.
OCCURRENCES = 100


@require_safe
def recordings(request: HttpRequest, pk: int) -> HttpResponse:
    """What was recorded of a conference, or whom to ask."""
    conference = managed(cast(SignedInRequest, request), pk)
    room = room_called(conference.room_backend)
    context = {"conference": conference, "room": room, "most": OCCURRENCES}
    rooms = used_rooms(conference, timezone.now())
    try:
        found = room.recordings(rooms[:OCCURRENCES])
    except RoomDown:
        return render(request, "conferences/recordings.html", context | {"is_down": True}, status=503)
    context |= {"found": found, "is_cut": len(rooms) > OCCURRENCES}
    return render(request, "conferences/recordings.html", context)


def used_rooms(conference: Conference, now: datetime) -> list[str]:
    """The rooms in which somebody may have been until `now`, newest first; a hundred and one at most."""
    if conference.permanent:
        return [conference.room_name]
    opened = conference.occurrences.filter(starts_at__lte=now + conference.opens_before).order_by("-starts_at")
    return list(opened.values_list("room_name", flat=True)[: OCCURRENCES + 1])
