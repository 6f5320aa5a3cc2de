"""Preferences: the list of time zones, with one chosen."""

import re

import pytest
from django.test import Client

from cabinet.models import User


def chosen(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected', page)


def test_the_profile_offers_every_zone_and_chooses_ones_own(as_alice: Client) -> None:
    page = as_alice.get("/profile/").content.decode()
    assert chosen(page) == ["Europe/Berlin", "en"]
    assert page.count("<option") > 400


@pytest.mark.parametrize(("stored", "shown"), [("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata")])
def test_a_former_name_of_a_zone_is_shown_as_todays(as_alice: Client, alice: User, stored: str, shown: str) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone=stored)
    page = as_alice.get("/profile/").content.decode()
    assert f'<optgroup label="Yours"><option value="{shown}"' in page


def test_a_zone_that_does_not_exist_is_refused_and_a_former_name_becomes_todays(as_alice: Client, alice: User) -> None:
    answer = as_alice.post("/profile/", {"name": "Alice", "time_zone": "Mars/Phobos", "language": "en"})
    assert answer.context["form"].errors == {"time_zone": ["Choose a time zone"]}
    as_alice.post("/profile/", {"name": "Alice", "time_zone": "Europe/Kiev", "language": "en"})
    alice.refresh_from_db()
    assert alice.time_zone == "Europe/Kyiv"


def test_the_first_start_offers_every_zone_to_the_browser(client: Client, db: None) -> None:
    page = client.get("/welcome/").content.decode()
    assert page.count("<option") > 400
    assert re.search(r'<select name="time_zone"[^>]* data-browser-zone', page)


def test_who_wants_no_letters_about_answers_takes_the_tick_away(as_alice: Client, alice: User) -> None:
    tick = '<input type="checkbox" name="wants_answers"'
    page = as_alice.get("/profile/").content.decode()
    assert re.search(rf"{tick}[^>]* checked", page)
    as_alice.post("/profile/", {"name": "Alice", "time_zone": "Europe/Berlin", "language": "en"})
    alice.refresh_from_db()
    assert not alice.wants_answers
    assert not re.search(rf"{tick}[^>]* checked", as_alice.get("/profile/").content.decode())
