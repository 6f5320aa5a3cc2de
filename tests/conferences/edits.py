"""Changes of a conference that are held in mid-air: the process stops itself after one of their statements."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from conferences.choices import Tell
from conferences.models import Conference, Occurrence
from conferences.series import continue_from, end_before

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
START = datetime(2026, 12, 7, 10)
FROM = date(2026, 12, 21)
TUESDAY = {"start_date": date(2026, 12, 22), "start_time": time(16), "duration": timedelta(hours=2)}


def change(conference: Conference, row: Occurrence) -> None:
    """Reschedule all of it."""
    fields = {"topic": "New topic", "start_time": time(11), "rule": "FREQ=WEEKLY;COUNT=3"}
    conference.change(conference.organizer, fields, seen_sequence=conference.sequence, tell=Tell.ALL, now=NOW)


def move(conference: Conference, row: Occurrence) -> None:
    """Put one date elsewhere."""
    row.move(conference.organizer, TUESDAY, seen_sequence=conference.sequence, tell=Tell.ALL)


def cancel_one(conference: Conference, row: Occurrence) -> None:
    """Take one date off."""
    row.cancel(conference.organizer, NOW, tell=Tell.ALL)


def cancel_following(conference: Conference, row: Occurrence) -> None:
    """Take off one date and all after it."""
    end_before(row, conference.organizer, NOW, tell=Tell.ALL)


def cancel_all(conference: Conference, row: Occurrence) -> None:
    """Take off the whole."""
    conference.cancel(conference.organizer, NOW, tell=Tell.ALL)


def go_on(conference: Conference, row: Occurrence) -> None:
    """Let it go on as another one."""
    fields, seen = {"start_time": time(10), "topic": "Winter round"}, conference.sequence
    continue_from(conference, row, conference.organizer, fields, seen_sequence=seen, tell=Tell.ALL, now=NOW)


VERBS: dict[str, Callable[[Conference, Occurrence], None]] = {
    verb.__name__: verb for verb in (change, move, cancel_one, cancel_following, cancel_all, go_on)
}


def run(verb: str, pk: int, step: int) -> None:
    """Do it, and stop after the `step`th statement, counted from 0."""
    conference = Conference.objects.select_related("organizer").get(pk=pk)
    row = conference.occurrences.get(original_date=FROM)
    done = -1

    def hold(execute: Callable[..., Any], *statement: Any) -> Any:
        nonlocal done
        result = execute(*statement)
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGSTOP)
        return result

    with connection.execute_wrapper(hold):
        VERBS[verb](conference, row)
