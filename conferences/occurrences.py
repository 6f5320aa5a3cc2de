"""When a conference takes place: its dates, one by one, and the rooms they take place in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conferences import choices, reminders, times
from conferences.conflicts import ChangedMeanwhile
from conferences.deputies import managed_by
from conferences.facts import facts, facts_before
from conferences.tokens import new_token

if TYPE_CHECKING:
    from conferences.models import Change

# Between two occurrences the room of the first one stays open so long: people do go on a little.
GOES_ON_FOR = timedelta(hours=1)
# No occurrence lasts longer (when_forms.py sees to it), so what goes on now began within this time.
LONGEST = timedelta(days=1)


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    """Lists ask occurrences: when is known here and nowhere else."""

    def managed_by(self, user: AbstractBaseUser) -> Self:
        """Those of conferences that `user` manages."""
        return self.filter(managed_by(user, "conference__"))

    def standing(self) -> Self:
        """Neither cancelled themselves nor with the whole conference."""
        return self.filter(cancelled_at=None, conference__cancelled_at=None)

    def by_themselves(self) -> Self:
        """Of series, those that were moved or cancelled by themselves."""
        return self.filter(models.Q(moved=True) | models.Q(cancelled_at__isnull=False))

    def coming(self, now: datetime) -> Self:
        """Not over, soonest first; cancelled ones too, so that they stay visible until their time."""
        # What starts bounds the walk along an index in that order; what ends is no more than a filter.
        return self.filter(starts_at__gt=now - LONGEST, ends_at__gt=now).order_by("starts_at", "pk")

    def past(self, now: datetime) -> Self:
        """Over, newest first."""
        return self.filter(starts_at__lt=now, ends_at__lte=now).order_by("-starts_at", "-pk")

    def current(self, now: datetime) -> Occurrence | None:
        """Of one conference: the one that a link leads to now. The one that goes on or comes next; for an hour after
        its end the last one; the last one of all when none is to come. None for a permanent conference.

        Where every one was cancelled by itself, one of the cancelled.
        """
        standing = self.filter(cancelled_at=None)
        # One just over, one going on, one to come.
        near: list[Occurrence] = list(standing.coming(now - GOES_ON_FOR)[:3])
        here = min(near, key=lambda row: (row.opens_at > now, row.is_over(now)), default=None)
        return here or standing.past(now).first() or self.coming(now).first() or self.past(now).first()


class Occurrence(models.Model):
    """One date of a conference and the room it takes place in.

    Its own wall clock in the conference's zone is the truth; instants follow. `original_date` is the day on which the
    rule has it: with the start time of the conference that is RECURRENCE-ID (RFC 5545 section 3.8.4.4).
    """

    DERIVED = (
        "original_date", "start_date", "start_time", "duration", "starts_at", "ends_at", "organizer_joined_at",
        "organizer", "remind_at",
    )  # fmt: skip
    # What follow_rule writes.
    BY_RULE = (*DERIVED, "moved", "cancelled_at")
    WHEN = ("start_date", "start_time", "duration")

    conference = models.ForeignKey("conferences.Conference", models.CASCADE, related_name="occurrences", db_index=False)
    # The conference's organizer once more: so a list is one walk along an index, whatever else the table holds.
    organizer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, editable=False
    )
    original_date = models.DateField()
    start_date = models.DateField(_("Date"))
    start_time = models.TimeField(_("Start time"))
    duration = models.DurationField(_("Duration"))
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField(db_index=True)
    moved = models.BooleanField(default=False, help_text="By itself, against the rule.")
    cancelled_at = models.DateTimeField(null=True, editable=False)
    room_name = models.CharField(max_length=26, default=new_token, editable=False)
    organizer_joined_at = models.DateTimeField(null=True, editable=False)
    remind_at = models.DateTimeField(
        null=True, editable=False, help_text="When the next reminder goes out, if one does."
    )

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("conference", "original_date", name="occurrence_once_per_date"),
        ]
        indexes: ClassVar = [
            models.Index("organizer", "starts_at", "id", name="occurrence_in_lists"),
            models.Index("conference", "starts_at", name="occurrence_of_conference"),
            models.Index("remind_at", condition=models.Q(remind_at__isnull=False), name="occurrence_to_remind_of"),
        ]

    def __str__(self) -> str:
        return f"{self.conference}, {self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def original_start(self) -> datetime:
        """Where the rule has it: naive wall clock in the conference's zone."""
        return datetime.combine(self.original_date, self.conference.start_time)

    @property
    def wall_start(self) -> datetime:
        """Where it is: naive wall clock in the conference's zone."""
        return datetime.combine(self.start_date, self.start_time)

    @property
    def opens_at(self) -> datetime:
        """When the room opens."""
        return self.starts_at - self.conference.opens_before

    @property
    def is_off(self) -> bool:
        """Whether it will not take place."""
        return self.cancelled_at is not None or self.conference.cancelled_at is not None

    def has_begun(self, now: datetime) -> bool:
        """Whether it goes on or has taken place."""
        return now >= self.starts_at

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return now >= self.ends_at

    def facts(self) -> dict[str, Any]:
        """When it is, as JSON values."""
        return facts(self, self.WHEN)

    def follow_rule(self, now: datetime) -> None:
        """Take date, time and duration from the rule, unless it was moved or has begun; then the instants.

        Without a rule it is where the conference is, and stands: that has no date beside this one.
        """
        if not self.conference.rule:
            self.original_date, self.moved, self.cancelled_at = self.conference.start_date, False, None
        elif self.pk and self.has_begun(now):
            return
        if not self.moved:
            self.start_date, self.start_time = self.original_date, self.conference.start_time
            self.duration = self.conference.duration
        self.derive()
        self.aim_reminder(now)

    def derive(self) -> None:
        """Work out the instants. Whoever came to the old date is not yet there on the new one, or reminded of it."""
        starts_at = times.instant_by_rule(self.wall_start, self.conference.time_zone)
        if starts_at != self.starts_at:
            self.organizer_joined_at = self.remind_at = None
        self.starts_at, self.ends_at = starts_at, starts_at + self.duration
        self.organizer_id = self.conference.organizer_id

    def aim_reminder(self, now: datetime) -> None:
        """Note when the next reminder is due. One that is late stays so: its moment passed while nobody looked."""
        since = min(now, self.remind_at or now)
        self.remind_at = reminders.next_moment(self.starts_at, self.conference.reminders, since)

    def aim_at_next_reminder(self, now: datetime) -> None:
        """What was due up to `now` is done with; of what is off nobody is reminded at all."""
        following = reminders.next_moment(self.starts_at, self.conference.reminders, now + timedelta.resolution)
        self.remind_at = None if self.is_off else following
        self.save(update_fields=["remind_at"])

    def move(
        self, by: AbstractBaseUser, when: Mapping[str, Any], *, seen_sequence: int, tell: choices.Tell
    ) -> Change | None:
        """Put this one at another time: `when` holds start_date, start_time, duration. None if nothing differs.

        Raises ChangedMeanwhile, and times.NoSuchTime for a wall-clock time that does not exist.
        """
        with transaction.atomic():
            self._lock()
            before = facts_before(self.facts(), when)
            if not before:
                return None
            if self.cancelled_at:
                raise ChangedMeanwhile
            self.conference.refuse_if_changed(seen_sequence)
            for name in self.WHEN:
                setattr(self, name, when[name])
            times.instant(self.wall_start, self.conference.time_zone)
            self.derive()
            self.aim_reminder(timezone.now())
            self.moved = (self.wall_start, self.duration) != (self.original_start, self.conference.duration)
            self.save(update_fields=[*self.DERIVED, "moved"])
            self.conference.next_sequence()
            self.conference.write_over_at()
            return self.conference.write_change(choices.Kind.MOVED, by, before=before, tell=tell, of=self)

    def cancel(self, by: AbstractBaseUser, now: datetime, *, tell: choices.Tell, message: str = "") -> bool:
        """Take this one off; doing it twice is doing it once, and False the second time.

        Raises ChangedMeanwhile where the series has no such date any more.
        """
        with transaction.atomic():
            self._lock()
            if self.is_off:
                return False
            self.cancelled_at = now
            self.save(update_fields=["cancelled_at"])
            self.conference.next_sequence()
            self.conference.write_over_at()
            self.conference.write_change(choices.Kind.CANCELLED, by, before={}, tell=tell, message=message, of=self)
            return True

    def _lock(self) -> None:
        """Read conference and occurrence afresh, and hold the conference: every change goes through that lock.

        Raises ChangedMeanwhile where the series has no such date any more.
        """
        self.conference.lock()
        conference = self.conference
        try:
            self.refresh_from_db()
        except Occurrence.DoesNotExist as error:
            raise ChangedMeanwhile from error
        self.conference = conference
