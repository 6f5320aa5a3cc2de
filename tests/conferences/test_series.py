"""A conference that repeats: its occurrences as they are stored, moved, cancelled."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from cabinet.models import User
from conferences.choices import Tell
from conferences.conflicts import ChangedMeanwhile
from conferences.models import Conference
from tests.factories import make_conference

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
START = datetime(2026, 12, 7, 10)


@pytest.fixture
def series(alice: User) -> Conference:
    return make_conference(alice, start=START, rule="FREQ=WEEKLY;BYDAY=MO;COUNT=4")


def dates(conference: Conference) -> list[str]:
    return [f"{row.starts_at:%m-%d %H:%M}" for row in conference.occurrences.order_by("starts_at")]


def test_schedule_stores_every_occurrence(series: Conference) -> None:
    assert dates(series) == ["12-07 09:00", "12-14 09:00", "12-21 09:00", "12-28 09:00"]
    assert series.over_at == datetime(2026, 12, 28, 10, tzinfo=UTC)
    assert len({row.room_name for row in series.occurrences.all()}) == 4


def test_the_clock_on_the_wall_stays_over_a_clock_change(alice: User) -> None:
    series = make_conference(alice, start=datetime(2027, 3, 22, 10), rule="FREQ=WEEKLY;COUNT=2")
    assert dates(series) == ["03-22 09:00", "03-29 08:00"]


def test_what_was_moved_or_cancelled_by_itself_survives_another_time_of_the_series(
    series: Conference, alice: User
) -> None:
    _first, second, third, _fourth = series.occurrences.order_by("starts_at")
    when = {"start_date": date(2026, 12, 15), "start_time": time(16), "duration": timedelta(hours=2)}
    second.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    third.cancel(alice, NOW, tell=Tell.NOBODY)
    series.change(alice, {"start_time": time(11)}, seen_sequence=2, tell=Tell.NOBODY, now=NOW)
    assert dates(series) == ["12-07 10:00", "12-15 15:00", "12-21 10:00", "12-28 10:00"]
    third.refresh_from_db()
    assert third.cancelled_at == NOW


def test_what_has_taken_place_stays_as_it_was(series: Conference, alice: User) -> None:
    later = datetime(2026, 12, 16, tzinfo=UTC)
    series.change(alice, {"start_time": time(11)}, seen_sequence=0, tell=Tell.NOBODY, now=later)
    assert dates(series) == ["12-07 09:00", "12-14 09:00", "12-21 10:00", "12-28 10:00"]


def test_an_endless_series_is_stored_for_two_years_and_at_most_a_leap_year_of_days(alice: User) -> None:
    daily = make_conference(alice, start=START, rule="FREQ=DAILY")
    assert (daily.occurrences.count(), daily.over_at) == (366, None)


def test_two_tabs_that_move_the_same_occurrence_show_both(series: Conference, alice: User) -> None:
    row, stale = (series.occurrences.order_by("starts_at")[1] for _tab in range(2))
    when = {"start_date": date(2026, 12, 15), "start_time": time(16), "duration": timedelta(hours=1)}
    row.move(alice, when, seen_sequence=0, tell=Tell.ALL)
    with pytest.raises(ChangedMeanwhile):
        stale.move(alice, when | {"start_time": time(17)}, seen_sequence=0, tell=Tell.ALL)
