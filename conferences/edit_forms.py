"""The door for what people type when they change or cancel a conference, or a part of it."""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self, cast
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conferences import history, series
from conferences.aims import Aim, Scope
from conferences.choices import Kind, Tell
from conferences.conflicts import SubmittedBefore
from conferences.defaults import values_of
from conferences.facts import FACTS, facts, facts_before, facts_of
from conferences.fields import CHOOSE, MessageField
from conferences.forms import TAKEN, ConferenceForm, all_but
from conferences.models import Change, Conference, Occurrence

type Day = date  # inside the form, `date` is a field

MEANWHILE = _(
    "Someone changed this conference while you were editing. Your changes are below; check them and save again."
)
BEGUN = _(
    "This series has begun: only its end can be changed here. Choose “This and the following” to change its days from "
    "one of them on"
)
TOO_EARLY = _("Choose a date after %(day)s: that one and those before stay as they are")


@dataclass(frozen=True)
class Conflict:
    """A fact that both have changed, each to something else."""

    label: str
    theirs: str
    mine: str


@dataclass(frozen=True)
class Exceptions:
    """How many dates that were moved or cancelled by themselves stay so, and how many follow the rule again."""

    kept: int
    lost: int


class EditForm(ConferenceForm):
    """A conference as it is, to be changed as a whole; knows which state of it the person saw.

    The forms for a part of a series have the date that it is about, as `first`.
    """

    submission_id = None  # type: ignore[assignment]  # saving twice is saving once: the second time nothing differs
    seen_sequence = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    tell = forms.ChoiceField(required=False, choices=Tell, error_messages=CHOOSE)

    KIND: ClassVar = Kind.CHANGED
    ASKS: ClassVar[Collection[str]] = ()  # all

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        conference: Conference,
        occurrence: Occurrence | None = None,
        initial: Mapping[str, Any] | None = None,
        kept: Collection[str] = (),
        **given: Any,
    ) -> None:
        self.same, self.first = conference, cast(Occurrence, occurrence)
        base = self.base(conference)
        first = values_of(base) | dict(initial or {})
        kept = {*kept, *(all_but(*self.ASKS) if self.ASKS else ())}
        super().__init__(data, conference=conference, initial=first, kept=kept, **given)
        self.given |= {"occurrence": occurrence}
        self.present_rule = base.recurrence
        self.has_begun = bool(self.KIND == Kind.CHANGED and conference.rule and conference.has_begun(self.now))

    def base(self, conference: Conference) -> Conference:
        """What the form shows before anybody has typed anything."""
        return conference

    # CLEANING: where a series begins and which days it meets is history once it has begun; its end is not

    def clean_date(self) -> Day:
        if not self.has_begun:
            return super().clean_date()
        if self.cleaned_data["date"] != self.same.start_date:
            raise ValidationError(BEGUN)
        return self.same.start_date

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.has_begun and not self.errors:
            start = self.same.start_date
            if not (cleaned["rule"] and series.meet_the_same(cleaned["rule"], self.same.rule, start)):
                self.add_error("repeat", BEGUN)
        return cleaned

    def _look_at_the_clock(self, *start_and_length: Any) -> None:
        if not self.has_begun:
            super()._look_at_the_clock(*start_and_length)

    # WHAT COMES OUT

    def before(self) -> dict[str, Any]:
        """The present facts that would change."""
        return facts_before(facts(self.same), self.conference_fields())

    def draft(self) -> Change:
        """The line of history that saving would write, unsaved; its `before` is empty where nothing differs."""
        before, new = self.before(), facts_of(self.conference_fields())
        after = {name: new[name] for name in before}
        return Change(conference=self.same, kind=self.KIND, before=before, after=after)

    def save(self, submission_id: UUID, submission_digest: str) -> Conference:
        """Save the changes; the conference to look at then. Raises ChangedMeanwhile and NumberTaken."""
        self.same.change(self.user, self.conference_fields(), now=self.now, **self._said())
        return self.same

    def _said(self) -> dict[str, Any]:
        tell = Tell(self.cleaned_data["tell"] or Tell.ALL)
        return {"seen_sequence": self.cleaned_data["seen_sequence"], "tell": tell}

    def exceptions(self) -> Exceptions:
        """What becomes of dates that were moved or cancelled by themselves."""
        rows = self.same.occurrences.coming(self.now)
        days = rows.by_themselves().values_list("original_date", flat=True)
        new = copy(self.same)
        for name, value in self.conference_fields().items():
            setattr(new, name, value)
        rule = new.recurrence
        kept = sum(bool(rule and rule.meets(new.start_date, day)) for day in days)
        return Exceptions(kept, len(days) - kept)

    # SOMEBODY ELSE WAS FASTER

    def seen(self) -> dict[str, Any]:
        """The facts from which the person started."""
        return history.facts_at(self.same, self.cleaned_data["seen_sequence"])

    def rebased(self) -> tuple[Self, list[Conflict]]:
        """The form on top of what was saved meanwhile, and where the two contradict each other.

        What this person left alone is as it was saved; what they changed stays as they typed it.
        """
        fields, saved, seen = self.conference_fields(), facts(self.base(self.same)), self.seen()
        mine = facts_of(fields)
        touched = [name for name in FACTS if name in mine and mine[name] != seen[name]]
        merged = copy(self.base(self.same))
        for name in touched:
            setattr(merged, name, fields[name])
        form = type(self)(**self.given | {"initial": values_of(merged) | self._own_values()})
        form.cleaned_data = {}
        form.add_error(None, MEANWHILE)
        return form, [
            self._conflict(name, saved, mine) for name in touched if saved[name] not in (seen[name], mine[name])
        ]

    def _own_values(self) -> dict[str, Any]:
        """What is no fact, but belongs to the form that goes on."""
        return {}

    def _conflict(self, name: str, saved: Mapping[str, Any], mine: Mapping[str, Any]) -> Conflict:
        theirs, own = (history.in_words(name, values[name], self.same.start_date) for values in (saved, mine))
        return Conflict(history.label(name), theirs, own)

    def number_taken(self) -> Self:
        """The form saying that somebody else got the conference ID a moment before."""
        self.add_error("number", TAKEN)
        return self


class FollowingForm(EditForm):
    """What a series becomes from `first` on: a conference of its own, as the old one goes on if left alone."""

    submission_id = forms.Field(required=False, widget=forms.HiddenInput)  # type: ignore[assignment]
    KIND: ClassVar = Kind.CONTINUED

    def __init__(self, *args: Any, initial: Mapping[str, Any] | None = None, **given: Any) -> None:
        number = Conference.objects.free_number()
        initial = initial or {"number": number, "submission_id": str(uuid4())}
        super().__init__(*args, initial=initial, **given)

    def base(self, conference: Conference) -> Conference:
        return series.as_continued(self.first, conference)

    def clean_date(self) -> Day:
        day = super().clean_date()
        before = self.same.occurrences.filter(original_date__lt=self.first.original_date).latest("original_date")
        if day <= before.original_date:
            words = {"day": date_format(before.original_date, gettext("j F Y"))}
            raise ValidationError(TOO_EARLY, params=words)
        return day

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if number and Conference.objects.numbered(number).exists():
            raise ValidationError(TAKEN)
        return number

    def before(self) -> dict[str, Any]:
        return series.news(self.first, self.conference_fields())

    def save(self, submission_id: UUID, submission_digest: str) -> Conference:
        said = self._said() | {"submission_id": submission_id, "submission_digest": submission_digest}
        fields = self.conference_fields()
        try:
            return series.continue_from(self.same, self.first, self.user, fields, now=self.now, **said)
        except SubmittedBefore as before:  # gone back in the browser: what was saved stays as it was
            return before.conference

    def exceptions(self) -> Exceptions:
        number = series.exceptions(self.first).count()
        return (
            Exceptions(number, 0)
            if series.goes_on_alike(self.first, self.conference_fields())
            else Exceptions(0, number)
        )

    def seen(self) -> dict[str, Any]:
        old = super().seen()
        then = copy(self.same)
        then.start_date, then.rule = date.fromisoformat(old["start_date"]), old["rule"]
        new = series.as_continued(self.first, then)
        return old | {"start_date": new.start_date.isoformat(), "rule": new.rule, "number": ""}

    def _own_values(self) -> dict[str, Any]:
        return {"submission_id": self.cleaned_data["submission_id"]}


class OccurrenceForm(EditForm):
    """When `first` takes place, one date of a series; everything else is the series'."""

    KIND: ClassVar = Kind.MOVED
    ASKS: ClassVar = ("date", "start", "end", "duration", "minutes")

    def base(self, conference: Conference) -> Conference:
        then = copy(conference)
        then.start_date, then.start_time, then.duration = (
            self.first.start_date,
            self.first.start_time,
            self.first.duration,
        )
        return then

    def before(self) -> dict[str, Any]:
        return facts_before(self.first.facts(), self.conference_fields())

    def save(self, submission_id: UUID, submission_digest: str) -> Conference:
        self.first.move(self.user, self.conference_fields(), **self._said())
        return self.same

    def exceptions(self) -> Exceptions:
        return Exceptions(0, 0)

    def seen(self) -> dict[str, Any]:
        moves = self.same.changes.filter(original_date=self.first.original_date, kind=Kind.MOVED)
        later = moves.filter(sequence__gt=self.cleaned_data["seen_sequence"]).order_by("-sequence")
        now = super().seen() | self.first.facts()
        for change in later:
            now |= change.before
        return now


FORMS = {Scope.ALL: EditForm, Scope.FOLLOWING: FollowingForm, Scope.THIS: OccurrenceForm}


def edit_form(
    aim: Aim, data: Mapping[str, Any] | None, user: Any, initial: Mapping[str, Any] | None = None
) -> EditForm:
    """The form for as much of the conference as `aim` says; `initial` is what it shows other than it is now."""
    kind = FORMS[aim.scope or Scope.ALL]
    given = {"conference": aim.conference, "occurrence": aim.occurrence, "user": user, "now": aim.now}
    return kind(data, initial=initial, **given)


class CancelForm(forms.Form):
    """Last words, and whether they are sent."""

    message = MessageField(label=_("Message to participants"), rows=3)
    tell = forms.BooleanField(label=_("Tell participants by e-mail"), required=False, initial=True)
