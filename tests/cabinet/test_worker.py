"""Workers as processes: killed, stopped, frozen, several at once. Nobody loses a letter, hardly anybody gets two."""

import json
import os
import random
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from conferences.models import Change, Conference
from invitations.inviting import withdraw
from invitations.models import Delivery, Invitation
from tests.factories import make_conference
from tests.invitations.deliveries import change, only_row, owe, write_all
from tests.nursery import Nursery
from tests.smtp_server import Fault, Message, SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)

CONNECTIONS = 4


def until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_over() -> bool:
    """Nothing waits for a try or is under way."""
    return not Delivery.objects.filter(state__in=["queued", "sending"]).exists() and not (
        Delivery.objects.filter(state="uncertain", due_at__isnull=False).exists()
    )


def names(number: int) -> list[str]:
    return [f"p{place}" for place in range(number)]


def copies(server: SmtpServer) -> Counter[str]:
    """How many copies each recipient has."""
    return Counter(message.recipient for message in server.messages)


def check_promise(server: SmtpServer, kills: int) -> Counter[str]:
    """What is promised of every row, whatever has happened; the copies of each recipient."""
    got = copies(server)
    for row in Delivery.objects.exclude(invitation=None):
        assert row.state == "sent" or (row.state, row.copies) == ("uncertain", 3), "delivered, or reported as uncertain"
        assert got[row.address] >= (row.state == "sent"), "never called sent without having been taken"
        assert got[row.address] <= 3
        assert len({message.content for message in server.messages if message.recipient == row.address}) <= 1
    assert got.total() - len(got) <= kills * CONNECTIONS
    return got


# KILLED


def test_fifty_letters_and_a_worker_that_is_killed_in_the_middle(tmp_path: Path) -> None:
    owe(None, *names(50))
    with SmtpServer(Fault("rcpt", delay=0.02)) as server, Nursery(tmp_path, server.port) as nursery:
        first = nursery.worker()
        until(lambda: len(server.messages) >= 20)
        nursery.kill(first)
        assert len(server.messages) < 50
        nursery.worker()
        until(is_over)
    got = check_promise(server, kills=1)
    assert set(got) == {f"{name}@example.org" for name in names(50)}
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.parametrize("point", ["greeting", "rcpt", "body", "dot"])
def test_a_worker_that_is_killed_at(point: str, tmp_path: Path) -> None:
    """Before a command, in the middle of the data, after the dot: only there the message may have been taken."""
    owe(None, *names(6))
    write_all(b"more and more\r\n" * 300_000 if point == "body" else b"See you.\r\n")
    fault = Fault(point, delay=1, times=2, stored=True)
    small = SmtpServer(fault, receive_buffer=4096)
    with small as server, Nursery(tmp_path, server.port, CONNECTIONS=2) as nursery:
        first = nursery.worker()
        server.wait_for(point, times=2, timeout=30)
        nursery.kill(first)
        server.faults.clear()
        Delivery.objects.filter(attempts=0).update(message=None)
        nursery.worker()
        until(is_over)
    got = check_promise(server, kills=1)
    assert len(got) == 6
    assert got.total() == (8 if point == "dot" else 6)


def test_a_worker_that_is_killed_before_it_could_record_the_answer(tmp_path: Path) -> None:
    owe(None, *names(6))
    write_all()
    with SmtpServer(Fault("dot", delay=0.5)) as server, Nursery(tmp_path, server.port, CONNECTIONS=2) as nursery:
        first = nursery.worker()
        server.wait_for("dot", times=2, timeout=30)
        with no_other_writer():
            server.wait_for("sent", times=2, timeout=30)
            nursery.kill(first)
        nursery.worker()
        until(is_over)
    assert check_promise(server, kills=1).total() == 8


@contextmanager
def no_other_writer() -> Iterator[None]:
    """Nobody changes a delivery meanwhile, nor is in the middle of it."""
    with transaction.atomic():
        list(Delivery.objects.select_for_update())
        Delivery.objects.update(priority=0)
        yield


def test_thirty_kills_of_two_workers(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    chance, kills = random.Random(seed), 30
    owe(None, *names(200))
    write_all()
    with SmtpServer(Fault("rcpt", delay=0.03)) as server, Nursery(tmp_path, server.port) as nursery:
        workers = [nursery.worker(), nursery.worker()]
        for number in range(kills):
            time.sleep(chance.uniform(0.05, 0.4))
            nursery.kill(workers.pop(0))
            workers.append(nursery.worker())
            if is_over():
                owe(None, *(f"again{number}-{place}" for place in range(50)))
        until(is_over)
    got = check_promise(server, kills)
    lost = Delivery.objects.exclude(address__in=got)
    assert not lost.exclude(state="uncertain").exists(), f"seed {seed}"


def test_an_organizer_whose_server_is_killed_has_invited_all_or_nobody(tmp_path: Path) -> None:
    conference, submission = make_conference(), uuid.uuid4()
    with Nursery(tmp_path, 1) as nursery:
        for number in range(20):
            organizer = nursery.organizer(conference.pk, 100, submission)
            time.sleep(number * 0.01)
            nursery.kill(organizer)
            assert (Invitation.objects.count(), Delivery.objects.count()) in [(0, 0), (100, 100)]
        assert nursery.wait(nursery.organizer(conference.pk, 100, submission)) == 0
    assert (Invitation.objects.count(), Delivery.objects.count()) == (100, 100)


# FROZEN, AND SEVERAL


def test_a_worker_that_stood_still_does_not_send_what_another_has_sent(tmp_path: Path) -> None:
    owe()
    quick = {"LEASE": 1, "RENEW": 0.2, "LEASE_MARGIN": 0.2, "UNCERTAIN_RETRY": 0, "COMMAND": 60}
    write_all()
    with SmtpServer(Fault("rcpt", delay=1, times=1)) as server, Nursery(tmp_path, server.port, **quick) as nursery:
        frozen = nursery.worker()
        server.wait_for("rcpt", timeout=30)
        with no_other_writer():
            os.kill(frozen, signal.SIGSTOP)
        nursery.worker()
        until(lambda: only_row().state == "sent")
        os.kill(frozen, signal.SIGCONT)
        server.wait_for("data", times=2, timeout=30)
        time.sleep(0.3)
        assert nursery.wait(_terminated(frozen)) == 0
    assert copies(server) == {"bob@example.org": 1}
    assert (only_row().state, only_row().attempts) == ("sent", 2)


def _terminated(child: int) -> int:
    os.kill(child, signal.SIGTERM)
    return child


def test_two_workers_at_once_send_everything_once(tmp_path: Path) -> None:
    owe(None, *names(100))
    write_all()
    with SmtpServer() as server, Nursery(tmp_path, server.port) as nursery:
        workers = [nursery.worker("--once") for _number in range(2)]
        assert [nursery.wait(worker) for worker in workers] == [0, 0]
    assert set(copies(server).values()) == {1}
    assert len(copies(server)) == 100


# EVERYTHING CHANGES MEANWHILE


def is_settled() -> bool:
    """Everybody who is to be told has been told."""
    return is_over() and not Change.objects.filter(tell="all", announced_at=None).exists()


def letter(message: Message) -> tuple[int, str]:
    """SEQUENCE and METHOD of a letter's calendar object."""
    parts = message_from_bytes(message.content, policy=default).walk()
    calendar = next(part.get_content() for part in parts if part.get_content_type() == "text/calendar")
    return int(re.findall("SEQUENCE:([0-9]+)", calendar)[0]), re.findall("METHOD:([A-Z]+)", calendar)[0]


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_changes_at_random_moments_reach_everybody_in_order(is_cancelled: bool, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    people = owe(None, *names(25))
    conference = people[0].conference
    with SmtpServer(Fault("rcpt", delay=0.02)) as server, Nursery(tmp_path, server.port, UPDATE_DELAY=0) as nursery:
        workers = [nursery.worker(), nursery.worker()]
        for person in chance.sample(people, 4):
            time.sleep(chance.uniform(0.05, 0.4))
            change(conference, tell=chance.choice(list(Change.Tell)), topic=f"Because of {person.name}")
            time.sleep(chance.uniform(0.05, 0.4))
            withdraw(person, timezone.now())
            conference.refresh_from_db()
            nursery.kill(workers.pop(0))
            workers.append(nursery.worker())
        if is_cancelled:
            conference.cancel(conference.organizer, timezone.now(), tell=Change.Tell.ALL)
        else:
            change(conference, topic="The last word")
        until(is_settled, 60)
    newest = Conference.objects.get().sequence
    for person in Invitation.objects.all():
        got = [letter(message) for message in server.messages if message.recipient == person.address]
        if person.deliveries.latest("pk").state == "uncertain":
            continue  # three kills have hit its last letter, and it is reported
        assert [sequence for sequence, _method in got] == sorted(sequence for sequence, _method in got), f"seed {seed}"
        methods = [method for _sequence, method in got]
        assert "CANCEL" not in methods[:-1] or methods[-1] == methods[-2] == "CANCEL", f"seed {seed}"
        if person.withdrawn_at or is_cancelled:
            assert methods == [] or methods[-1] == "CANCEL", f"seed {seed}"
        else:
            assert got[-1] == (newest, "REQUEST"), f"seed {seed}"


# ASKED TO STOP


def test_a_worker_that_is_asked_to_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    owe(None, *names(100))
    write_all()
    with SmtpServer(Fault("rcpt", delay=0.02)) as server, Nursery(tmp_path, server.port) as nursery:
        for number in range(6):
            worker = nursery.worker()
            until(lambda: nursery.log.read_text().count("worker begins") > number)  # noqa: B023 - asked at once
            time.sleep(0.05 * number)
            assert nursery.wait(_terminated(worker)) == 0
            assert not Delivery.objects.filter(state="sending").exists()
        assert nursery.wait(nursery.worker("--once")) == 0
    assert set(copies(server).values()) == {1}
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


# WOKEN, AND WHAT IT SAYS


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite tells nobody of new rows")
def test_a_resting_worker_is_woken_by_a_new_letter(tmp_path: Path) -> None:
    with SmtpServer() as server, Nursery(tmp_path, server.port, POLL=3600) as nursery:
        nursery.worker()
        until(lambda: "worker begins" in nursery.log.read_text())
        time.sleep(0.5)
        for name in ("bob", "carol"):
            owe(None, name)
            until(lambda: f"{name}@example.org" in copies(server))  # noqa: B023 - asked at once


def test_what_a_worker_says_is_json_and_names_nobody(tmp_path: Path) -> None:
    owe(None, "bob", "550-rcpt", "451-rcpt")
    with SmtpServer(Fault("rcpt", "550 <bob@example.org> is\x1b[2J unknown", to="bob@example.org")) as server:
        with Nursery(tmp_path, server.port) as nursery:
            assert nursery.wait(nursery.worker("--once")) == 0
        said = [json.loads(line) for line in nursery.log.read_text().splitlines()]
    assert len(said) >= 5
    assert "b***@example.org" in str(said)
    assert not [line for line in said if "bob@" in line["message"] or "-rcpt@" in line["message"]]
