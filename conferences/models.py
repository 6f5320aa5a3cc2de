"""What is scheduled, when, and what changed: conferences, their occurrences, their history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cabinet.text import CleanTextField, LineField
from conferences import times
from conferences.tokens import new_number, new_token

# After the last occurrence people may still come back in for a day (they do: "we go on after lunch").
JOIN_ENDS_AFTER = timedelta(hours=24)


class Mode(models.TextChoices):
    """Who may speak and who is seen."""

    DISCUSSION = "discussion", _("Discussion")
    ROLE_BASED = "role-based", _("Role-based")
    WEBINAR = "webinar", _("Webinar")
    SEMINAR = "seminar", _("Seminar")


class VideoQuality(models.TextChoices):
    """The best picture the room sends to anybody."""

    HIGH = "high", _("High")
    GOOD = "good", _("Good")
    MIDDLE = "middle", _("Middle")
    LOW = "low", _("Low")


class ClientVideoQuality(models.TextChoices):
    """The best picture a participant's own camera sends."""

    DEFAULT = "default", _("Default")
    HD = "hd", "HD"
    VGA = "vga", "VGA"
    QVGA = "qvga", "QVGA"


class ConferenceQuerySet(models.QuerySet["Conference"]):
    """Every look-up of a conference starts at one of these doors."""

    def managed_by(self, user: AbstractBaseUser) -> Self:
        """Those that `user` may see, change and cancel; a stranger's are not found."""
        return self.filter(organizer=user.pk)

    def schedule(self, organizer: AbstractBaseUser, **fields: Any) -> Conference:
        """A new conference with its occurrence and the first line of its history, in one transaction.

        `fields` are `Conference` fields: topic, start_date, start_time, time_zone, duration, settings.
        Raises times.NoSuchTime for a wall-clock time that a clock change skips.
        """
        conference = Conference(organizer_id=organizer.pk, **fields)
        with transaction.atomic():
            conference.save(force_insert=True)
            conference.write_occurrence()
            conference.record(Change.Kind.SCHEDULED, organizer, before={}, tell=Change.Tell.NOBODY)
        return conference

    def free_number(self) -> str:
        """A conference ID that no conference has."""
        while self.filter(number=(number := new_number())).exists():
            pass
        return number


class Conference(models.Model):
    """A scheduled conference. Wall-clock start, zone and duration are the truth; instants follow from them."""

    organizer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conferences")
    topic = LineField(_("Topic"), max_length=200)
    agenda = CleanTextField(_("Agenda or description"), max_length=5000, blank=True)
    start_date = models.DateField(_("Date"))
    start_time = models.TimeField(_("Start time"))
    time_zone = models.CharField(_("Time zone"), max_length=64)
    duration = models.DurationField(_("Duration"))

    number = models.CharField(_("Conference ID"), max_length=32, unique=True)
    password = models.CharField(_("Password"), max_length=32, blank=True)
    opens_before = models.DurationField(_("Open the room before the start"), default=timedelta(minutes=15))
    organizer_first = models.BooleanField(_("Prevent joining without conference owner"), default=False)
    guests_see_each_other = models.BooleanField(_("Guests see each other"), default=False)

    room_backend = models.CharField(_("Room"), max_length=64, blank=True)
    mode = models.CharField(_("Conference mode"), max_length=16, choices=Mode, default=Mode.DISCUSSION)
    chat_premoderation = models.BooleanField(_("Chat premoderation"), default=False)
    mute_on_entry = models.BooleanField(_("Mute participants on entry"), default=True)
    camera_off_on_entry = models.BooleanField(_("Start with cameras off"), default=False)
    record = models.BooleanField(_("Record the conference"), default=False)
    video_quality = models.CharField(
        _("Video quality level"), max_length=16, choices=VideoQuality, default=VideoQuality.HIGH
    )
    client_video_quality = models.CharField(
        _("Quality of video from client"), max_length=16, choices=ClientVideoQuality, default=ClientVideoQuality.DEFAULT
    )
    participants_limit = models.PositiveIntegerField(_("Participants limit"), null=True, blank=True)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    join_token = models.CharField(max_length=26, unique=True, default=new_token, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False, help_text="SEQUENCE of RFC 5545; one per Change.")
    cancelled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    submission_id = models.UUIDField(default=uuid.uuid4, editable=False)
    submission_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar[models.Manager[Conference]] = ConferenceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organizer", "submission_id"], name="conference_once_per_submission"),
        ]

    def __str__(self) -> str:
        return self.topic

    def get_absolute_url(self) -> str:
        return reverse("conferences:conference", args=[self.pk])

    # WHEN

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose wall clock rules this conference."""
        return ZoneInfo(self.time_zone)

    @property
    def wall_start(self) -> datetime:
        """Naive wall-clock start in `zone`."""
        return datetime.combine(self.start_date, self.start_time)

    @property
    def starts_at(self) -> datetime:
        """The start as an instant in UTC."""
        return times.instant(self.wall_start, self.time_zone)

    @property
    def ends_at(self) -> datetime:
        """The end as an instant in UTC: duration is real time, also over a clock change."""
        return self.starts_at + self.duration

    @property
    def opens_at(self) -> datetime:
        """When the room opens."""
        return self.starts_at - self.opens_before

    def write_occurrence(self) -> None:
        """Bring the stored instants in step with wall clock and zone; the room stays the same."""
        Occurrence.objects.update_or_create(
            conference=self, defaults={"starts_at": self.starts_at, "ends_at": self.ends_at}
        )

    # WHAT CHANGES

    def record(
        self, kind: Change.Kind, by: AbstractBaseUser, *, before: Mapping[str, Any], tell: Change.Tell, message: str = ""
    ) -> Change:
        """Write one line of history with the state as it is now; `before` holds the old values that differ."""
        return Change.objects.create(
            conference=self, sequence=self.sequence, kind=kind, by_id=by.pk, tell=tell, message=message,
            before=dict(before), after={name: facts(self)[name] for name in before},
        )

    def change(self, by: AbstractBaseUser, fields: Mapping[str, Any], *, seen_sequence: int, tell: Change.Tell) -> Change | None:
        """Apply edited `fields`; None if nothing differs, else the Change that letters are written from.

        Raises ChangedMeanwhile when somebody else changed the conference after `seen_sequence`, and
        times.NoSuchTime for a wall-clock time that does not exist.
        """
        with transaction.atomic():
            current = Conference.objects.select_for_update().get(pk=self.pk)
            if current.sequence != seen_sequence or current.cancelled_at:
                raise ChangedMeanwhile(current)
            old = facts(current)
            for name, value in fields.items():
                setattr(self, name, value)
            before = {name: value for name, value in old.items() if facts(self)[name] != value}
            if not before:
                return None
            self.sequence = current.sequence + 1
            self.save(update_fields=[*fields, "sequence", "changed_at"])
            self.write_occurrence()
            return self.record(Change.Kind.CHANGED, by, before=before, tell=tell)

    def cancel(self, by: AbstractBaseUser, now: datetime, *, tell: Change.Tell, message: str = "") -> None:
        """Take the conference off; doing it twice is doing it once."""
        with transaction.atomic():
            current = Conference.objects.select_for_update().get(pk=self.pk)
            if current.cancelled_at is None:
                self.sequence, self.cancelled_at = current.sequence + 1, now
                self.save(update_fields=["sequence", "cancelled_at", "changed_at"])
                self.record(Change.Kind.CANCELLED, by, before={}, tell=tell, message=message)
            else:
                self.sequence, self.cancelled_at = current.sequence, current.cancelled_at


class ChangedMeanwhile(Exception):
    """Somebody changed or cancelled the conference after the page was opened; holds the present state."""

    def __init__(self, current: Conference) -> None:
        super().__init__(f"conference {current.pk} is at sequence {current.sequence}")
        self.current = current


# What a person would read in an invitation: a difference here is a change that people are told.
FACTS = (
    "topic", "agenda", "start_date", "start_time", "time_zone", "duration", "number", "password", "opens_before",
    "organizer_first", "guests_see_each_other", "room_backend", "mode", "chat_premoderation", "mute_on_entry",
    "camera_off_on_entry", "record", "video_quality", "client_video_quality", "participants_limit",
)


def facts(conference: Conference) -> dict[str, Any]:
    """The editable fields as JSON values; instants, durations and dates in ISO 8601 or seconds."""
    values: dict[str, Any] = {}
    for name in FACTS:
        value = getattr(conference, name)
        if isinstance(value, timedelta):
            value = int(value.total_seconds())
        values[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return values


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    """Lists ask occurrences: when is known here and nowhere else."""

    def managed_by(self, user: AbstractBaseUser) -> Self:
        """Those of conferences that `user` manages."""
        return self.filter(conference__organizer=user.pk)

    def active(self, now: datetime) -> Self:
        """Begun, not over, not cancelled."""
        return self.filter(conference__cancelled_at=None, starts_at__lte=now, ends_at__gt=now)

    def upcoming(self, now: datetime) -> Self:
        """Not yet begun; cancelled ones too, so that they stay visible until their time."""
        return self.filter(starts_at__gt=now).order_by("starts_at", "pk")

    def past(self, now: datetime) -> Self:
        """Over, newest first."""
        return self.filter(ends_at__lte=now).order_by("-starts_at", "-pk")


class Occurrence(models.Model):
    """One date of a conference, in instants derived from its wall clock, and the room it takes place in."""

    conference = models.OneToOneField(Conference, models.CASCADE, related_name="occurrence")
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField(db_index=True)
    room_name = models.CharField(max_length=26, default=new_token, editable=False)
    organizer_joined_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager[Occurrence]] = OccurrenceQuerySet.as_manager()


class Change(models.Model):
    """One line of a conference's history: what it was, what it is, who did it, who is to be told."""

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled", _("scheduled")
        CHANGED = "changed", _("changed")
        CANCELLED = "cancelled", _("cancelled")

    class Tell(models.TextChoices):
        ALL = "all", _("Tell participants by e-mail")
        NOBODY = "nobody", _("Tell nobody")

    conference = models.ForeignKey(Conference, models.CASCADE, related_name="changes")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    message = CleanTextField(max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    tell = models.CharField(max_length=16, choices=Tell)
    announced_at = models.DateTimeField(null=True, help_text="When letters about it were queued for everybody meant.")

    class Meta:
        ordering: ClassVar = ["-sequence"]
        constraints: ClassVar = [models.UniqueConstraint("conference", "sequence", name="change_once_per_sequence")]
        indexes: ClassVar = [
            models.Index("at", condition=models.Q(tell="all", announced_at=None), name="change_to_announce")
        ]


class AttemptManager(models.Manager["Attempt"]):
    """Counts tries in the database, so that a limit holds over all processes."""

    def allow(self, scope: str, key: str, *, limit: int, window: timedelta, now: datetime) -> bool:
        """Count one try of `key` in the current window; False once `limit` is used up.

        One conditional UPDATE counts, so parallel tries at the limit let exactly the remaining ones pass.
        """
        began = int(now.timestamp() // window.total_seconds())
        row, _created = self.get_or_create(
            scope=scope, key=key, window=began, defaults={"expires_at": now + window}
        )
        return bool(self.filter(pk=row.pk, count__lt=limit).update(count=models.F("count") + 1))


class Attempt(models.Model):
    """How often something was tried in one window of time: passwords, unknown links."""

    scope = models.CharField(max_length=16)
    key = models.CharField(max_length=64)
    window = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[AttemptManager] = AttemptManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("scope", "key", "window", name="attempt_once_per_window")]
