"""What the organizer is told by letter: whom others do not reach."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conferences.models import Conference
from invitations import particulars, until_start
from invitations.contents import Content, when
from invitations.models import Delivery
from invitations.particulars import names
from invitations.words import When

LISTED_PROBLEMS = 50


def reminder(conference: Conference, delivery: Delivery, now: datetime) -> Content:
    """That a date of their own conference is near."""
    row = conference.occurrences.get(original_date=delivery.original_date)  # type: ignore[misc]
    return Content(
        lead=until_start.lead(row.starts_at, conference.zone, now),
        conference=conference,
        foot=_("%(site)s sent this to %(address)s.") % names(conference, delivery.address),
        when=When.of(row),
        only=row,
        buttons=[(_("Open the conference page"), settings.SITE_URL + conference.get_absolute_url())],
    )


def notice(conference: Conference, delivery: Delivery, now: datetime) -> Content:
    """The troubles that `delivery` reports."""
    troubles = delivery.troubles.select_related("invitation").order_by("pk")
    count = troubles.count()
    lead = ngettext("One letter has not arrived", "%(count)d letters have not arrived", count) % {"count": count}
    return Content(
        lead=lead,
        conference=conference,
        foot=_("%(site)s sent this to %(address)s.") % names(conference, delivery.address),
        when=when(conference, now),
        question=_("Correct the addresses, or send these people the direct link."),
        buttons=[(_("See the list"), settings.SITE_URL + reverse("invitations:ledger", args=[conference.pk]))],
        facts=[particulars.problem(trouble) for trouble in troubles[:LISTED_PROBLEMS]],
        hint=_("There are more; the list has all of them.") if count > LISTED_PROBLEMS else "",
    )
