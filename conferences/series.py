"""A series from one of its dates on: it ends there, or goes on there as another conference."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from conferences import recurrence
from conferences.choices import Kind, Tell
from conferences.conflicts import ChangedMeanwhile
from conferences.deputies import CoOrganizer
from conferences.facts import FACTS, facts, facts_before
from conferences.models import Conference, Occurrence
from conferences.occurrences import OccurrenceQuerySet
from conferences.querysets import digits
from conferences.recurrence import Rule

# A new one is taken for the continuation, and it always begins later: that is no news.
OF_ITS_OWN = {"number", "start_date"}


def ending_before(rule: Rule, start: date, day: date) -> Rule:
    """The rule of a series from `start` as it is when its last day lies before `day`."""
    return _once(replace(rule, count=None, until=day - timedelta(days=1)), start)


def rest(rule: Rule, start: date, day: date) -> Rule:
    """The rule from `day` on, of a series that began on `start`: what is left of so many times."""
    if rule.count:
        rule = replace(rule, count=max(sum(met >= day for met in rule.days(start)), 1))
    return _once(rule, day)


def _once(rule: Rule, start: date) -> Rule:
    """The rule, which is not "until" the day on which it begins: nobody says that of a single date."""
    is_single = rule.until is not None and len(list(islice(rule.days(start), 2))) < 2
    return replace(rule, count=1, until=None) if is_single else rule


def is_first(occurrence: Occurrence) -> bool:
    """Whether nothing of the series comes before: "this and the following" then is all of it."""
    rows = Occurrence.objects.filter(conference=occurrence.conference_id)
    return not rows.filter(original_date__lt=occurrence.original_date).exists()


def from_on(first: Occurrence) -> OccurrenceQuerySet:
    """`first` and all that follow by the rule, wherever they were moved to."""
    rows = Occurrence.objects.filter(conference=first.conference_id, original_date__gte=first.original_date)
    return rows.order_by("original_date")


def stands(row: Occurrence) -> bool:
    """Whether the series still has it, and it was not cancelled."""
    return Occurrence.objects.filter(pk=row.pk, cancelled_at=None).exists()


def exceptions(first: Occurrence) -> OccurrenceQuerySet:
    """Of `first` and all that follow, those that were moved or cancelled by themselves."""
    return from_on(first).by_themselves()


def goes_on_alike(first: Occurrence, fields: Mapping[str, Any]) -> bool:
    """Whether a continuation with `fields` meets the same days at the same time, so that single dates may stay as
    they were moved or cancelled; sooner or later it may end.
    """
    conference = first.conference
    then = {name: fields.get(name, getattr(conference, name)) for name in ("start_time", "time_zone", "rule")}
    same_clock = (then["start_time"], then["time_zone"]) == (conference.start_time, conference.time_zone)
    same_start = fields.get("start_date", first.original_date) == first.original_date
    return same_clock and same_start and meet_the_same(then["rule"], conference.rule, first.original_date)


def meet_the_same(one: str, other: str, start: date) -> bool:
    """Whether two rules of a series that begins on `start` meet the same days as long as neither has ended."""
    rules = [recurrence.parse(text).without_end().in_full(start) if text else None for text in (one, other)]
    return rules[0] == rules[1]


def end_before(first: Occurrence, by: AbstractBaseUser, now: datetime, *, tell: Tell, message: str = "") -> bool:
    """Take off `first` and all that follow; doing it twice is doing it once, and False the second time.

    Where nothing is left to take place before, the whole conference is cancelled.
    """
    conference = first.conference
    with transaction.atomic():
        conference.lock()
        if conference.cancelled_at or not from_on(first).filter(pk=first.pk).exists():
            return False
        before = conference.occurrences.filter(original_date__lt=first.original_date, cancelled_at=None)
        if not before.exists():
            return conference.cancel(by, now, tell=tell, message=message)
        _end(first, by, seen_sequence=conference.sequence, tell=tell, now=now, message=message)
        return True


def _end(first: Occurrence, by: AbstractBaseUser, **said: Any) -> None:
    """Give the rule its new end; rows that do not belong to it any more go."""
    conference = first.conference
    rule = ending_before(recurrence.parse(conference.rule), conference.start_date, first.original_date)
    conference.change(by, {"rule": str(rule)}, **said)


def continue_from(
    conference: Conference,
    first: Occurrence,
    by: AbstractBaseUser,
    fields: Mapping[str, Any],
    *,
    seen_sequence: int,
    tell: Tell,
    now: datetime,
    submission_id: UUID | None = None,
    submission_digest: str = "",
) -> Conference:
    """End the series before `first` and let it go on from there as a new conference with `fields`; that one comes back.

    One transaction. What `fields` leave out is as it was, of so many times the rest; only the conference ID is a new
    one. The same press again answers with the same new conference. At the first date it is a change of the whole
    series. Raises ChangedMeanwhile, NumberTaken, SubmittedBefore, and times.NoSuchTime.
    """
    first.conference, submission_id = conference, submission_id or uuid4()
    with transaction.atomic():
        conference.lock()
        twin = Conference.objects.submitted(conference.organizer, submission_id, submission_digest)
        if twin:
            return twin
        conference.refuse_if_changed(seen_sequence)
        if not from_on(first).filter(pk=first.pk).exists():
            raise ChangedMeanwhile
        said: dict[str, Any] = {"seen_sequence": seen_sequence, "tell": tell, "now": now}
        if is_first(first):
            conference.change(by, fields, **said)
            return conference
        key = {"submission_id": submission_id, "submission_digest": submission_digest}
        return _continue(first, by, fields, said, key)


def _continue(
    first: Occurrence, by: AbstractBaseUser, fields: Mapping[str, Any], said: dict[str, Any], key: dict[str, Any]
) -> Conference:
    """The steps of `continue_from`, where all is as the person saw it."""
    conference = first.conference
    before, values = news(first, fields), _values(first, fields)
    rows = list(exceptions(first)) if goes_on_alike(first, fields) else []
    _end(first, by, **said)
    later = Conference.objects.filter(follows=conference)
    after = list(later.values_list("pk", flat=True))
    later.update(follows=None)  # the new one takes its place, and goes on as what this one went on as
    new = Conference.objects.schedule(
        conference.organizer,
        by=by,
        now=said["now"],
        first_change={"kind": Kind.CONTINUED, "before": before, "tell": said["tell"]},
        follows=conference,
        **key,
        **values,
    )
    Conference.objects.filter(pk__in=after).update(follows=new)
    _keep_co_organizers(conference, new)
    _carry_over(rows, new, said["now"])
    return new


def as_continued(first: Occurrence, conference: Conference) -> Conference:
    """The conference, unsaved, as it would go on from `first` if nothing else were changed; without a number."""
    day = first.original_date
    rule = rest(recurrence.parse(conference.rule), conference.start_date, day)
    new = copy(conference)
    new.start_date, new.rule, new.number = day, str(rule), ""
    return new


def news(first: Occurrence, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What would have been otherwise if nothing but the number had changed from `first` on."""
    old = as_continued(first, first.conference)
    return facts_before(facts(old), fields, leave_out=OF_ITS_OWN)


def _values(first: Occurrence, fields: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of the continuation; the ID is a new one, unless another one than the old one was typed."""
    kept = as_continued(first, first.conference)
    values = {name: getattr(kept, name) for name in FACTS} | dict(fields)
    if digits(values["number"]) in {"", digits(first.conference.number)}:
        values["number"] = Conference.objects.free_number()
    return values


def _keep_co_organizers(conference: Conference, new: Conference) -> None:
    users = conference.co_organizings.values_list("user", flat=True)
    CoOrganizer.objects.bulk_create([CoOrganizer(conference=new, user_id=user) for user in users])


def _carry_over(rows: list[Occurrence], new: Conference, now: datetime) -> None:
    """Let single dates stay as they were moved or cancelled. What was moved ahead and has begun will not be twice."""
    known = {row.original_date: row for row in new.occurrences.all()}
    for row in rows:
        if fresh := known.get(row.original_date):
            fresh.moved = row.moved
            fresh.start_date, fresh.start_time, fresh.duration = row.start_date, row.start_time, row.duration
            fresh.cancelled_at = now if row.has_begun(now) else row.cancelled_at
            fresh.derive()
            fresh.aim_reminder(now)
            fresh.save()
    new.write_over_at()
