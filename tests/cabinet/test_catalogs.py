"""The catalogs hold every sentence of code and pages, whole, in every language."""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("addressbook", "cabinet", "conferences", "invitations")
LOCALE = settings.BASE_DIR / "cabinet" / "locale"
LANGUAGES = [language for language, _name in settings.LANGUAGES if language != "en"]

TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(_|n?p?gettext)\(({TEXT}(?:, {TEXT})*)")
HOLE = re.compile(r"%\(\w+\)\d*[sd]|%[ds]|\{\w*\}|</?[a-z][^>]*>")

type Sentence = tuple[str, str]  # the context, or "", and the English words


@dataclass
class Entry:
    """A sentence of a catalog: its English forms, and those of the language."""

    context: str = ""
    english: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def sentence_of(function: str, texts: list[str]) -> Sentence:
    """What a call of gettext, ngettext, pgettext or npgettext names."""
    return (texts[0], texts[1]) if "pgettext" in function else ("", texts[0])


def in_module(path: Path) -> Iterator[Sentence]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if texts and re.fullmatch(r"_|n?p?gettext(_lazy|_noop)?", name):
                yield sentence_of(name, texts)


def in_template(path: Path) -> Iterator[Sentence]:
    for function, texts in CALL.findall(templatize(path.read_text())):
        yield sentence_of(function, ast.literal_eval(f"[{texts}]"))


def sentences() -> set[Sentence]:
    modules = {each for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py") for each in in_module(path)}
    pages = (path for path in (settings.BASE_DIR / "templates").rglob("*.*"))
    return modules | {each for path in pages for each in in_template(path)}


def entries(language: str) -> list[Entry]:
    """The catalog as it is written, without its head."""
    blocks = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text().strip().split("\n\n")
    return [entry(block) for block in blocks[1:]]


def entry(block: str) -> Entry:
    found = Entry()
    for line in block.splitlines():
        keyword, _, text = line.partition(" ")
        match keyword.partition("[")[0]:
            case "msgctxt":
                found.context = ast.literal_eval(text)
            case "msgid" | "msgid_plural":
                texts = found.english
                texts.append(ast.literal_eval(text))
            case "msgstr":
                texts = found.said
                texts.append(ast.literal_eval(text))
            case "#," | "#:" | "#.":
                assert "fuzzy" not in text
            case _:  # a text of several lines goes on
                texts[-1] += ast.literal_eval(line)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_has_every_sentence_and_no_other(language: str) -> None:
    """Else: `make words`, and translate what is new."""
    here, there = sentences(), {(each.context, each.english[0]) for each in entries(language)}
    assert here - there == set()
    assert there - here == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_untranslated_and_no_hole_is_lost(language: str) -> None:
    forms = {"ru": 3, "de": 2}[language]
    for each in entries(language):
        assert all(each.said), each.english
        assert len(each.said) == (forms if len(each.english) > 1 else 1)
        holes = [sorted(HOLE.findall(english)) for english in each.english]
        # The first form of Russian is for 21 and 101, too, so it needs its number.
        fitting = holes[-1:] if language == "ru" else holes
        assert all(sorted(HOLE.findall(said)) in fitting for said in each.said), each


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_server_reads_is_what_the_catalog_says(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        read = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    read.pop("")
    written: dict[str | tuple[str, int], str] = {}
    for each in entries(language):
        key = "\x04".join(filter(None, (each.context, each.english[0])))
        counted: dict[str | tuple[str, int], str] = {(key, n): said for n, said in enumerate(each.said)}
        written |= counted if len(each.english) > 1 else {key: each.said[0]}
    assert read == written
