"""What surrounds every page: headers, the age of sessions, the first start, the person's language and zone."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation

from invitations.words import language_of

type GetResponse = Callable[[HttpRequest], HttpResponse]

# Camera and microphone belong to the room, which is another site; nothing here needs any device.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "microphone", "geolocation", "display-capture", "payment", "usb", "browsing-topics")
)
OPEN_BEFORE_FIRST_START = {"welcome", "healthz", "readyz", "metrics"}


def headers(get_response: GetResponse) -> GetResponse:
    """Headers of every answer; pages are never kept by a cache, only static files say otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


def any_host_for_health(get_response: GetResponse) -> GetResponse:
    """Probes ask by address, not by name: for them the Host header says nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in {"/healthz", "/readyz"}:
            request.META["HTTP_HOST"] = settings.SITE_HOST
        return get_response(request)

    return middleware


def session_age(get_response: GetResponse) -> GetResponse:
    """End a session that is too old, and keep a used one from running out.

    Saved at most every few minutes: saving at every request would let parallel requests undo each other.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        now = int(time.time())
        if request.user.is_authenticated:
            if now - request.session.get("began", now) > settings.SESSION_ABSOLUTE_AGE:
                logout(request)
            elif now - request.session.get("seen", 0) > settings.SESSION_REFRESH_EVERY:
                request.session["seen"] = now
        response = get_response(request)
        if request.user.is_authenticated:  # since a moment ago, perhaps
            request.session.setdefault("began", now)
        return response

    return middleware


class FirstStart:
    """While nobody has an account, every page leads to the one that makes the first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        match = request.resolver_match
        is_open = match is not None and match.url_name in OPEN_BEFORE_FIRST_START
        if is_open or request.user.is_authenticated or get_user_model().objects.exists():
            return None
        return redirect("welcome")


def person(get_response: GetResponse) -> GetResponse:
    """Speak the signed-in person's language and show times in their zone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        translation.activate(language_of(request.user.language))
        with timezone.override(request.user.time_zone):
            return get_response(request)

    return middleware
