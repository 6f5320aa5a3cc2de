"""The calendar object of a letter (RFC 5546): REQUEST, which calendars answer to, and CANCEL. Pure.

Built from the same pieces as the downloaded file, plus who asks whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import icalendar

from invitations import calendar
from invitations.calendar import Event


@dataclass(frozen=True, slots=True)
class Person:
    """Name (may be empty) and address (ASCII) of whoever asks."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is asked, and the answer known so far (RFC 5545 section 3.2.12)."""

    name: str
    address: str
    partstat: str = "NEEDS-ACTION"


def request(event: Event, organizer: Person, attendees: Sequence[Attendee]) -> bytes:
    """An invitation or, with a higher sequence, an update. The recipient must be among `attendees`.

    The organizer is left out of the attendees: calendars show no buttons to whoever asked. Raises ValueError when
    nobody else remains (RFC 5546 section 3.2.2).
    """
    vevent, vtimezone_text = calendar.entry(event)
    vevent.add("status", "CONFIRMED")
    _add_people(vevent, organizer, attendees)
    calendar.add_details(vevent, event)
    return calendar.serialize(calendar.opening(event.prodid, "REQUEST"), vtimezone_text, vevent)


def cancel(event: Event, organizer: Person, attendee: Attendee) -> bytes:
    """Takes the event out of the calendar of `attendee`. Times are repeated because the mail shows them; no way in."""
    vevent, vtimezone_text = calendar.entry(event)
    # A cancelled status under METHOD:REQUEST would leave the event standing in Outlook.
    vevent.add("status", "CANCELLED")
    _add_people(vevent, organizer, [attendee])
    return calendar.serialize(calendar.opening(event.prodid, "CANCEL"), vtimezone_text, vevent)


def _add_people(vevent: icalendar.Event, organizer: Person, attendees: Sequence[Attendee]) -> None:
    vevent.add("organizer", _mailto(organizer.address), parameters={"CN": _common_name(organizer)})
    others = {attendee.address.lower(): attendee for attendee in attendees}
    others.pop(organizer.address.lower(), None)
    if not others:
        raise ValueError("Nobody but the organizer is asked")
    for attendee in others.values():
        parameters = {
            "CUTYPE": "INDIVIDUAL",
            "ROLE": "REQ-PARTICIPANT",
            "PARTSTAT": attendee.partstat,
            "RSVP": "TRUE",
            "CN": _common_name(attendee),
        }
        vevent.add("attendee", _mailto(attendee.address), parameters=parameters)


def _mailto(address: str) -> icalendar.vCalAddress:
    """The address as a URI: RFC 6068 section 2 names the characters that may stand as they are."""
    return icalendar.vCalAddress(f"mailto:{quote(address, safe="@!$'*+")}")


def _common_name(person: Person | Attendee) -> str:
    """CN: never empty."""
    return calendar.parameter(person.name) or person.address
