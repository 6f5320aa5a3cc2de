"""The door: who may enter a conference now, and where that leads. The decision is taken here, at every step."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.auth.base_user import AbstractBaseUser

from conferences.arrangements import arrangement
from conferences.arrivals import Arrival, ArrivalQuerySet
from conferences.attempts import Attempt
from conferences.choices import Role
from conferences.models import JOIN_ENDS_AFTER, Conference, Occurrence
from conferences.occurrences import GOES_ON_FOR
from conferences.querysets import digits
from conferences.rooms import room_called
from conferences.rooms.base import Participant, RoomDown

PASSWORD_WINDOW = timedelta(minutes=10)
PASSWORD_TRIES_OF_GUEST = 5
PASSWORD_TRIES_OF_CONFERENCE = 50
# New people from one network at one door: more than any school has, too few to drown a list.
ARRIVALS_WINDOW = timedelta(minutes=10)
ARRIVALS_OF_NETWORK = 500
# An organizer who looks in days before is trying things out; one who comes an hour early has come.
ORGANIZER_COUNTS_FROM = timedelta(hours=1)


class Refusal(StrEnum):
    """Why somebody may not enter."""

    EARLY = "early"
    WAITING = "waiting"  # for the organizer
    WAITING_ROOM = "waiting-room"
    TURNED_AWAY = "turned-away"
    INVITED_ONLY = "invited-only"
    FULL = "full"
    ENDED = "ended"
    CANCELLED = "cancelled"
    PASSWORD = "password"  # noqa: S105 - the word, not a password
    TOO_MANY_TRIES = "too-many-tries"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Entrance:
    """The way in: an address that is good for this person and this moment only."""

    url: str


@dataclass(frozen=True)
class Visitor:
    """Who stands at a door.

    `key` tells one person from another: "user-1" manages the conference, "invitation-1" came by a personal link, all
    others have the key of their browser (guests.key_of); "" for somebody who has not pressed Join yet. `is_manager` is
    what deputies.managed_by says. Whoever `knows_password` need not be asked again.
    """

    name: str = ""
    key: str = ""
    role: Role = Role.PARTICIPANT
    is_invited: bool = False
    is_manager: bool = False
    knows_password: bool = False

    @property
    def moderates(self) -> bool:
        """Whether moderators' rights are due, and no waiting room or limit holds this person up."""
        return self.is_manager or self.role == Role.MODERATOR


def manager(user: AbstractBaseUser) -> Visitor:
    """Somebody who manages the conference, and is its moderator."""
    return Visitor(user.get_full_name() or user.email, f"user-{user.pk}", Role.MODERATOR, is_manager=True)  # type: ignore[attr-defined]


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
    def starts_at(self) -> datetime | None:
        """When the occurrence starts."""
        return self.occurrence.starts_at if self.occurrence else None

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
    def place(self) -> Conference | Occurrence:
        """What has the room and knows whether the organizer came."""
        return self.occurrence or self.conference

    @property
    def room_name(self) -> str:
        """The room behind it."""
        return self.place.room_name

    @property
    def arrivals(self) -> ArrivalQuerySet:
        """Everybody who came to this door."""
        return Arrival.objects.filter(conference=self.conference, occurrence=self.occurrence)

    def arrival(self, key: str) -> Arrival | None:
        """The arrival of one person, if this one has come."""
        return self.arrivals.filter(key=key).first() if key else None

    @property
    def opens_to_organizer(self) -> datetime | None:
        """From when on an organizer who goes in has come, and has not just tried the room."""
        return self.opens_at - ORGANIZER_COUNTS_FROM if self.opens_at else None

    def organizer_came(self, now: datetime) -> None:
        """Open to those who wait for the organizer."""
        if self.opens_to_organizer is None or now >= self.opens_to_organizer:
            rows = type(self.place)._default_manager.filter(pk=self.place.pk, organizer_joined_at=None)
            rows.update(organizer_joined_at=now)

    def awaits_organizer(self) -> bool:
        """Whether nobody may come in before somebody who manages the conference, and nobody of them is there yet."""
        return self.conference.organizer_first and self.place.organizer_joined_at is None


def door(conference: Conference, now: datetime) -> Door:
    """The door that the links of `conference` lead to at the moment `now`."""
    return Door(conference, None if conference.permanent else conference.occurrences.current(now))


def successor(conference: Conference, now: datetime) -> Conference | None:
    """Where old links lead: the series that goes on where this one was cut, or the one after that, and so on.

    None while the old one still takes place, and for an hour longer, as between two occurrences: people go on a little.
    """
    found = None
    while _is_spent(conference, now):
        following = Conference.objects.filter(follows=conference).select_related("organizer").first()
        if following is None:
            break
        found = conference = following
    return found


def _is_spent(conference: Conference, now: datetime) -> bool:
    """Whether nothing of a conference is left, be it that no occurrence ever was."""
    if conference.over_at:
        return now >= conference.over_at + GOES_ON_FOR
    return bool(conference.rule) and not conference.occurrences.exists()


# THE DECISION


def closed(door: Door, now: datetime, *, is_manager: bool = False, is_invited: bool = True) -> Refusal | None:
    """What keeps everybody out at the moment who is no manager (or even those), or None if the room is open."""
    if door.is_off:
        return Refusal.CANCELLED
    if door.closes_at and now >= door.closes_at:
        return Refusal.ENDED
    if is_manager:
        return None
    if door.conference.invited_only and not is_invited:
        return Refusal.INVITED_ONLY
    return _not_yet(door, now)


def _not_yet(door: Door, now: datetime) -> Refusal | None:
    """Whether it is too early for people who do not manage the conference."""
    if door.opens_at and now < door.opens_at:
        return Refusal.EARLY
    if door.awaits_organizer():
        # Whoever waits for an organizer who never came need not wait for a day.
        return Refusal.ENDED if door.ends_at and now >= door.ends_at else Refusal.WAITING
    return None


def barrier(door: Door, visitor: Visitor, arrival: Arrival | None, now: datetime) -> Refusal | None:
    """What keeps this visitor out at the moment, apart from a password; `arrival` is what is known of an earlier visit.

    Where it says nothing about the waiting room, somebody who has not knocked yet may do so.
    """
    refusal = closed(door, now, is_manager=visitor.is_manager, is_invited=visitor.is_invited)
    if refusal or visitor.moderates:
        return refusal
    if arrival and arrival.refused_at:
        return Refusal.TURNED_AWAY
    if arrival and arrival.entered_at:
        return None
    limit = door.conference.participants_limit
    if limit is not None and door.arrivals.seats_taken() >= limit:
        return Refusal.FULL
    waits = arrival and door.conference.waiting_room and not arrival.may_come
    return Refusal.WAITING_ROOM if waits else None


def enter(door: Door, visitor: Visitor, now: datetime, *, password: str = "", network: str = "") -> Entrance | Refusal:
    """Let one person in, or say why not. Asks the room by network, 3 seconds at most, and not within a transaction.

    Whoever manages the conference comes in as moderator, at any time until joining ends. An invited person, who came by
    a link of their own, needs no password, nor does whom somebody let in from the waiting room; whoever came by the
    direct link does, and `network` is what their tries count by. Out of tries one may still knock where there is a
    waiting room: then a person decides.
    """
    arrival = door.arrival(visitor.key)
    if arrival and arrival.may_come and door.conference.waiting_room and not visitor.moderates:
        visitor = replace(visitor, name=arrival.name)  # under which somebody let them in
    refusal = barrier(door, visitor, arrival, now)
    proof = None if refusal else _prove(door, visitor, arrival, now, password=password, network=network)
    # Nobody who was here before: that visit says nothing about the password of today.
    knocks = proof is Refusal.TOO_MANY_TRIES and arrival is None and door.conference.waiting_room
    return (
        refusal
        or (None if knocks else proof)
        or _crowd(door, visitor, arrival, now, network=network)
        or _wait(door, visitor, now, without_password=knocks)
        or _pass(door, visitor, now)
    )


def _is_known(visitor: Visitor, arrival: Arrival | None) -> bool:
    """Whether somebody answers for this person: who invited them, or let them in."""
    return visitor.is_invited or visitor.is_manager or (arrival is not None and arrival.admitted_at is not None)


def _prove(
    door: Door, visitor: Visitor, arrival: Arrival | None, now: datetime, *, password: str, network: str
) -> Refusal | None:
    """Of somebody whom nobody knows, the password."""
    if visitor.knows_password or _is_known(visitor, arrival):
        return None
    return check_password(door.conference, password, network=network, now=now)


def _crowd(door: Door, visitor: Visitor, arrival: Arrival | None, now: datetime, *, network: str) -> Refusal | None:
    """Not too many at once of those whom nobody knows."""
    if arrival or _is_known(visitor, arrival):
        return None
    key, limit = f"{network} {door.room_name}", ARRIVALS_OF_NETWORK
    allowed = Attempt.objects.allow("arrival", key, limit=limit, window=ARRIVALS_WINDOW, now=now)
    return None if allowed else Refusal.TOO_MANY_TRIES


def _wait(door: Door, visitor: Visitor, now: datetime, *, without_password: bool) -> Refusal | None:
    """Knock where there is a waiting room."""
    if visitor.moderates or not door.conference.waiting_room:
        return None
    arrival = door.arrivals.knock(door.place, visitor, now, without_password=without_password)
    return None if arrival.may_come else Refusal.WAITING_ROOM


def _pass(door: Door, visitor: Visitor, now: datetime) -> Entrance | Refusal:
    """Make the room ready, write down who comes, and say where the room is."""
    conference, room = door.conference, room_called(door.conference.room_backend)
    wishes = arrangement(conference, opens_at=door.opens_at or now, closes_at=door.closes_at or now + JOIN_ENDS_AFTER)
    try:
        sitting = room.open(door.room_name, wishes)
    except RoomDown:
        return Refusal.UNREACHABLE
    limit = None if visitor.moderates else conference.participants_limit
    arrival = door.arrivals.come_in(door.place, visitor, now, limit=limit)
    if arrival is None:
        return Refusal.FULL
    if visitor.is_manager:
        door.organizer_came(now)
    # Others inside may see what tells people apart there, so it is not their key here.
    person = Participant(visitor.name, visitor.role, key=f"{arrival.pk}")
    return Entrance(room.join_url(door.room_name, person, wishes, now, sitting))


# PASSWORDS


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
