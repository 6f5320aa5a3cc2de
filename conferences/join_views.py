"""The doors for guests: the direct link, and the conference ID with its password. No account; a trace in the browser,
the cookie of guests.py, only of those who press Join.
"""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from conferences import guests, join_dates
from conferences.join import Door, Entrance, Refusal, Visitor, barrier, compare_password, door, enter, successor
from conferences.join_forms import JoinForm, NumberForm
from conferences.links import by_token, count_miss, refuse_guessers, told_by_link
from conferences.models import Conference
from conferences.responses import guest_page, hand_over, network_of, room_is_down, waiting_answer
from conferences.tokens import new_token

ASKS_EVERY = {Refusal.WAITING: timedelta(seconds=10), Refusal.FULL: timedelta(seconds=60)}
# A page that was left open for longer than this is not being watched.
EARLY_ASKS_WITHIN = timedelta(hours=12)
FORM_SAYS = (Refusal.PASSWORD, Refusal.TOO_MANY_TRIES)


@sensitive_post_parameters("password")
@guest_page
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The direct link: says when the room opens, lets people in while it is open, says why it is closed."""
    now = timezone.now()
    conference = _behind(request, token, now)
    if onward := successor(conference, now):
        return _to_link(onward, request)
    way = door(conference, now)
    me = Visitor(key=guests.key_of(guests.guest_of(request)))
    arrival = way.arrival(me.key)
    refusal = barrier(way, me, arrival, now)
    if refusal:
        return _to_link(conference, request) if request.method == "POST" else _closed_page(request, way, refusal, now)
    is_let_in = arrival is not None and arrival.may_come and conference.waiting_room
    form = JoinForm(
        request.POST if request.method == "POST" else None,
        with_name=not is_let_in,
        with_password=bool(conference.password) and not (arrival and arrival.admitted_at),
        initial={"name": arrival.name} if arrival else None,
    )
    if form.is_valid():
        return _join(request, way, form, now)
    return _open_page(request, way, form, now)


def _behind(request: HttpRequest, token: str, now: datetime) -> Conference:
    """The conference that a direct link belongs to."""
    rows = Conference.objects.select_related("organizer")
    return by_token(rows, join_token=token, network=network_of(request), now=now)


def _join(request: HttpRequest, way: Door, form: JoinForm, now: datetime) -> HttpResponse:
    """Into the room, into the waiting room, or back to the form."""
    token = guests.guest_or_new(request)
    me = Visitor(form.cleaned_data.get("name", ""), guests.key_of(token))
    answer = enter(way, me, now, password=form.cleaned_data.get("password", ""), network=network_of(request))
    if isinstance(answer, Entrance):
        return guests.remember(hand_over(answer.url), token)
    if answer is Refusal.UNREACHABLE:
        return room_is_down(_open_page(request, way, form, now, is_down=True))
    if answer in FORM_SAYS:
        status = form.refuse(answer)
        return _open_page(request, way, form, now, status=status)
    return guests.remember(_to_link(way.conference, request), token)


def _open_page(
    request: HttpRequest, way: Door, form: JoinForm, now: datetime, *, status: int = 200, is_down: bool = False
) -> HttpResponse:
    """The room is open."""
    context = _about(request, way, now) | {"form": form, "is_down": is_down}
    return render(request, "join/open.html", context, status=status)


def _about(request: HttpRequest, way: Door, now: datetime) -> dict[str, Any]:
    """What every state of the page says of the conference. By the link alone nobody reads what a password protects."""
    conference = way.conference
    return {
        "guest_caption": _("Conference"),
        "conference": conference,
        "door": way,
        "now": now,
        "agenda": told_by_link(conference).agenda,
        "moved_from": join_dates.moved_from(way),
        "manages": _manages(request, conference),
    }


def _manages(request: HttpRequest, conference: Conference) -> bool:
    """Whether whoever looks manages the conference, and so is shown the other way in."""
    if not request.user.is_authenticated:
        return False
    return Conference.objects.managed_by(request.user).filter(pk=conference.pk).exists()


def _closed_page(request: HttpRequest, way: Door, refusal: Refusal, now: datetime) -> HttpResponse:
    """Why nobody can enter; the page asks again by itself when there is something to wait for."""
    context = _about(request, way, now)
    if refusal in (Refusal.EARLY, Refusal.CANCELLED):
        context["cancelled_dates"] = join_dates.cancelled_before(way, now)
        context["next_dates"] = join_dates.next_dates(way, now)
    if refusal is Refusal.CANCELLED:
        context["cancellation"] = join_dates.cancellation(way)
    if refusal is Refusal.WAITING_ROOM:
        context["arrival"] = way.arrival(guests.key_of(guests.guest_of(request)))
    response = render(request, f"join/{refusal}.html", context)
    early = {Refusal.EARLY: way.opens_at - now} if way.opens_at else {}
    again = (ASKS_EVERY | early).get(refusal)
    if again and again < EARLY_ASKS_WITHIN:
        response.headers["Refresh"] = str(int(again.total_seconds()) + 1)
    return response


@guest_page
@require_POST
def waiting(request: HttpRequest, token: str) -> HttpResponse:
    """A page in the waiting room tells that it is still open, or that its person leaves."""
    now = timezone.now()
    way = door(_behind(request, token, now), now)
    mine = way.arrivals.filter(key=guests.key_of(guests.guest_of(request)))
    return waiting_answer(request, mine, now, page=reverse("conferences:join", args=[token]))


@sensitive_post_parameters("password")
@guest_page
@require_http_methods(["GET", "HEAD", "POST"])
def by_number(request: HttpRequest) -> HttpResponse:
    """Join a conference by its ID and password; an ID that nobody has is refused like a wrong password."""
    now = timezone.now()
    network = network_of(request)
    form = NumberForm(request.POST if request.method == "POST" else None, with_password=True)
    status = 200
    if form.is_valid():
        refuse_guessers(network, now)
        number = form.cleaned_data["number"]
        rows = Conference.objects.numbered(number).exclude(password="").select_related("organizer")
        conference = rows.first()
        # The work and the answer of a wrong password, too, for an ID that nobody has.
        expected = conference.password if conference else new_token()
        given = form.cleaned_data["password"]
        refusal = compare_password(expected, given, number=number, network=network, now=now)
        if conference and refusal is None:
            return _join_by_number(request, successor(conference, now) or conference, form, now)
        count_miss(network, now)
        status = form.refuse(refusal or Refusal.PASSWORD)
    return render(request, "join/number.html", {"form": form}, status=status)


def _join_by_number(request: HttpRequest, conference: Conference, form: NumberForm, now: datetime) -> HttpResponse:
    """Where the password was right: into the room, or to the page that knows what to say.

    That also asks for the password again, where an old number has led on to a conference that has another one.
    """
    if conference.password not in {"", form.cleaned_data["password"]}:
        return _to_link(conference, request)
    token = guests.guest_or_new(request)
    me = Visitor(form.cleaned_data["name"], guests.key_of(token), knows_password=True)
    answer = enter(door(conference, now), me, now, network=network_of(request))
    if isinstance(answer, Entrance):
        return guests.remember(hand_over(answer.url), token)
    if answer is Refusal.UNREACHABLE:
        return room_is_down(render(request, "join/number.html", {"form": form, "is_down": True}))
    if answer is Refusal.WAITING_ROOM:
        return guests.remember(_to_link(conference, request), token)
    return _to_link(conference, request)


def _to_link(conference: Conference, request: HttpRequest) -> HttpResponse:
    """To the page behind the direct link, which knows what to say."""
    url = reverse("conferences:join", args=[conference.join_token])
    return HttpResponseRedirect(url, status=303 if request.method == "POST" else 302)
