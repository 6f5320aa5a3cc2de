"""Headers that every answer carries, pages, errors and files alike; what no cache keeps; which Host is answered."""

import gzip
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from cabinet.models import User
from tests.factories import make_conference

CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
}


def closed(response: Any) -> Any:
    """A file's answer, read to its end."""
    b"".join(response)
    response.close()
    return response


ANSWERS: list[tuple[str, int, Callable[[Client], Any]]] = [
    ("sign-in", 200, lambda client: client.get("/accounts/login/")),
    ("redirect", 302, lambda client: client.get("/profile/")),
    ("gone page", 404, lambda client: client.get("/welcome/")),
    ("no page", 404, lambda client: client.get("/no/such/page/")),
    ("wrong method", 405, lambda client: client.post("/healthz")),
    ("wrong host", 400, lambda client: client.get("/", headers={"host": "evil.test"})),
    ("without token", 403, lambda client: Client(enforce_csrf_checks=True).post("/accounts/login/")),
    ("alive", 200, lambda client: client.get("/healthz")),
    ("ready", 200, lambda client: client.get("/readyz")),
    ("figures", 200, lambda client: client.get("/metrics")),
    ("file", 200, lambda client: closed(client.get("/static/favicon.svg"))),
    ("no file", 404, lambda client: client.get("/static/no-such-file.svg")),
    ("above files", 404, lambda client: client.get("/static/../manage.py")),
    ("repository", 404, lambda client: client.get("/.git/config")),
]


@pytest.mark.parametrize(("name", "status", "ask"), ANSWERS, ids=[name for name, _status, _ask in ANSWERS])
def test_every_answer_carries_the_headers(
    client: Client, alice: User, name: str, status: int, ask: Callable[[Client], Any]
) -> None:
    response = ask(client)
    assert response.status_code == status
    assert set(response.headers["Content-Security-Policy"].split("; ")) == CSP
    assert_shut(response)
    if name != "file":
        assert "no-store" in response.headers["Cache-Control"]


def assert_shut(response: Any) -> None:
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert "microphone=()" in response.headers["Permissions-Policy"]


@pytest.mark.parametrize("host", ["testserver", "evil.test"])
def test_redirect_to_https_carries_the_headers_and_leads_to_us(
    client: Client, alice: User, settings: Settings, host: str
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_SSL_HOST = True, "cabinet.example.org:8443"
    response = client.get("/accounts/login/?next=/profile/", headers={"host": host})
    assert response.status_code == 301
    assert response.headers["Location"] == "https://cabinet.example.org:8443/accounts/login/?next=/profile/"
    assert set(response.headers["Content-Security-Policy"].split("; ")) == CSP
    assert_shut(response)


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("secret detail"), 500), (OperationalError("database is locked"), 503)]
)
def test_errors_carry_the_headers_and_tell_nothing(as_alice: Client, error: Exception, status: int) -> None:
    as_alice.raise_request_exception = False
    with patch("cabinet.views.next_ones", side_effect=error):
        response = as_alice.get("/")
    assert response.status_code == status
    assert_shut(response)
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert str(error) not in response.text
    assert (response.headers.get("Retry-After") is not None) == (status == 503)


@pytest.mark.parametrize("path", ["/", "/profile/", "/conferences/", "/contacts/", "/accounts/password/change/"])
def test_private_pages_are_kept_by_no_cache(as_alice: Client, path: str) -> None:
    cache_control = as_alice.get(path).headers["Cache-Control"]
    assert "no-store" in cache_control
    assert "private" in cache_control
    assert "public" not in cache_control


def test_nothing_in_the_chain_keeps_pages(settings: Settings) -> None:
    assert not [name for name in settings.MIDDLEWARE if "CacheMiddleware" in name]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_whatever_host_they_name(
    client: Client, alice: User, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/accounts/login/").status_code == 301


def test_https_is_remembered_for_a_year(client: Client, alice: User, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    response = client.get("/accounts/login/", secure=True)
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.django_db
def test_health_tells_no_versions(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
    assert "Server" not in client.get("/healthz").headers


def test_the_heaviest_page_is_light_on_the_wire(as_alice: Client, alice: User) -> None:
    """With style, scripts and icons, which a phone fetches once, it stays under 60 kB."""
    page = as_alice.get(make_conference(alice).get_absolute_url(), headers={"accept-encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    shared = [*settings.BASE_DIR.glob("static/**/*.js"), *settings.BASE_DIR.glob("static/**/*.css")]
    shared += settings.BASE_DIR.glob("static/*.svg")
    assert len(page.content) + sum(len(gzip.compress(file.read_bytes())) for file in shared) < 60_000
