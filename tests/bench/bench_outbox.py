"""The outbox with durable commits: rows queued, claimed and done, and letters from a real worker to a sink.

    python -m tests.bench.bench_outbox        N=2000 (letters), ROUNDS=3, TEST_DATABASE_URL for PostgreSQL

Q1 (rows claimed and done per second, batches of 100) is measured as the prototype was: claim, begin and done of a whole
batch in a transaction each. What a worker really does comes below it: one batch claimed, but every letter begun and
recorded before the connection's next one, once with the letters written before, once with their writing included.
"""

# ruff: noqa: E402, T201

import asyncio
import logging
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection
from django.utils import timezone

from conferences.models import Conference
from invitations import claims, outbox
from invitations.models import Delivery, Invitation
from invitations.outgoing import Outcome, Result
from tests.factories import make_conference
from tests.invitations.deliveries import write_all

SIZE = int(os.environ.get("N", "2000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
BATCH = 100
GOAL = 5000  # rows a second, on PostgreSQL
TAKEN = Outcome(Result.SENT, "250 taken", before_dot=False)

if connection.vendor == "sqlite":
    connection.settings_dict["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"


class Sink(asyncio.Protocol):
    """A mail server that takes everything and keeps nothing."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.unread, self.is_in_data = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.unread += data
        end = b"\r\n.\r\n" if self.is_in_data else b"\r\n"
        while end in self.unread:
            line, _end, self.unread = self.unread.partition(end)
            self.answer(line[:4].upper())
            end = b"\r\n.\r\n" if self.is_in_data else b"\r\n"

    def answer(self, verb: bytes) -> None:
        Sink.taken += self.is_in_data
        self.is_in_data = verb == b"DATA" and not self.is_in_data
        self.transport.write(b"354 go on\r\n" if self.is_in_data else b"250 ok\r\n")


def start_sink() -> int:
    """The port of a sink that runs in a thread until the process ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, sock=listener)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    return int(listener.getsockname()[1])


def invite(conference: Conference) -> list[Invitation]:
    """People without letters."""
    new = [Invitation(conference=conference, address=f"p{n}@example.org", name=f"P {n}") for n in range(SIZE)]
    return Invitation.objects.bulk_create(new)


def queue_all() -> float:
    """Seconds to owe everybody a letter, in one transaction."""
    Delivery.objects.all().delete()
    people = list(Invitation.objects.select_related("conference"))
    began = time.perf_counter()
    outbox.queue(people, Delivery.Kind.INVITATION, now=timezone.now())
    return time.perf_counter() - began


def in_batches() -> float:
    """Seconds to claim everything and be done with it, 100 rows at a time."""
    queue_all()
    write_all()
    began = time.perf_counter()
    while found := claims.claim("bench bench 1 1", outbox.database_now(), BATCH):
        assert all(claims.hand_over_all([(None, claim) for claim in found]))
        claims.hand_over_all([((claim, TAKEN), None) for claim in found])
    seconds = time.perf_counter() - began
    assert Delivery.objects.filter(state="sent").count() == SIZE
    return seconds


def worker(port: int, *, written: bool) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak megabytes of `manage.py worker --once`, its start included."""
    queue_all()
    if written:
        write_all(b"x" * 6000 + b"\r\n")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "cabinet.settings", "DATABASE_URL": database_url(),
        "MAIL_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "invite@example.org", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    before, began = Sink.taken, time.perf_counter()
    process = subprocess.Popen([sys.executable, "manage.py", "worker", "--once"], env=environment)
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, Sink.taken - before) == (0, SIZE)
    assert Delivery.objects.filter(state="sent").count() == SIZE
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def database_url() -> str:
    """The test database for another process."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{connection.settings_dict['NAME']}"
    given = connection.settings_dict
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def median_rate(measure: Callable[[], float]) -> str:
    """Rows a second: the median of several rounds, and the range."""
    rates = sorted(SIZE / measure() for _round in range(ROUNDS))
    return f"{statistics.median(rates):8.0f}/s ({rates[0]:.0f}-{rates[-1]:.0f})"


def main() -> None:
    """Fill a database of its own, empty it several times, throw it away."""
    logging.disable(logging.INFO)
    print(f"outbox: {SIZE} letters, {connection.vendor}, durable commits, load {os.getloadavg()[0]:.1f}")
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    port = start_sink()
    try:
        invite(make_conference())
        print(f"queued, one transaction    {median_rate(queue_all)}")
        print(f"Q1 claimed and done        {median_rate(in_batches)}   goal {GOAL}/s on PostgreSQL")
        for words, written in (("sent, written before", True), ("sent, writing included", False)):
            seconds, processor, megabytes = worker(port, written=written)
            print(
                f"{words:26} {SIZE / seconds:8.0f}/s   {processor / SIZE * 1000:.1f} ms CPU a letter,"
                f" worker {megabytes:.0f} MB at most (goal < 200 MB)"
            )
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
