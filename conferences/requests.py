"""Requests of people who are signed in, and the conferences that they may ask for."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from conferences.models import Conference


class SignedInRequest(HttpRequest):
    """One that LoginRequiredMiddleware has let through."""

    user: Any


def number(text: str) -> int:
    """The key that an address or a button names; one that no row has where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def managed(request: SignedInRequest, pk: int) -> Conference:
    """The conference, if this person manages it; a stranger's is not found."""
    mine = Conference.objects.managed_by(request.user).select_related("organizer")
    return get_object_or_404(mine, pk=pk)
