"""Showing the HTML of a letter in a page: in a frame of its own, in which nothing can run, load or be sent.

Letters carry their style inline, which the policy of our pages forbids; so the frame has a policy of its own, and
only the page around it may hold a frame (safety.md T40).
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

type View = Callable[..., HttpResponse]

FRAMING: dict[str, Any] = settings.SECURE_CSP | {"frame-src": [CSP.SELF]}
LETTER: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "sandbox": True,
    "frame-ancestors": [CSP.SELF],
}


def around_letter(view: View) -> View:
    """For the page with the frame in it."""
    return csp_override(FRAMING)(view)


def html_of_letter(view: View) -> View:
    """For what the frame shows."""
    return xframe_options_sameorigin(csp_override(LETTER)(view))
