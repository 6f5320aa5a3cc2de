"""What invited people decide about themselves, behind their personal link: how they are written to, or not at all; what
this site knows of them through this invitation, and that it forgets it.

Letters are passed on, and their links with them; organizers have those links, too. So all of it is about this one
invitation, and ends with it; only silence begins here for the address. What is held under the address otherwise opens
by a key alone, for which one asks here or at the page for lost links (address_views.py).
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from addressbook.addresses import shown_address
from conferences.links import by_token
from conferences.responses import View, download, guest_page, network_of
from invitations import erasing, links, own_data, reporting, wishes, words
from invitations.models import Invitation
from invitations.own_data import Own
from invitations.silence import Silence
from invitations.you_forms import ErasureForm, LostLinkForm, ReportForm, WishesForm

type PageOfOneself = Callable[..., HttpResponse]
type Links = Callable[[datetime], QuerySet[Any]]

INVITATIONS_SHOWN = 50


def page_of_oneself(links_at: Links, *methods: str) -> Callable[[PageOfOneself], View]:
    """For pages on which people decide about themselves, behind one of the links that are good at the moment."""

    def decorate(view: PageOfOneself) -> View:
        @guest_page
        @require_http_methods(methods)
        @wraps(view)
        def of_link(request: HttpRequest, token: str, **rest: str) -> HttpResponse:
            now = timezone.now()
            link = by_token(links_at(now), network=network_of(request), now=now, token=token)
            if link.language:
                translation.activate(words.language_of(link.language))
            return view(request, link, now, **rest)

        return of_link

    return decorate


def standing(_now: datetime) -> QuerySet[Invitation]:
    """Personal links: withdrawn is unknown."""
    return Invitation.objects.standing().select_related("conference__organizer", "submission")


# HOW THEY ARE WRITTEN TO


@page_of_oneself(standing, "GET", "HEAD", "POST")
def you(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Language and time zone, and the way to everything else."""
    form = WishesForm(invitation, now, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if form.has_changed():
            wishes.choose_for(invitation, form.cleaned_data)
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Language and time zone saved."))
        return redirect("invitations:you", invitation.token)
    context = {"invitation": invitation, "form": form, "is_silent": Silence.objects.holds(invitation.address)}
    return render(request, "invitations/you/you.html", context)


@page_of_oneself(standing, "GET", "HEAD", "POST")
def your_links(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Send their links, and a key. A page of its own: a robot that presses what letters lead to would never end."""
    if request.method != "POST":
        return render(request, "invitations/you/links.html", {"invitation": invitation})
    if links.ask(invitation.address, now):
        messages.success(request, _("A letter with your links is on its way to %s.") % invitation.shown_address)
    else:
        messages.info(request, _("Letters with your links were sent within the last hour. Look for them first."))
    return redirect("invitations:you", invitation.token)


@page_of_oneself(standing, "GET", "HEAD", "POST")
def your_letters(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Write no more."""
    back = reverse("invitations:you", args=[invitation.token])
    return letters_page(request, invitation.address, now, back=back, invitation=invitation)


def letters_page(request: HttpRequest, address: str, now: datetime, *, back: str, **context: Any) -> HttpResponse:
    """GET: what it means to be written to no more. POST: `silence` begins it, and with a `key` `letters` ends it.

    Who has only the personal link cannot end it: else whoever wants to write to somebody would.
    """
    if request.method == "POST":
        if "silence" in request.POST:
            wishes.silence(address, now)
        elif "letters" in request.POST and "key" in context:
            wishes.end_silence(address, now)
        return redirect(request.path)
    context |= {"address": shown_address(address), "back": back, "is_silent": Silence.objects.holds(address)}
    return render(request, "invitations/you/letters.html", context)


@page_of_oneself(standing, "GET", "HEAD", "POST")
def report(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Tell the administrators about an invitation that should not have been sent."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if reporting.report(invitation, form.cleaned_data["comment"], now):
            messages.success(request, _("The administrators of this site are told."))
        else:
            messages.info(request, _("The administrators were told within the last day already."))
        return redirect("invitations:you", invitation.token)
    return render(request, "invitations/you/report.html", {"invitation": invitation, "form": form})


# WHAT IS KNOWN OF THEM


@page_of_oneself(standing, "GET", "HEAD")
def your_data(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """What this site knows of them through this invitation."""
    context = {"invitation": invitation, **data_shown(Own.of_invitation(invitation))}
    return render(request, "invitations/you/data.html", context)


def data_shown(own: Own) -> dict[str, Any]:
    """What pages print of it: the newest invitations, the rest is in the files."""
    known = own_data.about(own)
    shown = known["invitations"][:INVITATIONS_SHOWN]
    return {
        "address": shown_address(own.address),
        "zone": own.zone,
        "records": [(record["topic"], list(own_data.lines(record, own.zone))) for record in shown],
        "lines": list(own_data.lines(known, own.zone)),
        "more": len(known["invitations"]) - len(shown),
        "files": own_data.FILES,
    }


@page_of_oneself(standing, "GET", "HEAD")
def your_data_file(request: HttpRequest, invitation: Invitation, now: datetime, *, ending: str) -> HttpResponse:
    """The same as a file."""
    return data_file(Own.of_invitation(invitation), ending, now)


def data_file(own: Own, ending: str, now: datetime) -> HttpResponse:
    """All of it. Http404 for an ending that is none of own_data.FILES."""
    if ending not in own_data.FILES:
        raise Http404
    content_type, write = own_data.FILES[ending]
    return download(write(own, now), content_type, f"my-data.{ending}")


@page_of_oneself(standing, "GET", "HEAD", "POST")
def erasure(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Ask, then forget who was invited by this invitation."""
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if form.cleaned_data["silence"]:
            wishes.silence(invitation.address, now)
        erasing.erase(invitation, now)
        return redirect("invitations:erased")
    return render(request, "invitations/you/erasure.html", {"invitation": invitation, "form": form})


# WITHOUT A LINK


@guest_page
@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """It is done."""
    return render(request, "invitations/you/erased.html")


@guest_page
@require_http_methods(["GET", "HEAD", "POST"])
def lost_link(request: HttpRequest) -> HttpResponse:
    """For whoever has lost their link: it is sent to their address. The answer is the same whatever that address is."""
    form = LostLinkForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        now = timezone.now()
        if links.may_ask(network_of(request), now):
            links.ask(form.cleaned_data["address"], now)
            return redirect("invitations:link-sent")
        form.add_error(None, _("Too many tries. Wait an hour and try again."))
        status = 429
    return render(request, "invitations/you/lost_link.html", {"form": form}, status=status)


@guest_page
@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    """What happens now, for everybody who asked."""
    return render(request, "invitations/you/link_sent.html")
