"""A conference as a calendar object (RFC 5545): the file to download, and the pieces that letters are built from.

Pure. Every line is written by the icalendar library from a typed value. What stands in VTIMEZONE is vtimezones.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import icalendar

from cabinet.text import clean_text, one_line
from conferences import times
from conferences.recurrence import Rule
from invitations import vtimezones
from invitations.vtimezones import EmbeddedZone

_END = b"END:VCALENDAR\r\n"
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Override:
    """One occurrence of a series that is not where the rule has it, which is at `original_start`.

    Both starts are naive wall clock in the zone of the series. `moved_in` is the sequence of the change that moved it:
    an answer to an earlier state is none to this.
    """

    original_start: datetime
    start: datetime
    duration: timedelta
    moved_in: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """What a calendar entry says. `start` is naive wall clock in `zone`; `stamp`, `created`, `changed` are aware.

    `description` should hold `link` on a line of its own (it is put first if not). `prodid` reads
    "-//Owner//Product 1.0//EN". Without `alarm_minutes` the entry reminds nobody.

    With a `rule` it is a series: `start` is then its first occurrence, `exdates` are those that are cancelled (where
    the rule has them), and `known_until` (aware) is the end of the last one that anybody knows of. If it
    `is_brief`, overrides say `brief` instead of `description`.

    With an `original_start` it is one occurrence of a series alone, where the rule has it; `series_start` is then the
    first one of the series.
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
    rule: Rule | None = None
    exdates: tuple[datetime, ...] = ()
    overrides: tuple[Override, ...] = ()
    known_until: datetime | None = None
    brief: str = ""
    is_brief: bool = False
    original_start: datetime | None = None
    series_start: datetime | None = None
    moved_in: int = 0

    @property
    def starts_at(self) -> datetime:
        """The start as an instant in UTC."""
        return times.instant_by_rule(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The end as an instant in UTC: duration is real time, also over a clock change."""
        return self.starts_at + self.duration

    def entries(self) -> Iterator[Event]:
        """What is written as a VEVENT each: the whole, and those occurrences of it that need one of their own."""
        yield self
        yield from (self._alone(override) for override in self.overrides)

    def _alone(self, override: Override) -> Event:
        return replace(
            self, start=override.start, duration=override.duration, moved_in=override.moved_in,
            description=self.brief if self.is_brief else self.description,
            rule=None, exdates=(), overrides=(), original_start=override.original_start, series_start=self.start,
        )  # fmt: skip

    def with_first(self, number: int) -> Event:
        """The series with only so many overrides, and without the other occurrences that have one."""
        left_out = (override.original_start for override in self.overrides[number:])
        exdates = tuple(sorted({*self.exdates, *left_out}))
        return replace(self, overrides=self.overrides[:number], exdates=exdates)


def download(event: Event) -> bytes:
    """The file with which a person makes an appointment of their own and invites people from their own calendar.

    No METHOD, ORGANIZER or ATTENDEE: with them the entry would be somebody else's meeting. The caller gives another
    UID than the mailed one, or the two would collide in the organizer's calendar.
    """
    embedded = embedded_zone(event)
    vevents = (add_details(entry(each, embedded), each) for each in event.entries())
    return serialize(opening(event.prodid), embedded, vevents)


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


def serialize(head: bytes, embedded: EmbeddedZone | None, vevents: Iterable[icalendar.Event]) -> bytes:
    """One VCALENDAR, all its properties before its components (some readers miss a late METHOD), in our order."""
    written = [vevent.to_ical(sorted=False) for vevent in vevents]
    return b"".join([head, embedded.text if embedded else b"", *written, _END])


# IN WHICH ZONE


def embedded_zone(event: Event) -> EmbeddedZone | None:
    """The zone that the object carries; None where its times are written in UTC.

    So are single events in zones whose rules have no shape that all calendars read, and those that start or end in an
    hour that the clock shows twice or skips. A series stays on the clock of its zone, whatever that zone is.
    """
    if event.rule is None and event.original_start is None:
        embedded = vtimezones.exact(event.zone, event.starts_at, event.ends_at)
        return embedded if embedded and is_read_right(event, embedded) else None
    first = times.instant_by_rule(event.series_start or event.start, event.zone)
    # What a series said of a past year does not matter any more: laws change.
    since = max(first, event.stamp.astimezone(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
    return series_zone(event.zone, since, max(event.known_until or event.ends_at, since))


def series_zone(zone: str, since: datetime, until: datetime) -> EmbeddedZone | None:
    """The zone for series that matter from `since` to `until` (aware): exact, or else fitted to the first year."""
    return None if zone == "UTC" else vtimezones.exact(zone, since, until) or vtimezones.fitted(zone, since)


def is_read_right(event: Event, embedded: EmbeddedZone) -> bool:
    """Whether every reader finds the right instants by the wall clock of start and end."""
    end = times.wall_clock(event.ends_at, event.zone)
    return embedded.says(event.start, event.starts_at) and embedded.says(end, event.ends_at)


def needs_override(start: datetime, duration: timedelta, zone: str) -> bool:
    """Whether readers differ on when an occurrence at the wall clock `start` is, so that it must be told by itself.

    That is where clocks change in its course, or show its start or end twice. RFC 5545 section 3.3.5 takes the first
    of a repeated hour and the offset before a gap; ical.js and libical take the second, all of them the offset after
    the gap, and ical.js gives to every occurrence the end that the clock on the wall would show.
    """
    at = times.instant_by_rule(start, zone)
    walls = [(start, at), (start + duration, at + duration)]
    return any(times.happens_twice(wall, zone) or times.wall_clock(then, zone) != wall for wall, then in walls)


# ONE ENTRY


def entry(event: Event, embedded: EmbeddedZone | None) -> icalendar.Event:
    """A VEVENT with what every object about the event repeats: identity, time and title."""
    vevent = icalendar.Event()
    vevent.add("uid", event.uid)
    vevent.add("dtstamp", _utc(event.stamp))
    if event.original_start:
        vevent.add("recurrence-id", _on_the_wall(event.original_start, embedded))
    for name, at in zip(("dtstart", "dtend"), _times(event, embedded), strict=True):
        vevent.add(name, at)
    if event.rule:
        vevent.add("rrule", _rrule(event.rule, event.zone))
    for exdate in event.exdates:
        vevent.add("exdate", _on_the_wall(exdate, embedded))
    vevent.sequence = event.sequence
    vevent.add("summary", one_line(event.summary) or "…")
    return vevent


def _times(event: Event, embedded: EmbeddedZone | None) -> tuple[datetime, datetime]:
    """DTSTART and DTEND as they are written."""
    at, end = event.starts_at, event.ends_at
    if event.rule and embedded:
        return _on_the_wall(event.start, embedded), _end_of_series(event, embedded)
    is_local = embedded is not None and is_read_right(event, embedded)
    written_in = ZoneInfo(event.zone) if is_local else UTC
    return at.astimezone(written_in), end.astimezone(written_in)


def _end_of_series(event: Event, embedded: EmbeddedZone) -> datetime:
    """DTEND of the first occurrence, from which readers take how long all of them are."""
    at, end = event.starts_at, event.ends_at
    if not embedded.says(event.start, at):
        return _on_the_wall(event.start + event.duration, embedded)
    wall = times.wall_clock(end, event.zone)
    return _on_the_wall(wall, embedded) if embedded.says(wall, end) else end


def _on_the_wall(wall: datetime, embedded: EmbeddedZone | None) -> datetime:
    """The naive `wall` in the form of a series: with TZID, or in UTC if that is its zone."""
    return wall.replace(tzinfo=ZoneInfo(embedded.name) if embedded else UTC)


def _rrule(rule: Rule, zone: str) -> icalendar.vRecur:
    """The rule with UNTIL in UTC (RFC 5545 section 3.3.10), at the end of the last day on the clock of `zone`."""
    recur: icalendar.vRecur = icalendar.vRecur.from_ical(str(replace(rule, until=None)))
    if rule.until:
        recur["UNTIL"] = [times.instant_by_rule(datetime.combine(rule.until, _LAST_SECOND), zone)]
    return recur


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


def _utc(at: datetime) -> datetime:
    """`at` in UTC. A naive time would be stamped with a Z that it has not earned: ValueError."""
    if at.tzinfo is None:
        raise ValueError(f"{at} is not an instant")
    return at.astimezone(UTC)
