"""Series as calendar objects, read by ical.js, libical and vobject to the same instants as our occurrences."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conferences import times
from conferences.models import Occurrence
from invitations import calendar, entries, itip, vtimezones
from invitations.calendar import Event
from invitations.itip import Attendee, Person
from tests.invitations.events import DATA, lines, names
from tests.invitations.series import (
    NOW,
    STAMP,
    UID,
    anything,
    by_js,
    by_libical,
    by_vobject,
    move,
    series,
    spans,
    whole,
)  # fmt: skip
from tests.peers.reader import ical_js

ANNA = Person("Anna Ivanova", "rsvp+7kq2m9@cabinet.example.org")
BOB = Attendee("Bob Brown", "bob@example.net", "ACCEPTED", answered_in=1)
# T06: what may stand in an object at all.
ALLOWED = {
    "METHOD", "UID", "SEQUENCE", "DTSTAMP", "CREATED", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION",
    "LOCATION", "URL", "CONFERENCE", "ORGANIZER", "ATTENDEE", "RRULE", "EXDATE", "RECURRENCE-ID", "STATUS", "VERSION",
    "PRODID", "ACTION", "TRIGGER", "TZID", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO",
}  # fmt: skip


def weekly(**fields: Any) -> list[Occurrence]:
    """Eight Mondays over the spring change in Berlin; the third is moved, the fifth cancelled."""
    rows = series(datetime(2027, 3, 1, 10), "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270419", **fields)
    move(rows[2], datetime(2027, 3, 16, 15, 30), timedelta(hours=2))
    rows[4].cancelled_at = NOW
    return rows


def moved_weekly() -> Event:
    """The third was moved by the change that made the fourth state, the fifth was cancelled by the next one."""
    return replace(whole(weekly(), {date(2027, 3, 15): 3}), sequence=4)


def third(event: Event) -> Event:
    """Only the moved one."""
    return list(event.entries())[1]


def properties(text: bytes, name: str) -> list[str]:
    return [line for line in lines(text) if line.split(":")[0].split(";")[0] == name]


def vevents(text: bytes) -> list[list[str]]:
    """The lines of each VEVENT."""
    parts = "\n".join(lines(text)).split("BEGIN:VEVENT\n")[1:]
    return [part.partition("\nEND:VEVENT")[0].split("\n") for part in parts]


# WHAT IS IN THE OBJECTS


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("series", lambda: calendar.download(moved_weekly())),
        ("series-request", lambda: itip.request(moved_weekly(), ANNA, [BOB])),
        ("series-moved", lambda: itip.request(third(moved_weekly()), ANNA, [BOB])),
        ("series-cancel", lambda: itip.cancel(replace(moved_weekly(), sequence=5), ANNA, BOB)),
        ("series-cancel-one", lambda: itip.cancel(replace(third(moved_weekly()), sequence=5), ANNA, BOB)),
        # No simple rule of the zone, no end, and the last of them is over before UNTIL.
        ("series-jerusalem", lambda: calendar.download(whole(series(datetime(2027, 3, 1, 10), "FREQ=MONTHLY;BYDAY=1MO",
                                                                    zone="Asia/Jerusalem")))),
    ],
)  # fmt: skip
def test_objects_are_to_the_octet_those_on_record(name: str, write: Callable[[], bytes]) -> None:
    assert write() == (DATA / f"{name}.ics").read_bytes()


def test_a_series_holds_only_allowed_lines() -> None:
    for text in (calendar.download(moved_weekly()), itip.request(moved_weekly(), ANNA, [BOB])):
        assert {name for name in names(text) if ":" not in name} <= ALLOWED


def test_the_end_of_a_rule_is_an_instant_at_the_end_of_the_last_day() -> None:
    """Also where that is another day in UTC, and where clocks change on that day."""
    for zone, until in (
        ("Europe/Berlin", "20270419T215959Z"),
        ("America/New_York", "20270420T035959Z"),
        ("Pacific/Auckland", "20270419T115959Z"),
    ):
        text = calendar.download(whole(weekly(zone=zone)))
        assert properties(text, "RRULE")[-1] == f"RRULE:FREQ=WEEKLY;UNTIL={until};BYDAY=MO"


def test_the_last_day_is_met_and_the_next_one_is_not() -> None:
    zones = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Asia/Beirut")
    samples = [
        series(
            datetime.fromisoformat(f"2027-10-25T{clock}"), "FREQ=DAILY;UNTIL=20271031", zone=zone,
            duration=timedelta(minutes=10),
        )
        for zone, clock in product(zones, ("00:00", "00:30", "12:00", "23:45"))
    ]  # fmt: skip
    written = [calendar.download(whole(rows)) for rows in samples]
    for rows, text, read in zip(samples, written, ical_js(written), strict=True):
        assert by_js(read) == by_libical(text) == spans(rows)
        assert by_vobject(text) == [start for start, _end in spans(rows)]


def test_a_number_of_times_stays_a_number() -> None:
    text = calendar.download(whole(series(datetime(2027, 3, 1, 10), "FREQ=DAILY;COUNT=366")))

    assert properties(text, "RRULE")[-1] == "RRULE:FREQ=DAILY;COUNT=366"


def test_each_cancelled_date_has_a_line_of_its_own_in_the_form_of_the_start() -> None:
    rows = weekly()
    rows[5].cancelled_at = NOW

    assert properties(calendar.download(whole(rows)), "EXDATE") == [
        "EXDATE;TZID=Europe/Berlin:20270329T100000",
        "EXDATE;TZID=Europe/Berlin:20270405T100000",
    ]


def test_the_start_is_the_first_occurrence_even_if_it_was_scheduled_for_another_day() -> None:
    rows = series(datetime(2027, 3, 2, 10), "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3")
    text = calendar.download(whole(rows))

    assert properties(text, "DTSTART")[-1] == "DTSTART;TZID=Europe/Berlin:20270303T100000"
    assert by_js(ical_js([text])[0]) == spans(rows)


def test_a_moved_one_names_where_the_rule_has_it_in_the_form_of_the_series() -> None:
    """Even if its own time has to be written in UTC: the hour comes twice."""
    rows = series(datetime(2027, 10, 25, 10), "FREQ=WEEKLY;COUNT=2")
    move(rows[0], datetime(2027, 10, 31, 2, 30))
    master, override = vevents(calendar.download(whole(rows)))

    assert override[2:5] == [
        "RECURRENCE-ID;TZID=Europe/Berlin:20271025T100000", "DTSTART:20271031T003000Z", "DTEND:20271031T013000Z",
    ]  # fmt: skip
    assert not [line for line in override if line.startswith("RRULE")]
    assert override[0] == master[0] == f"UID:{UID}"


def test_a_series_in_utc_is_written_in_utc() -> None:
    text = calendar.download(whole(weekly(zone="UTC")))

    assert b"VTIMEZONE" not in text
    assert properties(text, "DTSTART") == ["DTSTART:20270301T100000Z", "DTSTART:20270316T153000Z"]
    assert properties(text, "EXDATE") == ["EXDATE:20270329T100000Z"]
    assert properties(text, "RECURRENCE-ID") == ["RECURRENCE-ID:20270315T100000Z"]


# READ BACK


def assert_read_alike(samples: list[list[Occurrence]]) -> None:
    """All three readers find all that is stored, and nothing else until the last of it."""
    written = [calendar.download(whole(rows)) for rows in samples]
    for rows, text, read in zip(samples, written, ical_js(written), strict=True):
        event, last = whole(rows), max(row.starts_at for row in rows)
        about = (rows[0].conference.rule, rows[0].conference.wall_start, rows[0].conference.time_zone)
        misread = {row.starts_at for row in rows if not row.moved and entries.is_misread(event, row)}
        assert not misread or vtimezones.exact(event.zone, event.starts_at, last) is None, about
        # An hour off, if not read right.
        off = {at + timedelta(hours=hours) for at in misread for hours in (-1, 0, 1)}
        ours = [span for span in spans(rows) if span[0] not in off]
        for found in (by_js(read), by_libical(text)):
            assert [span for span in found if span[0] <= last and span[0] not in off] == ours, about
        assert [at for at in by_vobject(text) if at <= last and at not in off] == [at for at, _end in ours], about


@pytest.mark.parametrize("seed", range(5))
def test_three_readers_read_the_instants_of_our_occurrences(seed: int) -> None:
    """Forty rules in as many zones, over all clock changes, some moved, some cancelled.

    But for those in zones without a simple rule that `is_misread` names.
    """
    dice = random.Random(seed)
    assert_read_alike([anything(dice, times.zone_names()) for _sample in range(40)])


def test_nights_in_which_clocks_change_are_read_alike() -> None:
    """Also where the first occurrence is in such a night, from which readers take how long all of them are."""
    nights = product(("03-26", "03-27", "10-29", "10-30", "10-31"), ("01:30", "02:00", "02:30", "03:00"), (1, 3, 24))
    assert_read_alike(
        [
            series(datetime.fromisoformat(f"2027-{day}T{clock}"), "FREQ=DAILY;COUNT=5", duration=timedelta(hours=hours))
            for day, clock, hours in nights
        ]
    )


def test_only_what_readers_would_misread_is_told_by_itself() -> None:
    day = series(datetime(2027, 3, 26, 10), "FREQ=DAILY;COUNT=5")
    night = series(datetime(2027, 3, 26, 2, 30), "FREQ=DAILY;COUNT=5")

    assert whole(day).overrides == ()
    assert [override.original_start for override in whole(night).overrides] == [datetime(2027, 3, 28, 2, 30)]


# ZONES


def test_every_zone_is_right_in_the_first_year_of_a_series() -> None:
    """But for two whose next year has no shape: one change in Cuba, where it is a day, and Ramadan in Gaza."""
    wrong: dict[str, timedelta] = {}
    for zone in times.zone_names():
        since = datetime(2026, 12, 1, tzinfo=UTC)
        embedded = calendar.series_zone(zone, since, since + timedelta(days=730))
        if embedded:
            off = sum(vtimezones.times_off(embedded, since, since + timedelta(days=365)), timedelta())
            wrong |= {zone: off} if off else {}
    assert set(wrong) <= {"America/Havana"}
    assert max(wrong.values(), default=timedelta()) <= timedelta(days=7)


def test_a_zone_without_a_rule_stays_local_and_says_when_it_is_misread() -> None:
    """Jerusalem goes to summer time on the Friday before the last Sunday of March: not always the fourth one."""
    rows = series(datetime(2027, 3, 1, 10), "FREQ=DAILY;INTERVAL=1;UNTIL=20280225", zone="Asia/Jerusalem")
    assert not [row for row in rows if entries.is_misread(whole(rows), row)]

    late = series(datetime(2028, 6, 1, 10), "FREQ=WEEKLY;UNTIL=20310601", zone="Asia/Jerusalem")
    event = whole(late)
    misread = [row for row in late if entries.is_misread(event, row)]
    read = by_js(ical_js([calendar.download(event)])[0])
    assert properties(calendar.download(event), "DTSTART")[-1] == "DTSTART;TZID=Asia/Jerusalem:20280601T100000"
    assert misread
    assert set(read) ^ set(spans(late)) >= {(row.starts_at, row.ends_at) for row in misread}
    assert len(set(spans(late)) - set(read)) == len(misread)


def test_a_fitted_zone_has_the_one_shape_that_outlook_reads() -> None:
    for zone in times.zone_names():
        if zone != "UTC":
            text = vtimezones.fitted(zone, datetime(2027, 5, 1, tzinfo=UTC)).text
            assert text.count(b"BEGIN:STANDARD") == 1
            assert text.count(b"BEGIN:DAYLIGHT") <= 1
            assert text.count(b"RRULE:FREQ=YEARLY;") in {0, 2}
            assert b"RDATE" not in text


def test_what_a_zone_says_of_an_hour_is_what_zoneinfo_says() -> None:
    embedded = vtimezones.exact("Europe/Berlin", NOW, NOW)
    assert embedded
    assert embedded.instants(datetime(2027, 3, 28, 2, 30)) == set()
    assert len(embedded.instants(datetime(2027, 10, 31, 2, 30))) == 2
    for day in range(400):
        at = datetime(2027, 1, 1, 9, tzinfo=UTC) + timedelta(days=day)
        wall = at.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
        assert embedded.says(wall, at)
        assert not embedded.says(wall, at + timedelta(hours=1))


# LETTERS


def test_a_request_for_a_series_asks_in_every_entry() -> None:
    master, override = vevents(itip.request(moved_weekly(), ANNA, [BOB]))

    for entry in (master, override):
        assert "SEQUENCE:4" in entry
        assert f'ORGANIZER;CN="Anna Ivanova":mailto:{ANNA.address}' in entry
        assert "STATUS:CONFIRMED" in entry
    assert "PARTSTAT=ACCEPTED" in "".join(master)


@pytest.mark.parametrize(("answered_in", "partstat"), [(None, "NEEDS-ACTION"), (2, "NEEDS-ACTION"), (3, "ACCEPTED")])
def test_who_answered_before_one_was_moved_is_asked_anew_about_that_one(answered_in: int | None, partstat: str) -> None:
    bob = replace(BOB, answered_in=answered_in)

    master, override = vevents(itip.request(moved_weekly(), ANNA, [bob]))
    assert "PARTSTAT=ACCEPTED" in "".join(master)
    assert f"PARTSTAT={partstat}" in "".join(override)
    (alone,) = vevents(itip.request(third(moved_weekly()), ANNA, [bob]))
    assert f"PARTSTAT={partstat}" in "".join(alone)


def test_a_letter_about_one_date_holds_only_that_date() -> None:
    """Outlook refuses an object that mixes the series with it."""
    for text, method in (
        (itip.request(third(moved_weekly()), ANNA, [BOB]), "REQUEST"),
        (itip.cancel(third(moved_weekly()), ANNA, BOB), "CANCEL"),
    ):
        (entry,) = vevents(text)
        assert f"METHOD:{method}" in lines(text)
        assert "RECURRENCE-ID;TZID=Europe/Berlin:20270315T100000" in entry
        assert "DTSTART;TZID=Europe/Berlin:20270316T153000" in entry
        assert not [line for line in entry if line.startswith(("RRULE", "EXDATE"))]
    assert "STATUS:CANCELLED" in entry


def test_a_whole_series_is_cancelled_without_rule_and_without_a_date() -> None:
    (entry,) = vevents(itip.cancel(moved_weekly(), ANNA, BOB))

    assert "DTSTART;TZID=Europe/Berlin:20270301T100000" in entry
    assert not [line for line in entry if line.startswith(("RRULE", "EXDATE", "RECURRENCE-ID", "LOCATION", "URL"))]


def test_one_date_carries_the_zone_of_its_series() -> None:
    """A date is found by the instant of RECURRENCE-ID: two ways to read it would make two entries."""
    rows = series(datetime(2027, 3, 1, 10), "FREQ=WEEKLY;UNTIL=20290601", zone="Asia/Jerusalem")
    move(rows[-1], rows[-1].wall_start + timedelta(hours=3))
    event = whole(rows)

    zones = [text.partition(b"BEGIN:VTIMEZONE")[2].partition(b"END:VTIMEZONE")[0] for text in (
        itip.request(event, ANNA, [BOB]), itip.request(list(event.entries())[1], ANNA, [BOB]))]  # fmt: skip
    assert zones[0] == zones[1] != b""


def test_hundreds_of_moved_dates_fit_into_a_letter() -> None:
    """The soonest are told; the others stand in no calendar at a wrong time."""
    rows = series(datetime(2027, 1, 4, 10), "FREQ=DAILY;COUNT=366", agenda="Ж" * 3000)
    for row in rows[:300]:
        move(row, row.wall_start + timedelta(hours=1))
    for row in rows[300:]:
        row.cancelled_at = NOW
    text = itip.request(whole(rows), ANNA, [BOB], longest=17_000)

    assert len(text) <= 26_000  # all dates and a long agenda: in base64 and twice, a letter stays under 100 kB
    told = {line.split(":")[1] for line in properties(text, "RECURRENCE-ID")}
    gone = {line.split(":")[1] for line in properties(text, "EXDATE")}
    assert told | gone == {f"{row.original_start:%Y%m%dT%H%M%S}" for row in rows}
    assert not told & gone
    assert sorted(told | gone)[: len(told)] == sorted(told)


def test_a_few_moved_dates_leave_out_the_agenda_before_anything_else() -> None:
    rows = series(datetime(2027, 1, 4, 10), "FREQ=DAILY;COUNT=20", agenda="Ж" * 2000)
    for row in rows[:5]:
        move(row, row.wall_start + timedelta(hours=1))
    text = itip.request(whole(rows), ANNA, [BOB], longest=17_000)

    assert len(text) <= 17_000
    assert len(properties(text, "RECURRENCE-ID")) == 5
    assert [line.count("Ж") for line in properties(text, "DESCRIPTION") if "Join" in line] == [2000, 0, 0, 0, 0, 0]
    as_planned = whole(rows[5:])
    assert itip.request(as_planned, ANNA, [BOB], longest=1) == itip.request(as_planned, ANNA, [BOB])


def test_the_stamp_of_a_letter_is_not_older_than_the_year_that_its_zone_fits() -> None:
    """A series that began before a law was changed carries the law of today."""
    rows = series(datetime(2015, 3, 2, 10), "FREQ=WEEKLY", zone="Europe/Istanbul")
    assert rows[0].starts_at < STAMP
    assert b"TZOFFSETTO:+0300" in calendar.download(whole(rows))
    assert b"DAYLIGHT" not in calendar.download(whole(rows))
