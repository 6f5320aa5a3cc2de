"""The personal page of whoever is invited: answer, go in, take the calendar file."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conferences.join import Entrance, closed, door, enter
from conferences.join_forms import JoinForm
from conferences.links import by_token
from conferences.models import Change
from conferences.responses import guest_page, hand_over, network_of
from invitations import letters, words
from invitations.files import ics
from invitations.forms import AnswerForm
from invitations.models import ClosedError, Invitation, PartStat

form_page = require_http_methods(["GET", "HEAD", "POST"])


def _own(request: HttpRequest, token: str, now: datetime) -> Invitation:
    """The invitation that the link belongs to; unknown and withdrawn are the same 404."""
    rows = Invitation.objects.standing().with_answer()
    rows = rows.select_related("conference__organizer")
    invitation = by_token(rows, network=network_of(request), now=now, token=token)
    if invitation.language:
        translation.activate(words.language_of(invitation.language))
    return invitation


def _about(invitation: Invitation, now: datetime) -> dict[str, object]:
    """What every state of the personal page says of the conference."""
    conference = invitation.conference
    way = door(conference, now)
    draft = words.draft(conference, invitation.personal_link)
    return {
        "guest_caption": _("Conference invitation"),
        "invitation": invitation,
        "conference": conference,
        "links": words.calendar_links(conference, draft),
        "length": words.length(conference.duration),
        "elsewhere": words.elsewhere(conference, invitation.time_zone),
        "door": way,
        "closed": closed(way, now),
    }


def _show(
    request: HttpRequest, invitation: Invitation, now: datetime, *, form: AnswerForm, name_form: JoinForm | None = None
) -> HttpResponse:
    """The personal page as it stands now."""
    context = _about(invitation, now)
    if invitation.conference.cancelled_at:
        context["change"] = invitation.conference.changes.filter(kind=Change.Kind.CANCELLED).first()
        return render(request, "invitations/cancelled.html", context)
    context |= {
        "form": form,
        "name_form": name_form or JoinForm(with_password=False),
        "takes_answers": invitation.takes_answers(now),
    }
    return render(request, "invitations/personal.html", context)


@guest_page
@form_page
def personal_page(request: HttpRequest, token: str) -> HttpResponse:
    """The invitation. Only POST answers: mail scanners open links, so a link with an answer merely chooses it."""
    now = timezone.now()
    invitation = _own(request, token, now)
    data = request.POST if request.method == "POST" else None
    form = AnswerForm(invitation, wished=request.GET.get("answer", ""), data=data)
    if form.is_valid():
        try:
            invitation.respond(form.cleaned_data["answer"], form.cleaned_data["comment"], now)
            return redirect("invitations:answer", token)
        except ClosedError:
            form = AnswerForm(invitation)
    return _show(request, invitation, now, form=form)


@guest_page
@require_safe
def answered(request: HttpRequest, token: str) -> HttpResponse:
    """“You accepted”."""
    now = timezone.now()
    invitation = _own(request, token, now)
    if invitation.answer == PartStat.NEEDS_ACTION or invitation.conference.cancelled_at:
        return redirect(invitation)
    return render(request, "invitations/answered.html", _about(invitation, now))


@guest_page
@require_POST
def personal_room(request: HttpRequest, token: str) -> HttpResponse:
    """Into the room; back to the page if it is not open.

    Under the name that the organizer invited: others in the room, and signed rooms, take it for true.
    """
    now = timezone.now()
    invitation = _own(request, token, now)
    form = JoinForm({"name": invitation.name or request.POST.get("name")}, with_password=False)
    if not form.is_valid():
        return _show(request, invitation, now, form=AnswerForm(invitation), name_form=form)
    result = enter(door(invitation.conference, now), name=form.cleaned_data["name"], now=now, invited=True)
    return hand_over(result.url) if isinstance(result, Entrance) else redirect(invitation)


@guest_page
@require_safe
def personal_calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """The conference with the personal link, or, once cancelled, the object that takes it out of a calendar."""
    now = timezone.now()
    invitation = _own(request, token, now)
    return ics(invitation.conference, letters.calendar_file(invitation, now))
