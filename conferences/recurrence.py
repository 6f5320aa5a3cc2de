"""Rules by which a conference repeats: RRULE text <-> rule <-> days, and words. Pure, and bounded whatever the rule.

The grammar is our own part of RFC 5545 section 3.3.10. What else an RRULE can say is refused, never expanded: rules
exist that no machine finishes.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any, Literal, cast, get_args

from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

type Freq = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST_INTERVAL = 99
MOST = 366
# Periods that are looked at for one list of days: a rule that meets no day ends here, too.
STEPS = 1000
# Whoever looks at a day asks for clocks elsewhere, for the end, and for the clock changes of that year: all of it must
# be in the calendar, which ends with the year 9999.
LAST_DAY = date(9997, 12, 31)
# What began the day before yesterday may still go on, if it is 24 hours long and a clock change lies between.
STILL_ON = timedelta(days=2)


class UnsupportedRule(ValueError):
    """The text is no rule of our grammar."""


class NoDay(ValueError):
    """It meets no day at all: it ends before it begins, or asks for 30 February."""


class TooManyDays(ValueError):
    """It ends, but after more than MOST days, or after more periods than are looked at."""


class TooFar(ValueError):
    """It ends later than `latest_until`."""


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
            "UNTIL": self.until.isoformat().replace("-", "") if self.until else "",
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    @property
    def is_endless(self) -> bool:
        """Whether nothing ends it."""
        return self.count is None and self.until is None

    def without_end(self) -> Rule:
        """The same days, and no last one."""
        return replace(self, count=None, until=None)

    def in_full(self, start: date) -> Rule:
        """The same rule of a series from `start` with the day said that a short one leaves to it."""
        if self.freq == "WEEKLY" and not self.weekdays:
            return replace(self, weekdays=(start.weekday(),))
        if self.freq == "MONTHLY" and not self.nth and not self.month_day:
            return replace(self, month_day=start.day)
        return self

    def days(self, start: date, since: date = date.min) -> Iterator[date]:
        """The days it meets from `start` to LAST_DAY, in order, but for those before `since`; at most STEPS periods."""
        first_step = 0 if self.count else self._steps_before(start, since)
        days = (day for step in range(first_step, first_step + STEPS) for day in self._days_of(start, step))
        for number, day in enumerate(day for day in days if start <= day <= LAST_DAY):
            if (self.count and number >= self.count) or (self.until and day > self.until):
                return
            if day >= since:
                yield day

    def meets(self, start: date, day: date) -> bool:
        """Whether `day` is one of its days."""
        return next(self.days(start, day), None) == day

    def leaves_out(self, start: date) -> bool:
        """Whether some month or year is left out because it has not that day: 31 June, 29 February 2027."""
        years_until_all_was_seen = 8
        steps = years_until_all_was_seen * (12 if self.freq == "MONTHLY" else 1)
        return not all([*self._days_of(start, step)] for step in range(steps))

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
    if len(text) > 200 or not text.isascii():
        raise UnsupportedRule(text[:200])
    pairs = [part.partition("=")[::2] for part in text.upper().removeprefix("RRULE:").split(";")]
    said = dict(pairs)
    rule = _read(said) if len(said) == len(pairs) else None
    if rule is None:
        raise UnsupportedRule(text)
    return rule


def differ_but_in_end(one: str, other: str) -> bool:
    """Whether two stored rules, "" for none, differ in more than what ends them."""
    first, second = (parse(text).without_end() if text else None for text in (one, other))
    return first != second


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


_PARTS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "INTERVAL": ("interval", lambda text: _number(1, LONGEST_INTERVAL, text)),
    "COUNT": ("count", lambda text: _number(1, MOST, text)),
    "UNTIL": ("until", _until),
    "BYDAY": ("byday", _by_day),
    "BYMONTHDAY": ("month_day", _month_day),
}


def first_day(rule: Rule, start: date) -> date:
    """The first day from `start` on that it meets: the day on which a series by it begins. Raises NoDay."""
    day = next(rule.days(start), None)
    if day is None:
        raise NoDay(str(rule))
    return day


def latest_until(start: date) -> date:
    """The last day on which a series from `start` may be said to end: five years later, two of them leap years."""
    return start + min(timedelta(days=5 * 365 + 2), date.max - start)


def check(rule: Rule, start: date) -> None:
    """For forms: raise NoDay, TooFar or TooManyDays where no series can begin at `start` by this rule."""
    first_day(rule, start)
    if rule.until and rule.until > latest_until(start):
        raise TooFar(str(rule))
    _refuse_too_many(rule, start, start)


def _refuse_too_many(rule: Rule, start: date, since: date) -> None:
    """Raise TooManyDays where a finite rule meets too many days from `since` on, or cannot be counted to its end."""
    if rule.is_endless:
        return
    counted = sum(1 for _day in islice(rule.days(start, since if rule.until else date.min), MOST + 1))
    if counted > MOST or counted < (rule.count or 0):
        raise TooManyDays(str(rule))


def ahead(rule: Rule, start: date, today: date, last: date) -> list[date]:
    """The days to be stored of a series from `start`: those that are to come, or may still go on today.

    All of a finite rule; of an endless one at most MOST, up to `last` or to the next one, if that is later. Empty where
    a finite rule is through. Raises NoDay, and TooManyDays where a finite one has more than MOST to come.
    """
    first_day(rule, start)
    since = max(start, today - STILL_ON)
    _refuse_too_many(rule, start, since)
    days = list(islice(rule.days(start, since), MOST))
    following = next((day for day in days if day >= today), last)
    return [day for day in days if day <= max(last, following)] if rule.is_endless else days


# WORDS: whole sentences, because each language puts them together in its own way.

_ON = (
    pgettext_lazy("repeats on", "Monday"),
    pgettext_lazy("repeats on", "Tuesday"),
    pgettext_lazy("repeats on", "Wednesday"),
    pgettext_lazy("repeats on", "Thursday"),
    pgettext_lazy("repeats on", "Friday"),
    pgettext_lazy("repeats on", "Saturday"),
    pgettext_lazy("repeats on", "Sunday"),
)
# Each in full: in many languages "first" and "last" follow the gender of the weekday.
_ON_NTH = {
    1: (
        pgettext_lazy("repeats on", "the first Monday"),
        pgettext_lazy("repeats on", "the first Tuesday"),
        pgettext_lazy("repeats on", "the first Wednesday"),
        pgettext_lazy("repeats on", "the first Thursday"),
        pgettext_lazy("repeats on", "the first Friday"),
        pgettext_lazy("repeats on", "the first Saturday"),
        pgettext_lazy("repeats on", "the first Sunday"),
    ),
    2: (
        pgettext_lazy("repeats on", "the second Monday"),
        pgettext_lazy("repeats on", "the second Tuesday"),
        pgettext_lazy("repeats on", "the second Wednesday"),
        pgettext_lazy("repeats on", "the second Thursday"),
        pgettext_lazy("repeats on", "the second Friday"),
        pgettext_lazy("repeats on", "the second Saturday"),
        pgettext_lazy("repeats on", "the second Sunday"),
    ),
    3: (
        pgettext_lazy("repeats on", "the third Monday"),
        pgettext_lazy("repeats on", "the third Tuesday"),
        pgettext_lazy("repeats on", "the third Wednesday"),
        pgettext_lazy("repeats on", "the third Thursday"),
        pgettext_lazy("repeats on", "the third Friday"),
        pgettext_lazy("repeats on", "the third Saturday"),
        pgettext_lazy("repeats on", "the third Sunday"),
    ),
    4: (
        pgettext_lazy("repeats on", "the fourth Monday"),
        pgettext_lazy("repeats on", "the fourth Tuesday"),
        pgettext_lazy("repeats on", "the fourth Wednesday"),
        pgettext_lazy("repeats on", "the fourth Thursday"),
        pgettext_lazy("repeats on", "the fourth Friday"),
        pgettext_lazy("repeats on", "the fourth Saturday"),
        pgettext_lazy("repeats on", "the fourth Sunday"),
    ),
    -1: (
        pgettext_lazy("repeats on", "the last Monday"),
        pgettext_lazy("repeats on", "the last Tuesday"),
        pgettext_lazy("repeats on", "the last Wednesday"),
        pgettext_lazy("repeats on", "the last Thursday"),
        pgettext_lazy("repeats on", "the last Friday"),
        pgettext_lazy("repeats on", "the last Saturday"),
        pgettext_lazy("repeats on", "the last Sunday"),
    ),
}


def in_words(rule: Rule, start: date) -> str:
    """The rule of a series from `start` as people read it, in the active language.

    "Every 2 weeks on Monday and Wednesday, 10 times". Without a full stop.
    """
    said = _with_end(rule, _IN_WORDS[rule.freq](rule, start))
    if rule.freq in ("DAILY", "WEEKLY") or not rule.leaves_out(start):
        return said
    if rule.freq == "MONTHLY":
        return _("%(rule)s; months without that day are left out") % {"rule": said}
    return _("%(rule)s; years without that day are left out") % {"rule": said}


def _with_end(rule: Rule, said: str) -> str:
    """The sentence with what ends the rule."""
    if rule.until:
        return _("%(rule)s, until %(date)s") % {"rule": said, "date": date_format(rule.until, _("j F Y"))}
    if rule.count == 1:
        return _("%(rule)s, once") % {"rule": said}
    if rule.count:
        many = ngettext("%(rule)s, %(count)d time", "%(rule)s, %(count)d times", rule.count)
        return many % {"rule": said, "count": rule.count}
    return said


def _daily_in_words(rule: Rule, start: date) -> str:
    many = ngettext("Every %(count)d day", "Every %(count)d days", rule.interval)
    return _("Every day") if rule.interval == 1 else many % {"count": rule.interval}


def _weekly_in_words(rule: Rule, start: date) -> str:
    weekdays = sorted(rule.weekdays) or [start.weekday()]
    if rule.interval == 1 and weekdays == [0, 1, 2, 3, 4]:
        return _("Every week from Monday to Friday")
    one = _("Every week on %(weekdays)s")
    many = ngettext("Every %(count)d week on %(weekdays)s", "Every %(count)d weeks on %(weekdays)s", rule.interval)
    # Translators: the last word of "Monday, Tuesday and Friday".
    names = get_text_list([str(_ON[each]) for each in weekdays], pgettext("between weekdays", "and"))
    return (one if rule.interval == 1 else many) % {"count": rule.interval, "weekdays": names}


def _monthly_in_words(rule: Rule, start: date) -> str:
    if rule.nth or rule.month_day == -1:
        return _monthly_on_a_weekday_or_the_last(rule)
    one = _("Every month on day %(day)d")
    many = ngettext("Every %(count)d month on day %(day)d", "Every %(count)d months on day %(day)d", rule.interval)
    said = {"count": rule.interval, "day": rule.month_day or start.day}
    return (one if rule.interval == 1 else many) % said


def _monthly_on_a_weekday_or_the_last(rule: Rule) -> str:
    last_day = pgettext("repeats on", "the last day")
    day = str(_ON_NTH[rule.nth[0]][rule.nth[1]]) if rule.nth else last_day
    one = _("Every month on %(day)s")
    many = ngettext("Every %(count)d month on %(day)s", "Every %(count)d months on %(day)s", rule.interval)
    return (one if rule.interval == 1 else many) % {"count": rule.interval, "day": day}


def _yearly_in_words(rule: Rule, start: date) -> str:
    one = _("Every year on %(date)s")
    many = ngettext("Every %(count)d year on %(date)s", "Every %(count)d years on %(date)s", rule.interval)
    said = {"count": rule.interval, "date": date_format(start, _("j F"))}
    return (one if rule.interval == 1 else many) % said


_IN_WORDS = {
    "DAILY": _daily_in_words,
    "WEEKLY": _weekly_in_words,
    "MONTHLY": _monthly_in_words,
    "YEARLY": _yearly_in_words,
}
