"""What invited people answer to single dates of a series."""

from collections.abc import Iterable
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from conferences.fields import CHOOSE
from conferences.month import parse_day
from conferences.occurrences import Occurrence
from invitations import answers
from invitations.models import Invitation, PartStat
from invitations.words import ANSWERS, When

DATES_SHOWN = 5


class DatesForm(forms.Form):
    """An answer for each of the next dates; one that is left as it is answers nothing."""

    sequence = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    data: QueryDict

    def __init__(
        self, invitation: Invitation, now: datetime, data: QueryDict | None = None, *, day: str = "", wished: str = ""
    ) -> None:
        """`invitation` comes through with_answer(). A link may ask for one `day`, with the answer that is `wished`."""
        super().__init__(data, initial={"sequence": invitation.conference.sequence})
        self.conference = invitation.conference
        dates = self._dates(now, [*(data or ()), day]) if self.conference.rule else []
        given = answers.of_person(invitation, [row.original_date for row in dates]) if dates else {}
        for row in dates:
            self.fields[row.original_date.isoformat()] = _field(row, given[row.original_date])
        self.is_asked = day in self.fields and wished in ANSWERS
        if self.is_asked:
            self.initial[day] = wished

    def _dates(self, now: datetime, asked: Iterable[str]) -> list[Occurrence]:
        """The next ones, and those that are asked for."""
        rows = self.conference.occurrences.filter(cancelled_at=None).coming(now).select_related("conference")
        days = [day for text in asked if (day := parse_day(text))]
        found = {*rows[:DATES_SHOWN], *(rows.filter(original_date__in=days) if days else ())}
        return sorted(found, key=attrgetter("starts_at"))

    @property
    def dates(self) -> list[forms.BoundField]:
        """The fields to show."""
        return [self[name] for name in self.fields if name != "sequence"]

    def clean(self) -> dict[str, Any]:
        """Answers are to the dates as the person saw them."""
        cleaned = super().clean() or {}
        if cleaned.get("sequence") != self.conference.sequence:
            self.data = self.data.copy()
            self.data["sequence"] = str(self.conference.sequence)
            raise ValidationError(_("The conference has changed meanwhile. Look at the dates and answer again."))
        return cleaned

    @property
    def chosen(self) -> dict[date, PartStat]:
        """What is otherwise than before, by the day that the rule has."""
        changed = [name for name in self.changed_data if name in self.cleaned_data and name != "sequence"]
        found = {name: self.cleaned_data[name] for name in changed if self.cleaned_data[name]}
        return {date.fromisoformat(name): ANSWERS[answer][0] for name, answer in found.items()}


def _field(row: Occurrence, given: str) -> forms.ChoiceField:
    """The answer to one date; “no answer” is a choice only where there is none."""
    names = {partstat: name for name, (partstat, _label) in ANSWERS.items()}
    now = names.get(PartStat(given), "")
    none = [] if now else [("", PartStat.NEEDS_ACTION.label)]
    choices = [*none, *((name, label) for name, (_partstat, label) in ANSWERS.items())]
    return forms.ChoiceField(
        label=When.of(row).at_home, required=False, choices=choices, initial=now, error_messages=CHOOSE
    )
