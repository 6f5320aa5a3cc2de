"""The calendar feed, as calendars ask for it, and its address in the profile."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from conferences.links import by_token
from conferences.requests import SignedInRequest
from conferences.responses import network_of, secret_link
from invitations import feed_content, words
from invitations.feeds import Feed


@secret_link
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """All conferences of whoever has made this address, for calendars: no session, no cookie, no account.

    A calendar that knows the present state gets 304. It has to ask each time: a new address ends the old one at once.
    """
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
