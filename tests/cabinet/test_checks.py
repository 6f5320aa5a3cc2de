"""The self-check at the start refuses what would break a promise, and says why."""

import os
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from pytest_django import Settings

from cabinet.checks import durable_database, known_mail_clients, likely_mistakes, safe_settings
from cabinet.environ import Mail
from invitations.mail_clients import CLIENTS

ROOT = Path(__file__).resolve().parents[2]


def ids(messages: Any) -> list[str | None]:
    return [message.id for message in messages if isinstance(message, CheckMessage)]


@pytest.mark.django_db
def test_settings_under_test_are_sound() -> None:
    assert run_checks() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"OUTBOX": {"CONNECT": 10}}, "cabinet.E001"),
        (
            {"OUTBOX": {**dict.fromkeys(["CONNECT", "COMMAND", "DATA", "FINAL_DOT", "LEASE"], 1), "QUIT": 0}},
            "cabinet.E001",
        ),
        ({"ALLOWED_HOSTS": ["*"]}, "cabinet.E002"),
        ({"DEBUG": True, "IS_LOOPBACK": False}, "cabinet.E003"),
        ({"SECRET_KEY": "short"}, "cabinet.E004"),
    ],
)
def test_unsafe_setting_is_an_error(settings: Settings, change: dict[str, Any], expected: str) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    assert ids(safe_settings(None)) == [expected]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"IS_HTTPS": True}, "cabinet.W001"),
        ({"IS_LOOPBACK": False}, "cabinet.W003"),
        ({"MAIL": Mail("smtp", None, "mail.example.org", 25, "user", "password")}, "cabinet.W002"),
    ],
)
def test_likely_mistake_is_a_warning(settings: Settings, change: dict[str, Any], expected: str) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    assert ids(likely_mistakes(None)) == [expected]


@pytest.mark.parametrize("hidden", [["pegasus"], ["gmail", ""], list(CLIENTS)])
def test_hidden_mail_clients_are_known_and_not_all(settings: Settings, hidden: list[str]) -> None:
    settings.HIDDEN_MAIL_CLIENTS = hidden
    assert ids(known_mail_clients(None)) == ["cabinet.E007"]
    settings.HIDDEN_MAIL_CLIENTS = ["gmail", "yandex"]
    assert ids(known_mail_clients(None)) == []


@pytest.mark.django_db(transaction=True)
def test_database_that_may_forget_is_an_error() -> None:
    sqlite = connection.vendor == "sqlite"
    careless, careful = ("OFF", "FULL") if sqlite else ("off", "on")
    setting = "PRAGMA synchronous" if sqlite else "SET synchronous_commit"
    with connection.cursor() as cursor:
        cursor.execute(f"{setting} = {careless}")
        assert ids(durable_database(["default"])) == ["cabinet.E005" if sqlite else "cabinet.E006"]
        cursor.execute(f"{setting} = {careful}")
    assert ids(durable_database(["default"])) == []
    connection.close()


def test_database_is_asked_only_where_databases_are_checked() -> None:
    assert ids(durable_database(None)) == []


@pytest.mark.parametrize("command", [["-c", "import cabinet.wsgi"], ["manage.py", "worker", "--once"]])
def test_neither_web_nor_worker_starts_on_a_database_that_may_forget(tmp_path: Path, command: list[str]) -> None:
    """A database on a file system that refuses the write-ahead log, as far as SQLite can tell: one in memory."""
    code = "from cabinet.settings import *; DATABASES['default']['NAME'] = ':memory:'"
    (tmp_path / "forgetful.py").write_text(code)
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{tmp_path}", "DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "forgetful",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "SQLite runs with journal_mode=memory, not wal: use a local disk." in done.stderr


def test_web_starts_while_the_database_is_away(tmp_path: Path) -> None:
    url = "postgres://cabinet@127.0.0.1:1/cabinet?connect_timeout=1"
    environment = {
        "PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DATABASE_URL": url, "SECRET_KEY": string.printable[:60]
    }  # fmt: skip
    command = [sys.executable, "-c", "import cabinet.wsgi"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0
