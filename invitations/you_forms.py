"""What invited people fill in about themselves."""

from datetime import datetime
from typing import cast

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from addressbook.forms import AddressFormField
from cabinet.text import TextFormField
from conferences import times
from conferences.fields import CHOOSE, ZoneField, ZoneSelect
from invitations import words
from invitations.models import Invitation


class WishesForm(forms.Form):
    """In which language and by which clock somebody wants to be written to.

    As long as nothing is chosen, nothing is preselected: a robot that presses the button decides nothing.
    """

    time_zone = ZoneField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the organizer writes")), *settings.LANGUAGES],
        error_messages=CHOOSE,
    )

    def __init__(self, invitation: Invitation, now: datetime, data: QueryDict | None = None) -> None:
        zone = times.canonical(invitation.time_zone)
        language = words.language_of(invitation.language) if invitation.language else ""
        super().__init__(data, initial={"time_zone": zone, "language": language})
        field = cast(ZoneField, self.fields["time_zone"])
        field.offer(now, mine=zone or invitation.conference.time_zone, lately=(), chosen="")
        cast(ZoneSelect, field.widget).none = _("As the conference has it")
        if not zone and data is None:
            field.widget.attrs["data-browser-zone"] = True


class LostLinkForm(forms.Form):
    """The address to which somebody's links are sent."""

    address = AddressFormField(
        label=_("E-mail address"),
        widget=forms.TextInput(
            attrs={"dir": "ltr", "inputmode": "email", "autocapitalize": "none", "autocomplete": "email"}
        ),
    )


class ReportForm(forms.Form):
    """What is wrong with an invitation."""

    comment = TextFormField(
        label=_("What is wrong with it?"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        error_messages={"max_length": _("Comment must be 500 characters or shorter")},
    )


class ErasureForm(forms.Form):
    """What is left of somebody who goes."""

    silence = forms.BooleanField(
        label=_("And never write to me again"),
        required=False,
        help_text=_("For this a code made from your address is kept, from which nobody can read it."),
    )
