"""Occurrences of what somebody manages, in order of time: a page of them costs the same however many there are.

Nothing is counted and nothing is skipped: a page begins where another one ended, and each share (deputies.py) is
walked along its own index before the shares are put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from conferences.deputies import Shares
from conferences.occurrences import Occurrence, OccurrenceQuerySet

PAGE_SIZE = 20
# A day in the grid of a month names so many, and counts the others as far as this.
NAMED, COUNTED = 3, 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

type Narrow = Callable[[OccurrenceQuerySet], OccurrenceQuerySet]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of time a page begins or ends: at an occurrence, which may be gone by now."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.pk}"

    @classmethod
    def of(cls, row: Occurrence) -> Self:
        """The place of an occurrence."""
        return cls(row.starts_at, row.pk)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` wrote; None for anything else."""
        found = re.fullmatch(r"(-?[0-9]{1,16})-([0-9]{1,18})", text, re.ASCII)
        return cls(_EPOCH + int(found[1]) * _MICROSECOND, int(found[2])) if found else None

    def beyond(self, *, falling: bool) -> models.Q:
        """Later than here, or earlier where the order is `falling`."""
        toward = "lt" if falling else "gt"
        same = models.Q(starts_at=self.at, **{f"pk__{toward}": self.pk})
        # The first condition says nothing new; it is the one that an index can begin at.
        return models.Q(**{f"starts_at__{toward}e": self.at}) & (models.Q(**{f"starts_at__{toward}": self.at}) | same)


@dataclass(frozen=True, slots=True)
class Page:
    """Some occurrences in order, and the places from which the pages before and after them are found."""

    rows: list[Occurrence]
    before: Place | None
    after: Place | None


@dataclass(frozen=True, slots=True)
class Line:
    """The order of one list: those of `shares` that `narrow` leaves, soonest first, or latest first where `falling`."""

    shares: Shares
    narrow: Narrow
    falling: bool = False

    def page(self, *, after: Place | None = None, before: Place | None = None, size: int = PAGE_SIZE) -> Page:
        """The first page, the one after a place, or the one that ends before a place."""
        if before:
            found = self._walk(before, size + 1, falling=not self.falling)
            rows = found[:size][::-1]
            return Page(rows, Place.of(rows[0]) if len(found) > size else None, Place.of(rows[-1]) if rows else None)
        found = self._walk(after, size + 1, falling=self.falling)
        rows = found[:size]
        more = Place.of(rows[-1]) if len(found) > size else None
        return Page(rows, Place.of(rows[0]) if after and rows else None, more)

    def _walk(self, start: Place | None, size: int, *, falling: bool) -> list[Occurrence]:
        """The next `size` of all shares, by one query."""
        order = ("-starts_at", "-pk") if falling else ("starts_at", "pk")
        beyond = start.beyond(falling=falling) if start else models.Q()
        nearest = [
            self.narrow(Occurrence.objects.filter(share)).filter(beyond).order_by(*order).values("pk")[:size]
            for share in self.shares.conditions("conference")
        ]
        rows = Occurrence.objects.filter(pk__in=_together(nearest)).select_related("conference__organizer")
        return list(rows.order_by(*order)[:size])


def _together(parts: list[Any]) -> Any:
    """The pks of all parts. SQLite takes no LIMIT within a union, but one within a part's own condition."""
    if len(parts) == 1:
        return parts[0]
    first, *others = (Occurrence.objects.filter(pk__in=part).order_by().values("pk") for part in parts)
    return first.union(*others, all=True)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the grid: the first few of its occurrences, and how many more there are, at least."""

    date: date
    rows: list[Occurrence]
    more: int
    all_counted: bool


class _Numbers(models.Subquery):
    """The column `number` of a subquery as one text, with commas between, in the order of the subquery."""

    template = "(SELECT string_agg(number::text, ',') FROM (%(subquery)s) AS numbers)"
    output_field = models.TextField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> tuple[str, Any]:
        """The same in the words of SQLite."""
        template = "(SELECT group_concat(number) FROM (%(subquery)s) AS numbers)"
        return self.as_sql(compiler, connection, template=template, **more)


def days(shares: Shares, dates: list[date], starts: list[datetime]) -> list[Day]:
    """What begins on each of `dates`; `starts` are their first instants and the first one after them. Three queries."""
    numbers = _numbers_by_day(shares, starts)
    named = [number for of_day in numbers for number in of_day[:NAMED]]
    # Conferences by a query of their own: PostgreSQL would rather read them all than join so many.
    rows = Occurrence.objects.prefetch_related("conference").in_bulk(named)
    return [
        Day(
            day,
            [rows[number] for number in of_day[:NAMED] if number in rows],
            max(len(of_day[:COUNTED]) - NAMED, 0),
            len(of_day) <= COUNTED,
        )
        for day, of_day in zip(dates, numbers, strict=True)
    ]


def _numbers_by_day(shares: Shares, starts: list[datetime]) -> list[list[int]]:
    """The pks of what begins between each two of `starts`, in order, of at most COUNTED and one."""
    of_days = {f"day{n}": _Numbers(_within(shares, *two)) for n, two in enumerate(pairwise(starts))}
    row = get_user_model().objects.filter(pk=shares.organizers[0]).annotate(**of_days).values_list(*of_days).get()
    return [[int(number) for number in text.split(",")] if text else [] for text in row]


def _within(shares: Shares, start: datetime, end: datetime) -> Any:
    """What begins from `start` until before `end`: few enough to be sorted, whosever it is."""
    rows = Occurrence.objects.filter(shares.condition("conference"), starts_at__gte=start, starts_at__lt=end)
    return rows.order_by("starts_at", "pk").values(number=models.F("pk"))[: COUNTED + 1]


def going_on(now: datetime) -> Narrow:
    """Those that have begun and are not over."""
    return lambda rows: rows.coming(now).filter(starts_at__lte=now)


def on_day(start: datetime, end: datetime) -> Narrow:
    """Those that begin from `start` until before `end`."""
    return lambda rows: rows.filter(starts_at__gte=start, starts_at__lt=end)
