"""What clocks elsewhere make of a conference that is still being filled in."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from conferences.edit_views import sent_form
from conferences.requests import SignedInRequest
from conferences.schedule_views import half_filled
from conferences.when_forms import WHEN, WhenForm


@require_POST
def clocks(request: SignedInRequest) -> HttpResponse:
    """The warnings for a form as it is typed: nothing is saved."""
    return _clocks(request, half_filled(request))


@require_POST
def their_clocks(request: SignedInRequest, pk: int) -> HttpResponse:
    """The same of a conference that is there, or of the dates of it that are being changed."""
    form = sent_form(request, pk)
    return _clocks(request, form, conference=form.conference)


def _clocks(request: SignedInRequest, form: WhenForm, **context: object) -> HttpResponse:
    form.forget_errors_but(*WHEN)
    return render(request, "conferences/_form_clocks.html", {"form": form, **context})
