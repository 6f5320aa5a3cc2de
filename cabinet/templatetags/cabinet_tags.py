"""The small parts that pages are put together from. Larger ones are partials in templates/components/.

Whatever people typed passes through format_html or autoescape, and names stand in <bdi>, so that a name in
another writing direction cannot turn its neighbours round.
"""

import unicodedata
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from django import forms, template
from django.core.paginator import Page
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cabinet.rendering import Control
from conferences import times

type Text = str | Promise

register = template.Library()

# ICONS AND BADGES


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A drawing from the sprite; it says nothing to a screen reader, so a word must stand beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', f"icon {css}".strip(), static("icons.svg"), name
    )


# name: tone, icon, words
BADGES: dict[str, tuple[str, str, Text]] = {
    "queued": ("plain", "queue", gettext_lazy("Queued")),
    "waiting": ("plain", "clock", gettext_lazy("Waiting")),
    "sent": ("info", "send", gettext_lazy("Sent")),
    "undelivered": ("bad", "bounce", gettext_lazy("Not delivered")),
    "bounced": ("bad", "bounce", gettext_lazy("Bounced")),
    "perhaps": ("warn", "question", gettext_lazy("Perhaps sent")),
    "held": ("plain", "clock", gettext_lazy("Held back")),
    "accepted": ("ok", "check", gettext_lazy("Accepted")),
    "tentative": ("warn", "question", gettext_lazy("Tentative")),
    "declined": ("neutral", "x", gettext_lazy("Declined")),
    "unanswered": ("plain", "clock", gettext_lazy("No answer yet")),
    "cancelled": ("neutral", "x-circle", gettext_lazy("Cancelled")),
}


@register.simple_tag
def badge(kind: str, words: Text = "", icon: str = "") -> SafeString:
    """A status, always icon and words: a name of BADGES, or a tone (ok, info, warn, ...) with words and icon."""
    tone, drawing, usual = BADGES.get(kind, (kind, "info", ""))
    return format_html('<span class="badge {}">{}{}</span>', tone, small_icon(icon or drawing), words or usual)


def small_icon(name: str) -> SafeString:
    """An icon of the size of the letters beside it."""
    return icon(name, "icon-sm")


@register.simple_tag
def error_text(words: Text, field_id: str = "") -> SafeString:
    """One error in red, with an icon and a word for those who do not see the colour."""
    return format_html(
        '<p class="field-error"{}>{}<span><span class="vh">{}</span> {}</span></p>',
        format_html(' id="{}-error"', field_id) if field_id else "", icon("alert"), _("Error:"), words,
    )  # fmt: skip


@register.simple_block_tag
def notice(content: SafeString, tone: str = "info") -> SafeString:
    """A message in the page: info, ok, warn or bad."""
    drawing = {"info": "info", "ok": "check-circle"}.get(tone, "alert")
    return format_html('<div class="notice notice-{}">{}<div>{}</div></div>', tone, icon(drawing), content)


@register.simple_block_tag
def empty(content: SafeString, drawing: str, title: Text) -> SafeString:
    """What a page says when it has nothing to show, and what to do then; "horizon" draws the landscape."""
    return render_to_string("components/empty.html", {"drawing": drawing, "title": title, "content": content})


# FIELDS


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
        option.icon = drawings.get(value, "")
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


@register.inclusion_tag("components/errors.html")
def errors(form: forms.BaseForm | None = None) -> dict[str, Any]:
    """The error summary of a form: every problem as a link to its field."""
    return {"problems": problems(form) if form else []}


def problems(form: forms.BaseForm) -> list[tuple[str, str]]:
    """(id of the element to go to, words) of every error, the form's own first."""
    shown = form.visible_fields()
    first = shown[0].focus_id if shown else ""
    own = [(first, error) for error in form.non_field_errors()]
    hidden = [("", error) for bound in form.hidden_fields() for error in bound.errors]
    return own + hidden + [(bound.focus_id, error) for bound in shown for error in bound.errors]


@register.simple_tag
def error_prefix(form: forms.BaseForm | None = None) -> str:
    """What the title of a page with errors starts with."""
    return f"{_('Error:')} " if form and form.errors else ""


@register.simple_block_tag
def ledger(content: SafeString, drawing: str, title: Text, *fields: Control, empty: Text = "") -> SafeString:
    """One line of the settings ledger: closed it says in words what its fields are set to. Errors open it."""
    words = ", ".join(filter(None, (bound.words() for bound in fields))) or str(empty)
    return render_to_string(
        "components/ledger.html",
        {
            "drawing": drawing,
            "title": title,
            "words": words[:1].upper() + words[1:],
            "names": " ".join(bound.html_name for bound in fields),
            "empty": empty,
            "opened": any(bound.errors for bound in fields) or 'class="field is-bad' in content,
            "content": content,
        },
    )


# PEOPLE


@register.simple_tag
def avatar(name: str) -> SafeString:
    """The initials of a name in a circle whose colour follows from the name."""
    face = initials(name)
    hue = crc32(name.encode()) % 6
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
def chip(address: str, name: str = "", count: int | None = None) -> SafeString:
    """A chosen person or list: posts its address as `to`, and a button that takes it off, without script too."""
    people = format_html("<small>{}</small>", people_words(count)) if count is not None else ""
    return format_html(
        '<li class="chip" data-count="{}"><input type="hidden" name="to" value="{}"><bdi>{}</bdi>{}'
        '<button name="remove" value="{}" aria-label="{}">{}</button></li>',
        1 if count is None else count, address, name or address, people,
        address, _("Remove %(name)s") % {"name": name or address}, small_icon("x"),
    )  # fmt: skip


def people_words(count: int) -> str:
    """How many people a list has."""
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}


@register.simple_tag
def person_option(
    name: str, address: str, detail: Text = "", query: str = "", count: int | None = None
) -> SafeString:
    """One suggestion of the address book: a list has a `count` of people, a new address has itself as name."""
    face = avatar(name) if count is None and name != address else avatar_icon("mail" if count is None else "users")
    second, tail = (address, detail) if name != address else (detail, "")
    return format_html(
        '<li role="option" aria-selected="false" data-address="{}" data-name="{}" data-count="{}">'
        '<span class="person">{}<span><bdi class="strong">{}</bdi><small><bdi>{}</bdi></small></span></span>'
        '<span class="tail">{}</span></li>',
        address, name, "" if count is None else count, face, marked(name, query),
        marked(second, query) if count is None else people_words(count), tail,
    )  # fmt: skip


def marked(text: Text, query: str) -> SafeString:
    """`text` with the part that `query` matches marked, letter for letter and whatever its case and accents."""
    text = str(text)
    at = plain(text).find(plain(query)) if query else -1
    if at < 0:
        return format_html("{}", text)
    end = at + len(query)
    return format_html("{}<mark>{}</mark>{}", text[:at], text[at:end], text[end:])


def plain(text: str) -> str:
    """One small letter without accents for every character of `text`, so that positions stay the same."""
    return "".join(unicodedata.normalize("NFKD", sign)[:1].lower()[:1] or sign for sign in text)


# LINKS AND LISTS


@register.simple_tag
def copy_button(text: str, words: Text, **look: str) -> SafeString:
    """A button that copies `text`; there only with script. look: class, icon."""
    return format_html(
        '<button type="button" class="{} js-only" data-copy-text="{}">{}<span>{}</span></button>',
        look.get("class", "btn"), text, icon(look.get("icon", "copy")), words,
    )  # fmt: skip


@register.simple_tag
def linkbox(id_: str, url: str, words: Text) -> SafeString:
    """A link to be copied, to be read out and to be selected by hand."""
    return format_html(
        '<code class="linkbox" id="{0}" dir="ltr">{1}</code>'
        '<button type="button" class="btn btn-block js-only" data-copy="{0}">{2}<span>{3}</span></button>',
        id_, url, icon("copy"), words,
    )  # fmt: skip


@register.inclusion_tag("components/pages.html", takes_context=True)
def pages(context: template.Context, page: Page) -> dict[str, Any]:
    """Where in a long list we are, and the way back and on; the other parts of the query stay."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    return {"page": page, "query": query.urlencode()}


@register.simple_tag
def meter(accepted: int, tentative: int, declined: int, rest: int) -> SafeString:
    """The bar of answers; the numbers beside it say the same to those who do not see it."""
    shares = [("ok", accepted), ("warn", tentative), ("no", declined), ("rest", rest)]
    ends = [0, *accumulate(count for _tone, count in shares)]
    unit = 1000 / (ends[-1] or 1)
    bars = [
        (tone, round(start * unit), max(round((end - start) * unit) - (6 if end < ends[-1] else 0), 0))
        for (tone, _count), (start, end) in zip(shares, pairwise(ends), strict=True)
    ]
    return format_html(
        '<svg class="meter" viewBox="0 0 1000 4" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        format_html_join("", '<rect class="m-{}" x="{}" width="{}" height="4"/>', (bar for bar in bars if bar[2])),
    )


# TIME: an aware instant and the name of the zone in which somebody reads it


def local(at: datetime, zone: str) -> datetime:
    """What clocks in `zone` show at the instant `at`."""
    return at.astimezone(ZoneInfo(zone))


@register.filter
def clock(at: datetime, zone: str) -> str:
    """14:00"""
    return date_format(local(at, zone), _("H:i"))


@register.filter
def day(at: datetime, zone: str) -> str:
    """Thursday 3 December 2026"""
    return date_format(local(at, zone), _("l j F Y"))


@register.filter
def short_day(at: datetime, zone: str) -> str:
    """Thu 3 Dec"""
    return date_format(local(at, zone), _("D j M"))


@register.filter
def city(zone: str) -> str:
    """Berlin"""
    return times.city(zone)


@register.filter
def offset(at: datetime, zone: str) -> str:
    """UTC+1"""
    return times.offset(at, zone)


@register.filter
def place(at: datetime, zone: str) -> str:
    """Berlin, UTC+1"""
    return "UTC" if zone == "UTC" else f"{times.city(zone)}, {times.offset(at, zone)}"


@register.filter
def sky(at: datetime, zone: str) -> str:
    """The light of the hour, for `data-sky`: morning, day, evening or night."""
    return times.sky(local(at, zone))


@register.simple_tag
def moment(at: datetime, zone: str) -> SafeString:
    """The clock time of an instant, with the instant itself for machines."""
    return format_html('<time datetime="{}">{}</time>', local(at, zone).isoformat(timespec="minutes"), clock(at, zone))


@register.simple_tag
def when(start: datetime, end: datetime, zone: str, after: Text = "") -> SafeString:
    """The hero of a conference's page: its day, its clock time and the place whose clock it is."""
    last = "" if local(start, zone).date() == local(end, zone).date() else f" {short_day(end, zone)}"
    where = f"{place(start, zone)} · {after}" if after else place(start, zone)
    return format_html(
        '<div><p>{}</p><p class="big">{}–{}<small>{}</small></p><p>{}</p></div>',
        day(start, zone), moment(start, zone), moment(end, zone), last, where,
    )  # fmt: skip


@register.simple_tag
def leaf(at: datetime, zone: str) -> SafeString:
    """The leaf of a calendar block; the date must stand beside it in words."""
    then = local(at, zone)
    return format_html(
        '<div class="leaf" data-sky="{}" aria-hidden="true"><span>{}</span><b>{}</b><span>{}</span></div>',
        times.sky(then), date_format(then, "D"), then.day, date_format(then, "M"),
    )  # fmt: skip


SKIES: dict[str, tuple[str, Text]] = {
    "morning": ("sunrise", gettext_lazy("Early morning")),
    "day": ("sun", gettext_lazy("Daytime")),
    "evening": ("sunset", gettext_lazy("Evening")),
    "night": ("moon", gettext_lazy("Night")),
}


@register.simple_tag
def sky_dot(light: str) -> SafeString:
    """The light of the hour as a dot with a drawing and a hidden word."""
    drawing, words = SKIES[light]
    return format_html(
        '<span class="dot" data-sky="{}">{}<span class="vh">{}</span></span>', light, small_icon(drawing), words
    )


@register.simple_tag
def zones(at: datetime, names: list[str], base: str) -> SafeString:
    """The same instant in other zones, with the weekday where it is not the day of `base`."""
    rows = ((sky_dot(sky(at, zone)), city(zone), zone_detail(at, zone, base), moment(at, zone)) for zone in names)
    return format_html(
        '<ul class="zones">{}</ul>',
        format_html_join("", "<li>{}<span>{}<small>{}</small></span>{}</li>", rows),
    )


def zone_detail(at: datetime, zone: str, base: str) -> str:
    """The offset of `zone`, and the weekday if it is another one than in `base`."""
    then = local(at, zone)
    weekday = "" if then.date() == local(at, base).date() else f" · {date_format(then, 'l')}"
    return times.offset(at, zone) + weekday


# WORDS FOR SCRIPTS


@register.simple_tag
def plural_samples() -> tuple[int, ...]:
    """Numbers that between them have every plural form of every language.

    A page gives its scripts a counted sentence once for each; the script takes the one whose form fits its number.
    """
    return (0, 1, 2, 3, 6, 11, 100)
