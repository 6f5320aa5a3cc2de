"""Subject lines: what happened, the topic, day, time and zone (invitations.md M10)."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conferences.models import Conference
from invitations import until_start
from invitations.mail_clients import cut
from invitations.models import Delivery
from invitations.words import When, isolate

LIMIT = 250

# The subject line of a letter to the organizer with answers in it.
ANSWERS = "answers"

# Kind -> about one date, about a series from its next date on, about what has no date.
_PATTERNS: Mapping[str, tuple[object, object, object]] = {
    Delivery.Kind.INVITATION: (
        gettext_lazy("Invitation: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Invitation: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Invitation: %(topic)s"),
    ),
    Delivery.Kind.UPDATE: (
        gettext_lazy("Updated: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Updated: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Updated: %(topic)s"),
    ),
    Delivery.Kind.CANCELLATION: (
        gettext_lazy("Cancelled: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Cancelled: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Cancelled: %(topic)s"),
    ),
    Delivery.Kind.QUESTION: (
        gettext_lazy("Will you come? %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Will you come? %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Will you come? %(topic)s"),
    ),
    Delivery.Kind.REMINDER: (gettext_lazy("%(when)s: %(topic)s"),) * 3,
    Delivery.Kind.MESSAGE: (
        gettext_lazy("Message: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Message: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Message: %(topic)s"),
    ),
    Delivery.Kind.NEWS: (
        gettext_lazy("Came by mail: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Came by mail: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Came by mail: %(topic)s"),
    ),
    ANSWERS: (
        gettext_lazy("Answers: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Answers: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Answers: %(topic)s"),
    ),
    Delivery.Kind.NOTICE: (
        gettext_lazy("Not delivered: %(topic)s — %(when)s (%(zone)s)"),
        gettext_lazy("Not delivered: %(topic)s — from %(when)s (%(zone)s)"),
        gettext_lazy("Not delivered: %(topic)s"),
    ),
}


def subject(kind: str, conference: Conference, when: When | None, *, is_series: bool, now: datetime) -> str:
    """The subject line of a letter about `when`; a long topic is cut, never the time.

    "from" tells a letter about a whole series from one about a single date of it.
    """
    one, series, standing = _PATTERNS[kind]
    pattern = str(standing if when is None else series if is_series else one)
    rest = {"when": "", "zone": conference.time_zone}
    if when and kind == Delivery.Kind.REMINDER:
        rest["when"] = until_start.in_short(when.start, conference.zone, now)
    elif when:
        rest["when"] = date_format(when.start.astimezone(conference.zone), _("D j M Y H:i"))
    room = LIMIT - len(pattern % {**rest, "topic": isolate("")})
    return pattern % {**rest, "topic": isolate(cut(conference.topic, room))}
