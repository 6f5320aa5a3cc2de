"""Tags: icons, badges, notices, links, and what else is small and everywhere."""

from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from django import template
from django.core.paginator import Page
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

type Text = str | _StrPromise

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A drawing from the sprite; it says nothing to a screen reader, so a word must stand beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', f"icon {css}".strip(), sprite(), name
    )


@cache
def sprite() -> str:
    """Address of the file with all drawings: looked up once, for a list has hundreds of icons."""
    return static("icons.svg")


# name: tone, icon, words
BADGES: dict[str, tuple[str, str, Text]] = {
    "queued": ("plain", "queue", gettext_lazy("Queued")),
    "waiting": ("plain", "clock", gettext_lazy("Waiting")),
    "sent": ("info", "send", gettext_lazy("Sent")),
    "undelivered": ("bad", "bounce", gettext_lazy("Not delivered")),
    "bounced": ("bad", "bounce", gettext_lazy("Bounced")),
    "perhaps": ("warn", "question", gettext_lazy("Perhaps sent")),
    "held": ("plain", "clock", gettext_lazy("Held back")),
    "unwanted": ("plain", "mail", gettext_lazy("Wants no letters")),
    "by-hand": ("info", "user", gettext_lazy("Told by you")),
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
    """A message in the page: info, ok, warn or bad, or a level of django.contrib.messages."""
    drawing = {"info": "info", "ok": "check-circle", "success": "check-circle"}.get(tone, "alert")
    return format_html('<div class="notice notice-{}">{}<div>{}</div></div>', tone, icon(drawing), content)


@register.simple_block_tag
def empty(content: SafeString, drawing: str, title: Text) -> SafeString:
    """What a page says when it has nothing to show, and what to do then; "horizon" draws the landscape."""
    return render_to_string("components/empty.html", {"drawing": drawing, "title": title, "content": content})


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


@register.simple_tag
def plural_samples() -> tuple[int, ...]:
    """Numbers that between them have every plural form of every language.

    A page gives its scripts a counted sentence once for each; the script takes the one whose form fits its number.
    """
    return (0, 1, 2, 3, 6, 8, 11, 100)
