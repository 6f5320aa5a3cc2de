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

    def ahead(zone: str) -> float:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset()
        return offset.total_seconds() if offset else 0.0

    clocks: dict[float, str] = {ahead(base): base}
    for zone in [*known, *AROUND_THE_WORLD]:
        if times.is_zone(zone):
            clocks.setdefault(ahead(zone), zone)
    return sorted([zone for zone in clocks.values() if zone != base][:SHOWN], key=ahead)
