"""Scheduling, changing and cancelling: what is stored, and what happens when two do it at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from cabinet.models import User
from conferences import times
from conferences.attempts import Attempt
from conferences.conflicts import ChangedMeanwhile, NumberTaken, SubmittedBefore
from conferences.models import Change, Conference, Occurrence
from tests.factories import make_conference

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
ALL, NOBODY = Change.Tell.ALL, Change.Tell.NOBODY


def test_schedule_writes_conference_occurrence_and_first_line_of_history(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), duration=timedelta(minutes=45))
    assert conference.starts_at == datetime(2026, 12, 3, 13, tzinfo=UTC)
    assert (conference.occurrences.get().starts_at, conference.occurrences.get().ends_at) == (
        datetime(2026, 12, 3, 13, tzinfo=UTC),
        datetime(2026, 12, 3, 13, 45, tzinfo=UTC),
    )
    (change,) = conference.changes.all()
    assert (change.kind, change.sequence, change.tell, change.by) == ("scheduled", 0, "nobody", alice)


def test_schedule_refuses_a_time_that_a_clock_change_skips_and_stores_nothing(alice: User) -> None:
    with pytest.raises(times.NoSuchTime):
        make_conference(alice, start=datetime(2027, 3, 28, 2, 30))
    assert not Conference.objects.exists()


def test_a_time_that_a_newer_law_skips_is_read_by_the_offset_before_the_gap(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 3, 27, 2, 30))
    Conference.objects.update(start_date=date(2027, 3, 28))  # as if the clocks had not been going to change that night
    conference.refresh_from_db()
    assert conference.starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 in Berlin


@pytest.mark.parametrize(
    ("start", "zone", "instant"),
    [
        (datetime(2028, 2, 29, 10), "Europe/Berlin", datetime(2028, 2, 29, 9, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 30), "America/New_York", datetime(2027, 1, 1, 4, 30, tzinfo=UTC)),
        (datetime(2026, 12, 1, 10), "Asia/Kathmandu", datetime(2026, 12, 1, 4, 15, tzinfo=UTC)),
        (datetime(2027, 10, 31, 2, 30), "Europe/Berlin", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
    ],
)
def test_instants_follow_from_wall_clock_and_zone(alice: User, start: datetime, zone: str, instant: datetime) -> None:
    assert make_conference(alice, start=start, time_zone=zone).occurrences.get().starts_at == instant


def test_duration_is_real_time_over_a_clock_change(alice: User) -> None:
    night = make_conference(alice, start=datetime(2027, 10, 31, 1), duration=timedelta(hours=3))
    assert night.ends_at == datetime(2027, 10, 31, 2, tzinfo=UTC)  # 03:00 in Berlin, four clock hours later


def test_every_conference_has_its_own_tokens_and_room(alice: User) -> None:
    first, second = make_conference(alice), make_conference(alice)
    tokens = {
        first.join_token,
        second.join_token,
        first.occurrences.get().room_name,
        second.occurrences.get().room_name,
    }
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {26}


def test_managed_by_finds_no_stranger(alice: User, charlie: User) -> None:
    conference = make_conference(alice)
    assert list(Conference.objects.managed_by(alice)) == [conference]
    assert not Conference.objects.managed_by(charlie).exists()
    assert not Occurrence.objects.managed_by(charlie).exists()


# THE SAME PRESS AGAIN


def test_same_submission_gives_the_same_conference(alice: User) -> None:
    key: dict[str, Any] = {"submission_id": uuid4(), "submission_digest": "a"}
    first = make_conference(alice, **key)
    assert make_conference(alice, **key) == first
    assert Conference.objects.count() == Occurrence.objects.count() == Change.objects.count() == 1


def test_same_submission_with_other_content_is_an_error(alice: User) -> None:
    submission_id = uuid4()
    first = make_conference(alice, submission_id=submission_id, submission_digest="a")
    with pytest.raises(SubmittedBefore) as before:
        make_conference(alice, submission_id=submission_id, submission_digest="b")
    assert before.value.conference == first


def test_submission_ids_of_two_people_do_not_meet(alice: User, charlie: User) -> None:
    key: dict[str, Any] = {"submission_id": uuid4(), "submission_digest": "a"}
    assert make_conference(alice, **key) != make_conference(charlie, **key)


def test_number_is_unique_by_its_digits(alice: User) -> None:
    make_conference(alice, number="123-456-789")
    with pytest.raises(NumberTaken):
        make_conference(alice, number="1234-56789")
    assert Conference.objects.numbered("123 456 789").get().number == "123-456-789"


@pytest.mark.django_db(transaction=True)
def test_parallel_presses_schedule_once() -> None:
    alice = User.objects.create_user("alice@example.org", name="Alice")
    key: dict[str, Any] = {"submission_id": uuid4(), "submission_digest": "a"}

    def press(_n: int) -> int:
        try:
            return make_conference(alice, **key).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as people:
        assert len(set(people.map(press, range(50)))) == 1
    assert Conference.objects.count() == Occurrence.objects.count() == Change.objects.count() == 1


# CHANGE


def test_change_keeps_what_was_and_what_is(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), topic="Budget")
    fields = {"topic": "Budget 2027", "start_time": time(15), "duration": timedelta(minutes=90)}
    change = conference.change(alice, fields, seen_sequence=0, tell=ALL, now=NOW)
    assert change is not None
    assert change.before == {"topic": "Budget", "start_time": "14:00:00", "duration": 3600}
    assert change.after == {"topic": "Budget 2027", "start_time": "15:00:00", "duration": 5400}
    assert (change.sequence, change.tell) == (1, "all")
    conference.refresh_from_db()
    assert conference.sequence == 1
    assert conference.occurrences.get().starts_at == datetime(2026, 12, 3, 14, tzinfo=UTC)


def test_change_of_nothing_is_no_change(alice: User) -> None:
    conference = make_conference(alice, topic="Budget")
    assert conference.change(alice, {"topic": "Budget"}, seen_sequence=0, tell=ALL, now=NOW) is None
    conference.refresh_from_db()
    assert (conference.sequence, conference.changes.count()) == (0, 1)


def test_change_after_somebody_elses_is_refused_and_shows_theirs(alice: User) -> None:
    conference = make_conference(alice, topic="Budget")
    other_tab = Conference.objects.get(pk=conference.pk)
    other_tab.change(alice, {"topic": "Theirs"}, seen_sequence=0, tell=ALL, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        conference.change(alice, {"topic": "Mine"}, seen_sequence=0, tell=ALL, now=NOW)
    assert conference.topic == Conference.objects.get(pk=conference.pk).topic == "Theirs"


def test_a_letter_to_one_person_is_no_change_that_an_edit_could_overlook(alice: User) -> None:
    conference = make_conference(alice)
    Conference.objects.update(sequence=1)  # as withdrawing an invitation does
    change = conference.change(alice, {"topic": "Edited"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    assert change
    assert change.sequence == 2


def test_change_on_a_stale_instance_records_the_true_difference(alice: User) -> None:
    stale = make_conference(alice, topic="Budget")
    Conference.objects.get(pk=stale.pk).change(alice, {"topic": "New"}, seen_sequence=0, tell=ALL, now=NOW)
    change = stale.change(alice, {"password": "harbour42"}, seen_sequence=1, tell=ALL, now=NOW)
    assert change is not None
    assert change.before == {"password": ""}
    assert Conference.objects.get(pk=stale.pk).topic == "New"


def test_change_of_a_cancelled_conference_is_refused(alice: User) -> None:
    conference = make_conference(alice)
    conference.cancel(alice, NOW, tell=ALL)
    with pytest.raises(ChangedMeanwhile):
        conference.change(alice, {"topic": "Again"}, seen_sequence=1, tell=ALL, now=NOW)


def test_change_to_a_taken_number_is_refused(alice: User) -> None:
    make_conference(alice, number="111-111-111")
    conference = make_conference(alice, number="222-222-222")
    with pytest.raises(NumberTaken):
        conference.change(alice, {"number": "111111111"}, seen_sequence=0, tell=ALL, now=NOW)
    assert Conference.objects.get(pk=conference.pk).number == "222-222-222"


def test_change_to_a_skipped_time_changes_nothing(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 3, 27, 2, 30))
    with pytest.raises(times.NoSuchTime):
        conference.change(alice, {"start_date": date(2027, 3, 28)}, seen_sequence=0, tell=ALL, now=NOW)
    stored = Conference.objects.get(pk=conference.pk)
    assert (stored.start_date, stored.sequence) == (date(2027, 3, 27), 0)


def test_new_date_keeps_the_room_and_forgets_who_came_to_the_old_one(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14))
    room = conference.occurrences.get().room_name
    Occurrence.objects.update(organizer_joined_at=NOW)
    conference.change(alice, {"duration": timedelta(hours=2)}, seen_sequence=0, tell=ALL, now=NOW)
    assert Occurrence.objects.get().organizer_joined_at == NOW
    conference.change(alice, {"start_date": date(2026, 12, 4)}, seen_sequence=1, tell=ALL, now=NOW)
    occurrence = Occurrence.objects.get()
    assert (occurrence.organizer_joined_at, occurrence.room_name) == (None, room)


# CANCEL


def test_cancel_twice_is_once(alice: User) -> None:
    conference = make_conference(alice)
    assert conference.cancel(alice, NOW, tell=ALL, message="Figures are late.")
    again = Conference.objects.get(pk=conference.pk)
    assert not again.cancel(alice, NOW + TEN_MINUTES, tell=NOBODY)
    assert (again.sequence, again.cancelled_at) == (1, NOW)
    change = conference.changes.get(kind="cancelled")
    assert (change.sequence, change.message, change.tell) == (1, "Figures are late.", "all")


def test_cancel_on_a_stale_instance_takes_the_next_sequence(alice: User) -> None:
    stale = make_conference(alice, topic="Budget")
    Conference.objects.get(pk=stale.pk).change(alice, {"topic": "New"}, seen_sequence=0, tell=ALL, now=NOW)
    stale.cancel(alice, NOW, tell=ALL)
    stored = Conference.objects.get(pk=stale.pk)
    assert (stored.sequence, stored.topic) == (2, "New")


# LISTS


def test_occurrences_are_coming_or_past(alice: User) -> None:
    def at(hours: int) -> Occurrence:
        start = (NOW + timedelta(hours=hours)).replace(tzinfo=None)
        return make_conference(alice, start=start, time_zone="UTC").occurrences.get()

    older, past, active, soon, later = at(-9), at(-5), at(0), at(2), at(8)
    cancelled = at(5)
    cancelled.conference.cancel(alice, NOW, tell=NOBODY)
    mine = Occurrence.objects.managed_by(alice)
    assert list(mine.coming(NOW)) == [active, soon, cancelled, later]
    assert list(mine.past(NOW)) == [past, older]


# LIMITS


def test_attempts_end_at_the_limit_and_begin_anew_after_the_window(db: None) -> None:
    def tries(now: datetime, n: int) -> list[bool]:
        return [Attempt.objects.allow("test", "key", limit=5, window=TEN_MINUTES, now=now) for _ in range(n)]

    assert tries(NOW, 7) == [True] * 5 + [False] * 2
    assert tries(NOW + timedelta(minutes=9), 1) == [False]
    assert Attempt.objects.is_used_up("test", "key", limit=5, now=NOW)
    assert tries(NOW + TEN_MINUTES, 6) == [True] * 5 + [False]


def test_attempts_given_back_do_not_count(db: None) -> None:
    for _ in range(9):
        assert Attempt.objects.allow("test", "key", limit=1, window=TEN_MINUTES, now=NOW)
        Attempt.objects.give_back("test", "key")
    Attempt.objects.give_back("test", "key")
    assert not Attempt.objects.is_used_up("test", "key", limit=1, now=NOW)


def test_attempts_of_the_day_before_are_tidied_away(db: None) -> None:
    Attempt.objects.allow("test", "old", limit=5, window=TEN_MINUTES, now=NOW - timedelta(days=2))
    Attempt.objects.allow("test", "new", limit=5, window=TEN_MINUTES, now=NOW)
    assert list(Attempt.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.django_db(transaction=True)
def test_parallel_attempts_pass_exactly_the_limit() -> None:
    def try_once(_n: int) -> bool:
        try:
            return Attempt.objects.allow("test", "key", limit=5, window=TEN_MINUTES, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as people:
        assert sum(people.map(try_once, range(40))) == 5
