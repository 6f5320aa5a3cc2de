"""Form fields for when and where, and what several forms ask: dates, times, zones, minutes, IDs, messages."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, ClassVar, cast
from unicodedata import normalize

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cabinet.text import TextFormField
from conferences import times

type Text = str | Promise
type ZoneGroup = tuple[Text, Sequence[str]]

# For what must stay letter for letter, whatever the telephone thinks of it.
AS_TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "dir": "ltr"}
CHOOSE = {"invalid_choice": _("Choose one of the options")}


class WallDateField(forms.DateField):
    """A date as the browser's own calendar sends it, or as people type it."""

    input_formats = ["%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%d.%m.%Y"]
    default_error_messages: ClassVar = {
        "required": _("Choose a date"),
        "invalid": _("Enter a real date, for example 3 December 2026"),
    }
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "w-date"})


class WallTimeField(forms.TimeField):
    """A clock time, without seconds."""

    input_formats = ["%H:%M", "%H:%M:%S", "%H.%M", "%I:%M %p"]
    default_error_messages: ClassVar = {
        "required": _("Choose a start time"),
        "invalid": _("Enter a real time, for example 14:00"),
    }
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "w-time"})

    def to_python(self, value: Any) -> time | None:
        at = super().to_python(value)
        return at.replace(second=0, microsecond=0) if at else None


class WholeNumberField(forms.IntegerField):
    """A whole number from `least` to `most`; whatever is wrong with it, the error says what to enter.

    Drawn as a text box: what somebody typed stays there to be corrected, also when it is not a number.
    """

    widget = forms.TextInput(attrs={"inputmode": "numeric", "class": "w-num", "autocomplete": "off"})

    def __init__(self, least: int, most: int, wrong: Text, **options: Any) -> None:
        messages: dict[str, Any] = dict.fromkeys(["required", "invalid", "min_value", "max_value"], wrong)
        super().__init__(min_value=least, max_value=most, error_messages=messages, **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}


class MinutesField(WholeNumberField):
    """Minutes in the box, a timedelta for the rest of the house."""

    def clean(self, value: Any) -> timedelta | None:
        minutes = super().clean(value)
        return None if minutes is None else timedelta(minutes=minutes)

    def prepare_value(self, value: Any) -> Any:
        return times.minutes_of(value) if isinstance(value, timedelta) else value


class EitherField(forms.ChoiceField):
    """One of two answers in words, a bool for the rest of the house: "on" is the second one, as of a tick box."""

    widget = forms.RadioSelect

    def __init__(self, no: Text, yes: Text, **options: Any) -> None:
        choices = [("", no), ("on", yes)]
        super().__init__(choices=choices, required=False, error_messages=CHOOSE, **options)

    def clean(self, value: Any) -> bool:
        return bool(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return {True: "on", False: ""}.get(value, value)


class NumberField(forms.CharField):
    """A conference ID: digits, with dashes between them where people like; spaces become dashes."""

    default_error_messages: ClassVar = {"number": _("Use 6 to 16 digits; dashes may stand between them")}
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"})

    def to_python(self, value: Any) -> str:
        # As other programs print them, and as text processors improve them.
        number = re.sub("[ \u00a0\u202f\u2010-\u2015]", "-", super().to_python(value) or "")
        if number and not re.fullmatch("[0-9](-?[0-9]){5,15}", number):
            raise ValidationError(self.error_messages["number"], code="number")
        return number


class MessageField(TextFormField):
    """Words of the organizer to invited people, drawn `rows` lines high."""

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": rows, "dir": "auto"}),
            error_messages={"max_length": _("Message must be 2000 characters or shorter")},
            **kwargs,
        )


class ZoneSelect(forms.Select):
    """All zones under a few of one's own. The long list is text that is made once for all requests of a quarter hour:
    Django would render a template for each of 430 options.
    """

    template_name = "conferences/zone_select.html"
    groups: Sequence[ZoneGroup] = ()
    none: Text = ""  # the words of the choice that names no zone, where there is one
    at: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        groups = [
            (label, [(zone, times.zone_label(self.at, zone), zone == value) for zone in zones])
            for label, zones in self.groups
        ]
        return context | {"none": self.none, "groups": groups, "all_zones": _options(times.zone_choices(self.at))}


@lru_cache(maxsize=16)
def _options(choices: tuple[tuple[str, str], ...]) -> SafeString:
    return format_html_join("", '<option value="{}">{}</option>', choices)


class ZoneField(forms.CharField):
    """A time zone by its IANA name; a former name becomes today's."""

    default_error_messages: ClassVar = {"required": _("Choose a time zone"), "invalid": _("Choose a time zone")}
    widget = ZoneSelect

    def to_python(self, value: Any) -> str:
        name = super().to_python(value) or ""
        zone = times.canonical(name)
        if name and not zone:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return zone

    def offer(self, at: datetime, mine: str, lately: Sequence[str], chosen: str) -> None:
        """Put the person's own zone and those used lately, and the chosen one, above all others."""
        others = dict.fromkeys(zone for zone in [*lately, chosen] if times.canonical(zone) and zone != mine)
        widget = cast(ZoneSelect, self.widget)
        widget.at, widget.groups = at, [(_("Yours"), [mine]), (_("Used lately"), list(others))]


class CityField(forms.CharField):
    """A place by its name, or the first letters of it; the zone that rules its clocks comes out."""

    widget = forms.TextInput(attrs={"list": "cities", "autocomplete": "off", "dir": "auto"})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        zone = times.canonical(text) or (_zone_of_city(text) if text else "")
        if text and not zone:
            words = _("There is no “%(text)s” among the time zones. Try a larger city nearby.")
            raise ValidationError(words, code="unknown", params={"text": text})
        return zone


def _zone_of_city(text: str) -> str:
    """The zone of the city that is called `text`, else of the first one that begins so, else ""."""
    wanted = _plain(text)
    cities = [(_plain(times.city(zone)), zone) for zone in times.zone_names()]
    found = sorted((name != wanted, name, zone) for name, zone in cities if wanted and name.startswith(wanted))
    return found[0][2] if found else ""


def _plain(text: str) -> str:
    """Letters and digits alone, in small letters, without accents."""
    return "".join(char for char in normalize("NFKD", text).casefold() if char.isalnum())


def in_five_years(day: date, today: date) -> bool:
    """Whether `day` is at most five years ahead; also where `today` is 29 February."""
    return (day.year - 5, day.month, day.day) <= (today.year, today.month, today.day)
