"""When a government changes the clocks: a conference keeps its hour on the wall, and the stored instants follow."""

from datetime import datetime

from django.db import transaction

from conferences import times
from conferences.models import JOIN_ENDS_AFTER, Change, Conference, Occurrence


def follow(now: datetime) -> list[Conference]:
    """Bring all that is to come in step with the rules of time zones that are installed; what that moved.

    Each gets a line in its history, and nobody a letter. Other rules come with other packages, and so with a new
    process: once at its start is enough.
    """
    coming = Occurrence.objects.coming(now - JOIN_ENDS_AFTER).filter(conference__cancelled_at=None)
    stale = [row.conference_id for row in coming.select_related("conference").iterator() if not _is_in_step(row)]
    return [conference for conference in map(_move, stale) if conference]


def _is_in_step(occurrence: Occurrence) -> bool:
    return occurrence.starts_at == times.instant_by_rule(occurrence.wall_start, occurrence.conference.time_zone)


def _move(pk: int) -> Conference | None:
    """The conference with its instants in step, unless somebody else was faster."""
    with transaction.atomic():
        conference = Conference.objects.select_for_update(no_key=True).get(pk=pk)
        rows = [row for row in conference.occurrences.select_related("conference") if not _is_in_step(row)]
        if not rows:
            return None
        was = rows[0].starts_at
        for row in rows:
            row.derive()
        Occurrence.objects.bulk_update(rows, ["starts_at", "ends_at"])
        conference.sequence += 1
        conference.save(update_fields=["sequence"])
        conference.changes.create(
            sequence=conference.sequence, kind=Change.Kind.ZONE, tell=Change.Tell.NOBODY,
            before={"starts_at": was.isoformat()}, after={"starts_at": rows[0].starts_at.isoformat()},
        )  # fmt: skip
        return conference
