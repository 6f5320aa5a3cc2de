"""Passing on to organizers what came: answers, and what came by mail.

Each is told once: what a letter is to say is noted in the transaction that queues it. Mail is passed on once a day from
each person, so that no two programs write for ever; answers once an hour of each conference, after the first letter,
so that ten thousand guests fill no mailbox.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet

from conferences.models import Conference
from invitations import answers, outbox
from invitations.announcing import apart
from invitations.incoming_mail import IncomingMail
from invitations.models import Delivery, Reply, last_moved

# What somebody writes, or many answer, in one go is one letter; so much later, the next one.
GATHERED_FOR = timedelta(minutes=2)
EVERY = timedelta(days=1)
ANSWERS_EVERY = timedelta(hours=1)


def pass_on(now: datetime) -> None:
    """Queue a letter to each organizer with what came and was not decided yet: one for all of a conference."""
    for conference in sorted(set(_unread(now).values_list("conference", flat=True)) | _answered(now)):
        with apart(conference), transaction.atomic():
            free = Conference.objects.select_for_update(skip_locked=True, no_key=True, of=["self"])
            if found := free.select_related("organizer").filter(pk=conference).first():
                _pass_on(found, now)


def _pass_on(conference: Conference, now: datetime) -> None:
    """Queue what there is; answers that the organizer need not hear of are done with, too."""
    mail = list(_unread(now).filter(conference=conference))
    untold = Reply.objects.none()
    if conference.pk in _answered(now):
        untold = Reply.objects.filter(invitation__conference=conference, untold_since__lte=now - GATHERED_FOR)
    told = _that_count(conference, untold) if conference.organizer.wants_answers else []
    if mail or told:
        outbox.queue_news(conference, mail, told, now=now)
    untold.update(untold_since=None)


# ANSWERS


def _answered(now: datetime) -> set[int]:
    """Conferences with answers to tell: when nobody is just answering, or people have been doing so for an hour."""
    untold = Reply.objects.filter(untold_since__isnull=False).order_by()
    waiting = untold.values_list("invitation__conference").annotate(Min("untold_since"), Max("untold_since"))
    ready = {
        conference
        for conference, first, last in waiting
        if last <= now - GATHERED_FOR or first <= now - ANSWERS_EVERY
    }  # fmt: skip
    return ready and ready - _just_told(ready, now)


def _just_told(conferences: set[int], now: datetime) -> set[int]:
    """Those of whose answers there was a letter within the hour."""
    letters = Delivery.objects.filter(conference__in=conferences, invitation=None, kind=Delivery.Kind.NEWS)
    recent = letters.filter(created_at__gt=now - ANSWERS_EVERY, answers__isnull=False)
    return set(recent.values_list("conference", flat=True))


def _that_count(conference: Conference, untold: QuerySet[Reply]) -> list[Reply]:
    """Those of people who are still invited, and have not said otherwise since or been asked anew."""
    here = untold.filter(invitation__withdrawn_at=None)
    is_newest = Q(original_date=None, at=F("invitation__answered_at"))
    whole = here.filter(is_newest, sequence__gte=last_moved(OuterRef("invitation__conference")))
    if not conference.rule:
        return list(whole)
    single = {reply.pk for theirs in answers.to_dates(conference).values() for reply in theirs.values()}
    return [*whole, *(reply for reply in here if reply.pk in single)]


# MAIL


def _unread(now: datetime) -> QuerySet[IncomingMail]:
    """What the organizer has not seen, of people who are done writing, and of whom nothing was passed on for a day."""
    theirs = IncomingMail.objects.filter(conference=OuterRef("conference"), address=OuterRef("address"))
    told = Exists(theirs.filter(notice__created_at__gt=now - EVERY))
    goes_on = Exists(theirs.filter(received_at__gt=now - GATHERED_FOR))
    is_new = Q(notice=None) | Q(notice__created_at__lt=F("received_at"))  # also what took the place of something told
    return IncomingMail.objects.filter(is_new, ~told, ~goes_on, decided_at=None)
