"""What is scheduled, when, and what changed: conferences, their occurrences, their history."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Replace
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cabinet.text import CleanTextField, LineField
from conferences import choices, recurrence, times

# Tables of this app, too.
from conferences.arrivals import Arrival  # noqa: F401
from conferences.attempts import Attempt  # noqa: F401
from conferences.choices import ClientVideoQuality, Mode, VideoQuality
from conferences.conflicts import ChangedMeanwhile, NumberTaken
from conferences.deputies import CoOrganizer, Deputy  # noqa: F401
from conferences.facts import QUIET, facts, facts_before
from conferences.occurrences import Occurrence
from conferences.querysets import ConferenceQuerySet
from conferences.recurrence import Rule
from conferences.template import Template  # noqa: F401
from conferences.tokens import new_token

# After the last occurrence people may still come back in for a day (they do: "we go on after lunch").
JOIN_ENDS_AFTER = timedelta(hours=24)
# So far ahead an endless series has its occurrences stored.
STORED_AHEAD = timedelta(days=2 * 365)


def new_uid() -> str:
    """A UID of RFC 5545 that stays, also when the site moves: calendars take another one for another conference."""
    return f"{uuid.uuid4()}@{settings.SITE_HOST}"


class Conference(models.Model):
    """A scheduled conference. Wall-clock start, zone and duration are the truth; instants follow from them."""

    # Which facts say where on the time line it begins.
    WHEN = frozenset({"start_date", "start_time", "time_zone"})

    organizer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conferences")
    topic = LineField(_("Topic"), max_length=200)
    agenda = CleanTextField(_("Agenda or description"), max_length=5000, blank=True)
    start_date = models.DateField(_("Date"))
    start_time = models.TimeField(_("Start time"))
    time_zone = models.CharField(_("Time zone"), max_length=64)
    duration = models.DurationField(_("Duration"))
    rule = models.CharField(_("Recurrence"), max_length=200, blank=True, help_text="RRULE text of recurrence.py.")
    # Without a date: the four fields above then hold when it was made, and nobody is shown them.
    permanent = models.BooleanField(_("Permanent conference"), default=False)
    follows = models.OneToOneField(
        "self", models.SET_NULL, null=True, editable=False, related_name="continued_by",
        help_text="The series that this one continues after “this and following”.",
    )  # fmt: skip

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
    waiting_room = models.BooleanField(_("Waiting room"), default=False)
    invited_only = models.BooleanField(_("Only invited people may join"), default=False)
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
    language = models.CharField(
        _("Language of invitation"), max_length=16, blank=True, help_text="Empty: the organizer’s own."
    )
    reminders = models.JSONField(
        _("Reminders"), default=list, blank=True, help_text="Minutes before each start, the longest first."
    )

    uid = models.CharField(max_length=255, unique=True, default=new_uid, editable=False)
    join_token = models.CharField(max_length=26, unique=True, default=new_token, editable=False)
    reply_token = models.CharField(
        max_length=26, unique=True, default=new_token, editable=False, help_text="In the address for answers by mail."
    )
    answers_to = models.CharField(
        max_length=254, blank=True, editable=False, help_text="ORGANIZER of its letters; empty until the first one."
    )
    sequence = models.PositiveIntegerField(default=0, editable=False, help_text="SEQUENCE of RFC 5545; one per Change.")
    cancelled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    submission_id = models.UUIDField(default=uuid.uuid4, editable=False)
    submission_digest = models.CharField(max_length=64, blank=True, editable=False)
    over_at = models.DateTimeField(
        null=True, editable=False, db_index=True, help_text="End of the last occurrence; null where there is none."
    )
    # The room of a permanent conference; each occurrence has one of its own.
    room_name = models.CharField(max_length=26, default=new_token, editable=False)
    organizer_joined_at = models.DateTimeField(null=True, editable=False)
    co_organizers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="CoOrganizer", related_name="co_organized", blank=True
    )

    objects = ConferenceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organizer", "submission_id"], name="conference_once_per_submission"),
        ]
        indexes: ClassVar = [
            models.Index("organizer", condition=models.Q(permanent=True), name="conference_permanent"),
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
        """The first start as an instant in UTC; a series starts here, wherever single occurrences were moved to."""
        return times.instant_by_rule(self.wall_start, self.time_zone)

    @property
    def ends_at(self) -> datetime:
        """The end of the first occurrence: duration is real time, also over a clock change."""
        return self.starts_at + self.duration

    @property
    def only_date(self) -> Occurrence | None:
        """The one occurrence of a conference that neither repeats nor is permanent."""
        return None if self.rule else self.occurrences.first()

    @property
    def recurrence(self) -> Rule | None:
        """By which rule it repeats, if it does."""
        return recurrence.parse(self.rule) if self.rule else None

    def check_start(self) -> None:
        """Raise times.NoSuchTime where the first wall-clock time does not exist, if that matters to anybody."""
        if not self.permanent:
            times.instant(self.wall_start, self.time_zone)

    def has_begun(self, now: datetime) -> bool:
        """Whether one of its dates lies behind us, or goes on: where a series begins cannot be changed any more.

        A permanent one has begun when its organizer has been there.
        """
        if self.permanent:
            return self.organizer_joined_at is not None
        return self.occurrences.filter(starts_at__lte=now).exists()

    def is_over(self, now: datetime) -> bool:
        """Whether nothing of it is to come any more; a permanent and an endless one never is."""
        return self.over_at is not None and now >= self.over_at

    def write_occurrences(self, now: datetime) -> None:
        """Bring the stored occurrences in step with rule, wall clock and zone; rooms stay as they are.

        What has taken place stays as it was, and so does what was moved or cancelled by itself, as long as the rule
        still meets its day, or has begun.
        """
        known = {row.original_date: row for row in self.occurrences.all()}
        if not self.rule and len(known) == 1:  # another date of the same thing
            known = dict.fromkeys([self.start_date], next(iter(known.values())))
        days = [] if self.permanent else self._days(now)
        rows = [known.pop(day) if day in known else Occurrence(conference=self, original_date=day) for day in days]
        for row in rows:
            row.follow_rule(now)
        gone = [row.pk for row in known.values() if not row.has_begun(now)]
        Occurrence.objects.filter(pk__in=gone).delete()
        Occurrence.objects.bulk_create([row for row in rows if row.pk is None])
        Occurrence.objects.bulk_update([row for row in rows if row.pk], Occurrence.BY_RULE)
        self.occurrences.exclude(organizer=self.organizer_id).update(organizer=self.organizer_id)  # past ones, too
        self.write_over_at()

    def _days(self, now: datetime) -> list[date]:
        """The days whose occurrences are to be stored."""
        rule = self.recurrence
        if rule is None:
            return [self.start_date]
        today = times.wall_clock(now, self.time_zone).date()
        days = recurrence.ahead(rule, self.start_date, today, today + STORED_AHEAD)
        return sorted({*days, *self._days_moved_ahead(rule, now)})

    def _days_moved_ahead(self, rule: Rule, now: datetime) -> list[date]:
        """Days of the rule whose occurrences are still to come: `ahead` knows nothing of a past one that was moved."""
        to_come = self.occurrences.filter(moved=True, ends_at__gt=now).values_list("original_date", flat=True)
        return [day for day in to_come if rule.meets(self.start_date, day)]

    def write_over_at(self) -> None:
        """Note when the last occurrence ends; of those that stand, if any does."""
        rule = self.recurrence
        rows = self.occurrences.order_by("-ends_at")
        last = None if rule and rule.is_endless else rows.filter(cancelled_at=None).first() or rows.first()
        self.over_at = last.ends_at if last else None
        Conference.objects.filter(pk=self.pk).update(over_at=self.over_at)

    # WHAT CHANGES

    def write_change(
        self,
        kind: choices.Kind,
        by: AbstractBaseUser | None,
        *,
        before: Mapping[str, Any],
        tell: choices.Tell,
        message: str = "",
        of: Occurrence | None = None,
    ) -> Change:
        """Write one line of history with the state as it is now, of the conference or `of` one occurrence.

        `before` holds the old values that differ.
        """
        present = of.facts() if of else facts(self)
        nobody_is_owed = tell == choices.Tell.NOBODY and kind != choices.Kind.CONTINUED
        return Change.objects.create(
            conference=self, original_date=of.original_date if of else None, sequence=self.sequence, kind=kind,
            by_id=by.pk if by else None, tell=tell, announced_at=timezone.now() if nobody_is_owed else None,
            message=message, before=dict(before), after={name: present[name] for name in before},
        )  # fmt: skip

    def next_sequence(self) -> None:
        """One state further; the row must be locked."""
        self.sequence += 1
        self.save(update_fields=["sequence", "changed_at"])

    def change(
        self,
        by: AbstractBaseUser,
        fields: Mapping[str, Any],
        *,
        seen_sequence: int,
        tell: choices.Tell,
        now: datetime,
        message: str = "",
    ) -> Change | None:
        """Apply edited `fields`; None if nothing differs, else the Change that letters are written from.

        Raises ChangedMeanwhile when somebody else changed or cancelled the conference after `seen_sequence` (the same
        edit sent twice is no such case), NumberTaken, and times.NoSuchTime for a wall-clock time that does not exist.
        """
        with transaction.atomic(), self._number_may_be_taken():
            self.lock()
            before = facts_before(facts(self), fields)
            if not before:
                return None
            self.refuse_if_changed(seen_sequence)
            for name, value in fields.items():
                setattr(self, name, value)
            if self.WHEN & before.keys():
                self.check_start()
            self.sequence += 1
            self.save(update_fields=[*fields, "sequence", "changed_at"])
            self.write_occurrences(now)
            if before.keys() <= QUIET:
                tell = choices.Tell.NOBODY
            return self.write_change(Change.Kind.CHANGED, by, before=before, tell=tell, message=message)

    def cancel(self, by: AbstractBaseUser, now: datetime, *, tell: choices.Tell, message: str = "") -> bool:
        """Take the conference off; doing it twice is doing it once, and False the second time."""
        with transaction.atomic():
            self.lock()
            if self.cancelled_at:
                return False
            self.sequence, self.cancelled_at = self.sequence + 1, now
            self.save(update_fields=["sequence", "cancelled_at", "changed_at"])
            self.write_change(Change.Kind.CANCELLED, by, before={}, tell=tell, message=message)
            return True

    def lock(self) -> None:
        """Read the row afresh and hold it: what this instance was loaded with may be old by now."""
        self.refresh_from_db(from_queryset=Conference.objects.select_for_update())

    def refuse_if_changed(self, seen_sequence: int) -> None:
        """Raise ChangedMeanwhile if there is a Change after `seen_sequence`; of a locked row, as yet untouched.

        Not by the number alone: letters to single people raise it too, and change nothing.
        """
        if self.cancelled_at or self.changes.filter(sequence__gt=seen_sequence).exists():
            raise ChangedMeanwhile

    @contextmanager
    def _number_may_be_taken(self) -> Iterator[None]:
        """Names the one uniqueness that an edit can break."""
        try:
            yield
        except IntegrityError as error:
            raise NumberTaken(self.number) from error


class Change(models.Model):
    """One line of a conference's history: what it was, what it is, who did it, who is to be told."""

    Kind: TypeAlias = choices.Kind  # noqa: UP040 - a value, too
    Tell: TypeAlias = choices.Tell  # noqa: UP040

    conference = models.ForeignKey(Conference, models.CASCADE, related_name="changes")
    original_date = models.DateField(null=True, help_text="Of the occurrence, where it is about only one.")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=choices.Kind)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    message = CleanTextField(max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    tell = models.CharField(max_length=16, choices=choices.Tell)
    announced_at = models.DateTimeField(null=True, help_text="When letters to all who are meant were queued.")

    class Meta:
        ordering: ClassVar = ["-sequence"]
        constraints: ClassVar = [models.UniqueConstraint("conference", "sequence", name="change_once_per_sequence")]
        indexes: ClassVar = [
            models.Index("at", condition=models.Q(announced_at=None), name="change_to_announce"),
        ]

    def __str__(self) -> str:
        return f"{self.conference}, {self.sequence}: {self.get_kind_display()}"

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it is news to anybody."""
        return self.kind == choices.Kind.CHANGED and self.before.keys() <= QUIET
