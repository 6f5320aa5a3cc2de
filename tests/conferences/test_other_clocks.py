"""What the organizer is told of the clocks of others."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
import time_machine
from django.test import Client

from cabinet.models import User
from conferences import times
from conferences.other_clocks import NAMED, warnings
from conferences.recurrence import parse
from invitations.templatetags.invited import zones_of_invited
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN, NEW_YORK, TOKYO = "Europe/Berlin", "America/New_York", "Asia/Tokyo"


def said(
    wall: datetime, zones: list[str], *, now: datetime = NOW, length: timedelta = HOUR, rule: str = ""
) -> list[str]:
    """The warnings of a conference at `wall` in Berlin."""
    start = times.instant(wall, BERLIN)
    days = parse(rule).days(wall.date()) if rule else []
    later = [times.instant_by_rule(datetime.combine(day, wall.time()), BERLIN) for day in islice(days, 120)]
    return [each.words for each in warnings(now, start, start + length, base=BERLIN, zones=zones, later=later)]


# NIGHT


@pytest.mark.parametrize(("clock", "is_night"), [("06:59", True), ("07:00", False), ("21:59", False), ("22:00", True)])
def test_night_is_from_ten_to_seven(clock: str, is_night: bool) -> None:
    at = times.instant(datetime.fromisoformat(f"2026-12-03T{clock}"), BERLIN)
    assert times.is_night(at, BERLIN) is is_night


def test_night_is_said_with_the_clock_and_the_day_of_each_place() -> None:
    assert said(datetime(2026, 12, 3, 14), [BERLIN, TOKYO, "Australia/Sydney", NEW_YORK]) == [
        "It will be night in Tokyo (22:00) and Sydney (Friday, 00:00)."
    ]
    assert said(datetime(2026, 12, 3, 23), [BERLIN]) == ["It will be night in Berlin (23:00)."]


def test_night_counts_for_the_longer_part() -> None:
    assert said(datetime(2026, 12, 3, 21, 15), [BERLIN]) == []
    assert said(datetime(2026, 12, 3, 21, 15), [BERLIN], length=3 * HOUR) == ["It will be night in Berlin (21:15)."]


def test_nobody_reads_more_than_a_few_names() -> None:
    many = [zone for zone in times.zone_names() if zone.startswith("Asia/")]
    (words,) = said(datetime(2026, 12, 3, 19), many)
    assert words.count("(") == NAMED
    assert "more places." in words


# ANOTHER DIFFERENCE THAN TODAY


def test_a_clock_change_before_the_start_is_said_once_for_all_who_share_it() -> None:
    places = [BERLIN, NEW_YORK, "America/Toronto", "Asia/Kolkata", "Europe/Paris"]
    assert said(datetime(2027, 3, 18, 16), places) == [
        "Clocks change before then: 16:00 in Berlin is 10:00 in New York and Toronto today, and 11:00 on 18 March 2027."
    ]


def test_two_changes_that_make_up_for_each_other_are_none() -> None:
    assert said(datetime(2027, 7, 1, 16), [NEW_YORK]) == []


def test_a_series_says_when_people_begin_to_see_another_time() -> None:
    start, now = datetime(2027, 3, 14, 16), datetime(2027, 3, 14, 12, tzinfo=UTC)
    assert said(start, [NEW_YORK, "America/Toronto", "Asia/Kolkata"], now=now, rule="FREQ=WEEKLY") == [
        "Until 21 March people in New York and Toronto see 11:00, and from 28 March 10:00, because clocks change.",
        "Until 21 March people in Kolkata see 20:30, and from 28 March 19:30, because clocks change.",
    ]


def test_a_date_that_a_clock_change_puts_off_is_no_other_time_elsewhere() -> None:
    """02:30 is skipped in Berlin on 28 March: it begins an hour later there, and in Tokyo when it did before."""
    now = datetime(2027, 3, 25, 12, tzinfo=UTC)
    assert said(datetime(2027, 3, 26, 2, 30), [TOKYO], now=now, rule="FREQ=DAILY;COUNT=9") == [
        "Until 27 March people in Tokyo see 10:30, and from 29 March 09:30, because clocks change."
    ]


def test_a_series_that_ends_before_the_change_says_nothing() -> None:
    now = datetime(2027, 3, 14, 12, tzinfo=UTC)
    assert said(datetime(2027, 3, 14, 16), [NEW_YORK], now=now, rule="FREQ=WEEKLY;COUNT=2") == []


def test_the_clocks_that_are_said_are_those_that_people_see() -> None:
    """In every zone, against what clocks show there: the first date on which it is not the time of the date before."""
    start, now = datetime(2027, 1, 6, 14), datetime(2027, 1, 6, 9, tzinfo=UTC)
    walls = [start + timedelta(weeks=week) for week in range(50)]
    found = 0
    for zone in times.zone_names():
        clocks = [f"{times.wall_clock(times.instant(wall, BERLIN), zone):%H:%M}" for wall in walls]
        turns = [number for number in range(1, 50) if clocks[number] != clocks[number - 1]][:1]
        words = [each for each in said(start, [zone], now=now, rule="FREQ=WEEKLY;COUNT=50") if "Until" in each]
        assert words == [
            f"Until {walls[turn - 1]:%-d %B} people in {times.city(zone)} see {clocks[turn - 1]}, "
            f"and from {walls[turn]:%-d %B} {clocks[turn]}, because clocks change."
            for turn in turns
        ]
        found += len(words)
    assert found > 300


@pytest.mark.parametrize("zones", [["Mars/Phobos"], [""], []])
def test_what_is_no_zone_is_left_out(zones: list[str]) -> None:
    assert said(datetime(2026, 12, 3, 14), zones) == []


# PAGE


def test_the_page_shows_the_clocks_of_invited_people_and_warns(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 7, 1, 16), rule="FREQ=WEEKLY;COUNT=40")
    make_invitation(conference, time_zone=TOKYO)
    make_invitation(conference, "gone@example.org", time_zone="Pacific/Auckland", withdrawn_at=NOW)
    page = text_of(as_alice.get(conference.get_absolute_url()))
    assert "It will be night in Tokyo (23:00)." in page
    assert "Until 28 October 2027 people in Tokyo see 23:00, and from 4 November 2027 00:00, because" in page
    assert "Auckland" not in page


def test_a_conference_that_has_begun_warns_nobody(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 11, 20, 16))
    make_invitation(conference, time_zone=TOKYO)
    assert "night in" not in text_of(as_alice.get(conference.get_absolute_url()))


def test_the_city_that_is_asked_for_is_warned_of_too(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 7, 1, 16))
    page = text_of(as_alice.get(conference.get_absolute_url(), {"city": "Tokyo"}))
    assert "It will be night in Tokyo (23:00)." in page


def test_zones_of_most_people_come_first_by_one_query(alice: User, django_assert_num_queries: Any) -> None:
    conference = make_conference(alice)
    for number, zone in enumerate((NEW_YORK, TOKYO, TOKYO, "")):
        make_invitation(conference, f"p{number}@example.org", time_zone=zone)
    with django_assert_num_queries(1):
        assert zones_of_invited(conference) == [TOKYO, NEW_YORK]


# FORM


def typed(**values: str) -> dict[str, str]:
    day = {"topic": "Round", "date": "2027-07-01", "start": "16:00", "time_zone": BERLIN, "duration": "60"}
    return day | {"repeat": "never"} | values


def test_the_form_of_an_edit_warns_of_what_is_planned(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 7, 1, 16), duration=timedelta(minutes=95))
    make_invitation(conference, time_zone=TOKYO)
    page = text_of(as_alice.get(f"/conferences/{conference.pk}/edit/"))
    assert "It will be night in Tokyo (23:00)." in page


def test_a_series_that_has_begun_warns_of_its_next_date(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2025, 7, 1, 16), rule="FREQ=YEARLY")
    make_invitation(conference, time_zone=TOKYO)
    page = text_of(as_alice.get(f"/conferences/{conference.pk}/edit/?scope=all"))
    assert "It will be night in Tokyo (23:00)." in page


def test_what_was_typed_is_what_is_warned_of(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 7, 1, 10))
    make_invitation(conference, time_zone=TOKYO)
    page = text_of(as_alice.post(f"/conferences/{conference.pk}/edit/", typed(topic="")))
    assert "It will be night in Tokyo (23:00)." in page


def test_a_script_asks_for_the_words_while_somebody_types(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 7, 1, 10))
    make_invitation(conference, time_zone=TOKYO)
    theirs, new = f"/conferences/{conference.pk}/clocks/", "/conferences/new/clocks/"

    def words(url: str, values: dict[str, str]) -> str:
        return text_of(as_alice.post(url, values)).partition(" Clocks change")[0]

    assert words(theirs, typed()) == "It will be night in Tokyo (23:00)."
    assert words(theirs, typed(start="18:00")) == "It will be night in Tokyo (Friday, 01:00)."
    assert "night" not in words(theirs, typed(start="11:00"))
    assert words(new, typed()) == ""
    assert words(new, typed(start="23:00")) == "It will be night in Berlin (23:00)."


@pytest.mark.parametrize("scope", ["this", "following", "all"])
def test_the_clocks_of_a_series_that_has_begun_are_spoken_of_too(as_alice: Client, alice: User, scope: str) -> None:
    with time_machine.travel(NOW - timedelta(days=21)):
        series = make_conference(alice, start=datetime(2026, 11, 5, 23, 30), rule="FREQ=WEEKLY")
    address = f"/conferences/{series.pk}/edit/?scope={scope}"
    with time_machine.travel(NOW):
        page = as_alice.get(address)
        form = page.context["form"]
        values = {name: form[name].value() for name in form.fields if form[name].value() is not None}
        answer = as_alice.post(address.replace("edit", "clocks"), values)
    assert f'data-clocks="{address.replace("edit", "clocks")}"' in page.content.decode()
    assert "It will be night in Berlin (23:30)." in text_of(answer)


def test_night_at_the_start_is_night_though_most_of_it_is_day() -> None:
    assert said(datetime(2027, 7, 1, 6), [BERLIN], length=3 * HOUR) == ["It will be night in Berlin (06:00)."]


def test_the_rule_counts_while_somebody_types(as_alice: Client, alice: User) -> None:
    weekly = typed(time_zone=NEW_YORK, date="2027-03-01", start="10:00", repeat="weekly", weekdays="MO", ends="never")
    assert text_of(as_alice.post("/conferences/new/clocks/", weekly)) == (
        "Until 8 March 2027 people in Berlin see 16:00, and from 15 March 2027 15:00, because clocks change."
    )


@pytest.mark.parametrize(
    "wrong",
    [{"date": ""}, {"date": "9999-12-31"}, {"date": "2027-02-30"}, {"start": "25:00"}, {"time_zone": "Mars/Phobos"},
     {"duration": "other", "minutes": "-5"}, {"permanent": "on"}, {"start": "02:30", "date": "2027-03-28"}],
)  # fmt: skip
def test_what_is_half_typed_or_wrong_is_no_warning_and_no_error(as_alice: Client, wrong: dict[str, str]) -> None:
    assert text_of(as_alice.post("/conferences/new/clocks/", typed(start="03:00"))) != ""
    answer = as_alice.post("/conferences/new/clocks/", typed(start="03:00") | wrong)
    assert (answer.status_code, text_of(answer)) == (200, "")


def test_a_new_form_warns_of_nothing_before_anything_is_typed(as_alice: Client) -> None:
    assert "be night" not in text_of(as_alice.get("/conferences/new/"))
