"""A series from its first date to its copy: scheduled, one date moved, one cancelled, changed from one on, repeated."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from conferences.models import Change, Conference
from tests.factories import make_conference, make_invitation

pytestmark = [pytest.mark.browser]


@pytest.fixture(params=["script", "no script"])
def browsing(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, as_alice: Client
) -> Iterator[Page]:
    """Alice's browser: on a laptop with script, on a telephone without."""
    has_script = request.param == "script"
    size = {"width": 1280, "height": 900} if has_script else {"width": 390, "height": 844}
    context = browser.new_context(java_script_enabled=has_script, viewport=size, locale="en-GB")  # type: ignore[arg-type]
    session = as_alice.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def press(page: Page, name: str) -> None:
    """The one button of that name that this width shows."""
    page.get_by_role("button", name=name, exact=True).and_(page.locator("button:visible")).last.click()
    page.wait_for_load_state()


def line(page: Page, day: date) -> Locator:
    """The line of the date that the rule has on `day`."""
    return page.locator(f"#date-{day}")


def monday() -> date:
    """One in a week or two."""
    today = timezone.localdate()
    return today + timedelta(days=14 - today.weekday())


def test_a_series_is_scheduled_moved_cancelled_changed_and_repeated(
    browsing: Page, live_server: LiveServer, alice: User
) -> None:
    page, first = browsing, monday()
    second, third, fourth = (first + timedelta(weeks=weeks) for weeks in (1, 2, 3))

    page.goto(live_server.url + reverse("conferences:new"))
    page.get_by_label("Topic").fill("Weekly round")
    page.get_by_label("Date", exact=True).fill(first.isoformat())
    page.get_by_label("Start time").fill("14:00")
    page.locator("summary").filter(has_text="Recurrence").click()
    page.get_by_text("Weekly", exact=True).click()
    if not page.get_by_label("Mon", exact=True).is_checked():
        page.get_by_text("Mon", exact=True).click()
    page.get_by_text("After a number of conferences").click()
    page.get_by_label("How many conferences").fill("6")
    press(page, "Schedule conference")
    series = Conference.objects.get()
    assert [row.original_date for row in series.occurrences.order_by("starts_at")][:2] == [first, second]
    make_invitation(series)

    page.reload()
    line(page, second).get_by_role("link", name="Edit").click()
    page.get_by_role("link", name="Only this one").click()
    page.get_by_label("Start time").fill("16:30")
    page.get_by_label("End time").fill("17:30")
    press(page, "Continue")
    expect(page.get_by_role("heading", name="Who will be told what")).to_be_visible()
    expect(page.get_by_text("1 person is invited: Bob Brown")).to_be_visible()
    press(page, "Save")
    expect(line(page, second)).to_contain_text("moved, was")

    line(page, third).get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Only this one").click()
    page.get_by_label("Message to participants").fill("A holiday.")
    press(page, "Cancel this date")
    expect(line(page, third)).to_contain_text("Cancelled")

    line(page, fourth).get_by_role("link", name="Edit").click()
    page.get_by_role("link", name="This and the following").click()
    page.get_by_label("Topic").fill("Winter round")
    press(page, "Continue")
    expect(page.get_by_text("3 dates leave the series.")).to_be_visible()
    press(page, "Back to the form")
    expect(page.get_by_label("Topic")).to_have_value("Winter round")
    press(page, "Continue")
    page.get_by_label("Tell nobody").check()
    press(page, "Save")
    expect(page.get_by_role("link", name="Continues Weekly round")).to_be_visible()
    new = Conference.objects.get(follows=series)
    assert (new.topic, new.occurrences.count(), series.occurrences.count()) == ("Winter round", 3, 3)

    page.get_by_role("link", name="Continues Weekly round").click()
    expect(page.get_by_role("link", name="Goes on as Winter round")).to_be_visible()
    page.get_by_role("link", name="Repeat", exact=True).click()
    expect(page.get_by_text("Copied from Weekly round")).to_be_visible()
    press(page, "Schedule conference")
    copy = Conference.objects.latest("pk")
    assert (copy.topic, copy.follows) == ("Weekly round", None)
    assert copy.join_token not in {series.join_token, new.join_token}


@pytest.mark.parametrize("browsing", ["script"], indirect=True)  # axe needs it
def test_two_tabs_show_both_versions_and_keep_what_was_typed(
    browsing: Page, live_server: LiveServer, alice: User
) -> None:
    page = browsing
    conference = make_conference(alice, topic="Budget")
    make_invitation(conference)
    page.goto(live_server.url + reverse("conferences:edit", args=[conference.pk]))
    page.get_by_label("Topic").fill("Mine")
    press(page, "Continue")
    assert Axe().run(page).violations_count == 0
    conference.change(
        alice, {"topic": "Theirs", "record": True}, seen_sequence=0, tell=Change.Tell.NOBODY, now=timezone.now()
    )
    with page.expect_response(lambda answer: answer.status == 409):
        press(page, "Save")
    expect(page.get_by_text("You both changed")).to_be_visible()
    expect(page.get_by_label("Topic")).to_have_value("Mine")
    assert Axe().run(page).violations_count == 0
    press(page, "Continue")
    page.get_by_label("Tell nobody").check()
    press(page, "Save")
    conference.refresh_from_db()
    assert (conference.topic, conference.record) == ("Mine", True)
