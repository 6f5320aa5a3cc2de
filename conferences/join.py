"""The door: who may enter a conference now, and where that leads. The decision is taken here, at every step."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from conferences.attempts import Attempt
from conferences.models import JOIN_ENDS_AFTER, Conference, Occurrence, digits
from conferences.rooms import room_called
from conferences.rooms.base import Arrangement, Participant

PASSWORD_WINDOW = timedelta(minutes=10)
PASSWORD_TRIES_OF_GUEST = 5
PASSWORD_TRIES_OF_CONFERENCE = 50
# An organizer who looks in days before is trying things out; one who comes an hour early has come.
ORGANIZER_COUNTS_FROM = timedelta(hours=1)


class Refusal(StrEnum):
    """Why somebody may not enter."""

    EARLY = "early"
    WAITING = "waiting"
    ENDED = "ended"
    CANCELLED = "cancelled"
    PASSWORD = "password"  # noqa: S105 - the word, not a password
    TOO_MANY_TRIES = "too-many-tries"


@dataclass(frozen=True)
class Entrance:
    """The way in: an address that is good for this person and this moment only."""

    url: str


def closed(conference: Conference, now: datetime, *, is_organizer: bool = False) -> Refusal | None:
    """What keeps every guest (or the organizer) out at the moment, or None if the room is open."""
    occurrence = conference.occurrence
    if conference.cancelled_at:
        return Refusal.CANCELLED
    if now >= occurrence.ends_at + JOIN_ENDS_AFTER:
        return Refusal.ENDED
    if is_organizer:
        return None
    if now < conference.opens_at:
        return Refusal.EARLY
    if conference.organizer_first and not occurrence.organizer_joined_at:
        # Whoever waits for an organizer who never came need not wait for a day.
        return Refusal.WAITING if now < occurrence.ends_at else Refusal.ENDED
    return None


def enter(
    conference: Conference,
    *,
    name: str,
    now: datetime,
    is_organizer: bool = False,
    invited: bool = False,
    password: str = "",
    network: str = "",
) -> Entrance | Refusal:
    """Let one person in, or say why not.

    The organizer comes in as moderator, at any time until joining ends. An invited person, who came by a link of
    their own, needs no password; whoever came by the direct link does, and `network` is what their tries count by.
    """
    if not (is_organizer or invited):
        refusal = check_password(conference, password, network=network, now=now)
        if refusal:
            return refusal
    if refusal := closed(conference, now, is_organizer=is_organizer):
        return refusal
    if is_organizer:
        _organizer_came(conference, now)
    return Entrance(_way_in(conference, Participant(name, moderator=is_organizer), now))


def check_password(conference: Conference, password: str, *, network: str, now: datetime) -> Refusal | None:
    """Refuse a wrong password of the conference; one without a password refuses nobody."""
    if not conference.password:
        return None
    return compare_password(conference.password, password, number=conference.number, network=network, now=now)


def compare_password(expected: str, given: str, *, number: str, network: str, now: datetime) -> Refusal | None:
    """Compare in constant time, within the tries that a guest and a conference ID have; good tries are given back.

    Takes the number and not the conference: for a number that nobody has the same work is done.
    """
    tries = [
        (f"{network} {digits(number)}", PASSWORD_TRIES_OF_GUEST),
        (digits(number), PASSWORD_TRIES_OF_CONFERENCE),
    ]
    for key, limit in tries:
        if not Attempt.objects.allow("password", key, limit=limit, window=PASSWORD_WINDOW, now=now):
            return Refusal.TOO_MANY_TRIES
    if not secrets.compare_digest(expected.encode(), given.encode()):
        return Refusal.PASSWORD
    for key, _limit in tries:
        Attempt.objects.give_back("password", key)
    return None


def _organizer_came(conference: Conference, now: datetime) -> None:
    """Open the conference to those who wait for its organizer."""
    if now >= conference.opens_at - ORGANIZER_COUNTS_FROM:
        Occurrence.objects.filter(conference=conference, organizer_joined_at=None).update(organizer_joined_at=now)


def _way_in(conference: Conference, person: Participant, now: datetime) -> str:
    """The address of the room for one person."""
    occurrence = conference.occurrence
    arrangement = Arrangement(
        topic=conference.topic,
        opens_at=conference.opens_at,
        closes_at=occurrence.ends_at + JOIN_ENDS_AFTER,
        mute_on_entry=conference.mute_on_entry,
        camera_off_on_entry=conference.camera_off_on_entry,
        client_video_quality=conference.client_video_quality,
    )
    return room_called(conference.room_backend).join_url(occurrence.room_name, person, arrangement, now)
