"""The calendar object of a letter: who asks whom, and taking it back."""

import pytest
import vobject
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from invitations import itip
from invitations.itip import Attendee, Person
from tests.invitations.events import DATA, EVENT, HOSTILE, LINK, event, lines, names, read, value
from tests.peers.reader import ical_js

ANNA = Person("Anna Ivanova", "rsvp+7kq2m9@cabinet.example.org")
BOB = Attendee("Bob Brown", "bob@example.net")
CHARLIE = Attendee("", "charlie@example.net", "ACCEPTED")
UPDATE = event(sequence=1, summary="Обсуждение бюджета, осень")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("request", itip.request(EVENT, ANNA, [BOB])),
        ("request-update", itip.request(UPDATE, Person("Анна «Нюта» Иванова", ANNA.address), [BOB, CHARLIE])),
        ("cancel", itip.cancel(event(sequence=2), ANNA, BOB)),
    ],
)
def test_objects_are_to_the_octet_those_on_record(name: str, written: bytes) -> None:
    assert written == (DATA / f"{name}.ics").read_bytes()


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_method_stands_before_all_components(method: str) -> None:
    text = itip.request(EVENT, ANNA, [BOB]) if method == "REQUEST" else itip.cancel(EVENT, ANNA, BOB)

    assert lines(text)[3:5] == [f"METHOD:{method}", "BEGIN:VTIMEZONE"]
    assert names(text).count("METHOD") == names(text).count("ORGANIZER") == names(text).count("SEQUENCE") == 1


def test_request_names_the_organizer_and_asks_for_an_answer() -> None:
    text = itip.request(EVENT, ANNA, [BOB])

    assert value(text, "ORGANIZER") == f';CN="Anna Ivanova":mailto:{ANNA.address}'
    assert value(text, "ATTENDEE") == (
        ';CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN="Bob Brown":mailto:bob@example.net'
    )
    assert value(text, "STATUS") == ":CONFIRMED"
    assert LINK in value(text, "LOCATION")


def test_request_keeps_answers_already_given() -> None:
    text = itip.request(UPDATE, ANNA, [BOB, CHARLIE])

    attendees = read(text)["attendee"]
    assert [attendee.params["PARTSTAT"] for attendee in attendees] == ["NEEDS-ACTION", "ACCEPTED"]
    assert value(text, "SEQUENCE") == ":1"


def test_nobody_is_asked_twice_nor_the_organizer_at_all() -> None:
    twice = Attendee("Bob again", "BOB@example.net")
    herself = Attendee("Anna", ANNA.address.upper())
    text = itip.request(EVENT, ANNA, [BOB, herself, twice])

    assert value(text, "ATTENDEE").endswith(":mailto:BOB@example.net")
    with pytest.raises(ValueError, match="organizer"):
        itip.request(EVENT, ANNA, [herself])
    with pytest.raises(ValueError, match="organizer"):
        itip.request(EVENT, ANNA, [])


def test_cancel_repeats_the_time_but_gives_no_way_in() -> None:
    text = itip.cancel(event(sequence=2), ANNA, BOB)

    assert lines(text)[lines(text).index("BEGIN:VEVENT") :] == [
        "BEGIN:VEVENT",
        f"UID:{EVENT.uid}",
        "DTSTAMP:20261122T120000Z",
        "DTSTART;TZID=Europe/Berlin:20270301T100000",
        "DTEND;TZID=Europe/Berlin:20270301T110000",
        "SEQUENCE:2",
        "SUMMARY:Budget\\; review\\, “autumn”",
        "STATUS:CANCELLED",
        f"ORGANIZER{value(text, 'ORGANIZER')}",
        f"ATTENDEE{value(text, 'ATTENDEE')}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_request_and_cancel_speak_of_the_same_event() -> None:
    asked, cancelled = ical_js([itip.request(EVENT, ANNA, [BOB]), itip.cancel(event(sequence=2), ANNA, BOB)])

    same = ("uid", "summary", "start", "end", "organizer", "attendees")
    assert {key: asked[key] for key in same} == {key: cancelled[key] for key in same}
    assert asked["attendees"] == [["mailto:bob@example.net", "Bob Brown"]]
    assert (asked["method"], asked["sequence"], cancelled["method"], cancelled["sequence"]) == (
        "REQUEST",
        0,
        "CANCEL",
        2,
    )


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("bob+tag@example.net", "bob+tag@example.net"),
        ("o'neil@xn--bcher-kva.example", "o'neil@xn--bcher-kva.example"),
        ("50%off@example.net", "50%25off@example.net"),
        ("who?subject=x&y@example.net", "who%3Fsubject%3Dx%26y@example.net"),
        ("x\r\nMETHOD:CANCEL@example.net", "x%0D%0AMETHOD%3ACANCEL@example.net"),
    ],
)
def test_addresses_are_uris(address: str, written: str) -> None:
    assert value(itip.request(EVENT, ANNA, [Attendee("", address)]), "ATTENDEE").endswith(f":mailto:{written}")


@given(organizer=HOSTILE, guest=HOSTILE)
@example(organizer="DOMAIN\\", guest="\\")
def test_no_name_makes_a_line_or_a_parameter_of_its_own(organizer: str, guest: str) -> None:
    text = itip.request(EVENT, Person(organizer, ANNA.address), [Attendee(guest, BOB.address)])

    assert names(text) == names(itip.request(EVENT, ANNA, [BOB]))
    vevent = read(text)
    assert set(vevent["organizer"].params) == {"CN"}
    assert set(vevent["attendee"].params) == {"CN", "CUTYPE", "PARTSTAT", "ROLE", "RSVP"}
    assert vevent["attendee"].params["CN"]


@settings(max_examples=3, deadline=None, phases=[Phase.generate])  # a process each, so no shrinking
@given(st.lists(HOSTILE, min_size=20, max_size=20))
def test_three_readers_read_the_same_names_and_addresses(texts: list[str]) -> None:
    written = [itip.request(EVENT, ANNA, [Attendee(text, BOB.address)]) for text in texts]

    for text, by_js in zip(written, ical_js(written), strict=True):
        attendee = read(text)["attendee"]
        assert by_js["attendees"] == [[f"mailto:{BOB.address}", attendee.params["CN"]]]
        assert vobject.readOne(text.decode()).vevent.attendee.value == f"mailto:{BOB.address}"
