"""A real browser, signed in as the people of the tests; whatever its console complains about fails the test."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A page that must run without errors; a breach of the content security policy is one."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    assert complaints == []


@pytest.fixture
def alices_page(page: Page, live_server: LiveServer, as_alice: Client) -> Page:
    """A page in which Alice is signed in; addresses are relative to the live server."""
    session = as_alice.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    """English dates, a zone that is not the server's, and room for two columns."""
    return {
        **browser_context_args,
        "locale": "en-GB",
        "timezone_id": "Asia/Tokyo",
        "viewport": {"width": 1280, "height": 900},
    }
