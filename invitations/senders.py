"""Who a letter comes from, and to whom answers to it go."""

from django.conf import settings
from django.utils.translation import gettext as _

from conferences.models import Conference
from invitations.itip import Person


def from_name(conference: Conference) -> str:
    """What stands before the site's address in From: the organizer, and that the site writes for them."""
    return _("%(name)s via %(site)s") % {"name": conference.organizer, "site": settings.SITE_NAME}


def answers_to(conference: Conference) -> Person:
    """Who reads answers: ORGANIZER of calendar objects and Reply-To of letters, which have to be the same."""
    return Person(str(conference.organizer), conference.organizer.email)
