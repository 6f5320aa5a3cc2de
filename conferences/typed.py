"""Nothing typed is lost when the session has ended meanwhile: the answer to the POST holds all of it.

Signing in, in another tab, also renews the token against forged requests, so the first repetition comes with a token
that is no longer good. It is answered the same way, but only where the browser itself says that the request came
from one of our own pages: a forged one never gets a filled form with a good token.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

type View = Callable[..., HttpResponse]

# Sent again, but not shown to the person as what they entered.
OUR_MARKS = {"submission_id", "seen_sequence"}


def keeps_what_was_typed(view: View) -> View:
    """For pages with much to fill in: signed out, a GET leads to the sign-in page and a POST gets its own back."""

    @login_not_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return typed_again(request) if request.method == "POST" else redirect_to_login(request.get_full_path())

    wrapped.keeps_what_was_typed = True  # type: ignore[attr-defined]
    return wrapped


def typed_again(request: HttpRequest) -> HttpResponse:
    """The page that holds what was sent, ready to be sent again."""
    context = {"sent": list(pairs(request.POST)), "marks": OUR_MARKS, "path": request.get_full_path()}
    return render(request, "conferences/signed_out.html", context, status=403)


def may_be_typed_again(request: HttpRequest) -> bool:
    """Whether a POST with an old token may be answered by `typed_again`: ours by the browser's own word, and kept."""
    view = request.resolver_match and request.resolver_match.func
    same_origin = request.headers.get("Sec-Fetch-Site") == "same-origin"
    return request.method == "POST" and same_origin and getattr(view, "keeps_what_was_typed", False)


def pairs(sent: QueryDict) -> Iterator[tuple[str, str]]:
    """All that was sent, for a page that sends it again."""
    for name, values in sent.lists():
        if name != "csrfmiddlewaretoken":  # the page gets one of its own
            yield from ((name, str(value)) for value in values)
