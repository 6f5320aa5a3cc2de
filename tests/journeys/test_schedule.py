"""The form of a conference in a real browser: a series by keyboard with the script, and by the mouse without it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from conferences.models import Conference, Template

pytestmark = [pytest.mark.browser]


@pytest.fixture
def thursday() -> date:
    """One in a week or two."""
    today = timezone.localdate()
    return today + timedelta(days=7 + (3 - today.weekday()) % 7)


@pytest.fixture
def form(alices_page: Page, live_server: LiveServer, thursday: date) -> Page:
    alices_page.goto(live_server.url + reverse("conferences:new"), wait_until="networkidle")
    alices_page.get_by_label("Topic").fill("Weekly round")
    alices_page.get_by_label("Date", exact=True).fill(thursday.isoformat())
    alices_page.get_by_label("Start time").fill("14:00")
    return alices_page


@pytest.fixture
def plain_form(browser: Browser, live_server: LiveServer, as_alice: Client, thursday: date) -> Iterator[Page]:
    """The same in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    session = as_alice.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + reverse("conferences:new"))
    page.get_by_label("Topic").fill("Weekly round")
    page.get_by_label("Date", exact=True).fill(thursday.isoformat())
    page.get_by_label("Start time").fill("14:00")
    yield page
    context.close()


def shown(day: date) -> str:
    return f"{day:%A %-d %B %Y}, 14:00"


def dates(page: Page) -> list[str]:
    items = page.get_by_role("list", name="Next dates").get_by_role("listitem")
    expect(items).to_have_count(6)
    return items.all_inner_texts()


def test_a_weekly_series_by_keyboard_shows_its_dates_while_it_is_chosen(form: Page, thursday: date) -> None:
    form.locator("summary", has_text="Recurrence").focus()
    form.keyboard.press("Enter")
    form.keyboard.press("Tab")
    expect(form.get_by_label("Does not repeat")).to_be_focused()
    expect(form.get_by_label("Every how many weeks")).to_be_hidden()
    for _ in range(2):
        form.keyboard.press("ArrowRight")
    expect(form.get_by_label("Weekly")).to_be_checked()
    expect(form.get_by_label("Thu")).to_be_checked()  # the weekday of the date
    expect(form.get_by_label("Every how many weeks")).to_be_visible()
    expect(form.get_by_role("button", name="Show the dates")).to_be_hidden()
    form.get_by_label("After a number of conferences").check(force=True)
    expect(form.get_by_text("Enter how many conferences, or an end date")).to_be_visible()
    form.get_by_label("How many conferences").fill("6")
    last = f"and so on; the last one is on {shown(thursday + timedelta(weeks=5))}"
    assert dates(form) == [*(shown(thursday + timedelta(weeks=n)) for n in range(5)), last]
    expect(form.locator("p.vh[role=status]")).to_have_text("Every week on Thursday, 6 times")
    found = Axe().run(form)
    assert found.violations_count == 0, found.generate_report()
    assert not Conference.objects.exists()

    form.get_by_label("Date", exact=True).fill((thursday + timedelta(days=1)).isoformat())
    expect(form.get_by_label("Fri")).to_be_checked()  # goes along with the date
    expect(form.get_by_text("Every week on Friday, 6 times").first).to_be_attached()
    form.get_by_role("button", name="Schedule conference").last.click()
    expect(form.get_by_role("heading", name="You have scheduled a conference")).to_be_visible()
    conference = Conference.objects.get()
    assert conference.rule == "FREQ=WEEKLY;BYDAY=FR;COUNT=6"
    assert conference.occurrences.count() == 6


def test_days_that_were_chosen_stay_when_the_date_changes(form: Page, thursday: date) -> None:
    form.locator("summary", has_text="Recurrence").click()
    form.get_by_label("Weekly").check(force=True)
    form.get_by_label("Mon", exact=True).check(force=True)
    form.get_by_label("Date", exact=True).fill((thursday + timedelta(days=1)).isoformat())
    expect(form.get_by_text("Every week on Monday and Thursday").first).to_be_attached()
    expect(form.get_by_label("Fri")).not_to_be_checked()
    expect(form.get_by_text("The first conference is on Monday")).to_be_visible()


def test_a_weekly_series_without_script_shows_its_dates_and_loses_nothing(plain_form: Page, thursday: date) -> None:
    page = plain_form
    page.locator("summary", has_text="Recurrence").click()
    expect(page.get_by_label("Every how many weeks")).to_be_hidden()
    page.get_by_label("Weekly").check(force=True)
    expect(page.get_by_label("Every how many weeks")).to_be_visible()
    page.get_by_label("After a number of conferences").check(force=True)
    page.get_by_label("How many conferences").fill("6")
    page.get_by_role("button", name="Show the dates").click()
    expect(page.get_by_text("Choose at least one day").last).to_be_visible()
    page.get_by_label("Thu").check(force=True)
    page.get_by_role("button", name="Show the dates").click()
    assert dates(page)[:5] == [shown(thursday + timedelta(weeks=n)) for n in range(5)]
    expect(page.get_by_label("How many conferences")).to_have_value("6")
    expect(page.get_by_label("Topic")).to_have_value("Weekly round")
    assert not Conference.objects.exists()
    page.get_by_role("button", name="Schedule conference").last.click()
    expect(page.get_by_role("heading", name="You have scheduled a conference")).to_be_visible()
    assert Conference.objects.get().occurrences.count() == 6


def test_a_permanent_conference_asks_for_no_date_without_script_too(plain_form: Page) -> None:
    page = plain_form
    page.get_by_label("Permanent conference").check()
    for hidden in (
        page.get_by_label("Date", exact=True),
        page.get_by_label("Duration"),
        page.get_by_text("Recurrence"),
    ):
        expect(hidden).to_be_hidden()
    page.get_by_role("button", name="Schedule conference").last.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert Conference.objects.get().permanent


def test_open_lines_of_the_form_are_accessible_at_every_width(form: Page, alice: User) -> None:
    for name in ("Board", "Lesson"):
        Template.objects.remember(alice, name, {})
    form.reload()
    form.get_by_label("Topic").fill("Weekly round")
    form.evaluate("() => document.querySelectorAll('.ledger details').forEach((one) => { one.open = true; })")
    for repeat in ("Daily", "Weekly", "Monthly", "Yearly"):
        form.get_by_label(repeat, exact=True).check(force=True)
        for width, scheme in ((1280, "light"), (390, "dark")):
            form.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            form.set_viewport_size({"width": width, "height": 900})
            form.wait_for_load_state("networkidle")
            found = Axe().run(form)
            assert found.violations_count == 0, f"{repeat} {width}\n{found.generate_report()}"
        form.set_viewport_size({"width": 320, "height": 600})
        assert form.evaluate("document.documentElement.scrollWidth") <= 320, repeat
