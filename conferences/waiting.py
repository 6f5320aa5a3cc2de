"""The waiting room as whoever manages the conference sees it: who waits, and what they decide about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import cached_property

from conferences.arrivals import Arrival, ArrivalQuerySet
from conferences.join import Door, door
from conferences.models import Conference

# More people than anybody decides about one by one; “Let all in” is for all of them.
SHOWN = 100
VERBS = {"admit": ArrivalQuerySet.admit, "refuse": ArrivalQuerySet.refuse, "readmit": ArrivalQuerySet.readmit}


@dataclass(frozen=True)
class Waiter:
    """One person in the waiting room."""

    arrival: Arrival
    is_away: bool


class WaitingRoom:
    """The waiting room at the door that the links of a conference lead to now."""

    def __init__(self, conference: Conference, now: datetime) -> None:
        self.conference = conference
        self.now = now

    @cached_property
    def door(self) -> Door:
        """The door behind it."""
        return door(self.conference, self.now)

    @property
    def is_there(self) -> bool:
        """Whether there is one, from an hour before the room opens, when people begin to look for it, until the end."""
        if not self.conference.waiting_room or self.door.is_off:
            return False
        begins, ends = self.door.opens_to_organizer, self.door.closes_at
        return (begins is None or self.now >= begins) and (ends is None or self.now < ends)

    @cached_property
    def people(self) -> list[Waiter]:
        """Who waits, longest first."""
        return [Waiter(one, one.is_away(self.now)) for one in self.door.arrivals.waiting()[:SHOWN]]

    @cached_property
    def count(self) -> int:
        """How many they are."""
        return len(self.people) if len(self.people) < SHOWN else self.door.arrivals.waiting().count()

    @property
    def others(self) -> int:
        """How many wait who are not shown."""
        return self.count - len(self.people)

    @property
    def may_let_all_in(self) -> bool:
        """Whether there are several who need not be looked at one by one."""
        return sum(not one.arrival.without_password for one in self.people) > 1

    @property
    def has_strangers(self) -> bool:
        """Whether some of those shown came without the password."""
        return any(one.arrival.without_password for one in self.people)

    @cached_property
    def turned_away(self) -> list[Arrival]:
        """Who was turned away, the last one first: a decision that can be taken back."""
        return list(self.door.arrivals.turned_away()[:SHOWN])

    def decide(self, said: Mapping[str, str]) -> None:
        """Do what one button says: its name is the verb, its value the arrival's number, or "all" who wait.

        Whoever came without the password is no part of "all": somebody has to look at each of them.
        """
        for name, verb in VERBS.items():
            which = said.get(name, "")
            if which == "all" and name == "admit":
                verb(self.door.arrivals.filter(without_password=False), self.now)
            elif which.isascii() and which.isdigit():
                verb(self.door.arrivals.filter(pk=int(which)), self.now)
