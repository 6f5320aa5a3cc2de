"""What every invitation says about a conference, whichever way it goes: when it is, the whole draft.

The words come in the language that is active; the functions read the conference and write nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format, time_format
from django.utils.translation import get_language_bidi, get_supported_language_variant, gettext_lazy
from django.utils.translation import gettext as _

from conferences import recurrence, times
from conferences.models import Conference, Occurrence
from conferences.rooms import room_called
from invitations.mail_clients import Draft, google_calendar_url, outlook_calendar_url
from invitations.models import PartStat

# How pages and links name an answer, what it means to calendars, and what its button says.
ANSWERS = {
    "accepted": (PartStat.ACCEPTED, gettext_lazy("Accept")),
    "tentative": (PartStat.TENTATIVE, gettext_lazy("Tentative")),
    "declined": (PartStat.DECLINED, gettext_lazy("Decline")),
}


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


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


@dataclass(frozen=True)
class When:
    """From one instant to another, on the clock of `zone`."""

    start: datetime
    end: datetime
    zone: str

    @classmethod
    def of(cls, row: Conference | Occurrence) -> When:
        """When an occurrence is, or a conference that does not repeat; of a series its first date."""
        conference = row.conference if isinstance(row, Occurrence) else row
        return cls(row.starts_at, row.ends_at, conference.time_zone)

    @classmethod
    def by_rule(cls, occurrence: Occurrence) -> When:
        """Where the rule has an occurrence, wherever it was moved to."""
        conference = occurrence.conference
        start = times.instant_by_rule(occurrence.original_start, conference.time_zone)
        return cls(start, start + conference.duration, conference.time_zone)

    @property
    def day(self) -> str:
        """Thursday 3 December 2026"""
        return day(self.start, self.zone)

    @property
    def clock(self) -> str:
        """14:00–14:45"""
        return clock(self.start, self.end, self.zone)

    @property
    def place(self) -> str:
        """Berlin, UTC+1"""
        return place(self.start, self.zone)

    @property
    def whole(self) -> str:
        """Thursday 3 December 2026, 14:00–14:45 (Berlin, UTC+1)"""
        return when(self.start, self.end, self.zone)

    @property
    def at_home(self) -> str:
        """Thursday 3 December 2026, 14:00–14:45, for where the place is known."""
        return _("%(day)s, %(clock)s") % {"day": self.day, "clock": self.clock}

    def elsewhere(self, zone: str) -> str:
        """The same on the clock of somebody in `zone`; empty where that clock shows the same."""
        if not zone or _local(self.start, zone).utcoffset() == _local(self.start, self.zone).utcoffset():
            return ""
        return _("On your clock: %(when)s") % {"when": when(self.start, self.end, zone)}


def current(conference: Conference, now: datetime) -> Conference | Occurrence | None:
    """Of a series the date that goes on or comes next, or the last one; a conference that has one date is that itself.

    None for a permanent one.
    """
    if conference.permanent:
        return None
    if not conference.rule:
        return conference
    rows = conference.occurrences
    return rows.filter(cancelled_at=None).coming(now).first() or rows.current(now) or conference


def repeats(conference: Conference) -> str:
    """Every week on Monday, 4 times, at 10:00 on the clock in Berlin; empty for what does not repeat."""
    rule = conference.recurrence
    if rule is None:
        return ""
    said = {
        "rule": recurrence.in_words(rule, conference.start_date),
        "clock": time_format(conference.start_time, _("H:i")),
        "city": times.city(conference.time_zone),
    }
    return _("%(rule)s, at %(clock)s on the clock in %(city)s") % said


# THE WHOLE


def draft(conference: Conference, link: str) -> Draft:
    """The conference as text to send by hand; `link` is the direct link or somebody's personal one."""
    return Draft(
        topic=conference.topic,
        when=_in_lines(conference),
        link=link,
        agenda=conference.agenda,
        number=conference.number,
        password=conference.password,
        dial_in=room_called(conference.room_backend).dial_in,
        organizer=conference.organizer.get_full_name(),
    )


def _in_lines(conference: Conference) -> tuple[str, ...]:
    """When it is: nothing to say of a permanent one; of a series the rule and the day on which it begins."""
    rule = conference.recurrence
    if conference.permanent:
        return ()
    if rule is None:
        return (When.of(conference).whole,)
    day = next(rule.days(conference.start_date), conference.start_date)
    start = times.instant_by_rule(datetime.combine(day, conference.start_time), conference.time_zone)
    first = When(start, start + conference.duration, conference.time_zone)
    return (repeats(conference), _("First on %(when)s") % {"when": first.whole})


def calendar_links(conference: Conference, draft: Draft) -> list[tuple[str, str]]:
    """Calendars on the web that take an entry by a link: their names and the links. None takes a series."""
    if conference.permanent or conference.rule:
        return []
    start, end = conference.starts_at, conference.ends_at
    links = [
        (_("Google Calendar"), google_calendar_url(draft, start, end, conference.time_zone)),
        (_("Outlook.com"), outlook_calendar_url(draft, start, end)),
        (_("Microsoft 365"), outlook_calendar_url(draft, start, end, host="outlook.office.com")),
    ]
    return [(name, link) for name, link in links if link]


# PEOPLE'S TEXT


def isolate(text: str) -> str:
    """`text` so that its writing direction leaves its neighbours alone (U+2068, U+2069), where it has another one."""
    directions = {unicodedata.bidirectional(char) for char in text}
    other = directions & ({"L"} if get_language_bidi() else {"R", "AL"})
    return f"\u2068{text}\u2069" if other else text
