"""Who a letter comes from, and to whom answers to it go."""

from django.conf import settings
from django.utils.translation import gettext as _

from conferences.models import Conference
from invitations.itip import Person
from invitations.models import Delivery


def from_name(conference: Conference) -> str:
    """What stands before the site's address in From: the organizer, and that the site writes for them."""
    return _("%(name)s via %(site)s") % {"name": conference.organizer, "site": settings.SITE_NAME}


def answers_to(conference: Conference) -> Person:
    """Who reads answers: ORGANIZER of calendar objects and Reply-To of letters, which have to be the same."""
    return Person(str(conference.organizer), conference.answers_to or _address_for_answers(conference))


def settle_address(conference: Conference) -> None:
    """Let answers go to the same address from the first letter on, whatever is switched on or off later.

    Calendars know a conference by its ORGANIZER, and take one with another for somebody else's (RFC 5546 section 2.1).
    """
    if not conference.answers_to:
        conference.answers_to = _address_for_answers(conference)
        rows = Conference.objects.filter(pk=conference.pk, answers_to="")
        rows.update(answers_to=conference.answers_to)


def _address_for_answers(conference: Conference) -> str:
    if settings.ANSWERS_BY_MAIL:
        return f"rsvp+{conference.reply_token}@{settings.MAIL_DOMAIN}"
    return conference.organizer.email


def answers_come_here(conference: Conference) -> bool:
    """Whether answers go to an address of this site; else the organizer reads them."""
    return answers_to(conference).address.startswith(f"rsvp+{conference.reply_token}@")


def way_back(delivery: Delivery) -> str:
    """The envelope sender: where answers by mail are read, one for each letter, so that what comes back names it."""
    if not settings.ANSWERS_BY_MAIL:
        return settings.MAIL_FROM
    token, _at, _domain = delivery.message_id.strip("<>").partition("@")
    return f"b+{token}@{settings.MAIL_DOMAIN}"
