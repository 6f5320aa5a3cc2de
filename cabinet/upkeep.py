"""What keeps the house in order: what has run out goes; conferences stay at their hour when clocks are changed; series
without an end go on; who came is forgotten in time.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from conferences import series_upkeep, zone_rules
from conferences.models import Arrival, Attempt
from invitations import erasing
from invitations.address_keys import AddressKey

logger = logging.getLogger(__name__)

CACHE_TABLE = settings.CACHES["default"]["LOCATION"]


def forget_expired(now: datetime) -> None:
    """Delete it, and write nothing where there is nothing: on SQLite even an empty DELETE waits for the lock."""
    keys = AddressKey.objects.filter(expires_at__lte=now)
    for expired in (Attempt.objects.filter(expires_at__lt=now), Session.objects.filter(expire_date__lt=now), keys):
        if expired.exists():
            expired.delete()
    with connection.cursor() as cursor:
        then = [connection.ops.adapt_datetimefield_value(now)]
        cursor.execute(f"SELECT 1 FROM {CACHE_TABLE} WHERE expires < %s LIMIT 1", then)  # noqa: S608 - the name is ours
        if cursor.fetchone():
            cursor.execute(f"DELETE FROM {CACHE_TABLE} WHERE expires < %s", then)  # noqa: S608


def forget_arrivals(now: datetime) -> None:
    """Delete who came where, once nobody can have a use for it any more: names of guests are not ours to keep."""
    Arrival.objects.filter(knocked_at__lt=now - timedelta(days=settings.GUESTS_KEPT_DAYS)).delete()


def forget_people(now: datetime) -> None:
    """Forget who was invited to what has long been over: names and addresses of guests are not ours to keep."""
    if count := erasing.forget_old(now):
        logger.info("%d invitations say nothing of a person any more", count)


def follow_zone_rules(now: datetime) -> None:
    """Move the instants of conferences whose zone has got new rules, and say so."""
    for moved in zone_rules.follow(now):
        logger.warning("new rules of %s moved conference %d", moved.conference.time_zone, moved.conference.pk)


def extend_series(now: datetime) -> None:
    """Store the next dates of series without an end."""
    grown = series_upkeep.extend(now)
    if grown:
        logger.info("%d series without an end have their next dates stored", grown)
