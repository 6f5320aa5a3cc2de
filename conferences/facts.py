"""What people read about a conference, as JSON values: the stuff that its history is made of."""

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
)


def facts(row: Any, names: tuple[str, ...] = FACTS) -> dict[str, Any]:
    """The fields `names` of `row` as JSON values; durations in seconds, dates and times in ISO 8601."""
    return {name: _as_json(getattr(row, name)) for name in names}


def _as_json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value.isoformat() if hasattr(value, "isoformat") else value
