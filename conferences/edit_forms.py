"""The door for what people type when they change or cancel a conference."""

from typing import Self

from django import forms
from django.utils.translation import gettext_lazy as _

from cabinet.text import TextFormField
from conferences.forms import CHOOSE, MEANWHILE, TAKEN, ConferenceForm
from conferences.models import Change, Conference


class EditForm(ConferenceForm):
    """A conference as it is, to be changed; knows which state of it the person saw."""

    submission_id = None  # type: ignore[assignment]  # saving twice is saving once: the second time nothing differs
    seen_sequence = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    tell = forms.ChoiceField(
        label=_("Who is told"), required=False, choices=Change.Tell, widget=forms.RadioSelect, error_messages=CHOOSE
    )

    def change(self, conference: Conference) -> Change | None:
        """Save the changes, None where nothing differs. Raises models.ChangedMeanwhile and NumberTaken."""
        return conference.change(
            self.user,
            self.conference_fields(),
            seen_sequence=self.cleaned_data["seen_sequence"],
            tell=Change.Tell(self.cleaned_data["tell"] or Change.Tell.ALL),
            now=self.now,
        )

    def rebased(self, conference: Conference) -> Self:
        """The form as it was sent, on top of what somebody else saved meanwhile."""
        self.conference = conference
        form = self.with_(seen_sequence=str(conference.sequence))
        form.add_error(None, MEANWHILE)
        return form

    def number_taken(self) -> Self:
        """The form saying that somebody else got the conference ID a moment before."""
        self.add_error("number", TAKEN)
        return self


class CancelForm(forms.Form):
    """Last words, and whether they are sent."""

    message = TextFormField(
        label=_("Message to participants"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"max_length": _("Message must be 2000 characters or shorter")},
    )
    tell = forms.BooleanField(label=_("Tell participants by e-mail"), required=False, initial=True)
