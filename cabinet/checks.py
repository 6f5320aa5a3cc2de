"""The self-check at the start: what would break a promise later stops the start, and says why."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from invitations.mail_clients import CLIENTS

# Seconds without which a silent mail server would hold the worker for ever.
TIME_LIMITS = ("CONNECT", "COMMAND", "DATA", "FINAL_DOT", "QUIT", "LEASE")
PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@register(Tags.security)
def safe_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """Settings that must not meet a site that others can reach, however they came about."""
    if not all(settings.OUTBOX.get(name, 0) > 0 for name in TIME_LIMITS):
        yield Error("OUTBOX must limit every wait for the mail server.", id="cabinet.E001")
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS must not be “*”: links in pages would follow a forged Host.", id="cabinet.E002")
    if settings.DEBUG and not settings.IS_LOOPBACK:
        yield Error("DEBUG must not be on where SITE_URL is not a loopback address.", id="cabinet.E003")
    if len(settings.SECRET_KEY) < 50:
        yield Error("SECRET_KEY must have at least 50 characters.", id="cabinet.E004")


@register
def known_mail_clients(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """A misspelt name would hide nothing, and a drop-down needs a row."""
    hidden = set(settings.HIDDEN_MAIL_CLIENTS)
    if hidden - CLIENTS.keys() or not CLIENTS.keys() - hidden:
        yield Error(f"HIDDEN_MAIL_CLIENTS must name some of {', '.join(CLIENTS)}, not all.", id="cabinet.E007")


@register(Tags.security)
def likely_mistakes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """Settings that are possible, but hardly meant."""
    if settings.IS_HTTPS and not settings.TRUSTED_PROXY_COUNT:
        yield checks.Warning(
            "SITE_URL is https and TRUSTED_PROXY_COUNT is 0: behind a proxy every page redirects to itself.",
            hint="Set TRUSTED_PROXY_COUNT to the number of proxies in front.",
            id="cabinet.W001",
        )
    if settings.MAIL.kind == "file" and not settings.IS_LOOPBACK:
        yield checks.Warning("MAIL_URL writes letters to files only: nobody outside gets one.", id="cabinet.W003")
    if settings.MAIL.security == "none" and settings.MAIL.password:
        yield checks.Warning("MAIL_URL sends its password unencrypted; use smtp+tls:// or smtps://.", id="cabinet.W002")


@register(Tags.database)
def durable_database(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterable[CheckMessage]:
    """What was answered must survive a power cut."""
    for alias in databases or ():
        connection = connections[alias]
        check = sqlite_faults if connection.vendor == "sqlite" else postgresql_faults
        yield from check(connection)


def sqlite_faults(connection: Any) -> Iterable[CheckMessage]:
    """Some file systems silently refuse the write-ahead log."""
    with connection.cursor() as cursor:
        for pragma, expected in PRAGMAS.items():
            found = cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            if found != expected:
                yield Error(f"SQLite runs with {pragma}={found}, not {expected}: use a local disk.", id="cabinet.E005")


def postgresql_faults(connection: Any) -> Iterable[CheckMessage]:
    """Both settings are the defaults of PostgreSQL; somebody must have changed them."""
    with connection.cursor() as cursor:
        for setting in ("fsync", "synchronous_commit"):
            cursor.execute(f"SHOW {setting}")
            if cursor.fetchone()[0] == "off":
                yield Error(f"PostgreSQL runs with {setting}=off: a crash loses what was answered.", id="cabinet.E006")
