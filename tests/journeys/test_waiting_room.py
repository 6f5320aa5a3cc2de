"""Two browsers at one door: the guest waits, the organizer lets in, the guest enters; with scripts and without."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from conferences.arrivals import Arrival
from conferences.links import join_url
from conferences.models import Conference
from conferences.rooms import jitsi
from conferences.rooms.base import RoomDown
from tests.factories import make_conference, make_invitation

pytestmark = [pytest.mark.browser]

ROOM = "https://meet.jit.si/**"
type Opens = Callable[..., Page]


@pytest.fixture
def conference(alice: User) -> Conference:
    """One whose room is open now."""
    now = datetime.now(ZoneInfo("Europe/Berlin")).replace(second=0, microsecond=0, tzinfo=None)
    return make_conference(alice, start=now + timedelta(minutes=5), topic="Autumn budget review", waiting_room=True)


@pytest.fixture
def opens(browser: Browser, live_server: LiveServer) -> Iterator[Opens]:
    """Opens an address in a browser of its own, signed in with a session or not, with scripts or not."""
    contexts: list[BrowserContext] = []

    def open_(path: str, *, as_: Client | None = None, scripts: bool = True, width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=live_server.url, java_script_enabled=scripts, viewport={"width": width, "height": 900},
            locale="en-GB",
        )  # fmt: skip
        contexts.append(context)
        if as_:
            session = as_.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        context.route(ROOM, lambda route: route.fulfill(body="the room", content_type="text/plain"))
        page = context.new_page()
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


def path(conference: Conference) -> str:
    return f"/join/{conference.join_token}/"


def knock(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
    expect(page.get_by_text(f"Waiting as {name}")).to_be_visible()


def mark(page: Page) -> None:
    """So that a reload is noticed."""
    page.evaluate("window.stayed = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def enter(page: Page) -> None:
    page.get_by_role("button", name="Join").click()
    page.wait_for_url(ROOM)


def test_the_organizer_lets_in_without_a_reload_and_the_guest_enters(
    opens: Opens, conference: Conference, as_alice: Client
) -> None:
    host = opens(conference.get_absolute_url(), as_=as_alice)
    waiting = host.locator("#waiting-room")
    expect(waiting.get_by_text("Nobody is waiting.")).to_be_visible()
    mark(host)
    bob, dan = opens(path(conference)), opens(path(conference), width=390)
    knock(bob, "Bob Brown")
    knock(dan, "Dan Dee")
    mark(bob)
    expect(waiting.get_by_text("2 people are waiting")).to_be_visible(timeout=15_000)
    assert host.title().startswith("(2) Autumn budget review")
    waiting.get_by_role("button", name="Let in Bob Brown").click()
    expect(waiting.get_by_text("1 person is waiting")).to_be_visible()
    expect(waiting.get_by_role("heading", name="Waiting room")).to_be_focused()
    expect(bob.get_by_role("heading", name="You may join now.")).to_be_visible(timeout=15_000)
    waiting.get_by_role("button", name="Turn away Dan Dee").click()
    expect(waiting.get_by_text("1 person turned away")).to_be_visible()
    expect(dan.get_by_role("heading", name="You were not let in")).to_be_visible(timeout=15_000)
    assert stayed(host)
    assert stayed(bob)
    assert bob.title().startswith("Join a conference")
    enter(bob)
    waiting.get_by_text("1 person turned away").click()
    waiting.get_by_role("button", name="Let in after all Dan Dee").click()
    expect(waiting.get_by_text("1 person turned away")).to_be_hidden()
    dan.reload()
    enter(dan)
    host.reload()
    expect(host.locator("#came")).to_contain_text("Bob Brown")


def test_it_works_without_scripts_by_pages_that_come_again(
    opens: Opens, conference: Conference, as_alice: Client
) -> None:
    bob = opens(path(conference), scripts=False, width=390)
    knock(bob, "Bob Brown")
    host = opens(conference.get_absolute_url(), as_=as_alice, scripts=False)
    host.locator("#waiting-room").get_by_role("link", name="Refresh").click()
    host.get_by_role("button", name="Let in Bob Brown").click()
    expect(host.get_by_text("Nobody is waiting.")).to_be_visible()
    expect(bob.get_by_role("heading", name="You may join now.")).to_be_visible(timeout=15_000)
    enter(bob)
    other = opens(path(conference), scripts=False)
    knock(other, "Dan Dee")
    expect(host.get_by_role("button", name="Let in Dan Dee")).to_be_visible(timeout=20_000)
    other.get_by_role("button", name="Leave").click()
    expect(other.get_by_label("Your name")).to_be_visible()
    assert not Arrival.objects.filter(name="Dan Dee").exists()


def test_an_open_page_tells_that_it_is_open(opens: Opens, conference: Conference) -> None:
    bob = opens(path(conference))
    with bob.expect_response(lambda answer: answer.status == 204):
        knock(bob, "Bob Brown")
    arrival = Arrival.objects.get()
    assert arrival.seen_at > arrival.knocked_at


def test_who_is_removed_while_waiting_is_told_at_once(opens: Opens, conference: Conference) -> None:
    invitation = make_invitation(conference)
    bob = opens(invitation.get_absolute_url())
    bob.get_by_role("button", name="Join").click()
    expect(bob.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
    type(invitation).objects.update(withdrawn_at=conference.created_at)
    expect(bob.get_by_text("This invitation link is no longer valid.").last).to_be_visible(timeout=15_000)


def test_the_list_stays_in_sight_when_the_organizer_starts(
    opens: Opens, conference: Conference, as_alice: Client
) -> None:
    host = opens(conference.get_absolute_url(), as_=as_alice)
    with host.context.expect_page() as tab:
        host.get_by_role("button", name="Start").first.click()
    tab.value.wait_for_url(ROOM)
    assert tab.value.evaluate("window.opener") is None
    expect(host.locator("#waiting-room")).to_be_visible()
    expect(host.get_by_role("button", name="Start").first).not_to_have_attribute("aria-busy", "true")


def test_a_room_that_comes_back_is_entered_without_another_press(
    opens: Opens, conference: Conference, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The browser's own network follows where a script has sent a form: to a room that is here.
    monkeypatch.setattr(jitsi.JitsiRoom, "join_url", lambda *_args: f"{live_server.url}/healthz?room")
    Conference.objects.update(waiting_room=False)
    is_down = [True]

    def open_(*_args: object) -> None:
        if is_down[0]:
            raise RoomDown("not there")

    monkeypatch.setattr(jitsi.JitsiRoom, "open", open_)
    bob = opens(path(conference))
    bob.get_by_label("Your name").fill("Bob Brown")
    bob.get_by_role("button", name="Join").click()
    expect(bob.get_by_text("The video service does not answer.")).to_be_visible()
    is_down[0] = False
    bob.wait_for_url("**/healthz?room", timeout=20_000)


def test_the_countdown_goes_by_the_servers_clock(opens: Opens, conference: Conference, browser: Browser) -> None:
    Conference.objects.update(opens_before=timedelta(0))
    page = opens(path(conference))
    expect(page.get_by_role("timer")).to_contain_text("minutes")
    page.clock.install(time=datetime(2020, 1, 1))
    page.reload()
    expect(page.get_by_role("timer")).to_contain_text("minutes")
    minutes = int(page.get_by_role("timer").locator("[data-unit='60'] b").inner_text())
    assert 0 <= minutes <= 5


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_state_of_the_door_is_accessible(
    opens: Opens, conference: Conference, alice: User, as_alice: Client, width: int, scheme: str
) -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung محمد"
    guest, host = opens(path(conference), width=width), opens(conference.get_absolute_url(), as_=as_alice, width=width)
    for page in (guest, host):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    knock(guest, long)
    look(guest, host)
    Arrival.objects.all().refuse(conference.created_at)
    look(guest, host)
    Arrival.objects.all().readmit(conference.created_at)
    look(guest)
    for fields in ({"invited_only": True}, {"invited_only": False, "participants_limit": 0}, {"organizer_first": True}):
        Conference.objects.filter(pk=conference.pk).update(**fields)
        guest.context.clear_cookies()
        look(guest)
    series = make_conference(alice, topic=long, rule="FREQ=DAILY;COUNT=9", agenda=long)
    series.occurrences.all()[1].cancel(alice, conference.created_at, tell="nobody")  # type: ignore[arg-type]
    guest.goto(join_url(series).partition("8000")[2])
    look(guest)


def look(*pages: Page) -> None:
    """Axe finds nothing, and nothing moves sideways on a narrow screen."""
    for page in pages:
        page.reload()
        page.wait_for_load_state("load")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
        size = page.viewport_size
        page.set_viewport_size({"width": 320, "height": 600})
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
        page.set_viewport_size(size or {"width": 1280, "height": 900})
