"""What others' clocks make of date and time follows what is typed, in a real browser."""

from datetime import datetime

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from conferences.models import Conference
from tests.factories import make_conference, make_invitation

pytestmark = [pytest.mark.browser]


@pytest.fixture
def conference(alice: User) -> Conference:
    conference = make_conference(alice, start=datetime(2027, 7, 1, 10))
    make_invitation(conference, time_zone="Asia/Tokyo")
    return conference


def test_warnings_follow_what_is_typed(alices_page: Page, live_server: LiveServer, conference: Conference) -> None:
    alices_page.goto(live_server.url + reverse("conferences:edit", args=[conference.pk]))
    summary = alices_page.get_by_role("complementary", name="Summary")
    night = summary.get_by_text("It will be night in")
    expect(summary.locator("[data-clocks]")).to_be_visible()
    expect(night).to_have_count(0)
    alices_page.get_by_label("Start time").fill("16:00")
    expect(night).to_have_text("It will be night in Tokyo (23:00).")
    alices_page.get_by_label("Time zone").select_option("America/New_York")
    expect(night).to_have_text("It will be night in Berlin (22:00) and Tokyo (Friday, 05:00).")
    alices_page.get_by_label("Start time").fill("")
    expect(night).to_have_count(0)
