"""Rows as a file that spreadsheets open without reading anything in it as a command. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

# Spreadsheets take cells that begin so for formulas, some of them also in the full-width forms of East Asia.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """`text`, with an apostrophe before what would be a formula: so it is shown and not computed."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def csv_file(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV (RFC 4180) in UTF-8, every cell in quotes, after a byte order mark: else Excel takes it for Latin-1."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([map(cell, row) for row in rows])
    return text.getvalue().encode("utf-8-sig")
