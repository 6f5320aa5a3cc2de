"""Tags: the time of an aware instant, as clocks show it in the zone (an IANA name) in which somebody reads it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cabinet.templatetags.piece_tags import Text, small_icon
from conferences import times
from invitations import words

register = template.Library()

# Pages say these as letters do.
day, place = register.filter(words.day), register.filter(words.place)


def local(at: datetime, zone: str) -> datetime:
    """What clocks in `zone` show at the instant `at`."""
    return at.astimezone(ZoneInfo(zone))


@register.filter
def clock(at: datetime, zone: str) -> str:
    """14:00"""
    return date_format(local(at, zone), _("H:i"))


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
        times.sky(then), date_format(then, "D"), then.day, date_format(then, _("M")),
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
    drawing, said = SKIES[light]
    return format_html(
        '<span class="dot" data-sky="{}">{}<span class="vh">{}</span></span>', light, small_icon(drawing), said
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
