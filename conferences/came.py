"""Who came: by occurrence, for the page of a conference and as a file for spreadsheets."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from conferences.arrivals import Arrival, ArrivalQuerySet
from conferences.dates import dated
from conferences.models import Conference, Occurrence

SHOWN = 100
DATES_SHOWN = 12


class Came:
    """Those who came to one date of a conference: the chosen one, else the last to which anybody came."""

    def __init__(self, conference: Conference, chosen: str = "") -> None:
        self.conference = conference
        self.chosen = chosen

    @cached_property
    def dates(self) -> list[Occurrence]:
        """The last dates of a series to which anybody came, newest first."""
        rows = self.conference.occurrences.filter(arrivals__entered_at__isnull=False).distinct()
        return list(rows.order_by("-starts_at")[:DATES_SHOWN])

    @cached_property
    def occurrence(self) -> Occurrence | None:
        """Which date this is about; None where there is just one, or none."""
        if not self.conference.rule:
            return None
        if self.chosen:
            return dated(self.conference, self.chosen)
        return self.dates[0] if self.dates else None

    @property
    def _rows(self) -> ArrivalQuerySet:
        rows = self.conference.arrivals.inside()
        return rows.filter(occurrence=self.occurrence) if self.conference.rule else rows

    @cached_property
    def people(self) -> list[Arrival]:
        """The first of them."""
        return list(self._rows[:SHOWN])

    @cached_property
    def count(self) -> int:
        """How many came."""
        return len(self.people) if len(self.people) < SHOWN else self._rows.count()


def table(conference: Conference, chosen: str) -> Iterator[list[str]]:
    """Rows for a spreadsheet: one for each who came to the chosen date, or to any. Times are on the conference's clock.

    Raises Occurrence.DoesNotExist for a date that the conference does not have.
    """
    rows = conference.arrivals.inside().select_related("occurrence")
    if chosen:
        occurrence = dated(conference, chosen)
        if occurrence is None:
            raise Occurrence.DoesNotExist
        rows = rows.filter(occurrence=occurrence)
    zone = ZoneInfo(conference.time_zone)
    yield [_("Conference"), _("Date"), _("Name"), _("Role"), _("First came in"), _("Time zone")]
    for one in rows.order_by("occurrence__starts_at", "entered_at", "pk"):
        start = _clock(one.occurrence.starts_at, zone) if one.occurrence else ""
        came = _clock(one.entered_at, zone)
        yield [conference.topic, start, one.name, str(one.get_role_display()), came, conference.time_zone]


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    """2026-12-03 14:00, which every spreadsheet takes for a time."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""
