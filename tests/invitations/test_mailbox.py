"""The mailbox for answers is read: from a real IMAP server, each message once, none in the way of another."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Attempt
from invitations import inbox, receiving, workers
from invitations.incoming_mail import Bookmark, Postponed, Received
from invitations.mailbox import Reader
from invitations.models import Invitation
from tests.factories import make_conference, make_invitation
from tests.imap_server import ImapServer, TlsFront
from tests.invitations.incoming_samples import OUR_SERVER, answer_to, mail
from tests.smtp_server import black_hole, make_certificate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running() -> Iterator[ImapServer]:
    """One server for all tests."""
    with ImapServer() as server:
        yield server


@pytest.fixture
def server(running: ImapServer, settings: LazySettings) -> ImapServer:
    """With the mailbox of the site, empty."""
    running.empty()
    settings.AUTHSERV_ID = OUR_SERVER
    settings.REPLY = running.account()
    return running


@pytest.fixture
def invitation(alice: User, bob: Contact) -> Invitation:
    """Bob is invited by Alice."""
    return make_invitation(make_conference(alice), bob.address)


ONE, TWO = (f"boot elsewhere {pid} 1" for pid in (1, 2))


def read(server: ImapServer, worker: str = ONE) -> float:
    """What a worker does when it comes by; the pause until the next time."""
    reader = Reader(worker, server.account())
    pause = reader.turn()
    reader._leave()
    return pause


def test_an_answer_is_taken_and_marked_as_seen(server: ImapServer, invitation: Invitation) -> None:
    answer, spam = answer_to(invitation), mail("Cheap watches", to="sales@example.org")
    server.put(answer, spam)
    read(server)
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"
    assert (server.seen(), server.messages()) == ([answer], [answer, spam])


def test_the_next_message_is_read_when_it_comes(server: ImapServer, invitation: Invitation) -> None:
    reader = Reader(ONE, server.account())
    assert reader.turn() == 15
    server.put(answer_to(invitation, "TENTATIVE"))
    reader.turn()
    reader._leave()
    invitation.refresh_from_db()
    assert invitation.partstat == "TENTATIVE"


@pytest.mark.parametrize(
    "bad",
    [b"From: a@b.c\r\n\r\n" + b"x" * 1_000_001, b"X-Many: y\r\n" * 2_000 + b"\r\n"],
    ids=["too large", "a bomb of header fields"],
)
def test_what_cannot_be_read_is_set_aside_and_the_next_is_taken(
    server: ImapServer, invitation: Invitation, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    server.put(bad, answer_to(invitation))
    read(server)
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"
    assert server.messages("Quarantine") == [bad]
    assert "was put into the quarantine" in caplog.text


def test_a_large_message_is_not_even_fetched(
    server: ImapServer, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(b"From: a@b.c\r\n\r\n" + b"x" * 1_000_001)
    monkeypatch.setattr("invitations.imap.Session.fetch", lambda *_arguments: pytest.fail("was fetched"))
    read(server)
    assert server.messages() == []


def test_what_we_fail_on_gets_three_tries_while_others_go_on(
    server: ImapServer, invitation: Invitation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    take, poison = receiving.take, answer_to(invitation, "DECLINED", message_id="<poison@bob.example>")
    tries = []

    def fail(incoming: Any, now: Any) -> None:
        if "poison" in incoming.envelope.message_id:
            tries.append(now)
            raise ZeroDivisionError
        take(incoming, now)

    monkeypatch.setattr(receiving, "take", fail)
    server.put(poison, answer_to(invitation))
    for _time in range(4):
        read(server)
        Postponed.objects.update(due_at=timezone.now())
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"
    assert len(tries) == 3
    assert server.messages("Quarantine") == [poison]
    assert "failed 3 times" in caplog.text
    assert not Postponed.objects.exists()


def test_a_bomb_for_one_conference_waits_and_others_go_on(
    server: ImapServer, invitation: Invitation, alice: User, bob: Contact, settings: LazySettings
) -> None:
    settings.INBOX = settings.INBOX | {"A_MINUTE": 2}
    other = make_invitation(make_conference(alice), bob.address)
    bomb = [answer_to(invitation, message_id=f"<{n}@bob.example>") for n in range(5)]
    last = answer_to(other)
    server.put(*bomb, last)
    read(server)
    other.refresh_from_db()
    assert other.partstat == "ACCEPTED"
    assert server.seen() == [*bomb[:2], last]
    waits = [row.due_at - timezone.now() for row in Postponed.objects.order_by("uid")]
    assert [round(wait / inbox.MINUTE) for wait in waits] == [1, 1, 2]
    _a_minute_later()
    read(server)
    assert len(server.seen()) == 5
    _a_minute_later()
    read(server)
    assert len(server.seen()) == 6


def _a_minute_later() -> None:
    for rows, field in ((Postponed.objects.all(), "due_at"), (Attempt.objects.all(), "expires_at")):
        for row in rows:
            setattr(row, field, getattr(row, field) - timedelta(minutes=1, seconds=1))
            row.save()


def test_the_same_message_does_nothing_again_where_uids_count_anew(
    server: ImapServer, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(answer_to(invitation))
    read(server)
    validity = Bookmark.objects.get().uid_validity
    server.stop()
    server.start()
    server.put(answer_to(invitation), answer_to(invitation, "DECLINED", message_id="<new@bob.example>"))
    monkeypatch.setattr(receiving, "take", lambda incoming, _now: taken.append(incoming.envelope.message_id))
    taken: list[str] = []
    read(server)
    assert taken == ["<new@bob.example>"]
    assert Bookmark.objects.get().uid_validity != validity
    assert Received.objects.count() == 2


def test_what_a_dead_worker_was_doing_is_done_again(
    server: ImapServer, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_incoming: Any, _now: Any) -> None:
        raise SystemExit

    server.put(answer_to(invitation))
    dead = Reader(ONE, server.account())
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "take", die)
        with pytest.raises(SystemExit):
            dead.turn()
    dead._hang_up()
    assert not Received.objects.exists()
    Bookmark.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    read(server, TWO)
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"


def test_one_worker_reads_at_a_time(server: ImapServer, invitation: Invitation) -> None:
    first = Reader(ONE, server.account())
    first.turn()
    server.put(answer_to(invitation))
    read(server, TWO)
    invitation.refresh_from_db()
    assert invitation.partstat == "NEEDS-ACTION"
    first._leave()
    read(server, TWO)
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"


def test_the_mailbox_of_a_worker_that_was_killed_is_free_at_once(server: ImapServer, invitation: Invitation) -> None:
    *here, pid, _began = workers.identity().split(" ")
    killed = Reader(" ".join([*here, pid, "0"]), server.account())
    killed.turn()
    killed._hang_up()
    server.put(answer_to(invitation))
    read(server)
    assert Received.objects.exists()


def test_a_thread_reads_until_it_is_told_to_stop(
    server: ImapServer, invitation: Invitation, settings: LazySettings
) -> None:
    settings.INBOX = settings.INBOX | {"POLL": 0.05}
    reader = Reader(ONE, server.account())
    reader.start()
    server.put(answer_to(invitation))
    deadline = time.monotonic() + 20
    while not server.seen() and time.monotonic() < deadline:
        time.sleep(0.05)
    reader.stop()
    assert not reader.is_alive()
    assert Received.objects.exists()
    assert Bookmark.objects.get().leased_until is None


@pytest.mark.parametrize("error", [OperationalError, ZeroDivisionError])
def test_it_outlives_a_database_that_is_away_and_errors_of_ours(
    server: ImapServer, invitation: Invitation, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away() -> None:
        raise error

    server.put(answer_to(invitation))
    reader = Reader(ONE, server.account())
    with monkeypatch.context() as patch:
        patch.setattr("invitations.outbox.database_now", away)
        assert [reader.turn(), reader.turn()] == [15, 30]
    reader.once()
    assert Received.objects.exists()


def test_whoever_lost_the_mailbox_meanwhile_writes_nothing(
    server: ImapServer, invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(answer_to(invitation))
    fetch = "invitations.imap.Session.fetch"

    def lose(*_arguments: Any) -> bytes:
        Bookmark.objects.update(worker=TWO)
        return answer_to(invitation)

    with monkeypatch.context() as patch:
        patch.setattr(fetch, lose)
        read(server)
    assert not Received.objects.exists()
    assert Bookmark.objects.get().uid == 0


def test_a_dead_server_is_asked_ever_less_often(settings: LazySettings, caplog: pytest.LogCaptureFixture) -> None:
    settings.INBOX = settings.INBOX | {"COMMAND": 0.2}
    server = ImapServer()
    with black_hole() as port:
        reader = Reader(ONE, server.account(port=port))
        assert [reader.turn() for _time in range(6)] == [15, 30, 60, 120, 300, 300]
    assert "the mailbox for answers cannot be read, next try in 15 s" in caplog.text


def test_a_server_that_begins_anew_is_read_again(server: ImapServer, invitation: Invitation) -> None:
    reader = Reader(ONE, server.account())
    reader.turn()
    server.stop()
    assert reader.turn() == 15
    server.start()
    server.put(answer_to(invitation))
    reader.turn()
    reader._leave()
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"


def test_a_wrong_password_is_not_repeated_in_the_log(server: ImapServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reader = Reader(ONE, server.account(password="not-the-password"))
    assert reader.turn() == 15
    assert "cannot be read" in caplog.text
    assert "not-the-password" not in caplog.text


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_server_has_to_prove_who_it_is(
    security: str, invitation: Invitation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    with ImapServer(certificate) as server, TlsFront(certificate, server.port) as front:
        server.put(answer_to(invitation))
        port = front.port if security == "tls" else server.port
        account = server.account(port=port, host="localhost", security=security)
        stranger = Reader(ONE, account)
        assert stranger.turn() == 15
        assert not Received.objects.exists()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
        stranger.turn()
        stranger._leave()
    assert Received.objects.exists()


def test_the_worker_reads_before_it_sends(server: ImapServer, invitation: Invitation) -> None:
    server.put(answer_to(invitation))
    call_command("worker", "--once")
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"
    assert Bookmark.objects.get().leased_until is None
