"""Every object that leaves the house is taken by a CalDAV server, which gives it back as it was."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icalendar
import pytest

from conferences import times
from invitations import calendar, itip
from invitations.itip import Attendee, Person
from tests.invitations.events import DATA
from tests.invitations.series import anything, by_libical, spans, whole
from tests.peers import caldav

ANNA = Person("Anna Ivanova", "rsvp+7kq2m9@cabinet.example.org")
BOB = Attendee("Bob Brown", "bob@example.net")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with caldav.radicale(tmp_path_factory.mktemp("radicale")) as port:
        yield port


def starts(text: bytes) -> list[Any]:
    events: Any = icalendar.Calendar.from_ical(text).events
    return [event["dtstart"].dt for event in events]


@pytest.mark.parametrize("path", sorted(DATA.glob("*.ics")), ids=lambda path: path.stem)
def test_every_object_on_record_is_accepted(server: int, path: Path) -> None:
    status, given_back = caldav.put(server, path.stem, path.read_bytes())

    assert status == 201
    assert starts(given_back) == starts(path.read_bytes())


def test_series_by_all_kinds_of_rules_are_accepted_and_keep_their_dates(server: int) -> None:
    dice = random.Random(7)
    for number in range(15):
        rows = anything(dice, times.zone_names())
        for name, text in (
            ("file", calendar.download(whole(rows))),
            ("letter", itip.request(whole(rows), ANNA, [BOB])),
        ):
            status, given_back = caldav.put(server, f"{name}-{number}", text)
            assert status == 201, text.decode()
            assert by_libical(given_back.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r")) == by_libical(text)
        assert set(spans(rows)) & set(by_libical(text))


def test_the_server_is_one_that_refuses(server: int) -> None:
    broken = (DATA / "series.ics").read_bytes().replace(b"RRULE:FREQ=WEEKLY", b"RRULE:FREQ=OFTEN")
    status, _answer = caldav.put(server, "broken", broken)

    assert status == 400
