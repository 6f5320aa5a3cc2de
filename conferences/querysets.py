"""The doors to conferences: who may see them, how a new one comes to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, models, transaction

from conferences.choices import Kind, Tell
from conferences.conflicts import NumberTaken, SubmittedBefore
from conferences.deputies import managed_by
from conferences.tokens import new_number

if TYPE_CHECKING:
    from conferences.models import Conference

# Of a new conference people hear by invitations alone.
SCHEDULED = {"kind": Kind.SCHEDULED, "before": {}, "tell": Tell.NOBODY}


def digits(number: str) -> str:
    """What counts of a conference ID: "123-456-789" and "123 456 789" are the same."""
    return re.sub("[^0-9]", "", number)


class ConferenceQuerySet(models.QuerySet["Conference"]):
    """Every look-up of a conference starts at one of these doors."""

    def managed_by(self, user: AbstractBaseUser) -> Self:
        """Those that `user` may see, change and cancel; a stranger's are not found."""
        return self.filter(managed_by(user))

    def numbered(self, number: str) -> Self:
        """The one whose conference ID has these digits, whatever stands between them."""
        return self.filter(number_digits=digits(number))

    def submitted(self, organizer: AbstractBaseUser, submission_id: UUID, digest: str) -> Conference | None:
        """What an earlier press of the same button scheduled, if any.

        Raises SubmittedBefore when that press sent other content than `digest` stands for.
        """
        known = self.filter(organizer=organizer.pk, submission_id=submission_id).first()
        if known and known.submission_digest != digest:
            raise SubmittedBefore(known)
        return known

    def schedule(
        self,
        organizer: AbstractBaseUser,
        *,
        by: AbstractBaseUser | None = None,
        now: datetime,
        first_change: Mapping[str, Any] = SCHEDULED,
        **fields: Any,
    ) -> Conference:
        """A new conference with its occurrences and the first line of its history, in one transaction.

        `fields` are `Conference` fields: topic, start_date, start_time, time_zone, duration, rule, settings. `by` is
        who presses the button, where that is a deputy. `first_change` is what Conference.write_change takes. The same
        submission_id again, even at the same moment, answers with the conference that is already there. Raises
        SubmittedBefore, NumberTaken, recurrence.UnsupportedRule, and times.NoSuchTime for a wall-clock time that a
        clock change skips.
        """
        conference = self.model(organizer_id=organizer.pk, **fields)
        conference.check_start()
        try:
            with transaction.atomic():
                conference.save(force_insert=True)
                conference.write_occurrences(now)
                conference.write_change(by=by or organizer, **first_change)
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
