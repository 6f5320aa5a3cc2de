"""Conferences as calendar entries: rows of the database in, `calendar.Event` out.

`entry_of` is the whole of a conference, a series with all that differs from its rule; `occurrence_entry` is one
occurrence of a series alone. Letters put either into `itip.request` or `itip.cancel`; files and the feed write the
first. A permanent conference has no date and so no entry: ask `has_entry`. Whose answer is older than a move is asked
anew in that entry alone, if the letter says which state was answered: `Attendee(..., answered_in=sequence)`. A letter
about a series stays small with `itip.request(..., longest=bytes)`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter

from conferences.links import join_url
from conferences.models import Change, Conference, Occurrence
from invitations import calendar, words
from invitations.calendar import Event, Override
from invitations.mail_clients import details

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
    rows = list(conference.occurrences.filter(ends_at__gt=now - REMEMBERED)) if conference.rule else []
    moves = moved_in([conference]) if any(row.moved for row in rows) else {}
    return whole(conference, link, now, rows, moves.get(conference.pk, {}), since=now)


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
        known_until=_known_until(conference),
        moved_in=moves.get(occurrence.original_date, 0),
    )


def whole(
    conference: Conference,
    link: str,
    stamp: datetime,
    rows: Sequence[Occurrence],
    moves: dict[date, int],
    *,
    since: datetime,
) -> Event:
    """`entry_of` from the occurrences of a series (`rows`, those over before `since` are not told of when moved)."""
    event = _event(conference, link, stamp)
    rule = conference.recurrence
    if rule is None:
        return event
    return replace(
        event,
        start=first_start(conference),
        rule=rule,
        exdates=tuple(sorted(row.original_start for row in rows if row.cancelled_at)),
        overrides=tuple(_overrides(rows, moves, since)),
        known_until=max((row.ends_at for row in rows), default=None),
    )


def _overrides(rows: Iterable[Occurrence], moves: dict[date, int], since: datetime) -> Iterator[Override]:
    """What calendars would not find by the rule, soonest first."""
    for row in sorted(rows, key=lambda row: row.starts_at):
        if row.cancelled_at is None and row.ends_at > since and _differs(row):
            yield Override(row.original_start, row.wall_start, row.duration, moves.get(row.original_date, 0))


def _differs(row: Occurrence) -> bool:
    conference = row.conference
    is_elsewhere = (row.wall_start, row.duration) != (row.original_start, conference.duration)
    return is_elsewhere or calendar.needs_override(row.original_start, row.duration, conference.time_zone)


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


def _known_until(conference: Conference) -> datetime | None:
    last = conference.occurrences.order_by("-ends_at").first()
    return last.ends_at if last else None


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
    event = entry_of(conference, "", now)
    embedded = calendar.embedded_zone(event) if event.rule else None
    if embedded is None:
        return []
    told = {override.original_start for override in event.overrides}
    rows = conference.occurrences.standing().coming(now)
    is_off = [
        (row.start_date, not (row.original_start in told or embedded.says(row.wall_start, row.starts_at)))
        for row in rows
    ]
    runs = [[day for day, _off in run] for off, run in groupby(is_off, key=itemgetter(1)) if off]
    return [(days[0], days[-1]) for days in runs]
