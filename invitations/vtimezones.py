"""The rules of a time zone as they stand in a calendar object (RFC 5545 section 3.6.5). Pure.

Our own work, because what the icalendar library would write is read an hour wrong by several calendars: Outlook reads
nothing but one STANDARD and at most one DAYLIGHT, each with a yearly rule (MS-STANOICAL 2.2.47). So that is all that a
calendar object can say of a zone, and what it says is not always so: an `EmbeddedZone` knows how it will be read.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import icalendar

from conferences import times
from conferences.times import ClockChange

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_EPOCH_YEAR = 1970  # where every rule begins, as calendars expect
_YEARS_AHEAD = 5  # a rule must hold on beyond the event: calendars apply it to other years too
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class YearlyChange:
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


@dataclass(frozen=True, slots=True)
class EmbeddedZone:
    """What a calendar object says of the zone `name`: either two `changes` a year, or none and one `offset`."""

    name: str
    changes: tuple[YearlyChange, ...]
    offset: timedelta
    text: bytes

    def instants(self, wall: datetime) -> set[datetime]:
        """The instants (UTC) that the naive `wall` may be read as: two in a repeated hour, none in a skipped one."""
        offsets = {change.after for change in self.changes} or {self.offset}
        found = {(wall - offset).replace(tzinfo=UTC): offset for offset in offsets}
        return {at for at, offset in found.items() if self.offset_at(at) == offset}

    def says(self, wall: datetime, at: datetime) -> bool:
        """Whether every reader takes the naive `wall` for the instant `at` and no other."""
        return self.instants(wall) == {at}

    def offset_at(self, at: datetime) -> timedelta:
        """How far its clocks are ahead of UTC at the instant `at`."""
        if not self.changes:
            return self.offset
        return next(change.after for change in _newest_first(self.changes, at.year) if change.at <= at)


@lru_cache(maxsize=1024)
def _newest_first(changes: tuple[YearlyChange, ...], year: int) -> tuple[ClockChange, ...]:
    """All of the year before, of `year` and the one after."""
    found = [change.in_year(each) for each in (year - 1, year, year + 1) for change in changes]
    return tuple(sorted(found, key=lambda change: change.at, reverse=True))


def exact(zone: str, first: datetime, last: datetime) -> EmbeddedZone | None:
    """What gives the right instants of `zone` from `first` to `last` (aware) and five years on.

    None for UTC, and for zones whose changes follow no such rule.
    """
    return None if zone == "UTC" else _exact(zone, first.astimezone(UTC).year, last.astimezone(UTC).year)


@lru_cache(maxsize=1024)  # new zone rules come with a new lock file, and so with a new process
def _exact(zone: str, first_year: int, last_year: int) -> EmbeddedZone | None:
    years = range(first_year, last_year + _YEARS_AHEAD + 1)
    by_year = [times.clock_changes(zone, year) for year in years]
    if {len(changes) for changes in by_year} not in ({0}, {2}):
        return None
    found = [_yearly_change(changes, years) for changes in zip(*by_year, strict=True)]
    rules = [change for change in found if change]
    return _embedded(zone, rules, datetime(first_year, 1, 1, tzinfo=UTC)) if len(rules) == len(found) else None


def _yearly_change(changes: Sequence[ClockChange], years: range) -> YearlyChange | None:
    """The rule of one change a year, if it is the same nth weekday in all of `years`."""
    return next((rule for rule in _rules_of(changes[0]) if _holds(rule, changes, years)), None)


def _rules_of(change: ClockChange) -> Iterable[YearlyChange]:
    """The nth weekdays that the day of a change is: always one counted from the first, perhaps the last as well."""
    wall = change.at.replace(tzinfo=None) + change.before
    for nth in (-1, min((wall.day + 6) // 7, 4)):
        rule = YearlyChange(wall.month, nth, wall.weekday(), wall.time(), change.before, change.after)
        if rule.wall(wall.year) == wall:
            yield rule


def _holds(rule: YearlyChange, changes: Sequence[ClockChange], years: range) -> bool:
    return all(rule.in_year(year) == change for year, change in zip(years, changes, strict=True))


@lru_cache(maxsize=256)
def fitted(zone: str, since: datetime) -> EmbeddedZone:
    """What comes nearest to the rules of `zone` (not UTC) in the year after the aware `since`, and then in the next.

    For a series, which must stay on the clock of its zone, where no rule is `exact`.
    """
    stretches = [(since, since + _YEAR), (since + _YEAR, since + 2 * _YEAR)]
    return min(
        _candidates(zone, since),
        key=lambda embedded: tuple(sum(times_off(embedded, *stretch), timedelta()) for stretch in stretches),
    )


def times_off(embedded: EmbeddedZone, first: datetime, last: datetime) -> Iterable[timedelta]:
    """For how long, from `first` to `last`, it shows another clock than the zone, stretch by stretch."""
    years = range(first.year, last.year + 1)
    changes = [change.at for year in years for change in times.clock_changes(embedded.name, year)]
    changes += [change.in_year(year).at for year in years for change in embedded.changes]
    stops = [first, *sorted(at for at in changes if first < at < last), last]
    zone = ZoneInfo(embedded.name)
    return (b - a for a, b in pairwise(stops) if embedded.offset_at(a) != a.astimezone(zone).utcoffset())


def _candidates(zone: str, since: datetime) -> list[EmbeddedZone]:
    """Every shape that the changes of that year can give: each with one that takes it back, and none at all."""
    changes = [
        change
        for year in (since.year, since.year + 1)
        for change in times.clock_changes(zone, year)
        if since <= change.at < since + _YEAR
    ]
    # One that nothing takes back: as if the clocks went back a year later, that is now, before the series begins.
    back = [ClockChange(since, change.after, change.before) for change in changes]
    pairs = [
        [one, other]
        for first, second in combinations([*back, *changes], 2)
        if (first.before, first.after) == (second.after, second.before)
        for one in _rules_of(first)
        for other in _rules_of(second)
    ]
    steady = [_embedded(zone, [], at) for at in (since, *(change.at for change in changes))]
    return [*steady, *(_embedded(zone, pair, since) for pair in pairs)]


def _embedded(zone: str, changes: Iterable[YearlyChange], at: datetime) -> EmbeddedZone:
    """The zone with `changes`; without any, with the clock that it has at `at`."""
    # STANDARD is the smaller offset, in Dublin too, where the law names them the other way round.
    rules = tuple(sorted(changes, key=lambda change: change.after))
    local = at.astimezone(ZoneInfo(zone))
    return EmbeddedZone(zone, rules, local.utcoffset() or timedelta(), _vtimezone(zone, rules, local))


def _vtimezone(zone: str, changes: Sequence[YearlyChange], local: datetime) -> bytes:
    component = icalendar.Timezone()
    component.add("tzid", zone)
    if not changes:
        component.add_component(_steady_observance(local))
    kinds = (icalendar.TimezoneStandard, icalendar.TimezoneDaylight)
    for kind, change in zip(kinds, changes, strict=False):
        name = change.in_year(local.year).at.astimezone(ZoneInfo(zone)).tzname()
        component.add_component(_observance(kind(), change, name))
    text: bytes = component.to_ical()
    return text


def _observance(part: icalendar.Component, change: YearlyChange, name: str | None) -> icalendar.Component:
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
