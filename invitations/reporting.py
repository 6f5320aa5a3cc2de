"""A person who is invited tells the administrators that something is wrong with it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from conferences.attempts import Attempt
from invitations import outbox, words
from invitations.models import Invitation

DAY = timedelta(days=1)
# About one organizer: whoever can write anybody's name on a list could write to administrators without end.
OF_ORGANIZER = 20


def report(invitation: Invitation, comment: str, now: datetime) -> bool:
    """Owe every administrator a letter about `invitation`; False where they were told enough within the last day.

    It says who sent what, and not who reports it: nobody has to fear to.
    """
    organizer = f"organizer {invitation.conference.organizer_id}"
    for whose, limit in ((f"{invitation.pk}", 1), (organizer, OF_ORGANIZER)):
        if not Attempt.objects.allow("report", whose, limit=limit, window=DAY, now=now):
            return False
    for administrator in get_user_model().objects.filter(is_staff=True, is_active=True):
        with translation.override(words.language_of(administrator.language)):
            outbox.queue_account_mail(_letter(invitation, comment, administrator.email))
    return True


def _letter(invitation: Invitation, comment: str, address: str) -> EmailMessage:
    context = {
        "site_name": settings.SITE_NAME,
        "conference": invitation.conference,
        "organizer": invitation.conference.organizer,
        "invited": invitation.conference.invitations.count(),
        "message": invitation.submission.message.splitlines() if invitation.submission else [],
        "comment": comment.splitlines(),
    }
    text = render_to_string("mail/report.txt", context)
    subject = _("An invitation from %(site)s was reported") % {"site": settings.SITE_NAME}
    return EmailMessage(subject, f"{text.strip()}\n", settings.MAIL_FROM, [address])
