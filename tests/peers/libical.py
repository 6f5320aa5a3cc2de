"""What libical, which Evolution, KOrganizer and many servers read calendars with, understands of our objects."""

import ctypes
import re
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_void_p
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

VEVENT = b"VEVENT"
FIRST, LAST = 0, 2**32  # 1970 to 2106


class IcalTime(Structure):
    """struct icaltimetype of libical 3."""

    _fields_ = [
        *((name, c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")),
        ("zone", c_void_p),
    ]


class IcalSpan(Structure):
    """struct icaltime_span: seconds since 1970."""

    _fields_ = [("start", ctypes.c_long), ("end", ctypes.c_long), ("is_busy", c_int)]


CALLBACK = CFUNCTYPE(None, c_void_p, POINTER(IcalSpan), c_void_p)


@cache
def library() -> Any:
    """The library with its signatures. Fails by name where the package is missing."""
    try:
        lib = ctypes.CDLL("libical.so.3")
    except OSError:
        pytest.fail("The peer libical is missing: apt-get install libical3", pytrace=False)
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "icalparser_parse_string": (c_void_p, [c_char_p]),
        "icalcomponent_string_to_kind": (c_int, [c_char_p]),
        "icalcomponent_get_first_component": (c_void_p, [c_void_p, c_int]),
        "icalcomponent_get_next_component": (c_void_p, [c_void_p, c_int]),
        "icalcomponent_get_uid": (c_char_p, [c_void_p]),
        "icalcomponent_get_dtstart": (IcalTime, [c_void_p]),
        "icalcomponent_get_dtend": (IcalTime, [c_void_p]),
        "icalproperty_string_to_kind": (c_int, [c_char_p]),
        "icalcomponent_get_first_property": (c_void_p, [c_void_p, c_int]),
        "icalcomponent_get_next_property": (c_void_p, [c_void_p, c_int]),
        "icalproperty_get_datetime_with_component": (IcalTime, [c_void_p, c_void_p]),
        "icalcomponent_count_errors": (c_int, [c_void_p]),
        "icalcomponent_foreach_recurrence": (None, [c_void_p, IcalTime, IcalTime, CALLBACK, c_void_p]),
        "icalcomponent_free": (None, [c_void_p]),
        "icalrestriction_check": (c_int, [c_void_p]),
        "icaltime_as_timet_with_zone": (ctypes.c_long, [IcalTime, c_void_p]),
        "icaltime_from_timet_with_zone": (IcalTime, [ctypes.c_long, c_int, c_void_p]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def occurrences(text: bytes, most: int = 400) -> dict[str, list[tuple[datetime, datetime]]]:
    """Start and end of every occurrence of every event by its UID, sorted; at most so many of one event.

    Fails where libical finds a mistake in the object.
    """
    lib = library()
    # A zone whose name libical knows is taken from its own, perhaps older, data: under another name from the object.
    calendar = lib.icalparser_parse_string(re.sub(rb"TZID([=:])", rb"TZID\1X-", text))
    assert calendar, text.decode()
    assert lib.icalrestriction_check(calendar), text.decode()
    assert lib.icalcomponent_count_errors(calendar) == 0, text.decode()
    kind, found = lib.icalcomponent_string_to_kind(VEVENT), list[Any]()
    vevent = lib.icalcomponent_get_first_component(calendar, kind)
    while vevent:
        found.append(vevent)
        vevent = lib.icalcomponent_get_next_component(calendar, kind)
    read: dict[str, dict[int, tuple[int, int]]] = {}
    for vevent in sorted(found, key=_recurrence_id):
        _add(read.setdefault(lib.icalcomponent_get_uid(vevent).decode(), {}), vevent, most)
    lib.icalcomponent_free(calendar)
    return {
        uid: sorted({(_instant(start), _instant(end)) for start, end in spans.values()}) for uid, spans in read.items()
    }


def _add(spans: dict[int, tuple[int, int]], vevent: Any, most: int) -> None:
    """All that a master has, or the one that an override puts in the place of another."""
    lib = library()
    if original := _recurrence_id(vevent):
        spans[original] = (
            _seconds(lib.icalcomponent_get_dtstart(vevent)),
            _seconds(lib.icalcomponent_get_dtend(vevent)),
        )
        return

    cancelled = set(_times(vevent, b"EXDATE"))

    def take(_vevent: Any, span: Any, _data: Any) -> None:
        if len(spans) < most and span.contents.start not in cancelled:
            spans[span.contents.start] = (span.contents.start, span.contents.end)

    stretch = [lib.icaltime_from_timet_with_zone(seconds, 0, None) for seconds in (FIRST, LAST)]
    lib.icalcomponent_foreach_recurrence(vevent, *stretch, CALLBACK(take), None)


def _recurrence_id(vevent: Any) -> int:
    """Seconds since 1970, 0 for a master."""
    return next(_times(vevent, b"RECURRENCE-ID"), 0)


def _times(vevent: Any, name: bytes) -> Iterator[int]:
    """All properties of a name; what libical itself does with these leaves their zones to its callers."""
    lib = library()
    kind = lib.icalproperty_string_to_kind(name)
    found = lib.icalcomponent_get_first_property(vevent, kind)
    while found:
        yield _seconds(lib.icalproperty_get_datetime_with_component(found, vevent))
        found = lib.icalcomponent_get_next_property(vevent, kind)


def _seconds(when: IcalTime) -> int:
    return int(library().icaltime_as_timet_with_zone(when, when.zone))


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
