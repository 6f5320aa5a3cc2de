"""Rules by which a conference repeats: RRULE text <-> rule <-> days. Pure, and bounded whatever the rule.

The grammar is our own part of RFC 5545 section 3.3.10. What else an RRULE can say is refused, never expanded: rules
exist that no machine finishes.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Literal, cast, get_args

type Freq = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST_INTERVAL = 99
MOST = 366
# Periods that are looked at for one list of days: a rule that meets no day ends here, too.
STEPS = 1000


class UnsupportedRule(ValueError):
    """The text is no rule of our grammar."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Every `interval` days, weeks, months or years, as long as neither `count` nor `until` ends it.

    WEEKLY on `weekdays` (Monday is 0). MONTHLY on `month_day` (1 to 31, or -1: the last), or on `nth`: (1 to 4, or -1:
    the last, weekday). YEARLY on the day of the first occurrence. `until` is the last day that may be met.
    """

    freq: Freq
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    month_day: int | None = None
    nth: tuple[int, int] | None = None
    count: int | None = None
    until: date | None = None

    def __str__(self) -> str:
        """RRULE text in one fixed order; UNTIL as a date, because the rule is one of the wall clock."""
        day = "".join([str(self.nth[0]), WEEKDAYS[self.nth[1]]]) if self.nth else ""
        parts = {
            "FREQ": self.freq,
            "INTERVAL": self.interval if self.interval > 1 else "",
            "BYDAY": day or ",".join(WEEKDAYS[each] for each in self.weekdays),
            "BYMONTHDAY": self.month_day or "",
            "COUNT": self.count or "",
            "UNTIL": f"{self.until:%Y%m%d}" if self.until else "",
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    @property
    def is_endless(self) -> bool:
        """Whether nothing ends it."""
        return self.count is None and self.until is None

    def days(self, start: date, since: date = date.min) -> Iterator[date]:
        """The days it meets from `start` on, in order, those before `since` left out; at most STEPS periods of them."""
        first_step = 0 if self.count else self._steps_before(start, since)
        days = (day for step in range(first_step, first_step + STEPS) for day in self._days_of(start, step))
        for number, day in enumerate(day for day in days if day >= start):
            if (self.count and number >= self.count) or (self.until and day > self.until):
                return
            if day >= since:
                yield day

    def _steps_before(self, start: date, since: date) -> int:
        """Periods that certainly lie wholly before `since`."""
        if since <= start:
            return 0
        longest = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}[self.freq] * self.interval
        return max((since - start).days // longest - 1, 0)

    def _days_of(self, start: date, step: int) -> Iterator[date]:
        """The days it meets within the period `step` intervals after that of `start`, in order."""
        try:
            yield from _FINDERS[self.freq](self, start, step * self.interval)
        except (OverflowError, ValueError):  # after the year 9999
            return


def _daily(rule: Rule, start: date, ahead: int) -> Iterator[date]:
    yield start + timedelta(days=ahead)


def _weekly(rule: Rule, start: date, ahead: int) -> Iterator[date]:
    monday = start - timedelta(days=start.weekday()) + timedelta(weeks=ahead)
    for weekday in sorted(rule.weekdays) or [start.weekday()]:
        yield monday + timedelta(days=weekday)


def _monthly(rule: Rule, start: date, ahead: int) -> Iterator[date]:
    years, month = divmod(start.year * 12 + start.month - 1 + ahead, 12)
    first_weekday, length = monthrange(years, month + 1)
    if rule.nth:
        nth, weekday = rule.nth
        first = 1 + (weekday - first_weekday) % 7
        day = first + 7 * ((length - first) // 7 if nth == -1 else nth - 1)
    else:
        day = length if rule.month_day == -1 else rule.month_day or start.day
    if day <= length:
        yield date(years, month + 1, day)


def _yearly(rule: Rule, start: date, ahead: int) -> Iterator[date]:
    year = start.year + ahead
    if start.day <= monthrange(year, start.month)[1]:
        yield start.replace(year=year)


_FINDERS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


def parse(text: str) -> Rule:
    """The rule that RRULE `text` says. Raises UnsupportedRule for all that is not of our grammar."""
    if len(text) > 200:
        raise UnsupportedRule(text[:200])
    pairs = [part.partition("=")[::2] for part in text.upper().removeprefix("RRULE:").split(";")]
    said = dict(pairs)
    rule = _read(said) if len(said) == len(pairs) else None
    if rule is None:
        raise UnsupportedRule(text)
    return rule


def _read(said: dict[str, str]) -> Rule | None:
    """The rule, or None."""
    freq = said.pop("FREQ", "")
    if freq not in get_args(Freq.__value__):
        return None
    fields: dict[str, Any] = {name: reader(said.pop(key)) for key, (name, reader) in _PARTS.items() if key in said}
    if said or None in fields.values():
        return None
    by_day = fields.pop("byday", [])
    if freq == "WEEKLY" and all(nth == 0 for nth, _weekday in by_day):
        fields["weekdays"] = tuple(sorted({weekday for _nth, weekday in by_day}))
    elif freq == "MONTHLY" and len(by_day) == 1 and by_day[0][0] and "month_day" not in fields:
        fields["nth"] = by_day[0]
    elif by_day:
        return None
    if ("month_day" in fields and freq != "MONTHLY") or {"count", "until"} <= fields.keys():
        return None
    return Rule(cast(Freq, freq), **fields)


def _number(least: int, most: int, text: str) -> int | None:
    return int(text) if re.fullmatch("-?[0-9]{1,3}", text) and least <= int(text) <= most else None


def _month_day(text: str) -> int | None:
    return _number(-1, 31, text) or None


def _until(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch("[0-9]{8}", text) else None
    except ValueError:
        return None


def _by_day(text: str) -> list[tuple[int, int]] | None:
    found = [re.fullmatch("([1-4]|-1)?([A-Z]{2})", part) for part in text.split(",")]
    if not all(match and match[2] in WEEKDAYS for match in found):
        return None
    return [(int(match[1] or 0), WEEKDAYS.index(match[2])) for match in found if match]


_PARTS = {
    "INTERVAL": ("interval", lambda text: _number(1, LONGEST_INTERVAL, text)),
    "COUNT": ("count", lambda text: _number(1, MOST, text)),
    "UNTIL": ("until", _until),
    "BYDAY": ("byday", _by_day),
    "BYMONTHDAY": ("month_day", _month_day),
}


def ahead(rule: Rule, start: date, today: date, last: date) -> list[date]:
    """The days to be stored: all of a finite rule, at most MOST from `today` to `last` of an endless one.

    The second list may be one longer than MOST for a finite rule, so that the caller sees that it is too long.
    """
    if not rule.is_endless:
        return list(islice(rule.days(start), MOST + 1))
    coming = (day for day in rule.days(start, max(start, today)) if day <= last)
    return list(islice(coming, MOST))
