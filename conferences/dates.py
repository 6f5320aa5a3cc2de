"""The dates of a series as its page lists them: what is to come, and, folded away, what has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conferences import times
from conferences.models import Conference, Occurrence
from conferences.month import parse_day
from conferences.occurrences import OccurrenceQuerySet

# So many are listed before anybody asks for more.
SHOWN = 8


def dated(conference: Conference, text: str) -> Occurrence | None:
    """The occurrence that `?date=` names by the day on which the rule has it; None for all else that people type."""
    day = parse_day(text)
    row = conference.occurrences.filter(original_date=day).first() if day else None
    if row:
        row.conference = conference
    return row


@dataclass(frozen=True)
class Line:
    """One date, and what there is to say about it."""

    occurrence: Occurrence
    is_marked: bool
    is_over: bool

    @property
    def was(self) -> datetime | None:
        """When the rule has it, if it was moved to another time."""
        row = self.occurrence
        at = times.instant_by_rule(row.original_start, row.conference.time_zone)
        return at if row.moved and at != row.starts_at else None

    @property
    def note(self) -> str:
        """What a clock change does to it."""
        wall, zone = self.occurrence.wall_start, self.occurrence.conference.time_zone
        said = {"time": date_format(wall, _("H:i")), "city": times.city(zone)}
        if shown := times.skipped(wall, zone):
            said["later"] = date_format(shown, _("H:i"))
            return _("%(time)s does not exist in %(city)s that night. It starts at %(later)s.") % said
        if times.happens_twice(wall, zone):
            return _("%(time)s happens twice in %(city)s that night. It starts at the first.") % said
        return ""


class Dates:
    """The list of one conference at the moment `now`, with one date marked if the reader came for that."""

    def __init__(self, conference: Conference, now: datetime, *, marked: Occurrence | None, show_all: bool) -> None:
        self.conference, self.now, self.marked, self.show_all = conference, now, marked, show_all

    @cached_property
    def upcoming(self) -> list[Line]:
        """Soonest first."""
        return self._lines(self.conference.occurrences.coming(self.now))

    @cached_property
    def past(self) -> list[Line]:
        """Newest first."""
        return self._lines(self.conference.occurrences.past(self.now))

    @cached_property
    def more(self) -> int:
        """How many there are that are not listed."""
        return self.conference.occurrences.count() - len(self.upcoming) - len(self.past)

    @property
    def opens_past(self) -> bool:
        """Whether the marked one is among those folded away."""
        return self.marked is not None and self.marked.is_over(self.now)

    def _lines(self, rows: OccurrenceQuerySet) -> list[Line]:
        """The first few; all where somebody wants all, or one further down."""
        wants_all = self.show_all or (self.marked and self.marked in rows and self.marked not in rows[:SHOWN])
        return [self._line(row) for row in (rows if wants_all else rows[:SHOWN])]

    def _line(self, row: Occurrence) -> Line:
        row.conference = self.conference
        return Line(row, is_marked=row == self.marked, is_over=row.is_over(self.now))
