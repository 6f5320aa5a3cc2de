"""Conferences of the database as calendar entries, and the files that pages give."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from cabinet.models import User
from conferences.choices import Tell
from conferences.models import Conference, Occurrence
from invitations import calendar, entries
from tests.factories import make_conference
from tests.invitations.events import value
from tests.peers import libical
from tests.peers.reader import ical_js

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
START = datetime(2026, 12, 7, 10)
LINK = "https://cabinet.example.org/join/x/"


@pytest.fixture
def series(alice: User) -> Conference:
    return make_conference(alice, start=START, rule="FREQ=WEEKLY;BYDAY=MO;COUNT=5")


def loaded(conference: Conference) -> Conference:
    """As pages and letters have it."""
    return Conference.objects.select_related("organizer").get(pk=conference.pk)


def rows_of(conference: Conference) -> list[Occurrence]:
    return list(conference.occurrences.order_by("original_date"))


def move(row: Occurrence, start: datetime, by: User, **fields: Any) -> None:
    when = {"start_date": start.date(), "start_time": start.time(), "duration": timedelta(hours=2)}
    row.move(by, when | fields, seen_sequence=row.conference.sequence, tell=Tell.ALL)


def spans(conference: Conference) -> list[tuple[datetime, datetime]]:
    rows = conference.occurrences.filter(cancelled_at=None).order_by("starts_at")
    return [(row.starts_at, row.ends_at) for row in rows]


def test_a_series_of_the_database_is_read_as_its_rows(series: Conference, alice: User) -> None:
    _first, second, third, _fourth, _fifth = rows_of(series)
    move(second, datetime(2026, 12, 15, 16), alice)
    third.cancel(alice, NOW, tell=Tell.ALL)
    series.refresh_from_db()
    event = entries.entry_of(series, LINK, NOW)

    text = calendar.download(event)
    assert libical.occurrences(text)[series.uid] == spans(series)
    read = ical_js([text])[0]["occurrences"][series.uid]
    assert sorted(start for start, _end, _summary in read) == [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at, _end in spans(series)]
    assert (event.sequence, event.exdates) == (2, (datetime(2026, 12, 21, 10),))
    assert [override.moved_in for override in event.overrides] == [1]


def test_the_last_move_of_an_occurrence_is_the_one_that_asks_anew(series: Conference, alice: User) -> None:
    row = rows_of(series)[1]
    move(row, datetime(2026, 12, 15, 16), alice)
    move(row, datetime(2026, 12, 16, 16), alice)

    assert [override.moved_in for override in entries.entry_of(series, LINK, NOW).overrides] == [2]
    assert entries.occurrence_entry(row, LINK, NOW).moved_in == 2


def test_what_took_place_before_the_series_got_another_time_is_not_told_again(series: Conference, alice: User) -> None:
    later = datetime(2026, 12, 16, tzinfo=UTC)
    series.change(alice, {"start_time": time(11)}, seen_sequence=0, tell=Tell.ALL, now=later)

    assert entries.entry_of(series, LINK, later).overrides == ()
    known = entries.whole(
        series, LINK, NOW, entries.off_the_rule(series.occurrences.all(), NOW), {}, since=NOW, now=later
    )
    assert [(each.original_start, each.start) for each in known.overrides] == [
        (datetime(2026, 12, day, 11), datetime(2026, 12, day, 10)) for day in (7, 14)
    ]


def test_cancelled_dates_are_told_for_a_year(series: Conference, alice: User) -> None:
    rows_of(series)[0].cancel(alice, NOW, tell=Tell.ALL)

    assert entries.entry_of(series, LINK, NOW + timedelta(days=300)).exdates
    assert not entries.entry_of(series, LINK, NOW + timedelta(days=400)).exdates


def test_one_occurrence_alone_is_where_it_is_now(series: Conference, alice: User) -> None:
    row = rows_of(series)[1]
    move(row, datetime(2026, 12, 15, 16), alice)
    event = entries.occurrence_entry(row, LINK, NOW)

    assert (event.start, event.duration) == (datetime(2026, 12, 15, 16), timedelta(hours=2))
    assert (event.original_start, event.series_start, event.rule) == (datetime(2026, 12, 14, 10), START, None)
    assert (event.uid, event.sequence) == (series.uid, 1)


def test_a_single_conference_is_the_entry_that_it_was(alice: User) -> None:
    single = make_conference(alice, start=START)
    event = entries.entry_of(single, LINK, NOW)

    assert entries.occurrence_entry(single.occurrences.get(), LINK, NOW) == event
    assert (event.start, event.rule, event.overrides, event.original_start) == (START, None, (), None)


@pytest.mark.parametrize(("rule", "queries"), [("", 0), ("FREQ=DAILY;COUNT=3", 1), ("FREQ=DAILY", 1)])
def test_an_entry_costs_the_same_however_long_the_series(
    alice: User, rule: str, queries: int, django_assert_num_queries: Any
) -> None:
    conference = loaded(make_conference(alice, start=START, rule=rule))
    with django_assert_num_queries(queries):
        entries.entry_of(conference, LINK, NOW)


# FILES


@time_machine.travel(NOW)
def test_the_file_of_a_series_is_a_series_under_the_name_of_the_next_date(
    series: Conference, alice: User, as_alice: Client
) -> None:
    first, *_others = rows_of(series)
    first.cancel(alice, NOW, tell=Tell.NOBODY)
    response = as_alice.get(f"/conferences/{series.pk}/conference.ics")

    assert response.headers["Content-Disposition"] == 'attachment; filename="conference-20261214-1000.ics"'
    assert response.headers["Cache-Control"] == "no-store, private"
    assert value(response.content, "EXDATE") == ";TZID=Europe/Berlin:20261207T100000"
    uuid, _at, host = series.uid.partition("@")
    assert libical.occurrences(response.content) == {f"{uuid}-d@{host}": spans(series)}


def test_a_permanent_conference_has_no_file_and_no_link_to_one(alice: User, as_alice: Client) -> None:
    standing = make_conference(alice, permanent=True)
    page = as_alice.get(f"/conferences/{standing.pk}/").content.decode()

    assert as_alice.get(f"/conferences/{standing.pk}/conference.ics").status_code == 404
    assert "conference.ics" not in page


# WHERE CALENDARS MAY BE WRONG


@time_machine.travel(NOW)
def test_the_page_names_the_dates_that_outlook_may_show_an_hour_off(alice: User, as_alice: Client) -> None:
    series = make_conference(
        alice, start=datetime(2028, 6, 1, 10), time_zone="Asia/Jerusalem", rule="FREQ=WEEKLY;BYDAY=FR,SA;COUNT=300"
    )
    stretches = entries.stretches_off(series, NOW)
    page = as_alice.get(f"/conferences/{series.pk}/").content.decode()

    # In 2029 summer time begins on the fourth Friday of March, in 2030 on the fifth: always before the last Sunday.
    assert stretches == [(date(2030, 3, 22), date(2030, 3, 23))]
    assert "an hour off on these dates: 22 March 2030 – 23 March 2030." in page


def test_series_elsewhere_are_nowhere_an_hour_off(
    series: Conference, alice: User, django_assert_num_queries: Any
) -> None:
    known = [loaded(series), loaded(make_conference(alice, start=START, time_zone="Asia/Jerusalem"))]
    with django_assert_num_queries(0):
        assert [entries.stretches_off(conference, NOW) for conference in known] == [[], []]
