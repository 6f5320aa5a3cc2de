"""Edit, reschedule, cancel."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conferences.conflicts import ChangedMeanwhile, NumberTaken
from conferences.edit_forms import CancelForm, EditForm
from conferences.models import Change, Conference
from conferences.requests import SignedInRequest, managed
from conferences.schedule_views import form_page
from conferences.tokens import new_password
from conferences.typed import keeps_what_was_typed


@keeps_what_was_typed
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """The same form for a conference that is there; the changes are told to everybody or to nobody."""
    conference = managed(request, pk)
    if conference.cancelled_at:
        messages.error(request, _("This conference was cancelled. It cannot be changed any more."))
        return redirect(conference)
    about = {"user": request.user, "now": timezone.now(), "conference": conference}
    if request.method != "POST":
        return form_page(request, EditForm(**about))
    form = EditForm(request.POST, **about)
    if "suggest" in request.POST:
        return form_page(request, form.with_(password=new_password()))
    return _change(request, form, conference) if form.is_valid() else form_page(request, form)


def _change(request: SignedInRequest, form: EditForm, conference: Conference) -> HttpResponse:
    """Save an edit, unless somebody else was faster: then both versions are shown."""
    seen = form.cleaned_data["seen_sequence"]
    try:
        change = form.change(conference)
    except ChangedMeanwhile:
        theirs = conference.changes.filter(sequence__gt=seen)
        return form_page(request, form.rebased(conference), status=409, theirs=theirs)
    except NumberTaken:
        return form_page(request, form.number_taken())
    messages.success(request, _said(change))
    for notice in form.notices:
        messages.info(request, notice)
    return redirect(conference)


def _said(change: Change | None) -> str:
    """What saving has led to."""
    if change is None:
        return _("Nothing was changed.")
    if change.tell == Change.Tell.NOBODY:
        return _("Changes saved. Nobody is told.")
    return _("Changes saved. Whoever was invited gets an update in about a minute.")


@require_http_methods(["GET", "HEAD", "POST"])
def cancellation(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once, with what will happen in words, then cancel."""
    conference = managed(request, pk)
    now = timezone.now()
    if conference.cancelled_at or conference.is_over(now):
        messages.info(request, _("This conference is over or was cancelled already."))
        return redirect(conference)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        tell = Change.Tell.ALL if form.cleaned_data["tell"] else Change.Tell.NOBODY
        conference.cancel(request.user, now, tell=tell, message=form.cleaned_data["message"])
        messages.success(request, _("Conference cancelled."))
        return redirect(conference)
    return render(
        request, "conferences/cancellation.html", {"tab": "conferences", "conference": conference, "form": form}
    )
