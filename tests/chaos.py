"""Hundreds of kills and every fault at once: who should have a letter, who has one, and what the rows say.

    python -m tests.chaos        LETTERS=2000 KILLS=200 WORKERS=3 SEED=... TEST_DATABASE_URL=postgres://...

Workers are killed at random moments while a tenth of the people bring a fault of the mail server along. Afterwards
everything is given time to settle, and then counted: lost and wrongly reported letters must be none; copies beyond the
first are allowed where a final dot was not answered (those the faults provoke) and one for each open connection of a
killed worker. A second run without kills shows what the faults alone do.
"""

# ruff: noqa: E402, T201

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection
from django.utils import timezone

from conferences.models import Conference
from invitations import outbox
from invitations.models import Delivery, Invitation
from tests.factories import make_conference
from tests.nursery import Nursery
from tests.smtp_server import Fault, SmtpServer

LETTERS = int(os.environ.get("LETTERS", "2000"))
KILLS = int(os.environ.get("KILLS", "200"))
WORKERS = int(os.environ.get("WORKERS", "3"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
CONNECTIONS = 4
LADDER = {"BACKOFF": [1, 2, 3], "UNCERTAIN_RETRY": 3, "CHANNEL_PAUSE": 1}

FAULTS = (
    "450-rcpt-once", "451-rcpt-twice", "550-rcpt", "552-data", "hang-rcpt-once", "drop-body-once", "hang-dot-once",
    "hangstored-dot-once", "drop-dot-once", "dropstored-dot-once", "drop-sent", "451-dot-once", "554-dot",
)  # fmt: skip
REFUSED = ("550", "552", "554")


def invite() -> None:
    """Everybody is owed a letter; every tenth address brings a fault along."""
    Conference.objects.all().delete()
    conference = make_conference()
    names = [f"{FAULTS[n // 10 % len(FAULTS)]}+{n}" if n % 10 == 0 else f"p{n}" for n in range(LETTERS)]
    new = [Invitation(conference=conference, address=f"{name}@example.org", name=name) for name in names]
    outbox.queue(Invitation.objects.bulk_create(new), Delivery.Kind.INVITATION, now=timezone.now())


def is_over() -> bool:
    """Nothing can happen any more."""
    moving = Delivery.objects.filter(state__in=["queued", "sending"], invitation__isnull=False)
    return not moving.exists() and not Delivery.objects.filter(state="uncertain", due_at__isnull=False).exists()


def run(kills: int) -> list[str]:
    """One run; what broke the promise."""
    invite()
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder, SmtpServer(Fault("rcpt", delay=0.01)) as server:
        with Nursery(Path(folder), server.port, CONNECTIONS=CONNECTIONS, **LADDER) as nursery:
            workers = [nursery.worker() for _number in range(WORKERS)]
            killed = 0
            while not is_over():
                time.sleep(chance.uniform(0.05, 0.5))
                if killed < kills:
                    nursery.kill(workers.pop(0))
                    workers.append(nursery.worker())
                    killed += 1
        return judge(server, killed)


def judge(server: SmtpServer, killed: int) -> list[str]:
    """What broke the promise, one line each; the figures are printed."""
    got = Counter(message.recipient for message in server.messages)
    wrong, beyond, rows = [], 0, Delivery.objects.filter(invitation__isnull=False)
    for row in rows:
        copies, name = got[row.address], row.address.partition("@")[0]
        provoked = "stored" in name
        if (row.state == "sent" and not copies) or (row.state == "failed" and copies):
            wrong.append(f"{row.address} is called {row.state} and has {copies} copies")
        if row.state not in ("sent", "uncertain") and not name.startswith(REFUSED):
            wrong.append(f"{row.address} is lost: {row.state} {row.why} {row.reply}")
        if copies > 3 or len({m.content for m in server.messages if m.recipient == row.address}) > 1:
            wrong.append(f"{row.address} has {copies} copies, or copies that differ")
        beyond += max(0, copies - 1 - provoked)
    if beyond > killed * CONNECTIONS:
        wrong.append(f"{beyond} copies too many for {killed} kills")
    states = dict(Counter(rows.values_list("state", flat=True)))
    print(f"{killed:4} kills: {states}, {got.total()} copies for {len(got)} people, {beyond} by kills")
    return wrong


def main() -> int:
    """With kills and without; 1 if a promise was broken."""
    print(f"chaos: {LETTERS} letters, {WORKERS} workers, {connection.vendor}, seed {SEED}")
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        wrong = run(KILLS) + run(0)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    print(*wrong or ["every promise kept"], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
