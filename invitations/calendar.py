"""A conference as a calendar object (RFC 5545): the file to download, and the pieces that letters are built from.

Pure. Every line is written by the icalendar library from a typed value. Only VTIMEZONE is our own work: what the
library would write is read an hour wrong by several calendars, and Outlook reads nothing but the shape made here.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import icalendar

from cabinet.text import clean_text, one_line
from conferences import times
from conferences.times import ClockChange

_END = b"END:VCALENDAR\r\n"
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_EPOCH_YEAR = 1970  # where every rule begins, as calendars expect
_YEARS_AHEAD = 5  # a rule must hold on beyond the event: calendars apply it to other years too


@dataclass(frozen=True, slots=True)
class Event:
    """What a calendar entry says. `start` is naive wall clock in `zone`; `stamp`, `created`, `changed` are aware.

    `description` should hold `link` on a line of its own (it is put first if not). `prodid` reads
    "-//Owner//Product 1.0//EN". Without `alarm_minutes` the entry reminds nobody.
    """

    uid: str
    sequence: int
    stamp: datetime
    created: datetime
    changed: datetime
    start: datetime
    zone: str
    duration: timedelta
    summary: str
    description: str
    link: str
    prodid: str
    alarm_minutes: int | None = 15
    link_label: str = "Join"


def download(event: Event) -> bytes:
    """The file with which a person makes an appointment of their own and invites people from their own calendar.

    No METHOD, ORGANIZER or ATTENDEE: with them the entry would be somebody else's meeting. The caller gives another
    UID than the mailed one, or the two would collide in the organizer's calendar.
    """
    vevent, vtimezone_text = entry(event)
    return serialize(opening(event.prodid), vtimezone_text, add_details(vevent, event))


@lru_cache(maxsize=16)
def opening(prodid: str, method: str = "") -> bytes:
    """A VCALENDAR up to where its first component begins."""
    frame = icalendar.Calendar()
    frame.add("version", "2.0")
    frame.add("prodid", prodid)
    if method:
        frame.add("method", method)
    text: bytes = frame.to_ical()
    return text.removesuffix(_END)


def serialize(head: bytes, vtimezone_text: bytes, vevent: icalendar.Event) -> bytes:
    """One VCALENDAR, all its properties before its components (some readers miss a late METHOD), in our order."""
    return b"".join([head, vtimezone_text, vevent.to_ical(sorted=False), _END])


def entry(event: Event) -> tuple[icalendar.Event, bytes]:
    """A VEVENT with what every object about the event repeats, identity, time and title, and its VTIMEZONE.

    Times are written in UTC, and VTIMEZONE is empty, where a zone's rules have no shape that all calendars read,
    and where start or end is an hour that the clock shows twice.
    """
    start = times.instant(event.start, event.zone)
    end = start + event.duration
    vtimezone_text = None if _is_ambiguous(start, end, event.zone) else vtimezone(event.zone, start, end)
    written_in = ZoneInfo(event.zone) if vtimezone_text else UTC
    vevent = icalendar.Event()
    vevent.add("uid", event.uid)
    vevent.add("dtstamp", _utc(event.stamp))
    vevent.add("dtstart", start.astimezone(written_in))
    vevent.add("dtend", end.astimezone(written_in))
    vevent.sequence = event.sequence
    vevent.add("summary", one_line(event.summary) or "…")
    return vevent, vtimezone_text or b""


def add_details(vevent: icalendar.Event, event: Event) -> icalendar.Event:
    """Add the ways in, the text and the alarm: everything that a cancellation leaves out."""
    vevent.add("created", _utc(event.created))
    vevent.add("last-modified", _utc(event.changed))
    vevent.add("location", event.link)
    vevent.add("url", event.link)
    # A list of features would be written as one unknown word (RFC 7986 section 5.11).
    feature = {"VALUE": "URI", "FEATURE": "VIDEO", "LABEL": parameter(event.link_label)}
    vevent.add("conference", event.link, parameters=feature)
    vevent.add("description", _description(event))
    if event.alarm_minutes is not None:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", vevent["summary"])
        alarm.add("trigger", -timedelta(minutes=event.alarm_minutes))
        vevent.add_component(alarm)
    return vevent


def parameter(text: str) -> str:
    """`text` on one line without what readers misread in a parameter: older Outlooks show a double quote as ^'
    (RFC 6868), others take a backslash for an escape.
    """
    return one_line(text).replace('"', "”").replace("\\", "/")


def _description(event: Event) -> str:
    text = clean_text(event.description)
    return text if event.link in text.split("\n") else f"{event.link}\n\n{text}".rstrip()


def _is_ambiguous(start: datetime, end: datetime, zone: str) -> bool:
    """Whether the clock in `zone` shows either hour twice: readers differ on which one a local time would mean."""
    walls = (at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in (start, end))
    return any(times.happens_twice(wall, zone) for wall in walls)


def _utc(at: datetime) -> datetime:
    """`at` in UTC. A naive time would be stamped with a Z that it has not earned: ValueError."""
    if at.tzinfo is None:
        raise ValueError(f"{at} is not an instant")
    return at.astimezone(UTC)


# TIME ZONES


@dataclass(frozen=True, slots=True)
class _YearlyChange:
    """A clock change on the `nth` (1 to 4, or -1: last) `weekday` (Monday is 0) of a month, at wall clock `at`.

    `at` is read off the clock that is about to change, as RFC 5545 section 3.6.5 wants it.
    """

    month: int
    nth: int
    weekday: int
    at: time
    before: timedelta
    after: timedelta

    def wall(self, year: int) -> datetime:
        """When it happens in `year` by the clock that is about to change, naive."""
        first_weekday, length = monthrange(year, self.month)
        first = 1 + (self.weekday - first_weekday) % 7
        weeks = (length - first) // 7 if self.nth == -1 else self.nth - 1
        return datetime.combine(date(year, self.month, first + 7 * weeks), self.at)

    def in_year(self, year: int) -> ClockChange:
        """The change of `year` as an instant."""
        return ClockChange((self.wall(year) - self.before).replace(tzinfo=UTC), self.before, self.after)


def vtimezone(zone: str, first: datetime, last: datetime) -> bytes | None:
    """The VTIMEZONE text that gives the right instants of `zone` from `first` to `last` (aware) and five years on.

    One STANDARD and at most one DAYLIGHT, each with a yearly rule: the only shape that Outlook reads
    (MS-STANOICAL 2.2.47). None for UTC, and for zones whose changes follow no such rule: write those times in UTC.
    """
    return None if zone == "UTC" else _vtimezone(zone, first.astimezone(UTC).year, last.astimezone(UTC).year)


@lru_cache(maxsize=1024)  # new zone rules come with a new lock file, and so with a new process
def _vtimezone(zone: str, first_year: int, last_year: int) -> bytes | None:
    changes = _yearly_changes(zone, range(first_year, last_year + _YEARS_AHEAD + 1))
    if changes is None:
        return None
    component = icalendar.Timezone()
    component.add("tzid", zone)
    if not changes:
        component.add_component(_steady_observance(datetime(first_year, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))))
    # STANDARD is the smaller offset, in Dublin too, where the law names them the other way round.
    kinds = (icalendar.TimezoneStandard, icalendar.TimezoneDaylight)
    for kind, change in zip(kinds, sorted(changes, key=lambda change: change.after), strict=False):
        name = change.in_year(first_year).at.astimezone(ZoneInfo(zone)).tzname()
        component.add_component(_observance(kind(), change, name))
    text: bytes = component.to_ical()
    return text


def _yearly_changes(zone: str, years: range) -> list[_YearlyChange] | None:
    """The two changes that happen in all of `years`, none if clocks stay as they are; None if it is not so simple."""
    by_year = [times.clock_changes(zone, year) for year in years]
    if {len(changes) for changes in by_year} not in ({0}, {2}):
        return None
    found = [_yearly_change(changes, years) for changes in zip(*by_year, strict=True)]
    return [change for change in found if change] if all(found) else None


def _yearly_change(changes: Sequence[ClockChange], years: range) -> _YearlyChange | None:
    """The rule of one change a year, if it is the same nth weekday in all of `years`."""
    model = changes[0]
    wall = model.at.replace(tzinfo=None) + model.before
    for nth in (-1, min((wall.day + 6) // 7, 4)):
        rule = _YearlyChange(wall.month, nth, wall.weekday(), wall.time(), model.before, model.after)
        if all(rule.in_year(year) == change for year, change in zip(years, changes, strict=True)):
            return rule
    return None


def _observance(part: icalendar.Component, change: _YearlyChange, name: str | None) -> icalendar.Component:
    part.add("dtstart", change.wall(_EPOCH_YEAR))
    part.add("rrule", {"freq": "yearly", "bymonth": change.month, "byday": f"{change.nth}{_WEEKDAYS[change.weekday]}"})
    part.add("tzoffsetfrom", change.before)
    part.add("tzoffsetto", change.after)
    part.add("tzname", name)
    return part


def _steady_observance(local: datetime) -> icalendar.Component:
    part = icalendar.TimezoneStandard()
    part.add("dtstart", datetime(_EPOCH_YEAR, 1, 1))  # noqa: DTZ001 - local by definition
    part.add("tzoffsetfrom", local.utcoffset())
    part.add("tzoffsetto", local.utcoffset())
    part.add("tzname", local.tzname())
    return part
