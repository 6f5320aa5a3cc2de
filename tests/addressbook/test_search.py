"""Searching people: who is found, in which order, and whom nobody may find."""

import pytest
from pytest_django import DjangoAssertNumQueries

from addressbook.models import Book, Contact
from addressbook.search import LIMIT, search
from cabinet.models import User
from tests.factories import make_contact


def names(user: User, text: str, book: str = "") -> list[str]:
    return [contact.name for contact in search(user, text, book=book)]


@pytest.mark.parametrize(
    "text",
    [
        "щукин", "ЩУКИН", "shchukin", "Shch", "Schukin", "Ščukin", "Андрей", "andrey", "Andrei", "andrej",
        "Щукин Андрей", "andrey shchukin", "schukin АНДРЕЙ", "an sh", "ukin", "and@ruby.example", "and", "ruby.example",
        "Rubin", "Рубин", "ЩУ'КИН",
    ],
)  # fmt: skip
def test_search_finds_cyrillic_by_either_script_in_any_order(alice: User, text: str) -> None:
    make_contact(alice, "Андрей Щукин", "and@ruby.example", organisation="Рубин")
    make_contact(alice, "Łukasz Wiśniewski", "lukasz@partner.example")
    assert names(alice, text) == ["Андрей Щукин"]


@pytest.mark.parametrize("text", ["Tchaikovsky", "Чайковский", "Чайков", "chaikovsky", "čajkovskij", "TSCHAIKOWSKI"])
def test_search_finds_latin_spellings_by_cyrillic_and_by_each_other(alice: User, text: str) -> None:
    make_contact(alice, "Peter Tchaikovsky", "peter@swan.example")
    assert names(alice, text) == ["Peter Tchaikovsky"]


@pytest.mark.parametrize(
    "text", ["lukasz", "wisniewski luk", "ŁUKASZ", "o'connor", "oconnor", "strasse", "STRAẞE", "bücher"]
)
def test_search_ignores_case_accents_and_apostrophes(alice: User, text: str) -> None:
    make_contact(alice, "Łukasz O’Connor Wiśniewski", "l@xn--bcher-kva.example", organisation="Straße")
    make_contact(alice)
    assert names(alice, text) == ["Łukasz O’Connor Wiśniewski"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%", ["100 % Ltd"]),
        ("100%", ["100 % Ltd"]),
        ("\\", ["Back\\slash"]),
        ("_", ["Under Score"]),
        ("under_score", ["Under Score"]),
        ("under score", ["Under Score"]),
    ],
)
def test_search_takes_wildcards_literally(alice: User, text: str, found: list[str]) -> None:
    make_contact(alice)
    make_contact(alice, "100 % Ltd", "hundred@example.org")
    make_contact(alice, "Under Score", "under_score@example.org")
    make_contact(alice, "Back\\slash", "back@example.org")
    assert names(alice, text) == found


@pytest.mark.parametrize("text", ["", " ", "B%n", "b_b", "Bo\\b", "bob%", "' OR 1=1 --", "\x00", "\ud800", "-", "zzz"])
def test_search_finds_nobody_for_what_nobody_has(alice: User, bob: Contact, text: str) -> None:
    assert names(alice, text) == []


def test_search_never_shows_what_others_keep_for_themselves(alice: User, charlie: User) -> None:
    make_contact(alice, "Bob of Alice", "bob@alice.example")
    make_contact(charlie, "Bob of Charlie", "bob@charlie.example")
    make_contact(None, "Bob of all", "bob@all.example")
    assert names(alice, "bob") == ["Bob of Alice", "Bob of all"]
    assert names(charlie, "bob") == ["Bob of Charlie", "Bob of all"]
    assert names(charlie, "alice") == []


def test_search_puts_own_people_first_and_better_matches_before_others(alice: User) -> None:
    for owner in (None, alice):
        where = "all" if owner is None else "own"
        make_contact(owner, "Zoe An Marin", f"z@{where}.example")
        make_contact(owner, "Marin An", f"m@{where}.example")
        make_contact(owner, "Bemarin Hanan", f"b@{where}.example")
        make_contact(owner, "An Marin", f"a@{where}.example")
    best = ["An Marin", "Zoe An Marin", "Marin An", "Bemarin Hanan"]
    assert names(alice, "an marin") == best * 2
    assert names(alice, "an marin", book=Book.SHARED) == best


def test_search_shows_nobody_twice_and_prefers_the_own_contact(alice: User, charlie: User) -> None:
    make_contact(None, "Bob Brown", "Bob@example.org")
    make_contact(alice, "Bobby", "bob@example.org")
    assert names(alice, "bob") == ["Bobby"]
    assert names(alice, "brown") == ["Bob Brown"]
    assert names(charlie, "bob") == ["Bob Brown"]


def test_search_stops_at_twenty_whatever_is_asked(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 26):
        make_contact(alice, f"Bob {number:02}", f"bob{number}@own.example")
        make_contact(None, f"Bob {number:02}", f"bob{number}@own.example")
    with django_assert_num_queries(1):
        assert [contact.name for contact in search(alice, "b", 1_000)] == [f"Bob {n:02}" for n in range(1, LIMIT + 1)]
    assert len(search(alice, "b", 3)) == 3


@pytest.mark.parametrize("text", ["a " * 5_000, "щ" * 10_000, "ab" * 5_000, " ".join(chr(c) for c in range(33, 5_000))])
def test_search_bears_monstrous_queries(alice: User, text: str) -> None:
    assert search(alice, text) == []
