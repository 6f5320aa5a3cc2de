"""Forgetting people: when they ask for it, and once nobody needs to know any more who they were.

What is left of an invitation still counts, so many invited, so many accepted, and says nothing of anybody. Address
books stay as they are: they belong to those who keep them. Nobody is written to about it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat, Lower

from conferences.models import Arrival, Conference
from conferences.tokens import new_token
from invitations.address_keys import AddressKey
from invitations.models import (
    Delivery,
    DeliveryQuerySet,
    IncomingMail,
    Invitation,
    InvitationQuerySet,
    Received,
    Reply,
    Submission,
)
from invitations.outbox import Kind, State, Why

# People who are forgotten in one transaction: SQLite has one writer at a time, and others wait for it.
CHUNK = 200
# No mail goes there (RFC 2606 section 2).
NOWHERE = "erased.invalid"
NO_NAME = "–"
_FORGOTTEN: dict[str, Any] = {
    **dict.fromkeys(["name", "comment", "language", "time_zone", "away_note"], ""),
    **dict.fromkeys(["contact", "chosen_at", "away_at"]),
}
# A letter with links is over within two days; that somebody asked for it is nobody's business afterwards.
LINKS_KEPT = timedelta(days=3)


def erase(invitation: Invitation, now: datetime) -> None:
    """Forget who was invited by `invitation`, and withdraw it, without a letter; and the address with its last one."""
    with transaction.atomic():
        _leave(invitation.pk, now)
        invitation.conference.incoming_mail.filter(address__iexact=invitation.address).delete()
        if not Invitation.objects.known_to(invitation.address).exists():
            _forget_asked(invitation.address)


def erase_address(address: str, now: datetime) -> None:
    """Forget all that is held under `address`, and withdraw its invitations, without letters.

    Its keys go last, so that whoever is interrupted can press once more.
    """
    for pk in Invitation.objects.known_to(address).values_list("pk", flat=True):
        _leave(pk, now)
    with transaction.atomic():
        IncomingMail.objects.filter(address__iexact=address).delete()
        _forget_asked(address)


def forget_old(now: datetime) -> int:
    """Forget whoever was invited to what has been over, cancelled or withdrawn for long enough; how many those were."""
    limit, count = now - timedelta(days=settings.GUESTS_KEPT_DAYS), 0
    while _old(limit).exists():
        count += _forget_some(limit, now)
    _forget_old_mail(limit, now)
    return count


def _forget_some(limit: datetime, now: datetime) -> int:
    """Locked as they are found: whoever is asked anew in the same moment is not forgotten."""
    with transaction.atomic():
        rows = _old(limit).select_for_update(no_key=True, of=("self",))
        pks = list(rows.values_list("pk", flat=True)[:CHUNK])
        _forget(pks, now)
    return len(pks)


def _old(limit: datetime) -> InvitationQuerySet:
    gone = Q(withdrawn_at__lt=limit) | Q(conference__cancelled_at__lt=limit) | Q(conference__over_at__lt=limit)
    return Invitation.objects.filter(gone, erased_at=None).order_by("pk")


def _leave(pk: int, now: datetime) -> None:
    """One invitation: withdrawn, if it was not, and forgotten."""
    with transaction.atomic():
        Conference.objects.select_for_update(no_key=True).get(invitations=pk)
        Invitation.objects.filter(pk=pk, withdrawn_at=None).update(withdrawn_at=now)
        _forget([pk], now)


def _forget(pks: Collection[int], now: datetime) -> None:
    """Within a transaction: take out of these invitations, and of all that belongs to them, what says who it was."""
    people = list(Invitation.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True))
    for row in people:
        row.token = new_token()
    Invitation.objects.bulk_update(people, ["token"])
    address = Concat(Cast("pk", CharField()), Value(f"@{NOWHERE}"))
    Invitation.objects.filter(pk__in=pks).update(address=address, erased_at=now, **_FORGOTTEN)
    Reply.objects.filter(invitation__in=people).update(comment="", untold_since=None, notice=None)
    IncomingMail.objects.filter(invitation__in=people).delete()
    Arrival.objects.filter(key__in=[row.key for row in people]).update(name=NO_NAME)
    Submission.objects.filter(invitations__in=people).update(digest="")  # a hash of addresses, without a key
    _forget_letters(people, now)


def _forget_letters(people: Collection[Invitation], now: datetime) -> None:
    """What waits is dropped; of what a worker has in hand nobody will know what became of it, and nothing follows.

    Others' letters that wait, and may name these people, are written anew; so are those to organizers, and their own
    letters with links.
    """
    theirs = Delivery.objects.filter(invitation__in=people)
    _delete_files(theirs)
    theirs.filter(state__in=[State.QUEUED, State.HELD]).update(
        state=State.CANCELLED, why=Why.WITHDRAWN, state_at=now
    )  # fmt: skip
    theirs.filter(state=State.SENDING).update(state=State.UNCERTAIN, why=Why.STOPPED, state_at=now)
    theirs.update(
        address=f"nobody@{NOWHERE}", reply="", message=None, due_at=None, worker="", leased_until=None, started_at=None
    )
    of_others = Delivery.objects.filter(conference__in={row.conference_id for row in people})
    addresses = {row.address.lower() for row in people}
    links = Delivery.objects.filter(kind=Kind.LINKS).alias(folded=Lower("address")).filter(folded__in=addresses)
    told_of_them = [Kind.NOTICE, Kind.NEWS, Kind.LINKS]
    for letters in (of_others, links):
        letters.filter(state=State.QUEUED, copies=0).update(message=None, composed_at=None)
        letters.filter(state=State.UNCERTAIN, kind__in=told_of_them).update(message=None, due_at=None)


def _delete_files(letters: DeliveryQuerySet) -> None:
    """With the end of the transaction those that were written to files instead of being sent."""
    if folder := settings.MAIL.folder:
        files = [folder / f"{row.file_name}.eml" for row in letters.defer("message")]
        transaction.on_commit(partial(_unlink, files))


def _unlink(files: Collection[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _forget_asked(address: str) -> None:
    """What `address` was sent because it asked, keys included."""
    AddressKey.objects.of_address(address).delete()
    asked = [Kind.LINKS]
    if not get_user_model().objects.filter(email__iexact=address).exists():  # an organizer's account is not a guest's
        asked.append(Kind.ACCOUNT)
    letters = Delivery.objects.filter(kind__in=asked, address__iexact=address)
    _delete_files(letters)
    letters.delete()


def _forget_old_mail(limit: datetime, now: datetime) -> None:
    """What came, what was asked for, and that it was read; nothing is written where there is nothing."""
    over = Q(conference__over_at__lt=limit) | Q(conference__cancelled_at__lt=limit)
    endless = Q(conference__over_at=None, received_at__lt=limit)
    done = Delivery.objects.filter(due_at=None).exclude(state=State.SENDING)
    old = [
        IncomingMail.objects.filter(over | endless),
        Received.objects.filter(at__lt=limit),
        done.filter(kind=Kind.LINKS, state_at__lt=now - LINKS_KEPT),
        done.filter(kind=Kind.ACCOUNT, state_at__lt=limit),
    ]
    for rows in old:
        if rows.exists():
            rows.delete()
