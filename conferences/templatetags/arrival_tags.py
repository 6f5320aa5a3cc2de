"""Panels of a conference's page about its door: the waiting room, and who came."""

from typing import Any

from django import template
from django.utils import timezone

from conferences.came import Came
from conferences.models import Conference
from conferences.waiting import WaitingRoom

register = template.Library()


@register.inclusion_tag("conferences/_waiting.html", takes_context=True)
def waiting_room(context: template.Context, conference: Conference, room: WaitingRoom | None = None) -> dict[str, Any]:
    """Who waits to be let in; nothing where there is no waiting room or it is not the time."""
    return {"room": room or WaitingRoom(conference, timezone.now()), "zone": context["request"].user.time_zone}


@register.inclusion_tag("conferences/_came.html", takes_context=True)
def who_came(context: template.Context, conference: Conference) -> dict[str, Any]:
    """Who came to the date that the address names, else to the last one; nothing while nobody did."""
    request = context["request"]
    came = Came(conference, request.GET.get("date", ""))
    return {"came": came, "conference": conference, "zone": request.user.time_zone}
