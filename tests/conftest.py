"""Three people in every test: Alice organizes, Bob is invited, Charlie is a stranger."""

import os
import shutil
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.test import Client

from addressbook.models import Contact
from cabinet.models import User
from tests.factories import make_contact, make_user

# Seconds are never asserted: a busy machine is no fault of the code.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_serialized_rollback", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="Only tests that use the database, no browser")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --database-only, leave out what would run the same on any database."""
    if config.getoption("database_only"):
        chosen = [item for item in items if uses_database(item) and not item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def uses_database(item: pytest.Item) -> bool:
    """Whether a test reads or writes rows."""
    fixtures = DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium; as root, as in a container, it can have no sandbox."""
    root = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] if os.getuid() == 0 else []
    quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    path = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    return {**browser_type_launch_args, "executable_path": path, "args": [*root, *quiet, "--disable-sync"]}


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
