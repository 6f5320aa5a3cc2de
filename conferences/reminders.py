"""Reminders: how many minutes before a start people are told once more, and how that is said. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import npgettext

HOUR, DAY, WEEK = 60, 24 * 60, 7 * 24 * 60
# What everybody is offered, and what is ticked where nobody has chosen otherwise.
OFFERED = (WEEK, DAY, HOUR, 15)
USUAL = (DAY, 15)
MOST = 4
EARLIEST, LATEST = 4 * WEEK, 5


def next_moment(starts_at: datetime, reminders: Collection[int], since: datetime) -> datetime | None:
    """When the first reminder goes out that is due at `since` or later; None where none is to come."""
    moments = (starts_at - timedelta(minutes=minutes) for minutes in reminders)
    return min((moment for moment in moments if moment >= since), default=None)


def due(starts_at: datetime, reminders: Collection[int], now: datetime) -> int | None:
    """Which reminder (minutes before the start) goes out at `now`: of several that are due, the last one alone."""
    passed = [minutes for minutes in reminders if starts_at - timedelta(minutes=minutes) <= now]
    return min(passed, default=None)


def length(minutes: int) -> str:
    """1 week, 2 days, 1 hour, 15 minutes: before a start, in the largest unit that leaves nothing over."""
    if minutes % WEEK == 0:
        count = minutes // WEEK
        return npgettext("before a start", "%(count)d week", "%(count)d weeks", count) % {"count": count}
    if minutes % DAY == 0:
        count = minutes // DAY
        return npgettext("before a start", "%(count)d day", "%(count)d days", count) % {"count": count}
    if minutes % HOUR == 0:
        count = minutes // HOUR
        return npgettext("before a start", "%(count)d hour", "%(count)d hours", count) % {"count": count}
    return npgettext("before a start", "%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def in_words(reminders: Collection[int]) -> str:
    """1 day and 15 minutes before"""
    if not reminders:
        return _("none")
    lengths = [length(minutes) for minutes in sorted(reminders, reverse=True)]
    return _("%(lengths)s before") % {"lengths": get_text_list(lengths, _("and"))}
