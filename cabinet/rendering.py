"""How every form draws its fields: one anatomy (label, hint, error, control) for all pages, allauth's included.

`settings.FORM_RENDERER` names `Renderer`; the markup is in templates/components/.
"""

from html import escape
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Widget
from django.utils.safestring import SafeString
from django.utils.text import Truncator


class Control(forms.BoundField):
    """A bound field that knows its ids, its CSS class, its partial, and what it says in words.

    Template tags set the look and the words for one rendering: a bound field lives as long as its form.
    """

    look = ""  # "", "switch" or "seg"
    label_hidden = False
    seg_class = ""
    beside: SafeString | str = ""

    def __init__(self, form: forms.BaseForm, field: forms.Field, name: str) -> None:
        super().__init__(form, field, name)
        self.optional = not field.required and not isinstance(field.widget, forms.CheckboxInput)

    @property
    def template_name(self) -> str:
        """The partial: a checkbox has its label behind it, a group is a fieldset."""
        if self.is_hidden:
            return "components/hidden.html"
        if isinstance(self.field.widget, forms.CheckboxInput):
            return "components/choice.html"
        if self.use_fieldset:
            return "components/seg.html" if self.look == "seg" else "components/choices.html"
        return "components/field.html"

    @property
    def aria_describedby(self) -> str:
        """Ids of the error and the hint, in the order in which they are to be read aloud."""
        parts = ["error"] * bool(self.errors) + ["hint"] * bool(self.help_text)
        return " ".join(f"{self.auto_id}-{part}" for part in parts)

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        """Django's attributes, with the CSS class of the kind before the field's own."""
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if css := " ".join(filter(None, [css_class(widget), widget.attrs.get("class")])):
            attrs["class"] = css
        if self.look == "switch":
            attrs["role"] = "switch"
        if self.use_fieldset:
            attrs.pop("aria-invalid", None)  # says the fieldset; a radio button may not
        return attrs

    def words(self) -> str:
        """What the control is set to, for a closed settings line: see templates/components/ledger.html.

        A tick box says its data-on or data-off, a text its data-filled (with {}) or data-empty, a choice its label.
        """
        attrs, value = self.field.widget.attrs, self.value()
        if isinstance(self.field.widget, forms.CheckboxInput):
            return str(attrs.get("data-on" if self.field.widget.check_test(value) else "data-off", ""))
        if isinstance(self.field.widget, forms.widgets.ChoiceWidget):
            return ", ".join(str(option.choice_label) for option in self.subwidgets if option.data["selected"])
        text = Truncator(" ".join(str(value if value is not None else "").split())).chars(40)
        return str(attrs.get("data-filled", "{}")).replace("{}", text) if text else str(attrs.get("data-empty", ""))


# Widgets that are one <input> and nothing else, by the names of Django's templates.
INPUTS = frozenset(
    f"django/forms/widgets/{kind}.html"
    for kind in "text number email password hidden date time checkbox radio_option checkbox_option".split()
)


class Renderer(TemplatesSetting):
    """Django's renderer over settings.TEMPLATES, with our partials and our bound field.

    Inputs are written without a template: a form has dozens of them, and each would cost two.
    """

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
    bound_field_class = Control

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        widget = context.get("widget")
        if template_name in INPUTS and widget and not widget.get("wrap_label"):
            return plain_input(widget)
        return super().render(template_name, context, request)


def plain_input(widget: dict[str, Any]) -> SafeString:
    """An <input> with its attributes, as Django's own templates write it."""
    value = widget["value"]
    first = {"type": widget["type"], "name": widget["name"]} | ({} if value is None else {"value": value})
    return SafeString(f"<input{''.join(attribute(*pair) for pair in (first | widget['attrs']).items())}>")


def attribute(name: str, value: Any) -> str:
    """One attribute with the space before it: bare if it is true, not there if it is false."""
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{escape(str(value))}"'


def focus_id(field: forms.BoundField) -> str:
    """Id of the element to go to when something is wrong with a field: the first choice of a group."""
    return str(field.subwidgets[0].id_for_label) if field.use_fieldset and len(field) else str(field.auto_id)


def css_class(widget: Widget) -> str:
    """The class of a text-like control; tick boxes and radio buttons have none."""
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.Textarea):
        return "textarea"
    plain = isinstance(widget, forms.widgets.Input) and not isinstance(widget, forms.CheckboxInput)
    return "input" if plain and not widget.is_hidden else ""
