"""Tags: form fields in their one anatomy, error summaries, settings ledgers."""

from typing import Any

from django import forms, template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cabinet.rendering import Control, focus_id
from cabinet.templatetags.piece_tags import Text, error_text

register = template.Library()


@register.simple_tag
def field(bound: Control, **says: Any) -> SafeString:
    """A form field with label, hint, error and control. See `draw` for what may be said about it."""
    return draw(bound, **says)


@register.simple_tag
def switch(bound: Control, **says: Any) -> SafeString:
    """A tick box drawn as a switch."""
    return draw(bound, look="switch", **says)


@register.simple_tag
def seg(bound: Control, *, reveals: str = "", icons: str = "", fill: bool = False, **says: Any) -> SafeString:
    """A group of choices drawn as segments.

    `reveals`: the value whose choice shows the `.reveal` block beside the group; `icons`: "value:icon value:icon".
    """
    drawings = dict(pair.split(":") for pair in icons.split())
    for option in bound.subwidgets:
        value = str(option.data["value"])
        option.data["icon"] = drawings.get(value, "")
        if reveals and value == reveals:
            option.data["attrs"]["data-reveals"] = True
    seg_class = " ".join(filter(None, [says.pop("class", ""), "fill" if fill else ""]))
    return draw(bound, look="seg", seg_class=seg_class, **says)


@register.simple_block_tag
def field_with(content: SafeString, bound: Control, **says: Any) -> SafeString:
    """A form field with buttons beside its control."""
    return draw(bound, beside=content, **says)


def draw(bound: Control, hint: Text = "", label: Text = "", optional: bool | None = None, **says: Any) -> SafeString:
    """The field in its partial; other words than the form's own are for this rendering only."""
    bound.help_text = hint or bound.help_text
    bound.label = label or bound.label
    if optional is not None:
        bound.optional = optional
    for name, value in says.items():
        setattr(bound, name, value)
    return bound.as_field_group()


@register.simple_tag
def caption(bound: Control) -> SafeString:
    """The words of a label or legend."""
    optional = format_html(' <span class="optional">{}</span>', _("(optional)")) if bound.optional else ""
    return format_html("{}{}", bound.label, optional)


@register.simple_tag
def says(bound: Control) -> SafeString:
    """The hint and the error of a field, with the ids by which the control refers to them."""
    hint = format_html('<p class="hint" id="{}-hint">{}</p>', bound.auto_id, bound.help_text) if bound.help_text else ""
    return format_html(
        "{}{}", hint, error_text(" ".join(map(str, bound.errors)), bound.auto_id) if bound.errors else ""
    )


@register.inclusion_tag("components/errors.html")
def errors(form: forms.BaseForm | None = None) -> dict[str, Any]:
    """The error summary of a form: every problem as a link to its field."""
    return {"problems": problems(form) if form else []}


def problems(form: forms.BaseForm) -> list[tuple[str, str]]:
    """(id of the element to go to, words) of every error, the form's own first."""
    shown = form.visible_fields()
    first = focus_id(shown[0]) if shown else ""
    own = [(first, str(error)) for error in form.non_field_errors()]
    hidden = [("", str(error)) for bound in form.hidden_fields() for error in bound.errors]
    return own + hidden + [(focus_id(bound), str(error)) for bound in shown for error in bound.errors]


@register.simple_tag
def error_prefix(form: forms.BaseForm | None = None) -> str:
    """What the title of a page with errors starts with."""
    return f"{_('Error:')} " if form and form.errors else ""


@register.simple_block_tag
def ledger(
    content: SafeString, drawing: str, title: Text, *fields: Control, empty: Text = "", opened: object = False
) -> SafeString:
    """One line of the settings ledger: closed it says in words what its fields are set to.

    Errors open it, and whatever was `opened` for: an answer that it holds.
    """
    words = ", ".join(filter(None, (bound.words() for bound in fields))) or str(empty)
    return render_to_string(
        "components/ledger.html",
        {
            "drawing": drawing,
            "title": title,
            "words": words[:1].upper() + words[1:],
            "names": " ".join(bound.html_name for bound in fields),
            "empty": empty,
            "opened": opened or any(bound.errors for bound in fields) or 'class="field is-bad' in content,
            "content": content,
        },
    )
