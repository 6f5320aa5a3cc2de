"""What calendars say back to an invitation (RFC 5546 section 3.2): REPLY, COUNTER, REFRESH. Pure.

Content lines are read by the icalendar library, and only the lines that matter: its components would keep the zones of
strangers for ever, and expand their rules.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import icalendar
from icalendar.parser import Contentline, Contentlines

from cabinet.text import clean_text, one_line
from invitations.foreign_zones import Moment, embedded, moment
from invitations.mime import Unreadable
from invitations.vtimezones import EmbeddedZone

LONGEST_COMMENT = 500
LONGEST_NAME = 128
LONGEST_UID = 255
LONGEST_LINE = 20_000  # characters; what is longer is cut, for taking a line apart is slow
MOST_LINES = 50  # of one name
MOST_EVENTS = 50
LARGEST_SEQUENCE = 2**31 - 1
ANSWERS = ("ACCEPTED", "TENTATIVE", "DECLINED", "DELEGATED")

_BEGIN, _END = (re.compile(rf"^{word}:VCALENDAR\s*?$", re.IGNORECASE | re.MULTILINE) for word in ("BEGIN", "END"))
_NAME = re.compile("[A-Za-z0-9-]+")
_READ = frozenset(
    "BEGIN END METHOD PRODID UID ATTENDEE SEQUENCE DTSTAMP RECURRENCE-ID COMMENT DESCRIPTION DTSTART DTEND DURATION"
    " X-MS-OLK-ORIGINALSTART TZID TZOFFSETFROM TZOFFSETTO RRULE".split()
)
_ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,189}")
_STARS = re.compile(r"^[ \t]*(?:\*~){3,}.*$", re.MULTILINE)  # Outlook: above it when and where, below it what was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who says something about which event.

    Addresses are as they were written; `name` and `sent_by` may be "". `uid` is to be compared as it is. `stamp`
    (aware) and `sequence` may be missing. `recurrence_id` names one occurrence: an instant (aware), a wall clock in a
    zone that is not known (naive), or a date. `comment` is clean text of at most LONGEST_COMMENT characters.
    """

    uid: str
    attendee: str
    name: str = ""
    sent_by: str = ""
    sequence: int | None = None
    stamp: datetime | None = None
    recurrence_id: Moment | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Said):
    """`partstat` is one of ANSWERS; where it is DELEGATED, `delegated_to` is an address, or "" if that is not said."""

    partstat: str
    delegated_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Said):
    """Another time (aware) is proposed, for as long as before without `ends_at`; `original_start` if it was said."""

    starts_at: datetime
    ends_at: datetime | None = None
    original_start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(Said):
    """Somebody asks for the invitation as it is now."""


@dataclass(slots=True)
class _Component:
    """From BEGIN to END: name -> the lines of that name; the components within."""

    name: str
    lines: dict[str, list[Contentline]] = field(default_factory=dict)
    inner: list["_Component"] = field(default_factory=list)

    def all(self, name: str) -> list["_Component"]:
        return [component for component in self.inner if component.name == name]

    def values(self, name: str) -> list[str]:
        return [line.parts()[2].strip() for line in self.lines.get(name, [])]

    def value(self, name: str) -> str:
        """Of the first line of that name, "" if there is none."""
        return next(iter(self.values(name)), "")

    def parameters(self, name: str) -> dict[str, str]:
        """Of the first line of that name; of a list the first value."""
        line = next(iter(self.lines.get(name, [])), None)
        found = line.parts()[1].items() if line else ()
        return {key.upper(): str(value[0] if isinstance(value, list) else value) for key, value in found}


def method_of(text: str) -> str:
    """The METHOD of a calendar object, "" if it says none. Raises Unreadable."""
    return _calendar(text).value("METHOD").upper()


def read(text: str) -> list[Answer | Counter | Refresh]:
    """What a REPLY, COUNTER or REFRESH says, event by event.

    Answers that are none (NEEDS-ACTION) are left out. Raises Unreadable for other methods and for what is broken.
    """
    calendar = _calendar(text)
    say = {"REPLY": _answer, "COUNTER": _counter, "REFRESH": _refresh}.get(calendar.value("METHOD").upper())
    events = calendar.all("VEVENT")[:MOST_EVENTS]
    if not say or not events:
        raise Unreadable("not an answer of a calendar")
    zones, prodid = _zones(calendar), calendar.value("PRODID")
    said = [each for event in events if (each := say(event, _alike(event, zones, prodid), zones))]
    if len({each.uid for each in said}) > 1:
        raise Unreadable("an answer about several events")
    return said


# LINES


def _calendar(text: str) -> _Component:
    """The first calendar object in `text`, whatever stands before and after it."""
    root = _Component("")
    open_components = [root]
    for name, line in _lines(_cut(text)):
        if name == "BEGIN":
            open_components.append(_Component(line.partition(":")[2].strip().upper()))
        elif name == "END" and len(open_components) > 1:
            closed = open_components.pop()
            open_components[-1].inner.append(closed)
        else:
            lines = open_components[-1].lines.setdefault(name, [])
            lines.extend([line] if len(lines) < MOST_LINES else [])
    if not root.inner:
        raise Unreadable("a calendar object that does not end")
    return root.inner[0]


def _cut(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    begin = _BEGIN.search(text)
    end = _END.search(text, begin.start()) if begin else None
    if not begin or not end:
        raise Unreadable("no whole calendar object")
    return text[begin.start() : end.end()]


def _lines(text: str) -> Iterator[tuple[str, Contentline]]:
    for line in Contentlines.from_ical(text):  # type: ignore[no-untyped-call]
        found = _NAME.match(line)
        if found and (name := found[0].upper()) in _READ:
            yield name, Contentline(line[:LONGEST_LINE])  # type: ignore[no-untyped-call]


def _zones(calendar: _Component) -> dict[str, EmbeddedZone]:
    """The zones that came along, as far as they can be understood."""
    described = {
        zone.value("TZID"): [{name: part.value(name) for name in part.lines} for part in zone.inner]
        for zone in calendar.all("VTIMEZONE")
    }
    found = {tzid: embedded(tzid, observances) for tzid, observances in described.items()}
    return {tzid: zone for tzid, zone in found.items() if zone}


# EVENTS


def _alike(event: _Component, zones: dict[str, EmbeddedZone], prodid: str) -> dict[str, Any]:
    """What all methods say: the fields of Said. Raises Unreadable unless it is one person about one event."""
    uid, attendee = event.value("UID"), _address(event.value("ATTENDEE"))
    is_id = uid and uid.isprintable() and len(uid) <= LONGEST_UID
    if not is_id or not attendee or len(event.lines["ATTENDEE"]) != 1:
        raise Unreadable("not of one person about one event")
    parameters = event.parameters("ATTENDEE")
    return {
        "uid": uid,
        "attendee": attendee,
        "name": one_line(parameters.get("CN", ""))[:LONGEST_NAME],
        "sent_by": _address(parameters.get("SENT-BY", "")),
        "sequence": _number(event.value("SEQUENCE")),
        "stamp": _instant(event, "DTSTAMP", zones),
        "recurrence_id": _moment(event, "RECURRENCE-ID", zones),
        "comment": _comment(event, parameters.get("X-RESPONSE-COMMENT", ""), prodid),
    }


def _answer(event: _Component, alike: dict[str, Any], _zones: dict[str, EmbeddedZone]) -> Answer | None:
    parameters = event.parameters("ATTENDEE")
    partstat = parameters.get("PARTSTAT", "").upper()
    if partstat not in ANSWERS:
        return None
    return Answer(**alike, partstat=partstat, delegated_to=_address(parameters.get("DELEGATED-TO", "")))


def _counter(event: _Component, alike: dict[str, Any], zones: dict[str, EmbeddedZone]) -> Counter:
    starts_at, ends_at = _instant(event, "DTSTART", zones), _instant(event, "DTEND", zones)
    if not starts_at:
        raise Unreadable("the proposed time cannot be read")
    if not ends_at and event.value("DURATION"):
        ends_at = starts_at + icalendar.vDuration.from_ical(event.value("DURATION"))  # type: ignore[no-untyped-call]
    original = _instant(event, "X-MS-OLK-ORIGINALSTART", zones)
    return Counter(**alike, starts_at=starts_at, ends_at=ends_at, original_start=original)


def _refresh(_event: _Component, alike: dict[str, Any], _zones: dict[str, EmbeddedZone]) -> Refresh:
    return Refresh(**alike)


def _comment(event: _Component, of_google: str, prodid: str) -> str:
    """COMMENT, or what stands instead of it; a DESCRIPTION is a comment from Exchange only, else ours come back."""
    said = [*event.values("COMMENT"), of_google]
    if "MICROSOFT" in prodid.upper() and not any(said):
        said = [_STARS.split(event.value("DESCRIPTION"))[-1]]
    return "\n".join(dict.fromkeys(filter(None, map(clean_text, said))))[:LONGEST_COMMENT].strip()


# VALUES


def _moment(event: _Component, name: str, zones: dict[str, EmbeddedZone]) -> Moment | None:
    """None where it is not said. Raises Unreadable."""
    if not event.value(name):
        return None
    try:
        return moment(event.value(name), event.parameters(name).get("TZID", ""), zones)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{name}: {error}") from error


def _instant(event: _Component, name: str, zones: dict[str, EmbeddedZone]) -> datetime | None:
    """An aware time, or None where nothing is said that would be one."""
    try:
        found = _moment(event, name, zones)
    except Unreadable:
        return None
    return found if isinstance(found, datetime) and found.tzinfo else None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,10}", text) and int(text) <= LARGEST_SEQUENCE else None


def _address(uri: str) -> str:
    """The address of a mailto: URI in any case, or of one without a scheme; "" if it is none."""
    text = unquote(re.sub("^mailto:", "", uri.strip(), flags=re.IGNORECASE)).strip()
    return text if _ADDRESS.fullmatch(text) and text.isprintable() else ""
