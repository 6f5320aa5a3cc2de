"""What a clock change does to single dates of a series, in words. Pure.

The one rule (RFC 5545 section 3.3.5): a time that a clock change skips is read with the offset before it, so 02:30 of
a night in which 02:00 becomes 03:00 is 03:30; of a time that comes twice the first is taken.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conferences import times

SHOWN = 5


def clock_notes(days: Iterable[date], start: time, zone: str) -> list[str]:
    """A sentence for each way in which clock changes in `zone` touch a start at `start` on some of `days`."""
    skipped: dict[time, list[date]] = defaultdict(list)
    doubled: list[date] = []
    for day in days:
        wall = datetime.combine(day, start)
        if shown := times.skipped(wall, zone):
            skipped[shown.time()].append(day)
        elif times.happens_twice(wall, zone):
            doubled.append(day)
    notes = [_skipped(start, later, zone, found) for later, found in skipped.items()]
    return [*notes, _doubled(start, zone, doubled)] if doubled else notes


def _skipped(start: time, later: time, zone: str, days: list[date]) -> str:
    words = _("%(time)s does not exist in %(city)s on %(days)s. The conference starts at %(later)s then.")
    said = {"time": f"{start:%H:%M}", "later": f"{later:%H:%M}", "city": times.city(zone), "days": _listed(days)}
    return words % said


def _doubled(start: time, zone: str, days: list[date]) -> str:
    words = _("%(time)s happens twice in %(city)s on %(days)s. We take the first.")
    return words % {"time": f"{start:%H:%M}", "city": times.city(zone), "days": _listed(days)}


def _listed(days: list[date]) -> str:
    """The days, written out as far as anybody wants to read them."""
    written = ", ".join(date_format(day, _("j F Y")) for day in days[:SHOWN])
    more = len(days) - SHOWN
    if more <= 0:
        return written
    return ngettext("%(days)s and %(count)d more day", "%(days)s and %(count)d more days", more) % {
        "days": written, "count": more,
    }  # fmt: skip
