"""Panels about invitations that pages of conferences borrow: they know of invitations, conferences do not."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import segno
from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from conferences.choices import Mode, Role
from conferences.dates import Line
from conferences.links import join_url
from conferences.models import Conference
from invitations import asides, by_hand, deciding, entries, preflight, senders, words
from invitations.answers import tallies
from invitations.forms import InviteForm, MailClientForm
from invitations.hidden_clients import client_of, offered_here
from invitations.inviting import is_secret
from invitations.ledger import Ledger
from invitations.mail_clients import compose, whole_text
from invitations.models import PartStat

register = template.Library()

# The conference's page shows so many people; the ledger shows them all.
PEOPLE_IN_PANEL = 25

# So much of what came by mail is shown at once; the rest follows when that is decided.
MAIL_IN_PANEL = 20

# So many stretches of weeks in which a calendar may be wrong are named.
SHOWN_STRETCHES = 4

# What stands behind the number of people with a status.
TALLY = {
    "bounced": _("came back"),
    "undelivered": _("not delivered"),
    "perhaps": _("perhaps sent"),
    "held": _("held back"),
    "waiting": _("waiting"),
    "unwanted": _("want no letters"),
    "by-hand": _("told by you"),
    "accepted": _("accepted"),
    "tentative": _("tentative"),
    "declined": _("declined"),
    "sent": _("sent"),
    "queued": _("queued"),
    "unanswered": _("no answer yet"),
}


@register.filter
def tally_word(status: str) -> str:
    """The word behind a number of people."""
    return str(TALLY[status])


@register.filter
def roles(conference: Conference) -> list[tuple[str, str]]:
    """What invited people may be in this conference: presenters only where not everybody is seen."""
    return [
        (role.value, str(role.label))
        for role in Role
        if role != Role.PRESENTER or conference.mode in {Mode.WEBINAR, Mode.SEMINAR}
    ]


@register.filter
def may_be_deleted(conference: Conference) -> bool:
    """Whether nobody was told about it yet."""
    return is_secret(conference)


@register.filter
def where_answers_go(conference: Conference) -> str:
    """Where the buttons of mail programs answer to: "here", to the organizer's "mailbox", or "nowhere" any more."""
    if not senders.answers_come_here(conference):
        return "mailbox"
    return "here" if settings.ANSWERS_BY_MAIL else "nowhere"


@register.filter
def repeats(conference: Conference) -> str:
    """How it repeats, and whose clock that is by."""
    return words.repeats(conference)


@register.inclusion_tag("invitations/ways.html", takes_context=True)
def invite_ways(context: template.Context, conference: Conference, form: InviteForm | None = None) -> dict[str, Any]:
    """The ways to invite people: address book, mail client, direct link. Nothing for one that is over or cancelled."""
    if conference.cancelled_at or conference.is_over(timezone.now()):
        return {}
    user = context["request"].user
    link = join_url(conference)
    draft = words.draft(conference, link)
    composed = {slug: compose(slug, draft) for slug in offered_here()}
    return {
        "conference": conference,
        "form": form or InviteForm(user),
        "client_form": MailClientForm(composed, remembered=user.mail_client),
        "link": link,
        "text": whole_text(draft),
    }


@register.simple_tag
def before_inviting(conference: Conference, form: InviteForm) -> list[preflight.Note]:
    """What to know before the chosen people are invited; nothing as long as nobody is chosen."""
    return preflight.notes(conference, form.people, form.user, timezone.now()) if form.people else []


@register.inclusion_tag("invitations/to_tell.html", takes_context=True)
def to_tell(context: template.Context, conference: Conference) -> dict[str, Any]:
    """Whom the organizer has to tell again by hand, each with a message that is ready."""
    rows = by_hand.to_tell(conference, timezone.now()) if by_hand.people(conference).exists() else None
    if rows is None or not (count := rows.count()):
        return {}
    client = client_of(context["request"].user)
    people = list(rows.select_related("conference__organizer")[:PEOPLE_IN_PANEL])
    messages = [(person, compose(client.slug, by_hand.draft(person), person.address)) for person in people]
    return {"conference": conference, "count": count, "client": client, "to_tell": messages}


@register.inclusion_tag("invitations/calendar_way.html")
def calendar_way(conference: Conference) -> dict[str, Any]:
    """The way by the calendar: the file to download, and the calendars on the web, which take no series by a link.

    Nothing for a permanent conference.
    """
    if not entries.has_entry(conference):
        return {}
    draft = words.draft(conference, join_url(conference))
    return {
        "conference": conference,
        "links": words.calendar_links(conference, draft),
        "hour_off": [_from_to(*days) for days in entries.stretches_off(conference, timezone.now())[:SHOWN_STRETCHES]],
    }


def _from_to(first: date, last: date) -> str:
    """24 March 2028 – 31 March 2028"""
    return " – ".join(date_format(day, gettext("j F Y")) for day in sorted({first, last}))


@register.inclusion_tag("invitations/answers.html", takes_context=True)
def answers(context: template.Context, conference: Conference) -> dict[str, Any]:
    """What the invited people answered."""
    people = Ledger(conference, timezone.now())
    return {
        "request": context["request"],
        "conference": conference,
        "people": people,
        "page": people.page(size=PEOPLE_IN_PANEL),
        "to_ask": asides.to_ask(conference, people.now).count() if people.answers["unanswered"] else 0,
    }


@register.inclusion_tag("invitations/incoming_mail.html", takes_context=True)
def came_by_mail(context: template.Context, conference: Conference) -> dict[str, Any]:
    """What came by mail and waits for the organizer."""
    waiting = deciding.waiting(conference)
    shown = list(waiting[: MAIL_IN_PANEL + 1])
    return {
        "csrf_token": context["csrf_token"],
        "conference": conference,
        "is_open": not conference.cancelled_at and not conference.is_over(timezone.now()),
        "waiting": shown[:MAIL_IN_PANEL],
        "more": waiting.count() - MAIL_IN_PANEL if len(shown) > MAIL_IN_PANEL else 0,
    }


register.filter(deciding.edit_url)


@register.simple_tag
def who_comes(conference: Conference, lines: Sequence[Line]) -> dict[date, str]:
    """How many people come to the dates of a series, in words; nothing of one to which nobody has answered."""
    days = [line.occurrence.original_date for line in lines]
    return {day: _comes(counts) for day, counts in tallies(conference, days).items()}


def _comes(counts: Mapping[str, int]) -> str:
    yes, perhaps, no = (counts[answer] for answer in (PartStat.ACCEPTED, PartStat.TENTATIVE, PartStat.DECLINED))
    said = [
        ngettext("%(n)s accepted", "%(n)s accepted", yes) % {"n": yes} if yes else "",
        ngettext("%(n)s tentative", "%(n)s tentative", perhaps) % {"n": perhaps} if perhaps else "",
        ngettext("%(n)s not on this date", "%(n)s not on this date", no) % {"n": no} if no else "",
    ]
    return " · ".join(filter(None, said))


@register.filter
def of_day(words: Mapping[date, str], day: date) -> str:
    """What is said of one date; nothing where it is not among them."""
    return words.get(day, "")


@register.inclusion_tag("invitations/qr.html")
def qr(url: str) -> dict[str, Any]:
    """A QR code of `url` as a drawing in the page."""
    rows = [list(row) for row in segno.make(url, error="m").matrix_iter(border=1)]
    return {"size": len(rows), "path": "".join(_stroke(y, row) for y, row in enumerate(rows))}


def _stroke(y: int, row: list[int]) -> str:
    """The dark runs of a row as lines one unit high."""
    path, x = "", 0
    for dark, run in groupby(row):
        length = len(list(run))
        path += f"M{x} {y}.5h{length}" if dark else ""
        x += length
    return path
