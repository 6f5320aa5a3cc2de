"""The conference that the tests of calendar objects write down, and how to look at what was written."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
from hypothesis import strategies as st

from invitations.calendar import Event

DATA = Path(__file__).parent.parent / "data"
LINK = "https://cabinet.example.org/join/k7wq2mzr5tdvh3xn6jb4ycfgae/"
EVENT = Event(
    uid="5b0f8a52-3f2b-4c1d-9a77-0c5e2b6d9f10@cabinet.example.org",
    sequence=0,
    stamp=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    created=datetime(2026, 11, 20, 8, 15, tzinfo=UTC),
    changed=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    start=datetime(2027, 3, 1, 10, 0),
    zone="Europe/Berlin",
    duration=timedelta(hours=1),
    summary="Budget; review, “autumn”",
    description=f"Bring the figures of Q3.\n\nJoin:\n{LINK}\n\nPassword: harbour42",
    link=LINK,
    prodid="-//Personal Cabinet//Personal Cabinet 1.0//EN",
)

# Text as an attacker or an accident would have it: every character that means something to some reader.
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\r\n\t\0\x07\x0b\x0c\x1b\x85\u2028\u2029\ufeff\ud800\u202e\\;:,\"^'=%+&?#<>"),
        st.sampled_from("aÄёЖ漢字한😀\U0001f468\u200d\U0001f469\U0001f3fd\u0301\u00a0"),
        st.characters(),
    ),
    max_size=120,
) | st.sampled_from(
    [
        "x\r\nATTENDEE:mailto:eve@example.org",
        "x\nEND:VEVENT\nBEGIN:VEVENT\nMETHOD:CANCEL",
        'x";X-EVIL=1:mailto:eve@example.org',
        "x\u2028ATTACH:https://evil.example/",
        "\\n\\\\n;",
        " leading and trailing ",
        "Ж" * 200,
        "👩‍👩‍👧‍👦" * 20,
        "",
    ]
)


def event(**fields: Any) -> Event:
    """EVENT with other `fields`."""
    return replace(EVENT, **fields)


def lines(text: bytes) -> list[str]:
    """The unfolded content lines; fails on what RFC 5545 section 3.1 forbids."""
    assert text.endswith(b"\r\n")
    physical = text[:-2].split(b"\r\n")
    for line in physical:
        line.decode()  # folded between characters, not within one
        assert 1 <= len(line) <= 75
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
    return text.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def names(text: bytes) -> list[str]:
    """The name of every line, in order; of BEGIN and END with the component."""
    return [
        line if line.startswith(("BEGIN:", "END:")) else re.split("[;:]", line, maxsplit=1)[0] for line in lines(text)
    ]


def value(text: bytes, name: str) -> str:
    """The one line with this name, without the name."""
    (found,) = (line for line in lines(text) if re.split("[;:]", line, maxsplit=1)[0] == name)
    return found.removeprefix(name)


def read(text: bytes) -> Any:
    """The VEVENT as icalendar reads it."""
    return icalendar.Calendar.from_ical(text).events[0]
