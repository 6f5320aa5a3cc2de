"""What pages let people download."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from conferences.models import Conference


def ics(conference: Conference, content: bytes) -> HttpResponse:
    """The calendar file of a conference."""
    return file(content, "text/calendar; charset=utf-8", f"conference-{conference.wall_start:%Y%m%d-%H%M}.ics")


def file(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A download under an ASCII name: some browsers refuse others."""
    disposition = content_disposition_header(as_attachment=True, filename=name)
    headers = {"Content-Disposition": str(disposition), "Cache-Control": "no-store, private"}
    return HttpResponse(content, content_type=content_type, headers=headers)
