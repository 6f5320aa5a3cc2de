"""The embedded mail server's window: letters written as files, shown to administrators on this machine only."""

from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cabinet.environ import Mail
from cabinet.health import is_from_here
from invitations.letter_pages import around_letter, html_of_letter

HEADERS = ("From", "Reply-To", "To", "Subject", "Date")


def is_shown(request: HttpRequest) -> bool:
    """Whether this person, on this machine, may read everybody's letters."""
    embedded = settings.MAIL.kind == "file" and settings.IS_LOOPBACK
    return embedded and is_from_here(request) and request.user.is_authenticated and request.user.is_staff


def only_where_shown(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For everybody else there is no such page."""

    @wraps(view)
    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not is_shown(request):
            raise Http404
        return view(request, **kwargs)

    return checked


def letters() -> list[Path]:
    """The letters' files, newest first."""
    mail: Mail = settings.MAIL
    files = mail.folder.glob("[!.]*.eml") if mail.folder else ()
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def parse(path: Path) -> EmailMessage:
    """One letter, read by the standard library."""
    return message_from_bytes(path.read_bytes(), policy=default)


def row(path: Path) -> dict[str, Any]:
    """What the list says of one letter; "at" is the instant in its Date header, if that holds one."""
    message = parse(path)
    date = getattr(message["Date"], "datetime", None)
    return {"name": path.stem, "letter": message, "at": date if date and date.tzinfo else None}


def letter(name: str) -> EmailMessage:
    """The letter in the file `name`.eml; the name is looked up, never joined to a path."""
    for path in letters():
        if path.stem == name:
            return parse(path)
    raise Http404


@only_where_shown
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Who was written to, about what."""
    page = Paginator(letters(), 50).get_page(request.GET.get("page"))
    return render(request, "cabinet/outbox.html", {"page_obj": page, "rows": [row(path) for path in page]})


@only_where_shown
@require_safe
@around_letter
def outbox_letter(request: HttpRequest, name: str) -> HttpResponse:
    """One letter with all its parts."""
    message = letter(name)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    context = {
        "name": name,
        "subject": message["Subject"],
        "headers": [(header, message[header]) for header in HEADERS if message[header]],
        "text": text.get_content() if text else "",
        "has_html": html is not None,
        "calendars": [part.get_content() for part in message.walk() if part.get_content_type() == "text/calendar"],
    }
    return render(request, "cabinet/outbox_letter.html", context)


@only_where_shown
@require_safe
@html_of_letter
def outbox_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part alone, for the frame on the letter's page."""
    html = letter(name).get_body(("html",))
    if html is None:
        raise Http404
    return HttpResponse(html.get_content())
