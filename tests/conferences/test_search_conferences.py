"""Search in My conferences: by topic and by person, in any alphabet, on both databases alike."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import Value
from django.db.models.functions import Upper
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cabinet.models import User
from conferences import search
from conferences.choices import Tell
from conferences.search import Holds
from tests.conferences.test_lists import LIST, NOW, at, get, permanent, topics
from tests.factories import make_invitation


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("query", "topic"),
    [
        ("budget", "Budget review"), ("BUDGET REV", "Budget review"), ("get r", "Budget review"),
        ("семинар", "Открытый СЕМИНАР"), ("ОТКРЫТЫЙ", "Открытый СЕМИНАР"), ("übung", "ÜBUNG drei"),
        ("Øyvind", "one-to-one with øyvind"), ("العقد", "مراجعة العقد مع الشركاء"), ("会議", "週次会議"),
        ("50%", "Rise by 50% or more"), ("a_b", "Plan a_b"), (r"c:\new", r"Move C:\new"), ("*", "Stars * and ?"),
        ("[x]", "Brackets [x]"), ("ø*", "Ø* as it is"), ("é?", "É? as it is"), ("ş[", "Ş[ as it is"),
    ],
)  # fmt: skip
def test_topics_are_found_whatever_their_letters(as_alice: Client, alice: User, query: str, topic: str) -> None:
    at(alice, 48, topic)
    at(alice, 49, "Something else")
    assert topics(get(as_alice, f"{LIST}?q={query.replace('%', '%25')}")) == [topic.replace("'", "&#x27;")]


@pytest.mark.parametrize("query", ["bob", "BOB BR", "Лена", "лена к", "bob@ex", "EXAMPLE.COM"])
def test_people_are_found_by_name_and_address(as_alice: Client, alice: User, query: str) -> None:
    with_bob, with_lena = at(alice, 48, "With both"), at(alice, 50, "Nobody")
    make_invitation(with_bob, "bob@example.com", "Bob Brown")
    make_invitation(with_bob, "lena@example.com", "Лена Кац")
    make_invitation(with_lena, "zoe@example.org", "Zoe", withdrawn_at=timezone.now())
    assert topics(get(as_alice, f"{LIST}?q={query}")) == ["With both"]
    assert topics(get(as_alice, f"{LIST}?q=zoe")) == []


def test_nothing_found_says_so_and_leads_back(as_alice: Client, alice: User) -> None:
    at(alice, 48, "Budget")
    page = get(as_alice, f"{LIST}?q=zzz&show=past")
    assert "No conference matches “zzz”" in page
    assert 'href="?show=past"' in page


def test_a_series_is_found_once_with_the_date_that_the_view_is_about(as_alice: Client, alice: User) -> None:
    with time_machine.travel(NOW - timedelta(days=20)):
        series = at(alice, -24 * 7 * 2, "Weekly", rule="FREQ=WEEKLY;BYDAY=TU;COUNT=5")
    page = get(as_alice, f"{LIST}?q=weekly")
    assert topics(page) == ["Weekly"]
    assert f"/conferences/{series.pk}/?date=2026-11-24" in page
    page = get(as_alice, f"{LIST}?q=weekly&show=past")
    assert topics(page) == ["Weekly"]
    assert f"/conferences/{series.pk}/?date=2026-11-17" in page


def test_views_narrow_the_search_and_the_tabs_keep_it(as_alice: Client, alice: User) -> None:
    at(alice, -48, "Budget past")
    at(alice, -0.1, "Budget now")
    at(alice, 48, "Budget next")
    at(alice, 72, "Budget off").cancel(alice, NOW, tell=Tell.NOBODY)
    permanent(alice, "Budget room")
    closed = permanent(alice, "Budget closed")
    closed.cancel(alice, NOW, tell=Tell.NOBODY)
    page = get(as_alice, f"{LIST}?q=budget")
    assert topics(page) == ["Budget room", "Budget now", "Budget next", "Budget off"]
    assert 'href="/conferences/?q=budget&amp;show=past"' in page
    assert topics(get(as_alice, f"{LIST}?q=budget&show=past")) == ["Budget closed", "Budget past"]
    assert topics(get(as_alice, f"{LIST}?q=budget&show=active")) == ["Budget room", "Budget now"]


def test_pages_keep_the_query_and_the_newest_are_found(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(23):
        at(alice, 48 + n, f"Budget {n:02}")
    page = get(as_alice, f"{LIST}?q=budget")
    assert "23 conferences match “budget”" in page
    assert "Thursday 26 November 2026, " in page  # rows of any year stand side by side
    assert topics(page) == [f"Budget {n:02}" for n in range(20)]
    assert "?q=budget&amp;page=2" in page
    assert topics(get(as_alice, f"{LIST}?q=budget&page=2")) == ["Budget 20", "Budget 21", "Budget 22"]
    assert "newest that match" not in page
    monkeypatch.setattr(search, "FOUND_AT_MOST", 3)
    page = get(as_alice, f"{LIST}?q=budget")
    assert topics(page) == ["Budget 20", "Budget 21", "Budget 22"]
    assert "These are the newest that match. Type more to find others." in page


# What is written in one case and looked for in the other; of letters that are one in capitals and two in small ones,
# or the other way round (Σ, ß, İ), databases differ in what they think.
LETTERS = st.sampled_from("abzABZ019 *?[]^-%_\\'\"éÉøØäÄşŞłŁбБёЁжЖїЇάΆωΩաԱ会مא")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(LETTERS, max_size=6), st.text(LETTERS, min_size=1, max_size=6), st.text(LETTERS, max_size=6))
def test_holds_is_what_python_says(alice: User, before: str, words: str, after: str) -> None:
    """The database is asked about one text that holds the words, and about one that need not."""
    for text in (before + words + after, before + after):
        for asked in (words.upper(), words.lower()):
            rows = User.objects.filter(pk=alice.pk).annotate(held=Holds(Upper(Value(text)), asked))
            assert rows.get().held == (asked.lower() in text.lower())


def test_longest_queries_are_cut(as_alice: Client) -> None:
    assert len(search.asked_words("x" * 3000)) == search.LONGEST_QUERY
    assert search.asked_words(" a\x00\u202e \n b ") == "a b"
