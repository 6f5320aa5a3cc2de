"""What has run out is forgotten, and nothing else."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cabinet.models import User
from cabinet.upkeep import forget_arrivals, forget_expired
from conferences.models import Arrival, Attempt, Occurrence
from invitations.address_keys import AddressKey
from tests.factories import make_conference, make_key


def left() -> tuple[int, int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cabinet_cache")
        cached = cursor.fetchone()[0]
    return Attempt.objects.count(), Session.objects.count(), cached, AddressKey.objects.count()


@pytest.mark.django_db
def test_only_what_has_run_out_goes(as_alice: Client) -> None:
    now = timezone.now()
    Attempt.objects.allow("password", "bob", limit=5, window=timedelta(minutes=10), now=now)
    cache.set("limit", [1], 900)
    make_key(expires_at=now + timedelta(minutes=15))
    forget_expired(now)
    assert left() == (1, 1, 1, 1)
    forget_expired(now + timedelta(minutes=16))
    assert left() == (0, 1, 0, 0)
    forget_expired(now + timedelta(hours=13))
    assert left() == (0, 0, 0, 0)


@pytest.mark.django_db
def test_nothing_is_written_where_nothing_has_run_out() -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        forget_expired(timezone.now())
    assert not [query["sql"] for query in queries if "DELETE" in query["sql"]]


@pytest.mark.django_db(transaction=True)
def test_a_worker_begins_by_keeping_conferences_at_their_hour(caplog: pytest.LogCaptureFixture) -> None:
    conference = make_conference()
    Occurrence.objects.update(starts_at=conference.starts_at - timedelta(hours=1))
    call_command("worker", once=True)
    assert Occurrence.objects.get().starts_at == conference.starts_at
    assert f"new rules of Europe/Berlin moved conference {conference.pk}" in caplog.text


def test_who_came_is_forgotten_after_ninety_days(alice: User) -> None:
    conference, now = make_conference(alice), timezone.now()
    for days, name in ((89, "Bob"), (91, "Charlie")):
        at = now - timedelta(days=days)
        Arrival.objects.create(conference=conference, key=name, name=name, knocked_at=at, seen_at=at)
    forget_arrivals(now)
    assert [arrival.name for arrival in Arrival.objects.all()] == ["Bob"]
