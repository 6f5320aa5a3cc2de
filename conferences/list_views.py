"""My conferences: what goes on, what comes, what was; a day, a month; and what somebody looks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from conferences import search, timeline, times
from conferences.deputies import Shares, shares_of
from conferences.models import Conference, Occurrence
from conferences.month import Month, parse_day, start_of
from conferences.requests import SignedInRequest
from conferences.responses import leads_to_room
from conferences.timeline import PAGE_SIZE, Line, Place

# One that begins within the hour, or has begun, stands above the list with its way in.
NEXT_WITHIN = timedelta(hours=1)
# So many permanent conferences stand above what has a date; there is a page for all of them.
PERMANENT_ABOVE = 3

UPCOMING, ACTIVE, PAST, PERMANENT = "upcoming", "active", "past", "permanent"


@leads_to_room
@require_safe
def conference_list(request: SignedInRequest) -> HttpResponse:
    """`?show=` active, past or permanent ones, else what is to come; `?q=` those of them that match.

    `?view=month&month=2026-12` shows a month, `?day=2026-12-14` a day. What cannot be read is as if it were not there.
    """
    asked, now, shares = request.GET, timezone.now(), shares_of(request.user)
    show = asked.get("show", "") if asked.get("show") in {ACTIVE, PAST, PERMANENT} else UPCOMING
    words = search.asked_words(asked.get("q", ""))
    context: dict[str, Any] = {"tab": "conferences", "now": now, "show": show, "q": words}
    if asked.get("view") == "month":
        return render(request, "conferences/month.html", context | _month(request, shares, now))
    if words:
        context |= _found(request, shares, show, words, now)
    elif day := parse_day(asked.get("day", "")):
        context |= _of_day(request, shares, day)
    elif show == PERMANENT:
        context |= _all_permanent(request, shares)
    else:
        context |= _page(request, _line(shares, show, now))
        if context["is_past_the_start"]:
            return redirect(f"{request.path}?show={show}" if show != UPCOMING else request.path)
        context |= _above(shares, show, context, now)
    return render(request, "conferences/list.html", _with_people(context, request.user.time_zone))


def next_ones(user: AbstractBaseUser, time_zone: str, size: int, now: datetime) -> dict[str, Any]:
    """For the home page: the `size` next ones that take place, the first of them apart, and what is always open."""
    shares = shares_of(user)
    rows = Line(shares, lambda rows: rows.standing().coming(now)).page(size=size).rows
    context = {"now": now, "following": next(iter(rows), None), "rows": rows[1:]}
    return _with_people(context | _some_permanent(shares, UPCOMING), time_zone)


def _line(shares: Shares, show: str, now: datetime) -> Line:
    """The order of what is shown."""
    if show == PAST:
        return Line(shares, lambda rows: rows.past(now), falling=True)
    return Line(shares, timeline.going_on(now) if show == ACTIVE else lambda rows: rows.coming(now))


def _page(request: SignedInRequest, line: Line) -> dict[str, Any]:
    """The page that `?after=` or `?before=` asks for; one before which nothing is left is the first one, and short."""
    after, before = (Place.parse(request.GET.get(name, "")) for name in ("after", "before"))
    page = line.page(after=after, before=before)
    is_first = not (after or before)
    return {"page": page, "rows": page.rows, "is_first": is_first, "is_past_the_start": before and not page.before}


def _above(shares: Shares, show: str, context: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What stands above the first page: the next one, and what is always open; of the past, what is so no more."""
    if not context["is_first"]:
        return {}
    following = None if show == PAST else _following(context["rows"], now)
    rows = [row for row in context["rows"] if row is not following]
    return {"following": following, "rows": rows, **_some_permanent(shares, show)}


def _following(rows: Iterable[Occurrence], now: datetime) -> Occurrence | None:
    """The first of `rows`, in order of time, that goes on or begins soon."""
    soon = now + NEXT_WITHIN
    return next((row for row in rows if not row.is_off and row.starts_at <= soon), None)


def _some_permanent(shares: Shares, show: str) -> dict[str, Any]:
    """The first few permanent ones, and whether there are more."""
    rows = list(_permanent(shares, show)[: PERMANENT_ABOVE + 1])
    return {"permanent": rows[:PERMANENT_ABOVE], "more_permanent": len(rows) > PERMANENT_ABOVE}


def _permanent(shares: Shares, show: str) -> QuerySet[Conference]:
    """Conferences without a date, newest first: those that are open, or among the past those that no longer are."""
    mine = Conference.objects.filter(shares.condition(), permanent=True).select_related("organizer")
    return mine.filter(_is_open(show)).order_by("-pk")


def _is_open(show: str) -> Q:
    return Q() if show == PERMANENT else Q(cancelled_at__isnull=show != PAST)


def _all_permanent(request: SignedInRequest, shares: Shares) -> dict[str, Any]:
    pages = Paginator(_permanent(shares, PERMANENT), PAGE_SIZE).get_page(request.GET.get("page"))
    return {"numbered": pages, "permanent": list(pages.object_list), "rows": []}


def _of_day(request: SignedInRequest, shares: Shares, day: date) -> dict[str, Any]:
    """What begins on a day of the reader's."""
    start, end = (start_of(each, request.user.time_zone) for each in (day, day + timedelta(days=1)))
    return {"day": day, "month": Month.of(day), **_page(request, Line(shares, timeline.on_day(start, end)))}


def _found(request: SignedInRequest, shares: Shares, show: str, words: str, now: datetime) -> dict[str, Any]:
    """One date of each conference that matches, in order of time: the next one, or the last one of the past."""
    line = _line(shares, show, now)
    all_found = search.found(shares, words, line.narrow, _is_open(show))
    newest = {row.pk: row for row, _shown in all_found[: search.FOUND_AT_MOST]}
    order = ("-starts_at", "-pk") if line.falling else ("starts_at", "pk")
    shown = [pk for row, pk in all_found if pk and row.pk in newest]
    rows = list(Occurrence.objects.filter(pk__in=shown).order_by(*order))
    for row in rows:
        row.conference = newest[row.conference_id]
    dateless = [row for row in newest.values() if row.permanent]
    pages = Paginator([*dateless, *rows], PAGE_SIZE).get_page(request.GET.get("page"))
    return {
        "numbered": pages,
        "permanent": [row for row in pages.object_list if isinstance(row, Conference)],
        "rows": [row for row in pages.object_list if isinstance(row, Occurrence)],
        "more_match": len(all_found) > search.FOUND_AT_MOST,
    }


def _month(request: SignedInRequest, shares: Shares, now: datetime) -> dict[str, Any]:
    """The month that is asked for, else this one."""
    zone = request.user.time_zone
    today = times.wall_clock(now, zone).date()
    month = Month.parse(request.GET.get("month", "")) or Month.of(today)
    days = timeline.days(shares, month.dates, month.starts(zone))
    return {"month": month, "today": today, "days": days, "is_empty": not any(day.rows for day in days)}


def _with_people(context: dict[str, Any], zone: str) -> dict[str, Any]:
    """What is said of all that is shown: of which conferences people are counted, and whether clocks change between."""
    rows = [row for row in [context.get("following"), *context["rows"]] if row]
    conferences = {row.conference_id: row.conference for row in rows}
    conferences |= {row.pk: row for row in context.get("permanent", ())}
    offsets = {times.offset(at, zone) for row in rows for at in (row.starts_at, row.ends_at)}
    return context | {
        "conferences": list(conferences.values()),
        "has_dates": bool(rows),
        "clocks_change": bool(offsets - {times.offset(context["now"], zone)}),
    }
