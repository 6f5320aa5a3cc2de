"""The downloaded calendar file, read by icalendar, vobject and ical.js, which were written by other people."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cabinet.text import one_line
from conferences import times
from invitations import calendar, vtimezones
from invitations.calendar import Event
from tests.invitations.events import DATA, EVENT, HOSTILE, LINK, event, lines, names, read, value
from tests.peers.reader import ical_js

NOON = datetime(2027, 6, 1, 12, tzinfo=UTC)
ENVELOPE = ["BEGIN:VCALENDAR", "VERSION", "PRODID"]
OBSERVANCE = {"DTSTART", "RRULE", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO"}
DETAILS = [
    "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "CREATED", "LAST-MODIFIED", "LOCATION", "URL",
    "CONFERENCE", "DESCRIPTION",
]  # fmt: skip
ALARM = ["BEGIN:VALARM", "ACTION", "DESCRIPTION", "TRIGGER", "END:VALARM"]


def instants(subject: Event) -> tuple[str, str]:
    """Start and end as ical.js should name them."""
    start = times.instant(subject.start, subject.zone)
    return tuple(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (start, start + subject.duration))  # type: ignore[return-value]


def read_by_vobject(text: bytes) -> Any:
    return vobject.readOne(text.decode()).vevent


def without_zone(text: bytes) -> list[str]:
    found = names(text)
    if "BEGIN:VTIMEZONE" in found:
        del found[found.index("BEGIN:VTIMEZONE") : found.index("END:VTIMEZONE") + 1]
    return found


# WHAT IS IN THE FILE


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("download", EVENT),
        (
            "download-no-summer-time",
            event(zone="Asia/Kolkata", summary="Обсуждение бюджета на осень", alarm_minutes=None),
        ),
        ("download-utc", event(zone="Asia/Jerusalem")),
    ],
)
def test_download_is_to_the_octet_the_file_on_record(name: str, subject: Event) -> None:
    assert calendar.download(subject) == (DATA / f"{name}.ics").read_bytes()


def test_download_holds_exactly_these_lines() -> None:
    assert without_zone(calendar.download(EVENT)) == [
        *ENVELOPE, "BEGIN:VEVENT", *DETAILS, *ALARM, "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip


def test_download_is_nobodys_meeting() -> None:
    assert not {"METHOD", "ORGANIZER", "ATTENDEE", "STATUS"} & set(names(calendar.download(EVENT)))


def test_link_is_in_location_url_conference_and_alone_on_a_line_of_the_text() -> None:
    text = calendar.download(event(description="Agenda only"))

    assert value(text, "LOCATION") == value(text, "URL") == f":{LINK}"
    assert value(text, "CONFERENCE") == f";VALUE=URI;FEATURE=VIDEO;LABEL=Join:{LINK}"
    assert read(text)["description"] == f"{LINK}\n\nAgenda only"
    within = read(calendar.download(event(description=f"Click {LINK} now")))["description"]
    assert within == f"{LINK}\n\nClick {LINK} now"
    assert read(calendar.download(EVENT))["description"] == EVENT.description


def test_link_label_is_safe_in_its_parameter() -> None:
    text = calendar.download(event(link_label='Участвовать: "да"; ^,\r\nX:y'))

    assert value(text, "CONFERENCE") == f';VALUE=URI;FEATURE=VIDEO;LABEL="Участвовать: ”да”; ^^, X:y":{LINK}'


def test_alarm_rings_before_the_start_or_not_at_all() -> None:
    assert "TRIGGER:-PT5M" in lines(calendar.download(event(alarm_minutes=5)))
    assert "BEGIN:VALARM" not in lines(calendar.download(event(alarm_minutes=None)))


def test_stamps_are_instants_in_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    text = calendar.download(
        event(stamp=EVENT.stamp.astimezone(berlin), created=EVENT.created.astimezone(berlin), changed=EVENT.changed)
    )

    assert [value(text, name) for name in ("DTSTAMP", "CREATED", "LAST-MODIFIED")] == [
        ":20261122T120000Z", ":20261120T081500Z", ":20261121T093000Z",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="not an instant"):
        calendar.download(event(created=datetime(2026, 11, 20, 8)))


def test_sequence_stands_once() -> None:
    assert value(calendar.download(event(sequence=7)), "SEQUENCE") == ":7"


# HOSTILE TEXT


@given(summary=HOSTILE, description=HOSTILE, label=HOSTILE)
def test_no_text_makes_a_line_of_its_own(summary: str, description: str, label: str) -> None:
    text = calendar.download(event(summary=summary, description=description, link_label=label))

    assert without_zone(text) == without_zone(calendar.download(EVENT))


@settings(max_examples=3, deadline=None, phases=[Phase.generate])  # a process each, so no shrinking
@given(st.lists(HOSTILE, min_size=20, max_size=20))
def test_three_readers_read_the_same_title_and_text(texts: list[str]) -> None:
    subjects = [event(summary=text, description=f"{text}\n{LINK}") for text in texts]
    written = [calendar.download(subject) for subject in subjects]

    for subject, text, by_js in zip(subjects, written, ical_js(written), strict=True):
        vevent = read(text)
        by_vobject = read_by_vobject(text)
        assert vevent["summary"] == (one_line(subject.summary) or "…")
        assert by_js["summary"] == by_vobject.summary.value == vevent["summary"]
        assert by_js["description"] == by_vobject.description.value == vevent["description"]
        assert LINK in vevent["description"].split("\n")


# TIMES


@pytest.mark.parametrize(
    ("subject", "written"),
    [
        (event(), ";TZID=Europe/Berlin:20270301T100000 ;TZID=Europe/Berlin:20270301T110000"),
        (event(zone="UTC"), ":20270301T100000Z :20270301T110000Z"),
        (event(zone="Asia/Jerusalem"), ":20270301T080000Z :20270301T090000Z"),
        # A leap day, and a night that begins in one year and ends in the next.
        (
            event(start=datetime(2028, 2, 29, 9)),
            ";TZID=Europe/Berlin:20280229T090000 ;TZID=Europe/Berlin:20280229T100000",
        ),
        (
            event(start=datetime(2027, 12, 31, 23, 30), zone="Pacific/Auckland"),
            ";TZID=Pacific/Auckland:20271231T233000 ;TZID=Pacific/Auckland:20280101T003000",
        ),
        # An hour of real time over the spring change, when the clock jumps from 02:00 to 03:00.
        (
            event(start=datetime(2027, 3, 28, 1, 30)),
            ";TZID=Europe/Berlin:20270328T013000 ;TZID=Europe/Berlin:20270328T033000",
        ),
        # Hours that the clock shows twice are written in UTC, be it the start or the end.
        (event(start=datetime(2027, 10, 31, 2, 30)), ":20271031T003000Z :20271031T013000Z"),
        (
            event(start=datetime(2027, 10, 31, 1, 30), duration=timedelta(hours=2)),
            ":20271030T233000Z :20271031T013000Z",
        ),
    ],
)
def test_times_are_written_so_that_all_readers_agree(subject: Event, written: str) -> None:
    text = calendar.download(subject)

    assert f"{value(text.partition(b'BEGIN:VEVENT\r\n')[2], 'DTSTART')} {value(text, 'DTEND')}" == written
    (by_js,) = ical_js([text])
    assert (by_js["start"], by_js["end"]) == instants(subject)
    assert read_by_vobject(text).dtstart.value.astimezone(UTC) == times.instant(subject.start, subject.zone)


def test_a_time_that_a_new_law_skips_is_read_with_the_clock_before_the_gap() -> None:
    """Nobody can schedule it, but clocks may be changed by law after somebody did."""
    assert value(calendar.download(event(start=datetime(2027, 3, 28, 2, 30))), "DTEND") == ":20270328T023000Z"


# VTIMEZONE


def everywhere(years: Iterable[int]) -> list[Event]:
    """A conference at ten in the morning in January and July of these years in every zone that can be stored."""
    return [
        event(zone=zone, start=datetime(year, month, 15, 10))
        for zone in sorted(times._storable())
        for year in years
        for month in (1, 7)
    ]


def test_ical_js_reads_the_right_instants_in_all_zones() -> None:
    subjects = everywhere((2027, 2030))
    read = ical_js([calendar.download(subject) for subject in subjects])

    wrong = [
        (subject.zone, subject.start, found["start"], found["end"])
        for subject, found in zip(subjects, read, strict=True)
        if (found["start"], found["end"]) != instants(subject)
    ]
    assert wrong == []


@cache
def zone_by_vobject(zone: str) -> Any:
    """The zone as vobject understands it from a file of 2027."""
    return read_by_vobject(calendar.download(event(zone=zone))).dtstart.value.tzinfo


def test_vobject_reads_the_right_instants_in_all_zones_five_years_on() -> None:
    wrong = [
        (subject.zone, subject.start)
        for subject in everywhere((2027, 2029, 2031))
        if vtimezones.exact(subject.zone, NOON, NOON)
        if subject.start.replace(tzinfo=zone_by_vobject(subject.zone)).astimezone(UTC)
        != times.instant(subject.start, subject.zone)
    ]
    assert wrong == []


def test_only_irregular_zones_are_written_in_utc() -> None:
    in_utc = {zone for zone in times.zone_names() if vtimezones.exact(zone, NOON, NOON) is None}

    assert in_utc >= {"UTC", "Asia/Jerusalem", "America/Nuuk"}
    assert not in_utc & {"Europe/Berlin", "Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"}
    assert len(in_utc) < 20


def test_zones_have_the_one_shape_that_outlook_reads() -> None:
    for embedded in filter(None, (vtimezones.exact(zone, NOON, NOON) for zone in times.zone_names())):
        zone: Any = icalendar.Timezone.from_ical(embedded.text)
        assert [part.name for part in zone.subcomponents] in (["STANDARD"], ["STANDARD", "DAYLIGHT"])
        assert set(zone) == {"TZID"}
        for part in zone.subcomponents:
            changes = len(zone.subcomponents) == 2
            assert set(part) == OBSERVANCE - (set() if changes else {"RRULE"})
            assert part["dtstart"].dt.year == 1970
            assert not changes or set(part["rrule"]) == {"FREQ", "BYMONTH", "BYDAY"}


def test_a_change_is_written_by_the_clock_that_is_about_to_change() -> None:
    text = calendar.download(EVENT)

    assert b"DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n" in text
    assert b"DTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n" in text


def test_dublins_summer_is_daylight_time_to_calendars() -> None:
    text = calendar.download(event(zone="Europe/Dublin"))

    daylight = text.partition(b"BEGIN:DAYLIGHT")[2]
    assert b"TZNAME:IST\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100" in daylight


@pytest.mark.parametrize("year", [2012, 2016])
def test_a_zone_whose_law_changes_within_five_years_is_written_in_utc(year: int) -> None:
    """A calendar applies a rule for ever. Turkey gave up changing clocks in 2016."""
    summer = datetime(year, 6, 1, tzinfo=UTC)

    assert vtimezones.exact("Europe/Istanbul", summer, summer) is None
    assert vtimezones.exact("Europe/Istanbul", NOON, NOON) is not None


def test_the_last_weekday_of_a_month_is_found_in_every_year() -> None:
    """The fourth Sunday of March is the last one in some years only: the rule must be the last one."""
    change = vtimezones.YearlyChange(3, -1, 6, datetime.min.time(), timedelta(), timedelta(hours=1))

    assert [change.wall(year).date() for year in (2024, 2026, 2027)] == [
        date(2024, 3, 31), date(2026, 3, 29), date(2027, 3, 28),
    ]  # fmt: skip
