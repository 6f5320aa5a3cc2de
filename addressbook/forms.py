"""The only door for contacts that people type."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from addressbook.addresses import clean_address, shown_address
from addressbook.models import Book, Contact


class AddressFormField(forms.CharField):
    """An e-mail address; its value is the form that stands in the envelope, see `clean_address`.

    A text input, since browsers write the domain in type="email" as xn--... under the reader's eyes.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {"required": _("Enter an e-mail address")}

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return clean_address(text) if text else ""

    def prepare_value(self, value: Any) -> Any:
        return shown_address(value) if isinstance(value, str) else value


class ContactForm(forms.ModelForm):
    """One contact; the book it is in comes with the instance, not with the request."""

    address = AddressFormField(
        label=_("E-mail address"),
        widget=forms.TextInput(
            attrs={
                "dir": "ltr",
                "inputmode": "email",
                "autocapitalize": "none",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )

    class Meta:
        model = Contact
        fields: ClassVar = ["name", "address", "organisation", "phone", "note"]
        error_messages: ClassVar = {
            "name": {"required": _("Enter a name"), "max_length": _("Full name must be 128 characters or shorter")},
            "organisation": {"max_length": _("Organisation must be 128 characters or shorter")},
            "phone": {"max_length": _("Phone must be 40 characters or shorter")},
            "note": {"max_length": _("Note must be 2,000 characters or shorter")},
        }
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
            "organisation": forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
            "phone": forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "inputmode": "tel"}),
            "note": forms.Textarea(attrs={"dir": "auto", "rows": 3}),
        }

    def clean_address(self) -> str:
        self.instance.address = self.cleaned_data["address"]
        if twin := self.instance.twin():
            raise _taken_by(twin)
        return self.instance.address

    def store(self) -> bool:
        """Save. False, with the error at the address, if another request has just saved the same one."""
        try:
            with transaction.atomic():
                self.save()
        except IntegrityError:
            self.add_error("address", _taken_by(self.instance.twin() or self.instance))
            return False
        return True


class NewContactForm(ContactForm):
    """A contact for the user's own book; an administrator may put it into the shared one."""

    book = forms.ChoiceField(
        label=_("Book"),
        choices=[(Book.PERSONAL, _("Personal: only you see it")), (Book.SHARED, _("Shared: everyone sees it"))],
        error_messages={"required": _("Choose a book")},
        widget=forms.RadioSelect,
    )
    field_order = ("book",)  # First, because whose address is taken depends on it.

    def __init__(self, data: Any = None, *, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(data, instance=Contact(owner_id=user.pk), **kwargs)
        if not getattr(user, "is_staff", False):
            del self.fields["book"]

    def clean_book(self) -> str:
        book: str = self.cleaned_data["book"]
        if book == Book.SHARED:
            self.instance.owner_id = None
        return book


def _taken_by(twin: Contact) -> ValidationError:
    words = (
        _("The shared contacts already hold %(name)s with this address")
        if twin.is_shared
        else _("You already have %(name)s with this address")
    )
    return ValidationError(words, code="taken", params={"name": twin.name})
