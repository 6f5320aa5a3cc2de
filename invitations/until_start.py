"""How long it is until a start, in the language that is active: what is true at the moment of writing. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def in_short(starts_at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """In 15 minutes, In 2 hours, Tomorrow, In 7 days: for the beginning of a subject."""
    number, unit = _until(starts_at, zone, now)
    if unit is HOUR:
        return ngettext("In %(count)d hour", "In %(count)d hours", number) % {"count": number}
    if unit is not DAY:
        return ngettext("In %(count)d minute", "In %(count)d minutes", number) % {"count": number}
    if number == 1:
        return _("Tomorrow")
    return ngettext("In %(count)d day", "In %(count)d days", number) % {"count": number}


def lead(starts_at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Starts in 15 minutes, Starts tomorrow: the same as a sentence."""
    number, unit = _until(starts_at, zone, now)
    if unit is HOUR:
        return ngettext("Starts in %(count)d hour", "Starts in %(count)d hours", number) % {"count": number}
    if unit is not DAY:
        return ngettext("Starts in %(count)d minute", "Starts in %(count)d minutes", number) % {"count": number}
    if number == 1:
        return _("Starts tomorrow")
    return ngettext("Starts in %(count)d day", "Starts in %(count)d days", number) % {"count": number}


def _until(starts_at: datetime, zone: ZoneInfo, now: datetime) -> tuple[int, timedelta]:
    """How many of which unit: minutes up to an hour and a half, hours within the day, else days on the calendar there.

    A letter is written a little after it is due: full minutes are rounded up, so that 15 minutes are still 15.
    """
    left = starts_at - now
    days = (starts_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if left < HOUR * 1.5:
        minutes = max(-(-left // timedelta(minutes=1)), 1)
        return (1, HOUR) if minutes == 60 else (minutes, timedelta(minutes=1))
    if days == 0 or left < HOUR * 12:
        return round(left / HOUR), HOUR
    return days, DAY
