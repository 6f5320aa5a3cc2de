"""Home and profile."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cabinet.models import User
from conferences.models import Change
from tests.factories import make_conference


def starts(user: User, **after: int) -> dict[str, Any]:
    """Fields of a conference that starts so long after now."""
    zone = timezone.get_fixed_timezone(0)
    wall = (timezone.now() + timedelta(**after)).astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    return {"start": wall, "time_zone": "UTC"}


def test_home_is_a_clear_horizon_at_first(as_alice: Client) -> None:
    page = as_alice.get("/").text
    assert "Nothing scheduled" in page
    assert 'href="/conferences/new/"' in page
    assert "Start conference now" in page


def test_home_shows_what_comes_next_and_nothing_else(as_alice: Client, alice: User, charlie: User) -> None:
    make_conference(alice, topic="Second", **starts(alice, days=2))
    make_conference(alice, topic="Going on", **starts(alice, minutes=-10))
    make_conference(alice, topic="Over", **starts(alice, days=-2))
    make_conference(charlie, topic="Somebody else's", **starts(charlie, days=1))
    off = make_conference(alice, topic="Taken off", **starts(alice, days=1))
    off.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    page = as_alice.get("/").text
    assert page.index("Going on") < page.index("Second")
    assert not [topic for topic in ("Over<", "Somebody else", "Taken off") if topic in page]
    assert page.count("/start/") == 1, "only the room that is open has a way in"


def test_home_shows_the_clock_of_the_person(as_alice: Client, alice: User) -> None:
    make_conference(alice, start=datetime(2031, 1, 15, 8, 0), time_zone="America/New_York")
    assert "14:00" in as_alice.get("/").text
    User.objects.update(time_zone="Asia/Tokyo")
    page = as_alice.get("/").text
    assert "22:00" in page
    assert "Tokyo, UTC+9" in page


@pytest.mark.parametrize("number", [1, 3])
def test_home_asks_the_database_equally_often(
    as_alice: Client, alice: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(number):
        make_conference(alice, **starts(alice, days=day + 1))
    as_alice.get("/")
    with django_assert_num_queries(6):
        as_alice.get("/")


def test_profile_is_saved_and_says_so(as_alice: Client, alice: User) -> None:
    page = as_alice.get("/profile/").text
    assert "alice@example.org" in page
    assert 'data-zone-check="Europe/Berlin"' in page
    response = as_alice.post(
        "/profile/", {"name": "Alice  Ångström", "time_zone": "Asia/Kolkata", "language": "en"}, follow=True
    )
    assert "Preferences saved." in response.text
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone, alice.language) == ("Alice Ångström", "Asia/Kolkata", "en")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "Al\r\nice"), ("name", "x" * 129), ("time_zone", "Mars/Olympus"), ("time_zone", "")],
)
def test_bad_profile_keeps_what_was_typed_and_saves_nothing(
    as_alice: Client, alice: User, field: str, value: str
) -> None:
    response = as_alice.post("/profile/", {"name": "New", "time_zone": "UTC", "language": "en", field: value})
    assert response.status_code == 200
    assert f'id="id_{field}-error"' in response.text
    alice.refresh_from_db()
    assert (alice.name, alice.time_zone) == ("Alice Adams", "Europe/Berlin")


def test_profile_takes_only_its_own_fields(as_alice: Client, alice: User) -> None:
    hidden = {
        "is_staff": "1",
        "is_superuser": "1",
        "email": "evil@example.org",
        "id": "77",
        "password": "x",
        "defaults": "{}",
    }
    as_alice.post("/profile/", {"name": "New", "time_zone": "UTC", "language": "en", **hidden})
    alice.refresh_from_db()
    assert (alice.name, alice.email, alice.is_staff, alice.is_superuser) == ("New", "alice@example.org", False, False)
    assert mail.outbox == []


def test_former_zone_name_of_a_row_is_offered_under_its_present_one(as_alice: Client) -> None:
    User.objects.update(time_zone="Europe/Kiev")
    assert '<option value="Europe/Kyiv" selected>' in as_alice.get("/profile/").text


def test_states_page_is_only_for_developers(as_alice: Client) -> None:
    assert as_alice.get("/states/").status_code == 404
