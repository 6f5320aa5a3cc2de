"""What templates ask about the clocks of others."""

from collections.abc import Iterable
from datetime import datetime

from django import template
from django.utils import timezone

from conferences import other_clocks, places
from conferences.models import Conference, Occurrence

register = template.Library()


@register.simple_tag
def zones_beside(at: datetime, base: str, theirs: Iterable[str], others: Iterable[str], checked: str = "") -> list[str]:
    """The zones to show beside `base`: the one just asked for, the reader's, those of invited people, then others."""
    known = [timezone.get_current_timezone_name(), *theirs, *others]
    shown = [zone for zone in places.other_zones(at, base, known) if zone != checked]
    return [checked, *shown] if checked else shown


@register.simple_tag
def clock_warnings(
    conference: Conference, occurrence: Occurrence | None, now: datetime, theirs: Iterable[str], checked: str = ""
) -> list[str]:
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
