"""The way in for a mail server that hands over each message by itself."""

import logging
import secrets
import sys
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError

from invitations import inbox, mime, outbox
from invitations.incoming import Unreadable

logger = logging.getLogger(__name__)

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
QUARANTINE = "quarantine"
MOST_KEPT = 100  # files; who sends more that nobody can read does not fill the disk


class Command(BaseCommand):
    help = "Take one message from standard input. Ends with 0 when it was taken, with 75 to have it again later."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Everything but a sure end asks for the message again: other codes would send it back to whoever wrote it."""
        raw = _read(sys.stdin.buffer)
        try:
            _take(raw)
        except Exception as error:
            logger.warning("the message has to come again: %s", error, exc_info=not _is_expected(error))
            sys.exit(TRY_AGAIN)


def _is_expected(error: Exception) -> bool:
    return isinstance(error, OperationalError | InterfaceError | inbox.TooMany)


def _read(stream: BinaryIO) -> bytes:
    """The message, or so much of it that it is too much; all is read, as a mail server expects."""
    raw = stream.read(mime.MOST_BYTES + 1)
    while stream.read(65_536):
        pass
    return raw


def _take(raw: bytes) -> None:
    """Do what it asks for, or keep it for the administrator where that fails for good."""
    try:
        inbox.accept(raw, outbox.database_now())
    except Unreadable as error:
        _keep(raw, str(error))
    except (OperationalError, InterfaceError, inbox.TooMany):
        raise
    except Exception as error:
        logger.exception("a message could not be taken")
        _keep(raw, type(error).__name__)


def _keep(raw: bytes, why: str) -> None:
    folder = Path(settings.DATA_DIR) / QUARANTINE
    folder.mkdir(mode=0o700, exist_ok=True)
    is_full = sum(1 for _file in folder.iterdir()) >= MOST_KEPT
    if not is_full and len(raw) <= mime.MOST_BYTES:
        file = folder / f"{secrets.token_hex(8)}.eml"
        file.touch(mode=0o600)
        file.write_bytes(raw)
    logger.error("a message was put into the quarantine %s: %s", folder, why)
