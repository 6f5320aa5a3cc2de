"""When a government changes the clocks: a conference keeps its hour on the wall, and the stored instants follow.

Each conference that moves gets one Change of kind ZONE, whose letters go to everybody. `before` and `after` hold
`starts_at` (ISO 8601, UTC) of the first of its occurrences that moved, and `occurrences`, how many did; `original_date`
is empty, because the conference as a whole has other instants now, however many of its dates the law touches.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F

from conferences import times
from conferences.models import Change, Conference, Occurrence

# No law moves clocks by more: what is over for longer is so by the old rules and by the new ones.
FARTHEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """A conference whose instants follow other rules now: the first of `occurrences` was at `was`, is at `now_at`."""

    conference: Conference
    was: datetime
    now_at: datetime
    occurrences: int


def follow(now: datetime) -> Iterator[Moved]:
    """Bring all that is to come in step with the rules of time zones that are installed; what that moved, one by one.

    Each is a transaction of its own: what an interruption leaves undone is found the next time. Other rules come with
    other packages, and so with a new process: once at its start is enough.
    """
    for pk in _conferences_out_of_step(now):
        moved = _move(pk, now)
        if moved:
            yield moved


def _conferences_out_of_step(now: datetime) -> list[int]:
    """Where to look closer. A clock time that many conferences share is worked out once; usually that is all."""
    coming = Occurrence.objects.filter(ends_at__gt=now - FARTHEST, conference__cancelled_at=None).order_by()
    shown = coming.values_list("conference__time_zone", "start_date", "start_time", "starts_at").distinct()
    zones = {zone for zone, day, clock, at in shown.iterator() if not _is_in_step(zone, day, clock, at)}
    if not zones:
        return []
    rows = coming.filter(conference__time_zone__in=zones).order_by("conference")
    named = rows.values_list("conference", "conference__time_zone", "start_date", "start_time", "starts_at")
    found = (pk for pk, zone, day, clock, at in named.iterator() if not _is_in_step(zone, day, clock, at))
    return list(dict.fromkeys(found))


def _is_in_step(zone: str, day: date, clock: time, starts_at: datetime) -> bool:
    return starts_at == times.instant_by_rule(datetime.combine(day, clock), zone)


def _move(pk: int, now: datetime) -> Moved | None:
    """Bring one conference in step; None where somebody else was faster, or only cancelled dates have moved."""
    with transaction.atomic():
        conference = Conference.objects.select_for_update(no_key=True).filter(pk=pk, cancelled_at=None).first()
        rows = _derived_anew(conference, now) if conference else []
        if conference is None or not rows:
            return None
        _write(rows)
        conference.write_over_at()
        standing = [(row.starts_at, was) for row, was in rows if row.cancelled_at is None]
        if not standing:
            return None
        now_at, was = min(standing)
        moved = Moved(conference, was, now_at, len(standing))
        _write_change(moved)
        return moved


def _derived_anew(conference: Conference, now: datetime) -> list[tuple[Occurrence, datetime]]:
    """The occurrences that are out of step, in step again, each with the start it had.

    What has taken place is not rewritten; what has not, by the one or by the other rules, still follows the wall.
    """
    rows = []
    for row in conference.occurrences.filter(ends_at__gt=now - FARTHEST):
        row.conference = conference
        was, was_over = row.starts_at, row.is_over(now)
        row.derive()
        if row.starts_at != was and not (was_over and row.is_over(now)):
            rows.append((row, was))
    return rows


def _write(rows: list[tuple[Occurrence, datetime]]) -> None:
    """A law moves many dates by the same hour: they are written by one statement."""
    by_shift: dict[timedelta, list[int]] = defaultdict(list)
    for row, was in rows:
        by_shift[row.starts_at - was].append(row.pk)
    for shift, moved in by_shift.items():
        starts_at = F("starts_at") + shift
        Occurrence.objects.filter(pk__in=moved).update(
            starts_at=starts_at,
            ends_at=starts_at + F("duration"),
            organizer_joined_at=None,
            remind_at=F("remind_at") + shift,
        )


def _write_change(moved: Moved) -> None:
    conference = moved.conference
    conference.next_sequence()
    conference.changes.create(
        sequence=conference.sequence, kind=Change.Kind.ZONE, tell=Change.Tell.ALL,
        before={"starts_at": moved.was.isoformat(), "occurrences": moved.occurrences},
        after={"starts_at": moved.now_at.isoformat(), "occurrences": moved.occurrences},
    )  # fmt: skip
