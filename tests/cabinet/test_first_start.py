"""The first start: one account, an administrator's, and then never again."""

import pytest
from django.test import Client

from addressbook.models import Contact
from cabinet.accounts import create_first_account
from cabinet.models import User
from tests.parallel import in_parallel

FORM = {
    "name": "Alice Adams",
    "email": "Alice@Example.org",
    "password": "correct horse battery",
    "time_zone": "Asia/Tokyo",
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/conferences/", "/accounts/login/", "/join/", "/no/such/page/", "/profile/"])
def test_every_page_leads_to_the_first_start(client: Client, path: str) -> None:
    response = client.get(path)
    if path == "/no/such/page/":
        assert response.status_code == 404
    else:
        assert response.status_code == 302
        assert response.headers["Location"] == "/welcome/"


@pytest.mark.django_db
def test_first_account_is_an_administrator_and_signed_in(client: Client) -> None:
    assert "Create the first account" in client.get("/welcome/").text
    response = client.post("/welcome/", FORM)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.name, user.time_zone, user.is_staff) == (
        "alice@example.org",
        "Alice Adams",
        "Asia/Tokyo",
        True,
    )
    assert client.get("/profile/").status_code == 200
    assert not Contact.objects.exists()


@pytest.mark.django_db
def test_sample_contacts_come_only_when_asked_for(client: Client) -> None:
    client.post("/welcome/", {**FORM, "samples": "on"})
    assert Contact.objects.filter(owner=User.objects.get()).count() == 12


@pytest.mark.django_db
def test_page_is_gone_afterwards(client: Client, alice: User) -> None:
    assert client.get("/welcome/").status_code == 404
    assert client.post("/welcome/", FORM).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("password", "short", "Password must have at least 12 characters"),
        ("password", "alice@example.org", "Choose a password that is not like"),
        ("password", "qwerty123456", "Attackers try this password first"),
        ("password", "passwordpassword", "Attackers try this password first"),
        ("password", "193845720384", "Use letters too"),
        ("email", "alice@@example.org", ""),
        ("email", "alice@localhost", ""),
        ("name", "Ali\nce", "one line"),
        ("time_zone", "Mars/Olympus", ""),
        ("name", "", "Enter your name"),
        ("name", "\u200b", "Enter your name"),
        ("email", "", "Enter your e-mail address"),
        ("password", "", "Enter a password"),
    ],
)
def test_bad_values_are_named_at_their_field(client: Client, field: str, value: str, error: str) -> None:
    response = client.post("/welcome/", {**FORM, field: value})
    assert response.status_code == 200
    assert f'id="id_{field}-error"' in response.text
    assert error in response.text
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_first_starts_at_once_make_one_account() -> None:
    outcomes = in_parallel(
        8, lambda number: create_first_account(f"admin{number}@example.org", "Admin", FORM["password"])
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AccountsExist"] * 7 + ["User"]
    assert User.objects.count() == 1
