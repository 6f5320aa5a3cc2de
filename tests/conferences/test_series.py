"""A conference that repeats: its occurrences as they are stored, moved, cancelled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from cabinet.models import User
from conferences.choices import Tell
from conferences.conflicts import ChangedMeanwhile, NumberTaken, SubmittedBefore
from conferences.deputies import CoOrganizer
from conferences.models import Change, Conference, Occurrence
from conferences.recurrence import parse
from conferences.series import continue_from, end_before, rest
from conferences.times import NoSuchTime
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


def test_a_date_that_is_gone_is_neither_moved_nor_cancelled(series: Conference, alice: User) -> None:
    last = series.occurrences.latest("starts_at")
    stale = Occurrence.objects.get(pk=last.pk)
    end_before(last, alice, NOW, tell=Tell.NOBODY)
    with pytest.raises(ChangedMeanwhile):
        stale.move(alice, TUESDAY, seen_sequence=1, tell=Tell.ALL)
    with pytest.raises(ChangedMeanwhile):
        stale.cancel(alice, NOW, tell=Tell.ALL)


def test_single_dates_follow_a_series_that_does_not_repeat_any_more(series: Conference, alice: User) -> None:
    first = series.occurrences.earliest("starts_at")
    when = {"start_date": date(2026, 12, 8), "start_time": time(16), "duration": timedelta(hours=2)}
    first.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    first.cancel(alice, NOW, tell=Tell.NOBODY)
    series.change(alice, {"rule": ""}, seen_sequence=2, tell=Tell.NOBODY, now=NOW)
    only = series.occurrences.get()
    assert (only.pk, only.wall_start, only.duration) == (first.pk, START, timedelta(hours=1))
    assert (only.moved, only.is_off) == (False, False)
    series.change(alice, {"start_date": date(2026, 12, 20)}, seen_sequence=3, tell=Tell.NOBODY, now=NOW)
    assert dates(series) == ["12-20 09:00"]


def test_the_end_of_a_series_is_that_of_the_last_date_that_stands(series: Conference, alice: User) -> None:
    third, last = series.occurrences.order_by("starts_at")[2:]
    when = {"start_date": date(2027, 1, 2), "start_time": time(10), "duration": timedelta(hours=1)}
    last.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    assert Conference.objects.get().over_at == datetime(2027, 1, 2, 10, tzinfo=UTC)
    last.cancel(alice, NOW, tell=Tell.NOBODY)
    assert Conference.objects.get().over_at == third.ends_at
    series.change(alice, {"topic": "New"}, seen_sequence=2, tell=Tell.NOBODY, now=NOW)
    assert Conference.objects.get().over_at == third.ends_at


def test_a_date_that_was_cancelled_is_not_moved(series: Conference, alice: User) -> None:
    row = series.occurrences.earliest("starts_at")
    row.cancel(alice, NOW, tell=Tell.NOBODY)
    when = {"start_date": date(2026, 12, 8), "start_time": time(16), "duration": timedelta(hours=1)}
    with pytest.raises(ChangedMeanwhile):
        row.move(alice, when, seen_sequence=1, tell=Tell.NOBODY)
    assert not Occurrence.objects.filter(moved=True).exists()


def test_no_date_is_cancelled_once_more_where_the_whole_is_off(series: Conference, alice: User) -> None:
    row = series.occurrences.earliest("starts_at")
    Conference.objects.get().cancel(alice, NOW, tell=Tell.NOBODY)
    assert not row.cancel(alice, NOW, tell=Tell.ALL)
    assert [change.original_date for change in Change.objects.filter(kind="cancelled")] == [None]


def test_a_date_is_not_moved_to_a_time_that_does_not_exist(series: Conference, alice: User) -> None:
    row = series.occurrences.earliest("starts_at")
    when = {"start_date": date(2027, 3, 28), "start_time": time(2, 30), "duration": timedelta(hours=1)}
    with pytest.raises(NoSuchTime):
        row.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    assert dates(series)[0] == "12-07 09:00"


def test_stale_instances_of_dates_take_the_next_sequence(series: Conference, alice: User) -> None:
    first, second, third = (Occurrence.objects.select_related("conference").order_by("starts_at"))[:3]
    first.cancel(alice, NOW, tell=Tell.NOBODY)
    second.cancel(alice, NOW, tell=Tell.NOBODY)
    when = {"start_date": date(2026, 12, 22), "start_time": time(16), "duration": timedelta(hours=1)}
    third.move(alice, when, seen_sequence=2, tell=Tell.NOBODY)
    assert sorted(Change.objects.values_list("sequence", flat=True)) == [0, 1, 2, 3]


def test_what_goes_on_just_now_stays_where_it_is(series: Conference, alice: User) -> None:
    during = datetime(2026, 12, 14, 9, 30, tzinfo=UTC)
    series.change(alice, {"start_time": time(11)}, seen_sequence=0, tell=Tell.NOBODY, now=during)
    assert dates(series) == ["12-07 09:00", "12-14 09:00", "12-21 10:00", "12-28 10:00"]


# THIS AND THE FOLLOWING

TUESDAY = {"start_date": date(2026, 12, 15), "start_time": time(16), "duration": timedelta(hours=2)}


def on(series: Conference, day: int) -> Occurrence:
    return series.occurrences.get(original_date=date(2026, 12, day))


def split(series: Conference, day: int = 21, **fields: Any) -> Conference:
    """Alice lets it go on from that day in December."""
    said: dict[str, Any] = {"seen_sequence": series.sequence, "tell": Tell.ALL, "now": NOW}
    said |= {name: fields.pop(name) for name in said.keys() & fields.keys()}
    return continue_from(series, on(series, day), series.organizer, fields, **said)


def test_following_ends_the_old_series_and_goes_on_as_a_new_conference(series: Conference, alice: User) -> None:
    new = split(series, start_time=time(15), rule="FREQ=WEEKLY;BYDAY=MO;COUNT=2", topic="Winter round")
    series.refresh_from_db()
    assert dates(series) == ["12-07 09:00", "12-14 09:00"]
    assert dates(new) == ["12-21 14:00", "12-28 14:00"]
    assert (series.rule, new.rule) == ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20261220", "FREQ=WEEKLY;BYDAY=MO;COUNT=2")
    assert (new.follows, series.continued_by) == (series, new)
    assert (series.over_at, new.start_date) == (datetime(2026, 12, 14, 10, tzinfo=UTC), date(2026, 12, 21))
    assert (series.topic, new.topic, new.organizer) == ("Quarterly planning", "Winter round", alice)


def test_a_continuation_has_tokens_a_number_and_rooms_of_its_own(series: Conference) -> None:
    old_rooms = set(series.occurrences.values_list("room_name", flat=True))
    new = split(series)
    assert new.join_token != series.join_token
    assert new.uid != series.uid
    assert new.number_digits != series.number_digits
    assert not old_rooms & set(new.occurrences.values_list("room_name", flat=True))


def test_a_continuation_keeps_settings_password_and_co_organizers(alice: User, charlie: User) -> None:
    settings: dict[str, Any] = {"password": "harbour42", "waiting_room": True, "participants_limit": 7}
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY;COUNT=4", **settings)
    CoOrganizer.objects.create(conference=series, user=charlie)
    new = continue_from(series, on(series, 14), charlie, {}, seen_sequence=0, tell=Tell.ALL, now=NOW)
    assert {name: getattr(new, name) for name in settings} == settings
    assert list(new.co_organizers.all()) == [charlie]
    assert (new.organizer, new.changes.get().by) == (alice, charlie)


@pytest.mark.parametrize("tell", Tell)
def test_both_histories_say_it_and_whom_to_tell(series: Conference, tell: Tell) -> None:
    new = split(series, start_time=time(15), tell=tell)
    old, first = series.changes.latest("sequence"), new.changes.get()
    assert (old.kind, old.tell, old.before) == ("changed", tell, {"rule": "FREQ=WEEKLY;BYDAY=MO;COUNT=4"})
    assert (first.kind, first.tell, first.sequence) == ("continued", tell, 0)
    assert (first.before["start_time"], first.after["start_time"]) == ("10:00:00", "15:00:00")
    assert first.announced_at is None  # people are still to be carried over, whoever is told
    assert (old.announced_at is None) == (tell != Tell.NOBODY)


def test_the_number_that_was_typed_is_taken_and_the_old_one_is_not(series: Conference, alice: User) -> None:
    assert split(series, 21, number="777-777-777").number == "777-777-777"
    series.refresh_from_db()
    assert split(series, 14, number=series.number).number_digits != series.number_digits


def test_a_taken_number_leaves_both_as_they_were(series: Conference, alice: User) -> None:
    make_conference(alice, number="555-555-555")
    with pytest.raises(NumberTaken):
        split(series, number="555-555-555")
    series.refresh_from_db()
    assert (series.sequence, len(dates(series)), Conference.objects.count()) == (0, 4, 2)


def test_following_from_the_first_date_is_a_change_of_all(series: Conference) -> None:
    assert split(series, 7, start_time=time(15)) == series
    assert dates(series) == ["12-07 14:00", "12-14 14:00", "12-21 14:00", "12-28 14:00"]
    assert (Conference.objects.count(), series.changes.latest("sequence").kind) == (1, "changed")


def test_single_dates_stay_moved_or_cancelled_where_the_days_go_on_alike(series: Conference, alice: User) -> None:
    on(series, 21).move(alice, TUESDAY | {"start_date": date(2026, 12, 22)}, seen_sequence=0, tell=Tell.NOBODY)
    on(series, 28).cancel(alice, NOW, tell=Tell.NOBODY)
    series.refresh_from_db()
    new = split(series, 14, topic="New topic", rule="FREQ=WEEKLY;COUNT=5")
    assert dates(new) == ["12-14 09:00", "12-22 15:00", "12-28 09:00", "01-04 09:00", "01-11 09:00"]
    assert [row.original_date.day for row in new.occurrences.filter(moved=True)] == [21]
    assert [row.original_date.day for row in new.occurrences.exclude(cancelled_at=None)] == [28]


@pytest.mark.parametrize(
    "changed",
    [
        {"start_time": time(11)},
        {"time_zone": "Asia/Tokyo"},
        {"rule": "FREQ=DAILY;COUNT=20"},
        {"rule": ""},
        {"start_date": date(2026, 12, 20)},
    ],
)
def test_single_dates_follow_a_new_time_or_rule(series: Conference, alice: User, changed: dict[str, Any]) -> None:
    on(series, 21).move(alice, TUESDAY | {"start_date": date(2026, 12, 22)}, seen_sequence=0, tell=Tell.NOBODY)
    on(series, 14).cancel(alice, NOW, tell=Tell.NOBODY)
    series.refresh_from_db()
    new = split(series, 14, **changed)
    assert not new.occurrences.filter(moved=True).exists()
    assert not new.occurrences.exclude(cancelled_at=None).exists()


def test_what_was_moved_ahead_and_has_taken_place_does_not_come_again(series: Conference, alice: User) -> None:
    on(series, 28).move(alice, TUESDAY | {"start_date": date(2026, 12, 8)}, seen_sequence=0, tell=Tell.NOBODY)
    series.refresh_from_db()
    new = split(series, 21, now=datetime(2026, 12, 10, tzinfo=UTC))
    assert dates(series) == ["12-07 09:00", "12-08 15:00", "12-14 09:00"]
    assert [row.original_date.day for row in new.occurrences.filter(cancelled_at=None)] == [21]


def test_the_same_press_answers_with_the_same_conference(series: Conference) -> None:
    key = {"submission_id": uuid4(), "submission_digest": "a"}
    first = on(series, 21)
    said: dict[str, Any] = {"seen_sequence": 0, "tell": Tell.ALL, "now": NOW} | key
    new = continue_from(series, first, series.organizer, {}, **said)
    assert continue_from(series, first, series.organizer, {}, **said) == new
    assert (Conference.objects.count(), Change.objects.count()) == (2, 3)
    with pytest.raises(SubmittedBefore):
        continue_from(series, first, series.organizer, {}, **said | {"submission_digest": "b"})


def test_a_continuation_after_somebody_elses_change_is_refused(series: Conference, alice: User) -> None:
    series.change(alice, {"topic": "Theirs"}, seen_sequence=0, tell=Tell.NOBODY, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        split(series, seen_sequence=0)
    series.refresh_from_db()
    assert (len(dates(series)), Conference.objects.count()) == (4, 1)


def test_nothing_goes_on_from_a_date_that_is_gone(series: Conference, alice: User) -> None:
    last = series.occurrences.latest("starts_at")
    end_before(series.occurrences.get(pk=last.pk), alice, NOW, tell=Tell.NOBODY)
    seen = Conference.objects.get().sequence
    with pytest.raises(ChangedMeanwhile):
        continue_from(series, last, alice, {"topic": "New"}, seen_sequence=seen, tell=Tell.NOBODY, now=NOW)
    assert Conference.objects.count() == 1


def test_a_continuation_ends_with_the_last_date_wherever_that_was_moved(series: Conference, alice: User) -> None:
    second, _third, last = series.occurrences.order_by("starts_at")[1:]
    when = {"start_date": date(2027, 1, 2), "start_time": time(10), "duration": timedelta(hours=1)}
    last.move(alice, when, seen_sequence=0, tell=Tell.NOBODY)
    new = continue_from(series, second, alice, {"topic": "New"}, seen_sequence=1, tell=Tell.NOBODY, now=NOW)
    assert Conference.objects.get(pk=new.pk).over_at == datetime(2027, 1, 2, 10, tzinfo=UTC)


def test_a_second_cut_before_the_first_one_goes_on_as_what_the_old_one_went_on_as(series: Conference) -> None:
    last = split(series, 28)
    series.refresh_from_db()
    middle = split(series, 14)
    last.refresh_from_db()
    assert (middle.follows, last.follows) == (series, middle)
    assert [dates(each) for each in (series, middle, last)] == [
        ["12-07 09:00"],
        ["12-14 09:00", "12-21 09:00"],
        ["12-28 09:00"],
    ]


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;COUNT=2"),
        ("FREQ=WEEKLY;UNTIL=20270101", "FREQ=WEEKLY;UNTIL=20270101"),
        ("FREQ=WEEKLY", "FREQ=WEEKLY"),
    ],
)
def test_what_is_left_of_a_rule(rule: str, left: str) -> None:
    assert str(rest(parse(rule), START.date(), date(2026, 12, 21))) == left


@pytest.mark.django_db(transaction=True)
def test_parallel_presses_let_it_go_on_once() -> None:
    alice = User.objects.create_user("alice@example.org", name="Alice")
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY;COUNT=4")
    first = on(series, 21)
    key: dict[str, Any] = {"submission_id": uuid4(), "submission_digest": "a"}

    def press(_n: int) -> int:
        try:
            here = Conference.objects.get(pk=series.pk)
            return continue_from(here, first, alice, {}, seen_sequence=0, tell=Tell.ALL, now=NOW, **key).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as people:
        assert len(set(people.map(press, range(30)))) == 1
    assert Conference.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_people_who_change_one_date_at_once_do_not_undo_each_other() -> None:
    alice = User.objects.create_user("alice@example.org", name="Alice")
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY;COUNT=4")

    def press(number: int) -> str:
        try:
            here = Conference.objects.get(pk=series.pk)
            row = here.occurrences.get(original_date=date(2026, 12, 21))
            if number % 3 == 0:
                row.move(alice, TUESDAY, seen_sequence=0, tell=Tell.ALL)
            elif number % 3 == 1:
                end_before(row, alice, NOW, tell=Tell.ALL)
            else:
                continue_from(here, row, alice, {}, seen_sequence=0, tell=Tell.ALL, now=NOW)
        except (ChangedMeanwhile, Occurrence.DoesNotExist) as refused:
            return type(refused).__name__
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(6) as people:
        list(people.map(press, range(30)))
    series.refresh_from_db()
    sequences = sorted(series.changes.values_list("sequence", flat=True))
    assert sequences == list(range(series.sequence + 1))
    days = [parse(series.rule).meets(START.date(), row.original_date) for row in series.occurrences.all()]
    assert all(days)
    assert Conference.objects.count() <= 2


# CANCEL FROM HERE ON


def test_cancelling_the_following_shortens_the_series(series: Conference, alice: User) -> None:
    assert end_before(on(series, 21), alice, NOW, tell=Tell.ALL, message="No budget.")
    series.refresh_from_db()
    change = series.changes.latest("sequence")
    assert (dates(series), series.rule) == (["12-07 09:00", "12-14 09:00"], "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261220")
    assert (change.kind, change.message, series.cancelled_at) == ("changed", "No budget.", None)


def test_cancelling_the_following_twice_is_once(series: Conference, alice: User) -> None:
    one, again = on(series, 21), on(series, 21)
    assert end_before(one, alice, NOW, tell=Tell.ALL)
    assert not end_before(again, alice, NOW, tell=Tell.ALL)
    assert series.changes.count() == 2


def test_cancelling_all_that_is_left_cancels_the_conference(series: Conference, alice: User) -> None:
    on(series, 7).cancel(alice, NOW, tell=Tell.NOBODY)
    assert end_before(on(series, 14), alice, NOW, tell=Tell.ALL, message="No budget.")
    series.refresh_from_db()
    assert (series.cancelled_at, len(dates(series))) == (NOW, 4)
    assert series.changes.latest("sequence").kind == "cancelled"
