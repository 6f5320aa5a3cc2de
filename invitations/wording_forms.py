"""The form in which administrators say something in their own words in letters."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineFormField, TextFormField
from invitations import own_words


def _fields() -> dict[str, forms.Field]:
    """One for each part of a letter that may be in other words."""
    return {
        "lead": LineFormField(
            label=_("First sentence"),
            help_text=_("In the place of “Alice invites you”."),
            required=False,
            max_length=120,
            widget=forms.TextInput(attrs={"dir": "auto"}),
        ),
        "paragraph": TextFormField(
            label=_("A paragraph from this site"),
            help_text=_("It stands below the time."),
            required=False,
            max_length=1000,
            widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        ),
        "closing": LineFormField(
            label=_("Last line"),
            help_text=_("It stands below the sentence that says who sent the letter, which stays."),
            required=False,
            max_length=300,
            widget=forms.TextInput(attrs={"dir": "auto"}),
        ),
    }


class WordingForm(forms.Form):
    """What is left empty is said in our words."""

    def __init__(self, kind: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        fields = _fields()
        self.fields.update({part: fields[part] for part in own_words.parts(kind)})

    def clean(self) -> dict[str, str]:
        """The texts by part, each of them harmless."""
        texts: dict[str, str] = super().clean() or self.cleaned_data
        for part, text in list(texts.items()):
            try:
                own_words.check(text)
            except forms.ValidationError as error:
                self.add_error(part, error)
        return texts
