"""Conferences of somebody by topic, or by whom they are for: whatever case the letters have, in any alphabet."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Upper
from django.db.models.sql.compiler import SQLCompiler

from cabinet.text import one_line
from conferences.deputies import Shares
from conferences.models import Conference
from conferences.occurrences import Occurrence
from conferences.timeline import Narrow

FOUND_AT_MOST = 60
LONGEST_QUERY = 100


class Holds(models.Func):
    """Whether a text in capitals holds `words`.

    SQLite's LIKE and UPPER know the letters of ASCII alone; its GLOB takes each letter in all its forms. (Its regular
    expressions would do, too, but they are Python's, called row by row: ten times the time.)
    """

    output_field = models.BooleanField()
    arg_joiner = " LIKE "
    template = "%(expressions)s"

    def __init__(self, text: str | models.Func, words: str, **more: Any) -> None:
        escaped = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        super().__init__(text, Upper(models.Value(f"%{escaped}%")), **more)
        self.words = words

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> tuple[str, Any]:
        """By LIKE where that is right, else by GLOB."""
        sql, params = compiler.compile(self.get_source_expressions()[0])
        if not self.words.isascii():
            patterns = globs(self.words)
            either = " OR ".join([f"{sql} GLOB %s"] * len(patterns))
            return f"({either})", tuple(value for pattern in patterns for value in (*params, pattern))
        like, pattern = compiler.compile(self.get_source_expressions()[1])
        return rf"{sql} LIKE {like} ESCAPE '\'", (*params, *pattern)


def globs(words: str) -> list[str]:
    """The patterns of GLOB of which one finds `words` anywhere in a text, each letter in all its forms.

    One for each form of the first letter: a pattern that begins with a letter is looked for far quicker than one that
    begins with a choice.
    """
    rest = "".join(map(_choice, words[1:]))
    return [f"*{_choice(form, [form])}{rest}*" for form in _forms(words[0])]


def _choice(char: str, forms: list[str] | None = None) -> str:
    forms = forms or _forms(char)
    return f"[{''.join(forms)}]" if len(forms) > 1 or char in "*?[" else char


def _forms(char: str) -> list[str]:
    """A letter in all its forms."""
    return sorted({form for form in (char, char.lower(), char.upper(), char.upper().lower()) if len(form) == 1})


def asked_words(text: str) -> str:
    """What somebody typed into the search box, as it is searched for."""
    return one_line(text)[:LONGEST_QUERY]


def found(shares: Shares, words: str, narrow: Narrow, permanent: models.Q) -> list[tuple[Conference, int | None]]:
    """The newest conferences that match `words` and have an occurrence that `narrow` leaves, or are `permanent`.

    Each with the pk of the first such occurrence, or None. One query, and at most FOUND_AT_MOST and one.
    """
    mine = Conference.objects.filter(shares.condition())
    guests = mine.filter(Holds("invitations__sought", words), invitations__withdrawn_at=None).values("pk")
    matching = mine.filter(models.Q(Holds(Upper("topic"), words)) | models.Q(pk__in=guests))
    dates = narrow(Occurrence.objects.filter(conference=models.OuterRef("pk")))
    rows = matching.annotate(shown=models.Subquery(dates.values("pk")[:1])).select_related("organizer")
    # Not by EXISTS: PostgreSQL makes that a walk through everybody's occurrences.
    shown = rows.filter(models.Q(permanent, permanent=True) | models.Q(shown__isnull=False))
    return [(row, row.shown) for row in shown.order_by("-pk")[: FOUND_AT_MOST + 1]]
