"""What people read about a conference, as JSON values: the stuff that its history is made of."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

# What a person would read in an invitation: a difference here is a change that people are told.
FACTS = (
    "topic",
    "agenda",
    "start_date",
    "start_time",
    "time_zone",
    "duration",
    "rule",
    "number",
    "password",
    "opens_before",
    "organizer_first",
    "waiting_room",
    "invited_only",
    "guests_see_each_other",
    "room_backend",
    "mode",
    "chat_premoderation",
    "mute_on_entry",
    "camera_off_on_entry",
    "record",
    "video_quality",
    "client_video_quality",
    "participants_limit",
    "language",
    "reminders",
)
# A difference in these alone is no news to anybody: the next letters go by it.
QUIET = frozenset({"language", "reminders"})


def facts(row: Any, names: tuple[str, ...] = FACTS) -> dict[str, Any]:
    """The fields `names` of `row` as JSON values; durations in seconds, dates and times in ISO 8601."""
    return {name: _as_json(getattr(row, name)) for name in names}


def facts_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same of new values for some of them."""
    return {name: _as_json(fields[name]) for name in FACTS if name in fields}


def facts_before(
    old: Mapping[str, Any], fields: Mapping[str, Any], *, leave_out: Collection[str] = ()
) -> dict[str, Any]:
    """Of the `old` facts, those that new `fields` would change."""
    new = facts_of(fields)
    return {name: old[name] for name in new if old[name] != new[name] and name not in leave_out}


def _as_json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value.isoformat() if hasattr(value, "isoformat") else value
