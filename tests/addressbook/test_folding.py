"""Folding: what makes no difference to a search, and where it is found again."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addressbook.folding import fold, occurrences, search_key, skeleton

words = st.text(st.characters(categories=["Lu", "Ll", "Lo"], max_codepoint=0x04FF), min_size=1, max_size=12)


@given(st.text(max_size=60))
def test_fold_leaves_ascii_words_and_is_idempotent(text: str) -> None:
    folded = fold(text)
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert folded == " ".join(folded.split()) == fold(folded)


@given(st.text(max_size=60))
def test_fold_ignores_case_and_normal_form(text: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFKC", text))
    assert fold(text.casefold()) == fold(text)


@given(st.text("abcdefghijklmnopqrstuvwxyzабвгдежзиклмнопрстуфхцчшщъыьэюя ", max_size=40))
def test_fold_ignores_capitals_and_marks(text: str) -> None:
    marked = "".join(f"{sign}\u0301" if sign.isalpha() else sign for sign in text)
    assert fold(text.upper()) == fold(marked) == fold(text)


@given(st.lists(words, max_size=6))
def test_fold_keeps_the_order_of_words(parts: list[str]) -> None:
    assert fold(" ".join(parts)) == " ".join(filter(None, map(fold, parts)))


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Щукин", "shchukin"),
        ("Ольга Смирнова-Вознесенская", "olga smirnova voznesenskaya"),
        ("Фёдор", "fedor"),
        ("Łukasz Wiśniewski", "lukasz wisniewski"),
        ("STRASSE Straße straẞe", "strasse strasse strasse"),
        ("İstanbul ISTANBUL Yılmaz", "istanbul istanbul yilmaz"),
        ("Søren Kjærgaard Đorđe Æthel", "soren kjaergaard dorde aethel"),
        ("Zoë O’Connor, Мар'яна", "zoe oconnor maryana"),
        ("Οδυσσέας ΟΔΥΣΣΈΑΣ", "odysseas odysseas"),
        ("ｆｕｌｌ　ｗｉｄｔｈ ﬁne №5", "full width fine no5"),
        ("a.nwosu+work@meridian.example", "a nwosu work meridian example"),
        ("  %_\\ -- ", ""),
    ],
)
def test_fold_examples(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    "spellings",
    [
        "Чайковский Tchaikovsky Chaykovskiy Čajkovskij Tschaikowski Chaikovskii",
        "Щукин Shchukin Schukin Ščukin Shukin",
        "Хрущёв Хрущев Khrushchev Hruschev Khrushchyov",
        "Достоевский Dostoevsky Dostoyevskiy Dostojevskij",
        "Андрей Andrey Andrei Andrej",
        "Юлия Yulia Yuliya Iuliia Julija",
        "Юрий Yury Yuri Yuriy Iurii Jurij",
        "Алексей Aleksei Alexey Aleksej",
        "Соловьёв Soloviev Solovyov Solovjov Solovev",
        "Григорій Hryhorii Grigoriy Grigorij",
        "Цветаева Tsvetaeva Cvetaeva Tzvetayeva",
        "Müller Mueller Muller",
        "Søren Soeren Soren",
    ],
)
def test_spellings_of_one_name_share_a_skeleton(spellings: str) -> None:
    assert len({skeleton(word) for word in fold(spellings).split()}) == 1


def test_skeleton_says_nothing_about_two_letters() -> None:
    assert [skeleton(word) for word in ("ji", "y", "sch", "zhu")] == ["", "", "", ""]


def test_search_key_keeps_the_words_in_front_and_adds_each_skeleton_of_names_once() -> None:
    assert search_key("Юлия Schmidt Юлия", "gh@x.test") == " yuliya schmidt yuliya gh x test iulia smidt"


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Jean-Baptiste de la Tour-Maubourg", "ma", ["Ma"]),
        ("Ольга Смирнова", "smir ol", ["Ол", "Смир"]),
        ("Щукин", "shch", ["Щ"]),
        ("Zoë O’Connor", "oconn", ["O’Conn"]),
        ("m.yilmaz@meridian.example", "MAZ", ["maz"]),
        ("Anna", "an anna", ["Anna"]),
        ("Straße", "ss %", ["ß"]),
        ("Anna", "zzz", []),
    ],
)
def test_occurrences(text: str, query: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in occurrences(text, query)] == marked


@given(st.text(max_size=40), st.text(max_size=10))
def test_occurrences_lie_in_the_text_apart_and_in_order(text: str, query: str) -> None:
    edges = [edge for span in occurrences(text, query) for edge in span]
    assert edges == sorted(set(edges))
    assert all(0 <= edge <= len(text) for edge in edges)
