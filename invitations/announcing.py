"""Closing the gaps: between what a conference is and what people were told; between what failed and who should know.

Both look at what is and queue what is missing. So it does not matter when a worker died, or how many there are.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from conferences.models import Change, Conference, Occurrence
from invitations import carrying, outbox, owing
from invitations.models import Delivery, InvitationQuerySet, Way
from invitations.outbox import Kind, State, Why

logger = logging.getLogger(__name__)

# People who are told in one transaction: SQLite has one writer at a time, and others wait for it.
CHUNK = 500

# Who is on the way to a conference has to hear at once that it does not take place.
SOON = timedelta(hours=1)

# Before the start the organizer is told of letters that still wait: there is time left for a telephone call.
LAST_CALL = timedelta(minutes=30)


@contextmanager
def apart(conference: int) -> Iterator[None]:
    """An error in one conference is written down and keeps nobody else waiting."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise  # not the conference but the database
    except Exception:
        logger.exception("conference %d cannot be announced or reported", conference)


# TO THE INVITED


def announce(now: datetime) -> None:
    """Queue letters to all who have an older one than the conference's newest Change, if that is to be told.

    Edits wait until a minute after the last one, so that slips become one letter; so does the cancellation of one
    occurrence, unless that begins soon. What cannot wait goes at once: the cancellation of the whole, and the people of
    a series that goes on as another conference.
    """
    for conference in _gathered(now):
        with apart(conference):
            while carrying.carry_some(conference, now, CHUNK):
                pass
            while _announce_some(conference, now):
                pass


def _gathered(now: datetime) -> list[int]:
    """Conferences with a Change to announce, and no newer one for a minute, or one that cannot wait."""
    newest = Change.objects.filter(conference=OuterRef("conference")).order_by("-sequence").values("at")[:1]
    waiting = Change.objects.filter(announced_at=None).alias(newest_at=Subquery(newest))
    same = {"conference": OuterRef("conference"), "original_date": OuterRef("original_date")}
    soon = Occurrence.objects.filter(**same, cancelled_at__isnull=False, starts_at__lte=now + SOON, ends_at__gt=now)
    urgent = Q(conference__cancelled_at__isnull=False) | Q(kind=Change.Kind.CONTINUED) | Exists(soon)
    ready = waiting.filter(Q(newest_at__lte=now - _seconds("UPDATE_DELAY")) | urgent)
    return list(ready.order_by("conference").values_list("conference", flat=True).distinct())


def _announce_some(pk: int, now: datetime) -> bool:
    """Queue letters to the next people; False when nobody is left, or all who are left are just getting a letter."""
    with transaction.atomic():
        conference = Conference.objects.select_for_update(no_key=True).get(pk=pk)
        behind = _behind(conference)
        if not behind.exists():
            owed = conference.changes.filter(announced_at=None).exclude(kind=Change.Kind.CONTINUED)
            owed.update(announced_at=now)
            return False
        busy = Exists(Delivery.objects.filter(invitation=OuterRef("pk"), state=State.SENDING))
        free = behind.filter(~busy).order_by("pk").select_for_update(skip_locked=True, no_key=True, of=("self",))
        people = list(free[:CHUNK])
        for (kind, day), group in owing.letters(conference, people).items():
            outbox.queue(group, kind, now=now, original_date=day)
            if kind == Kind.INVITATION:
                carrying.tell_of_the_end(conference, group, now)
        outbox.note_announced(people)
        return bool(people)


def _behind(conference: Conference) -> InvitationQuerySet:
    """Who has, or may have, an older letter than the newest Change, and is to be told.

    Who has none yet is not among them: an overtaken row makes place for one that is true, when it is claimed. But who
    came along from another series in silence never was owed one.
    """
    newest = conference.changes.latest("sequence")
    standing = conference.invitations.standing().filter(way=Way.LETTER)
    people = owing.with_past(standing).filter(announced_sequence__lt=newest.sequence)
    in_silence = Q(last_state=None, conference__follows__isnull=False)
    return people.filter(_meant(conference, newest), Q(first_told__isnull=False) | in_silence)


def _meant(conference: Conference, newest: Change) -> Q:
    """Whom the Changes that wait to be announced are for; a silent one is part of the letter about an open one.

    Of a cancelled conference nobody is told anything but that it is cancelled.
    """
    open_ones = [newest] if conference.cancelled_at else conference.changes.filter(announced_at=None)
    told = {change.tell: change for change in open_ones}  # the first one of each: newest come first
    if Change.Tell.ALL in told:
        return Q()
    if Change.Tell.ADDED not in told:
        return Q(pk__in=[])
    before = conference.changes.filter(sequence__lt=told[Change.Tell.ADDED].sequence).first()
    return Q(asked_at__gt=before.at) if before else Q()


# TO THE ORGANIZER


def report(now: datetime) -> None:
    """Queue a letter to each organizer about what has not arrived and was not reported: one for all of a conference."""
    for conference in sorted({row.conference_id for row in _troubles(now) if row.conference_id}):
        with apart(conference), transaction.atomic():
            _report(conference, now)


def _report(pk: int, now: datetime) -> None:
    free = Conference.objects.select_for_update(skip_locked=True, no_key=True, of=["self"])
    conference = free.select_related("organizer").filter(pk=pk).first()
    if conference and not _was_just_told(conference, now) and (troubles := _troubles(now, conference=conference)):
        outbox.queue_notice(conference, troubles, now=now)


def _was_just_told(conference: Conference, now: datetime) -> bool:
    """Whether the last letter is so young that the next one can wait and take more with it."""
    is_soon = conference.occurrences.filter(starts_at__range=(now, now + LAST_CALL)).exists()
    since = now - _seconds("UPDATE_DELAY" if is_soon else "REPORT_AFTER")
    return conference.deliveries.filter(kind=Kind.NOTICE, created_at__gt=since).exists()


def _troubles(now: datetime, **where: Conference) -> list[Delivery]:
    """What organizers do not know yet: what failed or is uncertain, what waits for long, or while the start is near."""
    instead = Q(original_date=None) | Q(original_date=OuterRef("original_date"))
    newer = Delivery.objects.filter(instead, invitation=OuterRef("invitation"), pk__gt=OuterRef("pk"))
    newer = newer.exclude(kind__in=Delivery.BESIDE)
    unreported = Delivery.objects.filter(~Exists(newer), invitation__isnull=False, notice=None, **where)
    over = Q(state__in=[State.FAILED, State.BOUNCED, State.UNCERTAIN], state_at__lte=now - _seconds("UPDATE_DELAY"))
    old = Q(created_at__lte=now - _seconds("REPORT_AFTER"))
    troubled = Q(deferrals__gt=0) | Q(errors__gt=0) | Q(why=Why.OFTEN)
    meant = Q(cancelled_at=None) | Q(original_date=OuterRef("original_date"))
    near = Occurrence.objects.filter(meant, starts_at__range=(now, now + LAST_CALL))
    soon = Exists(near.filter(conference=OuterRef("conference")))
    waiting = Q(old | troubled, soon | old & troubled, state=State.QUEUED)
    # Two queries, because SQLite finds its way through one index at a time.
    return [*unreported.filter(over).only("conference"), *unreported.filter(waiting).only("conference")]


def _seconds(name: str) -> timedelta:
    return timedelta(seconds=settings.OUTBOX[name])
