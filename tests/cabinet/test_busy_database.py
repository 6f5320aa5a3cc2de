"""Many people at once, and a database that is locked: wait, then say so; never an error page without a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from cabinet.models import User
from tests.factories import make_user
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def somebody_writing(user: User) -> Iterator[None]:
    """Another connection holds what a change of this account needs."""
    begun, done = Event(), Event()

    def write() -> None:
        try:
            with transaction.atomic():
                User.objects.filter(pk=user.pk).update(mail_client="x")
                begun.set()
                done.wait(30)
        finally:
            connections.close_all()

    writer = Thread(target=write)
    writer.start()
    assert begun.wait(30)
    try:
        yield
    finally:
        done.set()
        writer.join()


def impatient() -> None:
    """This connection waits a tenth of a second for a lock, not 20 seconds or 5."""
    with connection.cursor() as cursor:
        wait = "PRAGMA busy_timeout = 100" if connection.vendor == "sqlite" else "SET lock_timeout = '100ms'"
        cursor.execute(wait)


def patient() -> None:
    with connection.cursor() as cursor:
        wait = "PRAGMA busy_timeout = 20000" if connection.vendor == "sqlite" else "SET lock_timeout = '5s'"
        cursor.execute(wait)


def test_locked_database_answers_503_and_says_when_to_try_again() -> None:
    alice = make_user("alice@example.org", name="Alice")
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    client.get("/profile/")
    impatient()
    try:
        with somebody_writing(alice):
            response = client.post("/profile/", {"name": "New", "time_zone": "UTC", "language": "en"})
    finally:
        patient()
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    alice.refresh_from_db()
    assert alice.name == "Alice"
    assert client.post("/profile/", {"name": "New", "time_zone": "UTC", "language": "en"}).status_code == 302


def test_twenty_people_at_once_are_all_served() -> None:
    users = [make_user() for _ in range(20)]

    def save(number: int) -> list[int]:
        client = Client(raise_request_exception=False)
        client.force_login(users[number])
        answers = [
            client.post("/profile/", {"name": f"Name {turn}", "time_zone": "UTC", "language": "en"})
            for turn in range(3)
        ]
        return [answer.status_code for answer in answers]

    assert in_parallel(20, save) == [[302, 302, 302]] * 20
