"""Inviting, withdrawing, correcting and answering: what the rows say afterwards."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Change, Conference
from invitations.inviting import OtherSubmissionError, correct_address, invite, withdraw
from invitations.models import ClosedError, Delivery, Invitation, PartStat, Reply
from tests.factories import make_conference, make_contact, make_invitation

NOW = timezone.now()
BOB = ("Bob", "bob@example.org")


def press(conference: Conference, *people: tuple[str, str], **asked: Any) -> list[Invitation]:
    """One press of “Invite”."""
    asked = {"submission_id": uuid.uuid4(), "now": timezone.now(), **asked}
    return invite(conference, people, by=conference.organizer, **asked)


def letters_to(address: str) -> list[tuple[str, int, str]]:
    """Kind, sequence and state of every letter to somebody, oldest first."""
    rows = Delivery.objects.filter(address=address).order_by("pk")
    return list(rows.values_list("kind", "sequence", "state"))


def deliver(state: str = "sent") -> None:
    """As if the worker had handled everything in the queue."""
    Delivery.objects.filter(state="queued").update(state=state)


@pytest.fixture
def conference(alice: User) -> Conference:
    """Alice's conference in a week."""
    return make_conference(alice)


# INVITING


def test_invite_writes_invitation_and_letter_together(conference: Conference) -> None:
    (invitation,) = press(conference, BOB)
    assert (invitation.address, invitation.name, invitation.partstat) == ("bob@example.org", "Bob", "NEEDS-ACTION")
    assert len(invitation.token) == 26
    assert letters_to("bob@example.org") == [("invitation", 0, "queued")]


def test_invite_takes_over_what_the_contact_says(conference: Conference, alice: User, charlie: User) -> None:
    make_contact(None, "Robert (shared)", "bob@example.org", time_zone="UTC")
    own = make_contact(alice, "Bob Brown", "Bob@Example.org", time_zone="Asia/Tokyo", language="en")
    make_contact(charlie, "Charlie’s Bob", "bob@example.org")
    (invitation,) = press(conference, ("Bobby", "bob@example.org"))
    assert invitation.contact == own
    assert (invitation.name, invitation.time_zone, invitation.language) == ("Bob Brown", "Asia/Tokyo", "en")


def test_invite_knows_nothing_of_a_strangers_contacts(conference: Conference, charlie: User) -> None:
    make_contact(charlie, "Charlie’s Bob", "bob@example.org")
    (invitation,) = press(conference, ("", "bob@example.org"))
    assert (invitation.contact, invitation.name) == (None, "")


def test_invite_leaves_alone_whoever_is_invited_already(conference: Conference) -> None:
    (first,) = press(conference, BOB)
    first.respond(PartStat.ACCEPTED, "", timezone.now())
    assert press(conference, ("Other name", "BOB@example.org"), ("Dan", "dan@example.org")) == [
        Invitation.objects.get(address="dan@example.org")
    ]
    first.refresh_from_db()
    assert (first.name, first.partstat) == ("Bob", "ACCEPTED")
    assert letters_to("bob@example.org") == [("invitation", 0, "queued")]


def test_the_same_press_twice_is_one_press(conference: Conference) -> None:
    press_id = uuid.uuid4()
    first = press(conference, BOB, submission_id=press_id, message="Hello")
    again = press(conference, BOB, submission_id=press_id, message="Hello")
    assert first == again
    assert Delivery.objects.count() == 1


def test_a_press_that_a_proxy_repeats_a_day_later_invites_nobody_who_was_withdrawn_since(
    conference: Conference,
) -> None:
    press_id = uuid.uuid4()
    (bob,) = press(conference, BOB, submission_id=press_id)
    withdraw(bob, timezone.now())
    assert press(conference, BOB, submission_id=press_id, now=timezone.now() + timedelta(days=1)) == [bob]
    assert not Invitation.objects.standing().exists()
    assert letters_to("bob@example.org") == [("invitation", 0, "cancelled")]


@pytest.mark.parametrize("other", [{"message": "Other words"}, {"people": [("Dan", "dan@example.org")]}])
def test_the_same_press_with_other_content_is_an_error(conference: Conference, other: dict[str, Any]) -> None:
    press_id = uuid.uuid4()
    press(conference, BOB, submission_id=press_id)
    with pytest.raises(OtherSubmissionError):
        press(conference, *other.get("people", [BOB]), submission_id=press_id, message=other.get("message", ""))
    assert Invitation.objects.count() == 1


def test_a_press_belongs_to_one_conference(conference: Conference, alice: User) -> None:
    press_id = uuid.uuid4()
    press(conference, BOB, submission_id=press_id)
    with pytest.raises(OtherSubmissionError):
        press(make_conference(alice), BOB, submission_id=press_id)


def test_nobody_is_invited_to_what_is_cancelled_or_over(conference: Conference, alice: User) -> None:
    with pytest.raises(ClosedError):
        press(conference, BOB, now=conference.ends_at)
    conference.cancel(alice, NOW, tell=Change.Tell.NOBODY)
    with pytest.raises(ClosedError):
        press(conference, BOB)
    assert not Invitation.objects.exists()
    assert not Delivery.objects.exists()


def test_inviting_many_costs_as_many_queries_as_inviting_one(conference: Conference, alice: User) -> None:
    def queries(people: int) -> int:
        asked = [(f"Person {n}", f"person{n}-of-{people}@example.org") for n in range(people)]
        with CaptureQueriesContext(connection) as captured:
            assert len(press(conference, *asked)) == people
        return len(captured)

    queries(2)  # the first one ever also makes the queue's clock
    assert queries(1) == queries(3) == queries(500)


# WITHDRAWING


def test_withdraw_before_the_letter_left_sends_nothing(conference: Conference) -> None:
    (invitation,) = press(conference, BOB)
    withdraw(invitation, timezone.now())
    assert letters_to("bob@example.org") == [("invitation", 0, "cancelled")]


def test_withdraw_after_the_letter_left_takes_it_out_of_the_calendar(conference: Conference) -> None:
    (invitation,) = press(conference, BOB)
    deliver()
    withdraw(invitation, timezone.now())
    withdraw(invitation, timezone.now())
    assert letters_to("bob@example.org") == [("invitation", 0, "sent"), ("cancellation", 1, "queued")]


def test_withdraw_tells_nobody_else_anything(conference: Conference) -> None:
    bob, dan = press(conference, BOB, ("Dan", "dan@example.org"))
    deliver()
    withdraw(bob, timezone.now())
    assert letters_to("dan@example.org") == [("invitation", 0, "sent")]
    assert conference.changes.count() == 1
    assert dan in Invitation.objects.standing()


def test_who_was_withdrawn_can_be_invited_again_with_a_new_link(conference: Conference) -> None:
    (first,) = press(conference, BOB)
    first.respond(PartStat.DECLINED, "no", timezone.now())
    deliver()
    withdraw(first, timezone.now())
    deliver()
    (again,) = press(conference, ("Robert", "bob@example.org"))
    assert again.pk == first.pk
    assert again.token != first.token
    assert (again.partstat, again.comment, again.answered_at, again.name) == ("NEEDS-ACTION", "", None, "Robert")
    assert letters_to("bob@example.org") == [
        ("invitation", 0, "sent"), ("cancellation", 1, "sent"), ("invitation", 2, "queued"),
    ]  # fmt: skip


# CORRECTING AN ADDRESS


def test_correct_address_sends_nothing_more_to_the_old_one(conference: Conference, alice: User) -> None:
    (old,) = press(conference, ("Bob", "bop@example.org"), message="Hello")
    correct_address(old, "bob@example.org", by=alice, now=timezone.now())
    new = Invitation.objects.standing().get()
    assert (new.address, new.name) == ("bob@example.org", "Bob")
    assert new.submission
    assert new.submission.message == "Hello"
    assert new.token != old.token
    assert letters_to("bop@example.org") == [("invitation", 0, "cancelled")]
    assert letters_to("bob@example.org") == [("invitation", 0, "queued")]


def test_correct_address_twice_is_once(conference: Conference, alice: User) -> None:
    (old,) = press(conference, ("Bob", "bop@example.org"))
    for _ in range(2):
        correct_address(old, "bob@example.org", by=alice, now=timezone.now())
    assert letters_to("bob@example.org") == [("invitation", 0, "queued")]
    withdraw(Invitation.objects.standing().get(), timezone.now())
    correct_address(old, "bob@example.org", by=alice, now=timezone.now())
    assert not Invitation.objects.standing().exists()


def test_an_old_address_that_has_the_letter_gets_a_cancellation(conference: Conference, alice: User) -> None:
    (old,) = press(conference, ("Bob", "bop@example.org"))
    deliver()
    correct_address(old, "bob@example.org", by=alice, now=timezone.now())
    assert letters_to("bop@example.org") == [("invitation", 0, "sent"), ("cancellation", 1, "queued")]


def test_correct_address_after_the_end_changes_nothing(conference: Conference, alice: User) -> None:
    (old,) = press(conference, ("Bob", "bop@example.org"))
    with pytest.raises(ClosedError):
        correct_address(old, "bob@example.org", by=alice, now=conference.ends_at)
    assert Invitation.objects.standing().get() == old


# ANSWERING


def answers(invitation: Invitation) -> list[tuple[str, bool]]:
    return list(invitation.replies.order_by("pk").values_list("partstat", "looks_automatic"))


def counts(invitation: Invitation) -> str:
    return str(Invitation.objects.with_answer().get(pk=invitation.pk).answer)


def test_the_last_answer_counts_and_all_are_kept(conference: Conference) -> None:
    invitation = make_invitation(conference)
    later = NOW + timedelta(minutes=5)
    invitation.respond(PartStat.ACCEPTED, "", NOW)
    invitation.respond(PartStat.DECLINED, "Ill", later)
    invitation.refresh_from_db()
    assert (invitation.partstat, invitation.comment, invitation.answered_at) == ("DECLINED", "Ill", later)
    assert answers(invitation) == [("ACCEPTED", False), ("DECLINED", False)]


def test_answers_within_a_minute_are_one(conference: Conference) -> None:
    invitation = make_invitation(conference)
    for seconds, answer in ((0, PartStat.ACCEPTED), (59, PartStat.TENTATIVE), (118, PartStat.DECLINED)):
        invitation.respond(answer, f"after {seconds}", NOW + timedelta(seconds=seconds))
    assert answers(invitation) == [("DECLINED", False)]
    invitation.respond(PartStat.ACCEPTED, "", NOW + timedelta(seconds=178))
    assert answers(invitation) == [("DECLINED", False), ("ACCEPTED", False)]
    assert invitation.replies.earliest("pk").comment == "after 118"


def test_answers_that_contradict_within_seconds_look_automatic(conference: Conference) -> None:
    invitation = make_invitation(conference)
    invitation.respond(PartStat.ACCEPTED, "", NOW)
    invitation.respond(PartStat.DECLINED, "", NOW + timedelta(seconds=2))
    invitation.respond(PartStat.DECLINED, "", NOW + timedelta(seconds=4))
    assert answers(invitation) == [("DECLINED", True)]
    invitation.respond(PartStat.ACCEPTED, "It is me", NOW + timedelta(seconds=9))
    assert answers(invitation) == [("ACCEPTED", False)]
    assert counts(invitation) == "ACCEPTED"


def test_the_same_answer_twice_does_not_look_automatic(conference: Conference) -> None:
    invitation = make_invitation(conference)
    for _ in range(2):
        invitation.respond(PartStat.ACCEPTED, "", NOW)
    assert answers(invitation) == [("ACCEPTED", False)]


def test_a_change_of_time_asks_anew_and_a_change_of_words_does_not(conference: Conference, alice: User) -> None:
    invitation = make_invitation(conference)
    invitation.respond(PartStat.ACCEPTED, "", NOW)
    conference.change(alice, {"topic": "Other words"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    assert counts(invitation) == "ACCEPTED"
    conference.change(alice, {"duration": timedelta(hours=3)}, seen_sequence=1, tell=Change.Tell.NOBODY, now=NOW)
    assert counts(invitation) == "NEEDS-ACTION"
    invitation.respond(PartStat.TENTATIVE, "", NOW)
    assert counts(invitation) == "TENTATIVE"
    assert Reply.objects.filter(partstat="ACCEPTED", sequence=0).count() == 1


@pytest.mark.parametrize("gone", ["cancelled", "withdrawn", "long over"])
def test_answers_end(conference: Conference, alice: User, gone: str) -> None:
    invitation = make_invitation(conference)
    now = NOW
    if gone == "cancelled":
        conference.cancel(alice, now, tell=Change.Tell.NOBODY)
    elif gone == "withdrawn":
        withdraw(invitation, now)
    else:
        now = conference.ends_at + timedelta(days=30, seconds=1)
    with pytest.raises(ClosedError):
        invitation.respond(PartStat.ACCEPTED, "", now)
    assert not Reply.objects.exists()


def test_answers_are_taken_until_30_days_after_the_end(conference: Conference) -> None:
    make_invitation(conference).respond(PartStat.ACCEPTED, "", conference.ends_at + timedelta(days=30))


def test_contacts_may_go_and_invitations_stay(conference: Conference, bob: Contact) -> None:
    (invitation,) = press(conference, ("", "bob@example.org"))
    bob.delete()
    invitation.refresh_from_db()
    assert (invitation.name, invitation.contact) == ("Bob Brown", None)
