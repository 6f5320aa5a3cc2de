"""The user's own description, played from the first start to “Invitation sent”, and on to the answer.

Nothing is replaced: the processes of `make run`, a browser, an SMTP server on loopback, and vobject as the reader of
what arrived. Once with scripts, once without.
"""

import email
import email.policy
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
import vobject
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.browser

DAY = date.today() + timedelta(days=9)
BEGINS = datetime(DAY.year, DAY.month, DAY.day, 14, tzinfo=ZoneInfo("Europe/Berlin"))
IN_ORDER = ["text/plain", "text/html", "text/calendar"]
TOPIC = "Autumn budget review: “Q3” & more"


@dataclass
class Cabinet:
    """An installation that has just been started for the first time."""

    url: str
    server: SmtpServer
    errors: Path

    def letter_to(self, address: str) -> EmailMessage:
        """The one message that has arrived for `address`."""
        (content,) = [message.content for message in self.server.messages if message.recipient == address]
        return email.message_from_bytes(content, policy=email.policy.default)


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    port = free_port()
    with SmtpServer() as server:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE"))}
        environment = ours | {
            "DJANGO_SETTINGS_MODULE": "cabinet.settings",
            "DATA_DIR": str(tmp_path / "var"),
            "PORT": str(port),
            "MAIL_URL": f"smtp://127.0.0.1:{server.port}",
            "MAIL_FROM": "invite@cabinet.example",
        }
        environment.pop("SECRET_KEY", None)
        with running([sys.executable, "manage.py", "serve"], environment, tmp_path / "errors"):
            yield Cabinet(f"http://localhost:{port}", server, tmp_path / "errors")


@contextmanager
def running(command: list[str], environment: dict[str, str], errors: Path) -> Iterator[None]:
    """The process, from its line with the address until it has ended in good order."""
    with errors.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout
    try:
        assert " is at http://localhost" in process.stdout.readline(), errors.read_text()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()
    assert process.returncode == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def organizer(browser: Browser, cabinet: Cabinet, browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    """A browser with scripts."""
    yield from context(browser, cabinet, browser_context_args)


@pytest.fixture
def organizer_without_scripts(
    browser: Browser, cabinet: Cabinet, browser_context_args: dict[str, Any]
) -> Iterator[BrowserContext]:
    """A browser in which scripts are off."""
    yield from context(browser, cabinet, {**browser_context_args, "java_script_enabled": False})


def context(browser: Browser, cabinet: Cabinet, arguments: dict[str, Any]) -> Iterator[BrowserContext]:
    """Anything that the console complains about fails the test: errors, breaches of the security policy."""
    complaints: list[str] = []
    made = browser.new_context(**{**arguments, "base_url": cabinet.url})
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    yield made
    made.close()
    assert complaints == []


# THE STEPS


def first_start(page: Page, zone: str = "Asia/Tokyo") -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/welcome/$"))
    page.get_by_label("Name").fill("Ines Halvorsen")
    page.get_by_label("E-mail address").fill("ines@meridian.example")
    page.get_by_label("Password", exact=True).fill("a long walk in the fog")
    expect(page.get_by_label("Time zone")).to_have_value(zone)
    page.get_by_label("Add sample contacts").check()
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Nothing scheduled")).to_be_visible()


def schedule(page: Page) -> None:
    page.get_by_role("link", name="Schedule conference").first.click()
    page.get_by_label("Topic").fill(TOPIC)
    page.get_by_label("Date", exact=True).fill(DAY.isoformat())
    page.get_by_label("Start time").fill("14:00")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_text("45 min", exact=True).click()
    page.get_by_role("button", name="Schedule conference").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have scheduled a conference")


def read_calendar_file(page: Page, link: str) -> None:
    """The second way: the file that the link in the centre downloads."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar (.ics)").first.click()
    assert download.value.suggested_filename == f"conference-{DAY:%Y%m%d}-1400.ics"
    event = vobject.readOne(Path(download.value.path()).read_text()).vevent
    assert event.dtstart.value.astimezone(UTC) == BEGINS.astimezone(UTC)
    assert event.dtend.value - event.dtstart.value == timedelta(minutes=45)
    assert (event.summary.value, event.location.value) == (TOPIC, link)
    assert not hasattr(event, "organizer")
    assert not hasattr(event, "attendee")


def check_letter(letter: EmailMessage, address: str) -> str:
    """A true invitation to exactly one person, with buttons; the link in it that accepts."""
    assert letter["To"].addresses[0].addr_spec == address
    assert letter["Reply-To"].addresses[0].addr_spec == "ines@meridian.example"
    assert str(letter["Subject"]).startswith(f"Invitation: {TOPIC} — ")
    text, html, calendar = (part for part in letter.walk() if part.get_content_type() in IN_ORDER)
    assert [part.get_content_type() for part in (text, html, calendar)] == IN_ORDER
    assert calendar.get_param("method") == "REQUEST"
    read = vobject.readOne(calendar.get_content())
    assert read.method.value == "REQUEST"
    assert [person.value for person in read.vevent.attendee_list] == [f"mailto:{address}"]
    assert read.vevent.dtstart.value.astimezone(UTC) == BEGINS.astimezone(UTC)
    (accept,) = re.findall(r"http://\S+\?answer=accepted", text.get_content())
    assert accept in html.get_content()
    return str(accept)


def answer(page: Page, link: str) -> None:
    """What an invited person does, who has no account."""
    page.goto(link)
    expect(page.get_by_label("Accept")).to_be_checked()
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You accepted")


def sent_to(page: Page, *names: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Invitation sent")
    for name in names:
        expect(page.get_by_role("row", name=name).get_by_text("Sent", exact=True)).to_be_visible(timeout=30_000)


# THE JOURNEYS


def test_the_description_with_scripts(organizer: BrowserContext, cabinet: Cabinet, browser: Browser) -> None:
    page = organizer.new_page()
    first_start(page)
    schedule(page)
    link = page.locator("#direct-link").inner_text().strip()

    # The first way: a filled compose window, at one press.
    client = page.get_by_label("Choose the mail client")
    client.select_option(label="MS Outlook")
    compose = page.get_by_role("link", name="Invite participants").get_attribute("href") or ""
    assert compose.startswith("mailto:?subject=")
    body = unquote(compose.partition("body=")[2])
    assert TOPIC in unquote(compose)
    assert link in body
    client.select_option(label="Gmail")
    gmail = parse_qs(urlsplit(page.get_by_role("link", name="Invite participants").get_attribute("href") or "").query)
    assert link in gmail["body"][0]

    read_calendar_file(page, link)

    # The fourth way: whoever has the link sees when it begins.
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", level=1)).to_have_text(TOPIC)
    assert urllib.request.urlopen(link).headers["Referrer-Policy"] == "no-referrer"

    # The third way: characters of a name, a click on the full name, and an address that is in no book.
    box = page.get_by_role("combobox", name="Name, list or e-mail address")
    box.press_sequentially("koval")
    page.get_by_role("option", name="Марина Ковалёва").click()
    box.fill("bob@example.net")
    box.press("Enter")
    expect(page.get_by_text("2 people will get an e-mail.")).to_be_visible()
    page.get_by_role("button", name="Invite", exact=True).click()
    sent_to(page, "Марина Ковалёва", "bob@example.net")

    assert len(cabinet.server.messages) == 2
    check_letter(cabinet.letter_to("kovaleva@aurora.example"), "kovaleva@aurora.example")
    accept = check_letter(cabinet.letter_to("bob@example.net"), "bob@example.net")
    answer(browser.new_context().new_page(), accept)
    page.reload()
    expect(page.get_by_role("row", name="bob@example.net").get_by_text("Accepted", exact=True)).to_be_visible()


def test_the_description_without_scripts(
    organizer_without_scripts: BrowserContext, cabinet: Cabinet, browser: Browser
) -> None:
    page = organizer_without_scripts.new_page()
    first_start(page, "UTC")
    schedule(page)
    conference = page.url
    link = page.locator("#direct-link").inner_text().strip()

    page.get_by_label("Choose the mail client").select_option(label="MS Outlook")
    page.get_by_role("button", name="Invite participants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open MS Outlook")
    compose = page.get_by_role("link", name="Open the message").get_attribute("href") or ""
    assert compose.startswith("mailto:?subject=")
    assert link in unquote(compose)

    page.goto(conference)
    expect(page.get_by_label("Choose the mail client")).to_have_value("outlook")
    read_calendar_file(page, link)

    page.get_by_label("Name, list or e-mail address").fill("koval")
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Марина Ковалёва").check()
    page.get_by_role("button", name="Add chosen").click()
    page.get_by_label("Name, list or e-mail address").fill("bob@example.net, Carol Jones <carol@example.net>")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Invitation sent")
    cabinet.server.wait_for("sent", 3)
    page.get_by_role("link", name="Refresh").click()
    sent_to(page, "Марина Ковалёва", "bob@example.net", "Carol Jones")

    accept = check_letter(cabinet.letter_to("carol@example.net"), "carol@example.net")
    answer(organizer_without_scripts.new_page(), accept)


def test_people_get_from_our_door_into_the_room_and_the_room_learns_no_link(
    organizer: BrowserContext, cabinet: Cabinet, browser: Browser
) -> None:
    page = organizer.new_page()
    first_start(page)
    page.get_by_role("button", name="Start conference now").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ad hoc conference")
    link = page.locator("#direct-link").inner_text().strip()
    host = enter(page, page.get_by_role("button", name="Start").first)
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    stranger.get_by_label("Your name").fill("Bob Brown")
    guest = enter(stranger, stranger.get_by_role("button", name="Join"))
    assert host.partition("#")[0] == guest.partition("#")[0]
    assert "Bob%20Brown" in guest


def enter(page: Page, button: Locator) -> str:
    """Press `button`; the address of the room to which it leads, which is told nothing about where people come from."""
    told: list[dict[str, str]] = []

    def room(route: Route) -> None:
        told.append(route.request.all_headers())
        route.fulfill(body="the room", content_type="text/plain")

    page.route("https://meet.jit.si/**", room)
    button.click()
    page.wait_for_url("https://meet.jit.si/**")
    assert [headers.get("referer", "") for headers in told] == [""]
    return page.url
