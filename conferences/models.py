"""What is scheduled, when, and what changed: conferences, their occurrences, their history."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Replace
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cabinet.text import CleanTextField, LineField
from conferences import times
from conferences.attempts import Attempt  # noqa: F401 - a table of this app too
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

    def numbered(self, number: str) -> Self:
        """The one whose conference ID has these digits, whatever stands between them."""
        return self.filter(number_digits=digits(number))

    def submitted(self, organizer: AbstractBaseUser, submission_id: uuid.UUID, digest: str) -> Conference | None:
        """What an earlier press of the same button scheduled, if any.

        Raises SubmittedBefore when that press sent other content than `digest` stands for.
        """
        known = self.filter(organizer=organizer.pk, submission_id=submission_id).first()
        if known and known.submission_digest != digest:
            raise SubmittedBefore(known)
        return known

    def schedule(self, organizer: AbstractBaseUser, **fields: Any) -> Conference:
        """A new conference with its occurrence and the first line of its history, in one transaction.

        `fields` are `Conference` fields: topic, start_date, start_time, time_zone, duration, settings. The same
        submission_id again, even at the same moment, answers with the conference that is already there. Raises
        SubmittedBefore, NumberTaken, and times.NoSuchTime for a wall-clock time that a clock change skips.
        """
        conference = Conference(organizer_id=organizer.pk, **fields)
        try:
            with transaction.atomic():
                conference.save(force_insert=True)
                conference.write_occurrence()
                conference.write_change(Change.Kind.SCHEDULED, organizer, before={}, tell=Change.Tell.NOBODY)
        except IntegrityError as error:
            twin = self.submitted(organizer, conference.submission_id, conference.submission_digest)
            if twin is None:
                raise NumberTaken(conference.number) from error
            return twin
        return conference

    def zones_used_lately(self) -> list[str]:
        """The last few time zones that these conferences were scheduled in, newest first."""
        return list(dict.fromkeys(self.order_by("-pk").values_list("time_zone", flat=True)[:30]))[:5]

    def free_number(self) -> str:
        """A conference ID that no conference has."""
        while self.numbered(number := new_number()).exists():
            pass
        return number


def digits(number: str) -> str:
    """What counts of a conference ID: "123-456-789" and "123 456 789" are the same."""
    return re.sub("[^0-9]", "", number)


def new_uid() -> str:
    """A UID of RFC 5545 that stays, also when the site moves: calendars take another one for another conference."""
    return f"{uuid.uuid4()}@{settings.SITE_HOST}"


class Conference(models.Model):
    """A scheduled conference. Wall-clock start, zone and duration are the truth; instants follow from them."""

    organizer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conferences")
    topic = LineField(_("Topic"), max_length=200)
    agenda = CleanTextField(_("Agenda or description"), max_length=5000, blank=True)
    start_date = models.DateField(_("Date"))
    start_time = models.TimeField(_("Start time"))
    time_zone = models.CharField(_("Time zone"), max_length=64)
    duration = models.DurationField(_("Duration"))

    number = models.CharField(_("Conference ID"), max_length=32)
    number_digits = models.GeneratedField(
        expression=Replace("number", models.Value("-")),
        output_field=models.CharField(max_length=32),
        db_persist=True,
        unique=True,
    )
    password = LineField(_("Password"), max_length=32, blank=True)
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

    uid = models.CharField(max_length=255, unique=True, default=new_uid, editable=False)
    join_token = models.CharField(max_length=26, unique=True, default=new_token, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False, help_text="SEQUENCE of RFC 5545; one per Change.")
    cancelled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    submission_id = models.UUIDField(default=uuid.uuid4, editable=False)
    submission_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = ConferenceQuerySet.as_manager()

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
        """The start as an instant in UTC. Where a newer law skips the stored wall clock, clocks show the next time."""
        try:
            return times.instant(self.wall_start, self.time_zone)
        except times.NoSuchTime as gap:
            return times.instant(gap.after, self.time_zone)

    @property
    def ends_at(self) -> datetime:
        """The end as an instant in UTC: duration is real time, also over a clock change."""
        return self.starts_at + self.duration

    @property
    def opens_at(self) -> datetime:
        """When the room opens."""
        return self.starts_at - self.opens_before

    def write_occurrence(self) -> None:
        """Bring the stored instants in step with wall clock and zone; the room stays the same.

        Raises times.NoSuchTime for a wall-clock time that does not exist.
        """
        times.instant(self.wall_start, self.time_zone)
        when = {"starts_at": self.starts_at, "ends_at": self.ends_at}
        occurrence, created = Occurrence.objects.get_or_create(conference=self, defaults=when)
        if not created:
            moved = occurrence.starts_at != when["starts_at"]
            # Whoever came to the old date is not yet there on the new one.
            joined_at = None if moved else occurrence.organizer_joined_at
            Occurrence.objects.filter(pk=occurrence.pk).update(**when, organizer_joined_at=joined_at)

    # WHAT CHANGES

    def write_change(
        self, kind: Change.Kind, by: AbstractBaseUser, before: Mapping[str, Any], tell: Change.Tell, message: str = ""
    ) -> Change:
        """Write one line of history with the state as it is now; `before` holds the old values that differ."""
        present = facts(self)
        return Change.objects.create(
            conference=self, sequence=self.sequence, kind=kind, by_id=by.pk, tell=tell, message=message,
            before=dict(before), after={name: present[name] for name in before},
        )  # fmt: skip

    def change(
        self, by: AbstractBaseUser, fields: Mapping[str, Any], *, seen_sequence: int, tell: Change.Tell
    ) -> Change | None:
        """Apply edited `fields`; None if nothing differs, else the Change that letters are written from.

        Raises ChangedMeanwhile when somebody else changed or cancelled the conference after `seen_sequence` (the same
        edit sent twice is no such case), NumberTaken, and times.NoSuchTime for a wall-clock time that does not exist.
        """
        with transaction.atomic(), self._number_may_be_taken():
            self._lock()
            old = facts(self)
            for name, value in fields.items():
                setattr(self, name, value)
            before = {name: old[name] for name, value in facts(self).items() if old[name] != value}
            # Not by the number alone: letters to single people raise it too, and change nothing.
            if before and (self.cancelled_at or self.changes.filter(sequence__gt=seen_sequence).exists()):
                self.refresh_from_db()
                raise ChangedMeanwhile
            if not before:
                return None
            self.sequence += 1
            self.save(update_fields=[*fields, "sequence", "changed_at"])
            self.write_occurrence()
            return self.write_change(Change.Kind.CHANGED, by, before=before, tell=tell)

    def cancel(self, by: AbstractBaseUser, now: datetime, *, tell: Change.Tell, message: str = "") -> bool:
        """Take the conference off; doing it twice is doing it once, and False the second time."""
        with transaction.atomic():
            self._lock()
            if self.cancelled_at:
                return False
            self.sequence, self.cancelled_at = self.sequence + 1, now
            self.save(update_fields=["sequence", "cancelled_at", "changed_at"])
            self.write_change(Change.Kind.CANCELLED, by, before={}, tell=tell, message=message)
            return True

    def _lock(self) -> None:
        """Read the row afresh and hold it: what this instance was loaded with may be old by now."""
        self.refresh_from_db(from_queryset=Conference.objects.select_for_update())

    @contextmanager
    def _number_may_be_taken(self) -> Iterator[None]:
        """Names the one uniqueness that an edit can break."""
        try:
            yield
        except IntegrityError as error:
            raise NumberTaken(self.number) from error


class ChangedMeanwhile(Exception):
    """Somebody changed or cancelled the conference after the page was opened."""


class NumberTaken(Exception):
    """Another conference took this conference ID a moment earlier."""


class SubmittedBefore(Exception):
    """This form has already scheduled `conference`, with other content."""

    def __init__(self, conference: Conference) -> None:
        super().__init__(conference.pk)
        self.conference = conference


# What a person would read in an invitation: a difference here is a change that people are told.
FACTS = (
    "topic",
    "agenda",
    "start_date",
    "start_time",
    "time_zone",
    "duration",
    "number",
    "password",
    "opens_before",
    "organizer_first",
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

    def coming(self, now: datetime) -> Self:
        """Not over, soonest first; cancelled ones too, so that they stay visible until their time."""
        return self.filter(ends_at__gt=now).order_by("starts_at", "pk")

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

    objects = OccurrenceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.conference}, {self.starts_at:%Y-%m-%d %H:%M} UTC"


class Change(models.Model):
    """One line of a conference's history: what it was, what it is, who did it, who is to be told."""

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled", _("scheduled")
        CHANGED = "changed", _("changed")
        CANCELLED = "cancelled", _("cancelled")
        ZONE = "zone", _("moved by new rules of its time zone")

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

    def __str__(self) -> str:
        return f"{self.conference}, {self.sequence}: {self.get_kind_display()}"
