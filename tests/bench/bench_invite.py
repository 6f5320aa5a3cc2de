"""Inviting many contacts with one press, against saving the same rows one by one in one transaction.

    python -m tests.bench.bench_invite        N=500 (people a press) and SEED in the environment

The whole request is measured: session, form, contacts, invitations, letters in the queue, redirect. Both sides take
turns, the order swapped each round; the ratio is taken per round.
"""

# ruff: noqa: E402, T201

import os
import random
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection, transaction
from django.test import Client
from django.test.utils import setup_test_environment, teardown_test_environment
from django.urls import reverse
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Conference
from invitations.models import Delivery, Invitation
from tests.factories import make_conference

SIZE = int(os.environ.get("N", "500"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
ROUNDS = 5
GOAL = 1.0  # seconds a press

type Inviter = Callable[[Client, Conference, list[str]], object]


def press(client: Client, conference: Conference, addresses: list[str]) -> None:
    """What a browser sends when “Invite” is pressed."""
    form = {"submission_id": str(uuid.uuid4()), "q": "", "message": "", "to": addresses}
    answer = client.post(reverse("invitations:ledger", args=[conference.pk]), form)
    assert answer.status_code == 302, answer.content[:500]


def one_by_one(client: Client, conference: Conference, addresses: list[str]) -> None:
    """The same rows without bulk inserts, and without the request around them."""
    ends = timezone.now() + timedelta(days=1)
    with transaction.atomic():
        for address in addresses:
            contact = Contact.objects.get(address=address)
            person = Invitation(conference=conference, address=address, name=contact.name, contact=contact)
            person.save(force_insert=True)
            letter = Delivery(conference=conference, invitation=person, address=address, kind="invitation")
            letter.message_id, letter.give_up_at = f"<{uuid.uuid4()}@localhost>", ends
            letter.save(force_insert=True)


def took(inviter: Inviter, client: Client, user: User, addresses: list[str]) -> float:
    """Wall seconds for inviting `addresses` to a new conference; every one of them must be there afterwards."""
    conference = make_conference(user)
    began = time.perf_counter()
    inviter(client, conference, addresses)
    seconds = time.perf_counter() - began
    assert conference.deliveries.filter(state="queued").count() == len(addresses)
    return seconds


def compare(client: Client, user: User, addresses: list[str]) -> str:
    """One line: both sides by their median, the ratio by its median and range over the rounds."""
    took(press, client, user, addresses)  # warm
    rounds = []
    for number in range(ROUNDS):
        order: list[Inviter] = [press, one_by_one] if number % 2 else [one_by_one, press]
        seconds = {inviter: took(inviter, client, user, addresses) for inviter in order}
        rounds.append((seconds[press], seconds[one_by_one]))
    ours, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratios = sorted(other / own for own, other in rounds)
    return (
        f"one press {ours:.3f} s (goal < {GOAL:.0f} s)   one by one {theirs:.3f} s"
        f"   ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
    )


def main() -> None:
    """Fill a database of its own, invite everybody several times, throw it away."""
    print(f"invite: {SIZE} contacts, {connection.vendor}, seed {SEED}, load {os.getloadavg()[0]:.1f}")
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    setup_test_environment()
    try:
        user = User.objects.create_user("bench@example.org", name="Bench")
        people = [Contact(owner=user, name=f"Person {n}", address=f"person{n}@example.org") for n in range(SIZE)]
        Contact.objects.bulk_create(people)
        client = Client()
        client.force_login(user)
        print(compare(client, user, random.Random(SEED).sample([person.address for person in people], SIZE)))
    finally:
        teardown_test_environment()
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
