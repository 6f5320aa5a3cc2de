"""Changing and resetting passwords, and the letters about it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from cabinet import settings as ours
from cabinet.models import User
from invitations.models import Delivery
from tests.cabinet.test_sign_in import is_in, sign_in
from tests.factories import PASSWORD

NEW = "a wholly new password"
RESET, CHANGE = "/accounts/password/reset/", "/accounts/password/change/"


def ask(client: Client, **headers: str) -> str:
    """Ask for a reset link; the path that the letter leads to."""
    client.post(RESET, {"email": "alice@example.org"}, **headers)  # type: ignore[arg-type]
    return link(str(mail.outbox[-1].body))


def link(body: str) -> str:
    found = re.search(r"^http://localhost:8000(/accounts/password/reset/key/\S+)$", body, re.MULTILINE)
    assert found, body
    return found[1]


def test_letter_leads_to_a_new_password(client: Client, alice: User) -> None:
    path = ask(client)
    page = client.get(path, follow=True)
    assert "Set a new password" in page.text
    done = client.post(page.request["PATH_INFO"], {"password1": NEW}, follow=True)
    assert "Your password is set" in done.text
    assert not is_in(client), "who has the link still has to know the account"
    sign_in(client, password=NEW)
    assert is_in(client)
    assert [letter.subject for letter in mail.outbox] == [
        "Set a new password for Personal Cabinet",
        "Your password was set anew at Personal Cabinet",
    ]


def test_link_works_once_and_for_an_hour(alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first, second = ask(Client()), ask(Client())
        client = Client()
        page = client.get(first, follow=True)
        client.post(page.request["PATH_INFO"], {"password1": NEW})
        assert "no longer valid" in Client().get(first, follow=True).text
        assert "no longer valid" in Client().get(second, follow=True).text
        third = ask(Client())
        clock.shift(timedelta(minutes=61))
        assert "no longer valid" in Client().get(third, follow=True).text


def test_looking_at_the_link_changes_nothing(alice: User) -> None:
    path = ask(Client())
    for _ in range(3):
        Client().get(path, follow=True)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": "127.0.0.1:9999"},
        {"HTTP_X_FORWARDED_HOST": "evil.test"},
        {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_PORT": "444"},
        {"HTTP_FORWARDED": "host=evil.test"},
    ],
)
def test_forged_headers_do_not_reach_the_link(alice: User, headers: dict[str, str]) -> None:
    ask(Client(), **headers)
    assert "evil" not in mail.outbox[-1].body
    assert "9999" not in mail.outbox[-1].body


def test_foreign_host_is_refused(alice: User) -> None:
    response = Client().post(RESET, {"email": "alice@example.org"}, headers={"host": "evil.test"})
    assert response.status_code == 400
    assert mail.outbox == []


def test_reset_lifts_the_limit_on_sign_in(client: Client, alice: User) -> None:
    for _ in range(6):
        sign_in(client, password="wrong")
    page = client.get(ask(client), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": NEW})
    sign_in(client, password=NEW)
    assert is_in(client)


def test_change_ends_every_other_session(as_alice: Client, alice: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere)
    response = as_alice.post(CHANGE, {"oldpassword": PASSWORD, "password1": NEW}, follow=True)
    assert "Password changed." in response.text
    assert is_in(as_alice)
    assert not is_in(elsewhere)
    assert mail.outbox[-1].subject == "Your password was changed at Personal Cabinet"
    assert mail.outbox[-1].to == [alice.email]


def test_reset_ends_every_session(as_alice: Client) -> None:
    client = Client()
    page = client.get(ask(client), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": NEW})
    assert not is_in(as_alice)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"oldpassword": "wrong", "password1": NEW}, "This is not your current password."),
        ({"oldpassword": PASSWORD, "password1": "short"}, "Password must have at least 12 characters"),
        ({"oldpassword": PASSWORD, "password1": "qwerty123456"}, "Attackers try this password first"),
        ({"oldpassword": PASSWORD, "password1": "alice@example.org"}, "Choose a password that is not like"),
        ({"oldpassword": PASSWORD, "password1": ""}, "Enter a password"),
    ],
)
def test_bad_change_is_explained(as_alice: Client, alice: User, fields: dict[str, str], said: str) -> None:
    response = as_alice.post(CHANGE, fields)
    assert response.status_code == 200
    assert said in response.text
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_long_passwords_with_spaces_and_any_letters_are_fine(as_alice: Client, alice: User) -> None:
    long = " пароль 密码 " + "x" * 120 + " "
    as_alice.post(CHANGE, {"oldpassword": PASSWORD, "password1": long})
    alice.refresh_from_db()
    assert alice.check_password(long)


def test_account_letters_go_through_the_queue(alice: User, settings: Settings) -> None:
    settings.MAILERS = ours.MAILERS  # pytest puts a mailbox of its own in the place of every back-end
    Client().post(RESET, {"email": "alice@example.org"})
    delivery = Delivery.objects.get()
    assert (delivery.address, delivery.kind, delivery.state) == ("alice@example.org", "account", "queued")
