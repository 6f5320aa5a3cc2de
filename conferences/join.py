"""The door: who may enter a conference now, and where that leads. The decision is taken here, at every step."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from conferences.arrangements import arrangement
from conferences.attempts import Attempt
from conferences.choices import Role
from conferences.models import JOIN_ENDS_AFTER, Conference, Occurrence
from conferences.querysets import digits
from conferences.rooms import room_called
from conferences.rooms.base import Participant

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


@dataclass(frozen=True)
class Door:
    """Where one goes in at a moment: a conference and one of its occurrences, or none because it is permanent."""

    conference: Conference
    occurrence: Occurrence | None

    @property
    def is_off(self) -> bool:
        """Whether what is behind it was cancelled."""
        return self.occurrence.is_off if self.occurrence else self.conference.cancelled_at is not None

    @property
    def opens_at(self) -> datetime | None:
        """When the room opens; None where it always is open."""
        return self.occurrence.opens_at if self.occurrence else None

    @property
    def ends_at(self) -> datetime | None:
        """When the occurrence ends."""
        return self.occurrence.ends_at if self.occurrence else None

    @property
    def closes_at(self) -> datetime | None:
        """When nobody gets in any more."""
        return self.occurrence.ends_at + JOIN_ENDS_AFTER if self.occurrence else None

    @property
    def _place(self) -> Conference | Occurrence:
        """What has the room and knows whether the organizer came."""
        return self.occurrence or self.conference

    @property
    def room_name(self) -> str:
        """The room behind it."""
        return self._place.room_name

    def organizer_came(self, now: datetime) -> None:
        """Open to those who wait for the organizer."""
        if self.opens_at is None or now >= self.opens_at - ORGANIZER_COUNTS_FROM:
            rows = type(self._place)._default_manager.filter(pk=self._place.pk, organizer_joined_at=None)
            rows.update(organizer_joined_at=now)

    def awaits_organizer(self) -> bool:
        """Whether nobody may come in before the organizer, who is not there yet."""
        return self.conference.organizer_first and self._place.organizer_joined_at is None


def door(conference: Conference, now: datetime) -> Door:
    """The door that the links of `conference` lead to at the moment `now`."""
    return Door(conference, None if conference.permanent else conference.occurrences.current(now))


def closed(door: Door, now: datetime, *, is_organizer: bool = False) -> Refusal | None:
    """What keeps every guest (or the organizer) out at the moment, or None if the room is open."""
    if door.is_off:
        return Refusal.CANCELLED
    if door.closes_at and now >= door.closes_at:
        return Refusal.ENDED
    if is_organizer:
        return None
    if door.opens_at and now < door.opens_at:
        return Refusal.EARLY
    if door.awaits_organizer():
        # Whoever waits for an organizer who never came need not wait for a day.
        return Refusal.ENDED if door.ends_at and now >= door.ends_at else Refusal.WAITING
    return None


def enter(
    door: Door,
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
        refusal = check_password(door.conference, password, network=network, now=now)
        if refusal:
            return refusal
    if refusal := closed(door, now, is_organizer=is_organizer):
        return refusal
    if is_organizer:
        door.organizer_came(now)
    return Entrance(_way_in(door, Participant(name, Role.MODERATOR if is_organizer else Role.PARTICIPANT), now))


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


def _way_in(door: Door, person: Participant, now: datetime) -> str:
    """The address of the room for one person."""
    conference, room = door.conference, room_called(door.conference.room_backend)
    wishes = arrangement(conference, opens_at=door.opens_at or now, closes_at=door.closes_at or now + JOIN_ENDS_AFTER)
    sitting = room.open(door.room_name, wishes)
    return room.join_url(door.room_name, person, wishes, now, sitting)
