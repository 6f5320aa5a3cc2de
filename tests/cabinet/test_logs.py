"""Log lines are JSON, one each, and keep secrets and addresses to themselves."""

import json
import logging
import sys

import pytest

from cabinet.logs import JsonFormatter, discreet

HOSTILE = [
    "line\nbreak",
    "carriage\rreturn",
    "next\x85line",
    "separator\u2028here",
    "escape \x1b[2J sequence",
    "nul\x00byte",
    "bidi \u202e override",
    "lone \ud800 surrogate",
    '"quotes" and {"json": 1}',
    "%s %d %(name)s",
]


def line(message: str, *arguments: object, exc_info: object = None) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, message, arguments, exc_info)  # type: ignore[arg-type]
    return JsonFormatter().format(record)


@pytest.mark.parametrize("text", HOSTILE)
def test_every_line_is_one_json_object(text: str) -> None:
    written = line("Not Found: %s", text)
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written)["message"] == f"Not Found: {text}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Not Found: /join/abcdefghijklmnopqrstuvwx23/", "Not Found: /join/***/"),
        ("Not Found: /join/too-short/", "Not Found: /join/***/"),
        ('"GET /i/abcdefghijklmnopqrstuvwx23/?answer=x HTTP/1.1" 200', '"GET /i/***/?answer=x HTTP/1.1" 200'),
        ("/you/abcdefghijklmnopqrstuvwx23/erasure/", "/you/***/erasure/"),
        ("/feeds/abcdefghijklmnopqrstuvwx23.ics", "/feeds/***"),
        ("/accounts/password/reset/key/1-cm3x2f-0123456789abcdef/", "/accounts/password/reset/key/***/"),
        ("/accounts/confirm-email/MQ:1tJ:abc/", "/accounts/confirm-email/***/"),
        ("token abcdefghijklmnopqrstuvwx23 unknown", "token *** unknown"),
        ("550 <bob.brown@b.test>: no such user", "550 <b***@b.test>: no such user"),
        ("Key (email)=(alice@example.org) exists", "Key (email)=(a***@example.org) exists"),
        ("failed\nDETAIL:  Failing row contains (1, secret).\nHINT: x", "failed\nDETAIL: ***\nHINT: x"),
    ],
)
def test_secrets_and_addresses_are_shortened(text: str, kept: str) -> None:
    assert discreet(text) == kept


def test_tracebacks_are_shortened_too() -> None:
    try:
        raise ValueError("bob.brown@b.test at /i/abcdefghijklmnopqrstuvwx23/")
    except ValueError:
        written = line("broken", exc_info=sys.exc_info())
    assert "ValueError: b***@b.test at /i/***/" in json.loads(written)["error"]
    assert "bob.brown" not in written


def test_long_foreign_text_is_cut() -> None:
    assert len(line("x" * 100_000)) < 2500
