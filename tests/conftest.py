"""Three people in every test: Alice organizes, Bob is invited, Charlie is a stranger."""

import pytest
from django.core.cache import cache
from django.test import Client

from addressbook.models import Contact
from cabinet.models import User
from tests.factories import make_contact, make_user


@pytest.fixture
def alice(db: None) -> User:
    """The organizer."""
    return make_user("alice@example.org", name="Alice Adams", time_zone="Europe/Berlin")


@pytest.fixture
def bob(alice: User) -> Contact:
    """Somebody without an account whom Alice has in her contacts."""
    return make_contact(alice, "Bob Brown", "bob@example.org")


@pytest.fixture
def charlie(db: None) -> User:
    """Another organizer, who has nothing to do with Alice's conferences."""
    return make_user("charlie@example.org", name="Charlie Clark", time_zone="America/New_York")


@pytest.fixture
def as_alice(alice: User) -> Client:
    """A browser in which Alice is signed in."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def as_charlie(charlie: User) -> Client:
    """A browser in which Charlie is signed in."""
    client = Client()
    client.force_login(charlie)
    return client


@pytest.fixture(autouse=True)
def _fresh_limits(request: pytest.FixtureRequest) -> None:
    """Limits of earlier tests are forgotten: their counters live in the cache table."""
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        request.getfixturevalue("db" if "db" in request.fixturenames else "transactional_db")
        cache.clear()
