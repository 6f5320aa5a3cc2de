"""Whoever asks to be forgotten is, everywhere; and so is, in time, everybody who was a guest."""

import json
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from cabinet.models import User
from conferences.models import Arrival, Conference
from invitations import claims, erasing, inviting, outbox, writing
from invitations.address_keys import AddressKey
from invitations.ledger import Ledger
from invitations.models import Delivery, IncomingMail, Invitation, PartStat, Received, Submission
from invitations.outbox import Kind
from tests.factories import make_conference, make_invitation, make_key
from tests.invitations.deliveries import FAILED, SENT, begin, claim_all, letters, owe, try_all

pytestmark = pytest.mark.django_db

BOB, NAME, WORDS = "bob@example.org", "Robert Brownfield", "My dog is ill"


def cells() -> Iterator[Any]:
    """Every value in every table of the site, messages unpacked."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield from row


def dump() -> str:
    """All of it as one text, in small letters."""
    found = []
    for cell in cells():
        if isinstance(cell, bytes | memoryview):
            found.append(zlib.decompress(cell).decode().replace("=\r\n", ""))
        else:
            found.append(json.dumps(cell, default=str, ensure_ascii=False))
    return "\n".join(found).lower()


def erase(invitation: Invitation, **fields: str) -> Any:
    """By the personal link: the invitation."""
    return Client().post(reverse("invitations:erasure", args=[invitation.token]), fields)


def erase_all(key: AddressKey, **fields: str) -> Any:
    """By a key: everything that is held under its address."""
    return Client().post(reverse("invitations:address-erasure", args=[key.token]), fields)


def invited(conference: Conference, *people: tuple[str, str]) -> list[Invitation]:
    """Asked as the page asks, the letters written."""
    found = inviting.invite(
        conference, people or [(NAME, BOB)], by=conference.organizer, submission_id=uuid4(), now=timezone.now()
    )
    write_what_waits()
    return found


def write_what_waits() -> None:
    """All letters, as a worker does that then cannot reach the mail server."""
    for claim in claims.claim("a-boot a-container 1 100", outbox.database_now(), 100):
        writing.write(claim.delivery, timezone.now())
        Delivery.objects.filter(pk=claim.delivery.pk).update(
            message=claim.delivery.message, state="queued", worker="", leased_until=None
        )


def test_afterwards_no_table_holds_address_name_words_or_link(alice: User) -> None:
    see_each_other = make_conference(alice, guests_see_each_other=True)
    bob, _dan = invited(see_each_other, (NAME, BOB), ("Dan", "dan@example.org"))
    (other,) = invited(make_conference(alice))
    bob.respond(PartStat.ACCEPTED, WORDS, timezone.now())
    Invitation.objects.of_address(BOB).update(away_note=WORDS, language="de", time_zone="Asia/Tokyo")
    Delivery.objects.filter(invitation=other).update(state="failed", reply=f"550 no {BOB}")
    IncomingMail.objects.create(
        conference=see_each_other, invitation=bob, kind="words", address=BOB, text=WORDS, received_at=timezone.now()
    )
    IncomingMail.objects.create(
        conference=see_each_other, kind="newcomer", address="Bob@Example.org", name=NAME, received_at=timezone.now()
    )
    Arrival.objects.create(
        conference=see_each_other, key=bob.key, name=NAME, knocked_at=timezone.now(), seen_at=timezone.now()
    )
    Client().post("/i/", {"address": "BOB@example.org"})
    write_what_waits()
    outbox.queue_notice(see_each_other, Delivery.objects.filter(invitation=other), now=timezone.now())
    key = AddressKey.objects.get()
    secrets = [BOB, NAME.lower(), "brownfield", WORDS.lower(), bob.token, other.token, key.token]
    assert [secret for secret in secrets if secret not in dump()] == []
    assert erase_all(key)["Location"] == "/i/erased/"
    assert [secret for secret in secrets if secret in dump()] == []
    assert not Submission.objects.exclude(digest="").exists()  # a hash of addresses that anybody can make again
    assert Delivery.objects.filter(address="dan@example.org", state="queued").exists()


def test_by_a_personal_link_one_invitation_goes_as_thoroughly_and_the_others_stay(alice: User) -> None:
    bob, other = *invited(make_conference(alice), ("Robert", BOB)), *invited(make_conference(alice), ("Bobby", BOB))
    for each in (bob, other):
        each.respond(PartStat.ACCEPTED, f"words of {each}", timezone.now())
        for invitation in (each, None):
            each.conference.incoming_mail.create(
                invitation=invitation, kind="words", address=BOB, text=f"mail of {each}", received_at=timezone.now()
            )
    Client().post("/i/", {"address": BOB})
    write_what_waits()
    assert erase(bob)["Location"] == "/i/erased/"
    found = dump()
    assert [secret for secret in ("robert", bob.token) if secret in found] == []
    assert [kept for kept in ("words of bobby", "mail of bobby", other.token) if kept not in found] == []
    assert Invitation.objects.known_to(BOB).standing().get() == other
    assert AddressKey.objects.count() == 1


def test_with_the_last_invitation_the_address_goes(alice: User) -> None:
    (bob,) = invited(make_conference(alice))
    Client().post("/i/", {"address": BOB})
    write_what_waits()
    erase(bob)
    assert BOB not in dump()
    assert not AddressKey.objects.exists()


def test_nobody_is_written_to_about_it_and_nothing_that_waited_leaves(alice: User) -> None:
    told, waiting = make_conference(alice), make_conference(alice)
    owe(told)
    assert try_all(SENT) == 1
    owe(waiting)
    erase_all(make_key())
    assert claim_all() == []
    assert Invitation.objects.standing().count() == 0
    assert Delivery.objects.filter(kind=Kind.CANCELLATION).count() == 0


@pytest.mark.parametrize("kind", [Kind.NOTICE, Kind.NEWS])
def test_what_the_organizer_perhaps_got_about_them_is_not_sent_once_more(alice: User, kind: str) -> None:
    (bob,) = owe(make_conference(alice))
    about = {"kind": kind, "state": "uncertain", "message": zlib.compress(BOB.encode())}
    Delivery.objects.create(conference=bob.conference, give_up_at=timezone.now(), **about)
    erase(bob)
    assert BOB not in dump()
    assert claim_all() == []


def test_a_letter_in_a_workers_hands_brings_nothing_back(alice: User) -> None:
    (bob,) = owe(make_conference(alice))
    claim = begin()
    erase(bob)
    assert not claims.may_leave(claim)
    claims.hand_over((claim, FAILED), None)
    assert BOB not in dump()
    assert letters(bob) == [("invitation", 0, "uncertain")]


def test_links_end_and_others_stay(alice: User, client: Client) -> None:
    bob, dan = owe(make_conference(alice), "bob", "dan")
    erase(bob)
    assert client.get(bob.get_absolute_url()).status_code == 404
    assert client.get(reverse("invitations:you", args=[bob.token])).status_code == 404
    dan.refresh_from_db()
    assert (str(dan), dan.erased_at, dan.withdrawn_at) == ("Dan", None, None)


def test_the_organizer_sees_that_somebody_went_and_not_who(alice: User, as_alice: Client) -> None:
    bob, _dan = owe(make_conference(alice), "bob", "dan")
    erase(bob)
    page = as_alice.get(reverse("invitations:ledger", args=[bob.conference_id])).content.decode()
    assert "One person had themselves erased" in page
    assert "bob" not in page.lower()


def test_whoever_wants_it_is_never_written_to_again(alice: User) -> None:
    (bob,) = owe(make_conference(alice))
    erase(bob, silence="on")
    owe(make_conference(alice))
    assert claim_all() == []


def test_an_erased_address_can_be_invited_again(alice: User) -> None:
    conference = make_conference(alice)
    (bob,) = invited(conference)
    erase(bob)
    (again,) = invited(conference)
    assert (again.address, again.erased_at) == (BOB, None)
    erase(again)
    assert Invitation.objects.count() == 2


def test_letters_that_became_files_are_deleted(
    alice: User, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    bob, _dan = owe(make_conference(alice), "bob", "dan")
    files = [settings.MAIL.folder / f"{letter.file_name}.eml" for letter in Delivery.objects.order_by("invitation")]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("To: bob@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        erase(bob)
    assert [file.exists() for file in files] == [False, True]


# IN TIME


def test_guests_are_forgotten_ninety_days_after_the_last_date_and_still_count(alice: User) -> None:
    now = timezone.now()
    conference = make_conference(alice, start=datetime.combine(timezone.localdate(), datetime.min.time()))
    (bob,) = owe(conference)
    bob.respond(PartStat.ACCEPTED, WORDS, now)
    conference.refresh_from_db()
    assert conference.over_at
    assert erasing.forget_old(conference.over_at + timedelta(days=90)) == 0
    assert erasing.forget_old(conference.over_at + timedelta(days=90, seconds=1)) == 1
    assert erasing.forget_old(conference.over_at + timedelta(days=91)) == 0
    assert BOB not in dump()
    assert WORDS.lower() not in dump()
    people = Ledger(conference, conference.over_at + timedelta(days=91))
    assert (people.count, people.answers["accepted"], people.erased) == (1, 1, 0)
    assert [str(line.invitation) for line in people.page().object_list] == ["erased"]


def test_of_what_never_ends_those_are_forgotten_who_were_taken_off_or_all_once_it_is_cancelled(alice: User) -> None:
    now = timezone.now()
    room, weekly = make_conference(alice, permanent=True), make_conference(alice, rule="FREQ=WEEKLY")
    gone, stays = make_invitation(room), make_invitation(room, "dan@example.org")
    other = make_invitation(weekly)
    inviting.withdraw(gone, now)
    erasing.forget_old(now + timedelta(days=91))
    assert set(Invitation.objects.filter(erased_at=None)) == {stays, other}
    Conference.objects.filter(pk=weekly.pk).update(cancelled_at=now)
    erasing.forget_old(now + timedelta(days=91))
    assert set(Invitation.objects.filter(erased_at=None)) == {stays}


def test_many_are_forgotten_in_chunks(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "CHUNK", 2)
    conference = make_conference(alice)
    owe(conference, *(f"p{number}" for number in range(5)))
    assert erasing.forget_old(timezone.now() + timedelta(days=200)) == 5


def test_old_mail_goes_with_them(alice: User) -> None:
    now = timezone.now()
    room = make_conference(alice, permanent=True)
    IncomingMail.objects.create(conference=room, kind="words", address=BOB, received_at=now)
    Received.objects.create(digest="x" * 64, at=now)
    outbox.queue_links("dan@example.org")
    claim_all()  # nothing is held under that address
    erasing.forget_old(now + timedelta(days=2))
    assert (IncomingMail.objects.count(), Received.objects.count(), Delivery.objects.count()) == (1, 1, 1)
    erasing.forget_old(now + timedelta(days=91))
    assert (IncomingMail.objects.count(), Received.objects.count(), Delivery.objects.count()) == (0, 0, 0)
