"""Forms of the first start, of accounts, and of the profile."""

from typing import Any

from allauth.account import forms as account
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from addressbook.addresses import MAX_LENGTH, clean_address
from cabinet.models import User
from cabinet.text import LineFormField
from conferences import fields, times
from conferences.template import Template

PASSWORD_HINT = _("At least 12 characters. Several words in a row are easy to remember.")


class NameField(LineFormField):
    """The name that participants read."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Name"),
            max_length=128,
            help_text=_("Invitations are sent in this name."),
            error_messages={"required": _("Enter your name")},
        )
        self.widget.attrs |= {"autocomplete": "name", "dir": "auto"}


class AddressField(forms.CharField):
    """The address somebody signs in with, in lower case and ASCII."""

    widget = forms.EmailInput

    def __init__(self, **kwargs: Any) -> None:
        required = {"required": _("Enter your e-mail address")}
        super().__init__(label=_("E-mail address"), max_length=MAX_LENGTH, error_messages=required)
        self.widget.attrs |= {"autocomplete": "username", "dir": "ltr", "spellcheck": "false"}

    def clean(self, value: Any) -> str:
        return clean_address(super().clean(value)).lower()


class ZoneField(fields.ZoneField):
    """A choice of time zones, each with its city and present offset; the chosen one above all others."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Time zone"))

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        bound = super().get_bound_field(form, field_name)
        self.offer(timezone.now(), mine=times.canonical(str(bound.value() or "")) or "UTC", lately=(), chosen="")
        return bound


class LanguageField(forms.ChoiceField):
    """A choice of the languages that the site speaks, each under its own name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Language"), choices=settings.LANGUAGES, error_messages=fields.CHOOSE)


class InBrowserZone:
    """A form whose zone is the browser's until somebody has chosen one."""

    fields: dict[str, forms.Field]
    is_bound: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].initial = settings.TIME_ZONE
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-browser-zone"] = True


class WelcomeForm(InBrowserZone, forms.Form):
    """The first account of this installation."""

    name = NameField()
    email = AddressField()
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=PASSWORD_HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "dir": "ltr"}),
        error_messages={"required": _("Enter a password")},
    )
    time_zone = ZoneField()
    samples = forms.BooleanField(
        label=_("Add sample contacts"), required=False, help_text=_("A dozen made-up people to try things with.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, User(email=data.get("email", ""), name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class ProfileForm(forms.ModelForm):
    """What a person decides about themselves."""

    name = NameField()
    time_zone = ZoneField()
    language = LanguageField()

    class Meta:
        model = User
        fields = ("name", "language", "time_zone", "wants_answers")
        help_texts = {"wants_answers": _("At most one letter an hour about each conference.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["time_zone"] = times.canonical(self.instance.time_zone) or self.instance.time_zone
        self._offer_templates()

    def _offer_templates(self) -> None:
        """What new conferences start with: a template, where there are any."""
        templates = list(Template.objects.filter(owner=self.instance.pk))
        if templates:
            choices = [("", _("The usual settings")), *((str(one.pk), one.name) for one in templates)]
            default = next((str(one.pk) for one in templates if one.is_default), "")
            self.fields["template"] = forms.ChoiceField(
                label=_("Template"), required=False, choices=choices, initial=default, error_messages=fields.CHOOSE
            )

    def save(self, commit: bool = True) -> User:
        user = super().save(commit)
        if "template" in self.data and "template" in self.changed_data:
            Template.objects.start_with(user, self.cleaned_data["template"])
        return user


class AccountForm(forms.ModelForm):
    """Somebody's account, in the administration."""

    email = AddressField()
    name = NameField()
    time_zone = ZoneField()
    language = LanguageField()

    class Meta:
        model = User
        fields = ("email", "name", "time_zone", "language", "is_active", "is_staff")


class PlainFields:
    """allauth's forms in our anatomy: labels from here, no placeholders, hints only where we give them."""

    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}
    missing: dict[str, Any] = {
        "login": _("Enter your e-mail address"),
        "email": _("Enter your e-mail address"),
        "password": _("Enter your password"),
        "oldpassword": _("Enter your current password"),
        "password1": _("Enter a password"),
    }
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            field.error_messages["required"] = self.missing.get(name, field.error_messages["required"])
            if isinstance(field.widget, forms.PasswordInput):
                field.widget.attrs["dir"] = "ltr"


class SignInForm(PlainFields, account.LoginForm):
    """E-mail address and password."""

    labels = {"login": _("E-mail address"), "remember": _("Keep me signed in on this device")}

    @property
    def may_sign_up(self) -> bool:
        """Whether strangers may make an account of their own."""
        return settings.ALLOW_SIGNUP

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "dir": "ltr", "spellcheck": "false"}

    def clean_login(self) -> str:
        try:
            return clean_address(self.cleaned_data["login"]).lower()
        except ValidationError:
            return super().clean_login()

    def clean(self) -> dict[str, Any] | None:
        try:
            return super().clean()
        except ValidationError as error:
            self.add_error("login", error)
            return None


class SignUpForm(InBrowserZone, PlainFields, account.SignupForm):
    """An account of one's own, where the site allows it."""

    labels = {"email": _("E-mail address")}
    hints = {"password1": PASSWORD_HINT}
    name = NameField()
    time_zone = ZoneField()
    field_order = ["name", "email", "password1", "time_zone"]


class PasswordChangeForm(PlainFields, account.ChangePasswordForm):
    """The old password and the new one."""

    labels = {"oldpassword": _("Current password"), "password1": _("New password")}
    hints = {"password1": PASSWORD_HINT}


class PasswordResetForm(PlainFields, account.ResetPasswordForm):
    """The address that a link is sent to."""

    labels = {"email": _("E-mail address")}


class PasswordResetKeyForm(PlainFields, account.ResetPasswordKeyForm):
    """The new password, reached through that link."""

    labels = {"password1": _("New password")}
    hints = {"password1": PASSWORD_HINT}


class ReauthenticateForm(PlainFields, account.ReauthenticateForm):
    """The password once more, before something that matters."""
