"""Somebody's own links, sent to their address when they ask for them, and a key to all that is held under it.

Whoever asks, for whatever address: one row is written, and no more. Whether there is anything to send is found out by
the worker, so neither the answer nor its time tells who is known here.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from addressbook.addresses import shown_address
from conferences.attempts import Attempt
from invitations import outbox, words
from invitations.address_keys import KEPT, AddressKey
from invitations.incoming_mail import IncomingMail
from invitations.message import compose
from invitations.models import Delivery, Invitation, InvitationQuerySet
from invitations.silence import Silence, digest
from invitations.words import When, isolate

WINDOW = timedelta(hours=1)
LETTERS_TO_ADDRESS = 3
LETTERS_OF_NETWORK = 20
LISTED = 50


def may_ask(network: str, now: datetime) -> bool:
    """Whether somebody in `network` may ask for links once more; counts it."""
    return Attempt.objects.allow("links", network, limit=LETTERS_OF_NETWORK, window=WINDOW, now=now)


def ask(address: str, now: datetime) -> bool:
    """Owe `address` a letter with its links, if anything is held under it; False where it has been sent enough."""
    known = digest(address)  # the address of a stranger is not ours to keep
    if not Attempt.objects.allow("links-to", known, limit=LETTERS_TO_ADDRESS, window=WINDOW, now=now):
        return False
    outbox.queue_links(address)
    return True


def is_known(address: str) -> bool:
    """Whether there is anything to show under `address`, or that it wants no letters."""
    invited, wrote = Invitation.objects.known_to(address), IncomingMail.objects.filter(address__iexact=address)
    return invited.exists() or wrote.exists() or Silence.objects.holds(address)


def message(delivery: Delivery, now: datetime) -> bytes:
    """The letter: the conferences to come, and a new key to what this site knows."""
    known = Invitation.objects.known_to(delivery.address).select_related("conference__organizer")
    newest = known.order_by("-pk").first()
    wishes = (newest.language, newest.conference.organizer.language) if newest else ()
    with translation.override(words.language_of(*wishes)):
        context = {
            "site_name": settings.SITE_NAME,
            "rows": [_row(invitation, now) for invitation in _coming(known, now)[:LISTED]],
            "address": isolate(shown_address(delivery.address)),
            "key": _key(delivery.address, newest, now).link,
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


def _key(address: str, newest: Invitation | None, now: datetime) -> AddressKey:
    zone = (newest.time_zone or newest.conference.time_zone) if newest else settings.TIME_ZONE
    language = newest.language if newest else ""
    return AddressKey.objects.create(address=address, language=language, time_zone=zone, expires_at=now + KEPT)


def _coming(known: InvitationQuerySet, now: datetime) -> InvitationQuerySet:
    to_come = Q(conference__over_at=None) | Q(conference__over_at__gt=now)
    return known.standing().filter(to_come, conference__cancelled_at=None).order_by("conference__over_at", "pk")


def _row(invitation: Invitation, now: datetime) -> dict[str, str]:
    """One conference: what, when (nothing for a permanent one), and the link."""
    found = words.current(invitation.conference, now)
    when = When.of(found).whole if found else ""
    return {"topic": isolate(invitation.conference.topic), "when": when, "link": invitation.personal_link}
