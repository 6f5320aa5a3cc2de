"""Accounts and sample data without a browser."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Change, Conference, Occurrence, Template
from tests.cabinet.test_sign_in import is_in, sign_in
from tests.factories import PASSWORD


def adduser(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = PASSWORD) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    out = io.StringIO()
    call_command("adduser", *arguments, "--password-stdin", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_adduser_makes_an_account_that_signs_in(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    said = adduser(monkeypatch, "Alice@Example.org", "--name", "Alice Adams", "--time-zone", "Asia/Tokyo")
    assert said == "alice@example.org may sign in at http://localhost:8000/\n"
    user = User.objects.get()
    assert (user.name, user.time_zone, user.is_staff, user.is_superuser) == ("Alice Adams", "Asia/Tokyo", False, False)
    sign_in(client)
    assert is_in(client)


@pytest.mark.django_db
def test_adduser_makes_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    adduser(monkeypatch, "alice@example.org", "--name", "Alice", "--administrator")
    assert User.objects.get().is_staff


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["alice@@example.org", "--name", "Alice"], PASSWORD, "e-mail address"),
        (["alice@example.org", "--name", "Al\nice"], PASSWORD, "one line"),
        (["alice@example.org", "--name", "  "], PASSWORD, "Give a name"),
        (["alice@example.org", "--name", "Alice"], "short", "Password must have at least 12 characters"),
        (["alice@example.org", "--name", "Alice", "--time-zone", "Mars/Olympus"], PASSWORD, "not a time zone"),
        (["alice@example.org", "--name", "Alice", "--language", "xx"], PASSWORD, "invalid choice"),
        (["charlie@example.org", "--name", "Charlie"], PASSWORD, "has an account already"),
    ],
)
def test_adduser_refuses_bad_values(
    monkeypatch: pytest.MonkeyPatch, charlie: User, arguments: list[str], password: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        adduser(monkeypatch, *arguments, password=password)
    assert User.objects.count() == 1


def demo() -> str:
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_demo_may_be_repeated() -> None:
    def counts() -> list[int]:
        return [model.objects.count() for model in (User, Contact, Conference, Occurrence, Change, Template)]

    said = demo()
    assert "Sign in as demo@meridian.example with the password " in said
    first = counts()
    assert first[:3] == [1, 12, 5]
    assert "password" not in demo()
    assert counts() == first


@pytest.mark.django_db
def test_demo_shows_a_series_with_exceptions_a_standing_room_and_a_template() -> None:
    demo()
    series, standing = (Conference.objects.get(topic=topic) for topic in ("Weekly round", "Open office"))
    first, second, third, fourth = series.occurrences.order_by("starts_at")[:4]
    assert [row.moved for row in (first, second, third, fourth)] == [False, True, False, False]
    assert [row.is_off for row in (first, second, third, fourth)] == [False, False, True, False]
    assert (standing.permanent, standing.occurrences.count()) == (True, 0)
    assert Template.objects.get().name == "Public talk"
    assert not Change.objects.filter(announced_at=None).exists()


@pytest.mark.django_db
def test_demo_fills_the_administrators_own_book(monkeypatch: pytest.MonkeyPatch, **_: Any) -> None:
    adduser(monkeypatch, "alice@example.org", "--name", "Alice", "--administrator")
    demo()
    assert set(Contact.objects.values_list("owner__email", flat=True)) == {"alice@example.org"}
