"""Signing in and out: who gets in, for how long, and what a stranger can learn or break."""

import re
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from cabinet.models import User
from tests.factories import PASSWORD, make_user
from tests.parallel import in_parallel

LOGIN = "/accounts/login/"
MISMATCH = "The e-mail address and password do not match. Check both and try again."
TOO_MANY = "Too many tries. Wait 15 minutes or set a new password."


def sign_in(client: Client, email: str = "alice@example.org", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password, **more})


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


@pytest.mark.parametrize("email", ["alice@example.org", "  Alice@EXAMPLE.org "])
def test_address_in_any_case_and_password_sign_in(client: Client, alice: User, email: str) -> None:
    response = sign_in(client, email)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert is_in(client)


def test_domain_may_be_typed_in_letters_of_its_own(client: Client, db: None) -> None:
    make_user("olga@xn--e1afmkfd.example")
    sign_in(client, "olga@пример.example")
    assert is_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "\\\\evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "http://localhost@evil.test/",
        "/%0d%0aLocation:%20https://evil.test/",
    ],
)
def test_next_never_leads_elsewhere(client: Client, alice: User, target: str) -> None:
    location = sign_in(client, next=target).headers["Location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_next_leads_back_to_the_page_asked_for(client: Client, alice: User) -> None:
    location = client.get("/profile/").headers["Location"]
    assert location == "/accounts/login/?next=/profile/"
    assert 'name="next" value="/profile/"' in client.get(location).text
    assert sign_in(client, next="/profile/").headers["Location"] == "/profile/"


def test_sign_out_is_a_post(as_alice: Client) -> None:
    assert "Sign out?" in as_alice.get("/accounts/logout/").text
    assert is_in(as_alice)
    assert as_alice.post("/accounts/logout/").headers["Location"] == LOGIN
    assert not is_in(as_alice)


def test_pages_of_allauth_that_are_not_in_use_are_not_there(as_alice: Client) -> None:
    for path in (
        "email/",
        "password/set/",
        "login/code/",
        "login/code/confirm/",
        "phone/verify/",
        "2fa/",
        "social/login/",
    ):
        assert as_alice.get(f"/accounts/{path}").status_code == 404


# SESSIONS


def test_planted_session_is_replaced(client: Client, alice: User) -> None:
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["session"] = str(session.session_key)
    sign_in(client)
    assert client.cookies["session"].value != session.session_key


def test_old_session_is_dead_after_sign_out(client: Client, alice: User) -> None:
    sign_in(client)
    thief = Client()
    thief.cookies["session"] = client.cookies["session"].value
    assert is_in(thief)
    client.post("/accounts/logout/")
    assert not is_in(thief)


def test_deactivated_account_is_out_at_once(client: Client, alice: User) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert not is_in(client)
    assert sign_in(Client()).headers["Location"] == "/accounts/inactive/"


def test_session_cookie_is_for_the_server_alone(client: Client, alice: User) -> None:
    sign_in(client)
    cookie = client.cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["max-age"], "ends with the browser"


def test_session_ends_after_twelve_idle_hours(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client)
        for _ in range(3):
            clock.shift(timedelta(hours=11))
            assert is_in(client)
        clock.shift(timedelta(hours=12, minutes=1))
        assert not is_in(client)


def test_kept_session_outlives_idle_days_but_not_two_weeks(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client, remember="on")
        assert client.cookies["session"]["max-age"] == 14 * 24 * 3600
        for _ in range(3):
            clock.shift(timedelta(days=4))
            assert is_in(client)
        clock.shift(timedelta(days=2, hours=1))
        assert not is_in(client)


def test_session_is_saved_at_most_every_five_minutes(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client)
        assert "session" in client.get("/profile/").cookies
        clock.shift(timedelta(minutes=4))
        assert "session" not in client.get("/profile/").cookies
        clock.shift(timedelta(minutes=2))
        assert "session" in client.get("/profile/").cookies


# LIMITS


def tries(number: int, client: Client, email: str = "alice@example.org", **network: Any) -> int:
    """How many of `number` wrong passwords reached the hasher."""
    with patch.object(MD5PasswordHasher, "verify", autospec=True, side_effect=MD5PasswordHasher.verify) as verify:
        for _ in range(number):
            client.post(LOGIN, {"login": email, "password": "wrong"}, **network)
    return verify.call_count


def test_five_wrong_passwords_then_a_pause(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert tries(20, client) == 5
        assert TOO_MANY in sign_in(client).text
        clock.shift(timedelta(minutes=15, seconds=1))
        sign_in(client)
        assert is_in(client)


def test_pauses_grow(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        reached = []
        for _ in range(8):
            reached.append(tries(6, client))
            clock.shift(timedelta(minutes=15, seconds=1))
        assert reached == [5, 5, 0, 0, 0, 0, 0, 0]


def test_owner_gets_in_from_elsewhere_meanwhile(client: Client, alice: User) -> None:
    tries(10, client, REMOTE_ADDR="203.0.113.9")
    assert TOO_MANY in client.post(LOGIN, {"login": alice.email, "password": PASSWORD}, REMOTE_ADDR="203.0.113.9").text
    sign_in(client)
    assert is_in(client)


def test_one_network_may_not_try_many_accounts(client: Client, alice: User) -> None:
    reached = sum(tries(1, client, make_user(f"user{number}@example.org").email) for number in range(30))
    assert reached == 20


def test_forged_forwarding_header_resets_no_limit(client: Client, alice: User) -> None:
    assert sum(tries(1, client, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}") for number in range(20)) == 5


def test_ipv6_neighbours_count_as_one(client: Client, alice: User) -> None:
    assert sum(tries(1, client, REMOTE_ADDR=f"2001:db8::{number:x}") for number in range(20)) == 5


@pytest.mark.django_db(transaction=True)
def test_limit_holds_for_tries_at_the_same_moment() -> None:
    make_user("alice@example.org")
    with patch.object(MD5PasswordHasher, "verify", autospec=True, side_effect=MD5PasswordHasher.verify) as verify:
        in_parallel(12, lambda _number: Client().post(LOGIN, {"login": "alice@example.org", "password": "wrong"}))
    assert verify.call_count <= 5


# WHAT A STRANGER LEARNS


def without_token(response: Any) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.text)


def test_unknown_and_known_accounts_answer_alike(alice: User) -> None:
    with patch.object(MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode) as encode:
        known = sign_in(Client(), password="wrong")
        hashed_for_known = encode.call_count
        unknown = sign_in(Client(), "nobody@example.org", "wrong")
        assert encode.call_count == 2 * hashed_for_known > 0
    assert MISMATCH in known.text
    assert known.status_code == unknown.status_code
    assert without_token(known).replace("alice@", "nobody@") == without_token(unknown)


def test_reset_answers_alike_and_tells_the_mailbox(alice: User) -> None:
    known = Client().post("/accounts/password/reset/", {"email": "alice@example.org"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert [letter.to for letter in mail.outbox] == [["alice@example.org"], ["nobody@example.org"]]


def test_reset_letters_to_one_address_are_limited(alice: User) -> None:
    for _ in range(6):
        response = Client().post("/accounts/password/reset/", {"email": "alice@example.org"})
    assert response.status_code == 429
    assert "Wait a while and try again." in response.text
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("email", ["alice@example.org", "new@example.org"])
def test_sign_up_is_closed(client: Client, alice: User, email: str) -> None:
    fields = {"name": "New", "email": email, "password1": "correct horse staple", "time_zone": "UTC"}
    assert "Accounts are made by an administrator" in client.post("/accounts/signup/", fields).text
    assert "Create an account" not in client.get(LOGIN).text
    assert User.objects.count() == 1


@pytest.mark.parametrize("email", ["alice@example.org", "new@example.org"])
def test_open_sign_up_answers_alike_and_asks_the_mailbox(
    client: Client, alice: User, settings: Settings, email: str
) -> None:
    settings.ALLOW_SIGNUP = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    assert "Create an account" in client.get(LOGIN).text
    fields = {"name": "New Person", "email": email, "password1": "correct horse staple", "time_zone": "Asia/Tokyo"}
    response = client.post("/accounts/signup/", fields)
    assert response.headers["Location"] == "/accounts/confirm-email/"
    assert [letter.to for letter in mail.outbox] == [[email]]
    assert not is_in(client)
    assert not EmailAddress.objects.filter(email="new@example.org", verified=True).exists()
