"""When a government changes the clocks: a conference keeps its hour on the wall, and the stored instants follow."""

from datetime import datetime

from django.db import transaction

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
    conference = occurrence.conference
    return (occurrence.starts_at, occurrence.ends_at) == (conference.starts_at, conference.ends_at)


def _move(pk: int) -> Conference | None:
    """The conference with its instants in step, unless somebody else was faster."""
    with transaction.atomic():
        conference = Conference.objects.select_for_update(no_key=True).get(pk=pk)
        old = Occurrence.objects.get(conference=conference)
        if _is_in_step(old):
            return None
        new = {"starts_at": conference.starts_at, "ends_at": conference.ends_at}
        Occurrence.objects.filter(pk=old.pk).update(**new)
        conference.sequence += 1
        conference.save(update_fields=["sequence"])
        conference.changes.create(
            sequence=conference.sequence, kind=Change.Kind.ZONE, tell=Change.Tell.NOBODY,
            before={"starts_at": old.starts_at.isoformat()}, after={"starts_at": new["starts_at"].isoformat()},
        )  # fmt: skip
        return conference
