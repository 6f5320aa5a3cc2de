"""What templates ask about the clocks of others."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django import template
from django.utils import timezone

from conferences import other_clocks, places, recurrence, times
from conferences.defaults import OTHER
from conferences.models import Conference, Occurrence
from conferences.other_clocks import ClockWarning
from conferences.when_forms import WhenForm

register = template.Library()

# Of a series so many dates are looked at: more than two years of weeks.
LOOKED_AT = 120


@register.simple_tag
def zones_beside(at: datetime, base: str, theirs: Iterable[str], others: Iterable[str], checked: str = "") -> list[str]:
    """The zones to show beside `base`: the one just asked for, the reader's, those of invited people, then others."""
    known = [timezone.get_current_timezone_name(), *theirs, *others]
    shown = [zone for zone in places.other_zones(at, base, known) if zone != checked]
    return [checked, *shown] if checked else shown


@register.simple_tag
def clock_warnings(
    conference: Conference, occurrence: Occurrence | None, now: datetime, theirs: Iterable[str], checked: str = ""
) -> list[ClockWarning]:
    """What the organizer should know of the clocks of invited people and the reader; nothing once it has begun."""
    if occurrence is None or occurrence.is_off or now >= occurrence.starts_at:
        return []
    zones = [timezone.get_current_timezone_name(), *theirs, *([checked] if checked else [])]
    return other_clocks.warnings(
        now, occurrence.starts_at, occurrence.ends_at,
        base=conference.time_zone, zones=zones, later=_by_rule(conference, occurrence),
    )  # fmt: skip


def _by_rule(conference: Conference, occurrence: Occurrence) -> list[datetime]:
    """The starts of a series from `occurrence` on; what was moved by itself says nothing of the others."""
    if not conference.rule:
        return []
    coming = conference.occurrences.filter(moved=False, cancelled_at=None, starts_at__gte=occurrence.starts_at)
    return list(coming.order_by("starts_at").values_list("starts_at", flat=True))


@register.simple_tag
def form_clock_warnings(form: WhenForm, theirs: Iterable[str]) -> list[ClockWarning]:
    """The same of what a form says that is filled in or was sent; nothing as long as it says no date and time."""
    said = _said(form)
    if said.get("permanent") or not all(said.get(name) for name in ("date", "start", "time_zone", "length")):
        return []
    starts = _starts(said, form.now)
    if not starts:
        return []
    zones = [timezone.get_current_timezone_name(), *theirs]
    return other_clocks.warnings(
        form.now, starts[0], starts[0] + said["length"],
        base=said["time_zone"], zones=zones, later=starts if said.get("rule") else (),
    )  # fmt: skip


def _said(form: WhenForm) -> Mapping[str, Any]:
    """What was sent, as far as it is right; before that, what the form starts with."""
    if form.is_bound:
        form.is_valid()  # cleans, if nobody has yet
        return form.cleaned_data
    first = form.initial
    minutes = first.get("minutes" if first.get("duration") == OTHER else "duration")
    rule = getattr(form, "present_rule", None)
    return {**first, "length": minutes and timedelta(minutes=int(minutes)), "rule": str(rule or "")}


def _starts(said: Mapping[str, Any], now: datetime) -> list[datetime]:
    """When it begins from now on, one date after the other."""
    since = (now - recurrence.STILL_ON).date()
    days = recurrence.parse(said["rule"]).days(said["date"], since) if said.get("rule") else iter([said["date"]])
    walls = [datetime.combine(day, said["start"]) for day in islice(days, LOOKED_AT)]
    return [at for at in (times.instant_by_rule(wall, said["time_zone"]) for wall in walls) if at > now]
