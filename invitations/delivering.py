"""The crew: threads that carry messages to the mail server, each over a connection of its own.

The main thread of a worker claims rows and writes their messages; whichever carrier is free takes the next one. How
its last try ended is recorded in the transaction that begins its next one, and only then does it speak again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from invitations import claims, outgoing, senders, writing
from invitations.claims import Claim, Done, Ending
from invitations.desk import Clerk, Desk
from invitations.outgoing import Outcome, Result
from invitations.press import Press
from invitations.workers import standing_clock

logger = logging.getLogger(__name__)

FRESH = 0.1  # seconds in which the database need not be asked again whether a message may leave
PATIENCE = 5  # seconds that the answer to a final dot may take before another connection helps out
IDLE = 5  # seconds after which a connection without work is closed
QUICK = 2  # seconds; a batch that was done faster could have been larger


class Trip:
    """One message on its way through a channel; `begun_at` is when the database last said that it may go."""

    def __init__(self, claim: Claim, begun_at: float) -> None:
        self.claim = claim
        self._lock = threading.Lock()
        self._confirmed_at = begun_at
        self._looked_at = 0.0
        self._looks = 0
        self._is_off = False

    def may_go_on(self) -> bool:
        """What the channel asks at the start, and at the last moment before the final dot.

        That is mostly the moment in which the try was begun. If it is not, this process may have stood still, the
        conference may have been changed, the invitation taken back: the database knows.
        """
        if standing_clock() - self._confirmed_at > FRESH and not self._is_confirmed():
            return False
        with self._lock:
            if not self._is_off:
                self._looks, self._looked_at = self._looks + 1, standing_clock()
            return not self._is_off

    def _is_confirmed(self) -> bool:
        try:
            return claims.may_leave(self.claim)
        except Error:
            return False
        finally:
            connection.close()

    @property
    def is_at_the_dot(self) -> bool:
        """Whether the message may have been taken; true too often rather than too rarely."""
        return self._looks > 1

    @property
    def is_slow(self) -> bool:
        """Whether the server has been thinking about the final dot for long."""
        return self.is_at_the_dot and standing_clock() - self._looked_at > PATIENCE

    def call_off(self) -> bool:
        """Keep it from the dot; False if it may be there already."""
        with self._lock:
            self._is_off = not self.is_at_the_dot
            return self._is_off

    def go(self, channel: outgoing.Channel) -> Ending:
        """One try."""
        row = self.claim.delivery
        try:
            message, sender = writing.read(row), senders.way_back(row)
            return channel.send(row.address, message, sender=sender, name=row.file_name, alive=self.may_go_on)
        except outgoing.LeaseLost:
            return None
        except Exception:  # whatever it is, it is this message's own failure
            broken = writing.broken(row)
            in_doubt = Outcome(Result.UNCERTAIN, f"Error {broken.error}", before_dot=False)
            return in_doubt if self.is_at_the_dot else broken


class Carrier(threading.Thread):
    """A thread with a connection to the mail server, of number `number` in its crew."""

    def __init__(self, crew: Crew, number: int) -> None:
        super().__init__(name=f"carrier-{number}", daemon=True)
        self.trip: Trip | None = None
        self._crew, self._number = crew, number
        self._channel = outgoing.open_channel(settings.MAIL, settings.MAIL_DOMAIN, settings.OUTBOX)
        self._done: Done | None = None

    def run(self) -> None:
        """Carry messages, one after the other, until the crew stops."""
        idle = 0
        while self._done or not self._crew.desk.is_closed:
            following = self._crew.desk.take(self._is_needed, seconds=0 if self._done else 1)
            idle = 0 if self._done or following else idle + 1
            if idle == 0:
                self._turn(following)
            elif idle == IDLE:
                self._channel.close()  # nobody likes guests who sit around
        self._channel.close()

    def _is_needed(self) -> bool:
        return self._number < self._crew.open_places()

    def _turn(self, following: Claim | None) -> None:
        """Have the last try recorded and make the next one."""
        begun_at = standing_clock()
        has_begun = self._crew.clerk.hand_over(self._done, following)
        self._settle(None if has_begun else following)
        if following and has_begun:
            self.trip = Trip(following, begun_at)
            self._done = following, self.trip.go(self._channel)
            self.trip = None

    def _settle(self, refused: Claim | None) -> None:
        """Forget what is over; if the server as a whole is in trouble, all others too."""
        for claim in (self._done and self._done[0], refused):
            if claim:
                self._crew.desk.forget(claim)
        if self._done and isinstance(self._done[1], Outcome) and self._done[1].result is Result.SITE:
            self._crew.let_go()
            connection.close()
        self._done = None


class Crew:
    """The carriers of one worker, with their desk and their clerk."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.desk = Desk()
        self.clerk = Clerk(self.desk)
        self._press = Press()
        self._connections = self._size = settings.OUTBOX["CONNECTIONS"]
        self._sized_at = 0.0
        # The second half helps out while as many of the first wait for the answer to a final dot.
        self._carriers = [Carrier(self, number) for number in range(2 * self._connections)]

    def start(self) -> None:
        """Begin to work; stop() ends it."""
        for thread in (self.clerk, *self._carriers):
            thread.start()

    def is_well(self) -> bool:
        """Whether all threads live; a worker that has lost one had better end and be started anew."""
        return all(thread.is_alive() for thread in (self.clerk, *self._carriers))

    def open_places(self) -> int:
        """How many carriers may work: one more for each that waits long for the answer to a final dot."""
        trips = [carrier.trip for carrier in self._carriers]
        return self._connections + sum(trip.is_slow for trip in trips if trip)

    def room(self) -> int:
        """How many rows to claim now: what two seconds suffice for, so that urgent ones need not wait behind them."""
        waiting = self.desk.waiting()
        return 0 if waiting > self._size // 2 else self._size - waiting

    def deliver(self, found: list[Claim], now: datetime) -> None:
        """Write the messages of claimed rows and offer them to the carriers. Raises what the database raises."""
        self.desk.hold(found)
        if found:
            self._fit_size()
            self._press.load([claim.delivery for claim in found if claim.delivery.message is None])
        for claim in found:
            if self.desk.holds(claim) and self._is_written(claim, now):
                self.desk.offer(claim)

    def _fit_size(self) -> None:
        """Claim twice as many next time if this time comes soon after the last one, else half."""
        was_quick = time.monotonic() - self._sized_at < QUICK
        wanted = 2 * self._size if was_quick else self._size // 2
        self._size = max(self._connections, min(wanted, settings.OUTBOX["BATCH"]))
        self._sized_at = time.monotonic()

    def _is_written(self, claim: Claim, now: datetime) -> bool:
        try:
            writing.write(claim.delivery, now, self._press)
        except (OperationalError, InterfaceError):
            raise  # not the message's fault
        except Exception:
            claims.hand_over((claim, writing.broken(claim.delivery)), None)
            self.desk.forget(claim)
            return False
        return True

    def let_go(self) -> None:
        """Put back what no carrier has in hand: nothing can leave now."""
        untouched = self.desk.clear()
        self._put_back(lambda: claims.release(untouched))

    def stop(self, within: float) -> None:
        """Finish what is under way, but call off what is not at the final dot after so many seconds."""
        untouched = self.desk.close()
        self._put_back(lambda: claims.release(untouched))
        deadline = time.monotonic() + within
        for carrier in self._carriers:
            carrier.join(max(0, deadline - time.monotonic()))
        late = [carrier.trip for carrier in self._carriers if carrier.trip]
        called_off = [trip for trip in late if trip.call_off()]
        for carrier in self._carriers:
            if carrier.trip and carrier.trip not in called_off:
                carrier.join(settings.OUTBOX["FINAL_DOT"])
        self.clerk.end()
        self._put_back(lambda: claims.hand_over_all([((trip.claim, None), None) for trip in called_off]))

    def _put_back(self, write: Callable[[], object]) -> None:
        """What cannot be put back ends with its lease."""
        try:
            write()
        except Error as error:
            logger.warning("rows could not be put back: %s", error)
            connection.close()
