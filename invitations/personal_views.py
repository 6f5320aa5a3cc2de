"""The personal page of whoever is invited: answer, go in, take the calendar file."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from conferences import history, join_dates
from conferences.choices import Role
from conferences.join import Door, Entrance, Refusal, Visitor, barrier, door, enter, successor
from conferences.join_forms import JoinForm
from conferences.links import by_token, told_by_link
from conferences.models import Conference
from conferences.responses import View, guest_page, hand_over, network_of, room_is_down, waiting_answer
from invitations import objects, words
from invitations.date_forms import DatesForm
from invitations.files import ics, to_keep
from invitations.forms import AnswerForm
from invitations.models import ClosedError, Invitation, PartStat

type PersonalView = Callable[[HttpRequest, Invitation, datetime], HttpResponse]


def personal_link(*methods: str) -> Callable[[PersonalView], View]:
    """For pages behind a personal link: the invitation that it belongs to, and now. Old links lead on to the new page.

    Unknown and withdrawn are the same 404; so is who is withdrawn from what an old link leads to.
    """

    def decorate(view: PersonalView) -> View:
        @guest_page
        @require_http_methods(methods)
        @wraps(view)
        def of_invitation(request: HttpRequest, token: str) -> HttpResponse:
            now = timezone.now()
            rows = Invitation.objects.standing().with_answer().select_related("conference__organizer")
            invitation = by_token(rows, network=network_of(request), now=now, token=token)
            if onward := _onward(invitation, now):
                return HttpResponseRedirect(onward.get_absolute_url(), status=303 if request.method == "POST" else 302)
            if invitation.language:
                translation.activate(words.language_of(invitation.language))
            return view(request, invitation, now)

        return of_invitation

    return decorate


def _onward(invitation: Invitation, now: datetime) -> Invitation | None:
    """The same person's invitation to the series that goes on where this one ended. Raises Http404 if withdrawn there.

    None where the person was not carried over (yet): then the old page says that it is over.
    """
    conference = successor(invitation.conference, now)
    if conference is None:
        return None
    found = Invitation.objects.filter(conference=conference, address__iexact=invitation.address).first()
    if found and found.withdrawn_at:
        raise Http404
    return found


def _visitor(invitation: Invitation, name: str = "") -> Visitor:
    """Who stands at the door: the role is read at each use."""
    name = invitation.name or name
    return Visitor(name, invitation.key, Role(invitation.role), is_invited=True)


def _about(invitation: Invitation, now: datetime) -> dict[str, Any]:
    """What every state of the personal page says of the conference."""
    conference = invitation.conference
    way = door(conference, now)
    me = _visitor(invitation)
    # Only where somebody may be kept waiting or out: else an earlier visit makes no difference.
    asks = conference.waiting_room or conference.participants_limit is not None
    arrival = way.arrival(me.key) if asks else None
    draft = words.draft(conference, invitation.personal_link)
    return {
        "guest_caption": _("Conference invitation"),
        "invitation": invitation,
        "conference": conference,
        "links": words.calendar_links(conference, draft),
        "length": history.length(way.place.duration),
        "elsewhere": _elsewhere(way, invitation.time_zone),
        "moved_from": join_dates.moved_from(way),
        "door": way,
        "now": now,
        "arrival": arrival,
        "closed": barrier(way, me, arrival, now),
    }


def _elsewhere(way: Door, zone: str) -> str:
    """The time on the clock of somebody in `zone`; empty where that clock shows the same, or there is no time."""
    if way.starts_at is None or way.ends_at is None:
        return ""
    return words.When(way.starts_at, way.ends_at, way.conference.time_zone).elsewhere(zone)


def _show(
    request: HttpRequest,
    invitation: Invitation,
    now: datetime,
    *,
    form: AnswerForm,
    dates_form: DatesForm | None = None,
    name_form: JoinForm | None = None,
    is_down: bool = False,
) -> HttpResponse:
    """The personal page as it stands now."""
    context = _about(invitation, now)
    if context["closed"] is Refusal.CANCELLED:
        context["change"] = join_dates.cancellation(context["door"])
        return render(request, "invitations/cancelled.html", context)
    context |= {
        "form": form,
        "dates_form": dates_form or DatesForm(invitation, now),
        "cancelled_dates": join_dates.cancelled_before(context["door"], now),
        "next_dates": join_dates.next_dates(context["door"], now),
        "name_form": name_form or JoinForm(with_password=False),
        "takes_answers": invitation.takes_answers(now),
        "is_down": is_down,
    }
    return render(request, "invitations/personal.html", context)


@personal_link("GET", "HEAD", "POST")
def personal_page(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """The invitation. Only POST answers: mail scanners open links, so a link with an answer merely chooses it."""
    data = request.POST if request.method == "POST" and not invitation.conference.permanent else None
    day, wished = request.GET.get("date", ""), request.GET.get("answer", "")
    form = AnswerForm(invitation, wished="" if day else wished, data=data)
    if form.is_valid():
        try:
            invitation.respond(form.cleaned_data["answer"], form.cleaned_data["comment"], now)
            return redirect("invitations:answer", invitation.token)
        except ClosedError:
            form = AnswerForm(invitation)
    return _show(request, invitation, now, form=form, dates_form=DatesForm(invitation, now, day=day, wished=wished))


@personal_link("POST")
def answers_to_dates(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Answers to single dates of a series; whatever is answered to the whole stays."""
    form = DatesForm(invitation, now, request.POST)
    if not form.dates:
        return redirect(invitation)
    if not form.is_valid():
        return _show(request, invitation, now, form=AnswerForm(invitation), dates_form=form)
    for day, partstat in form.chosen.items():
        with suppress(ClosedError):  # cancelled a moment ago: the page says so
            invitation.respond(partstat, "", now, original_date=day)
    messages.success(request, _("Your answers are sent."))
    return redirect(invitation)


@personal_link("GET", "HEAD")
def answered(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """“You accepted”."""
    if invitation.answer == PartStat.NEEDS_ACTION or invitation.conference.cancelled_at:
        return redirect(invitation)
    return render(request, "invitations/answered.html", _about(invitation, now))


@personal_link("POST")
def personal_room(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Into the room; back to the page if it is not open, or to wait there until somebody lets the person in.

    Under the name that the organizer invited: others in the room, and signed rooms, take it for true.
    """
    form = JoinForm({"name": invitation.name or request.POST.get("name")}, with_password=False)
    if not form.is_valid():
        return _show(request, invitation, now, form=AnswerForm(invitation), name_form=form)
    answer = enter(door(invitation.conference, now), _visitor(invitation, form.cleaned_data["name"]), now)
    if isinstance(answer, Entrance):
        return hand_over(answer.url)
    if answer is Refusal.UNREACHABLE:
        page = _show(request, invitation, now, form=AnswerForm(invitation), name_form=form, is_down=True)
        return room_is_down(page)
    return redirect(invitation)


@personal_link("POST")
def personal_waiting(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """A page in the waiting room tells that it is still open, or that its person leaves."""
    mine = door(invitation.conference, now).arrivals.filter(key=_visitor(invitation).key)
    return waiting_answer(request, mine, now, page=invitation.get_absolute_url())


@guest_page
@require_safe
def direct_calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """The conference with the direct link, for whoever has no more than that."""
    now = timezone.now()
    rows = Conference.objects.filter(cancelled_at=None).select_related("organizer")
    conference = by_token(rows, join_token=token, network=network_of(request), now=now)
    return to_keep(told_by_link(successor(conference, now) or conference), now)


@personal_link("GET", "HEAD")
def personal_calendar_file(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """The conference with the personal link, or, once cancelled, the object that takes it out of a calendar."""
    return ics(invitation.conference, objects.calendar_file(invitation, now), now)
