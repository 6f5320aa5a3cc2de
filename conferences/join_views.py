"""The doors for guests: the direct link, and the conference ID with its password. No account, no traces."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from conferences.join import Door, Entrance, Refusal, closed, compare_password, door, enter
from conferences.join_forms import JoinForm, NumberForm
from conferences.links import by_token, count_miss, refuse_guessers
from conferences.models import Change, Conference
from conferences.responses import guest_page, hand_over, network_of
from conferences.tokens import new_token

WAITING_ASKS_EVERY = timedelta(seconds=10)
# A page that was left open for longer than this is not being watched.
EARLY_ASKS_WITHIN = timedelta(hours=12)


@sensitive_post_parameters("password")
@guest_page
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The direct link: says when the room opens, lets people in while it is open, says why it is closed."""
    now = timezone.now()
    rows = Conference.objects.select_related("organizer")
    conference = by_token(rows, join_token=token, network=network_of(request), now=now)
    way = door(conference, now)
    refusal = closed(way, now)
    if refusal:
        return _to_link(conference) if request.method == "POST" else _closed_page(request, way, refusal, now)
    form = JoinForm(request.POST if request.method == "POST" else None, with_password=bool(conference.password))
    status = 200
    if form.is_valid():
        answer = enter(way, **form.cleaned_data, network=network_of(request), now=now)
        if isinstance(answer, Entrance):
            return hand_over(answer.url)
        status = form.refuse(answer)
    context = {"guest_caption": _("Conference"), "conference": conference, "door": way, "form": form, "now": now}
    return render(request, "join/open.html", context, status=status)


def _closed_page(request: HttpRequest, way: Door, refusal: Refusal, now: datetime) -> HttpResponse:
    """Why nobody can enter; the page asks again by itself when there is something to wait for."""
    conference = way.conference
    context = {"guest_caption": _("Conference"), "conference": conference, "door": way, "now": now}
    if refusal is Refusal.CANCELLED:
        context["cancellation"] = conference.changes.filter(kind=Change.Kind.CANCELLED).first()
    response = render(request, f"join/{refusal}.html", context)
    early = way.opens_at - now if way.opens_at else None
    again = {Refusal.EARLY: early, Refusal.WAITING: WAITING_ASKS_EVERY}.get(refusal)
    if again and again < EARLY_ASKS_WITHIN:
        response.headers["Refresh"] = str(int(again.total_seconds()) + 1)
    return response


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
        number = form.cleaned_data.pop("number")
        rows = Conference.objects.numbered(number).exclude(password="").select_related("organizer")
        conference = rows.first()
        given = form.cleaned_data.pop("password")
        # The work and the answer of a wrong password, too, for an ID that nobody has.
        expected = conference.password if conference else new_token()
        refusal = compare_password(expected, given, number=number, network=network, now=now)
        if conference and refusal is None:
            answer = enter(door(conference, now), **form.cleaned_data, now=now, invited=True)
            return hand_over(answer.url) if isinstance(answer, Entrance) else _to_link(conference)
        count_miss(network, now)
        status = form.refuse(refusal or Refusal.PASSWORD)
    return render(request, "join/number.html", {"form": form}, status=status)


def _to_link(conference: Conference) -> HttpResponse:
    """To the page behind the direct link, which knows what to say."""
    return HttpResponseRedirect(reverse("conferences:join", args=[conference.join_token]), status=303)
