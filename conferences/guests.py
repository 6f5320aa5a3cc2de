"""Guests by the direct link: the cookie by which the same browser is the same person at the same door.

It is set when somebody presses Join and not before, ends with the browser, and goes to the doors alone. It is a secret:
who had it could take over somebody's place in a waiting room.
"""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from conferences.tokens import new_token

PATH = "/join/"


def cookie_name() -> str:
    """With https a name that browsers take from https alone."""
    return "__Secure-guest" if settings.SESSION_COOKIE_SECURE else "guest"


def guest_of(request: HttpRequest) -> str:
    """The token of this browser, "" if it has none: nothing but a token of ours counts, least of all another's key."""
    token = request.COOKIES.get(cookie_name(), "")
    return token if re.fullmatch("[a-z2-7]{26}", token) else ""


def guest_or_new(request: HttpRequest) -> str:
    """The token of this browser, a new one if it has none."""
    return guest_of(request) or new_token()


def key_of(token: str) -> str:
    """The key of this guest's arrivals; no key of an account or an invitation can look like it."""
    return f"guest-{token}" if token else ""


def remember[R: HttpResponse](response: R, token: str) -> R:
    """Let the browser keep the token."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(cookie_name(), token, path=PATH, httponly=True, samesite="Lax", secure=secure)
    return response
