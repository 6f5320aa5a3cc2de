"""What an edit or a cancellation is about: one date of a series, this one and the following, or all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils.functional import cached_property

from conferences import series
from conferences.dates import dated
from conferences.models import Conference, Occurrence

if TYPE_CHECKING:
    from collections.abc import Mapping


class Scope(StrEnum):
    """How much of a series."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class NoSuchDate(Http404):
    """The series has no such date, or none any more."""


@dataclass
class Aim:
    """The whole of a conference, or its dates from `occurrence` on as far as `scope` says; None: not chosen yet."""

    conference: Conference
    occurrence: Occurrence | None
    scope: Scope | None
    now: datetime

    @cached_property
    def offers(self) -> list[Scope]:
        """What may be chosen: what has begun is not split, and what is over is not touched."""
        row = self.occurrence
        if row is None:
            return [Scope.ALL]
        one = [] if row.is_off or row.is_over(self.now) else [Scope.THIS]
        rest = [] if row.has_begun(self.now) or series.is_first(row) else [Scope.FOLLOWING]
        return [*one, *rest, Scope.ALL]

    @property
    def following(self) -> int:
        """How many dates stand from this one on; an endless series has more than are stored."""
        return series.from_on(self.occurrence).filter(cancelled_at=None).count() if self.occurrence else 0

    @property
    def coming(self) -> int:
        """How many dates of the series are to come."""
        return self.conference.occurrences.filter(cancelled_at=None).coming(self.now).count()

    @property
    def is_endless(self) -> bool:
        """Whether such numbers say nothing."""
        rule = self.conference.recurrence
        return rule is not None and rule.is_endless


def aimed(conference: Conference, asked: Mapping[str, str], now: datetime) -> Aim:
    """What `?date=` and `?scope=` mean: without a date the next one; what makes no sense is to be chosen again.

    Raises NoSuchDate for a date that is none of the series.
    """
    if not conference.rule:
        return Aim(conference, None, Scope.ALL, now)
    row = dated(conference, asked["date"]) if "date" in asked else _next(conference, now)
    if row is None and "date" in asked:
        raise NoSuchDate
    scope = Scope(asked["scope"]) if asked.get("scope") in {*Scope} else None
    if scope == Scope.FOLLOWING and row and series.is_first(row):
        scope = Scope.ALL
    aim = Aim(conference, row, scope, now)
    if scope not in aim.offers:
        aim.scope = Scope.ALL if aim.offers == [Scope.ALL] else None
    return aim


def _next(conference: Conference, now: datetime) -> Occurrence | None:
    """The date that is meant where none is named: the next one that stands."""
    row = conference.occurrences.filter(cancelled_at=None).coming(now).first()
    if row:
        row.conference = conference
    return row
