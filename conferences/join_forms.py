"""What guests type at the door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineFormField
from conferences.fields import AS_TYPED, NumberField
from conferences.join import Refusal

WRONG_PASSWORD = _("The password is not right. Look for it in your invitation.")
TOO_MANY_TRIES = _("Too many tries. Wait 10 minutes, or use the link in your invitation.")


class JoinForm(forms.Form):
    """A guest at the door of a conference; the password is asked for where there is one."""

    name = LineFormField(
        label=_("Your name"),
        max_length=128,
        help_text=_("Other participants see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
        error_messages={
            "required": _("Enter your name"),
            "max_length": _("Name must be 128 characters or shorter"),
        },
    )
    password = LineFormField(
        label=_("Password of this conference"),
        max_length=128,
        widget=forms.TextInput(attrs=AS_TYPED),
        error_messages={"required": _("Enter the password"), "max_length": WRONG_PASSWORD},
    )

    wrong = WRONG_PASSWORD

    def __init__(self, *args: Any, with_password: bool, with_name: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not with_password:
            del self.fields["password"]
        if not with_name:
            del self.fields["name"]

    def refuse(self, refusal: Refusal) -> int:
        """Say why the person stays outside; the HTTP status of the answer."""
        if refusal is Refusal.TOO_MANY_TRIES:
            self.add_error("password" if "password" in self.fields else None, TOO_MANY_TRIES)
            return 429
        self.add_error("password", self.wrong)
        return 200


class NumberForm(JoinForm):
    """A guest who has a conference ID and no link."""

    number = NumberField(label=_("Conference ID"), error_messages={"required": _("Enter the conference ID")})
    field_order = ["number", "name", "password"]
    # The same words whether the number or the password is wrong: else one could find out which numbers exist.
    wrong = _("The conference ID or the password is not right. Look for them in your invitation.")
