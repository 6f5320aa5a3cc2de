"""Edit, reschedule, cancel: a conference, or one date of a series, or all from one date on."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conferences import series
from conferences.aims import Aim, NoSuchDate, Scope, aimed
from conferences.choices import Tell
from conferences.conflicts import ChangedMeanwhile, NumberTaken
from conferences.defaults import proposed_values
from conferences.edit_forms import CancelForm, EditForm, edit_form
from conferences.models import Change, Conference
from conferences.requests import SignedInRequest, managed
from conferences.schedule_views import dates_of, form_page, half_way
from conferences.submissions import submission
from conferences.typed import keeps_what_was_typed, pairs

# What a page adds to the form that it carries along.
BUTTONS = {"tell", "back"}


@keeps_what_was_typed
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """The form for what `?date=` and `?scope=` say; then who will be told what; then it is saved."""
    conference = managed(request, pk)
    if conference.cancelled_at:
        messages.error(request, _("This conference was cancelled. It cannot be changed any more."))
        return redirect(conference)
    try:
        aim = aimed(conference, request.GET, timezone.now())
    except NoSuchDate:
        return _gone(request, conference)
    if aim.scope is None:
        return _ask(request, aim, "edit")
    if request.method != "POST":
        return _form_page(request, edit_form(aim, None, request.user, initial=_proposed(request, aim)), aim)
    return _edit(request, edit_form(aim, request.POST, request.user), aim)


def _proposed(request: SignedInRequest, aim: Aim) -> dict[str, Any] | None:
    """The time that the address proposes; for a whole series its clock time, because its days are those of the rule."""
    if aim.scope == Scope.FOLLOWING:
        return None
    values = proposed_values(request.GET, aim.conference.time_zone)
    if aim.conference.rule and aim.scope != Scope.THIS:
        values.pop("date", None)
    return values or None


@require_POST
def dates(request: SignedInRequest, pk: int) -> HttpResponse:
    """As schedule_views.dates, of a series that is there."""
    return dates_of(request, sent_form(request, pk))


def sent_form(request: SignedInRequest, pk: int) -> EditForm:
    """What is typed so far, for as much of a conference as `?date=` and `?scope=` say. Raises Http404."""
    aim = aimed(managed(request, pk), request.GET, timezone.now())
    return edit_form(aim, request.POST, request.user)


def _edit(request: SignedInRequest, form: EditForm, aim: Aim) -> HttpResponse:
    """What to do with a form that was sent."""
    if page := half_way(request, form, aim=aim):
        return page
    if "back" in request.POST:
        return _form_page(request, form.with_(), aim)
    if not form.is_valid():
        return _form_page(request, form, aim)
    draft = form.draft()
    if not draft.before and aim.scope != Scope.FOLLOWING:
        messages.success(request, _("Nothing was changed."))
        return redirect(aim.conference)
    if "tell" in request.POST or (draft.is_quiet and aim.scope != Scope.FOLLOWING):
        return _save(request, form, aim, draft)
    sent = [(name, value) for name, value in pairs(request.POST) if name not in BUTTONS]
    return _page(request, "told", aim, form=form, draft=draft, sent=sent, exceptions=form.exceptions())


def _save(request: SignedInRequest, form: EditForm, aim: Aim, draft: Change) -> HttpResponse:
    """Save, unless somebody else was faster: then both versions are shown."""
    seen = form.cleaned_data["seen_sequence"]
    try:
        conference = form.save(*submission(request.POST))
    except ChangedMeanwhile:
        return _both_versions(request, form, aim, seen)
    except NumberTaken:
        return _form_page(request, form.number_taken(), aim)
    told = form.cleaned_data["tell"] != Tell.NOBODY and not draft.is_quiet
    said = _("Changes saved. Whoever was invited gets an update in about a minute.")
    messages.success(request, said if told else _("Changes saved. Nobody is told."))
    for notice in form.notices:
        messages.info(request, notice)
    return redirect(_where_it_shows(aim, conference))


def _where_it_shows(aim: Aim, conference: Conference) -> str:
    """The address of what was changed: of one date its line in the list of dates."""
    page = conference.get_absolute_url()
    day = aim.occurrence.original_date if aim.occurrence and aim.scope in {Scope.THIS, None} else None
    return f"{page}?date={day}#dates" if day else page


def _both_versions(request: SignedInRequest, form: EditForm, aim: Aim, seen: int) -> HttpResponse:
    """What was saved meanwhile, and this person's changes on top of it."""
    conference = aim.conference
    conference.refresh_from_db()
    if conference.cancelled_at:
        messages.error(request, _("This conference was cancelled. It cannot be changed any more."))
        return redirect(conference)
    if aim.occurrence and not series.stands(aim.occurrence):
        return _gone(request, conference)
    rebased, conflicts = form.rebased()
    theirs = conference.changes.filter(sequence__gt=seen)
    return _form_page(request, rebased, aim, status=409, theirs=theirs, conflicts=conflicts)


def _gone(request: SignedInRequest, conference: Conference) -> HttpResponse:
    """The answer where the date that it is about is not there (any more): to the press that has made it so, too."""
    if request.method != "POST":
        raise NoSuchDate
    submission_id, _digest = submission(request.POST)
    saved = Conference.objects.filter(organizer=conference.organizer_id, submission_id=submission_id).first()
    messages.info(request, _("This was saved already.") if saved else _("The series has no such date any more."))
    return redirect(saved or conference)


def _form_page(request: SignedInRequest, form: EditForm, aim: Aim, status: int = 200, **context: Any) -> HttpResponse:
    return form_page(request, form, status=status, aim=aim, **context)


def _page(request: SignedInRequest, name: str, aim: Aim, **context: Any) -> HttpResponse:
    context |= {"tab": "conferences", "aim": aim, "conference": aim.conference}
    return render(request, f"conferences/{name}.html", context)


def _ask(request: SignedInRequest, aim: Aim, what: str) -> HttpResponse:
    """Which part of the series is meant."""
    return _page(request, "scope", aim, what=what, url=f"conferences:{what}")


# CANCEL


@require_http_methods(["GET", "HEAD", "POST"])
def cancellation(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask once, with what will happen in words, then cancel."""
    conference = managed(request, pk)
    now = timezone.now()
    if conference.cancelled_at or conference.is_over(now):
        messages.info(request, _("This conference is over or was cancelled already."))
        return redirect(conference)
    try:
        aim = aimed(conference, request.GET, now)
    except NoSuchDate:
        return _gone(request, conference)
    if aim.scope is None:
        return _cancelled_already(request, aim) or _ask(request, aim, "cancellation")
    form = CancelForm(request.POST if request.method == "POST" else None)
    return _cancel(request, form, aim) if form.is_valid() else _page(request, "cancellation", aim, form=form)


def _cancelled_already(request: SignedInRequest, aim: Aim) -> HttpResponse | None:
    """The answer to a second press."""
    if request.method == "POST" and aim.occurrence and aim.occurrence.cancelled_at:
        messages.info(request, _("This date was cancelled already."))
        return redirect(_where_it_shows(aim, aim.conference))
    return None


def _cancel(request: SignedInRequest, form: CancelForm, aim: Aim) -> HttpResponse:
    said: dict[str, Any] = {
        "tell": Tell.ALL if form.cleaned_data["tell"] else Tell.NOBODY,
        "message": form.cleaned_data["message"],
    }
    try:
        words = _take_off(request, aim, said)
    except ChangedMeanwhile:
        return _gone(request, aim.conference)
    messages.success(request, words)
    return redirect(_where_it_shows(aim, aim.conference))


def _take_off(request: SignedInRequest, aim: Aim, said: dict[str, Any]) -> str:
    """Cancel as much as was meant; what to say then."""
    if aim.scope == Scope.THIS and aim.occurrence:
        aim.occurrence.cancel(request.user, aim.now, **said)
        return _("This date was cancelled.")
    if aim.scope == Scope.FOLLOWING and aim.occurrence:
        series.end_before(aim.occurrence, request.user, aim.now, **said)
        return _("This and the following dates were cancelled.")
    aim.conference.cancel(request.user, aim.now, **said)
    return _("Conference cancelled.")
