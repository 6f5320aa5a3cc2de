"""How many strangers an account may write to: a site that anybody can join is no relay for spam.

New is whom this account never invited before, to whatever conference, withdrawn since or not. They are counted in the
rows of the invitations themselves, under a lock of the account, so that parallel presses let exactly the rest pass.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.db.models.lookups import In
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from invitations.models import Invitation, InvitationQuerySet, Way

IN_FIRST_WEEK = 200
LATER = 2_000
WEEK = timedelta(days=7)
DAY = timedelta(days=1)


class MayNotInviteError(Exception):
    """Nobody was invited, because this account may not write to so many people; its text is a sentence for them."""


def check(by: AbstractBaseUser, addresses: Collection[str], now: datetime) -> None:
    """Let `by` write to `addresses`, within the transaction that queues the letters; MayNotInviteError if not.

    The row of the account stays locked until that transaction ends.
    """
    if settings.ALLOW_SIGNUP and not EmailAddress.objects.filter(user=by.pk, verified=True).exists():
        raise MayNotInviteError(_("Confirm your e-mail address first: the link is in the letter that we sent you."))
    limit = limit_of(by, now)
    if limit is None:
        return
    get_user_model().objects.select_for_update(no_key=True).get(pk=by.pk)
    new = len(_strangers(by, addresses))
    left = max(0, limit - _new_lately(by, now))
    if new > left:
        raise MayNotInviteError(_too_many(new, left, limit))


def limit_of(by: AbstractBaseUser, now: datetime) -> int | None:
    """How many new people this account may invite in 24 hours; None where nobody counts.

    Not administrators, and nobody where letters become files or only an administrator makes accounts, unless the site
    says a number.
    """
    is_counted = settings.ALLOW_SIGNUP or settings.QUOTA_NEW_RECIPIENTS
    if settings.MAIL.kind == "file" or not is_counted:
        return None
    user = get_user_model().objects.get(pk=by.pk)
    if user.is_staff:
        return None
    return settings.QUOTA_NEW_RECIPIENTS or (IN_FIRST_WEEK if now < user.date_joined + WEEK else LATER)


def _asked_by(by: AbstractBaseUser) -> InvitationQuerySet:
    return Invitation.objects.filter(submission__by=by.pk, way=Way.LETTER)


def _strangers(by: AbstractBaseUser, addresses: Collection[str]) -> set[str]:
    """Those of `addresses`, in lower case, that `by` never wrote to."""
    asked = {address.lower() for address in addresses}
    known = _asked_by(by).filter(Q(In(Lower("address"), list(asked))))
    return asked - set(known.values_list(Lower("address"), flat=True))


def _new_lately(by: AbstractBaseUser, now: datetime) -> int:
    """How many people `by` wrote to for the first time within the last 24 hours."""
    since = now - DAY
    before = _asked_by(by).alias(folded=Lower("address")).filter(created_at__lte=since)
    lately = _asked_by(by).filter(submission__at__gt=since)
    strangers = lately.filter(~Exists(before.filter(folded=Lower(OuterRef("address")))))
    return strangers.aggregate(count=Count(Lower("address"), distinct=True))["count"]


def _too_many(new: int, left: int, limit: int) -> str:
    if not left:
        words = ngettext(
            "You have invited %(limit)d new person in 24 hours, and this site allows no more. Nobody was invited now. "
            "Whom you have invited before you can still invite.",
            "You have invited %(limit)d new people in 24 hours, and this site allows no more. Nobody was invited now. "
            "Whom you have invited before you can still invite.",
            limit,
        )
        return words % {"limit": limit}
    words = ngettext(
        "You can invite %(left)d more new person for now (%(limit)d in 24 hours), and %(new)d of these are new. "
        "Nobody was invited. Remove some of them and press again.",
        "You can invite %(left)d more new people for now (%(limit)d in 24 hours), and %(new)d of these are new. "
        "Nobody was invited. Remove some of them and press again.",
        left,
    )
    return words % {"left": left, "new": new, "limit": limit}
