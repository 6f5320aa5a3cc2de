"""Where a series goes on as another conference ("this and the following"), its people go along.

That is owed from the moment at which the new conference's first Change is committed, whoever is to be told of it; done
in steps, each of which looks at who is missing, so that it goes on after a crash where it was.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from conferences.models import Change, Conference
from invitations import outbox, owing
from invitations.models import Delivery, Invitation, InvitationQuerySet

_ALONG = ("address", "name", "contact_id", "role", "way", "language", "time_zone", "chosen_at")


def is_owed(conference: Conference) -> bool:
    """Whether the people of the series before are still missing."""
    return _first_change(conference) is not None


def carry_some(pk: int, now: datetime, limit: int) -> bool:
    """Invite up to `limit` more people of the series that conference `pk` continues; False when none are missing."""
    with transaction.atomic():
        conference = Conference.objects.select_for_update(no_key=True, of=["self"]).select_related("follows").get(pk=pk)
        change = _first_change(conference)
        # Along a chain of series, one after the other.
        if change is None or (conference.follows and is_owed(conference.follows)):
            return False
        people = [_same_person(person, conference) for person in _missing(conference)[:limit]]
        Invitation.objects.bulk_create(people)
        if change.tell == Change.Tell.ALL and conference.cancelled_at is None:
            outbox.queue(people, Delivery.Kind.INVITATION, now=now)
        if not people:
            Change.objects.filter(pk=change.pk).update(announced_at=now)
        return bool(people)


def tell_of_the_end(conference: Conference, people: Collection[Invitation], now: datetime) -> None:
    """Who is asked to `conference` only now gets the news that the series before ends, too, if that was silent."""
    before = conference.follows
    if before is None or before.cancelled_at:
        return
    addresses = [person.address.lower() for person in people]
    known = owing.with_past(before.invitations.standing()).alias(folded=Lower("address")).filter(folded__in=addresses)
    newest = before.changes.latest("sequence").sequence
    behind = known.filter(first_told__isnull=False, announced_sequence__lt=newest)
    outbox.queue(behind.select_for_update(no_key=True, of=("self",)), Delivery.Kind.UPDATE, now=now)


def _first_change(conference: Conference) -> Change | None:
    return conference.changes.filter(kind=Change.Kind.CONTINUED, announced_at=None).first()


def _missing(conference: Conference) -> InvitationQuerySet:
    """Who is invited to the series before and not here; who was taken off the list here is not missing."""
    address = Lower(OuterRef("address"))
    here = Exists(
        Invitation.objects.filter(conference=conference).alias(folded=Lower("address")).filter(folded=address)
    )
    before = Invitation.objects.filter(conference=conference.follows_id).standing()
    return before.filter(~here).order_by("pk")


def _same_person(person: Invitation, conference: Conference) -> Invitation:
    """Asked to `conference`, with links of their own to it: answers and tokens belong to the other one."""
    known = {name: getattr(person, name) for name in _ALONG}
    return Invitation(conference=conference, announced_sequence=conference.sequence, **known)
