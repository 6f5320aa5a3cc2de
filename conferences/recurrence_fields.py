"""The group “Recurrence” of a form: how a rule is asked for, and which rule the answers mean."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, cast

from django import forms
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from conferences import recurrence
from conferences.fields import CHOOSE, WallDateField, WholeNumberField
from conferences.recurrence import LONGEST_INTERVAL, MOST, WEEKDAYS, Freq, Rule

RECURRENCE = ("repeat", "interval", "weekdays", "monthly", "ends", "until", "count")
NEVER = "never"
REPEATS = [
    (NEVER, _("Does not repeat")),
    ("daily", _("Daily")),
    ("weekly", _("Weekly")),
    ("monthly", _("Monthly")),
    ("yearly", _("Yearly")),
]
# What the chosen date stands for in its month.
BY_DATE, BY_WEEKDAY, BY_LAST_WEEKDAY, BY_LAST_DAY = "date", "weekday", "last-weekday", "last-day"
MONTHLY = [
    (BY_DATE, _("On the same day of the month")),
    (BY_WEEKDAY, _("On the same weekday, such as every 2nd Tuesday")),
    (BY_LAST_WEEKDAY, _("On the last such weekday of the month")),
    (BY_LAST_DAY, _("On the last day of the month")),
]
# Which further questions each answer leads to.
ASKS = {"weekly": "weekdays", "monthly": "monthly"}
# The label follows the chosen period by the style sheet alone.
EVERY = {
    "daily": _("Every how many days"),
    "weekly": _("Every how many weeks"),
    "monthly": _("Every how many months"),
    "yearly": _("Every how many years"),
}
NO_DAY = _("Choose at least one day")
NO_END = _("Enter how many conferences, or an end date")
ENDS_BEFORE = _("The end date must be after the first conference")
ENDS_TOO_LATE = _("The end date must be within five years of the first conference")
TOO_MANY_UNTIL = _("Until that date there would be more than 366 conferences. Choose an earlier date")
TOO_MANY = _("Enter a number, 1 to 366")
TOO_MANY_YEARS = _("So many would reach too far into the future. Enter a smaller number")


class RecurrenceFields(forms.Form):
    """The fields, each asked for only where an earlier answer leads to it; what is not asked for has no errors."""

    repeat = forms.ChoiceField(
        label=_("Repeat"), required=False, choices=REPEATS, widget=forms.RadioSelect, error_messages=CHOOSE
    )
    interval = WholeNumberField(
        1, LONGEST_INTERVAL, _("Enter a number, 1 to 99"), label=_("Every how many"), required=False
    )
    weekdays = forms.MultipleChoiceField(
        label=_("On these days"),
        required=False,
        choices=[(name, WEEKDAYS_ABBR[number]) for number, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        error_messages=CHOOSE,
    )
    monthly = forms.ChoiceField(
        label=_("Day of the month"), required=False, choices=MONTHLY, widget=forms.RadioSelect, error_messages=CHOOSE
    )
    ends = forms.ChoiceField(
        label=_("Ends"),
        required=False,
        choices=[(NEVER, _("Never")), ("until", _("On this day")), ("count", _("After a number of conferences"))],
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
    )
    until = WallDateField(label=_("Last day"), required=False)
    count = WholeNumberField(1, MOST, TOO_MANY, label=_("How many conferences"), required=False)

    # By which rule it repeats where nothing is asked, or answered.
    present_rule: Rule | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["interval"].label = format_html_join("", '<span data-when="{}">{}</span>', EVERY.items())

    def rule_from(self, start: date | None) -> Rule | None:
        """The rule that the answers mean where `start` is the chosen date; None where it does not repeat.

        None, too, where an answer is wrong: the error then stands at its field.
        """
        repeat = self.cleaned_data.get("repeat")
        if not repeat and "repeat" not in self.errors:
            self._forget_errors_but(())
            return self._checked(self.present_rule, start)
        asked = {"repeat", *self._asked(repeat or NEVER)}
        self._forget_errors_but(asked)
        if repeat in (None, NEVER) or start is None or asked & self.errors.keys():
            return None
        on = self._on(start)
        if "weekdays" in self.errors:
            return None
        rule = self._ending(Rule(cast(Freq, repeat.upper()), self.cleaned_data["interval"] or 1, **on), start)
        return self._checked(self.present_rule if rule and self._is_present(rule, start) else rule, start)

    def _is_present(self, rule: Rule, start: date) -> bool:
        """Whether it is the present rule in other words: that one then stays letter for letter."""
        present = self.present_rule
        return present is not None and present.in_full(start) == rule.in_full(start)

    def _asked(self, repeat: str) -> set[str]:
        """The questions that this choice leads to."""
        return set() if repeat == NEVER else {"interval", "ends", self._end(), ASKS.get(repeat, "repeat")}

    def _end(self) -> str:
        """How it ends; whoever sends a number or a date alone has answered that, too."""
        filled = (name for name in ("count", "until") if self.data.get(self.add_prefix(name)))
        return self.cleaned_data.get("ends") or next(filled, NEVER)

    def _forget_errors_but(self, asked: Iterable[str]) -> None:
        for name in {*RECURRENCE} - {*asked}:
            self.errors.pop(name, None)

    def _on(self, start: date) -> dict[str, Any]:
        """On which days of its week or month."""
        if self.cleaned_data["repeat"] == "weekly":
            if not self.cleaned_data["weekdays"]:
                self.add_error("weekdays", NO_DAY)
            return {"weekdays": tuple(sorted(WEEKDAYS.index(name) for name in self.cleaned_data.get("weekdays", ())))}
        if self.cleaned_data["repeat"] != "monthly":
            return {}
        return day_of_month(self.cleaned_data["monthly"] or BY_DATE, start)

    def _ending(self, rule: Rule, start: date) -> Rule | None:
        """The rule with its end; None where that is wrong."""
        end, until, count = self._end(), self.cleaned_data.get("until"), self.cleaned_data.get("count")
        if end == NEVER:
            return rule
        value = until if end == "until" else count
        if value is None:
            self.add_error(end, NO_END)
            return None
        if until and end == "until" and until <= recurrence.first_day(rule, start):
            self.add_error("until", ENDS_BEFORE)
            return None
        return replace(rule, **{end: value})

    def _checked(self, rule: Rule | None, start: date | None) -> Rule | None:
        """The rule, if a series from `start` may go by it.

        The present one may where it is: an endless one that was cut off after years has met more days than may be asked
        for.
        """
        if rule is None or start is None or (rule, start) == (self.present_rule, self.initial.get("date")):
            return rule
        try:
            recurrence.check(rule, start)
        except recurrence.NoDay:
            return rule  # what that means for the date is said there
        except recurrence.TooFar:
            self.add_error("until", ENDS_TOO_LATE)
        except recurrence.TooManyDays:
            self.add_error(*(("until", TOO_MANY_UNTIL) if rule.until else ("count", TOO_MANY_YEARS)))
        else:
            return rule
        return None


def day_of_month(monthly: str, start: date) -> dict[str, Any]:
    """What `start` stands for in its month, as fields of a Rule. A fifth Tuesday is a last one."""
    if monthly == BY_LAST_DAY:
        return {"month_day": -1}
    if monthly == BY_DATE:
        return {}
    nth = (start.day - 1) // 7 + 1
    return {"nth": (-1 if nth == 5 or monthly == BY_LAST_WEEKDAY else nth, start.weekday())}


def rule_values(rule: Rule | None, start: date) -> dict[str, Any]:
    """What the group starts with for the rule of a series from `start`."""
    if rule is None:
        return {"repeat": NEVER, "interval": 1, "monthly": BY_DATE, "ends": NEVER}
    return {
        "repeat": rule.freq.lower(),
        "interval": rule.interval,
        "weekdays": [WEEKDAYS[each] for each in rule.in_full(start).weekdays],
        "monthly": _monthly(rule),
        "ends": "until" if rule.until else "count" if rule.count else NEVER,
        "until": rule.until,
        "count": rule.count,
    }


def _monthly(rule: Rule) -> str:
    if rule.nth:
        return BY_LAST_WEEKDAY if rule.nth[0] == -1 else BY_WEEKDAY
    return BY_LAST_DAY if rule.month_day == -1 else BY_DATE
