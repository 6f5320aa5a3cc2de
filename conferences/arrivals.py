"""Who stood at the door of an occurrence: who waits, who was let in or turned away, who came through."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Protocol, Self

from django.db import models, transaction

from cabinet.text import LineField
from conferences.choices import Role

# The page of somebody who waits tells of itself every 20 seconds; one that has been silent for longer was closed.
AWAY_AFTER = timedelta(minutes=2)


class Person(Protocol):
    """Of whoever stands at a door, what is written down: see join.Visitor."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> Role: ...


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    """What the door and the organizer's page ask. The verbs are for the arrivals at one door, or some of those.

    Each verb is one conditional UPDATE or works under a lock: of two who press at once one wins, and nobody is both
    let in and turned away.
    """

    def waiting(self) -> Self:
        """In the waiting room, longest first: neither let in nor turned away."""
        return self.filter(admitted_at=None, refused_at=None, entered_at=None).order_by("knocked_at", "pk")

    def turned_away(self) -> Self:
        """Those whom somebody has turned away, the last one first."""
        return self.filter(refused_at__isnull=False).order_by("-refused_at", "pk")

    def inside(self) -> Self:
        """Those who went through our door; whether they left again no door can tell."""
        return self.filter(entered_at__isnull=False).order_by("entered_at", "pk")

    def seats_taken(self) -> int:
        """How many of those inside the participants limit counts: everybody but moderators, who always get in."""
        return self.inside().exclude(role=Role.MODERATOR).count()

    def knock(self, at: models.Model, person: Person, now: datetime, *, without_password: bool = False) -> Arrival:
        """The arrival of `person` at the door of `at`, an occurrence or a permanent conference; knocking twice is once.

        `self` are the arrivals at that door.
        """
        place = {"conference": at} if at._meta.model_name == "conference" else {"occurrence": at}
        place.setdefault("conference", getattr(at, "conference", at))
        known = {"name": person.name, "role": person.role, "without_password": without_password}
        defaults = known | {"knocked_at": now, "seen_at": now}
        arrival, _created = self.get_or_create(defaults, key=person.key, **place)
        return arrival

    def come_in(self, at: models.Model, person: Person, now: datetime, *, limit: int | None) -> Arrival | None:
        """Write down that `person` goes through the door of `at`; None where all of `limit` seats are taken.

        Whoever came before keeps the seat. Counting and taking are under the lock of the row that has the room.
        """
        with transaction.atomic():
            if limit is not None:
                _hold(at)
                is_inside = self.inside().filter(key=person.key).exists()
                if not is_inside and self.seats_taken() >= limit:
                    return None
            arrival = self.knock(at, person, now)
            mine = self.filter(pk=arrival.pk)
            mine.update(name=person.name, role=person.role)
            mine.filter(entered_at=None).update(entered_at=now)
            return arrival

    def admit(self, now: datetime) -> int:
        """Let in those who still wait; how many they were."""
        return self.waiting().update(admitted_at=now)

    def refuse(self, now: datetime) -> int:
        """Turn away those who still wait; how many they were."""
        return self.waiting().update(refused_at=now)

    def readmit(self, now: datetime) -> int:
        """Let in those who were turned away, after all; how many they were."""
        return self.turned_away().update(refused_at=None, admitted_at=now)

    def leave(self) -> None:
        """Forget those who wait, or were let in and did not come; not those turned away, who would just come again."""
        self.filter(refused_at=None, entered_at=None).delete()

    def see(self, now: datetime) -> None:
        """Note that the pages of those who wait are still open."""
        self.waiting().update(seen_at=now)


def _hold(row: models.Model) -> None:
    """Let nobody else hold `row` until the end of the transaction. SQLite has one lock for all, held already."""
    type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)


class Arrival(models.Model):
    """One person at the door of one occurrence; of the conference itself where that is a permanent one."""

    conference = models.ForeignKey("conferences.Conference", models.CASCADE, related_name="arrivals")
    occurrence = models.ForeignKey("conferences.Occurrence", models.CASCADE, null=True, related_name="arrivals")
    key = models.CharField(max_length=64, help_text="Tells one person at this door from another: see join.Visitor.")
    name = LineField(max_length=128)
    role = models.CharField(max_length=16, choices=Role, default=Role.PARTICIPANT)
    without_password = models.BooleanField(default=False, help_text="Knocked when no tries at it were left.")
    knocked_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When their waiting page last asked.")
    admitted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True, help_text="First time through our door.")

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["occurrence", "key"], condition=models.Q(occurrence__isnull=False), name="arrival_once"
            ),
            models.UniqueConstraint(
                fields=["conference", "key"], condition=models.Q(occurrence=None), name="arrival_once_permanent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.conference}"

    @property
    def may_come(self) -> bool:
        """Whether nobody needs to let this person in any more."""
        return self.refused_at is None and (self.admitted_at is not None or self.entered_at is not None)

    def is_away(self, now: datetime) -> bool:
        """Whether the page on which this person waited seems to be closed.

        Without script a page tells nothing of itself (looking at it changes no row), so there nobody is away.
        """
        return self.seen_at > self.knocked_at and now - self.seen_at > AWAY_AFTER
