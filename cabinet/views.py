"""First start, home, profile, and what is said when the server itself is in trouble."""

import sys
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure as plain_csrf_failure
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django.views.defaults import server_error as plain_server_error

from cabinet import samples
from cabinet.accounts import AccountsExist, create_first_account
from cabinet.forms import ProfileForm, WelcomeForm
from cabinet.models import User
from conferences.list_views import next_ones
from conferences.requests import SignedInRequest
from conferences.responses import leads_to_room
from conferences.typed import may_be_typed_again, typed_again

BACKEND = settings.AUTHENTICATION_BACKENDS[0]
SHOWN_AT_HOME = 5


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """The first start: whoever comes first becomes the administrator; afterwards there is no such page."""
    if User.objects.exists():
        raise Http404
    form = WelcomeForm(request.POST or None)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            user = create_first_account(
                fields["email"], fields["name"], fields["password"],
                time_zone=fields["time_zone"], language=request.LANGUAGE_CODE,
            )  # fmt: skip
        except AccountsExist as error:
            raise Http404 from error
        if fields["samples"]:
            samples.add_contacts(user)
        login(request, user, BACKEND)
        return redirect("home")
    return render(request, "cabinet/welcome.html", {"form": form})


@leads_to_room
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """What comes next."""
    shown = next_ones(request.user, request.user.time_zone, SHOWN_AT_HOME, timezone.now())
    return render(request, "cabinet/home.html", shown | {"submission_id": uuid4()})


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Name, language and time zone of the person signed in."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Preferences saved."))
        return redirect("profile")
    return render(request, "cabinet/profile.html", {"form": form})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An old token: our own forms come back with what was typed, all others are refused."""
    return typed_again(request) if may_be_typed_again(request) else plain_csrf_failure(request, reason)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where only the database is busy or away: then it is worth trying again."""
    if isinstance(sys.exception(), OperationalError):
        return HttpResponse(render(None, "503.html"), status=503, headers={"Retry-After": "10"})
    return plain_server_error(request)
