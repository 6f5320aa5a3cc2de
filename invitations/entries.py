"""Conferences as calendar entries: rows of the database in, `calendar.Event` out.

`entry_of` is the whole of a conference, a series with all that differs from its rule; `occurrence_entry` is one
occurrence of a series alone. Letters put either into `itip.request` or `itip.cancel`; files and the feed write the
first. A permanent conference has no date and so no entry: ask `has_entry`. Whose answer is older than a move is asked
anew in that entry alone, if the letter says which state was answered: `Attendee(..., answered_in=sequence)`. A letter
about a series stays small with `itip.request(..., longest=bytes)`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain, groupby
from operator import attrgetter

from django.db.models import F, Q

from conferences import times
from conferences.links import join_url
from conferences.models import STORED_AHEAD, Change, Conference, Occurrence
from conferences.occurrences import OccurrenceQuerySet
from conferences.recurrence import Rule
from invitations import calendar, words
from invitations.calendar import Event, Override
from invitations.mail_clients import details
from invitations.vtimezones import times_off

PRODUCT = "-//Personal Cabinet//Personal Cabinet 1.0//EN"
ALARM_MINUTES = 15
# Cancelled dates of a series that are longer past than this are not told to calendars any more.
REMEMBERED = timedelta(days=366)


def has_entry(conference: Conference) -> bool:
    """Whether it has a date, which calendars cannot do without."""
    return not conference.permanent


def entry_of(conference: Conference, link: str, now: datetime) -> Event:
    """The conference, or the whole series with its cancelled dates and what was moved and is still to come.

    `link` is the direct or somebody's personal one, `now` becomes DTSTAMP.
    """
    rows = list(off_the_rule(conference.occurrences.all(), now - REMEMBERED)) if conference.rule else []
    moves = moved_in([conference]) if any(row.moved for row in rows) else {}
    return whole(conference, link, now, rows, moves.get(conference.pk, {}), since=now, now=now)


def occurrence_entry(occurrence: Occurrence, link: str, now: datetime) -> Event:
    """One occurrence of a series as it is now, for whoever has the others in the calendar already.

    Of a single conference: the same as `entry_of`.
    """
    conference = occurrence.conference
    if not conference.rule:
        return entry_of(conference, link, now)
    moves = moved_in([conference]).get(conference.pk, {}) if occurrence.moved else {}
    return replace(
        _event(conference, link, now),
        start=occurrence.wall_start,
        duration=occurrence.duration,
        original_start=occurrence.original_start,
        series_start=first_start(conference),
        known_until=_known_until(conference, now),
        moved_in=moves.get(occurrence.original_date, 0),
    )


def off_the_rule(rows: OccurrenceQuerySet, since: datetime) -> OccurrenceQuerySet:
    """Of the occurrences of series, those that are cancelled or not where the rule has them; not those before `since`.

    Those that took place before the time of the series was changed are not marked as moved.
    """
    as_the_rule = Q(moved=False, start_time=F("conference__start_time"), duration=F("conference__duration"))
    return rows.filter(~as_the_rule | Q(cancelled_at__isnull=False), ends_at__gt=since).select_related("conference")


def whole(
    conference: Conference,
    link: str,
    stamp: datetime,
    rows: Iterable[Occurrence],
    moves: Mapping[date, int],
    *,
    since: datetime,
    now: datetime,
) -> Event:
    """`entry_of` from `rows`, the occurrences off the rule, and `moves`, their moved_in.

    What was over before `since` is not told of, unless it is cancelled.
    """
    event = _event(conference, link, stamp)
    rule = conference.recurrence
    if rule is None:
        return event
    off = {row.original_date: row for row in rows if row.cancelled_at or _is_elsewhere(row)}
    standing = [row for row in off.values() if row.cancelled_at is None and row.ends_at > since]
    overrides = [
        Override(row.original_start, row.wall_start, row.duration, moves.get(row.original_date, 0)) for row in standing
    ]
    overrides += [
        Override(start, start, conference.duration)
        for start in _misread(conference, rule, since, _known_until(conference, now))
        if start.date() not in off
    ]
    return replace(
        event,
        start=first_start(conference),
        rule=rule,
        exdates=tuple(sorted(row.original_start for row in off.values() if row.cancelled_at)),
        overrides=tuple(sorted(overrides, key=attrgetter("start"))),
        known_until=_known_until(conference, now),
    )


def _is_elsewhere(row: Occurrence) -> bool:
    return (row.wall_start, row.duration) != (row.original_start, row.conference.duration)


def _misread(conference: Conference, rule: Rule, since: datetime, until: datetime) -> Iterator[datetime]:
    """Starts (naive, where the rule has them) of those that readers would take for different instants."""
    zone, length = conference.time_zone, conference.duration
    for start in _near_clock_changes(conference, range(since.year, until.year + 1)):
        if calendar.needs_override(start, length, zone) and rule.meets(conference.start_date, start.date()):
            ends_at = times.instant_by_rule(start, zone) + length
            if since < ends_at <= until:
                yield start


def _near_clock_changes(conference: Conference, years: range) -> Iterator[datetime]:
    """The start time on every day on which an occurrence, of 24 hours at most, would meet a clock change."""
    for change in chain.from_iterable(times.clock_changes(conference.time_zone, year) for year in years):
        walls = [change.at.replace(tzinfo=None) + offset for offset in (change.before, change.after)]
        for ahead in (-2, -1, 0, 1):
            start = datetime.combine(min(walls).date() + timedelta(days=ahead), conference.start_time)
            if start <= max(walls) and start + conference.duration >= min(walls):
                yield start


def moved_in(conferences: Iterable[Conference]) -> dict[int, dict[date, int]]:
    """By conference and the date of the rule: the sequence in which that occurrence was last moved by itself."""
    moves = Change.objects.filter(conference__in=conferences, kind=Change.Kind.MOVED).order_by("sequence")
    found: dict[int, dict[date, int]] = {}
    for pk, day, sequence in moves.values_list("conference", "original_date", "sequence"):
        if day:
            found.setdefault(pk, {})[day] = sequence
    return found


def first_start(conference: Conference) -> datetime:
    """The first occurrence of a series as its rule has it, naive: the day it was scheduled for may be none of them."""
    rule = conference.recurrence
    first = next(rule.days(conference.start_date), None) if rule else None
    return datetime.combine(first or conference.start_date, conference.start_time)


def _known_until(conference: Conference, now: datetime) -> datetime:
    """Until when what calendars are told must be right: the end of a series, or as far as its dates are stored."""
    return conference.over_at or max(now, conference.starts_at) + STORED_AHEAD


def _event(conference: Conference, link: str, stamp: datetime) -> Event:
    """What every entry of a conference says, with the start that it was scheduled for."""
    draft = words.draft(conference, link)
    return Event(
        uid=conference.uid,
        sequence=conference.sequence,
        stamp=stamp,
        created=conference.created_at,
        changed=conference.changed_at,
        start=conference.wall_start,
        zone=conference.time_zone,
        duration=conference.duration,
        summary=conference.topic,
        description=details(draft),
        brief=details(replace(draft, agenda="")),
        link=link,
        prodid=PRODUCT,
        alarm_minutes=ALARM_MINUTES,
    )


# TO DOWNLOAD


def file_to_keep(conference: Conference, now: datetime, link: str = "") -> bytes:
    """The file from which somebody makes an appointment of their own, with the direct link if no other is given."""
    event = entry_of(conference, link or join_url(conference), now)
    return calendar.download(replace(event, uid=other_uid(event.uid, "d")))


def other_uid(uid: str, suffix: str) -> str:
    """Not the UID of our letters: what people make of a file, and what we send, would take each other's place."""
    uuid, _at, host = uid.partition("@")
    return f"{uuid}-{suffix}@{host}"


# WHERE CALENDARS MAY BE WRONG


def stretches_off(conference: Conference, now: datetime) -> list[tuple[date, date]]:
    """From which to which date occurrences may be shown an hour off by calendars that read only one rule a year.

    Only of series in zones whose clocks follow no such rule; Outlook is one of them (MS-STANOICAL 2.2.47).
    """
    if not conference.rule:
        return []
    event = whole(conference, "", now, [], {}, since=now, now=now)
    embedded = calendar.embedded_zone(event)
    if embedded is None or not any(times_off(embedded, now, _known_until(conference, now))):
        return []
    rows = conference.occurrences.standing().coming(now).filter(moved=False).select_related("conference")
    runs = [[row.start_date for row in run] for is_off, run in groupby(rows, key=partial(is_misread, event)) if is_off]
    return [(days[0], days[-1]) for days in runs]


def is_misread(event: Event, row: Occurrence) -> bool:
    """Whether the VTIMEZONE of a series gives this occurrence, which is where the rule has it, another instant."""
    embedded = calendar.embedded_zone(event)
    if embedded is None or row.original_start in {override.original_start for override in event.overrides}:
        return False
    return not embedded.says(row.wall_start, row.starts_at)
