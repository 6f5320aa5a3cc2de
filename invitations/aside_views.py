"""Pages with which organizers write to invited people, and ask those again who have not answered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conferences.requests import SignedInRequest, managed
from conferences.typed import keeps_what_was_typed
from invitations import asides
from invitations.aside_forms import MessageForm
from invitations.asides import To
from invitations.inviting import OtherSubmissionError
from invitations.views import form_page


@keeps_what_was_typed
@form_page
def message(request: SignedInRequest, pk: int) -> HttpResponse:
    """GET: what to say to whom. POST: send it."""
    conference, now, status = managed(request, pk), timezone.now(), 200
    if not asides.takes_messages(conference, now):
        messages.info(request, _("This conference has been over for long. Nobody gets letters about it any more."))
        return redirect(conference)
    form = MessageForm(asides.audience(conference), request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = form.cleaned_data
        given = {"by": request.user, "message_id": said["message_id"], "now": now}
        try:
            n = asides.send(conference, said["text"], To(said["to"]), **given)
        except OtherSubmissionError:
            form.was_sent_before()
            status = 409
        else:
            words = ngettext("The message goes to %(n)d person.", "The message goes to %(n)d people.", n)
            messages.success(request, words % {"n": n})
            return redirect("invitations:ledger", pk)
    context = {"tab": "conferences", "conference": conference, "form": form}
    return render(request, "invitations/message.html", context, status=status)


@require_POST
def questions(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask everybody again who has not answered."""
    conference = managed(request, pk)
    if n := asides.ask_again(conference, timezone.now()):
        words = ngettext("%(n)d person is asked once more.", "%(n)d people are asked once more.", n)
        messages.success(request, words % {"n": n})
    else:
        words = _("Whoever has not answered was asked within a day, or is just getting a letter.")
        messages.info(request, words)
    return redirect("invitations:ledger", pk)
