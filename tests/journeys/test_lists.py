"""My conferences in a real browser: every view in every light and width, by keyboard, and without script."""

from datetime import datetime, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from conferences.choices import Tell
from conferences.deputies import Deputy
from conferences.models import Conference
from tests.factories import make_conference, make_invitation, make_user

pytestmark = [pytest.mark.browser]

LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung" * 2


@pytest.fixture
def full(alice: User) -> Conference:
    """Something of every kind: going on, soon, past, a series with many on one day, cancelled, permanent, another's."""
    now = timezone.localtime()
    begun = (now - timedelta(minutes=20)).replace(second=0, microsecond=0, tzinfo=None)
    going = make_conference(alice, start=begun, topic="Going on")
    make_invitation(going, "bob@example.org", LONG[:100])
    make_conference(alice, start=begun + timedelta(minutes=30), topic=f"Soon {LONG}"[:200])
    day = timezone.localdate()
    make_conference(alice, start=datetime.combine(day - timedelta(days=3), time(9)), topic="Past")
    series = make_conference(alice, start=datetime.combine(day, time(23, 30)), topic="Late", rule="FREQ=DAILY;COUNT=40")
    for hour in range(8, 14):
        start = datetime.combine(day + timedelta(days=1), time(hour))
        make_conference(alice, start=start, topic=f"{hour} مراجعة العقد")
    make_conference(alice, topic="Off").cancel(alice, timezone.now(), tell=Tell.NOBODY)
    make_conference(alice, topic=f"Room {LONG}"[:200], permanent=True)
    other = make_user("dora@example.org", name=LONG[:100])
    Deputy.objects.create(principal=other, deputy=alice)
    make_conference(other, topic="Of another")
    return series


def addresses() -> list[str]:
    tomorrow = timezone.localdate() + timedelta(days=1)
    queries = ["", "show=active", "show=past", "show=permanent", "view=month", f"view=month&month={tomorrow:%Y-%m}",
               f"day={tomorrow}", "q=late", "q=zzz"]  # fmt: skip
    return ["/", *(f"/conferences/?{query}" for query in queries)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_every_view_is_accessible_and_keeps_its_width(
    alices_page: Page, live_server: LiveServer, full: Conference, width: int, scheme: str, direction: str
) -> None:
    page = alices_page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for address in addresses():
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(live_server.url + address)
        page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}\n{found.generate_report()}"
        for narrow in (width, 320):
            page.set_viewport_size({"width": narrow, "height": 600})
            page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert page.evaluate("document.documentElement.scrollWidth") <= narrow, address


def test_days_of_a_month_are_read_in_order_and_reached_by_keyboard(
    alices_page: Page, live_server: LiveServer, full: Conference
) -> None:
    page = alices_page
    page.goto(f"{live_server.url}/conferences/?view=month")
    grid = page.get_by_role("list", name=f"{timezone.localdate():%B %Y}")
    assert grid.locator("> li:not(.pad)").count() >= 28
    expect(grid.locator(".today")).to_contain_text("(today)")
    tops = grid.locator("> li").evaluate_all("all => all.map((one) => [one.offsetTop, one.offsetLeft])")
    assert tops == sorted(tops)
    assert len({left for _top, left in tops}) == 7
    first = grid.get_by_role("link").first
    page.get_by_role("link", name="Today").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    seen = []
    for _n in range(grid.get_by_role("link").count()):
        seen.append(page.evaluate("document.activeElement.closest('li').querySelector('time').dateTime"))
        page.keyboard.press("Tab")
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    assert not page.evaluate("!!document.activeElement.closest('.month')")


def test_on_a_phone_only_days_with_something_are_shown(alices_page: Page, live_server: LiveServer, alice: User) -> None:
    make_conference(alice, start=datetime(2031, 1, 15, 9), topic="Budget")
    page = alices_page
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{live_server.url}/conferences/?view=month&month=2031-01")
    expect(page.locator(".month > li:visible")).to_have_count(1)
    expect(page.locator(".month > li:visible")).to_contain_text("Wed 15")
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator(".month > li:not(.pad):visible")).to_have_count(31)


def test_actions_of_a_row_by_keyboard(alices_page: Page, live_server: LiveServer, alice: User) -> None:
    conference = make_conference(alice, topic="Budget")
    page = alices_page
    page.goto(f"{live_server.url}/conferences/")
    actions = page.locator("summary", has_text="").and_(page.get_by_label("Actions for Budget"))
    actions.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Open", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(actions).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Cancel conference").click()
    assert page.url == f"{live_server.url}/conferences/{conference.pk}/cancellation/"


def test_all_of_it_without_script(
    browser: Browser, live_server: LiveServer, as_alice: Client, full: Conference
) -> None:
    context = browser.new_context(java_script_enabled=False)
    session = as_alice.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/conferences/")
    page.get_by_role("searchbox").fill("LATE")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=3, name="Late")).to_have_count(1)
    page.get_by_role("link", name="Past", exact=True).click()
    expect(page.get_by_text("No conference matches “LATE”")).to_be_visible()
    page.goto(f"{live_server.url}/conferences/")
    page.get_by_role("link", name="Next", exact=True).click()
    page.get_by_role("link", name="Previous", exact=True).click()
    expect(page.get_by_text("Always open")).to_be_visible()
    page.get_by_role("link", name="Month", exact=True).click()
    tomorrow = timezone.localdate() + timedelta(days=1)
    page.goto(f"{live_server.url}/conferences/?view=month&month={tomorrow:%Y-%m}")
    page.get_by_role("link", name="4 more").click()
    assert page.url.endswith(f"?day={tomorrow}")
    expect(page.get_by_role("listitem").filter(has_text="مراجعة")).to_have_count(6)
    context.close()
