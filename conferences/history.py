"""A change in words: what it was, what it is, in the language that is active."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import BooleanField, DateField, DurationField, Field, TimeField
from django.utils.formats import date_format, time_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conferences import times
from conferences.facts import FACTS
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
    touched = [(name, str(_field(name).verbose_name)) for name in FACTS if name in change.before]
    return [
        Difference(label, in_words(name, change.before[name]), in_words(name, change.after[name]))
        for name, label in touched
    ]


def in_words(name: str, value: Any) -> str:
    """The fact `name` as people read it; `value` as models.facts() stores it."""
    field = _field(name)
    if value is None or value == "":
        return _("none")
    if isinstance(field, BooleanField):
        return _("yes") if value else _("no")
    if isinstance(field, DurationField):
        minutes = value // 60
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    if isinstance(field, DateField):
        return date_format(date.fromisoformat(value), _("l j F Y"))
    if isinstance(field, TimeField):
        return time_format(time.fromisoformat(value), _("H:i"))
    return _text(field, value)


def _text(field: Field[Any, Any], value: Any) -> str:
    """The label of a choice, the name of a place, or the text itself, cut where it is long."""
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if field.name == "time_zone":
        return times.city(value)
    if field.name == "room_backend":
        return room_called(value).label
    return Truncator(value).chars(80)


def _field(name: str) -> Field[Any, Any]:
    return Conference._meta.get_field(name)  # type: ignore[return-value]
