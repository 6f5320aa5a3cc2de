"""Closing the gaps: letters about changes, and letters about letters that did not arrive."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conferences.models import Change, Conference
from invitations import announcing, outbox
from invitations.models import Delivery, Invitation
from tests.factories import make_conference, make_invitation
from tests.invitations.deliveries import (
    DEFERRED,
    FAILED,
    SENT,
    SITE,
    UNCERTAIN,
    begin,
    change,
    claim_all,
    letters,
    owe,
    set_rows,
    try_all,
)
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db

Tell = Change.Tell


def later(**times: float) -> datetime:
    """The present, or so much later."""
    return timezone.now() + timedelta(**times)


def told(*names: str) -> list[Invitation]:
    """People who have their invitation."""
    people = owe(None, *names or ("bob",))
    try_all(SENT)
    return people


def cancel(conference: Conference, tell: Change.Tell = Tell.ALL) -> None:
    conference.cancel(conference.organizer, later(), tell=tell)


def start_in(conference: Conference, minutes: float) -> None:
    """The conference will begin so soon."""
    occurrence = conference.occurrences.get()
    occurrence.starts_at = later(minutes=minutes)
    occurrence.save()


# CHANGES


def test_everybody_who_has_an_older_letter_gets_one_about_the_newest_state() -> None:
    bob, carol = told("bob", "carol")
    change(bob.conference, ago=90)
    announcing.announce(later())
    for person in (bob, carol):
        assert letters(person) == [("invitation", 0, "sent"), ("update", 1, "queued")]
    assert Change.objects.get(sequence=1).announced_at


def test_edits_within_a_minute_are_one_letter() -> None:
    (bob,) = told()
    change(bob.conference, ago=90)
    change(bob.conference, ago=59)
    announcing.announce(later())
    assert len(letters(bob)) == 1
    announcing.announce(later(minutes=2))
    assert letters(bob)[1:] == [("update", 2, "queued")]
    announcing.announce(later(minutes=2))
    assert len(letters(bob)) == 2


def test_nobody_is_told_who_is_not_to_be_told() -> None:
    (bob,) = told()
    change(bob.conference, tell=Tell.NOBODY, ago=90)
    announcing.announce(later())
    assert len(letters(bob)) == 1


def test_a_silent_edit_after_an_open_one_is_part_of_the_letter() -> None:
    (bob,) = told()
    change(bob.conference, ago=120)
    change(bob.conference, tell=Tell.NOBODY, ago=90)
    announcing.announce(later())
    assert letters(bob)[1:] == [("update", 2, "queued")]


def test_who_was_invited_after_the_change_knows_it_already() -> None:
    (bob,) = told()
    change(bob.conference, ago=90)
    carol = make_invitation(bob.conference, "carol@example.org", announced_sequence=1)
    outbox.queue([carol], Delivery.Kind.INVITATION, now=later())
    try_all(SENT)
    announcing.announce(later())
    assert letters(carol) == [("invitation", 1, "sent")]
    assert letters(bob)[1:] == [("update", 1, "queued")]


def test_a_raised_sequence_is_no_news() -> None:
    (bob,) = told()
    change(bob.conference, ago=90)
    announcing.announce(later())
    Conference.objects.update(sequence=5)
    announcing.announce(later(minutes=2))
    assert letters(bob)[1:] == [("update", 1, "queued")]


@pytest.mark.parametrize("ending", [FAILED, DEFERRED])
def test_who_has_no_letter_gets_no_update(ending: Any) -> None:
    (bob,) = owe()
    try_all(ending)
    change(bob.conference, ago=90)
    announcing.announce(later())
    assert len(letters(bob)) == 1
    assert Change.objects.get(sequence=1).announced_at


def test_who_was_never_written_to_is_not_written_to_now() -> None:
    (bob,) = told()
    change(bob.conference, ago=90)
    carol = make_invitation(bob.conference, "carol@example.org")
    announcing.announce(later())
    assert letters(carol) == []


def test_who_is_just_getting_a_letter_is_told_when_that_is_through() -> None:
    (bob,) = owe()
    begun = begin()
    change(bob.conference, ago=90)
    announcing.announce(later())
    assert letters(bob) == [("invitation", 0, "sending")]
    assert Change.objects.get(sequence=1).announced_at is None
    bob.deliveries.filter(pk=begun.delivery.pk).update(state="sent")
    announcing.announce(later())
    assert letters(bob) == [("invitation", 0, "sent"), ("update", 1, "queued")]


def test_a_thousand_people_are_told_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    people = told(*(f"p{number}" for number in range(7)))
    monkeypatch.setattr(announcing, "CHUNK", 3)
    change(people[0].conference, ago=90)
    announcing.announce(later())
    assert Delivery.objects.filter(kind="update").count() == 7


def test_what_a_crash_interrupted_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    people = told(*(f"p{number}" for number in range(5)))
    change(people[0].conference, ago=90)
    monkeypatch.setattr(announcing, "CHUNK", 2)
    assert announcing._announce_some(people[0].conference_id, later())
    assert Delivery.objects.filter(kind="update").count() == 2
    announcing.announce(later())
    assert sorted(Delivery.objects.filter(kind="update").values_list("invitation", flat=True)) == [p.pk for p in people]


@pytest.mark.django_db(transaction=True)
def test_several_workers_announce_once() -> None:
    people = told(*(f"p{number}" for number in range(10)))
    change(people[0].conference, ago=90)
    assert in_parallel(6, lambda _number: announcing.announce(later())) == [None] * 6
    assert Delivery.objects.filter(kind="update").count() == 10


def test_announcing_needs_as_many_queries_for_three_as_for_one() -> None:
    counts = []
    for names in (["bob"], ["carol", "dave", "erin"]):
        people = told(*names)
        change(people[0].conference, ago=90)
        with CaptureQueriesContext(connection) as queries:
            announcing.announce(later())
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nothing_to_announce_is_one_query(django_assert_num_queries: Callable[..., Any]) -> None:
    told()
    with django_assert_num_queries(1):
        announcing.announce(later())


def break_zone(conference: Conference) -> None:
    """Damage a row behind the back of everything that checks."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conferences_conference SET time_zone = 'Nowhere/At_All' WHERE id = %s", [conference.pk])


def test_a_damaged_conference_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (bob,), (carol,) = told(), told("carol")
    for person in (bob, carol):
        change(person.conference, ago=90)
    queue = outbox.queue

    def fail_for_bob(people: list[Invitation], *arguments: Any, **more: Any) -> None:
        if bob in people:
            raise ZeroDivisionError
        queue(people, *arguments, **more)

    monkeypatch.setattr(outbox, "queue", fail_for_bob)
    announcing.announce(later())
    assert (len(letters(bob)), len(letters(carol))) == (1, 2)
    assert f"conference {bob.conference_id}" in caplog.text


def test_a_zone_that_is_gone_does_not_stop_the_queue() -> None:
    (bob,), (carol,) = owe(), owe(None, "carol")
    change(bob.conference)
    break_zone(bob.conference)
    assert [claim.delivery.invitation for claim in claim_all() + claim_all()] == [carol, bob]


# CANCELLATIONS


def test_a_cancellation_goes_at_once_to_those_who_may_have_the_invitation() -> None:
    has, may_have, failed, waits = owe(None, "has", "mayhave", "failed", "waits")
    for person, state in ((has, "sent"), (may_have, "uncertain"), (failed, "failed")):
        person.deliveries.update(state=state, copies=int(state == "uncertain"))
    cancel(has.conference)
    announcing.announce(later())
    try_all(SENT)
    assert letters(has) == [("invitation", 0, "sent"), ("cancellation", 1, "sent")]
    assert letters(may_have) == [("invitation", 0, "uncertain"), ("cancellation", 1, "sent")]
    assert letters(failed) == [("invitation", 0, "failed")]
    assert letters(waits) == [("invitation", 0, "cancelled")]


def test_a_silent_cancellation_is_announced_to_nobody_not_even_the_change_before_it() -> None:
    (bob,) = told()
    change(bob.conference, ago=10)
    cancel(bob.conference, Tell.NOBODY)
    announcing.announce(later(minutes=2))
    assert letters(bob) == [("invitation", 0, "sent")]
    assert not Change.objects.filter(tell="all", announced_at=None).exists()


def test_a_cancellation_follows_a_letter_that_is_under_way() -> None:
    (bob,) = owe()
    claim = begin()
    cancel(bob.conference)
    announcing.announce(later())
    assert letters(bob) == [("invitation", 0, "sending")]
    bob.deliveries.filter(pk=claim.delivery.pk).update(state="uncertain", copies=1, due_at=later(minutes=-1))
    announcing.announce(later())
    assert [found.delivery.kind for found in claim_all()] == ["cancellation"]
    assert letters(bob) == [("invitation", 0, "uncertain"), ("cancellation", 1, "sending")]


def test_a_withdrawn_person_gets_no_second_cancellation() -> None:
    (bob,) = told()
    Invitation.objects.update(withdrawn_at=later())
    cancel(bob.conference)
    announcing.announce(later())
    assert letters(bob) == [("invitation", 0, "sent")]


# REPORTS


def notices() -> list[list[str]]:
    """Whose troubles each letter to an organizer is about."""
    rows = Delivery.objects.filter(kind="notice").order_by("pk")
    return [sorted(row.troubles.values_list("invitation__name", flat=True)) for row in rows]


@pytest.mark.parametrize("ending", [FAILED, UNCERTAIN])
def test_the_organizer_is_told_of_what_did_not_or_perhaps_not_arrive(ending: Any) -> None:
    (bob,) = owe()
    try_all(ending)
    announcing.report(later())
    assert notices() == []
    announcing.report(later(minutes=2))
    assert notices() == [["Bob"]]
    assert Delivery.objects.get(kind="notice").address == bob.conference.organizer.email
    announcing.report(later(days=1))
    assert notices() == [["Bob"]]


def test_all_troubles_of_a_conference_are_one_letter() -> None:
    owe(None, "bob", "carol")
    owe(None, "dave")
    try_all(FAILED)
    announcing.report(later(minutes=2))
    assert notices() == [["Bob", "Carol"], ["Dave"]]


def test_further_troubles_wait_for_a_quarter_of_an_hour() -> None:
    bob, _carol = owe(None, "bob", "carol")
    bob.deliveries.update(due_at=later(hours=1))
    try_all(FAILED)
    announcing.report(later(minutes=2))
    set_rows(due_at=later(minutes=-1))
    try_all(FAILED)
    announcing.report(later(minutes=5))
    assert notices() == [["Carol"]]
    announcing.report(later(minutes=16))
    assert notices() == [["Carol"], ["Bob"]]


def test_a_wait_is_told_after_a_quarter_of_an_hour_and_its_end_again() -> None:
    (bob,) = owe()
    try_all(DEFERRED)
    announcing.report(later(minutes=14))
    assert notices() == []
    announcing.report(later(minutes=16))
    assert notices() == [["Bob"]]
    Delivery.objects.filter(kind="notice").update(state="sent", created_at=later(days=-1))
    bob.deliveries.update(due_at=later(minutes=-1), give_up_at=later(minutes=-1))
    try_all(DEFERRED)
    announcing.report(later(minutes=2))
    assert notices() == [[], ["Bob"]]


@pytest.mark.parametrize(("ending", "age", "is_told"), [(DEFERRED, 2, True), (SITE, 16, True), (SITE, 2, False)])
def test_what_still_waits_half_an_hour_before_the_start_is_told(ending: Any, age: int, is_told: bool) -> None:
    (bob,) = owe()
    try_all(ending)
    set_rows(created_at=later(minutes=-age))
    start_in(bob.conference, 31)
    announcing.report(later())
    assert notices() == []
    start_in(bob.conference, 29)
    announcing.report(later())
    assert notices() == ([["Bob"]] if is_told else [])


def test_trouble_with_the_server_as_a_whole_is_not_reported_person_by_person() -> None:
    owe()
    try_all(SITE)
    announcing.report(later(hours=5))
    assert notices() == []


def test_only_the_newest_letter_counts() -> None:
    (bob,) = owe()
    try_all(FAILED)
    outbox.queue([bob], Delivery.Kind.UPDATE, now=later())
    announcing.report(later(minutes=2))
    assert notices() == []


def test_a_notice_that_fails_is_not_reported_in_turn() -> None:
    owe()
    try_all(FAILED)
    announcing.report(later(minutes=2))
    try_all(FAILED)
    announcing.report(later(hours=1))
    assert notices() == [["Bob"]]


@pytest.mark.django_db(transaction=True)
def test_several_workers_report_once() -> None:
    owe(None, "bob", "carol")
    try_all(FAILED)
    assert in_parallel(6, lambda _number: announcing.report(later(minutes=2))) == [None] * 6
    assert notices() == [["Bob", "Carol"]]


def test_nothing_to_report_is_two_queries(django_assert_num_queries: Callable[..., Any]) -> None:
    told()
    with django_assert_num_queries(2):
        announcing.report(later())


def test_a_conference_without_people_is_not_looked_at() -> None:
    change(make_conference(), ago=90)
    announcing.announce(later())
    assert not Delivery.objects.exists()
    assert not Change.objects.filter(tell="all", announced_at=None).exists()
