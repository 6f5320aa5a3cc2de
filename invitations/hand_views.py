"""Pages for whom organizers tell themselves: note them, write to them, note that they were told again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conferences.models import Conference
from conferences.requests import SignedInRequest, managed
from conferences.typed import keeps_what_was_typed
from invitations import by_hand, inviting
from invitations.forms import InviteForm, ToldForm
from invitations.models import ClosedError, Invitation, Way
from invitations.quotas import MayNotInviteError
from invitations.views import TOO_LATE, form_page, invited, of_one_person


@keeps_what_was_typed
@form_page
def note(request: SignedInRequest, pk: int) -> HttpResponse:
    """GET: whom did you tell? POST: note them, then show the list, or a message that is ready for them."""
    conference, status = managed(request, pk), 200
    form = InviteForm(request.user)
    if request.method == "POST":
        form = InviteForm.gathering(request.user, request.POST) or InviteForm(request.user, request.POST)
        if form.is_valid():
            people, status = invited(form, conference, request.user, timezone.now(), way=Way.HAND)
            if status == 302:
                return _onward(request, conference, people)
    context = {"tab": "conferences", "conference": conference, "form": form}
    return render(request, "invitations/by_hand.html", context, status=status)


def _onward(request: SignedInRequest, conference: Conference, people: list[Invitation]) -> HttpResponse:
    """To the list; or to the message: with the personal link for one person, with the direct link for several."""
    n = len(people)
    words = ngettext("%(n)s person noted. No letter goes out.", "%(n)s people noted. No letter goes out.", n)
    messages.success(request, words % {"n": n})
    if "write" not in request.POST:
        return redirect("invitations:ledger", conference.pk)
    query = {"person": people[0].pk} if n == 1 else {}
    return redirect(reverse("invitations:mail-client", args=[conference.pk], query=query))


@require_POST
def told(request: SignedInRequest, pk: int) -> HttpResponse:
    """One person was told again, or all were."""
    conference, form = managed(request, pk), ToldForm(request.POST)
    if form.is_valid():
        rows = by_hand.people(conference)
        if person := form.cleaned_data["person"]:
            rows = rows.filter(pk=person)
        sequence = min(form.cleaned_data["sequence"], conference.sequence)
        n = by_hand.note_told(rows, sequence, timezone.now())
        words = ngettext("Noted: %(n)s person knows.", "Noted: %(n)s people know.", n)
        messages.success(request, words % {"n": n})
    return redirect("invitations:ledger", pk)


@require_POST
@of_one_person
def change_way(request: SignedInRequest, invitation: Invitation) -> HttpResponse:
    """From now on the organizer tells them, or this site writes to them."""
    if request.POST.get("way") == Way.HAND:
        if inviting.leave_to(invitation, timezone.now()):
            messages.success(request, _("Noted: you tell %(name)s. No letter goes out.") % {"name": invitation})
        return redirect("invitations:ledger", invitation.conference_id)
    return _write_instead(request, invitation)


def _write_instead(request: SignedInRequest, invitation: Invitation) -> HttpResponse:
    try:
        inviting.write_instead(invitation, by=request.user, now=timezone.now())
    except ClosedError:
        messages.error(request, TOO_LATE)
    except MayNotInviteError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation to %(name)s is on its way.") % {"name": invitation})
    return redirect("invitations:ledger", invitation.conference_id)
