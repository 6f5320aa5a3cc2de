"""What every invitation says about a conference, whichever way it goes: when it is, what changed, the whole draft.

The words come in the language that is active; the functions read the conference and write nothing.
"""

import unicodedata
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import DurationField
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi, get_supported_language_variant, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from conferences import times
from conferences.facts import FACTS, facts
from conferences.models import Change, Conference
from invitations.calendar import Event
from invitations.mail_clients import Draft, details, google_calendar_url, outlook_calendar_url
from invitations.models import TIME_FACTS, PartStat

PRODUCT = "-//Personal Cabinet//Personal Cabinet 1.0//EN"
ALARM_MINUTES = 15

# How pages and links name an answer, what it means to calendars, and what its button says.
ANSWERS = {
    "accepted": (PartStat.ACCEPTED, gettext_lazy("Accept")),
    "tentative": (PartStat.TENTATIVE, gettext_lazy("Tentative")),
    "declined": (PartStat.DECLINED, gettext_lazy("Decline")),
}


@dataclass(frozen=True)
class Changed:
    """One line of “What changed”; `was` may be empty."""

    label: str
    now: str
    was: str
    is_time: bool = False


def language_of(*wished: str) -> str:
    """The first wish that the site can speak, else its own language: half a translation is worse than none."""
    for language in filter(None, wished):
        try:
            return get_supported_language_variant(language)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


# WHEN


def day(at: datetime, zone: str) -> str:
    """Thursday 3 December 2026"""
    return date_format(_local(at, zone), _("l j F Y"))


def clock(start: datetime, end: datetime, zone: str) -> str:
    """14:00–14:45, with the day behind it where the end is on another one."""
    first, last = _local(start, zone), _local(end, zone)
    later = "" if first.date() == last.date() else f" ({date_format(last, _('D j M'))})"
    return f"{date_format(first, _('H:i'))}–{date_format(last, _('H:i'))}{later}"


def place(at: datetime, zone: str) -> str:
    """Berlin, UTC+1"""
    return zone if zone == "UTC" else f"{times.city(zone)}, {times.offset(at, zone)}"


def when(start: datetime, end: datetime, zone: str) -> str:
    """Thursday 3 December 2026, 14:00–14:45 (Berlin, UTC+1)"""
    return f"{day(start, zone)}, {clock(start, end, zone)} ({place(start, zone)})"


def length(duration: timedelta) -> str:
    """45 minutes, 1 hour, 1 h 30"""
    hours, minutes = divmod(round(duration.total_seconds() / 60), 60)
    if hours and minutes:
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes}
    if hours:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def elsewhere(conference: Conference, zone: str) -> str:
    """The time on the clock of somebody in `zone`; empty where that clock shows the same."""
    start, end = conference.starts_at, conference.ends_at
    if not zone or _local(start, zone).utcoffset() == _local(start, conference.time_zone).utcoffset():
        return ""
    return _("On your clock: %(when)s") % {"when": when(start, end, zone)}


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


# THE WHOLE


def draft(conference: Conference, link: str) -> Draft:
    """The conference as text to send by hand; `link` is the direct link or somebody's personal one."""
    return Draft(
        topic=conference.topic,
        when=(when(conference.starts_at, conference.ends_at, conference.time_zone),),
        link=link,
        agenda=conference.agenda,
        number=conference.number,
        password=conference.password,
        organizer=conference.organizer.get_full_name(),
    )


def event(conference: Conference, link: str, now: datetime) -> Event:
    """The conference as one calendar entry that letters carry; `now` becomes its DTSTAMP."""
    return Event(
        uid=conference.uid,
        sequence=conference.sequence,
        stamp=now,
        created=conference.created_at,
        changed=conference.changed_at,
        start=conference.wall_start,
        zone=conference.time_zone,
        duration=conference.duration,
        summary=conference.topic,
        description=details(draft(conference, link)),
        link=link,
        prodid=PRODUCT,
        alarm_minutes=ALARM_MINUTES,
    )


def calendar_links(conference: Conference, draft: Draft) -> list[tuple[str, str]]:
    """Calendars on the web that take an entry by a link: their names and the links."""
    start, end = conference.starts_at, conference.ends_at
    links = [
        (_("Google Calendar"), google_calendar_url(draft, start, end, conference.time_zone)),
        (_("Outlook.com"), outlook_calendar_url(draft, start, end)),
        (_("Microsoft 365"), outlook_calendar_url(draft, start, end, host="outlook.office.com")),
    ]
    return [(name, link) for name, link in links if link]


# WHAT CHANGED


def changed(conference: Conference, since: int) -> list[Changed]:
    """What is different from the state `since` (a sequence) to the present one; what was changed back is left out."""
    before: dict[str, Any] = {}
    for change in conference.changes.filter(sequence__gt=since, kind=Change.Kind.CHANGED).order_by("-sequence"):
        before |= change.before
    present = facts(conference)
    before = {name: value for name, value in before.items() if present[name] != value}
    old = copy(conference)
    for name, value in before.items():
        setattr(old, name, _from_json(name, value))
    return _changed_time(conference, old) + [
        _changed_fact(name, conference, old) for name in FACTS if name in before and name not in TIME_FACTS
    ]


def _changed_time(new: Conference, old: Conference) -> list[Changed]:
    """Date and time as lines of their own; a time in another zone names both places."""
    lines = [(_("Date"), day(new.starts_at, new.time_zone), day(old.starts_at, old.time_zone))]
    clocks = [clock(each.starts_at, each.ends_at, each.time_zone) for each in (new, old)]
    places = [place(each.starts_at, each.time_zone) for each in (new, old)]
    if new.time_zone != old.time_zone:
        clocks = [f"{shown} {where}" for shown, where in zip(clocks, places, strict=True)]
    lines.append((_("Time"), clocks[0], clocks[1]))
    return [Changed(label, now, was, is_time=True) for label, now, was in lines if now != was]


def _changed_fact(name: str, new: Conference, old: Conference) -> Changed:
    """A line of its own; an agenda is too long for one and stands in the letter anyway."""
    label = str(_field(name).verbose_name)
    if name == "agenda" and new.agenda:
        return Changed(label, _("see below"), "")
    return Changed(label, _shown(new, name), "" if name == "agenda" else _shown(old, name))


def _from_json(name: str, value: Any) -> Any:
    """A value of `Change.before` as the field holds it."""
    field = _field(name)
    return timedelta(seconds=value) if isinstance(field, DurationField) else field.to_python(value)


def _field(name: str) -> Any:
    return Conference._meta.get_field(name)


def _shown(conference: Conference, name: str) -> str:
    """The value of a field as people read it."""
    value = getattr(conference, name)
    if value in (None, ""):
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, timedelta):
        return length(value)
    chosen = getattr(conference, f"get_{name}_display", None)
    return str(chosen()) if chosen else str(value)


# PEOPLE'S TEXT


def isolate(text: str) -> str:
    """`text` so that its writing direction leaves its neighbours alone (U+2068, U+2069), where it has another one."""
    directions = {unicodedata.bidirectional(char) for char in text}
    other = directions & ({"L"} if get_language_bidi() else {"R", "AL"})
    return f"\u2068{text}\u2069" if other else text
