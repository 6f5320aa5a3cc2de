"""The mailbox for answers and bounces is read: by one worker at a time, each message once, none lost, none in the way.

The bookmark moves in the transaction that does what a message asks for. What cannot be read goes to a side folder; what
our own code fails on gets some tries; too many for one conference wait while all others go on.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest

from invitations import inbox, mime, outbox, workers
from invitations.imap import Account, MailboxError, Session
from invitations.incoming import TooMuch, Unreadable
from invitations.incoming_mail import Bookmark

logger = logging.getLogger(__name__)

LAST_WORDS = 5  # seconds that the end of a worker waits for what is under way here


class LeaseLost(Exception):
    """Another worker reads this mailbox now."""


def readers(worker: str) -> list[Reader]:
    """One, if answers come in by a mailbox, else none."""
    return [Reader(worker, settings.REPLY)] if settings.REPLY and settings.REPLY.kind == "imap" else []


class Reader(threading.Thread):
    """A thread of the worker `worker` that reads the mailbox `account`. Whatever happens it goes on, later."""

    def __init__(self, worker: str, account: Account) -> None:
        super().__init__(name="reader", daemon=True)
        self._worker, self._account, self._key = worker, account, str(account)
        self._ending = threading.Event()
        self._session: Session | None = None
        self._failures = 0

    def run(self) -> None:
        """Until stop() is called."""
        pause = 0.0
        while not self._ending.wait(pause):
            pause = self.turn()
        self._leave()

    def once(self) -> None:
        """Read what there is now, and let others read."""
        self.turn()
        self._leave()

    def stop(self) -> None:
        """Finish the message under way, and let others read."""
        self._ending.set()
        if self.is_alive():
            self.join(LAST_WORDS)

    def turn(self) -> float:
        """Read once what there is; the seconds until the next time."""
        try:
            self._read()
        except (MailboxError, LeaseLost, Error) as error:
            return self._failed(error)
        except Exception as error:
            logger.exception("reading the mailbox failed")
            return self._failed(error)
        finally:
            connection.close()
        self._failures = 0
        return float(settings.INBOX["POLL"])

    def _failed(self, error: Exception) -> float:
        """Hang up; the wait before the next try is longer each time."""
        ladder = settings.INBOX["BACKOFF"]
        pause = float(ladder[min(self._failures, len(ladder) - 1)])
        logger.warning("the mailbox for answers cannot be read, next try in %.0f s: %s", pause, error)
        self._hang_up()
        self._failures += 1
        return pause

    def _hang_up(self) -> None:
        if self._session:
            self._session.close()
        self._session = None

    def _leave(self) -> None:
        self._hang_up()
        try:
            self._mine().update(leased_until=None)
        except Error as error:
            logger.warning("the mailbox is free for others only when the lease ends: %s", error)
        finally:
            connection.close()

    # ONE PASS

    def _read(self) -> None:
        """Everything new, and what was postponed and is due; nothing while another worker reads."""
        now = outbox.database_now()
        if not self._has_lease(now):
            self._hang_up()
            return
        session = self._session = self._session or Session(self._account, settings.INBOX["COMMAND"])
        bookmark = self._bookmark(session.validity)
        due = bookmark.postponed.filter(due_at__lte=now).order_by("uid").values_list("uid", flat=True)
        for uid, size in [*((uid, 0) for uid in due), *session.after(bookmark.uid)]:
            if self._ending.is_set():
                return
            self._deal_with(session, bookmark, uid, size)
        self._mine().update(read_at=outbox.database_now())

    def _has_lease(self, now: datetime) -> bool:
        """Whether this worker is the one who reads, from now on for some time."""
        bookmark, _is_new = Bookmark.objects.get_or_create(mailbox=self._key)
        free = Q(worker=self._worker) | Q(leased_until=None) | Q(leased_until__lt=now)
        if bookmark.worker and workers.is_dead(bookmark.worker):
            free |= Q(worker=bookmark.worker)
        ours = Bookmark.objects.filter(free, mailbox=self._key)
        return bool(ours.update(worker=self._worker, leased_until=now + _seconds("LEASE")))

    def _mine(self) -> QuerySet[Bookmark]:
        return Bookmark.objects.filter(mailbox=self._key, worker=self._worker)

    def _bookmark(self, validity: int) -> Bookmark:
        """The bookmark; at the beginning again where UIDs count anew: what was dealt with is known by its digest."""
        bookmark = self._mine().get()
        if bookmark.uid_validity != validity:
            bookmark.uid_validity, bookmark.uid = validity, 0
            with transaction.atomic():
                self._move(uid_validity=validity, uid=0)
                bookmark.postponed.all().delete()
        return bookmark

    def _move(self, **values: Any) -> None:
        """Write to the bookmark, if this worker still holds it; raises LeaseLost, so that nothing else is written."""
        if not self._mine().update(leased_until=outbox.database_now() + _seconds("LEASE"), **values):
            raise LeaseLost("another worker reads this mailbox now")

    # ONE MESSAGE

    def _deal_with(self, session: Session, bookmark: Bookmark, uid: int, size: int) -> None:
        try:
            is_ours = self._accept(session, bookmark, uid, size)
        except Unreadable as error:
            self._set_aside(session, bookmark, uid, f"it is unreadable: {error}")
        except inbox.TooMany as error:
            self._wait(bookmark, uid, error.conference)
        except (MailboxError, LeaseLost):
            raise
        except Exception as error:  # our own, or a database that will say so again
            logger.warning("message %d could not be taken", uid, exc_info=True)
            self._try_again(session, bookmark, uid, error)
        else:
            if is_ours:
                session.mark(uid)

    def _accept(self, session: Session, bookmark: Bookmark, uid: int, size: int) -> bool:
        """Take the message and move on, in one transaction; whether it was for us."""
        if size > mime.MOST_BYTES:
            raise TooMuch(f"more than {mime.MOST_BYTES} bytes")
        raw = session.fetch(uid, mime.MOST_BYTES + 1)
        with transaction.atomic():
            self._pass(bookmark, uid)
            return raw is not None and inbox.accept(raw, outbox.database_now())

    def _pass(self, bookmark: Bookmark, uid: int) -> None:
        """Have dealt with a message."""
        self._move(uid=Greatest("uid", uid))
        bookmark.postponed.filter(uid=uid).delete()

    def _set_aside(self, session: Session, bookmark: Bookmark, uid: int, why: str) -> None:
        """Move it out of the way first: should this worker die in between, it will not be there any more."""
        place = "was put into the quarantine" if session.set_aside(uid) else "stays where it is: there is no quarantine"
        logger.error("message %d %s, %s", uid, place, why)
        with transaction.atomic():
            self._pass(bookmark, uid)

    def _wait(self, bookmark: Bookmark, uid: int, conference: int) -> None:
        """Until those before it have had their minute; meanwhile others go on."""
        before = bookmark.postponed.filter(conference=conference).exclude(uid=uid).count()
        minutes = 1 + before // settings.INBOX["A_MINUTE"]
        self._postpone(bookmark, uid, minutes * inbox.MINUTE, conference_id=conference)

    def _try_again(self, session: Session, bookmark: Bookmark, uid: int, error: Exception) -> None:
        """Later, some times; then it is set aside."""
        earlier = bookmark.postponed.filter(uid=uid).first()
        tries = 1 + (earlier.tries if earlier else 0)
        if tries >= settings.INBOX["TRIES"]:
            self._set_aside(session, bookmark, uid, f"it failed {tries} times: {type(error).__name__}")
        else:
            self._postpone(bookmark, uid, tries * _seconds("TRY_AGAIN"), tries=tries)

    def _postpone(self, bookmark: Bookmark, uid: int, wait: timedelta, **values: Any) -> None:
        with transaction.atomic():
            self._move(uid=Greatest("uid", uid))
            due = outbox.database_now() + wait
            bookmark.postponed.update_or_create(uid=uid, defaults={"due_at": due, **values})


def _seconds(name: str) -> timedelta:
    return timedelta(seconds=settings.INBOX[name])
