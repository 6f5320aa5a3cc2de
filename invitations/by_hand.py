"""People whom organizers tell themselves: who has to be told again, in which words, and that it was done.

They are invited like everybody else, with a personal page of their own, but no letter goes out to them (outbox.queue).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce
from itertools import pairwise
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext as _

from conferences.models import Change, Conference
from invitations import news, words
from invitations.mail_clients import Draft
from invitations.models import ASKED_AT, Invitation, InvitationQuerySet, Way


def people(conference: Conference) -> InvitationQuerySet:
    """All of them who are not withdrawn."""
    return conference.invitations.standing().filter(way=Way.HAND)


def to_tell(conference: Conference, now: datetime) -> InvitationQuerySet:
    """Those who know an older state than a Change that is meant for them; nobody once all of it is over."""
    if conference.is_over(now):
        return people(conference).none()
    changes = list(conference.changes.order_by("sequence").only("kind", "tell", "at", "sequence", "conference"))
    return people(conference).alias(asked_at=ASKED_AT).filter(_meant(conference, changes)).order_by("name", "pk")


def _meant(conference: Conference, changes: list[Change]) -> Q:
    """Whom `changes`, all of the conference, are news for; once it is cancelled, nothing but that counts."""
    first, newest = changes[0], changes[-1]
    if conference.cancelled_at:
        return _older_than([newest])
    came_along = first.kind == Change.Kind.CONTINUED and first.tell == Change.Tell.ALL
    added = [
        Q(announced_sequence__lt=change.sequence, asked_at__gt=before.at)
        for before, change in pairwise(changes)
        if change.tell == Change.Tell.ADDED
    ]
    return reduce(or_, added, _older_than(changes)) | (Q(told_at=None) if came_along else Q(pk__in=[]))


def _older_than(changes: Iterable[Change]) -> Q:
    sequences = [change.sequence for change in changes if change.tell == Change.Tell.ALL]
    return Q(announced_sequence__lt=max(sequences, default=0))


def note_told(rows: InvitationQuerySet, sequence: int, now: datetime) -> int:
    """Somebody told `rows` (people) the state `sequence`, the one on the page they looked at; how many those are.

    What has changed since that page was drawn stays to be told.
    """
    return rows.filter(announced_sequence__lte=sequence).update(announced_sequence=sequence, told_at=now)


def draft(invitation: Invitation) -> Draft:
    """What to write to somebody now: that it is off, what changed since they were told, or the invitation."""
    conference = invitation.conference
    text = words.draft(conference, invitation.personal_link)
    if conference.cancelled_at:
        off = replace(text, agenda="", link="", number="", password="", dial_in="")
        return replace(off, occasion="cancellation", message=conference.changes.latest("sequence").message)
    if invitation.told_at is None:
        return text
    found = news.since(conference, invitation.announced_sequence, zone=invitation.time_zone)
    lines = tuple(map(_line, found.lines))
    return replace(text, occasion="update", news=lines, message=found.message) if lines or found.message else text


def _line(changed: news.Changed) -> str:
    said = {"label": changed.label, "now": changed.now, "was": changed.was}
    return (_("%(label)s: %(now)s (was: %(was)s)") if changed.was else _("%(label)s: %(now)s")) % said
