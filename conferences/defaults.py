"""What the form of a conference starts with, and what it would send by itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conferences import times
from conferences.models import Change, Conference
from conferences.recurrence_fields import NEVER, RECURRENCE, rule_values
from conferences.template import Template
from conferences.tokens import new_password

LENGTHS = [("15", _("15 min")), ("30", _("30 min")), ("45", _("45 min")), ("60", _("1 hour")), ("90", _("1 h 30"))]
OTHER = "other"

# What a template remembers, beside the duration: the fields that are named like the model's.
SETTINGS = (
    "opens_before", "organizer_first", "waiting_room", "invited_only", "guests_see_each_other", "room_backend", "mode",
    "chat_premoderation", "mute_on_entry", "camera_off_on_entry", "record", "video_quality", "client_video_quality",
    "participants_limit",
)  # fmt: skip


def first_values(user: Any, now: datetime) -> dict[str, Any]:
    """What a new conference starts with: next full half hour, the person's zone, their default template."""
    zone = zone_of(user)
    start = next_half_hour(now, zone)
    return {
        **rule_values(None),
        "submission_id": str(uuid4()),
        "date": start.date(),
        "start": start.time(),
        "time_zone": zone,
        "number": Conference.objects.free_number(),
        **template_values(Template.objects.default_of(user)),
    }


def template_values(template: Template | None) -> dict[str, Any]:
    """What a template fills in; without one, what is usual."""
    known = template.values if template else {}
    blank = Conference()
    return {
        "password": new_password() if known.get("password") else "",
        **length_values(known.get("duration", 60)),
        **{name: known.get(name, getattr(blank, name)) for name in SETTINGS},
    }


def values_of(conference: Conference) -> dict[str, Any]:
    """What the form of an existing conference starts with."""
    return {
        **rule_values(conference.recurrence),
        "topic": conference.topic,
        "permanent": conference.permanent,
        "date": conference.start_date,
        "start": conference.start_time,
        "time_zone": conference.time_zone,
        "number": conference.number,
        "password": conference.password,
        "agenda": conference.agenda,
        "seen_sequence": conference.sequence,
        "tell": Change.Tell.ALL,
        **length_values(times.minutes_of(conference.duration)),
        **{name: getattr(conference, name) for name in SETTINGS},
    }


def length_values(minutes: int) -> dict[str, Any]:
    """A duration as one of the buttons, or as “Other” with minutes."""
    if str(minutes) in dict(LENGTHS):
        return {"duration": str(minutes)}
    return {"duration": OTHER, "minutes": minutes}


def zone_of(user: Any) -> str:
    """The person's zone, or UTC if the zone they once chose is no longer one."""
    return times.canonical(user.time_zone) or "UTC"


def next_half_hour(now: datetime, zone: str) -> datetime:
    """The next full half hour on the clocks of `zone` (naive), one that no clock change skips."""
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wall = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0) + timedelta(minutes=30)
    try:
        times.instant(wall, zone)
    except times.NoSuchTime as gap:
        return gap.after
    return wall


def right_now(data: Mapping[str, Any], user: Any, now: datetime) -> dict[str, Any]:
    """What was sent with “Start conference now”: the same, beginning at this minute, with a topic in any case."""
    zone = times.canonical(str(data.get("time_zone", ""))) or zone_of(user)
    local = now.astimezone(ZoneInfo(zone))
    if local.fold:  # the second time that clocks show this hour: a wall clock would mean the first
        zone, local = "UTC", now
    return {
        **{name: data[name] for name in data if name not in RECURRENCE and name != "permanent"},
        "repeat": NEVER,
        "topic": str(data.get("topic", "")).strip() or gettext("Ad hoc conference"),
        "date": f"{local:%Y-%m-%d}",
        "start": f"{local:%H:%M}",
        "end": "",
        "time_zone": zone,
    }
