"""What a calendar object says, as facts for people: read from its own bytes, so that it is what will arrive."""

from datetime import datetime
from typing import Any

import icalendar
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from addressbook.addresses import shown_address
from conferences.models import Conference
from invitations import words
from invitations.particulars import Fact
from invitations.words import isolate

MINUTES_OF_DAY = 24 * 60


def facts(text: bytes, conference: Conference) -> list[Fact]:
    """What the object that begins with the whole of `conference`, or with one date of it, puts into a calendar."""
    entry: Any = icalendar.Calendar.from_ical(text).events[0]
    link = str(entry.get("url", ""))
    found = [
        Fact(_("Topic"), isolate(str(entry["summary"]))),
        Fact(_("When"), _when(entry, conference)),
        Fact(_("Repeats"), words.repeats(conference) if "rrule" in entry else ""),
        Fact(_("Organizer"), _person(entry["organizer"])),
        Fact(_("Invited"), "\n".join(_person(each) for each in _listed(entry.get("attendee")))),
        Fact(_("Link"), link),
        Fact(_("Reminder"), "\n".join(_reminder(alarm) for alarm in entry.walk("VALARM"))),
        Fact(_("What it does"), _removes() if entry.get("status") == "CANCELLED" else ""),
    ]
    return [fact for fact in found if fact.text]


def _when(entry: Any, conference: Conference) -> str:
    start, end = (entry[name].dt for name in ("dtstart", "dtend"))
    return words.when(_aware(start), _aware(end), conference.time_zone)


def _aware(at: datetime) -> datetime:
    """Ours always are (RFC 5545 section 3.3.5, forms 2 and 3)."""
    if at.tzinfo is None:
        raise ValueError(f"{at} is not an instant")
    return at


def _person(address: Any) -> str:
    """Name and address of an ORGANIZER or ATTENDEE."""
    name, bare = str(address.params.get("CN", "")), shown_address(str(address).removeprefix("mailto:"))
    return isolate(f"{name} ({bare})" if name and name != bare else bare)


def _listed(value: Any) -> list[Any]:
    """One property, several, or none, as the library hands them out."""
    return value if isinstance(value, list) else [value] if value else []


def _reminder(alarm: Any) -> str:
    minutes = -int(alarm["trigger"].dt.total_seconds()) // 60
    if minutes and minutes % MINUTES_OF_DAY == 0:
        count = minutes // MINUTES_OF_DAY
        return ngettext("%(count)d day before", "%(count)d days before", count) % {"count": count}
    return ngettext("%(count)d minute before", "%(count)d minutes before", minutes) % {"count": minutes}


def _removes() -> str:
    return _("It takes the entry out of the calendar.")
