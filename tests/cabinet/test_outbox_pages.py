"""The embedded mail server's window: who may look, and that no letter can do anything there."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from cabinet.environ import Mail
from cabinet.models import User
from tests.factories import make_user

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.MAIL = Mail("file", tmp_path)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "invite@localhost", "bob@example.org", f"Invitation {HOSTILE}"
    message.set_content(f"Plain words {HOSTILE}\nhttp://localhost:8000/i/token/\n")
    message.add_alternative(f"<p style='color:red'>Rich words</p>{HOSTILE}", subtype="html")
    message.add_alternative("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", subtype="calendar")
    (tmp_path / "7-invitation.eml").write_bytes(bytes(message))
    (tmp_path / ".8.eml.tmp").write_bytes(b"half")
    (tmp_path / "secret.txt").write_text("not a letter")
    return tmp_path


@pytest.fixture
def as_admin(db: None) -> Client:
    client = Client()
    client.force_login(make_user("admin@example.org", is_staff=True))
    return client


PATHS = ["/outbox/", "/outbox/7-invitation/", "/outbox/7-invitation/html/"]


def test_list_and_letter(as_admin: Client, folder: Path) -> None:
    page = as_admin.get("/outbox/").text
    assert "bob@example.org" in page
    assert 'href="/outbox/7-invitation/"' in page
    letter = as_admin.get("/outbox/7-invitation/").text
    assert "Plain words" in letter
    assert "BEGIN:VCALENDAR" in letter
    assert 'href="http://localhost:8000/i/token/"' in letter
    assert HOSTILE not in page + letter


def test_html_is_shown_where_it_can_do_nothing(as_admin: Client, folder: Path) -> None:
    page = as_admin.get("/outbox/7-invitation/")
    assert '<iframe class="letter" sandbox ' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    html = as_admin.get("/outbox/7-invitation/html/")
    assert html.text.startswith("<p style='color:red'>Rich words</p>")
    assert html.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    )
    assert html.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_newest_letters_come_first_and_empty_box_says_so(as_admin: Client, folder: Path) -> None:
    (folder / "9-update.eml").write_text("Subject: Second\n\nText\n")
    page = as_admin.get("/outbox/").text
    assert page.index("Second") < page.index("Invitation")
    for path in folder.glob("*.eml"):
        path.unlink()
    assert "No letters yet" in as_admin.get("/outbox/").text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "change",
    [
        {"MAIL": Mail("smtp", None, "localhost", 25)},
        {"IS_LOOPBACK": False},
    ],
)
def test_only_with_file_mail_on_a_private_installation(
    as_admin: Client, folder: Path, settings: Settings, path: str, change: dict[str, Any]
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    assert as_admin.get(path).status_code == 404
    assert "/outbox/" not in as_admin.get("/profile/").text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("elsewhere", [{"REMOTE_ADDR": "192.0.2.1"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}])
def test_only_on_this_machine(as_admin: Client, folder: Path, path: str, elsewhere: dict[str, str]) -> None:
    assert as_admin.get(path, **elsewhere).status_code == 404  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PATHS)
def test_only_for_administrators(as_alice: Client, alice: User, folder: Path, path: str) -> None:
    assert as_alice.get(path).status_code == 404
    assert "/outbox/" not in as_alice.get("/profile/").text
    assert Client().get(path).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["secret", "..", "%2e%2e", "..%2fsecret.txt", "8", ".8.eml", "7-invitation.eml", "*"])
def test_only_letters_have_an_address(as_admin: Client, folder: Path, name: str) -> None:
    assert as_admin.get(f"/outbox/{name}/").status_code == 404
    assert as_admin.get(f"/outbox/{name}/html/").status_code == 404


def test_administrator_finds_the_outbox_in_the_menu(as_admin: Client, folder: Path) -> None:
    assert 'href="/outbox/"' in as_admin.get("/profile/").text
