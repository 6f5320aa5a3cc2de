"""A mail server hands over one message: taken once, kept if it is unreadable, asked for again without a database."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from invitations import inbox, mime, receiving
from invitations.incoming_mail import Received
from invitations.models import Invitation
from tests.factories import make_conference, make_invitation
from tests.invitations.incoming_samples import OUR_SERVER, RSVP, answer_to, calendar, event, mail, with_calendar
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation(alice: User, bob: Contact) -> Invitation:
    """Bob is invited by Alice."""
    return make_invitation(make_conference(alice), bob.address)


@pytest.fixture
def quarantine(settings: LazySettings, tmp_path: Path) -> Path:
    """The folder for what nobody can read."""
    settings.DATA_DIR, settings.AUTHSERV_ID = tmp_path, OUR_SERVER
    return tmp_path / "quarantine"


@pytest.fixture
def receive(quarantine: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hands over one message; the exit code."""

    def hand_over(raw: bytes) -> int:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        try:
            call_command("receive")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return hand_over


def kept(quarantine: Path) -> list[bytes]:
    return [file.read_bytes() for file in quarantine.iterdir()] if quarantine.exists() else []


def test_an_answer_is_taken_once(receive: Any, invitation: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answer_to(invitation)
    assert receive(answer) == 0
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"
    monkeypatch.setattr(receiving, "take", lambda *_arguments: pytest.fail("taken twice"))
    assert receive(answer) == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_message_handed_over_by_four_at_once_is_taken_once(
    invitation: Invitation, quarantine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(receiving, "take", lambda message, _now: taken.append(message.digest))
    answer = answer_to(invitation)
    assert in_parallel(4, lambda _number: inbox.accept(answer, timezone.now())) == [True] * 4
    assert len(taken) == 1


def test_what_is_for_nobody_here_leaves_no_trace(receive: Any, quarantine: Path) -> None:
    assert receive(mail("Cheap watches", to="sales@example.org")) == 0
    assert not Received.objects.exists()
    assert kept(quarantine) == []


def test_what_cannot_be_read_is_taken_and_kept_for_the_administrator(receive: Any, quarantine: Path) -> None:
    bomb = b"X-Many: y\r\n" * 2_000 + b"\r\n"
    assert receive(bomb) == 0
    assert kept(quarantine) == [bomb]


def test_what_is_too_large_is_read_to_the_end_and_not_kept(receive: Any, quarantine: Path) -> None:
    assert receive(b"From: a@b.c\r\n\r\n" + b"x" * 3 * mime.MOST_BYTES) == 0
    assert kept(quarantine) == []


def test_the_quarantine_does_not_fill_the_disk(receive: Any, quarantine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invitations.management.commands.receive.MOST_KEPT", 2)
    for n in range(3):
        assert receive(b"X-Many: y\r\n" * 2_000 + b"\r\n%d" % n) == 0
    assert len(kept(quarantine)) == 2


def test_what_we_fail_on_is_undone_and_kept(
    receive: Any, invitation: Invitation, quarantine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        Invitation.objects.update(comment="half")
        raise ZeroDivisionError

    monkeypatch.setattr(receiving, "take", fail)
    assert receive(answer_to(invitation)) == 0
    invitation.refresh_from_db()
    assert (invitation.comment, Received.objects.count(), len(kept(quarantine))) == ("", 0, 1)


def test_without_a_database_the_mail_server_tries_again(
    receive: Any, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: Any) -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "take", away)
        assert receive(answer_to(invitation)) == 75
    assert receive(answer_to(invitation)) == 0
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"


def test_more_than_a_conference_can_stand_in_a_minute_comes_again(
    receive: Any, invitation: Invitation, settings: LazySettings
) -> None:
    settings.INBOX = settings.INBOX | {"A_MINUTE": 2}
    codes = [receive(answer_to(invitation, message_id=f"<{n}@bob.example>")) for n in range(3)]
    assert codes == [0, 0, 75]
    assert Received.objects.count() == 2


def test_who_knows_no_more_than_its_uid_cannot_flood_it(
    receive: Any, invitation: Invitation, settings: LazySettings
) -> None:
    settings.INBOX = settings.INBOX | {"A_MINUTE": 2}
    said = event(attendee=f"mailto:{invitation.address}")[1:]
    text = calendar(f"UID:{invitation.conference.uid}", *said)

    def flood(number: int) -> int:
        raw = with_calendar(text, "In-Reply-To: <whatever@example.org>", f"Message-ID: <{number}@eve.example>")
        return receive(raw.replace(RSVP.encode(), b"inbox@example.org"))

    assert [flood(number) for number in range(3)] == [0, 0, 75]


def test_a_letter_to_two_conferences_comes_once_for_each(receive: Any, alice: User, bob: Contact) -> None:
    one, two = (make_invitation(make_conference(alice), bob.address) for _time in range(2))
    assert (receive(answer_to(one)), receive(answer_to(two))) == (0, 0)
    assert Received.objects.count() == 2


def test_traces_of_messages_are_forgotten(receive: Any, invitation: Invitation) -> None:
    receive(answer_to(invitation))
    row = Received.objects.get()
    inbox.forget(row.at + inbox.KEPT)
    assert Received.objects.exists()
    inbox.forget(row.at + inbox.KEPT + inbox.MINUTE)
    assert not Received.objects.exists()
