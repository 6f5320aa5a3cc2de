"""What the form of a conference starts with, and what it would send by itself."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from conferences import reminders, times
from conferences.choices import Mode
from conferences.models import Change, Conference
from conferences.occurrences import LONGEST
from conferences.recurrence import MOST, Rule
from conferences.recurrence_fields import NEVER, RECURRENCE, rule_values
from conferences.template import Template, as_json
from conferences.tokens import new_password

LENGTHS = [("15", _("15 min")), ("30", _("30 min")), ("45", _("45 min")), ("60", _("1 hour")), ("90", _("1 h 30"))]
OTHER = "other"

# What a template remembers, beside the duration: the fields that are named like the model's.
SETTINGS = (
    "opens_before", "organizer_first", "waiting_room", "invited_only", "guests_see_each_other", "room_backend", "mode",
    "chat_premoderation", "mute_on_entry", "camera_off_on_entry", "record", "video_quality", "client_video_quality",
    "participants_limit", "language", "reminders",
)  # fmt: skip


# Those of them that a template says in words, where they are on.
ON_OR_OFF = (
    "password", "waiting_room", "invited_only", "organizer_first", "guests_see_each_other", "chat_premoderation",
    "mute_on_entry", "camera_off_on_entry", "record",
)  # fmt: skip


def first_values(user: Any, now: datetime) -> dict[str, Any]:
    """What a new conference starts with: next full half hour, the person's zone, their default template."""
    zone = zone_of(user)
    start = next_half_hour(now, zone)
    return {
        **rule_values(None, start.date()),
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
    blank = Conference(reminders=list(reminders.USUAL))
    return {
        "password": new_password() if known.get("password") else "",
        **length_values(known.get("duration", 60)),
        **{name: known.get(name, getattr(blank, name)) for name in SETTINGS},
    }


def settings_of(conference: Conference) -> dict[str, Any]:
    """What a template keeps of a conference."""
    values = {name: getattr(conference, name) for name in SETTINGS}
    return values | {"duration": conference.duration, "password": bool(conference.password)}


def settings_in_words(values: Mapping[str, Any]) -> str:
    """What a template fills in: length, mode unless everybody may speak, limit, and all that it turns on."""
    known = as_json(values)
    minutes, mode, limit = known.get("duration", 60), known.get("mode"), known.get("participants_limit")
    said = [ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}]
    if mode and mode != Mode.DISCUSSION:
        said.append(str(dict(Mode.choices).get(mode, mode)))
    if limit:
        said.append(ngettext("up to %(count)d person", "up to %(count)d people", limit) % {"count": limit})
    if times_before := known.get("reminders"):
        said.append(gettext("reminders %(times)s") % {"times": reminders.in_words(times_before)})
    if language := dict(settings.LANGUAGES).get(known.get("language", "")):
        said.append(gettext("invitations in %(language)s") % {"language": language})
    labels = {field.name: field.verbose_name for field in Conference._meta.fields}
    said += [str(labels[name]) for name in ON_OR_OFF if known.get(name)]
    return " · ".join(said)


def copied_values(conference: Conference, user: Any, now: datetime) -> dict[str, Any]:
    """What the form starts with that repeats a conference: the same at the next time that is to come."""
    number = Conference.objects.free_number()
    values = values_of(conference) | {
        "submission_id": str(uuid4()),
        "number": number,
        "password": new_password() if conference.password else "",
        "organizer": "" if conference.organizer_id == user.pk else str(conference.organizer_id),
    }
    return values | _next_time(conference, now)


def _next_time(conference: Conference, now: datetime) -> dict[str, Any]:
    """The next day on which it would be in the future at the same clock time, and on a day of its rule.

    A series that was to end on a date, or after so many times, has as many again.
    """
    rule, zone = conference.recurrence, conference.time_zone
    if conference.permanent:
        start = next_half_hour(now, zone)
        return {"date": start.date(), "start": start.time()}
    today = times.wall_clock(now, zone).date()
    endless = rule.without_end() if rule else Rule("DAILY")
    days = endless.days(conference.start_date, max(conference.start_date, today))
    day = next(day for day in days if _is_to_come(datetime.combine(day, conference.start_time), zone, now))
    if rule and rule.until:
        as_often = sum(1 for _day in islice(rule.days(conference.start_date), MOST))
        rule = replace(rule, until=None, count=as_often)
    return {"date": day, **rule_values(rule, day)}


def _is_to_come(wall: datetime, zone: str, now: datetime) -> bool:
    """Whether the wall-clock time exists and lies in the future."""
    try:
        return times.instant(wall, zone) > now
    except times.NoSuchTime:
        return False


def values_of(conference: Conference) -> dict[str, Any]:
    """What the form of an existing conference starts with."""
    return {
        **rule_values(conference.recurrence, conference.start_date),
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


def proposed_values(asked: Mapping[str, str], zone: str) -> dict[str, Any]:
    """What an address proposes: `starts_at` and `ends_at`, instants by ISO 8601, for something to be moved to.

    Empty where it proposes nothing that can be understood.
    """
    try:
        start, end = (datetime.fromisoformat(asked[name]) for name in ("starts_at", "ends_at"))
        length, wall = end.astimezone(UTC) - start.astimezone(UTC), times.wall_clock(start, zone)
    except (KeyError, ValueError, OverflowError):
        return {}
    if not timedelta(0) < length <= LONGEST:
        return {}
    return {"date": wall.date(), "start": wall.time(), **length_values(times.minutes_of(length))}


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
        "reminders": getattr(data, "getlist", data.get)("reminders"),
        "repeat": NEVER,
        "topic": str(data.get("topic", "")).strip() or gettext("Ad hoc conference"),
        "date": f"{local:%Y-%m-%d}",
        "start": f"{local:%H:%M}",
        "end": "",
        "time_zone": zone,
    }
