"""What an organizer says to invited people beside what the conference itself says: a message, or the question anew.

Both go to those who are told by our letters, and are queued in one transaction under the lock of the conference.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery

from conferences.models import Conference
from invitations import outbox
from invitations.inviting import OtherSubmissionError
from invitations.messages import Message
from invitations.models import ANSWERS_END_AFTER, ClosedError, Delivery, Invitation, InvitationQuerySet, PartStat, Way
from invitations.outbox import Kind, State
from invitations.silence import Silence

# Nobody is asked the same question more often.
ASKED_EVERY = timedelta(days=1)


class To(models.TextChoices):
    """Whom a message is for."""

    ALL = "all"
    COMING = "coming"
    SILENT = "silent"


_ANSWERS: dict[str, Collection[str]] = {
    To.ALL: PartStat.values,
    To.COMING: [answer for answer in PartStat.values if answer != PartStat.DECLINED],
    To.SILENT: [PartStat.NEEDS_ACTION],
}


def takes_messages(conference: Conference, now: datetime) -> bool:
    """Whether there is still something to say: as long as answers are taken, and also about one that was cancelled."""
    return conference.over_at is None or now <= conference.over_at + ANSWERS_END_AFTER


def audience(conference: Conference) -> Counter[str]:
    """How many people would get an e-mail, by whom it is for."""
    rows = list(_told(conference).values_list("answer", "address"))  # type: ignore[misc]
    silent = Silence.objects.among(address for _answer, address in rows)
    answers = Counter(answer for answer, address in rows if address.lower() not in silent)
    return Counter({to: sum(answers[answer] for answer in _ANSWERS[to]) for to in To.values})


def send(conference: Conference, text: str, to: To, *, by: AbstractBaseUser, message_id: UUID, now: datetime) -> int:
    """Queue a message; how many people get it. The same id again does nothing and answers as the first time.

    Raises inviting.OtherSubmissionError where it comes with other content, ClosedError where it is too late.
    """
    digest = hashlib.sha256(json.dumps([conference.pk, text, to]).encode()).hexdigest()
    with transaction.atomic():
        current = Conference.objects.select_for_update(no_key=True).get(pk=conference.pk)
        message, is_new = Message.objects.get_or_create(
            pk=message_id, defaults={"conference": current, "by_id": by.pk, "text": text, "digest": digest}
        )
        if message.digest != digest:
            raise OtherSubmissionError
        if is_new and not takes_messages(current, now):
            raise ClosedError
        if is_new:
            people = _told(current).filter(Q(answer__in=_ANSWERS[to])).select_related("conference")
            outbox.queue(list(people), Kind.MESSAGE, now=now, says=message)
        return message.deliveries.exclude(why=outbox.Why.UNWANTED).count()


def to_ask(conference: Conference, now: datetime) -> InvitationQuerySet:
    """Who has an invitation and has not answered, nor was asked again within a day, nor had the last letter come back.

    Who wants no letters is left out. Nobody while a change waits to be announced: its letter asks everybody anyway.
    Nobody about what has no date.
    """
    over = conference.permanent or conference.cancelled_at or conference.is_over(now)
    if over or conference.changes.filter(announced_at=None).exists():
        return Invitation.objects.none()
    theirs = Delivery.objects.filter(invitation=OuterRef("pk"))
    coming = theirs.requests().filter(state__in=[State.QUEUED, State.SENDING])
    lately = theirs.filter(kind=Kind.QUESTION, created_at__gt=now - ASKED_EVERY)
    last = Subquery(theirs.order_by("-pk").values("state")[:1])
    people = _told(conference).filter(Q(answer=PartStat.NEEDS_ACTION)).alias(last=last).exclude(last=State.BOUNCED)
    people = people.filter(Exists(theirs.requests().arrived()), ~Exists(coming), ~Exists(lately))
    rows = dict(people.values_list("pk", "address"))
    silent = Silence.objects.among(rows.values())
    return people.exclude(pk__in=[pk for pk, address in rows.items() if address.lower() in silent])


def ask_again(conference: Conference, now: datetime) -> int:
    """Ask everybody anew who has not answered; how many. With the same SEQUENCE and a newer DTSTAMP."""
    with transaction.atomic():
        current = Conference.objects.select_for_update(no_key=True).get(pk=conference.pk)
        asked = Count("deliveries", filter=Q(deliveries__kind=Kind.QUESTION))
        people = to_ask(current, now).select_related("conference").annotate(asked=asked).order_by("asked", "pk")
        found = list(people)
        for ordinal, group in groupby(found, key=attrgetter("asked")):
            outbox.queue(list(group), Kind.QUESTION, now=now, ordinal=ordinal)
        return len(found)


def _told(conference: Conference) -> InvitationQuerySet:
    """Those whom our letters reach, with `answer`."""
    people: InvitationQuerySet = Invitation.objects.filter(conference=conference)
    return people.standing().filter(way=Way.LETTER).with_answer()
