"""The one loop beside the web: announces, sends, tells of troubles, forgets what has expired; reads mail beside it."""

from __future__ import annotations

import logging
import select
import signal
import socket
import time
from types import FrameType
from typing import Any, Self

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection

from cabinet.checks import durable_database
from cabinet.upkeep import extend_series, follow_zone_rules, forget_arrivals, forget_expired, forget_people
from invitations import announcing, claims, inbox, mailbox, outbox, passing_on, reminding, workers
from invitations.delivering import Crew

logger = logging.getLogger(__name__)

STOP_WITHIN = 30  # seconds for messages that have not reached the final dot
LONGEST_PAUSE = 30  # seconds between two looks for a database that is away
DAY = 24 * 60 * 60  # seconds


class Command(BaseCommand):
    help = "Send what is due, until SIGTERM or Ctrl-C. Any number of workers may run; with SQLite all on one host."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Send what is due now, then end.")

    def handle(self, *, once: bool, **options: Any) -> None:
        """Work until told to stop; what is under way then is finished first."""
        for fault in durable_database([DEFAULT_DB_ALIAS]):
            raise CommandError(fault.msg)
        crew = Crew(workers.identity())
        readers = mailbox.readers(crew.worker)
        with Bell() as bell:
            crew.start()
            logger.info("worker begins: %s", crew.worker)
            for reader in readers:
                reader.once() if once else reader.start()
            try:
                Loop(crew, bell, once=once).run()
            finally:
                for reader in readers:
                    reader.stop()
                crew.stop(STOP_WITHIN)
                logger.info("worker ends")


class Loop:
    """What a worker does, over and over."""

    def __init__(self, crew: Crew, bell: Bell, *, once: bool) -> None:
        self._crew, self._bell, self._once = crew, bell, once
        self._upkeep_at = self._daily_at = 0.0
        self._has_more = False
        self._pause = 1

    def run(self) -> None:
        """Until the bell says stop; for `once` until nothing is due and nothing under way."""
        while not self._bell.is_stopped:
            if not self._crew.is_well():
                raise CommandError("A thread of the worker has died; it had better begin anew.")
            try:
                self._upkeep()
                was_idle = not self._crew.desk.held()
                found = self._deliver()
                if self._once and was_idle and not (found or self._has_more):
                    break
                self._rest(found)
                self._pause = 1
            except (OperationalError, InterfaceError) as error:
                self._wait_for_database(error)

    def _upkeep(self) -> None:
        """What is needed every few seconds, however much there is to send."""
        if time.monotonic() < self._upkeep_at:
            return
        now = outbox.database_now()
        if not self._upkeep_at:
            follow_zone_rules(now)
        if time.monotonic() >= self._daily_at:
            extend_series(now)
            forget_arrivals(now)
            forget_people(now)
            inbox.forget(now)
            self._daily_at = time.monotonic() + DAY
        claims.sweep(self._crew.worker, now)
        announcing.announce(now)
        self._has_more = reminding.remind(now)
        announcing.report(now)
        passing_on.pass_on(now)
        forget_expired(now)
        self._upkeep_at = time.monotonic() + (0 if self._has_more else settings.OUTBOX["POLL"])

    def _deliver(self) -> int:
        """Claim as much as there is room for and give it to the crew; how much that was."""
        now, room = outbox.database_now(), self._crew.room()
        found = claims.claim(self._crew.worker, now, room) if room else []
        self._crew.deliver(found, now)
        return len(found)

    def _rest(self, found: int) -> None:
        """Until the crew has room, or something new comes."""
        if self._once or self._crew.room() == 0:
            self._crew.desk.wait(0.2)
        elif not found:
            self._bell.wait(settings.OUTBOX["POLL"])

    def _wait_for_database(self, error: Exception) -> None:
        """A little longer each time. What was claimed and not begun belongs to whoever comes first."""
        logger.warning("the database does not answer, next try in %d s: %s", self._pause, error)
        outbox.hang_up()
        self._crew.let_go()
        self._bell.wait(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


class Bell:
    """What ends a rest: a signal that asks to stop, and new rows where the database tells of them (PostgreSQL)."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._listener: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        """Signals ring from here on: Python writes a byte for each, so that none falls between two rests."""
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._mouth.close()
        self._ear.close()
        self._hang_up()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_stopped = True

    def wait(self, seconds: float) -> None:
        """Until it rings, at most so long."""
        if connection.vendor == "postgresql":
            self._listen()
        sources = [source for source in (self._ear, self._listener) if source]
        for source in select.select(sources, [], [], 0 if self.is_stopped else seconds)[0]:
            if source is self._ear:
                self._ear.recv(4096)
            else:
                self._hear()

    def _listen(self) -> None:
        """Be told of new rows over a connection of its own; without one the poll is the net."""
        if self._listener:
            return
        parameters = connection.get_connection_params()
        try:
            self._listener = psycopg.connect(**parameters, autocommit=True)
            self._listener.execute(f"LISTEN {outbox.BELL}")
        except psycopg.Error:
            self._hang_up()

    def _hear(self) -> None:
        """Any number of calls is one."""
        try:
            for _call in self._listener.notifies(timeout=0):  # type: ignore[union-attr]
                pass
        except psycopg.Error:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._listener:
            self._listener.close()
        self._listener = None
