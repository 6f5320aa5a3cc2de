"""Who asked not to be written to gets no letter, whoever sends it; and nobody can read who asked."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from cabinet.models import User
from invitations import outbox, wishes
from invitations.models import Delivery
from invitations.outbox import Kind
from invitations.silence import Silence
from tests.factories import make_conference, make_invitation
from tests.invitations.deliveries import SENT, change, claim_all, letters, owe, try_all

pytestmark = pytest.mark.django_db

BOB = "bob@example.org"


def states() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "why"))


def test_only_a_keyed_hash_is_kept() -> None:
    wishes.silence("Bob@Example.org", timezone.now())
    (kept,) = Silence.objects.values_list("digest", flat=True)
    assert len(kept) == 64
    with override_settings(SECRET_KEY="another key of this site, as long as it has to be"):
        assert not Silence.objects.holds(BOB)


def test_a_former_key_still_knows_who_asked(settings: Settings) -> None:
    wishes.silence(BOB, timezone.now())
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "the new key"
    assert Silence.objects.holds("BOB@example.org")
    assert Silence.objects.among([BOB, "dan@example.org"]) == {BOB}
    wishes.end_silence(BOB, timezone.now())
    assert not Silence.objects.exists()


def test_what_waits_is_dropped_and_nothing_new_is_queued(alice: User) -> None:
    (bob, _dan) = owe(make_conference(alice), "bob", "dan")
    wishes.silence("BOB@example.org", timezone.now())
    assert states() == [("cancelled", "unwanted"), ("queued", "")]
    outbox.queue([bob], Kind.UPDATE, now=timezone.now())
    assert states()[-1] == ("cancelled", "unwanted")
    assert [claim.delivery.address for claim in claim_all()] == ["dan@example.org"]


def test_a_letter_that_was_queued_in_the_same_moment_is_stopped_at_the_claim(alice: User) -> None:
    owe(make_conference(alice), "bob", "dan")
    Silence.objects.begin(BOB, timezone.now())
    assert [claim.delivery.address for claim in claim_all()] == ["dan@example.org"]
    assert states()[0] == ("cancelled", "unwanted")


def test_account_mail_still_goes_there(alice: User) -> None:
    wishes.silence(BOB, timezone.now())
    outbox.queue_account_mail(EmailMessage("New password", "Here", "site@example.org", [BOB]))
    assert [claim.delivery.kind for claim in claim_all()] == ["account"]


def test_whoever_takes_it_back_gets_what_they_missed_and_nothing_twice(alice: User) -> None:
    told, missed = make_conference(alice), make_conference(alice)
    owe(told)
    assert try_all(SENT) == 1
    wishes.silence(BOB, timezone.now())
    (bob,) = owe(missed)
    wishes.end_silence(BOB, timezone.now())
    assert [claim.delivery.invitation for claim in claim_all()] == [bob]
    assert Delivery.objects.filter(conference=told).count() == 1


def test_what_was_missed_is_told_as_it_is_by_then(alice: User) -> None:
    conference = make_conference(alice)
    wishes.silence(BOB, timezone.now())
    (bob,) = owe(conference)
    change(conference)
    wishes.end_silence(BOB, timezone.now())
    assert try_all(SENT) == 1
    assert letters(bob)[-1] == ("invitation", 1, "sent")


def test_what_is_over_is_not_told_any_more(alice: User) -> None:
    wishes.silence(BOB, timezone.now())
    owe(make_conference(alice))
    wishes.end_silence(BOB, timezone.now() + timedelta(days=9))
    assert states() == [("cancelled", "unwanted")]


def test_the_organizer_reads_that_the_link_has_to_be_sent_by_hand(alice: User, as_alice: Client) -> None:
    conference = make_conference(alice)
    wishes.silence(BOB, timezone.now())
    owe(conference)
    page = as_alice.get(reverse("invitations:ledger", args=[conference.pk])).content.decode()
    assert "Wants no letters" in page
    assert "send them the link yourself" in page
    assert "Send again" not in page


def test_an_answer_goes_before_the_wish_for_silence(alice: User, as_alice: Client) -> None:
    conference = make_conference(alice)
    make_invitation(conference, partstat="ACCEPTED", answered_at=timezone.now(), answered_sequence=0)
    wishes.silence(BOB, timezone.now())
    outbox.queue(conference.invitations.select_related("conference"), Kind.UPDATE, now=timezone.now())
    page = as_alice.get(reverse("invitations:ledger", args=[conference.pk])).content.decode()
    assert "Accepted" in page
    assert "send them the link yourself" in page
