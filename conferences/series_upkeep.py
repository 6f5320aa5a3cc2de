"""Series without an end: their next occurrences are stored as time passes."""

import logging
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q

from conferences import recurrence, times
from conferences.models import STORED_AHEAD, Conference, Occurrence

logger = logging.getLogger(__name__)

# Not a date more every day, but a month of them at once: a series is then written twelve times a year.
LAG = timedelta(days=30)


def extend(now: datetime) -> int:
    """Store what endless series have within the next two years, at most 366 dates each; how many series grew.

    Nothing changes for anybody, so no Change is written and nobody is told. One series is one transaction: whatever
    ends this in between leaves whole series behind, and the next time does the rest.
    """
    return sum(_extend(pk, now) for pk in _short(now))


def _short(now: datetime) -> list[int]:
    """Series that may have less stored than they should; where nothing is due this one query is all."""
    stored = Conference.objects.filter(over_at=None, permanent=False, cancelled_at=None).annotate(
        last=Max("occurrences__original_date"), coming=Count("occurrences", Q(occurrences__ends_at__gt=now))
    )
    some = Q(last__lt=(now + STORED_AHEAD - LAG).date(), coming__lt=recurrence.MOST - LAG.days)
    return list(stored.filter(Q(last=None) | some).order_by("pk").values_list("pk", flat=True))


def _extend(pk: int, now: datetime) -> bool:
    """Store what one series lacks; False where it is complete, or not endless any more."""
    with transaction.atomic():
        endless = Conference.objects.filter(pk=pk, over_at=None, cancelled_at=None).exclude(rule="")
        conference = endless.select_for_update(no_key=True).first()
        if conference is None:
            return False
        last = conference.occurrences.aggregate(last=Max("original_date"))["last"] or date.min
        rows = [Occurrence(conference=conference, original_date=day) for day in _days(conference, now) if day > last]
        for row in rows:
            row.follow_rule(now)
        Occurrence.objects.bulk_create(rows)
        return bool(rows)


def _days(conference: Conference, now: datetime) -> list[date]:
    """The days that should be stored; none where no rule can be read: one such row must not keep all others waiting."""
    today = times.wall_clock(now, conference.time_zone).date()
    try:
        rule = recurrence.parse(conference.rule)
        return recurrence.ahead(rule, conference.start_date, today, today + STORED_AHEAD)
    except ValueError:
        logger.exception("conference %d has a rule that cannot be followed", conference.pk)
        return []
