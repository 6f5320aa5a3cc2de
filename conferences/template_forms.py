"""The door for what people type about templates."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineFormField
from conferences.template import Template

TAKEN = _("You have a template with this name. Choose another one.")


class TemplateNameField(LineFormField):
    """The name that settings are kept under; without one, they are what new conferences start with."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Name of the template"),
            required=False,
            max_length=80,
            help_text=_("Without a name these settings become what new conferences start with."),
            widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
            error_messages={"max_length": _("Name must be 80 characters or shorter"), "required": _("Enter a name")},
        )


class NameForm(forms.Form):
    """Under which name the settings of a conference are kept."""

    name = TemplateNameField()


class TemplateForm(NameForm):
    """Another name for a template, and whether new conferences start with it."""

    is_default = forms.BooleanField(label=_("New conferences start with it"), required=False)

    def __init__(self, data: Any = None, *, template: Template) -> None:
        super().__init__(data, initial={"name": template.name, "is_default": template.is_default})
        self.template = template
        self.fields["name"].required, self.fields["name"].help_text = True, ""

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Template.objects.filter(owner=self.template.owner_id, name=name).exclude(pk=self.template.pk).exists():
            raise ValidationError(TAKEN)
        return name

    def store(self) -> bool:
        """Save a valid form; False, with the error at its field, where another window took the name a moment before."""
        is_default = self.cleaned_data["is_default"]
        self.template.name = self.cleaned_data["name"]
        try:
            with transaction.atomic():
                self.template.save(update_fields=["name"])
        except IntegrityError:
            self.add_error("name", TAKEN)
            return False
        if is_default != self.template.is_default:
            Template.objects.start_with(self.template.owner, self.template.pk if is_default else None)
        return True
