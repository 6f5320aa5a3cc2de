"""What people type, made safe once and for all readers: pages, headers, calendar lines.

The floor of the house: knows Django and the standard library only, so every app may stand on it.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# Marks that reorder the text around them; a name needs none, the page isolates it with <bdi>.
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_NONCHARACTERS = "".join(chr(plane + low) for plane in range(0, 0x110000, 0x10000) for low in (0xFFFE, 0xFFFF))
# Control characters but the line feed, line and paragraph separators, lone surrogates, noncharacters.
_FORBIDDEN = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")


def clean_line(text: str) -> str:
    """One line of text in NFC, trimmed, white space collapsed, without bidi controls.

    Raises ValidationError when it holds a line break or another control character: such a line would later
    be refused by the mail library (RFC 5322 section 2.2) or break a calendar line (RFC 5545 section 3.1).
    """
    line = re.sub(r"[ \t\u00a0]+", " ", _BIDI_CONTROLS.sub("", text)).strip(" ")
    if "\n" in line or _FORBIDDEN.search(line):
        raise ValidationError(_("Use one line, without line breaks or control characters"), code="line")
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", line)).strip()


def clean_text(text: str) -> str:
    """Several lines of text in NFC with "\\n" line ends; control characters and bidi controls are taken out."""
    lines = _BIDI_CONTROLS.sub("", re.sub("\r\n?|[\u0085\u2028\u2029]", "\n", text)).expandtabs(4)
    return unicodedata.normalize("NFC", _FORBIDDEN.sub("", lines)).strip()


def is_visible(text: str) -> bool:
    """Whether a reader sees anything of `text`: zero-width characters and marks alone are not seen."""
    return any(unicodedata.category(char)[0] in "LNPS" for char in text)


def one_line(text: str) -> str:
    """Clean text on one line, for what must be written whatever it holds: line breaks become spaces."""
    return " ".join(clean_text(text).split())


class LineFormField(forms.CharField):
    """A text input whose value is one clean line; where it is required, one that can be seen."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(clean_line(value) if isinstance(value, str) else value)

    def validate(self, value: Any) -> None:
        super().validate(value if is_visible(value or "") else "")


class TextFormField(forms.CharField):
    """A text area whose value is clean text."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(clean_text(value) if isinstance(value, str) else value)


class _CleanField(models.Field):
    """Cleans on the way into the database too: a row that bypassed every form must not poison the queue.

    Raises ValidationError for what cannot be cleaned or is too long, which SQLite would take: folding a header of many
    thousand letters costs seconds for every message.
    """

    cleaner: Callable[[str], str]
    form_class: type[forms.CharField]

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        if not isinstance(prepared, str):
            return prepared
        cleaned = type(self).cleaner(prepared)
        if self.max_length and len(cleaned) > self.max_length:
            raise ValidationError(_("Use at most %(count)d characters"), "max_length", {"count": self.max_length})
        return cleaned

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": self.form_class, **kwargs})


class LineField(_CleanField, models.CharField):
    """A CharField that only ever stores what `clean_line` returns."""

    cleaner = staticmethod(clean_line)
    form_class = LineFormField


class CleanTextField(_CleanField, models.TextField):
    """A TextField that only ever stores what `clean_text` returns."""

    cleaner = staticmethod(clean_text)
    form_class = TextFormField
