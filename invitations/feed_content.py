"""What is in a calendar feed: all conferences that a person manages, for calendars that ask again and again."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import tzdata
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Count, Max, Q, Sum
from django.utils.translation import get_language

from conferences.links import join_url
from conferences.models import STORED_AHEAD, Conference, Occurrence
from conferences.querysets import ConferenceQuerySet
from invitations import calendar, entries
from invitations.calendar import Event
from invitations.vtimezones import EmbeddedZone


def shown(user: AbstractBaseUser, now: datetime) -> ConferenceQuerySet:
    """The conferences in the feed of `user`: those of the past year, and all to come. Cancelled ones are left out.

    A calendar takes out what is no longer in a feed, and not every one understands STATUS:CANCELLED there.
    """
    stands = Q(over_at=None) | Q(over_at__gt=_month(now, years_ago=1))
    return Conference.objects.managed_by(user).filter(stands, permanent=False, cancelled_at=None)


def _month(now: datetime, *, years_ago: int = 0) -> datetime:
    """The first of the month: what depends on the day changes once a month, and calendars need not read all daily."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=first.year - years_ago)


def version(user: AbstractBaseUser, now: datetime) -> str:
    """A value that is another one whenever `content` is. It costs two queries, however much is in the feed.

    Every change of a conference, or of one of its dates, raises its sequence and changed_at; sums tell which ones are
    there.
    """
    rows = shown(user, now)
    totals = rows.aggregate(Count("pk"), Sum("pk"), Sum("sequence"), Max("changed_at"))
    names = sorted(set(rows.values_list("organizer__name", flat=True)))
    facts = [entries.PRODUCT, settings.SITE_URL, tzdata.IANA_VERSION, get_language(), _month(now), totals, names]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def content(user: AbstractBaseUser, now: datetime) -> bytes:
    """The calendar of all that is in the feed."""
    return written(list(_events(user, now)), now)


def written(events: Collection[Event], now: datetime) -> bytes:
    """One VCALENDAR with an entry for each event and one VTIMEZONE for each zone."""
    zones = _zones(events, now)
    vevents = [
        calendar.add_details(calendar.entry(each, zones.get(each.zone)), each)
        for event in events
        for each in event.entries()
    ]
    used = {event.zone for event in events if _is_local(event, zones.get(event.zone))}
    texts = [zones[name].text for name in sorted(used)]
    return calendar.serialize(b"".join([calendar.opening(entries.PRODUCT), *texts]), None, vevents)


def _events(user: AbstractBaseUser, now: datetime) -> Iterator[Event]:
    """The entries. They do not ring: who is reminded by this calendar as well would be reminded twice."""
    conferences = list(shown(user, now).select_related("organizer").order_by("pk"))
    since = _month(now, years_ago=1)
    series = {conference.pk: conference for conference in conferences if conference.rule}
    rows = _off_the_rule(series, since)
    moves = entries.moved_in([series[pk] for pk, found in rows.items() if any(row.moved for row in found)])
    for conference in conferences:
        pk, stamp = conference.pk, conference.changed_at
        event = entries.whole(
            conference, join_url(conference), stamp, rows.get(pk, []), moves.get(pk, {}), since=since, now=_month(now)
        )
        yield replace(event, uid=entries.other_uid(event.uid, "f"), alarm_minutes=None)


def _off_the_rule(series: dict[int, Conference], since: datetime) -> dict[int, list[Occurrence]]:
    found: dict[int, list[Occurrence]] = {}
    for row in entries.off_the_rule(Occurrence.objects.filter(conference__in=series), since):
        found.setdefault(row.conference_id, []).append(row)
    return found


def _zones(events: Iterable[Event], now: datetime) -> dict[str, EmbeddedZone]:
    """For each zone but UTC what all entries in it are written by: right from this month on."""
    since, stored = _month(now), _month(now) + STORED_AHEAD
    last: dict[str, datetime] = {}
    for event in events:
        last[event.zone] = max(last.get(event.zone, stored), event.known_until or event.ends_at)
    zones = {name: calendar.series_zone(name, since, until) for name, until in last.items()}
    return {name: embedded for name, embedded in zones.items() if embedded}


def _is_local(event: Event, embedded: EmbeddedZone | None) -> bool:
    """Whether the entry needs the VTIMEZONE: a series does, a single one where it is read right by it."""
    return embedded is not None and (event.rule is not None or calendar.is_read_right(event, embedded))
