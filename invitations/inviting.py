"""Ask people, take it back, correct an address: everything that makes an invitation or ends it.

Each verb is one transaction that locks the conference first, so that whoever changes, cancels or invites at the
same moment waits; the letters are queued in the same transaction (outbox.py) and sent by the worker.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.db.models.lookups import In

from addressbook.models import Contact
from conferences.choices import Role
from conferences.models import Conference
from conferences.tokens import new_token
from invitations import outbox, quotas
from invitations.models import ClosedError, Delivery, Invitation, PartStat, Submission, Way

type Person = tuple[str, str]
"""Name (may be empty) and address, as addressbook.addresses hands them out."""

_ASKED_ANEW = (
    "name", "contact", "role", "submission", "token", "announced_sequence", "partstat", "answered_at",
    "answered_sequence", "comment", "language", "time_zone", "chosen_at", "withdrawn_at", "created_at",
    "way", "told_at",
)  # fmt: skip


class OtherSubmissionError(Exception):
    """The same submission id came with other content: a page that was sent, edited and sent again."""


def invite(
    conference: Conference,
    people: Sequence[Person],
    *,
    by: AbstractBaseUser,
    submission_id: UUID,
    message: str = "",
    roles: Mapping[str, Role] | None = None,
    way: Way = Way.LETTER,
    now: datetime,
) -> list[Invitation]:
    """Invite `people` (address unique without regard to case) and queue a letter to each; the invited ones.

    `roles` holds, by address in lower case, who is more than a participant. Whom somebody tells by hand (`way`) gets
    no letter.

    Whoever is invited already stays untouched and is not in the answer; whoever was withdrawn is asked anew. A
    repeated `submission_id` does nothing and answers as the first time. Raises OtherSubmissionError when it comes with
    other content, ClosedError when the conference is cancelled or over, quotas.MayNotInviteError for too many new ones.
    """
    roles = roles or {}
    asked = [(name, address, str(roles.get(address.lower(), Role.PARTICIPANT))) for name, address in people]
    digest = hashlib.sha256(json.dumps([conference.pk, sorted(asked), message, way]).encode()).hexdigest()
    with transaction.atomic():
        submission, is_new = Submission.objects.get_or_create(
            pk=submission_id, defaults={"conference": conference, "by_id": by.pk, "message": message, "digest": digest}
        )
        if submission.digest != digest:
            raise OtherSubmissionError
        if is_new:
            submission.conference = _open(conference, now)
            _ask(submission, asked, by, way, now)
    return list(Invitation.objects.filter(submission=submission).select_related("conference"))


def withdraw(invitation: Invitation, now: datetime) -> bool:
    """Take an invitation back: its links end at once; who may have got a letter gets a cancellation.

    Doing it twice is doing it once, and False the second time.
    """
    with transaction.atomic():
        conference = _locked(invitation.conference_id)
        current = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
        is_first = current.withdrawn_at is None
        if is_first:
            current.conference = conference
            current.withdrawn_at = now
            current.save(update_fields=["withdrawn_at"])
            told = outbox.drop([current], now=now)
            if told and not conference.cancelled_at and not conference.is_over(now):
                _raise_sequence(conference)
                outbox.queue([current], Delivery.Kind.CANCELLATION, now=now)
        invitation.withdrawn_at = current.withdrawn_at
        return is_first


def correct_address(invitation: Invitation, address: str, *, by: AbstractBaseUser, now: datetime) -> None:
    """Invite the same person under another address; the old one gets nothing any more but, if due, a cancellation.

    The person gets a new personal page: whoever reads the mail of the old address must not answer for them. Nothing
    happens where the invitation is withdrawn already. Raises what `invite` raises.
    """
    message = invitation.submission.message if invitation.submission else ""
    with transaction.atomic():
        if withdraw(invitation, now):
            people = [(invitation.name, address)]
            roles = {address.lower(): Role(invitation.role)}
            invite(
                invitation.conference, people, by=by, submission_id=uuid4(), message=message, roles=roles,
                way=Way(invitation.way), now=now,
            )  # fmt: skip


def leave_to(invitation: Invitation, now: datetime) -> bool:
    """Let whoever invited this person tell them from now on, as they have done just now; nothing more leaves here.

    False, and nothing done, while a letter is just being sent, or where it is so already.
    """
    with transaction.atomic():
        conference = _locked(invitation.conference_id)
        row = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
        is_busy = row.deliveries.filter(state=Delivery.State.SENDING).exists()
        if is_busy or row.withdrawn_at or row.way == Way.HAND:
            return False
        outbox.drop([row], now=now)
        row.way, row.told_at, row.announced_sequence = Way.HAND, now, conference.sequence
        row.save(update_fields=["way", "told_at", "announced_sequence"])
        return True


def write_instead(invitation: Invitation, *, by: AbstractBaseUser, now: datetime) -> None:
    """Let our letters take over from whoever told this person by hand; twice is once.

    Raises ClosedError when the conference is cancelled or over, quotas.MayNotInviteError for too many new people.
    """
    with transaction.atomic():
        conference = _open(invitation.conference, now)
        row = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
        if row.way == Way.LETTER or row.withdrawn_at:
            return
        quotas.check(by, [row.address], now)
        if row.deliveries.exists():
            _raise_sequence(conference)
        row.conference, row.way, row.told_at = conference, Way.LETTER, None
        row.submission = Submission.objects.create(conference=conference, by_id=by.pk)
        row.created_at = now  # as far as letters are concerned, and quotas of them, the person is new
        row.announced_sequence = conference.sequence
        row.save(update_fields=["way", "told_at", "submission", "created_at", "announced_sequence"])
        outbox.queue([row], Delivery.Kind.INVITATION, now=now)


def is_secret(conference: Conference) -> bool:
    """Whether nobody was told about it: no letter has left or may have left, nobody was told by hand or came."""
    by_hand = conference.invitations.filter(way=Way.HAND).exists()
    told = by_hand or conference.deliveries.requests().arrived().exists()
    came = conference.arrivals.exclude(key__startswith="user-").exists()
    return not (told or came)


def delete(conference: Conference) -> bool:
    """Delete it for good, with the letters that still wait; False, and nothing done, once somebody knows of it."""
    with transaction.atomic():
        current = _locked(conference.pk)
        letters = Delivery.objects.filter(conference=current).select_for_update(no_key=True)
        list(letters.values_list("pk", flat=True))  # no worker may take one in hand from here on
        if not is_secret(current):
            return False
        after = list(Conference.objects.filter(follows=current).values_list("pk", flat=True))
        current.delete()
        Conference.objects.filter(pk__in=after).update(follows=current.follows_id)  # links of the one before lead on
        return True


def _locked(conference_id: int) -> Conference:
    return Conference.objects.select_for_update(no_key=True).get(pk=conference_id)


def _open(conference: Conference, now: datetime) -> Conference:
    """The conference as it is now, locked; ClosedError if nobody can be invited any more."""
    current = _locked(conference.pk)
    if current.cancelled_at or current.is_over(now):
        raise ClosedError
    return current


def _raise_sequence(conference: Conference) -> None:
    """The next SEQUENCE for letters to single people; no Change, because nobody else has anything to be told."""
    Conference.objects.filter(pk=conference.pk).update(sequence=F("sequence") + 1)
    conference.sequence += 1


def _ask(
    submission: Submission, people: Iterable[tuple[str, str, str]], by: AbstractBaseUser, way: Way, now: datetime
) -> None:
    """Insert the new ones, bring back the withdrawn ones, queue the letters: as many queries for 500 as for one."""
    conference = submission.conference
    asked = {address.lower(): (name, address, role) for name, address, role in people}
    known = {row.address.lower(): row for row in conference.invitations.filter(is_one_of(asked))}
    again = [row for row in known.values() if row.withdrawn_at]
    new = [Invitation(address=address) for key, (_name, address, _role) in asked.items() if key not in known]
    if way == Way.LETTER:
        quotas.check(by, [row.address for row in (*new, *again)], now)
    if again:
        _raise_sequence(conference)
    contacts, wishes = contacts_by_address(asked, by), _wishes(asked)
    for row in (*new, *again):
        key = row.address.lower()
        row.conference, row.submission = conference, submission
        if (row.way, way) == (Way.HAND, Way.LETTER):
            row.created_at = now  # to letters, and to quotas of them, the person is new
        row.way, row.told_at = way, now if way == Way.HAND else None
        name, _address, row.role = asked[key]
        _begin(row, name, contacts.get(key), wishes.get(key))
    Invitation.objects.bulk_create(new)
    Invitation.objects.bulk_update(again, _ASKED_ANEW)
    outbox.queue([*new, *again], Delivery.Kind.INVITATION, now=now)


def drafted(
    conference: Conference, people: Sequence[Person], roles: Mapping[str, Role], by: AbstractBaseUser
) -> list[Invitation]:
    """`people` as `invite` would invite them; nothing is saved. As many queries for 500 as for one."""
    asked = {address.lower(): (name, address) for name, address in people}
    contacts, wishes = contacts_by_address(asked, by), _wishes(asked)
    rows = []
    for key, (name, address) in asked.items():
        row = Invitation(conference=conference, address=address, role=roles.get(key, Role.PARTICIPANT))
        _begin(row, name, contacts.get(key), wishes.get(key))
        rows.append(row)
    return rows


def _wishes(addresses: Iterable[str]) -> dict[str, Invitation]:
    """By address in lower case the invitation with the language and zone that its person chose last."""
    rows = Invitation.objects.filter(is_one_of(addresses), chosen_at__isnull=False).order_by("chosen_at")
    return {row.address.lower(): row for row in rows.only("address", "language", "time_zone", "chosen_at")}


def _begin(row: Invitation, name: str, contact: Contact | None, wish: Invitation | None) -> None:
    """As if never asked before: under the name of the contact, if there is one; in the language and zone that the
    person once chose, else in the contact's.
    """
    row.contact = contact
    row.name = contact.name if contact else name
    known = [one for one in (wish, contact) if one]
    row.language = next((one.language for one in known if one.language), "")
    row.time_zone = next((one.time_zone for one in known if one.time_zone), "")
    row.chosen_at = wish.chosen_at if wish else None
    row.token = new_token()
    row.announced_sequence = row.conference.sequence
    row.partstat, row.comment = PartStat.NEEDS_ACTION, ""
    row.answered_at = row.answered_sequence = row.withdrawn_at = None


def contacts_by_address(addresses: Iterable[str], by: AbstractBaseUser) -> dict[str, Contact]:
    """The contacts that `by` may see under these addresses (keys in lower case); the own one before the shared one."""
    found = Contact.objects.visible_to(by).filter(is_one_of(addresses))
    return {contact.address.lower(): contact for contact in sorted(found, key=lambda contact: not contact.is_shared)}


def is_one_of(addresses: Iterable[str]) -> Q:
    """Addresses are compared in lower case, which is what the unique indexes hold."""
    return Q(In(Lower("address"), [address.lower() for address in addresses]))
