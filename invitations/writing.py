"""Messages for claimed rows: written once, within a limit, newer than the last one to the same person."""

import logging
import secrets
import signal
import sys
import time
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

from django.conf import settings

from invitations import links
from invitations.claims import Broken
from invitations.models import Delivery
from invitations.press import Press
from invitations.second_reader import UnreadableError

logger = logging.getLogger(__name__)

QUICKLY = 1  # half the work of zlib's own choice, for a tenth more bytes


class TookTooLongError(Exception):
    """More time of the processor than one message may cost."""


def within_cpu[T](seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns; TookTooLongError after that much CPU time of the main thread, where this must be called."""
    end = time.thread_time() + seconds

    def look(_signal: int, _frame: FrameType | None) -> None:
        if time.thread_time() >= end:
            raise TookTooLongError

    before = signal.signal(signal.SIGPROF, look)
    # The alarm counts the other threads' time too, so it comes early, and again.
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds / 20)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def write(delivery: Delivery, now: datetime, press: Press | None = None) -> None:
    """Give the delivery its message unless it has one, with a DTSTAMP newer than the last one that its reader got.

    `press` has loaded it together with others. Raises whatever goes wrong in writing it.
    """
    if delivery.message is None:
        last = delivery.last_composed_at
        stamp = max(now, last + timedelta(seconds=1)) if last else now  # DTSTAMP counts whole seconds
        compose = links.message if delivery.kind == Delivery.Kind.LINKS else (press or Press()).message
        message = within_cpu(settings.OUTBOX["RENDER_CPU"], lambda: compose(delivery, stamp))
        delivery.composed_at, delivery.message = stamp, zlib.compress(message, QUICKLY)


def read(delivery: Delivery) -> bytes:
    """The message as it goes out. Raises zlib.error or TypeError for a row that was damaged."""
    return zlib.decompress(delivery.message)  # type: ignore[arg-type]


def broken(delivery: Delivery) -> Broken:
    """The exception of this moment, under a name by which the organizer's page and the log can be compared."""
    name = secrets.token_hex(4)
    logger.exception("error %s in delivery %s", name, delivery.pk)
    is_unreadable = isinstance(sys.exception(), UnreadableError)
    return Broken(name, Delivery.Why.UNREADABLE if is_unreadable else Delivery.Why.ERROR)
