"""A real browser goes from our pages into a room, under our content security policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from cabinet import environ
from cabinet.models import User
from tests.factories import make_conference
from tests.rooms_server import RoomsServer, trusted
from tests.smtp_server import make_certificate

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    """The stand-in's certificate is of an authority that browsers do not know."""
    return {**browser_context_args, "ignore_https_errors": True}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[RoomsServer]:
    """The only room of this site; it sends people on to another host."""
    certificate = make_certificate(tmp_path, "localhost")
    with trusted(certificate, monkeypatch) as running:
        settings.ROOMS = environ.rooms(running.video_url)
        settings.VIDEO_HOSTS = environ.hosts(running.client.removeprefix("https://").partition("/")[0])
        yield running


def test_organizer_and_guest_get_into_the_room(
    alices_page: Page, live_server: LiveServer, alice: User, server: RoomsServer
) -> None:
    conference = make_conference(alice, permanent=True)
    alices_page.goto(live_server.url + conference.get_absolute_url())
    alices_page.get_by_role("button", name="Start", exact=True).click()
    alices_page.wait_for_url(server.client)
    assert alices_page.title() == "Inside"
    alices_page.goto(live_server.url + reverse("conferences:join", args=[conference.join_token]))
    alices_page.get_by_label("Your name").fill("Bob")
    alices_page.get_by_role("button", name="Join", exact=True).click()
    alices_page.wait_for_url(server.client)


def test_pages_lead_nowhere_else(
    page: Page, live_server: LiveServer, alice: User, as_alice: Client, server: RoomsServer, settings: Any
) -> None:
    settings.VIDEO_HOSTS = ()
    conference = make_conference(alice, permanent=True)
    complaints: list[str] = []
    page.context.on("console", lambda message: complaints.append(message.text))
    other = page.context.new_page()
    other.goto(live_server.url + reverse("conferences:join", args=[conference.join_token]))
    other.get_by_label("Your name").fill("Bob")
    other.get_by_role("button", name="Join", exact=True).click()
    other.wait_for_timeout(500)
    assert other.url.startswith(live_server.url)
    assert "form-action" in "".join(complaints)
