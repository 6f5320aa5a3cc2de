"""Tags: people, as initials, rows, chips and suggestions.

Names pass through format_html and stand in <bdi>, so that one in another writing direction cannot turn its
neighbours round.
"""

from collections.abc import Sequence
from zlib import crc32

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from addressbook.addresses import shown_address
from addressbook.folding import occurrences
from cabinet.templatetags.piece_tags import Text, icon, small_icon

register = template.Library()
register.filter(shown_address)


@register.simple_tag
def avatar(name: str) -> SafeString:
    """The initials of a name in a circle whose colour follows from the name."""
    face = initials(name)
    hue = crc32(name.encode()) % 5 + 1
    return format_html('<span class="avatar h{}" aria-hidden="true">{}</span>', hue, face or icon("user"))


@register.simple_tag
def avatar_icon(name: str) -> SafeString:
    """A drawing in a circle, for lists, devices and new addresses."""
    return format_html('<span class="avatar h1" aria-hidden="true">{}</span>', icon(name))


def initials(name: str) -> str:
    """First letters of the first and last word; of a name without upper and lower case only the first sign."""
    firsts = [next((sign for sign in word if sign.isalpha()), "") for word in name.split()]
    firsts = [sign for sign in firsts if sign]
    if not firsts:
        return ""
    cased = firsts[0].lower() != firsts[0].upper()
    return (firsts[0] + firsts[-1] if cased and len(firsts) > 1 else firsts[0]).upper()


@register.simple_tag
def person(name: str, address: str, detail: Text = "", url: str = "") -> SafeString:
    """A person in a row: initials, name, address."""
    start, end = (format_html('<a class="person" href="{}">', url), "a") if url else (SPAN, "span")
    more = format_html("<small>{}</small>", detail) if detail else ""
    return format_html(
        '{}{}<span><bdi class="strong">{}</bdi><small><bdi>{}</bdi></small>{}</span></{}>',
        start, avatar(name or address), name or address, address if name else "", more, end,
    )  # fmt: skip


SPAN = SafeString('<span class="person">')


@register.simple_tag
def chip(
    address: str, name: str = "", count: int | None = None, roles: Sequence[tuple[str, Text]] = (), role: str = ""
) -> SafeString:
    """A chosen person or list: posts its address as `to`, and a button that takes it off, without script too.

    Where there are `roles` to choose from (values and labels), the chosen one is posted as `role:` and the address.
    """
    people = format_html("<small>{}</small>", people_words(count)) if count is not None else ""
    return format_html(
        '<li class="chip" data-count="{}"><input type="hidden" name="to" value="{}"><bdi>{}</bdi>{}{}'
        '<button name="remove" value="{}" aria-label="{}">{}</button></li>',
        1 if count is None else count, address, name or address, people, _role_choice(address, name, roles, role),
        address, _("Remove %(name)s") % {"name": name or address}, small_icon("x"),
    )  # fmt: skip


def _role_choice(address: str, name: str, roles: Sequence[tuple[str, Text]], role: str) -> SafeString:
    if not roles:
        return SafeString("")
    options = [(value, _SELECTED if value == role else "", text) for value, text in roles]
    words = _("Role of %(name)s") % {"name": name or address}
    listed = format_html_join("", '<option value="{}"{}>{}</option>', options)
    return format_html('<select name="role:{}" aria-label="{}">{}</select>', address, words, listed)


_SELECTED = SafeString(" selected")


def people_words(count: int) -> str:
    """How many people a list has."""
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}


@register.simple_tag
def person_option(name: str, address: str, detail: Text = "", query: str = "", count: int | None = None) -> SafeString:
    """One suggestion of the address book: a list has a `count` of people, a new address has itself as name."""
    face = avatar(name) if count is None and name != address else avatar_icon("mail" if count is None else "users")
    second, tail = (shown_address(address), detail) if name != address else (detail, "")
    return format_html(
        '<li role="option" aria-selected="false" data-address="{}" data-name="{}" data-count="{}">'
        '<span class="person">{}<span><bdi class="strong">{}</bdi><small><bdi>{}</bdi></small></span></span>'
        '<span class="tail">{}</span></li>',
        address, name, "" if count is None else count, face, marked(name, query),
        marked(second, query) if count is None else people_words(count), tail,
    )  # fmt: skip


def marked(text: Text, query: str) -> SafeString:
    """`text` with one place for each word of `query` marked, in whichever scripts the two are written."""
    text = str(text)
    spans = occurrences(text, query)
    ends = [0, *(end for _start, end in spans)]
    pieces = [(text[before:start], text[start:end]) for before, (start, end) in zip(ends, spans, strict=False)]
    return format_html("{}{}", format_html_join("", "{}<mark>{}</mark>", pieces), text[ends[-1] :])
