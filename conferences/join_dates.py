"""What the page behind a link says of dates beside the one it leads to: moved from when, cancelled ones, the next."""

from datetime import date, datetime, time
from typing import Any

from conferences import times
from conferences.choices import Kind
from conferences.join import Door
from conferences.models import Change, Occurrence

NEXT_DATES = 4
CLOCK_FACTS = ("start_date", "start_time", "time_zone")


def moved_from(door: Door) -> datetime | None:
    """When it was to start, if it was moved: by itself, or, where there is just this one, with the conference."""
    occurrence, conference = door.occurrence, door.conference
    if occurrence is None or not conference.sequence:  # never changed
        return None
    if conference.rule:
        old = times.instant_by_rule(occurrence.original_start, conference.time_zone)
    else:
        rows = conference.changes.filter(kind=Kind.CHANGED, before__has_any_keys=CLOCK_FACTS)
        change = rows.order_by("-sequence").first()
        old = _start_before(door, change.before) if change else occurrence.starts_at
    return old if old != occurrence.starts_at else None


def _start_before(door: Door, before: dict[str, Any]) -> datetime:
    """The start before a change of some of its facts."""
    conference = door.conference
    day = date.fromisoformat(before.get("start_date", conference.start_date.isoformat()))
    clock = time.fromisoformat(before.get("start_time", conference.start_time.isoformat()))
    return times.instant_by_rule(datetime.combine(day, clock), before.get("time_zone", conference.time_zone))


def cancelled_before(door: Door, now: datetime) -> list[Occurrence]:
    """Dates to come that were cancelled by themselves, before the one that the door leads to."""
    return [] if door.starts_at is None else _dates(door, now, cancelled_at__isnull=False, starts_at__lt=door.starts_at)


def next_dates(door: Door, now: datetime) -> list[Occurrence]:
    """The next dates of a series after the one that the door leads to."""
    return [] if door.starts_at is None else _dates(door, now, cancelled_at=None, starts_at__gt=door.starts_at)


def _dates(door: Door, now: datetime, **which: Any) -> list[Occurrence]:
    """The first few of a series that are still to come."""
    if not door.conference.rule:
        return []
    return list(door.conference.occurrences.filter(**which).coming(now)[:NEXT_DATES])


def cancellation(door: Door) -> Change | None:
    """The line of history that says why what is behind the door was cancelled."""
    rows = door.conference.changes.filter(kind=Kind.CANCELLED)
    if door.conference.cancelled_at is None and door.occurrence:
        return rows.filter(original_date=door.occurrence.original_date).first()
    return rows.filter(original_date=None).first()
