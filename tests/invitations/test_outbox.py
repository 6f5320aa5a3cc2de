"""What is owed: rows that are written with the reason for them, once, and what pages say of them."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from zlib import decompress

import pytest
from django.core.mail import EmailMessage, send_mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cabinet.models import User
from conferences.models import Conference
from invitations import outbox
from invitations.models import Delivery, Invitation
from tests.factories import make_conference, make_invitation
from tests.invitations.deliveries import (
    DEFERRED,
    FAILED,
    SENT,
    UNCERTAIN,
    begin,
    change,
    claim_all,
    letters,
    only_row,
    owe,
    set_rows,
    try_all,
)
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db

NOW = timezone.now()
KIND = Delivery.Kind


def ask(number: int) -> tuple[Conference, list[Invitation]]:
    """A conference with so many people, nobody owed a letter yet."""
    conference = make_conference()
    return conference, [make_invitation(conference, f"p{n}@example.org") for n in range(number)]


# QUEUEING


def test_queue_owes_each_person_one_letter() -> None:
    conference, people = ask(3)
    outbox.queue(people, KIND.INVITATION, now=NOW)
    rows = Delivery.objects.order_by("pk")
    assert [(row.invitation, row.address, row.conference, row.state) for row in rows] == [
        (person, person.address, conference, "queued") for person in people
    ]
    assert len({row.message_id for row in rows}) == 3
    assert all(row.message_id.startswith("<") and row.message_id.endswith("@localhost>") for row in rows)


def test_letters_of_one_press_are_due_in_no_particular_order() -> None:
    owe(None, *(f"p{number:02}" for number in range(20)))
    rows = list(Delivery.objects.order_by("due_at"))
    assert len({row.due_at for row in rows}) > 1
    assert [row.pk for row in rows] != sorted(row.pk for row in rows)
    assert all(row.due_at and row.due_at <= outbox.database_now() for row in rows)


def test_queue_again_changes_nothing() -> None:
    _conference, people = ask(3)
    outbox.queue(people, KIND.INVITATION, now=NOW)
    before = list(Delivery.objects.values())
    outbox.queue(people[::-1], KIND.INVITATION, now=NOW)
    assert list(Delivery.objects.values()) == before


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_owe_each_person_one_letter() -> None:
    _conference, people = ask(5)
    outcomes = in_parallel(20, lambda _number: outbox.queue(people, KIND.INVITATION, now=NOW))
    assert outcomes == [None] * 20
    assert sorted(Delivery.objects.values_list("invitation", flat=True)) == [person.pk for person in people]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_owed_by_a_transaction_that_fails() -> None:
    _conference, people = ask(2)

    def answer_with_an_error() -> None:
        with transaction.atomic():
            outbox.queue(people, KIND.INVITATION, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_with_an_error()
    assert not Delivery.objects.exists()


def test_queue_needs_as_many_queries_for_three_as_for_one() -> None:
    outbox.database_now()
    counts = []
    for number in (1, 3):
        _conference, people = ask(number)
        with CaptureQueriesContext(connection) as queries:
            outbox.queue(people, KIND.INVITATION, now=NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_queue_of_nobody_is_nothing() -> None:
    outbox.queue([], KIND.INVITATION, now=NOW)
    assert not Delivery.objects.exists()


def test_small_submissions_go_before_large_ones() -> None:
    for number, priority in ((50, 0), (51, 1)):
        _conference, people = ask(number)
        outbox.queue(people, KIND.INVITATION, now=NOW)
        assert set(people[0].deliveries.values_list("priority", flat=True)) == {priority}


@pytest.mark.parametrize(
    ("starts_in", "lasts", "given_up_in"),
    [
        (timedelta(days=7), timedelta(hours=1), timedelta(hours=48)),
        (timedelta(hours=3), timedelta(hours=1), timedelta(hours=3)),
        (timedelta(minutes=-10), timedelta(hours=1), timedelta(minutes=50)),
    ],
)
def test_a_letter_is_given_up_when_it_has_become_useless(
    starts_in: timedelta, lasts: timedelta, given_up_in: timedelta
) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    start = (now + starts_in).replace(tzinfo=None)
    conference = make_conference(start=start, time_zone="UTC", duration=lasts)
    outbox.queue([make_invitation(conference)], KIND.INVITATION, now=now)
    assert only_row().give_up_at == now + given_up_in


def test_who_is_owed_a_letter_counts_as_told() -> None:
    conference, (bob, *_others) = ask(1)
    change(conference)
    bob.conference = conference
    outbox.queue([bob], KIND.UPDATE, now=NOW)
    bob.refresh_from_db()
    assert bob.announced_sequence == 1


# MAIL THAT IS NOT A LETTER


@pytest.fixture
def queued_mail(settings: Any) -> None:
    """Django's mail goes where it goes in production, not into the list that test runs put in its place."""
    settings.MAILERS = {"default": {"BACKEND": "cabinet.mail.QueueBackend"}}


@pytest.mark.usefixtures("queued_mail")
def test_django_mail_is_owed_to_each_recipient_with_its_bytes_fixed() -> None:
    send_mail("Reset", "Grüße\n.\nFrom here", None, ["alice@example.org", "Bob <bob@exämple.org>"])
    rows = Delivery.objects.order_by("pk")
    assert [(row.kind, row.address, row.conference, row.invitation) for row in rows] == [
        ("account", "alice@example.org", None, None),
        ("account", "bob@xn--exmple-cua.org", None, None),
    ]
    message = decompress(rows[0].message or b"")
    assert message.isascii()
    assert b"\n" not in message.replace(b"\r\n", b"")
    read = message_from_bytes(message, policy=default)
    assert (read["Subject"], read["Message-ID"]) == ("Reset", rows[0].message_id)
    assert read.get_content().splitlines() == ["Grüße", ".", "From here"]


@pytest.mark.usefixtures("queued_mail")
def test_a_line_break_in_a_header_is_refused_and_nothing_is_owed() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        EmailMessage("Reset\r\nBcc: charlie@example.org", "", None, ["alice@example.org"]).send()
    assert not Delivery.objects.exists()


def test_a_notice_goes_to_the_organizer_and_counts_as_reported(alice: User) -> None:
    bob, carol = owe(make_conference(alice), "bob", "carol")
    troubles = list(bob.deliveries.all())
    outbox.queue_notice(bob.conference, troubles, now=NOW)
    notice = Delivery.objects.get(kind="notice")
    assert (notice.address, list(notice.troubles.all())) == (alice.email, troubles)
    assert carol.deliveries.get().notice is None


# TAKING BACK


def test_drop_stops_what_has_not_left_and_names_who_may_have_it() -> None:
    people = owe(None, "queued", "held", "sent", "uncertain", "sending", "failed")
    for person in people:
        person.deliveries.update(state=person.name.lower())
    told = outbox.drop(people, now=NOW)
    assert [person.name for person in told] == ["Sent", "Uncertain", "Sending"]
    assert dict(Delivery.objects.values_list("invitation__name", "state")) == {
        "Queued": "cancelled", "Held": "cancelled", "Sent": "sent", "Uncertain": "uncertain", "Sending": "sending",
        "Failed": "failed",
    }  # fmt: skip
    set_rows(state="uncertain")
    outbox.drop(people, now=NOW)
    assert not claim_all()


# SENDING AGAIN


def test_send_again_after_failure_queues_the_same_row_at_the_foot_of_the_ladder() -> None:
    (bob,) = owe()
    try_all(FAILED)
    set_rows(deferrals=5, notice=only_row())
    assert outbox.send_again(bob, now=NOW)
    row = only_row()
    assert (row.state, row.deferrals, row.why, row.notice, row.message) == ("queued", 0, "", None, None)
    assert try_all(SENT) == 1
    assert letters(bob) == [("invitation", 0, "sent")]


def test_send_again_after_success_owes_another_letter_of_the_same_sequence() -> None:
    (bob,) = owe()
    try_all(SENT)
    assert outbox.send_again(bob, now=NOW)
    assert letters(bob) == [("invitation", 0, "sent"), ("invitation", 0, "queued")]
    assert [row.ordinal for row in bob.deliveries.order_by("pk")] == [0, 1]
    assert bob.deliveries.values("message_id").distinct().count() == 2


def test_send_again_after_doubt_is_the_last_try_of_the_old_letter() -> None:
    (bob,) = owe()
    try_all(UNCERTAIN)
    assert outbox.send_again(bob, now=NOW)
    set_rows(give_up_at=NOW + timedelta(days=1))
    Delivery.objects.filter(state="uncertain", due_at__isnull=False).update(due_at=NOW)
    assert try_all(SENT) == 1
    assert letters(bob) == [("invitation", 0, "uncertain"), ("invitation", 0, "sent")]


def test_send_again_makes_a_waiting_letter_due() -> None:
    (bob,) = owe()
    try_all(DEFERRED)
    assert not claim_all()
    assert outbox.send_again(bob, now=NOW)
    assert try_all(SENT) == 1


def test_send_again_leaves_a_letter_alone_that_is_under_way() -> None:
    (bob,) = owe()
    begin()
    assert not outbox.send_again(bob, now=NOW)
    assert letters(bob) == [("invitation", 0, "sending")]


def test_send_again_has_nothing_for_somebody_without_letters() -> None:
    assert not outbox.send_again(make_invitation(), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_twenty_presses_of_send_again_owe_one_letter() -> None:
    (bob,) = owe()
    try_all(SENT)
    in_parallel(20, lambda _number: outbox.send_again(bob, now=NOW))
    assert letters(bob) == [("invitation", 0, "sent"), ("invitation", 0, "queued")]
