"""Nobody's mailbox is filled: too many letters wait, and become one about the latest state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from conferences.choices import Tell
from conferences.models import Change, Conference
from invitations import announcing, claims, limits, outbox
from invitations.ledger import Ledger
from invitations.limits import LETTERS_A_DAY, UPDATES_AN_HOUR
from invitations.models import Delivery, Invitation
from invitations.outbox import Kind, State, Why
from tests.factories import make_conference
from tests.invitations.deliveries import ME, SENT, owe
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _by_smtp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail that leaves the house; that of tests goes into files."""
    monkeypatch.setattr(settings, "MAIL", replace(settings.MAIL, kind="smtp"))


def claimed(now: datetime) -> Iterator[Delivery]:
    """Claim and send all that may leave at `now`."""
    while found := claims.claim(ME, now, 2 * LETTERS_A_DAY):
        for claim in found:
            claim.delivery.message = b"written"
            claims.hand_over(None, claim)
            claims.hand_over((claim, SENT), None)
            Delivery.objects.filter(pk=claim.delivery.pk).update(state_at=now)
            yield claim.delivery


def told() -> Invitation:
    (bob,) = owe()
    assert len(list(claimed(timezone.now()))) == 1
    return bob


def reschedule(conference: Conference, number: int, now: datetime) -> None:
    """At another time; the announcement is due at `now`."""
    fields: dict[str, Any] = {"start_time": time(8 + number // 60, number % 60)}
    conference.change(
        conference.organizer, fields, seen_sequence=conference.sequence, tell=Tell.ALL, now=timezone.now()
    )
    Change.objects.update(at=now - 2 * MINUTE)
    announcing.announce(now)


def test_fifty_reschedules_are_six_letters_and_the_last_one_holds_the_final_time() -> None:
    bob = told()
    now = timezone.now()
    sent = []
    for number in range(1, 51):
        reschedule(bob.conference, number, now)
        sent += list(claimed(now))
    assert len(sent) == UPDATES_AN_HOUR
    (line,) = Ledger(bob.conference, now).page().object_list
    assert (line.status, line.next_try) == ("held", now + HOUR)
    late = list(claimed(now + HOUR + MINUTE))
    assert [(row.kind, row.sequence) for row in late] == [(Kind.UPDATE, 50)]
    assert list(claimed(now + 2 * HOUR)) == []
    assert not bob.deliveries.filter(state=State.QUEUED).exists()


def test_a_cancellation_is_never_held() -> None:
    bob = told()
    now = timezone.now()
    for number in range(1, 9):
        reschedule(bob.conference, number, now)
        list(claimed(now))
    bob.conference.cancel(bob.conference.organizer, now, tell=Tell.ALL)
    announcing.announce(now)
    assert [row.kind for row in claimed(now)] == [Kind.CANCELLATION]
    assert list(claimed(now + 2 * HOUR)) == []


def test_what_perhaps_arrived_is_no_letter_more() -> None:
    bob = told()
    now = timezone.now()
    for number in range(1, UPDATES_AN_HOUR + 1):
        reschedule(bob.conference, number, now)
        list(claimed(now))
    bob.deliveries.filter(sequence=UPDATES_AN_HOUR).update(state=State.UNCERTAIN, copies=1, due_at=now)
    assert [row.sequence for row in claimed(now)] == [UPDATES_AN_HOUR]


@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.QUESTION, Kind.MESSAGE])
def test_all_that_organizers_may_write_counts(kind: Delivery.Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LETTERS_A_DAY", 1)
    monkeypatch.setattr(limits, "NARROW", 0)
    bob = told()
    now = timezone.now()
    outbox.queue([bob], kind, now=now)
    assert list(claimed(now)) == []
    assert bob.deliveries.get(kind=kind).why == Why.OFTEN


def flood(letters: int) -> None:
    """So many people who are Bob, each of another conference, owed a letter."""
    first = make_conference()
    Conference.objects.bulk_create(
        Conference(
            organizer=first.organizer, topic=f"{number}", number=f"{number + 100_000}", start_date=first.start_date,
            start_time=first.start_time, time_zone=first.time_zone, duration=first.duration,
        )
        for number in range(letters)
    )  # fmt: skip
    people = Invitation.objects.bulk_create(
        Invitation(conference=conference, address="bob@example.org" if conference.pk % 2 else "Bob@example.org")
        for conference in Conference.objects.exclude(pk=first.pk)
    )
    for person in people:
        outbox.queue([person], Kind.INVITATION, now=timezone.now())


def test_a_hundred_letters_a_day_to_one_address_whoever_sends_them() -> None:
    flood(LETTERS_A_DAY + 5)
    now = timezone.now()
    assert len(list(claimed(now))) == LETTERS_A_DAY
    held = Delivery.objects.filter(state=State.QUEUED)
    assert {(row.why, row.due_at) for row in held} == {(Why.OFTEN, now + timedelta(days=1))}
    assert len(list(claimed(now + timedelta(days=1, minutes=1)))) == 5


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_keep_the_limit_of_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    flood(LETTERS_A_DAY + 5)
    now = timezone.now()
    for _letter, _number in zip(claimed(now), range(LETTERS_A_DAY - 3), strict=False):
        pass
    in_parallel(4, lambda _worker: [claims.claim(ME, now, 100) for _look in range(3)])
    left = Delivery.objects.filter(state__in=[State.SENT, State.SENDING])
    assert left.count() == LETTERS_A_DAY


def test_what_is_held_until_it_is_useless_is_reported() -> None:
    bob = told()
    now = timezone.now()
    for number in range(1, 8):
        reschedule(bob.conference, number, now)
        list(claimed(now))
    held = bob.deliveries.filter(why=Why.OFTEN)
    held.update(give_up_at=now + 30 * MINUTE, due_at=now)
    assert list(claimed(now)) == []
    assert held.get().due_at == now + 30 * MINUTE
    assert list(claimed(now + 31 * MINUTE)) == []
    assert held.get().state == State.FAILED


def test_mail_that_becomes_files_has_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAIL", replace(settings.MAIL, kind="file"))
    bob = told()
    now = timezone.now()
    for number in range(1, 9):
        reschedule(bob.conference, number, now)
        assert len(list(claimed(now))) == 1
