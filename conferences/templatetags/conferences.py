"""What templates ask about conferences."""

from datetime import datetime
from functools import cache

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conferences import history, recurrence, reminders, times
from conferences.choices import ClientVideoQuality, Mode, VideoQuality
from conferences.links import join_url
from conferences.models import Change, Conference
from conferences.rooms import room_called
from conferences.rooms.shortfalls import SAYS_BESIDE, what_rooms_lack

# What every room does, because it is nothing in particular.
ASKS_NOTHING = (False, None, Mode.DISCUSSION, VideoQuality.HIGH, ClientVideoQuality.DEFAULT)

register = template.Library()
register.filter("minutes", times.minutes_of)
register.filter("reminders_in_words", reminders.in_words)


@register.filter
def differences(change: Change) -> list[history.Difference]:
    """What a change touched, in words."""
    return history.differences(change)


@register.filter
def its_day(change: Change) -> str:
    """The day of the occurrence that a change is about, or ""."""
    return date_format(change.original_date, _("l j F Y")) if change.original_date else ""


@register.filter
def rule_in_words(conference: Conference) -> str:
    """By which rule it repeats, or ""."""
    rule = conference.recurrence
    return recurrence.in_words(rule, conference.start_date) if rule else ""


@register.filter
def room_lacks(conference: Conference) -> list[str]:
    """What the conference asks for and its room does not do, in whole sentences."""
    room = room_called(conference.room_backend)
    asked = [name for name in SAYS_BESIDE if getattr(conference, name) not in ASKS_NOTHING]
    return [words for name in asked if (words := what_rooms_lack(name, [room]))]


@register.filter
def stretch(at: datetime, now: datetime) -> str:
    """The heading under which a list of what is to come shows the instant `at`, on the reader's clock."""
    day, today = timezone.localtime(at).date(), timezone.localtime(now).date()
    if at <= now:
        return _("Going on now")
    if day == today:
        return _("Today")
    return _("This week") if day.isocalendar()[:2] == today.isocalendar()[:2] else month(at)


@register.filter
def month(at: datetime) -> str:
    """December 2026, on the reader's clock."""
    return date_format(timezone.localtime(at), _("F Y"))


@register.filter
def direct_link(conference: Conference) -> str:
    """The link that is the same for everybody."""
    return join_url(conference)


@register.filter
def does(conference: Conference, setting: str) -> bool:
    """Whether what `setting` asks for really happens: not every room can do that."""
    return getattr(conference, setting) and setting in room_called(conference.room_backend).supports


@register.simple_tag
def city_options() -> SafeString:
    """Every city with a zone of its own, as options of a datalist."""
    return _cities()


@cache
def _cities() -> SafeString:
    names = sorted({times.city(zone) for zone in times.zone_names()})
    return format_html_join("", '<option value="{}">', ((name,) for name in names))
