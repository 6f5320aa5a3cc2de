"""What somebody else's reader makes of a calendar object, before it may leave. Pure.

The icalendar library writes our objects; vobject, which shares no code with it, reads them back. What is compared is
what decides where an entry lands in a calendar, and whose it is. No rule is expanded here.
"""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import vobject
from vobject.base import textLineToContentLine
from vobject.icalendar import VTimezone, registerTzid

from invitations.calendar import Event
from invitations.itip import Attendee, Person, mailto

_zones = Lock()  # of which vobject has one list for all threads


class UnreadableError(Exception):
    """The object does not say what was meant; it must not leave."""


def check(text: bytes, method: str, event: Event, organizer: Person, attendees: Sequence[Attendee]) -> None:
    """UnreadableError unless `text` reads as an object of that method about `event`, between these people.

    Overrides of a series may have been left out of it; the reader's line, the first of `attendees`, never.
    """
    try:
        found = _read(text.decode())
        entries = {_original_start(vevent): vevent for vevent in found.vevent_list}
        _agree("METHOD", found.method.value, method)
        _agree("entries", len(entries), len(found.vevent_list))
        meant = {each.original_start: each for each in event.entries()}
        for original_start, vevent in entries.items():
            _compare(vevent, meant[original_start], organizer, attendees)
        _agree("the whole", event.original_start in entries, True)
    except UnreadableError:
        raise
    except Exception as error:  # whatever a reader stumbles over
        raise UnreadableError(f"{type(error).__name__}: {error}") from error


def check_attendee(line: bytes, attendee: Attendee, partstat: str) -> None:
    """UnreadableError unless `line`, folded or not, reads as that person with that answer and nothing else.

    For an object that was checked as a whole, and into which nothing but this line is put.
    """
    try:
        found = textLineToContentLine(line.decode().strip().replace("\r\n ", ""))
        said = found.name, found.value, found.params["PARTSTAT"], found.params["RSVP"]
        _agree("the line", said, ("ATTENDEE", mailto(attendee.address), [partstat], ["TRUE"]))
    except UnreadableError:
        raise
    except Exception as error:  # as above
        raise UnreadableError(f"{type(error).__name__}: {error}") from error


def _read(text: str) -> Any:
    """The object with the zone that it carries: vobject by itself keeps the first one that it ever met of a name."""
    found = vobject.readOne(text, transform=False)
    with _zones:
        for zone in found.contents.get("vtimezone", []):
            registerTzid(zone.tzid.value, VTimezone.transformToNative(zone).tzinfo)
        found.transformChildrenToNative()
    return found


def _compare(vevent: Any, event: Event, organizer: Person, attendees: Sequence[Attendee]) -> None:
    _agree("UID", vevent.uid.value, event.uid)
    _agree("SEQUENCE", int(vevent.sequence.value), event.sequence)
    _agree("ORGANIZER", vevent.organizer.value, mailto(organizer.address))
    asked = {line.value: line.params["PARTSTAT"] for line in vevent.attendee_list}
    meant = {mailto(each.address): [each.partstat_of(event)] for each in attendees}
    _agree("ATTENDEE", asked, {address: meant.get(address) for address in asked})
    _agree("the reader", mailto(attendees[0].address) in asked, True)
    _agree_on_times(vevent.dtstart.value, vevent.dtend.value, event)


def _agree_on_times(start: datetime, end: datetime, event: Event) -> None:
    """A single date is an instant; a series begins and ends on the clock of its zone, whatever that is taken for."""
    if event.rule is None:
        _agree("DTSTART and DTEND", (start, end), (event.starts_at, event.ends_at))
        return
    begins = start == event.starts_at or start.replace(tzinfo=None) == event.start
    lasts = end == event.ends_at or end.replace(tzinfo=None) - start.replace(tzinfo=None) == event.duration
    _agree("DTSTART and DTEND of the series", (begins, lasts), (True, True))


def _original_start(vevent: Any) -> datetime | None:
    """RECURRENCE-ID on the clock of the series."""
    found = getattr(vevent, "recurrence_id", None)
    return found.value.replace(tzinfo=None) if found else None


def _agree(what: str, found: object, meant: object) -> None:
    if found != meant:
        raise UnreadableError(f"{what}: {found!r} instead of {meant!r}")
