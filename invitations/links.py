"""Somebody's own links, sent to their address when they ask for them.

Whoever asks, for whatever address: one row is written, and no more. Whether there is anything to send is found out by
the worker, so neither the answer nor its time tells who is invited.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from conferences.attempts import Attempt
from invitations import outbox, words
from invitations.message import compose
from invitations.models import Delivery, Invitation, InvitationQuerySet
from invitations.silence import digest
from invitations.words import When, isolate

WINDOW = timedelta(hours=1)
LETTERS_TO_ADDRESS = 3
LETTERS_OF_NETWORK = 20
LISTED = 50


def may_ask(network: str, now: datetime) -> bool:
    """Whether somebody in `network` may ask for links once more; counts it."""
    return Attempt.objects.allow("links", network, limit=LETTERS_OF_NETWORK, window=WINDOW, now=now)


def ask(address: str, now: datetime) -> bool:
    """Owe `address` a letter with its links, if it is invited to anything; False where it has been sent enough."""
    known = digest(address)  # the address of a stranger is not ours to keep
    if not Attempt.objects.allow("links-to", known, limit=LETTERS_TO_ADDRESS, window=WINDOW, now=now):
        return False
    outbox.queue_links(address)
    return True


def message(delivery: Delivery, now: datetime) -> bytes:
    """The letter: the conferences to come, and the way to what this site knows."""
    known = Invitation.objects.known_to(delivery.address).select_related("conference__organizer")
    newest = known.order_by("-pk")[:1].get()
    with translation.override(words.language_of(newest.language, newest.conference.organizer.language)):
        context = {
            "site_name": settings.SITE_NAME,
            "rows": [_row(invitation, now) for invitation in _coming(known, now)[:LISTED]],
            "you": newest.mailbox_link,
        }
        text = render_to_string("mail/links.txt", context)
        return compose(
            subject=_("Your links at %(site)s") % {"site": settings.SITE_NAME},
            text=f"{text.strip()}\n",
            sender=(settings.SITE_NAME, settings.MAIL_FROM),
            recipient=("", delivery.address),
            message_id=delivery.message_id,
            date=now,
        )


def _coming(known: InvitationQuerySet, now: datetime) -> InvitationQuerySet:
    to_come = Q(conference__over_at=None) | Q(conference__over_at__gt=now)
    return known.standing().filter(to_come, conference__cancelled_at=None).order_by("conference__over_at", "pk")


def _row(invitation: Invitation, now: datetime) -> dict[str, str]:
    """One conference: what, when (nothing for a permanent one), and the link."""
    found = words.current(invitation.conference, now)
    when = When.of(found).whole if found else ""
    return {"topic": isolate(invitation.conference.topic), "when": when, "link": invitation.personal_link}
