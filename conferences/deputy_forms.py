"""The door for naming colleagues: somebody who has an account on this site, by the address they sign in with."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineFormField
from conferences.attempts import Attempt

# Names who has an account and who has not: nobody shall try a whole directory.
TRIES, TRIES_WINDOW = 20, timedelta(hours=1)


class ColleagueForm(forms.Form):
    """`cleaned_data["address"]` is the account."""

    address = LineFormField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("The one with which this person signs in here."),
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off", "dir": "ltr"}),
        error_messages={"required": _("Enter a whole e-mail address, for example name@example.org")},
    )

    def __init__(self, data: Any = None, *, user: Any, now: datetime) -> None:
        super().__init__(data)
        self.user, self.now = user, now

    def clean_address(self) -> Any:
        if not Attempt.objects.allow("colleague", str(self.user.pk), limit=TRIES, window=TRIES_WINDOW, now=self.now):
            raise ValidationError(_("Too many tries. Wait an hour."))
        address = self.cleaned_data["address"].strip().lower()
        account = get_user_model()._default_manager.filter(email=address, is_active=True).first()
        if account is None:
            raise ValidationError(_("Nobody signs in here with this address. An administrator can make an account."))
        return account
