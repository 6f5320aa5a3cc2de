"""The calendar feed, as calendars ask for it, and its address in the profile."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from conferences.links import TooManyTries, by_token
from conferences.requests import SignedInRequest
from conferences.responses import network_of
from invitations import feed_content, words
from invitations.feeds import Feed


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """All conferences of whoever has made this address, for calendars: no session, no cookie, no account.

    A calendar that knows the present state gets 304. It has to ask each time: a new address ends the old one at once.
    """
    try:
        response = _feed(request, token)
    except Http404:
        response = render(request, "join/unknown.html", status=404)
    except TooManyTries:
        response = render(request, "join/too_many_tries.html", status=429)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _feed(request: HttpRequest, token: str) -> HttpResponseBase:
    now = timezone.now()
    user = by_token(Feed.objects.open(), token=token, network=network_of(request), now=now).user
    with translation.override(words.language_of(user.language)):
        etag = f'"{feed_content.version(user, now)}"'
        response = get_conditional_response(request, etag=etag)
        if response is None:
            response = HttpResponse(feed_content.content(user, now), content_type="text/calendar; charset=utf-8")
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def feed_address(request: SignedInRequest) -> HttpResponse:
    """GET: the address of the person's feed, if there is one. POST: make a new one, which ends the old one."""
    own = Feed.objects.filter(user=request.user).first()
    if request.method == "POST":
        Feed.objects.renew(request.user)
        is_over = _("Your calendar feed has a new address. The old one does not work any more.")
        messages.success(request, is_over if own else _("Your calendar feed has an address now."))
        return redirect("invitations:feed-address")
    return render(request, "invitations/feed.html", {"feed": own})
