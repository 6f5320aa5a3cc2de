"""The calendar feed in the profile: made, copied, replaced, by keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from tests.factories import make_conference

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_address_is_made_and_replaced_by_keyboard(alices_page: Page, live_server: LiveServer, alice: User) -> None:
    page = alices_page
    make_conference(alice, topic="Quarterly planning", rule="FREQ=WEEKLY;COUNT=4")
    page.goto(live_server.url + reverse("profile"))
    page.get_by_role("link", name="Calendar feed").press("Enter")
    page.get_by_role("button", name="Make an address").press("Enter")
    expect(page.get_by_text("Your calendar feed has an address now.")).to_be_visible()
    assert Axe().run(page).violations_count == 0

    first = page.locator("#feed-address").inner_text()
    path = first.partition("/feeds/")[2]
    answer = page.request.get(f"{live_server.url}/feeds/{path}")
    assert (answer.status, "SUMMARY:Quarterly planning" in answer.text()) == (200, True)
    page.get_by_role("button", name="Make a new address").press("Enter")
    expect(page.get_by_text("The old one does not work any more.")).to_be_visible()
    assert page.locator("#feed-address").inner_text() != first
    assert page.request.get(f"{live_server.url}/feeds/{path}").status == 404
