"""What is special about answers that lead to a room or that are opened by whoever holds a link."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.csp import CSP, build_policy
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache

from conferences import rooms
from conferences.arrivals import ArrivalQuerySet
from conferences.links import TooManyTries
from conferences.networks import network

type View = Callable[..., HttpResponseBase]

# Seconds after which it makes sense to try a room again that did not answer.
ROOM_RETRY_AFTER = 10


def network_of(request: HttpRequest) -> str:
    """The network that this request's tries count by."""
    return network(request.META, settings.TRUSTED_PROXY_COUNT)


def leads_to_room(view: View) -> View:
    """For pages with a form whose answer is the way into a room: browsers want to see its host in form-action."""

    @wraps(view)
    def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        usual = cast(Mapping[str, list[str]], settings.SECURE_CSP)
        policy = {**usual, "form-action": [*usual["form-action"], *rooms.origins()]}
        response.headers[str(CSP.HEADER_ENFORCE)] = build_policy(policy)
        return response

    return with_policy


def secret_link(view: View) -> View:
    """For addresses that hold a token: no account, no traces, no guessing.

    The link is the secret, so it must not leave in a Referer header or get into a search engine; unknown is revoked.
    """

    @login_not_required
    @wraps(view)
    def without_traces(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = render(request, "join/unknown.html", status=404)
        except TooManyTries:
            response = render(request, "join/too_many_tries.html", status=429)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return without_traces


def guest_page(view: View) -> View:
    """For pages that are opened by a token or a conference ID, lead into a room, and stay in no cache."""
    return never_cache(secret_link(leads_to_room(view)))


def hand_over(url: str) -> HttpResponseRedirect:
    """Send the browser from a POST to the room: as a GET, and without telling the room where it came from."""
    return HttpResponseRedirect(url, status=303, headers={"Referrer-Policy": "no-referrer"})


def download(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A download under an ASCII name: some browsers refuse others."""
    disposition = content_disposition_header(as_attachment=True, filename=name)
    headers = {"Content-Disposition": str(disposition), "Cache-Control": "no-store, private"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def room_is_down(response: HttpResponse) -> HttpResponse:
    """Mark a page whose POST found no answer in the room; the page itself says so and tries again (retry.js)."""
    response.status_code = 503
    response.headers["Retry-After"] = str(ROOM_RETRY_AFTER)
    return response


def waiting_answer(request: HttpRequest, mine: ArrivalQuerySet, now: datetime, *, page: str) -> HttpResponse:
    """To a page in the waiting room: “Leave” leads back to `page`; anything else tells that it is still open.

    Looking at a page changes no row, so presence is told by a POST of its own.
    """
    if "leave" in request.POST:
        mine.leave()
        return HttpResponseRedirect(page, status=303)
    mine.see(now)
    return HttpResponse(status=204)
