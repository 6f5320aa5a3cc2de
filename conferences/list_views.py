"""My conferences."""

from datetime import datetime, timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from conferences.models import Occurrence
from conferences.requests import SignedInRequest
from conferences.responses import leads_to_room

PAGE_SIZE = 20
# One that begins within the hour, or has begun, stands above the list with its way in.
NEXT_WITHIN = timedelta(hours=1)


@leads_to_room
@require_safe
def conference_list(request: SignedInRequest) -> HttpResponse:
    """Conferences that go on or are to come, soonest first, or with ?show=past those that are over, newest first."""
    now = timezone.now()
    past = request.GET.get("show") == "past"
    mine = Occurrence.objects.managed_by(request.user).select_related("conference")
    page = Paginator(mine.past(now) if past else mine.coming(now), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    following = None if past or page.number > 1 else _following(rows, now)
    context = {
        "tab": "conferences",
        "now": now,
        "past": past,
        "page": page,
        "following": following,
        "rows": [row for row in rows if row is not following],
        "conferences": [row.conference for row in rows],
    }
    return render(request, "conferences/list.html", context)


def _following(rows: list[Occurrence], now: datetime) -> Occurrence | None:
    """The first of `rows`, in order of time, that goes on or begins soon."""
    soon = now + NEXT_WITHIN
    return next((row for row in rows if row.conference.cancelled_at is None and row.starts_at <= soon), None)
