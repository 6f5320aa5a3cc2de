"""What clocks elsewhere make of a conference that is still being filled in."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from conferences.defaults import values_of, zone_of
from conferences.requests import SignedInRequest, managed
from conferences.when_forms import WHEN, WhenForm


@require_POST
def clocks(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    """The warnings for a form as it is typed, of the conference `pk` or of a new one: nothing is saved."""
    conference = managed(request, pk) if pk else None
    first = values_of(conference) if conference else {"duration": "60"}
    # What an edit of single dates does not ask for stays as it is.
    kept = {name for name in ("date", "time_zone") if conference and name not in request.POST}
    form = WhenForm(request.POST, now=timezone.now(), home_zone=zone_of(request.user), initial=first, kept=kept)
    form.forget_errors_but(*WHEN)
    return render(request, "conferences/_form_clocks.html", {"form": form, "conference": conference})
