"""E-mail addresses: which ones we take, how we store them, how we show them, how we read pasted ones.

Pure. Taken is less than RFC 5321 allows, and exactly what reaches the person meant at any mail server: a dot-atom
before the @, a domain of two labels or more after it. Stored is ASCII, the form that stands in the envelope.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cabinet.text import clean_line

MAX_LENGTH = 254
"""Characters of a whole address in ASCII: a path of 256 without its angle brackets, RFC 5321 section 4.5.3.1.3."""
MAX_LOCAL_LENGTH = 64
MAX_DOMAIN_LENGTH = 253
MAX_NAME_LENGTH = 128
MAX_PASTE_LENGTH = 100_000
MAX_PEOPLE = 2_000

# RFC 5322 section 3.2.3 without "%" and "!", which old mailers read as a route to another host.
_DOT_ATOM = re.compile(r"[a-z0-9#$&'*+/=?^_`{|}~-]+(?:\.[a-z0-9#$&'*+/=?^_`{|}~-]+)*", re.IGNORECASE)
_LDH_LABEL = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Letters of their own since IDNA 2008. Python's codec is of 2003 and would lead to another owner's domain.
_SINCE_2008 = str.maketrans({"ß": "s", "ς": "σ"})
# "Highly restrictive" in UTS 39 section 5.2: what one language writes side by side and nobody takes for another.
_SCRIPTS_USED_TOGETHER = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"},
    {"LATIN", "CJK", "HANGUL"},
    {"LATIN", "CJK", "BOPOMOFO"},
)
_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"\n]*)"          # a name, commas and all
    | <(?P<angle>[^<>\n]*)>        # an address
    | (?P<word>[^\s,;<>"]+)        # an address if it holds an @, else part of a name
    | (?P<mark>[,;\n])
    """,
    re.VERBOSE,
)
_MAILTO = re.compile(r"\Amailto:([^?]*)(?:\?.*)?", re.IGNORECASE | re.DOTALL)


def clean_address(text: str) -> str:
    """The address in ASCII, its domain in lower case and IDNA form (RFC 5891), the case before the @ as it was.

    Raises ValidationError naming the first fault.
    """
    address = text.strip()
    if len(address) > 2 * MAX_LENGTH:
        raise _too_long()
    if any(unicodedata.category(char)[0] in "CZ" for char in address):
        raise ValidationError(_("The address holds a space or an invisible character. Take it out."), code="invisible")
    local, at, domain = address.rpartition("@")
    if not (at and local and domain):
        raise ValidationError(_("Enter a whole e-mail address, for example name@example.org"), code="incomplete")
    _check_local_part(local)
    cleaned = f"{local}@{_ascii_domain(domain)}"
    if len(cleaned) > MAX_LENGTH:
        raise _too_long()
    return cleaned


def shown_address(address: str) -> str:
    """The stored `address` as people read it: its domain in Unicode, unless letters of several scripts mix in it.

    A domain of mixed scripts may imitate another one and stays in its ASCII form. What is no address comes back
    unchanged.
    """
    local, at, domain = address.rpartition("@")
    if "xn--" not in domain.lower():
        return address
    labels = [_unicode_label(label) for label in domain.split(".")]
    return f"{local}{at}{'.'.join(labels)}" if _is_one_script("".join(labels)) else address


def parse_people(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Typed or pasted people, as (name or "", address) in their order, and the pieces that are no addresses.

    Reads addresses between commas, semicolons, line breaks or spaces, `Name <address>`, quoted names and mailto:
    links. Nobody comes twice. Takes time linear in the length. Raises ValidationError if there is more than
    MAX_PASTE_LENGTH characters or MAX_PEOPLE people.
    """
    if len(text) > MAX_PASTE_LENGTH:
        raise ValidationError(_("This is too long: paste at most 100,000 characters at once"), code="too_long")
    people: dict[str, tuple[str, str]] = {}
    refused: list[str] = []
    for name, piece in _pieces(text):
        try:
            address = clean_address(_MAILTO.sub(r"\1", piece))
        except ValidationError:
            refused.append(piece or name)
        else:
            people.setdefault(address.lower(), (_clean_name(name), address))
    if len(people) > MAX_PEOPLE:
        raise ValidationError(_("These are too many: paste at most 2,000 people at once"), code="too_many")
    return list(people.values()), list(filter(None, refused))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """(name, what should be an address) as they stand in `text`.

    A comma ends a piece, unless semicolons do: then it is the one in `Surname, Name <address>` of Outlook.
    """
    ends = ";\n" if ";" in text else ",;\n"
    name: list[str] = []
    for token in _TOKEN.finditer(f"{text}\n"):
        kind = token.lastgroup or ""
        value = token[kind]
        if kind == "angle" or (kind == "word" and "@" in value):
            yield " ".join(name), value.strip(" '")
            name = []
        elif kind != "mark":
            name.append(value)
        elif value not in ends and name:
            name[-1] += value
        elif value in ends and name:
            yield "", " ".join(name)
            name = []


def _clean_name(text: str) -> str:
    try:
        return clean_line(text.strip(" ',"))[:MAX_NAME_LENGTH].strip()
    except ValidationError:
        return ""


def _too_long() -> ValidationError:
    return ValidationError(_("An e-mail address has at most 254 characters"), code="too_long")


def _check_local_part(local: str) -> None:
    if len(local) > MAX_LOCAL_LENGTH:
        raise ValidationError(_("Before the @ stand at most 64 characters"), code="local_too_long")
    if "@" in local:
        raise ValidationError(_("An e-mail address has one @"), code="two_ats")
    if not _DOT_ATOM.fullmatch(local):
        words = _("Before the @ stand letters a to z, digits, and signs such as . - _ +, no dot first, last or doubled")
        raise ValidationError(words, code="local_part")


def _ascii_domain(domain: str) -> str:
    """`domain` in lower case and ASCII. Raises ValidationError for literals, single labels, what DNS cannot hold."""
    if len(domain) > MAX_DOMAIN_LENGTH:
        raise ValidationError(_("The domain after the @ is too long"), code="domain_too_long")
    try:
        labels = [_ascii_label(label) for label in unicodedata.normalize("NFC", domain.lower()).split(".")]
    except ValueError as fault:
        raise ValidationError(_("There can be no domain like the one after the @"), code="domain") from fault
    if len(labels) < 2 or labels[-1].isdigit():
        raise ValidationError(_("The domain after the @ needs a dot, for example example.org"), code="top_level")
    return ".".join(labels)


def _ascii_label(label: str) -> str:
    """One label of a domain, given in lower case and NFC, in ASCII. Raises ValueError if there is none for it."""
    if label.startswith("xn--"):
        encoded = _ascii_label(unicodedata.normalize("NFC", _decoded(label).lower()))
    elif label.isascii():
        encoded = label
    else:
        encoded = f"xn--{label.encode('punycode').decode('ascii')}"
        stand_in = label.translate(_SINCE_2008)
        if stand_in.encode("idna").decode("idna") != stand_in or not _may_be_label(label):
            raise ValueError(label)
    if not _LDH_LABEL.fullmatch(encoded) or (label.isascii() and label != encoded):
        raise ValueError(label)
    return encoded


def _may_be_label(label: str) -> bool:
    """Letters, marks, digits and hyphens, no mark first: RFC 5892 section 2.1 and RFC 5891 section 4.2.3.2."""
    kinds = ["-" if char == "-" else unicodedata.category(char) for char in label]
    return kinds[0][0] != "M" and all(kind[0] in "LM-" or kind == "Nd" for kind in kinds)


def _unicode_label(label: str) -> str:
    """One stored label as people read it; unchanged where it is not the encoding of anything."""
    try:
        return _decoded(label) if label.startswith("xn--") else label
    except ValueError:
        return label


def _decoded(label: str) -> str:
    """A label of the form "xn--..." in Unicode (RFC 3492). Raises ValueError if it encodes nothing."""
    return label.removeprefix("xn--").encode("ascii").decode("punycode")


def _is_one_script(text: str) -> bool:
    """True if all letters belong to one script, or to scripts that one language writes side by side."""
    scripts = {unicodedata.name(char, "?").split(" ")[0] for char in text if char.isalpha()}
    return len(scripts) < 2 or any(scripts <= together for together in _SCRIPTS_USED_TOGETHER)
