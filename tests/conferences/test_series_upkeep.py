"""Series without an end go on: the worker stores their next dates."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from cabinet.models import User
from conferences import series_upkeep
from conferences.choices import Tell
from conferences.models import STORED_AHEAD, Change, Conference, Occurrence
from conferences.recurrence import MOST, NoDay, TooManyDays
from conferences.series_upkeep import extend
from tests.factories import make_conference
from tests.parallel import in_parallel

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
START = datetime(2026, 12, 7, 10)
DAY, YEAR = timedelta(days=1), timedelta(days=365)


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def coming(conference: Conference, now: datetime) -> list[date]:
    return list(conference.occurrences.coming(now).values_list("original_date", flat=True))


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=DAILY", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY"])
def test_a_year_of_nights_leaves_as_much_stored_as_a_fresh_series_has(alice: User, rule: str) -> None:
    series = make_conference(alice, start=START, rule=rule)
    for nights in range(0, 400, 5):
        extend(NOW + nights * DAY)
        days = coming(series, NOW + nights * DAY)
        assert len(days) <= MOST
        assert len(days) > MOST - 36 or days[-1] > (NOW + nights * DAY + STORED_AHEAD - YEAR - 31 * DAY).date()
    met = list(series.occurrences.order_by("original_date").values_list("original_date", flat=True))
    assert met == [day for day in series.recurrence.days(START.date()) if day <= met[-1]]  # type: ignore[union-attr]
    assert met[-1] > (NOW + 700 * DAY).date() or len(coming(series, NOW + 395 * DAY)) > MOST - 36


def test_it_is_written_twelve_times_a_year_and_otherwise_costs_one_query(
    alice: User, django_assert_num_queries: Any
) -> None:
    make_conference(alice, start=START, rule="FREQ=DAILY")
    make_conference(alice, start=START, rule="FREQ=WEEKLY")
    grown = [extend(NOW + nights * DAY) for nights in range(366)]
    assert 22 <= sum(grown) <= 26
    with django_assert_num_queries(1):
        assert extend(NOW + 365 * DAY) == 0


def test_new_dates_are_like_the_others(alice: User) -> None:
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY", time_zone="America/New_York")
    series.change(alice, {"start_time": time(2, 30)}, seen_sequence=0, tell=Tell.NOBODY, now=NOW)
    extend(NOW + 3 * YEAR)
    rows = series.occurrences.filter(original_date__gt=(NOW + 2 * YEAR).date())
    assert rows.count() > 100
    assert {(row.start_time, row.duration, row.organizer_id) for row in rows} == {
        (time(2, 30), series.duration, alice.pk)
    }
    assert rows.get(original_date="2031-01-06").starts_at == datetime(2031, 1, 6, 7, 30, tzinfo=UTC)
    assert len({row.room_name for row in rows}) == rows.count()


def test_nobody_hears_of_it_and_what_was_moved_or_cancelled_stays(alice: User) -> None:
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY")
    *_others, moved, cancelled = series.occurrences.order_by("starts_at")
    when = {"start_date": moved.start_date + DAY, "start_time": time(16), "duration": timedelta(hours=2)}
    moved.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    cancelled.cancel(alice, NOW, tell=Tell.NOBODY)
    kept = list(series.occurrences.order_by("pk").values())
    before = (series.changes.count(), Conference.objects.values().get())
    assert extend(NOW + 100 * DAY) == 1
    assert list(series.occurrences.order_by("pk").values())[: len(kept)] == kept
    assert (series.changes.count(), Conference.objects.values().get()) == before


def test_only_what_is_endless_and_stands_goes_on(alice: User) -> None:
    make_conference(alice, start=START)
    make_conference(alice, start=START, permanent=True)
    make_conference(alice, start=START, rule="FREQ=WEEKLY;COUNT=3")
    make_conference(alice, start=START, rule="FREQ=DAILY;UNTIL=20271001")
    make_conference(alice, start=START, rule="FREQ=DAILY").cancel(alice, NOW, tell=Tell.NOBODY)
    count = Occurrence.objects.count()
    assert extend(NOW + YEAR) == 0
    assert Occurrence.objects.count() == count


def test_a_series_that_comes_every_few_years_has_its_next_date(alice: User) -> None:
    series = make_conference(alice, start=START, rule="FREQ=YEARLY;INTERVAL=4")
    for now in (NOW, NOW + 14 * DAY, NOW + 5 * YEAR, NOW + 30 * YEAR):
        extend(now)
        assert coming(series, now), now
    assert [day.year for day in coming(series, NOW)] == [2026, 2030, 2034, 2058]


def test_a_pause_of_years_is_made_up_for_without_inventing_what_nobody_held(alice: User) -> None:
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY")
    later = NOW + 10 * YEAR
    assert extend(later) == 1
    assert len(coming(series, later)) > 100
    gap = series.occurrences.filter(original_date__range=("2029-01-01", "2036-01-01"))
    assert not gap.exists()


def test_a_rule_that_nobody_can_read_keeps_no_other_series_waiting(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    broken, series = (make_conference(alice, start=START, rule="FREQ=WEEKLY") for _ in range(2))
    Conference.objects.filter(pk=broken.pk).update(rule="FREQ=SECONDLY")
    assert extend(NOW + YEAR) == 1
    assert coming(series, NOW + YEAR)[-1] > (NOW + 2 * YEAR).date()
    assert f"conference {broken.pk} has a rule that cannot be followed" in caplog.text


def test_killed_in_between_whole_series_are_left_and_the_next_time_does_the_rest(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_conference(alice, start=START, rule="FREQ=WEEKLY")
    follow_rule, calls = Occurrence.follow_rule, iter(range(50))

    def dies(row: Occurrence, now: datetime) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        follow_rule(row, now)

    with monkeypatch.context() as patched:
        patched.setattr(Occurrence, "follow_rule", dies)
        with pytest.raises(KeyboardInterrupt):
            extend(NOW + 200 * DAY)
    assert sorted({row.occurrences.count() for row in Conference.objects.all()}) == [103, 132]
    extend(NOW + 200 * DAY)
    assert {row.occurrences.count() for row in Conference.objects.all()} == {132}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_store_each_date_once() -> None:
    alice = make_conference(start=START, rule="FREQ=WEEKLY").organizer
    make_conference(alice, start=START, rule="FREQ=DAILY")
    grown = in_parallel(4, lambda _index: extend(NOW + 200 * DAY))
    assert sum(grown) == 2
    dates = list(Occurrence.objects.values_list("conference", "original_date"))
    assert len(dates) == len(set(dates))


@pytest.mark.django_db(transaction=True)
def test_a_worker_begins_with_it() -> None:
    series = make_conference(start=START, rule="FREQ=WEEKLY")
    Occurrence.objects.filter(original_date__gt="2027-01-15").delete()
    call_command("worker", once=True)
    assert series.occurrences.count() > 100
    assert series.changes.count() == 1


def test_lag_and_horizon_fit_together() -> None:
    """A series must be found before its last date has passed, however much it holds."""
    assert series_upkeep.LAG < STORED_AHEAD / 2
    assert 2 * series_upkeep.LAG.days < MOST


# WHAT IS NOT STORED


@pytest.mark.parametrize(
    ("rule", "error"), [("FREQ=DAILY;UNTIL=20291231", TooManyDays), ("FREQ=DAILY;UNTIL=20261201", NoDay)]
)
def test_a_series_that_is_too_long_or_never_comes_leaves_nothing_behind(
    alice: User, rule: str, error: type[ValueError]
) -> None:
    with pytest.raises(error):
        make_conference(alice, start=START, rule=rule)
    assert (Conference.objects.count(), Change.objects.count(), Occurrence.objects.count()) == (0, 0, 0)


def test_a_past_date_that_was_moved_ahead_survives_a_change_of_the_series(alice: User) -> None:
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY")
    first = series.occurrences.order_by("starts_at")[0]
    when = {"start_date": date(2027, 3, 3), "start_time": time(10), "duration": timedelta(hours=1)}
    first.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    series.refresh_from_db()
    series.change(alice, {"topic": "New"}, seen_sequence=1, tell=Tell.NOBODY, now=NOW + 60 * DAY)
    assert series.occurrences.get(original_date=START.date()).start_date == date(2027, 3, 3)
