"""What pages let people download."""

from datetime import datetime

from django.http import Http404, HttpResponse

from conferences.models import Conference
from conferences.responses import download
from invitations import entries


def ics(conference: Conference, content: bytes, now: datetime) -> HttpResponse:
    """The calendar file of a conference, by the name of the date that comes next. Http404 where there is no date."""
    if not entries.has_entry(conference):
        raise Http404
    occurrence = conference.occurrences.current(now)
    start = occurrence.wall_start if occurrence else conference.wall_start
    return download(content, "text/calendar; charset=utf-8", f"conference-{start:%Y%m%d-%H%M}.ics")


def to_keep(conference: Conference, now: datetime) -> HttpResponse:
    """The file for everybody who has the direct link: to make an appointment of one's own and invite people from it."""
    return ics(conference, entries.file_to_keep(conference, now), now)
