"""What is different about a conference since somebody was told, in the language that is active and on their clock."""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import DurationField
from django.utils.translation import gettext as _

from conferences import recurrence, times
from conferences.facts import FACTS, QUIET, facts
from conferences.history import in_words, label
from conferences.models import Change, Conference, Occurrence
from invitations.models import TIME_FACTS
from invitations.words import When

_Kind = Change.Kind

# Dates that are named; a longer list is read by nobody.
LISTED_DATES = 10


@dataclass(frozen=True)
class Changed:
    """One line of “What changed”; `was` may be empty."""

    label: str
    now: str
    was: str = ""


@dataclass(frozen=True)
class News:
    """All that is different. `message` is what the organizer wrote about it, if they did."""

    lines: tuple[Changed, ...] = ()
    message: str = ""
    asks_anew: bool = False  # another time, or other days: what was answered before was an answer to the old ones
    ends_elsewhere: bool = False  # the rule is the same, but where it ends
    by_law: bool = False  # nothing but the rules of the time zone
    only: Occurrence | None = None  # nothing but the time of this one


def since(conference: Conference, sequence: int, *, zone: str = "", told: Collection[date] = ()) -> News:
    """From the state `sequence` to the present one; what was changed back is left out.

    `zone` is the reader's. Dates of the rule whose cancellation is `told` by a letter of its own are left out, too.
    """
    changes = list(conference.changes.filter(sequence__gt=sequence).order_by("-sequence"))
    single = [change for change in changes if change.original_date and change.original_date not in told]
    rows = _rows(conference, single)
    news = _of_facts(conference, changes)
    lines = [*news.lines, *_of_law(changes, zone), *_of_dates(conference, single, rows)]
    kinds = {change.kind for change in changes if change.original_date is None or change in single}
    message = next((change.message for change in changes if change.message and change.original_date not in told), "")
    moved = [row for row in rows.values() if row.cancelled_at is None]
    if kinds == {_Kind.MOVED} and len(rows) == len(moved) == 1:
        lines = _of_one(single, moved[0])
        return News(tuple(lines), message, only=moved[0])
    return replace(news, lines=tuple(lines), message=message, by_law=kinds == {_Kind.ZONE})


def from_another(conference: Conference, change: Change) -> News:
    """What is different from the series that `conference` continues, as its first `change` holds it.

    That it has another end goes without saying: of so many times it has the rest.
    """
    news = _of_facts(conference, [change])
    if not news.ends_elsewhere:
        return news
    return replace(news, lines=tuple(line for line in news.lines if line.label != label("rule")))


# THE WHOLE


def _of_facts(conference: Conference, changes: Iterable[Change]) -> News:
    """What the newest of `changes` (first) and those before made of the conference's own facts."""
    before: dict[str, Any] = {}
    for change in changes:
        if change.kind in {_Kind.CHANGED, _Kind.CONTINUED}:
            before |= change.before
    present = facts(conference)
    before = {name: value for name, value in before.items() if present[name] != value}
    old = copy(conference)
    for name, value in before.items():
        setattr(old, name, _from_json(name, value))
    lines = [] if conference.permanent else _of_time(When.of(conference), When.of(old), repeats=bool(conference.rule))
    others = [name for name in FACTS if name in before and name not in QUIET and name not in TIME_FACTS]
    on_other_days = recurrence.differ_but_in_end(conference.rule, old.rule)
    return News(
        lines=(*lines, *(_of_fact(name, conference, old) for name in others)),
        asks_anew=bool(lines) or on_other_days,
        ends_elsewhere="rule" in before and not on_other_days,
    )


def _of_time(new: When, old: When, *, repeats: bool = False) -> list[Changed]:
    """Date and time as lines of their own; a time in another zone names both places."""
    lines = [(_("First date") if repeats else _("Date"), new.day, old.day)]
    clocks = [new.clock, old.clock]
    if new.zone != old.zone:
        clocks = [f"{each.clock} {each.place}" for each in (new, old)]
    lines.append((_("Time"), clocks[0], clocks[1]))
    return [Changed(name, now, was) for name, now, was in lines if now != was]


def _of_fact(name: str, new: Conference, old: Conference) -> Changed:
    """A line of its own; an agenda is too long for one and stands in the letter anyway."""
    if name == "agenda":
        return Changed(label(name), _("see below") if new.agenda else _("none"))
    now, was = (in_words(name, facts(each, (name,))[name], each.start_date) for each in (new, old))
    return Changed(label(name), now, was)


def _from_json(name: str, value: Any) -> Any:
    """A value of `Change.before` as the field holds it."""
    field = _field(name)
    return timedelta(seconds=value) if isinstance(field, DurationField) else field.to_python(value)


def _field(name: str) -> Any:
    return Conference._meta.get_field(name)


def _of_law(changes: Iterable[Change], zone: str) -> list[Changed]:
    """Where the instants were moved to by the rules of the zone: on the clock of a reader who lives elsewhere."""
    change = next((change for change in changes if change.kind == _Kind.ZONE), None)
    if change is None:
        return []
    now, was = (datetime.fromisoformat(values["starts_at"]) for values in (change.after, change.before))
    abroad = zone if zone and zone != change.conference.time_zone else "UTC"
    shown = [_moment(at, abroad) for at in (now, was)]
    return [Changed(_("On your clock") if abroad == zone else _("In UTC"), *shown)]


def _moment(at: datetime, zone: str) -> str:
    when = When(at, at, zone)
    return _("%(day)s, %(clock)s") % {"day": when.day, "clock": when.clock.partition("–")[0]}


# SINGLE DATES


def _rows(conference: Conference, changes: Iterable[Change]) -> dict[date, Occurrence]:
    """The occurrences that `changes` were about, by the date that the rule has them on."""
    days = {change.original_date for change in changes if change.original_date}
    if not days:
        return {}
    rows = conference.occurrences.filter(original_date__in=days).order_by("starts_at")
    return {row.original_date: row for row in rows}


def _of_dates(conference: Conference, changes: list[Change], rows: Mapping[date, Occurrence]) -> list[Changed]:
    """A line for each of `rows`, soonest first."""
    lines = []
    for row in rows.values():
        now, was = When.of(row), _old_when(row, changes)
        if row.cancelled_at:
            lines.append(Changed(_("One date was cancelled"), now.day))
        elif now != was:
            lines.append(Changed(_("One date was moved"), now.at_home, was.at_home))
    more = [Changed(_("More dates were moved or cancelled"), _("your page has all of them"))]
    return lines if len(lines) <= LISTED_DATES else lines[:LISTED_DATES] + more


def _of_one(changes: list[Change], row: Occurrence) -> list[Changed]:
    return _of_time(When.of(row), _old_when(row, changes))


def _old_when(row: Occurrence, changes: Iterable[Change]) -> When:
    """Where it was before `changes` (newest first)."""
    before = row.facts()
    for change in changes:
        if change.original_date == row.original_date:
            before |= change.before
    wall = datetime.fromisoformat(f"{before['start_date']}T{before['start_time']}")
    zone = row.conference.time_zone
    start = times.instant_by_rule(wall, zone)
    return When(start, start + timedelta(seconds=before["duration"]), zone)
