"""The second reader: what it lets pass is what was meant, and every damage that would hurt is seen."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conferences.recurrence import parse
from invitations import calendar, itip
from invitations.calendar import Override
from invitations.itip import Attendee, Person
from invitations.second_reader import UnreadableError, check, check_attendee
from tests.invitations.events import event
from tests.invitations.series import anything, whole

ALICE, BOB = Person("Alice", "alice+tag@example.org"), Attendee("Bob", "bob@example.org")
SERIES = event(
    rule=parse("FREQ=WEEKLY;COUNT=5"), known_until=datetime(2027, 5, 1, tzinfo=UTC), sequence=3,
    exdates=(datetime(2027, 3, 15, 10),),
    overrides=(Override(datetime(2027, 3, 8, 10), datetime(2027, 3, 9, 16), timedelta(hours=2), moved_in=3),),
)  # fmt: skip
DAMAGE = [
    (b"METHOD:REQUEST", b"METHOD:PUBLISH"),
    (b"UID:5b0f8a52", b"UID:5b0f8a53"),
    (b"SEQUENCE:3", b"SEQUENCE:2"),
    (b"T100000\r\nDTEND", b"T110000\r\nDTEND"),
    (b"DTEND;TZID=Europe/Berlin:20270301T110000", b"DTEND;TZID=Europe/Berlin:20270301T113000"),
    (b"RECURRENCE-ID;TZID=Europe/Berlin:20270308T100000", b"RECURRENCE-ID;TZID=Europe/Berlin:20270315T100000"),
    (b"DTSTART;TZID=Europe/Berlin:20270309T160000", b"DTSTART;TZID=Europe/Berlin:20270309T170000"),
    (b"mailto:bob@", b"mailto:eve@"),
    (b"mailto:alice+tag@", b"mailto:alice@"),
    (b"PARTSTAT=NEEDS-ACTION", b"PARTSTAT=ACCEPTED"),
    (b"END:VEVENT\r\nEND:VCALENDAR", b"END:VCALENDAR"),
    (b"TZOFFSETTO:+0100", b"TZOFFSETTO:+0200"),
]


def test_what_was_meant_passes() -> None:
    for meant in (event(), SERIES, replace(SERIES, overrides=())):
        check(itip.request(meant, ALICE, [BOB]), "REQUEST", meant, ALICE, [BOB])
        check(itip.cancel(meant, ALICE, BOB), "CANCEL", meant, ALICE, [BOB])


def test_any_series_passes() -> None:
    dice = random.Random(7)
    for _number in range(25):
        meant = whole(anything(dice, ["Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Tokyo", "UTC"]))
        check(itip.request(meant, ALICE, [BOB], longest=17_000), "REQUEST", meant, ALICE, [BOB])
        check(itip.cancel(meant, ALICE, BOB), "CANCEL", meant, ALICE, [BOB])


@pytest.mark.parametrize(("right", "wrong"), DAMAGE, ids=lambda damage: damage[:20].decode())
def test_damage_is_seen(right: bytes, wrong: bytes) -> None:
    text = itip.request(SERIES, ALICE, [BOB])
    assert right in text
    with pytest.raises(UnreadableError):
        check(text.replace(right, wrong), "REQUEST", SERIES, ALICE, [BOB])


def test_another_person_in_it_is_seen() -> None:
    text = itip.request(event(), ALICE, [BOB, Attendee("Eve", "eve@example.org")])
    with pytest.raises(UnreadableError, match="ATTENDEE"):
        check(text, "REQUEST", event(), ALICE, [BOB])


def test_a_series_without_the_whole_is_seen() -> None:
    only = next(each for each in SERIES.entries() if each.original_start)
    text = calendar.serialize(calendar.opening(SERIES.prodid, "REQUEST"), None, [])
    with pytest.raises(UnreadableError):
        check(text, "REQUEST", SERIES, ALICE, [BOB])
    with pytest.raises(UnreadableError):
        check(itip.request(only, ALICE, [BOB]), "REQUEST", SERIES, ALICE, [BOB])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"mailto:bob@", b"mailto:eve@"),
        (b"=ACCEPTED", b"=DECLINED"),
        (b"PARTSTAT=", b"X-P="),
        (b"ATTENDEE", b"ORGANIZER"),
    ],
)
def test_a_line_that_is_filled_in_is_read_as_well(right: bytes, wrong: bytes) -> None:
    line = itip.attendee_line(BOB, "ACCEPTED")
    check_attendee(line, BOB, "ACCEPTED")
    assert right in line
    with pytest.raises(UnreadableError):
        check_attendee(line.replace(right, wrong), BOB, "ACCEPTED")
