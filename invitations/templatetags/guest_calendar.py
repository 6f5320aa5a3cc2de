"""The way into a guest's calendar from the page behind the direct link: conferences know nothing of calendars."""

from typing import Any

from django import template

from conferences.links import join_url, told_by_link
from conferences.models import Conference
from invitations import entries, words

register = template.Library()


@register.inclusion_tag("invitations/guest_calendar.html")
def guest_calendar(conference: Conference) -> dict[str, Any]:
    """The file to download, and the calendars on the web; nothing for a conference without a date."""
    if not entries.has_entry(conference):
        return {}
    told = told_by_link(conference)
    return {"conference": conference, "links": words.calendar_links(told, words.draft(told, join_url(conference)))}
