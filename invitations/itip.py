"""The calendar object of a letter (RFC 5546): REQUEST, which calendars answer to, and CANCEL. Pure.

Built from the same pieces as the downloaded file, plus who asks whom.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import icalendar
from icalendar.parser import Contentline, Parameters

from invitations import calendar
from invitations.calendar import Event
from invitations.vtimezones import EmbeddedZone

# More occurrences than this that were moved one by one are not told in one letter.
MOST_OVERRIDES = 32
# Bytes of an ATTENDEE line that each object has room for, so that it says the same to all whose line is shorter.
LINE_ROOM = 300


@dataclass(frozen=True, slots=True)
class Person:
    """Name (may be empty) and address (ASCII) of whoever asks."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is asked, and the answer known so far (RFC 5545 section 3.2.12).

    `answered_in` is the sequence of the state that was answered: an occurrence that was moved later is asked anew.
    """

    name: str
    address: str
    partstat: str = "NEEDS-ACTION"
    answered_in: int | None = None

    def partstat_of(self, event: Event) -> str:
        """The answer that counts for `event`, which may be one occurrence of a series."""
        is_answered = event.moved_in <= (self.answered_in or 0)
        return self.partstat if is_answered else "NEEDS-ACTION"


def request(event: Event, organizer: Person, attendees: Sequence[Attendee], *, longest: int | None = None) -> bytes:
    """An invitation or, with a higher sequence, an update. The recipient must be among `attendees`.

    Of a whole series with its overrides, or of one occurrence alone: where only that changed, Outlook refuses an object
    that holds more. With `longest` (bytes) overrides are shortened, and then left out, until it fits or none is left.
    The organizer is left out of the attendees: calendars show no buttons to whoever asked. Raises ValueError when
    nobody else remains (RFC 5546 section 3.2.2).
    """
    embedded = calendar.embedded_zone(event)
    text = b""
    for shorter in _ever_shorter(event):
        text = _request(shorter, embedded, organizer, attendees)
        if not longest or len(text) + _room_left(shorter, attendees) <= longest:
            break
    return text


def _room_left(event: Event, attendees: Sequence[Attendee]) -> int:
    """How many bytes longer it would be if each ATTENDEE line took the room that there is for it."""
    lines = (attendee_line(each, each.partstat_of(entry)) for entry in event.entries() for each in attendees)
    return sum(max(0, LINE_ROOM - len(line)) for line in lines)


def _ever_shorter(event: Event) -> Iterator[Event]:
    """The event; with overrides that say less; with half of them, and so on. The soonest stay.

    What is left out is taken out of the series as well: better no entry for that day than one at a wrong time.
    """
    yield event.with_first(MOST_OVERRIDES)
    number = min(len(event.overrides), MOST_OVERRIDES)
    while number:
        yield replace(event.with_first(number), is_brief=True)
        number //= 2
    if event.overrides:
        yield event.with_first(0)


def _request(event: Event, embedded: EmbeddedZone | None, organizer: Person, attendees: Sequence[Attendee]) -> bytes:
    vevents = (_asking(each, embedded, organizer, attendees) for each in event.entries())
    return calendar.serialize(calendar.opening(event.prodid, "REQUEST"), embedded, vevents)


def _asking(
    event: Event, embedded: EmbeddedZone | None, organizer: Person, attendees: Sequence[Attendee]
) -> icalendar.Event:
    vevent = calendar.entry(event, embedded)
    vevent.add("status", "CONFIRMED")
    _add_people(vevent, event, organizer, attendees)
    return calendar.add_details(vevent, event)


def cancel(event: Event, organizer: Person, attendee: Attendee) -> bytes:
    """Takes the event, or only one occurrence of a series, out of the calendar of `attendee`.

    Times are repeated because the mail shows them; no way in, no rule (RFC 5546 section 3.2.5).
    """
    embedded = calendar.embedded_zone(event)
    vevent = calendar.entry(replace(event, rule=None, exdates=()), embedded)
    # A cancelled status under METHOD:REQUEST would leave the event standing in Outlook.
    vevent.add("status", "CANCELLED")
    _add_people(vevent, event, organizer, [attendee])
    return calendar.serialize(calendar.opening(event.prodid, "CANCEL"), embedded, [vevent])


def _add_people(vevent: icalendar.Event, event: Event, organizer: Person, attendees: Sequence[Attendee]) -> None:
    vevent.add("organizer", mailto(organizer.address), parameters={"CN": _common_name(organizer)})
    others = {attendee.address.lower(): attendee for attendee in attendees}
    others.pop(organizer.address.lower(), None)
    if not others:
        raise ValueError("Nobody but the organizer is asked")
    for attendee in others.values():
        parameters = {
            "CUTYPE": "INDIVIDUAL",
            "ROLE": "REQ-PARTICIPANT",
            "PARTSTAT": attendee.partstat_of(event),
            "RSVP": "TRUE",
            "CN": _common_name(attendee),
        }
        vevent.add("attendee", mailto(attendee.address), parameters=parameters)


def attendee_line(attendee: Attendee, partstat: str) -> bytes:
    """The line that _add_people adds for `attendee`, folded, with the line breaks before and after it."""
    name = Parameters({"CN": _common_name(attendee)}).to_ical().decode()
    said = f"CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={partstat};RSVP=TRUE;{name}"
    line: bytes = Contentline(f"ATTENDEE;{said}:{mailto(attendee.address)}").to_ical()  # type: ignore[no-untyped-call]
    return b"\r\n" + line + b"\r\n"


def mailto(address: str) -> icalendar.vCalAddress:
    """The address as a URI: RFC 6068 section 2 names the characters that may stand as they are."""
    return icalendar.vCalAddress(f"mailto:{quote(address, safe="@!$'*+")}")


def _common_name(person: Person | Attendee) -> str:
    """CN: never empty."""
    return calendar.parameter(person.name) or person.address
