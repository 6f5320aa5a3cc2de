"""One recipient's message: filled into a stencil, written in full, and Django's send(), interleaved (M1, M3).

    python -m tests.bench.bench_letters        ROUNDS=7, N=300 (letters a round that are filled in)

CPU time of this process. Django builds the same message by EmailMultiAlternatives and gives it to an SMTP server on
loopback that runs in another process, so that only the client's time counts.
"""

# ruff: noqa: E402, T201

import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.utils import timezone

from invitations import letters, occasions
from invitations.inviting import invite
from invitations.models import Delivery
from invitations.press import Press
from tests.factories import make_conference, make_user

ROUNDS = int(os.environ.get("ROUNDS", "7"))
SIZE = int(os.environ.get("N", "300"))
WRITTEN = 20  # letters a round that are written in full, and sent by Django
SEED = int(os.environ.get("SEED", str(random.randrange(10**6))))
NAMES = ["Bob Brown", "Иван Иванов", "Zoë Å", "李小龙", "محمد علي", ""]
GOAL_MS, GOAL_RATIO = 0.1, 60
SINK = "from tests.bench.bench_outbox import start_sink; import time; print(start_sink(), flush=True); time.sleep(600)"


def people(dice: random.Random) -> list[tuple[str, str]]:
    """Names in several alphabets."""
    return [(dice.choice(NAMES), f"p{n}.{dice.randrange(10**6)}@example.org") for n in range(SIZE)]


def milliseconds(work: Callable[[Delivery], object], rows: list[Delivery]) -> float:
    """Of the processor for each of `rows`."""
    began = time.process_time()
    for row in rows:
        work(row)
    return (time.process_time() - began) / len(rows) * 1000


def main() -> None:
    """A database of its own, thrown away at the end."""
    print(f"letters: seed {SEED}, {SIZE} readers, {ROUNDS} rounds, load {os.getloadavg()[0]:.1f}")
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    sink = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True)
    assert sink.stdout
    try:
        measure(int(sink.stdout.readline()))
    finally:
        sink.terminate()
        connection.creation.destroy_test_db(name, verbosity=0)


def measure(port: int) -> None:
    """All three in turns."""
    alice, now = make_user("alice@example.org", name="Alice Adams"), timezone.now()
    conference = make_conference(alice, topic="Совещание отдела", agenda="Numbers.\n" * 5)
    asked = people(random.Random(SEED))
    invite(conference, asked, by=alice, submission_id=uuid.uuid4(), message="Bring figures.", now=now)
    rows = list(Delivery.objects.order_by("pk"))
    press, why = Press(), occasions.of(rows)
    backend = EmailBackend(alias="sink", host="127.0.0.1", port=port)

    def filled(row: Delivery) -> object:
        return press.message(row, now)

    def written(row: Delivery) -> object:
        return letters.message(row, now, why[row.pk])

    def by_django(row: Delivery) -> object:
        letter = letters.write(why[row.pk], now)
        mail = EmailMultiAlternatives(letter.subject, letter.text, "a@example.org", [row.address], connection=backend)
        mail.attach_alternative(letter.html, "text/html")
        mail.attach_alternative((letter.calendar or b"").decode(), f"text/calendar; method={letter.method}")
        return mail.send()

    ways: dict[str, tuple[Callable[[Delivery], object], int]] = {
        "filled in": (filled, SIZE), "written in full": (written, WRITTEN), "Django's send()": (by_django, WRITTEN),
    }  # fmt: skip
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        press.load(rows)
        warm = [press.message(row, now) for row in rows[:40]]
        assert warm == [letters.message(row, now, why[row.pk]) for row in rows[:40]]
        for name in list(ways)[:: 1 if number % 2 else -1]:
            work, count = ways[name]
            found[name].append(milliseconds(work, rows[:count]))
    report(found)


def report(found: dict[str, list[float]]) -> None:
    """A line for each, and the goal."""
    ours = found["filled in"]
    for name, each in found.items():
        ratios = sorted(other / own for other, own in zip(each, ours, strict=True))
        print(
            f"{name:18} {statistics.median(each):8.3f} ms CPU ({min(each):.3f}-{max(each):.3f})"
            f"   {statistics.median(ratios):6.0f} times as much ({ratios[0]:.0f}-{ratios[-1]:.0f})"
        )
    ratio = statistics.median(w / o for w, o in zip(found["written in full"], ours, strict=True))
    is_met = statistics.median(ours) < GOAL_MS and ratio >= GOAL_RATIO
    print(f"M3 {'PASS' if is_met else 'FAIL'}: goal < {GOAL_MS} ms and at least {GOAL_RATIO} times less than in full")


if __name__ == "__main__":
    main()
