"""A month and its days as the grid shows them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self

from conferences import times

# Beyond these there is nothing to see, and instants of some zones leave the calendar.
FIRST_YEAR, LAST_YEAR = 1970, 9000


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def of(cls, day: date) -> Self:
        """The month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """ "2026-12"; None for what is no month, or none of a year that is shown."""
        day = parse_day(f"{text}-01")
        return cls.of(day) if day else None

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def before(self) -> Self | None:
        """The month before, where there is one to be shown."""
        return self._next_to(self.first - timedelta(days=1))

    @property
    def after(self) -> Self | None:
        """The month after, where there is one to be shown."""
        return self._next_to(self.first + timedelta(days=31))

    def _next_to(self, day: date) -> Self | None:
        return type(self).of(day) if FIRST_YEAR <= day.year <= LAST_YEAR else None

    @property
    def dates(self) -> list[date]:
        """All its days."""
        days = (self.first + timedelta(days=n) for n in range(31))
        return [day for day in days if day.month == self.number]

    @property
    def lead(self) -> range:
        """Those days of the first week, which begins on Monday, that are in the month before."""
        return range(self.first.weekday())

    @property
    def tail(self) -> range:
        """Those days of the last week that are in the month after."""
        return range(6 - self.dates[-1].weekday())

    @property
    def week(self) -> list[date]:
        """A Monday and the six days after it, for the names."""
        return [date(1970, 1, 5) + timedelta(days=n) for n in range(7)]

    def starts(self, zone: str) -> list[datetime]:
        """The first instants of its days in `zone`, and of the day after it."""
        return [start_of(day, zone) for day in [*self.dates, self.dates[-1] + timedelta(days=1)]]


def start_of(day: date, zone: str) -> datetime:
    """The first instant of a day in `zone`, also where clocks skip midnight or the whole day."""
    return times.instant_by_rule(datetime.combine(day, time()), zone)


def parse_day(text: str) -> date | None:
    """ "2026-12-14"; None for what is no day, or none of a year that is shown."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
