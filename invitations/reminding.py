"""Reminders: who is told once more, so many minutes before a start.

Each occurrence knows when its next one is due (Occurrence.remind_at), so that looking costs nothing while none is. What
is due is queued in chunks; who has a row already is left out, and the row of a start is the only one, however many
workers look, die, or live by another clock. What was due while no worker ran goes out late, but never after the start.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from conferences import reminders
from conferences.models import Conference, Occurrence
from invitations import outbox
from invitations.announcing import CHUNK, apart
from invitations.models import ASKED_AT, Delivery, Invitation, InvitationQuerySet, Way
from invitations.outbox import Kind

# So many dates are looked after before letters are sent again: at ten o’clock thousands may be due.
AT_ONCE = 50


def remind(now: datetime) -> bool:
    """Queue the reminders that are due; whether there may be more, so that the next look should be soon.

    What an error keeps from being queued stays due, and does not count: it keeps nobody else waiting.
    """
    due = Occurrence.objects.filter(remind_at__lte=now).order_by("remind_at", "pk")
    done = 0
    for pk, conference in list(due.values_list("pk", "conference")):
        if done == AT_ONCE:
            return True
        with apart(conference):
            while _remind_some(pk, conference, now):
                pass
            done += 1
    return False


def _remind_some(pk: int, conference_pk: int, now: datetime) -> bool:
    """Queue the next reminders of one occurrence; False when nobody is left, or somebody else is just at it."""
    with transaction.atomic():
        free = Conference.objects.select_for_update(skip_locked=True, no_key=True, of=["self"])
        conference = free.select_related("organizer").filter(pk=conference_pk).first()
        row = conference and conference.occurrences.filter(pk=pk, remind_at__lte=now).first()
        if not conference or not row:
            return False
        row.conference = conference
        minutes = None if row.is_off or row.has_begun(now) else reminders.due(row.starts_at, conference.reminders, now)
        people = list(_to_remind(row, minutes)[:CHUNK]) if minutes else []
        outbox.queue(
            people, Kind.REMINDER, now=now, original_date=row.original_date, reminds_of=row.starts_at, ordinal=minutes
        )  # fmt: skip
        if len(people) == CHUNK:
            return True
        if minutes:
            outbox.queue_own_reminder(row, minutes)
        row.aim_at_next_reminder(now)
        return False


def _to_remind(row: Occurrence, minutes: int) -> InvitationQuerySet:
    """Whom we write to, who have an invitation and did not decline, and were asked before the reminder was due."""
    theirs = Delivery.objects.filter(invitation=OuterRef("pk"))
    reminded = Exists(theirs.filter(reminds_of=row.starts_at, ordinal=minutes))
    people = Invitation.objects.filter(conference=row.conference_id, way=Way.LETTER).standing()
    asked = people.alias(asked_at=ASKED_AT).filter(asked_at__lt=row.starts_at - timedelta(minutes=minutes))
    invited = asked.filter(Exists(theirs.requests().arrived()), ~reminded)
    if people.with_a_no().exists():
        invited = invited.but_declined(row.original_date)
    return invited.select_related("conference").order_by("pk")
