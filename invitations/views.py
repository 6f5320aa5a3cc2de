"""Pages of inviting: the ledger, person by person; the mail client, the calendar file, the QR code."""

import io
from collections.abc import Callable
from datetime import datetime
from functools import wraps

import segno
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conferences.choices import Role
from conferences.links import join_url
from conferences.models import Conference
from conferences.requests import SignedInRequest, managed
from conferences.responses import View, download
from conferences.typed import keeps_what_was_typed
from invitations import by_hand, inviting, outbox, words
from invitations.files import draft, to_keep
from invitations.forms import AddressForm, InviteForm
from invitations.hidden_clients import client_of, offered_here
from invitations.ledger import Ledger
from invitations.mail_clients import compose, whole_text
from invitations.models import ClosedError, Invitation, Way
from invitations.quotas import MayNotInviteError

TOO_LATE = gettext_lazy("This conference is over or cancelled: nobody can be invited any more.")

form_page = require_http_methods(["GET", "HEAD", "POST"])


def of_one_person(view: Callable[[SignedInRequest, Invitation], HttpResponse]) -> View:
    """For what is done with one person's invitation; once that is taken back, all of it leads to the list.

    So whoever presses “Remove” twice sees the list twice.
    """

    @wraps(view)
    def found(request: SignedInRequest, pk: int, invitation_pk: int) -> HttpResponse:
        rows = Invitation.objects.managed_by(request.user)
        rows = rows.select_related("conference__organizer", "submission")
        invitation = get_object_or_404(rows, pk=invitation_pk, conference=pk)
        return redirect("invitations:ledger", pk) if invitation.withdrawn_at else view(request, invitation)

    return found


# WHO IS INVITED


@keeps_what_was_typed
@form_page
def ledger(request: SignedInRequest, pk: int) -> HttpResponse:
    """GET: “Invitation sent”, person by person. POST: invite."""
    conference, now = managed(request, pk), timezone.now()
    if request.method == "POST":
        return _invite(request, conference, now)
    people = Ledger(conference, now)
    page = people.page(request.GET.get("page", 1))
    context = {"tab": "conferences", "conference": conference, "people": people, "page": page}
    return render(request, "invitations/ledger.html", context)


def _invite(request: SignedInRequest, conference: Conference, now: datetime) -> HttpResponse:
    """Invite and lead to the ledger, or show the form again with everything in it."""
    form = InviteForm.gathering(request.user, request.POST) or InviteForm(request.user, request.POST)
    status = 200
    if form.is_valid():
        _people, status = invited(form, conference, request.user, now)
        if status == 302:
            return redirect("invitations:ledger", conference.pk)
    context = {"tab": "conferences", "conference": conference, "form": form}
    return render(request, "invitations/invite.html", context, status=status)


def invited(
    form: InviteForm, conference: Conference, by: AbstractBaseUser, now: datetime, way: Way = Way.LETTER
) -> tuple[list[Invitation], int]:
    """Whom a valid `form` invites, and 302; or nobody, and the status of the page on which the form says why."""
    people = form.cleaned_data.pop("q")
    try:
        rows = inviting.invite(conference, people, roles=form.roles, by=by, now=now, way=way, **form.cleaned_data)
        return rows, 302
    except ClosedError:
        form.add_error(None, TOO_LATE)
    except MayNotInviteError as error:
        form.add_error(None, str(error))
    except inviting.OtherSubmissionError:
        form.was_sent_before()
        return [], 409
    return [], 200


@require_POST
@of_one_person
def send_again(request: SignedInRequest, invitation: Invitation) -> HttpResponse:
    """Another letter to one person."""
    if outbox.send_again(invitation, now=timezone.now()):
        messages.success(request, _("The letter to %(name)s is on its way again.") % {"name": invitation})
    else:
        messages.info(request, _("A letter to %(name)s is on its way already.") % {"name": invitation})
    return redirect("invitations:ledger", invitation.conference_id)


@require_POST
@of_one_person
def change_role(request: SignedInRequest, invitation: Invitation) -> HttpResponse:
    """Another role in the room, from the next time on that the person goes in."""
    role = request.POST.get("role", "")
    if role in Role.values:
        Invitation.objects.filter(pk=invitation.pk).update(role=role)
        words = {"name": invitation, "role": Role(role).label}
        messages.success(request, _("%(name)s: %(role)s, from the next time they join.") % words)
    return redirect("invitations:ledger", invitation.conference_id)


@form_page
@of_one_person
def correct_address(request: SignedInRequest, invitation: Invitation) -> HttpResponse:
    """Invite the same person under another address."""
    form = AddressForm(invitation, request.POST if request.method == "POST" else None)
    if form.is_valid():
        address = form.cleaned_data["address"]
        try:
            inviting.correct_address(invitation, address, by=request.user, now=timezone.now())
        except ClosedError:
            form.add_error(None, TOO_LATE)
        except MayNotInviteError as error:
            form.add_error(None, str(error))
        else:
            said = (
                _("The address is %(address)s now.")
                if invitation.way == Way.HAND
                else _("The invitation goes to %(address)s now.")
            )
            messages.success(request, said % {"address": address})
            return redirect("invitations:ledger", invitation.conference_id)
    return render(request, "invitations/address.html", {"tab": "conferences", "invitation": invitation, "form": form})


@form_page
@of_one_person
def remove(request: SignedInRequest, invitation: Invitation) -> HttpResponse:
    """Ask, then take one person's invitation back."""
    if request.method == "POST":
        inviting.withdraw(invitation, timezone.now())
        messages.success(request, _("%(name)s is no longer invited.") % {"name": invitation})
        return redirect("invitations:ledger", invitation.conference_id)
    return render(request, "invitations/removal.html", {"tab": "conferences", "invitation": invitation})


@form_page
def delete_conference(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then delete for good what nobody was told about."""
    conference = managed(request, pk)
    if request.method == "POST" and inviting.delete(conference):
        messages.success(request, _("“%(topic)s” was deleted.") % {"topic": conference.topic})
        return redirect("conferences:list")
    if not inviting.is_secret(conference):
        messages.error(request, _("People know of this conference already. Cancel it, so that they are told."))
        return redirect(conference)
    return render(request, "conferences/deletion.html", {"tab": "conferences", "conference": conference})


# OTHER WAYS TO INVITE


@form_page
def mail_client(request: SignedInRequest, pk: int) -> HttpResponse:
    """GET: “Open MS Outlook”, the way without script. POST: remember the choice, then lead there."""
    conference = managed(request, pk)
    asked = request.POST if request.method == "POST" else {"client": client_of(request.user).slug, **request.GET.dict()}
    slug = asked.get("client", "")
    if slug not in offered_here():
        return redirect(conference)
    if request.method == "POST":
        request.user.mail_client = slug
        request.user.save(update_fields=["mail_client"])
        return redirect(f"{request.path}?client={slug}")
    person = _told_by_hand(request, conference)
    text = by_hand.draft(person) if person else words.draft(conference, join_url(conference))
    context = {
        "tab": "conferences",
        "conference": conference,
        "person": person,
        "compose": compose(slug, text, person.address if person else ""),
        "text": whole_text(text),
    }
    return render(request, "invitations/mail_client.html", context)


def _told_by_hand(request: SignedInRequest, conference: Conference) -> Invitation | None:
    """Whom the organizer writes to, if the page is for somebody in particular. Raises Http404 for whom we write to."""
    pk = request.GET.get("person", "")
    rows = by_hand.people(conference).select_related("conference__organizer")
    return get_object_or_404(rows, pk=pk) if pk.isdecimal() else None


@require_safe
def calendar_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The conference as a file from which the organizer makes an appointment and invites people."""
    return to_keep(managed(request, pk), timezone.now())


@require_safe
def draft_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The conference as a message that a mail program opens, for the organizer to send."""
    conference = managed(request, pk)
    return draft(conference, timezone.now(), to=_told_by_hand(request, conference))


@require_safe
def qr_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The direct link as a picture."""
    picture = io.BytesIO()
    segno.make(join_url(managed(request, pk)), error="m").save(picture, kind="png", scale=10)
    return download(picture.getvalue(), "image/png", "direct-link.png")
