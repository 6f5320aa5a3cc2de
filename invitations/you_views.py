"""What invited people decide about themselves: how they are written to, or not at all; what this site knows about them,
and that it forgets it.

Behind a personal link all of it is about that one invitation: organizers have that link, too, and may send it
themselves. Whatever is about the address, with all of its invitations by whomever, is behind the link of the mailbox,
which nobody reads but in a letter to that address (links.py). Only silence begins behind both; it does not end so.

All of it also works once somebody is no longer invited: then most of all they may want to see it, report it, or have it
forgotten.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from conferences.links import by_token
from conferences.responses import View, download, guest_page, network_of
from invitations import erasing, links, own_data, reporting, wishes, words
from invitations.models import Invitation
from invitations.silence import Silence
from invitations.you_forms import ErasureForm, LostLinkForm, ReportForm, WishesForm

type PageOfOneself = Callable[..., HttpResponse]

INVITATIONS_SHOWN = 50


def page_of_oneself(*methods: str, of_address: bool = False) -> Callable[[PageOfOneself], View]:
    """For pages on which somebody decides about themselves, behind their personal link or that of their mailbox.

    Those `of_address` are only behind the latter: others are led to where it is sent to them.
    """

    def decorate(view: PageOfOneself) -> View:
        @guest_page
        @require_http_methods(methods)
        @wraps(view)
        def of_invitation(request: HttpRequest, token: str, **rest: str) -> HttpResponse:
            now = timezone.now()
            rows = Invitation.objects.select_related("conference__organizer", "submission")
            field = "token" if rows.filter(token=token).exists() else "mailbox_token"
            invitation = by_token(rows, network=network_of(request), now=now, **{field: token})
            if invitation.language:
                translation.activate(words.language_of(invitation.language))
            if of_address and not _reads_the_mail(request, invitation):
                return redirect("invitations:your-links", token)
            return view(request, invitation, now, **rest)

        return of_invitation

    return decorate


def _token(request: HttpRequest) -> str:
    """The one in the address of the page."""
    match = request.resolver_match
    return str(match.kwargs["token"]) if match else ""


def _reads_the_mail(request: HttpRequest, invitation: Invitation) -> bool:
    return _token(request) == invitation.mailbox_token


def _show(request: HttpRequest, name: str, invitation: Invitation, **context: Any) -> HttpResponse:
    """A page whose links lead on with the token that it was opened with."""
    context |= {"token": _token(request), "reads_the_mail": _reads_the_mail(request, invitation)}
    return render(request, f"invitations/you/{name}.html", {"invitation": invitation, **context})


# HOW THEY ARE WRITTEN TO


@page_of_oneself("GET", "HEAD", "POST")
def you(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Language and time zone, and the way to everything else."""
    form = WishesForm(invitation, now, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if form.has_changed() and _reads_the_mail(request, invitation):
            wishes.choose(invitation.address, form.cleaned_data, now)
        elif form.has_changed():
            wishes.choose_for(invitation, form.cleaned_data)
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Language and time zone saved."))
        return redirect("invitations:you", _token(request))
    return _show(request, "you", invitation, form=form, is_silent=Silence.objects.holds(invitation.address))


@page_of_oneself("GET", "HEAD", "POST")
def your_links(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Send their links once more. A page of its own: a robot that presses what letters lead to would never end."""
    if request.method != "POST":
        return _show(request, "links", invitation)
    if links.ask(invitation.address, now):
        messages.success(request, _("A letter with your links is on its way to %s.") % invitation.shown_address)
    else:
        messages.info(request, _("Letters with your links were sent within the last hour. Look for them first."))
    return redirect("invitations:you", _token(request))


@page_of_oneself("GET", "HEAD", "POST")
def your_letters(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """GET: what it means to be written to no more. POST: `silence` begins it, `letters` ends it.

    Who has only the personal link cannot end it: else whoever wants to write to somebody would.
    """
    if request.method == "POST":
        if "silence" in request.POST:
            wishes.silence(invitation.address, now)
        elif "letters" in request.POST and _reads_the_mail(request, invitation):
            wishes.end_silence(invitation.address, now)
        return redirect("invitations:your-letters", _token(request))
    return _show(request, "letters", invitation, is_silent=Silence.objects.holds(invitation.address))


@page_of_oneself("GET", "HEAD", "POST")
def report(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Tell the administrators about an invitation that should not have been sent."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if reporting.report(invitation, form.cleaned_data["comment"], now):
            messages.success(request, _("The administrators of this site are told."))
        else:
            messages.info(request, _("The administrators were told within the last day already."))
        return redirect("invitations:you", _token(request))
    return _show(request, "report", invitation, form=form)


# WHAT IS KNOWN OF THEM


@page_of_oneself("GET", "HEAD", of_address=True)
def your_data(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Everything that this site knows about the address."""
    known, zone = own_data.about(invitation.address), invitation.time_zone or invitation.conference.time_zone
    shown = known["invitations"][:INVITATIONS_SHOWN]
    context = {
        "zone": zone,
        "records": [(record["topic"], list(own_data.lines(record, zone))) for record in shown],
        "lines": list(own_data.lines(known, zone)),
        "more": len(known["invitations"]) - len(shown),
        "files": own_data.FILES,
    }
    return _show(request, "data", invitation, **context)


@page_of_oneself("GET", "HEAD", of_address=True)
def your_data_file(request: HttpRequest, invitation: Invitation, now: datetime, *, ending: str) -> HttpResponse:
    """The same as a file. Http404 for an ending that is none of own_data.FILES."""
    if ending not in own_data.FILES:
        raise Http404
    content_type, write = own_data.FILES[ending]
    content = write(invitation.address, invitation.time_zone or invitation.conference.time_zone, now)
    return download(content, content_type, f"my-data.{ending}")


@page_of_oneself("GET", "HEAD", "POST", of_address=True)
def erasure(request: HttpRequest, invitation: Invitation, now: datetime) -> HttpResponse:
    """Ask, then forget the person."""
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if form.cleaned_data["silence"]:
            wishes.silence(invitation.address, now)
        erasing.erase(invitation, now)
        return redirect("invitations:erased")
    return _show(request, "erasure", invitation, form=form)


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
