"""What the threads of a worker share: the desk with the rows that it holds, the clerk who writes to the database."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from invitations import claims, outbox
from invitations.claims import Claim, Done

logger = logging.getLogger(__name__)


class Desk:
    """The rows that a worker holds: those being written, those that wait for a carrier, those that carriers have."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._held: dict[int, Claim] = {}
        self._ready: deque[Claim] = deque()
        self._in_hand: set[int] = set()
        self.is_closed = False

    def hold(self, found: Iterable[Claim]) -> None:
        """From here on the leases of these are renewed."""
        with self._news:
            self._held |= {claim.delivery.pk: claim for claim in found}

    def holds(self, claim: Claim) -> bool:
        """Whether it was not put back meanwhile."""
        return claim.delivery.pk in self._held

    def offer(self, claim: Claim) -> None:
        """For whichever carrier is free."""
        with self._news:
            if self.holds(claim):
                self._ready.append(claim)
                self._news.notify_all()

    def take(self, may_take: Callable[[], bool], seconds: float) -> Claim | None:
        """The next one as soon as there is one and `may_take`, if that is within so many seconds."""
        with self._news:
            self._news.wait_for(lambda: self.is_closed or (self._ready and may_take()), seconds)
            if self.is_closed or not (self._ready and may_take()):
                return None
            claim = self._ready.popleft()
            self._in_hand.add(claim.delivery.pk)
            self._news.notify_all()
            return claim

    def forget(self, claim: Claim) -> None:
        """It is done with, or in other hands."""
        with self._news:
            self._held.pop(claim.delivery.pk, None)
            self._in_hand.discard(claim.delivery.pk)
            self._news.notify_all()

    def clear(self) -> list[Claim]:
        """Forget what no carrier has in hand, and say what that was."""
        with self._news:
            untouched = [claim for key, claim in self._held.items() if key not in self._in_hand]
            self._held = {key: claim for key, claim in self._held.items() if key in self._in_hand}
            self._ready.clear()
            self._news.notify_all()
            return untouched

    def close(self) -> list[Claim]:
        """The same for good: nothing can be taken any more."""
        self.is_closed = True
        return self.clear()

    def held(self) -> list[Claim]:
        """All of them."""
        with self._news:
            return list(self._held.values())

    def waiting(self) -> int:
        """How many wait for a carrier."""
        return len(self._ready)

    def wait(self, seconds: float) -> None:
        """So long, or until something changes here."""
        with self._news:
            self._news.wait(seconds)


@dataclass
class Entry:
    """What a carrier wants recorded, and what came of it."""

    done: Done | None
    following: Claim | None
    has_begun: bool = False
    is_written: threading.Event = field(default_factory=threading.Event)


class Clerk(threading.Thread):
    """Writes for all carriers, and keeps the leases of what lies on the desk.

    What costs is the commit. So whatever comes while one transaction is written shares the next one, and a worker
    needs one connection to the database for it, however many it has to the mail server.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="clerk", daemon=True)
        self._desk = desk
        self._entries: SimpleQueue[Entry] = SimpleQueue()
        self._ended = threading.Event()
        self._renew_at = time.monotonic() + settings.OUTBOX["RENEW"]

    def hand_over(self, done: Done | None, following: Claim | None) -> bool:
        """claims.hand_over, for the thread of a carrier; False too if it cannot be written before the clerk ends."""
        entry = Entry(done, following)
        self._entries.put(entry)
        while not entry.is_written.wait(1):
            if self._ended.is_set():
                break
        return entry.has_begun

    def end(self) -> None:
        """Go home; what is not written by now will not be."""
        self._ended.set()
        self._entries.put(Entry(None, None))  # so that the clerk looks up
        self.join()

    def run(self) -> None:
        """Write what comes, until the end."""
        while not self._ended.is_set():
            entries = self._next()
            if entries and not self._ended.is_set():
                self._write(entries)
            if time.monotonic() >= self._renew_at:
                self._renew()
        connection.close()

    def _next(self) -> list[Entry]:
        """All that has come meanwhile; none if nothing comes before leases are to be renewed."""
        try:
            first = self._entries.get(timeout=max(0, self._renew_at - time.monotonic()))
        except Empty:
            return []
        return [first, *(self._entries.get() for _entry in range(self._entries.qsize()))]

    def _write(self, entries: list[Entry]) -> None:
        """Until the database has it: a result that is not recorded is a message sent twice."""
        try:
            begun = self._insist([(entry.done, entry.following) for entry in entries])
        except Exception:  # rows whose tries are not recorded are uncertain when their leases have ended
            logger.exception("results could not be recorded")
        else:
            for entry, has_begun in zip(entries, begun, strict=True):
                entry.has_begun = has_begun
        for entry in entries:
            entry.is_written.set()

    def _insist(self, pairs: list[tuple[Done | None, Claim | None]]) -> list[bool]:
        while True:
            try:
                return claims.hand_over_all(pairs)
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database does not answer: %s", error)
                outbox.hang_up()
                if self._ended.wait(1):
                    raise

    def _renew(self) -> None:
        try:
            claims.renew(self._desk.held(), outbox.database_now())
        except Error as error:
            logger.warning("leases could not be renewed: %s", error)
            connection.close()
        self._renew_at = time.monotonic() + settings.OUTBOX["RENEW"]
