"""Wall clock <-> instant, and the names of time zones. Pure: whoever needs the present hands it in.

Zones come from the `tzdata` package alone, never from the machine's own files: two hosts with different
operating systems must agree on when a conference begins, and an update of the rules is an update of the lock file.
"""

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

zoneinfo.reset_tzpath(to=())

type Sky = Literal["morning", "day", "evening", "night"]

_MINUTE = timedelta(minutes=1)
_STRIDE = timedelta(days=3)  # clocks never went there and back within less: the shortest summer time lasted six days
_AREAS = frozenset("Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split())
# How cities are written where the zone's name, which is ASCII, cannot say it.
_SPELLINGS = {
    "America/Araguaina": "Araguaína",
    "America/Argentina/Cordoba": "Córdoba",
    "America/Argentina/Rio_Gallegos": "Río Gallegos",
    "America/Argentina/Tucuman": "Tucumán",
    "America/Asuncion": "Asunción",
    "America/Bahia_Banderas": "Bahía de Banderas",
    "America/Belem": "Belém",
    "America/Bogota": "Bogotá",
    "America/Cancun": "Cancún",
    "America/Ciudad_Juarez": "Ciudad Juárez",
    "America/Cuiaba": "Cuiabá",
    "America/Curacao": "Curaçao",
    "America/Eirunepe": "Eirunepé",
    "America/Maceio": "Maceió",
    "America/Mazatlan": "Mazatlán",
    "America/Merida": "Mérida",
    "America/Santarem": "Santarém",
    "America/Sao_Paulo": "São Paulo",
    "America/St_Johns": "St. John’s",
    "Antarctica/DumontDUrville": "Dumont d’Urville",
    "Asia/Urumqi": "Ürümqi",
    "Africa/El_Aaiun": "El Aaiún",
    "Africa/Lome": "Lomé",
    "Africa/Ndjamena": "N’Djamena",
    "Africa/Sao_Tome": "São Tomé",
    "Europe/Chisinau": "Chișinău",
    "Europe/Zurich": "Zürich",
    "Indian/Reunion": "Réunion",
    "Pacific/Noumea": "Nouméa",
}


class NoSuchTime(ValueError):
    """A clock change skips this wall-clock time; `before` and `after` (naive) are its neighbours that exist."""

    def __init__(self, wall: datetime, zone: str, before: datetime, after: datetime) -> None:
        super().__init__(f"{wall} does not exist in {zone}")
        self.before = before
        self.after = after


def instant(wall: datetime, zone: str) -> datetime:
    """The instant (aware, UTC) at which clocks in `zone` show the naive `wall`; the first one if they show it twice.

    Raises NoSuchTime when a clock change skips `wall`, OverflowError within a day of the years 1 and 9999.
    """
    local = wall.replace(tzinfo=_zone(zone), fold=0)
    at = local.astimezone(UTC)
    if wall_clock(at, zone) != wall:
        change = _change_between(local.replace(fold=1).astimezone(UTC), at, zone)
        raise NoSuchTime(wall, zone, before=wall_clock(change - _MINUTE, zone), after=wall_clock(change, zone))
    return at


def instant_by_rule(wall: datetime, zone: str) -> datetime:
    """As `instant`, but a skipped `wall` is read with the offset before the gap, as RFC 5545 section 3.3.5 has it:
    02:30 in a night in which 02:00 becomes 03:00 is 03:30. So every calendar reads occurrences of a series.
    """
    return wall.replace(tzinfo=_zone(zone), fold=0).astimezone(UTC)


def skipped(wall: datetime, zone: str) -> datetime | None:
    """Where a clock change in `zone` skips the naive `wall`: what clocks show when an occurrence of a series begins
    instead (`instant_by_rule`), "02:30 does not exist that night: it begins at 03:30". None if `wall` exists.
    """
    shown = wall_clock(instant_by_rule(wall, zone), zone)
    return shown if shown != wall else None


def happens_twice(wall: datetime, zone: str) -> bool:
    """Whether clocks in `zone` are set back over the naive `wall`, so that they show it twice."""
    first, second = (wall.replace(tzinfo=_zone(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    return first < second


@cache
def _zone(name: str) -> ZoneInfo:
    """The rules of a zone, kept: zoneinfo itself keeps only the last eight, and a list of zones needs them all."""
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """Clocks go from `before` to `after` (both offsets from UTC) at the instant `at`."""

    at: datetime
    before: timedelta
    after: timedelta


@lru_cache(maxsize=4096)
def clock_changes(zone: str, year: int) -> tuple[ClockChange, ...]:
    """All clock changes of `zone` within the UTC year, in order: two in most zones with summer time, else none."""
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    stops = [*(first + n * _STRIDE for n in range((last - first) // _STRIDE + 1)), last]
    offsets = [_offset(stop, zone) for stop in stops]
    return tuple(
        ClockChange(_change_between(*stretch, zone), before, after)
        for stretch, (before, after) in zip(pairwise(stops), pairwise(offsets), strict=True)
        if before != after
    )


def _offset(at: datetime, zone: str) -> timedelta:
    """How far clocks in `zone` are ahead of UTC at `at`."""
    return at.astimezone(_zone(zone)).utcoffset() or timedelta()


def wall_clock(at: datetime, zone: str) -> datetime:
    """What clocks in `zone` show at `at`, naive."""
    return at.astimezone(_zone(zone)).replace(tzinfo=None, fold=0)


def _change_between(before: datetime, after: datetime, zone: str) -> datetime:
    """The first second of the new offset, given instants on either side of one clock change."""
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


@cache
def zone_names() -> tuple[str, ...]:
    """The IANA names to choose from, sorted: one for each place of the tz database's list of places, and UTC."""
    places = _table("zone.tab")
    return tuple(sorted({"UTC", *(row.split("\t")[2] for row in places if not row.startswith("#"))}))


def is_zone(name: str) -> bool:
    """Whether `name` may be stored: a place's name, a former name of a place ("Europe/Kiev"), or UTC."""
    return name in _storable()


def canonical(name: str) -> str:
    """The name to choose for the zone that a browser or an old row calls `name`, or "" if there is none.

    Browsers still say "Asia/Calcutta" where the list of places says "Asia/Kolkata".
    """
    chosen = _links().get(name, name)
    return chosen if chosen in zone_names() else ""


@cache
def _storable() -> frozenset[str]:
    known = zoneinfo.available_timezones()
    return frozenset(name for name in known if name.partition("/")[0] in _AREAS) | {"UTC"}


@cache
def _links() -> dict[str, str]:
    """Former and alternative names -> the place whose rules they share; places keep their own name."""
    rows = (row.split() for row in _table("tzdata.zi") if row.startswith("L "))
    links = {alias: target for _letter, target, alias in rows if alias not in zone_names()}
    utc = {"Etc/UTC", "Etc/GMT"}
    return {alias: "UTC" if target in utc else target for alias, target in links.items()} | dict.fromkeys(utc, "UTC")


def _table(name: str) -> Iterator[str]:
    """The lines of one of the tz database's text tables."""
    return iter(files("tzdata").joinpath("zoneinfo", name).read_text("utf-8").splitlines())


def city(zone: str) -> str:
    """How the place of a zone is written: "Europe/Berlin" -> "Berlin", "America/Sao_Paulo" -> "São Paulo"."""
    return _SPELLINGS.get(zone) or zone.rpartition("/")[2].replace("_", " ")


def offset(at: datetime, zone: str) -> str:
    """The distance of `zone` from UTC at the aware `at`: "UTC+1", "UTC+5:30", "UTC−3" (with a real minus sign)."""
    seconds = int(_offset(at, zone).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"UTC{'−' if seconds < 0 else '+'}{hours}{f':{minutes:02}' if minutes else ''}"


def zone_label(at: datetime, zone: str) -> str:
    """A zone as people read it at the aware `at`: "Berlin (UTC+1)"; UTC is just "UTC"."""
    return zone if zone == "UTC" else f"{city(zone)} ({offset(at, zone)})"


def zone_choices(at: datetime) -> tuple[tuple[str, str], ...]:
    """(name, label) of every zone to choose from, sorted by city, with the offsets of the aware `at`."""
    # Offsets only ever change on a quarter of an hour, so one table serves all who ask within it.
    quarter = at.astimezone(UTC)
    return _choices(quarter.replace(minute=quarter.minute // 15 * 15, second=0, microsecond=0))


@lru_cache(maxsize=16)
def _choices(at: datetime) -> tuple[tuple[str, str], ...]:
    names = sorted(zone_names(), key=lambda name: name.rpartition("/")[2])
    return tuple((name, zone_label(at, name)) for name in names)


def minutes_of(length: timedelta) -> int:
    """Whole minutes."""
    return int(length.total_seconds()) // 60


def clock(at: datetime, zone: str) -> time:
    """What clocks in `zone` show at the aware `at`."""
    return wall_clock(at, zone).time()


def is_night(at: datetime, zone: str) -> bool:
    """Whether people in `zone` rather sleep at the aware `at`: from 22:00 to 6:59. Skies of pages know a shorter night,
    which is dark all year; this one is about whom a conference wakes.
    """
    return not 7 <= wall_clock(at, zone).hour < 22


def sky(local: datetime) -> Sky:
    """What the light is like at the hour of `local`: the four skies of the pages."""
    if 5 <= local.hour < 9:
        return "morning"
    if 9 <= local.hour < 17:
        return "day"
    return "evening" if 17 <= local.hour < 21 else "night"
