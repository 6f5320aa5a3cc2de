"""Pages on which administrators say something in their own words in letters, and see it before it counts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from conferences.requests import SignedInRequest
from conferences.responses import View
from invitations import own_words, previewing
from invitations.letter_pages import around_letter, html_of_letter
from invitations.letters import Letter
from invitations.models import Delivery
from invitations.previewing import KINDS
from invitations.wording_forms import WordingForm
from invitations.wordings import Wording

DRAFT = "wording_draft"


def of_administrators(view: Callable[..., HttpResponse]) -> View:
    """For all others there is no such page, nor for a letter or a language that does not exist."""

    @wraps(view)
    def checked(request: SignedInRequest, **kwargs: Any) -> HttpResponse:
        is_known = kwargs.get("kind", "invitation") in _kinds() and kwargs.get("language", "en") in _languages()
        if not request.user.is_staff or not is_known:
            raise Http404
        return view(request, **kwargs)

    return checked


def _kinds() -> dict[str, str]:
    """The letters to people, with their names."""
    kinds: dict[str, str] = {kind: str(label) for kind, label in KINDS.items()}
    return {**kinds, Delivery.Kind.MESSAGE: _("Message to participants")}


def _languages() -> dict[str, str]:
    return dict(settings.LANGUAGES)


@of_administrators
@require_safe
def wordings(request: SignedInRequest) -> HttpResponse:
    """All letters in all languages, and which of them say something in the site's own words."""
    known = {(row.kind, row.language): row for row in Wording.objects.select_related("by").order_by("at")}
    rows = [
        {"kind": kind, "label": label, "language": code, "name": name, "own": known.get((kind, code))}
        for kind, label in _kinds().items()
        for code, name in _languages().items()
    ]
    return render(request, "invitations/wordings.html", {"rows": rows})


@of_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def wording(request: SignedInRequest, kind: str, language: str) -> HttpResponse:
    """GET: the form. POST: look at it first, or back to our words."""
    if "ours" in request.POST:
        own_words.use(kind, language, {}, request.user)
        messages.success(request, _("These letters are in our words again."))
        return redirect("invitations:wordings")
    texts = _draft(request, kind, language)
    initial = own_words.live(kind, language) if texts is None else texts
    form = WordingForm(kind, request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        request.session[DRAFT] = {"kind": kind, "language": language, "texts": form.cleaned_data}
        return redirect("invitations:wording-preview", kind, language)
    context = _about(kind, language) | {"form": form, "is_own": own_words.live(kind, language)}
    context["placeholders"] = [(f"{{{name}}}", meaning) for name, meaning in own_words.PLACEHOLDERS.items()]
    return render(request, "invitations/wording.html", context)


@of_administrators
@around_letter
@require_http_methods(["GET", "HEAD", "POST"])
def wording_preview(request: SignedInRequest, kind: str, language: str) -> HttpResponse:
    """GET: a sample of the letter in the words that were just typed. POST: let them count."""
    texts = _draft(request, kind, language)
    if texts is None:
        return redirect("invitations:wording", kind, language)
    if request.method == "POST":
        own_words.use(kind, language, texts, request.user)
        del request.session[DRAFT]
        messages.success(request, _("From now on letters say this."))
        return redirect("invitations:wordings")
    context = _about(kind, language) | {"letter": _sample(request, kind, language, texts)}
    return render(request, "invitations/wording_preview.html", context)


@of_administrators
@require_safe
@html_of_letter
def wording_html(request: SignedInRequest, kind: str, language: str) -> HttpResponse:
    """The HTML of that sample, for the frame."""
    texts = _draft(request, kind, language) or own_words.live(kind, language)
    return HttpResponse(_sample(request, kind, language, texts).html)


def _about(kind: str, language: str) -> dict[str, Any]:
    return {"kind": kind, "label": _kinds()[kind], "language": language, "name": _languages()[language]}


def _draft(request: SignedInRequest, kind: str, language: str) -> dict[str, str] | None:
    """What was typed for this letter and does not count yet."""
    draft = request.session.get(DRAFT, {})
    return draft["texts"] if (draft.get("kind"), draft.get("language")) == (kind, language) else None


def _sample(request: SignedInRequest, kind: str, language: str, texts: dict[str, str]) -> Letter:
    return previewing.sample(Delivery.Kind(kind), language, texts, request.user, timezone.now())
