"""The group “Reminders” of a form: the usual ones to tick, and one more of any length."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from conferences import reminders
from conferences.fields import CHOOSE, WholeNumberField
from conferences.reminders import DAY, EARLIEST, HOUR, LATEST, MOST, OFFERED

REMINDERS = ("reminders", "other_reminder", "other_unit")
UNITS = [
    (1, pgettext_lazy("before a start", "minutes")),
    (HOUR, pgettext_lazy("before a start", "hours")),
    (DAY, pgettext_lazy("before a start", "days")),
]
TOO_MANY = _("Choose at most four reminders")
OUT_OF_REACH = _("Enter a time from 5 minutes to 4 weeks before the start")


class RemindersField(forms.MultipleChoiceField):
    """Minutes before a start; they come out as numbers, the longest first, each once."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, chosen: Any) -> None:
        """Boxes for the usual ones, and for others that are chosen."""
        found = {*OFFERED} | {int(value) for value in chosen or () if self.valid_value(value)}
        words = _("%(length)s before")
        choices = [(minutes, words % {"length": reminders.length(minutes)}) for minutes in sorted(found, reverse=True)]
        self.choices = choices

    def valid_value(self, value: Any) -> bool:
        text = str(value)
        return text.isdecimal() and len(text) <= len(str(EARLIEST)) and LATEST <= int(text) <= EARLIEST

    def clean(self, value: Any) -> list[int]:
        filled = [each for each in value or () if each]
        return sorted({int(each) for each in super().clean(filled)}, reverse=True)


class ReminderFields(forms.Form):
    """The fields; `cleaned_data["reminders"]` holds all of them. A permanent conference never starts and has none."""

    reminders = RemindersField(label=_("Send a reminder by e-mail"), required=False, error_messages=CHOOSE)
    other_reminder = WholeNumberField(1, EARLIEST, OUT_OF_REACH, label=_("Another one"), required=False)
    other_unit = forms.ChoiceField(label=_("Unit"), required=False, choices=UNITS, error_messages=CHOOSE)

    def offer_reminders(self) -> None:
        """To be called when it is known what the form starts with."""
        if "reminders" in self.fields:
            cast(RemindersField, self.fields["reminders"]).offer(self["reminders"].value())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "reminders" in cleaned:
            try:
                cleaned["reminders"] = [] if cleaned.get("permanent") else self._all_of(cleaned)
            except ValidationError as error:
                self.add_error("other_reminder" if cleaned.get("other_reminder") else "reminders", error)
        return cleaned

    def _all_of(self, cleaned: dict[str, Any]) -> list[int]:
        """Those that are ticked and the other one, the longest first."""
        found: list[int] = cleaned["reminders"]
        if number := cleaned.get("other_reminder"):
            other = number * int(cleaned.get("other_unit") or 1)
            if not LATEST <= other <= EARLIEST:
                raise ValidationError(OUT_OF_REACH)
            found = sorted({*found, other}, reverse=True)
        if len(found) > MOST:
            raise ValidationError(TOO_MANY)
        return found
