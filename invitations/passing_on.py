"""Passing on to organizers what came by mail: once a day from each person, so that no two programs write for ever."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from conferences.models import Conference
from invitations import outbox
from invitations.announcing import apart
from invitations.incoming_mail import IncomingMail

# What somebody writes in one go is one letter; so much later, the next one.
GATHERED_FOR = timedelta(minutes=2)
EVERY = timedelta(days=1)


def pass_on(now: datetime) -> None:
    """Queue a letter to each organizer with what came and was not decided yet: one for all of a conference."""
    for conference in sorted(set(_unread(now).values_list("conference", flat=True))):
        with apart(conference), transaction.atomic():
            free = Conference.objects.select_for_update(skip_locked=True, no_key=True, of=["self"])
            found = free.select_related("organizer").filter(pk=conference).first()
            if found and (mail := list(_unread(now).filter(conference=found))):
                outbox.queue_news(found, mail, now=now)


def _unread(now: datetime) -> QuerySet[IncomingMail]:
    """What the organizer has not seen, of people who are done writing, and of whom nothing was passed on for a day."""
    theirs = IncomingMail.objects.filter(conference=OuterRef("conference"), address=OuterRef("address"))
    told = Exists(theirs.filter(notice__created_at__gt=now - EVERY))
    goes_on = Exists(theirs.filter(received_at__gt=now - GATHERED_FOR))
    is_new = Q(notice=None) | Q(notice__created_at__lt=F("received_at"))  # also what took the place of something told
    return IncomingMail.objects.filter(is_new, ~told, ~goes_on, decided_at=None)
