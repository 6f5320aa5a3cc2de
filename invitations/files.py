"""What pages let people download."""

from datetime import datetime

from django.http import Http404, HttpResponse

from conferences.links import join_url
from conferences.models import Conference
from conferences.responses import download
from invitations import by_hand, entries, message, words
from invitations.mail_clients import whole_text
from invitations.models import Invitation
from invitations.subjects import subject


def ics(conference: Conference, content: bytes, now: datetime) -> HttpResponse:
    """The calendar file of a conference, by the name of the date that comes next. Http404 where there is no date."""
    if not entries.has_entry(conference):
        raise Http404
    return download(content, "text/calendar; charset=utf-8", _name(conference, now, "ics"))


def to_keep(conference: Conference, now: datetime) -> HttpResponse:
    """The file for everybody who has the direct link: to make an appointment of one's own and invite people from it."""
    return ics(conference, entries.file_to_keep(conference, now), now)


def draft(conference: Conference, now: datetime, to: Invitation | None = None) -> HttpResponse:
    """A message for mail programs to open and to send: the whole text, and the file that is to keep where there is one.

    Nobody is asked by that file, so its UID is not that of our letters.
    """
    text = by_hand.draft(to) if to else words.draft(conference, join_url(conference))
    place = words.current(conference, now)
    when = words.When.of(place) if place else None
    has_file = entries.has_entry(conference) and conference.cancelled_at is None
    content = message.draft(
        subject=subject(text.occasion, conference, when, is_series=bool(conference.rule), now=now),
        text=whole_text(text),
        recipient=(to.name, to.address) if to else None,
        calendar=entries.file_to_keep(conference, now, text.link) if has_file else None,
    )
    return download(content, "message/rfc822", _name(conference, now, "eml"))


def _name(conference: Conference, now: datetime, ending: str) -> str:
    if conference.permanent:
        return f"conference.{ending}"
    occurrence = conference.occurrences.current(now)
    start = occurrence.wall_start if occurrence else conference.wall_start
    return f"conference-{start:%Y%m%d-%H%M}.{ending}"
