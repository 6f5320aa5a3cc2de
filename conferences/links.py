"""The direct link of a conference, and how tokens in links are looked up without helping those who guess."""

from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import Http404
from django.urls import reverse

from conferences.attempts import Attempt
from conferences.models import Conference
from conferences.tokens import TOKEN_LENGTH

MISSES = 30
MISSES_WINDOW = timedelta(minutes=10)


class TooManyTries(Exception):
    """This network has used up its tries; the answer is 429."""


def join_url(conference: Conference) -> str:
    """The direct link, absolute, for pages, letters and calendar objects."""
    return f"{settings.SITE_URL}{reverse('conferences:join', args=[conference.join_token])}"


def told_by_link(conference: Conference) -> Conference:
    """The conference without what whoever has only the direct link is not told: the password, and what it protects.

    A copy to read from, never to save.
    """
    told = copy(conference)
    if conference.password or conference.invited_only:
        told.agenda = ""
    told.password = ""
    return told


def by_token[T: Model](rows: QuerySet[T], *, network: str, now: datetime, **token: Any) -> T:
    """The row whose token (one keyword, the name of its field) is given.

    Raises Http404 for unknown and revoked tokens alike, TooManyTries for everything once a network missed too often.
    """
    refuse_guessers(network, now)
    (text,) = token.values()
    row = rows.filter(**token).first() if len(text) == TOKEN_LENGTH else None
    if row is None:
        count_miss(network, now)
        raise Http404
    return row


def refuse_guessers(network: str, now: datetime) -> None:
    """Raise TooManyTries for a network that missed too often: a hit must not look different from a miss then."""
    if Attempt.objects.is_used_up("miss", network, limit=MISSES, now=now):
        raise TooManyTries


def count_miss(network: str, now: datetime) -> None:
    """Remember that somebody in `network` came with a token or number that nobody gave out."""
    Attempt.objects.allow("miss", network, limit=MISSES, window=MISSES_WINDOW, now=now)
