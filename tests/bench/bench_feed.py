"""F1: the calendar feed of somebody who manages 2,000 series: how long the whole takes, and how long a 304.

    python -m tests.bench.bench_feed        N (series) and SEED in the environment

On a database of its own that is thrown away (SQLite, or TEST_DATABASE_URL). Every series has one date moved and one
cancelled. The ratio is that of the whole to the 304: what a calendar that asks again and again is spared.
"""

# ruff: noqa: E402, T201

import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import django
from django.db import transaction
from django.test.utils import setup_databases, teardown_databases

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from conferences.models import Conference, Occurrence
from invitations import feed_content
from tests.factories import make_conference, make_user
from tests.peers import libical

SIZE = int(os.environ.get("N", "2000"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
ROUNDS = 3
GOAL = 10.0
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "Europe/Moscow", "Asia/Jerusalem")
RULES = ("FREQ=WEEKLY;COUNT=26", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=26", "FREQ=MONTHLY;COUNT=12", "FREQ=DAILY;COUNT=20")


def fill(dice: random.Random) -> None:
    """SIZE series at made-up times within a year."""
    user = make_user("alice@example.org")
    for _series in range(SIZE):
        start = datetime(2026, 12, 1, 10) + timedelta(days=dice.randrange(365))
        make_conference(user, start=start, time_zone=dice.choice(ZONES), rule=dice.choice(RULES))
    for conference in Conference.objects.all():
        first, second, *_others = conference.occurrences.order_by("starts_at")
        Occurrence.objects.filter(pk=first.pk).update(moved=True, start_date=first.start_date - timedelta(days=1))
        Occurrence.objects.filter(pk=second.pk).update(cancelled_at=NOW)


def seconds(work: Callable[[], object]) -> float:
    """CPU of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """One line."""
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with transaction.atomic():
            fill(random.Random(SEED))
        user = Conference.objects.all()[0].organizer
        text = feed_content.content(user, NOW)
        if len(libical.occurrences(text)) != SIZE:
            raise SystemExit("F1: FAIL, libical does not find every series")
        whole = statistics.median(seconds(lambda: feed_content.content(user, NOW)) for _round in range(ROUNDS))
        known = statistics.median(seconds(lambda: feed_content.version(user, NOW)) for _round in range(ROUNDS))
    finally:
        teardown_databases(databases, verbosity=0)
    print(
        f"F1 feed of {SIZE} series: {whole:.2f} s (goal {GOAL:.0f}), {len(text) / 1e6:.1f} MB"
        f"   304 {known * 1000:.1f} ms   ratio {whole / known:.0f}"
        f"   seed {SEED}, load {os.getloadavg()[0]:.1f}   {'PASS' if whole < GOAL else 'FAIL'}"
    )


if __name__ == "__main__":
    main()
