"""A conference with a waiting room, and guests who knock."""

from datetime import UTC, datetime

from django.test import Client
from django.urls import reverse

from cabinet.models import User
from conferences.arrivals import Arrival
from conferences.models import Conference
from tests.factories import make_conference

START = datetime(2026, 12, 3, 13, tzinfo=UTC)  # 14:00 in Berlin, one hour long
COOKIE = "guest"


def make_waiting_room(organizer: User) -> Conference:
    """One that begins at START."""
    return make_conference(
        organizer, start=datetime(2026, 12, 3, 14), topic="Budget", waiting_room=True, number="123-456-789"
    )


def path(conference: Conference) -> str:
    return f"/join/{conference.join_token}/"


def waiting_path(conference: Conference) -> str:
    return reverse("conferences:waiting", args=[conference.pk])


def knock(client: Client, conference: Conference, name: str = "Bob", **fields: str) -> Arrival:
    """Press Join as a guest; where one stands then."""
    answer = client.post(path(conference), {"name": name} | fields)
    assert (answer.status_code, answer["Location"]) == (303, path(conference))
    return Arrival.objects.get(name=name)


def standing(arrival: Arrival) -> tuple[bool, bool, bool]:
    """Whether admitted, refused, inside."""
    arrival.refresh_from_db()
    return tuple(bool(at) for at in (arrival.admitted_at, arrival.refused_at, arrival.entered_at))  # type: ignore[return-value]
