"""In which other zones the time of a conference is shown. Pure."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from conferences import times

SHOWN = 5
# One for each stretch of the working day, for those who have not scheduled anything elsewhere yet.
AROUND_THE_WORLD = ("America/New_York", "America/Sao_Paulo", "Europe/London", "Asia/Kolkata", "Asia/Tokyo")


def other_zones(at: datetime, base: str, known: Iterable[str]) -> list[str]:
    """Up to five zones with other clocks than `base` at the instant `at`, from west to east; `known` ones first."""

    clocks: dict[float, str] = {_ahead(at, base): base}
    for zone in [*known, *AROUND_THE_WORLD]:
        if times.is_zone(zone):
            clocks.setdefault(_ahead(at, zone), zone)
    return sorted([zone for zone in clocks.values() if zone != base][:SHOWN], key=lambda zone: _ahead(at, zone))


def zones_of_form(at: datetime, chosen: str, known: Iterable[str]) -> list[str]:
    """The same with `chosen` in its place: it is to be seen as soon as another zone is chosen in the form."""
    return sorted([chosen, *other_zones(at, chosen, known)], key=lambda zone: _ahead(at, zone))


def _ahead(at: datetime, zone: str) -> float:
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset else 0.0
