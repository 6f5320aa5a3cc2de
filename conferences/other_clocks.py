"""What clocks elsewhere make of a conference, in words: night for somebody, another difference than today. Pure.

Sentences are about all places that share them: "New York and Toronto", never one line for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from statistics import mode

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from conferences import times

# So many places are named in one sentence, and so many sentences are there of one kind.
NAMED = 5
SENTENCES = 3


@dataclass(frozen=True, slots=True)
class ClockWarning:
    """A whole sentence, and whether it is about the night or about a clock change."""

    words: str
    is_night: bool


def warnings(
    now: datetime, start: datetime, end: datetime, *, base: str, zones: Iterable[str], later: Sequence[datetime] = ()
) -> list[ClockWarning]:
    """What people in `zones` should know of a conference from `start` to `end` on the clock of `base`.

    For a series `later` are the starts that its rule has from then on, in order.
    """
    places = [zone for zone in dict.fromkeys(zones) if times.is_zone(zone)]
    elsewhere = [zone for zone in places if zone != base]
    dark = [zone for zone in places if is_night(start, end, zone)]
    changes = [
        *_each(elsewhere, partial(_drift, now, start, base), partial(_said_drift, now, start, base)),
        *_each(elsewhere, partial(turn, later, base), partial(_said_turn, now, base)),
    ]
    night = [ClockWarning(_night(start, base, dark), is_night=True)] if dark else []
    return [*night, *(ClockWarning(words, is_night=False) for words in changes)]


def _each[Key: Hashable](
    zones: list[str], key: Callable[[str], Key | None], said: Callable[[Key, list[str]], str]
) -> list[str]:
    """What is `said` of each group of zones with one `key`; those without a key are left out."""
    groups: dict[Key, list[str]] = defaultdict(list)
    for zone in zones:
        found = key(zone)
        if found is not None:
            groups[found].append(zone)
    return [said(found, group) for found, group in list(groups.items())[:SENTENCES]]


# NIGHT


def is_night(start: datetime, end: datetime, zone: str) -> bool:
    """Whether it is night in `zone` when it begins, or for the longer part of it."""
    return times.is_night(start, zone) or times.is_night(start + (end - start) / 2, zone)


def _night(start: datetime, base: str, zones: list[str]) -> str:
    here = times.wall_clock(start, base).date()
    named = []
    for zone in zones:
        there = times.wall_clock(start, zone)
        words = _("%(city)s (%(time)s)") if there.date() == here else _("%(city)s (%(weekday)s, %(time)s)")
        said = {"city": times.city(zone), "time": date_format(there, _("H:i")), "weekday": date_format(there, "l")}
        named.append(words % said)
    return _("It will be night in %(places)s.") % {"places": _listed(named)}


# ANOTHER DIFFERENCE THAN TODAY


def difference(at: datetime, base: str, zone: str) -> timedelta:
    """How far clocks in `zone` are ahead of those in `base` at the instant `at`."""
    return times.wall_clock(at, zone) - times.wall_clock(at, base)


def _drift(now: datetime, start: datetime, base: str, zone: str) -> tuple[timedelta, timedelta] | None:
    """The difference today and the one at the start, where they are not the same."""
    today, then = difference(now, base, zone), difference(start, base, zone)
    return (today, then) if today != then else None


def _said_drift(now: datetime, start: datetime, base: str, drift: tuple[timedelta, timedelta], zones: list[str]) -> str:
    wall = times.wall_clock(start, base)
    words = _(
        "Clocks change before then: %(time)s in %(base)s is %(today)s in %(places)s today, and %(then)s on %(date)s."
    )
    return words % {
        "time": date_format(wall, _("H:i")),
        "base": times.city(base),
        "places": _listed(map(times.city, zones)),
        "today": date_format(wall + drift[0], _("H:i")),
        "then": date_format(wall + drift[1], _("H:i")),
        "date": day(wall, now),
    }


@dataclass(frozen=True, slots=True)
class Turn:
    """Of a series: the last start with the present difference between two zones, and the first with another one."""

    was: datetime
    becomes: datetime
    before: timedelta
    after: timedelta


def turn(starts: Sequence[datetime], base: str, zone: str) -> Turn | None:
    """The first turn within `starts`, in order: when people in `zone` begin to see another time than before."""
    for was, becomes in pairwise(_on_the_usual_clock(starts, base)):
        before, after = difference(was, base, zone), difference(becomes, base, zone)
        if before != after:
            return Turn(was, becomes, before, after)
    return None


def _on_the_usual_clock(starts: Sequence[datetime], base: str) -> list[datetime]:
    """Those at the clock time of the rule: where a clock change skips it, people elsewhere see what they saw before."""
    clocks = [times.clock(at, base) for at in starts]
    usual = mode(clocks) if clocks else None
    return [at for at, clock in zip(starts, clocks, strict=True) if clock == usual]


def _said_turn(now: datetime, base: str, turned: Turn, zones: list[str]) -> str:
    was, becomes = times.wall_clock(turned.was, base), times.wall_clock(turned.becomes, base)
    words = _("Until %(last)s people in %(places)s see %(was)s, and from %(date)s %(becomes)s, because clocks change.")
    return words % {
        "last": day(was, now),
        "places": _listed(map(times.city, zones)),
        "was": date_format(was + turned.before, _("H:i")),
        "date": day(becomes, now),
        "becomes": date_format(becomes + turned.after, _("H:i")),
    }


def day(wall: datetime, now: datetime) -> str:
    """28 March, with the year where it is not this one."""
    return date_format(wall, _("j F") if wall.year == now.year else _("j F Y"))


def _listed(names: Iterable[str]) -> str:
    """As many of `names` as anybody wants to read."""
    every = list(names)
    more = len(every) - NAMED
    if more <= 0:
        return get_text_list(every, pgettext("between places", "and"))
    words = ngettext("%(places)s and %(count)d more place", "%(places)s and %(count)d more places", more)
    return words % {"places": ", ".join(every[:NAMED]), "count": more}
