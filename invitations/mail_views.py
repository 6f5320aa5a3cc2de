"""Decisions about what came by mail."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conferences.requests import SignedInRequest, managed
from invitations import deciding
from invitations.incoming_mail import IncomingMail
from invitations.models import ClosedError
from invitations.quotas import MayNotInviteError
from invitations.views import TOO_LATE
from invitations.words import isolate


@require_POST
def decision(request: SignedInRequest, pk: int, mail_pk: int) -> HttpResponse:
    """Count it, invite them, or leave it: what one button under “Came by mail” says."""
    conference = managed(request, pk)
    mail = get_object_or_404(conference.incoming_mail.select_related("invitation", "conference"), pk=mail_pk)
    try:
        accept = request.POST.get("decision") == "accept"
        if deciding.decide(mail, accept=accept, by=request.user, now=timezone.now()):
            messages.success(request, _done(mail, accept=accept))
        else:
            messages.info(request, _("This was decided already."))
    except ClosedError:
        messages.error(request, TOO_LATE)
    except MayNotInviteError as error:
        messages.error(request, str(error))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(f"{conference.get_absolute_url()}#came-by-mail")


def _done(mail: IncomingMail, *, accept: bool) -> str:
    """What has come of it."""
    if accept and mail.kind == IncomingMail.Kind.ANSWER:
        return _("The answer counts now.")
    if accept and mail.kind == IncomingMail.Kind.NEWCOMER and mail.address:
        return _("%(name)s is invited. A letter is on its way.") % {"name": isolate(mail.name or mail.address)}
    return _("Put away.")
