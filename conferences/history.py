"""A change in words: what it was, what it is, in the language that is active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, DateField, DurationField, Field, TimeField
from django.utils.formats import date_format, time_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conferences import recurrence, reminders, times
from conferences.facts import FACTS, facts
from conferences.models import Change, Conference
from conferences.rooms import room_called


@dataclass(frozen=True)
class Difference:
    """One fact that a change touched."""

    label: str
    was: str
    now: str


def differences(change: Change) -> list[Difference]:
    """The facts that `change` touched, in the order of the form."""
    if change.kind == Change.Kind.ZONE:
        was, now = (datetime.fromisoformat(values["starts_at"]) for values in (change.before, change.after))
        return [Difference(_("Start in UTC"), *(date_format(at, _("D j M Y, H:i")) for at in (was, now)))]
    states = (change.before, change.after)
    return [
        Difference(label(name), *(in_words(name, values[name], _start(change, values)) for values in states))
        for name in FACTS
        if name in change.before
    ]


def label(name: str) -> str:
    """How the fact `name` is called."""
    return str(_field(name).verbose_name)


def _start(change: Change, values: Mapping[str, Any]) -> date:
    """The day on which the series began then: only with it a rule says which days it means."""
    known = values.get("start_date")
    return date.fromisoformat(known) if known else change.conference.start_date


def in_words(name: str, value: Any, start: date) -> str:
    """The fact `name` as people read it; `value` as facts.facts() stores it, of a conference that begins on `start`."""
    field = _field(name)
    if value is None or value in ("", []):
        return {"rule": _("does not repeat"), "language": _("the organizer’s")}.get(name, _("none"))
    if isinstance(field, BooleanField):
        return _("yes") if value else _("no")
    if isinstance(field, DurationField):
        return length(timedelta(seconds=value))
    if isinstance(field, DateField):
        return date_format(date.fromisoformat(value), _("l j F Y"))
    if isinstance(field, TimeField):
        return time_format(time.fromisoformat(value), _("H:i"))
    return reminders.in_words(value) if name == "reminders" else _text(field, value, start)


def length(duration: timedelta) -> str:
    """45 minutes, 1 hour, 1 h 30"""
    hours, minutes = divmod(round(duration.total_seconds() / 60), 60)
    if hours and minutes:
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes}
    if hours:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def _text(field: Field[Any, Any], value: Any, start: date) -> str:
    """The label of a choice, the name of a place, a rule, or the text itself, cut where it is long."""
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if field.name == "time_zone":
        return times.city(value)
    if field.name == "room_backend":
        return room_called(value).label
    if field.name == "language":
        return str(dict(settings.LANGUAGES).get(value, value))
    if field.name == "rule":
        return recurrence.in_words(recurrence.parse(value), start)
    return Truncator(value).chars(80)


def _field(name: str) -> Field[Any, Any]:
    return Conference._meta.get_field(name)  # type: ignore[return-value]


def facts_at(conference: Conference, sequence: int) -> dict[str, Any]:
    """The facts of the conference as somebody saw them who saw its state `sequence`."""
    seen = facts(conference)
    for change in conference.changes.filter(sequence__gt=sequence, original_date=None).order_by("-sequence"):
        seen |= {name: value for name, value in change.before.items() if name in seen}
    return seen
