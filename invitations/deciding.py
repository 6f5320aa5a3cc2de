"""What came by mail and waits for the organizer: what still means something, and what follows from a decision."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse

from addressbook.addresses import clean_address
from conferences.aims import Scope
from conferences.models import Change, Conference
from invitations.incoming_mail import IncomingMail
from invitations.inviting import invite
from invitations.models import Invitation, PartStat, Reply, last_moved

Kind = IncomingMail.Kind


def waiting(conference: Conference) -> QuerySet[IncomingMail]:
    """What nobody has decided yet, oldest first.

    Not what has settled itself: an answer that a newer one overtook, somebody who is invited meanwhile, a proposal to
    move what was moved since, and whatever is of somebody who is not invited any more.
    """
    same = {"conference": OuterRef("conference"), "original_date": OuterRef("original_date")}
    moves = Change.objects.filter(**same, kind=Change.Kind.MOVED).order_by("-sequence").values("sequence")
    theirs = Invitation.objects.standing().alias(folded=Lower("address"))
    is_invited = Exists(theirs.filter(conference=OuterRef("conference"), folded=Lower(OuterRef("address"))))
    is_standing = Q(invitation__isnull=False, invitation__withdrawn_at=None)
    is_newest = Q(invitation__answered_at=None) | Q(invitation__answered_at__lt=F("stamp"))
    is_newest |= Q(original_date__isnull=False)
    is_unmoved = Q(sequence__gte=last_moved(OuterRef("conference")))
    is_unmoved &= Q(sequence__gte=Coalesce(Subquery(moves[:1]), 0))
    return (
        conference.incoming_mail.filter(decided_at=None)
        .filter(
            Q(kind=Kind.WORDS)
            | Q(~is_invited, kind=Kind.NEWCOMER)
            | Q(is_standing, is_newest, kind=Kind.ANSWER)
            | Q(is_standing, is_unmoved, kind=Kind.TIME)
        )
        .select_related("invitation")
        .order_by("received_at", "pk")
    )


def decide(mail: IncomingMail, *, accept: bool, by: AbstractBaseUser, now: datetime) -> bool:
    """Count the answer or invite the person, or leave it; False where somebody has decided already.

    Raises ClosedError, quotas.MayNotInviteError, and ValidationError for an address that we do not write to; then it is
    as undecided as before.
    """
    with transaction.atomic():
        open_one = IncomingMail.objects.filter(pk=mail.pk, decided_at=None)
        if not open_one.update(decided_at=now, is_accepted=accept, decided_by=by.pk):
            return False
        if accept and mail.kind == Kind.ANSWER:
            _count(mail, now)
        elif accept and mail.kind == Kind.NEWCOMER and mail.address:
            person = (mail.name, clean_address(mail.address))
            invite(mail.conference, [person], by=by, submission_id=uuid4(), now=now)
        return True


def _count(mail: IncomingMail, now: datetime) -> None:
    """Take the answer as the person's own, with the moment at which it was said."""
    if mail.invitation:
        mail.invitation.respond(
            PartStat(mail.partstat), mail.text[:500], now, original_date=mail.original_date,
            source=Reply.Source.ORGANIZER, at=mail.stamp, sequence=min(mail.sequence or 0, mail.conference.sequence),
        )  # fmt: skip


def edit_url(mail: IncomingMail) -> str:
    """The form that moves the conference, or the one date, with the proposed time filled in."""
    aim = {"date": mail.original_date, "scope": Scope.THIS} if mail.original_date else {"scope": Scope.ALL}
    times = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name in ("starts_at", "ends_at") if (at := getattr(mail, name))}
    return f"{reverse('conferences:edit', args=[mail.conference_id])}?{urlencode({**aim, **times})}"
