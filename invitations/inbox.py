"""A message that came in, by whatever way, is taken: once, and not more of them for one conference than it can stand.

What it says is read by incoming.py, what follows from it is done by receiving.py.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from conferences.models import Attempt, Conference
from invitations import incoming, receiving
from invitations.incoming import Incoming, Nothing
from invitations.incoming_mail import Received
from invitations.models import Delivery
from invitations.replies import Said

logger = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
# Nobody hands the same message over again after so long; what it said would be too old by then.
KEPT = timedelta(days=180)


class TooMany(Exception):
    """More messages for one conference than a minute may bring; try this one again later."""

    def __init__(self, conference: int) -> None:
        super().__init__(f"more mail for conference {conference} than a minute may bring")
        self.conference = conference


def accept(raw: bytes, now: datetime) -> bool:
    """Do what the message `raw` asks for, all of it or nothing; whether it was for us. The same again does nothing.

    Raises incoming.Unreadable, TooMany, and whatever the database raises.
    """
    message = incoming.read(raw, authserv_id=settings.AUTHSERV_ID)
    for content in message.contents:
        if isinstance(content, Nothing):
            logger.info("incoming mail left alone: %s", content.reason)
            return False
    with transaction.atomic():
        _admit(message, now)
        _row, is_new = Received.objects.get_or_create(digest=message.digest, defaults={"at": now})
        if is_new:
            receiving.take(message, now)
    return True


def _admit(message: Incoming, now: datetime) -> None:
    """Count the message for every conference that it goes to. Raises TooMany."""
    for conference in sorted(_conferences(message)):
        is_admitted = Attempt.objects.allow(
            "incoming", str(conference), limit=settings.INBOX["A_MINUTE"], window=MINUTE, now=now
        )
        if not is_admitted:
            raise TooMany(conference)


def _conferences(message: Incoming) -> set[int]:
    """The keys of those whose address stands in the envelope, about which the answered letters were, or that a calendar
    object names.
    """
    envelope, uids = message.envelope, [said.uid for said in message.contents if isinstance(said, Said)]
    named = Conference.objects.filter(Q(reply_token__in=envelope.reply_tokens) | Q(uid__in=uids))
    ids = [*envelope.replied_to, *(f"<{token}@{settings.MAIL_DOMAIN}>" for token in envelope.bounce_tokens)]
    letters = Delivery.objects.filter(message_id__in=ids, conference__isnull=False)
    by_letter = letters.values_list("conference", flat=True)
    return {*named.values_list("pk", flat=True), *by_letter}


def forget(now: datetime) -> None:
    """Delete the traces of messages that nobody will hand over again."""
    Received.objects.filter(at__lt=now - KEPT).delete()
