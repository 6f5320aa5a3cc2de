"""Time zones as other calendars name and describe them. Pure.

Their rules are never expanded: a rule of a few letters can keep a computer busy for ever. What is read is what Outlook
itself can write, one STANDARD and at most one DAYLIGHT with a yearly rule; anything else is a zone that is not known.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from conferences import times
from invitations.vtimezones import EmbeddedZone, YearlyChange

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?")
_NTH = re.compile(r"(-1|\+?[1-4])(MO|TU|WE|TH|FR|SA|SU)")

type Moment = datetime | date


def moment(text: str, tzid: str, zones: dict[str, EmbeddedZone]) -> Moment:
    """A DATE or DATE-TIME (RFC 5545 sections 3.3.4 and 3.3.5): aware if its zone is known, else naive; or a date.

    `zones` are those that came along. Raises ValueError.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no date and no time")
    day, clock, is_utc = found.groups()
    if not clock:
        return datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day
    wall = datetime.strptime(day + clock, "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone follows
    return wall.replace(tzinfo=UTC) if is_utc else _at(wall, tzid, zones)


def _at(wall: datetime, tzid: str, zones: dict[str, EmbeddedZone]) -> datetime:
    """`wall` as an instant, the first one of two; as it is where the zone is not known or skips it."""
    name = zone_name(tzid)
    if name:
        return times.instant_by_rule(wall, name)
    embedded = zones.get(tzid)
    return min(embedded.instants(wall), default=wall) if embedded else wall


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_name(tzid: str) -> str:
    """The IANA name behind a TZID: itself, a Windows name, or the end of a vendor's path; "" if there is none."""
    name = tzid.strip('/" ')
    name = WINDOWS_TO_OLSON.get(name, name)
    parts = name.split("/")[-5:]
    return next((tail for n in range(len(parts)) if (tail := "/".join(parts[n:])) in _known()), "")


def embedded(tzid: str, observances: Sequence[dict[str, str]]) -> EmbeddedZone | None:
    """A zone by its own description, the properties of each STANDARD and DAYLIGHT by their names.

    None for a shape that Outlook could not have written.
    """
    try:
        if len(observances) == 1:
            return EmbeddedZone(tzid, (), _offset(observances[0]["TZOFFSETTO"]), b"")
        changes = tuple(map(_change, observances))
    except (KeyError, ValueError):
        return None
    is_pair = len(changes) == 2 and {change.before for change in changes} == {change.after for change in changes}
    return EmbeddedZone(tzid, changes, timedelta(), b"") if is_pair else None


def _change(said: dict[str, str]) -> YearlyChange:
    """Raises KeyError or ValueError for all but one nth weekday of one month."""
    rule = dict(_pairs(said["RRULE"].upper().split(";")))
    nth = _NTH.fullmatch(rule["BYDAY"])
    if rule["FREQ"] != "YEARLY" or rule.get("INTERVAL", "1") != "1" or not nth or "BYMONTHDAY" in rule:
        raise ValueError("no yearly rule")
    return YearlyChange(
        month=_month(rule["BYMONTH"]),
        nth=int(nth[1]),
        weekday=_WEEKDAYS.index(nth[2]),
        at=_clock(said["DTSTART"]),
        before=_offset(said["TZOFFSETFROM"]),
        after=_offset(said["TZOFFSETTO"]),
    )


def _pairs(parts: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, is_pair, value in (part.partition("=") for part in parts) if is_pair)


def _month(text: str) -> int:
    if not 1 <= int(text) <= 12:
        raise ValueError("no month")
    return int(text)


def _clock(text: str) -> time:
    return datetime.strptime(text.strip()[-6:], "%H%M%S").time()  # noqa: DTZ007 - a clock


def _offset(text: str) -> timedelta:
    found = _OFFSET.fullmatch(text.strip())
    if not found or int(found[2]) > 23:
        raise ValueError("no offset")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return ahead if found[1] == "+" else -ahead
