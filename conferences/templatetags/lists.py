"""What lists of conferences ask: where a row leads, and how its time is written in so little room."""

from datetime import date, datetime

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conferences import times
from conferences.models import Occurrence
from conferences.month import Month

register = template.Library()


@register.filter
def its_date(occurrence: Occurrence) -> str:
    """What leads to this occurrence on the pages of its conference; a single one needs nothing."""
    return f"?date={occurrence.original_date.isoformat()}" if occurrence.conference.rule else ""


@register.filter
def is_closed(occurrence: Occurrence, now: datetime) -> bool:
    """Whether nothing can be changed about it any more."""
    return occurrence.is_off or occurrence.is_over(now)


@register.filter
def ends_another_day(occurrence: Occurrence, zone: str) -> bool:
    """Whether clocks in `zone` have another date at its end than at its start."""
    return times.wall_clock(occurrence.starts_at, zone).date() != times.wall_clock(occurrence.ends_at, zone).date()


@register.filter
def month_name(month: Month) -> str:
    """December 2026"""
    return date_format(month.first, _("F Y"))


@register.filter
def day_name(day: date) -> str:
    """Monday 14 December 2026"""
    return date_format(day, _("l j F Y"))
