"""“What they will get”: the pages that show letters before they leave, and the test to oneself.

What is typed in the form is kept in the session while its letter is looked at, so that the page and the frame in it
are looked at by GET, and nothing typed is lost on the way there and back.
"""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conferences.models import Conference
from conferences.requests import SignedInRequest, managed
from conferences.typed import keeps_what_was_typed
from invitations import inviting, previewing
from invitations.forms import InviteForm
from invitations.letter_pages import around_letter, html_of_letter
from invitations.previewing import Preview
from invitations.views import form_page

DRAFT = "invite_draft"


@keeps_what_was_typed
@around_letter
@form_page
def preview(request: SignedInRequest, pk: int) -> HttpResponse:
    """GET: a letter as it would leave now. POST: keep what the form of inviting says, and show its letter."""
    conference = managed(request, pk)
    if request.method == "POST":
        return _keep(request, conference)
    form = _drafted(request, conference)
    shown = _shown(request, conference, form)
    query = {"kind": shown.kind, "language": shown.language} | ({"draft": 1} if form else {})
    context = {"tab": "conferences", "conference": conference, "shown": shown, "form": form, "query": urlencode(query)}
    return render(request, "invitations/preview.html", context)


@require_safe
@html_of_letter
def preview_html(request: SignedInRequest, pk: int) -> HttpResponse:
    """The HTML part alone, for the frame."""
    conference = managed(request, pk)
    return HttpResponse(_shown(request, conference, _drafted(request, conference)).letter.html)


@require_POST
def before_inviting(request: SignedInRequest, pk: int) -> HttpResponse:
    """What to know of the people who are chosen in a form that is still being filled in: nothing is saved."""
    form = InviteForm(request.user, request.POST, needs_people=False)
    form.is_valid()  # reads the chips, whatever else is wrong
    context = {"conference": managed(request, pk), "form": form}
    return render(request, "invitations/_before_inviting.html", context)


@require_POST
def send_test(request: SignedInRequest, pk: int) -> HttpResponse:
    """The letter that the page shows, to whoever looks at it."""
    conference = managed(request, pk)
    shown = _shown(request, conference, _drafted(request, conference))
    try:
        previewing.send_test(shown, request.user, timezone.now())
    except previewing.TooManyTestsError:
        messages.error(request, _("You have sent yourself many tests. Wait an hour and try again."))
    else:
        messages.success(request, previewing.where_it_goes(request.user))
    return redirect(f"{reverse('invitations:preview', args=[pk])}?{request.GET.urlencode()}")


def _keep(request: SignedInRequest, conference: Conference) -> HttpResponse:
    """What is wrong is said where it was typed."""
    form = InviteForm(request.user, request.POST, needs_people=False)
    if not form.is_valid():
        context = {"tab": "conferences", "conference": conference, "form": form}
        return render(request, "invitations/invite.html", context)
    typed = request.POST.copy()
    typed.pop("csrfmiddlewaretoken", None)
    request.session[DRAFT] = {"conference": conference.pk, "typed": typed.urlencode()}
    return redirect(f"{reverse('invitations:preview', args=[conference.pk])}?draft=1")


def _drafted(request: SignedInRequest, conference: Conference) -> InviteForm | None:
    """The form as it was typed, where the address asks for its letter."""
    draft = request.session.get(DRAFT, {})
    if "draft" not in request.GET or draft.get("conference") != conference.pk:
        return None
    form = InviteForm(request.user, QueryDict(draft["typed"]), needs_people=False)
    return form if form.is_valid() else None


def _shown(request: SignedInRequest, conference: Conference, form: InviteForm | None) -> Preview:
    given = {name: request.GET.get(name, "") for name in ("kind", "language")}
    if form is None:
        return previewing.preview(conference, previewing.invited(conference), **given, now=timezone.now())
    people = inviting.drafted(conference, form.people, form.roles, request.user)
    return previewing.preview(conference, people, **given, message=form.cleaned_data["message"], now=timezone.now())
