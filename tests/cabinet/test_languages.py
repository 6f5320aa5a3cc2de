"""Who reads in which language."""

import re

import pytest
from django.core import mail
from django.test import Client

from cabinet.models import User


def language_of(client: Client, path: str, accept: str = "") -> str:
    found = re.search(r'<html lang="([^"]*)"', client.get(path, headers={"Accept-Language": accept}).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("accept", "language"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("ru", "ru"), ("fi,en;q=0.5", "en"), ("", "en")]
)
@pytest.mark.parametrize("path", ["/accounts/login/", "/no/such/page/"])
def test_who_is_not_signed_in_reads_the_language_of_the_browser(
    alice: User, client: Client, path: str, accept: str, language: str
) -> None:
    assert language_of(client, path, accept) == language


def test_who_is_signed_in_reads_the_language_of_the_profile(as_alice: Client, alice: User) -> None:
    assert language_of(as_alice, "/", accept="de") == "en"
    as_alice.post("/profile/", {"name": "Alice", "time_zone": "Europe/Berlin", "language": "ru"})
    assert language_of(as_alice, "/", accept="de") == "ru"
    assert language_of(as_alice, "/no/such/page/", accept="de") == "ru"


def test_the_profile_offers_each_language_under_its_own_name_and_no_other(as_alice: Client) -> None:
    page = as_alice.get("/profile/").text
    assert [name for name in ("English", "Русский", "Deutsch") if name in page] == ["English", "Русский", "Deutsch"]
    answer = as_alice.post("/profile/", {"name": "Alice", "time_zone": "Europe/Berlin", "language": "xx"})
    assert list(answer.context["form"].errors) == ["language"]


def test_a_language_that_the_site_speaks_no_more_leaves_its_own(as_alice: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="fi")
    assert language_of(as_alice, "/") == "en"


def test_the_first_account_speaks_the_language_of_its_browser(db: None, client: Client) -> None:
    fields = {"name": "Alice", "email": "alice@example.org", "password": "correct horse battery", "time_zone": "UTC"}
    client.post("/welcome/", fields, headers={"Accept-Language": "de"})
    assert User.objects.get().language == "de"


def test_mail_about_an_account_is_in_the_language_of_its_owner(alice: User, client: Client) -> None:
    User.objects.filter(pk=alice.pk).update(language="ru")
    client.post("/accounts/password/reset/", {"email": alice.email}, headers={"Accept-Language": "de"})
    assert mail.outbox[0].subject == "Новый пароль: Personal Cabinet"
