"""What the organizer is told by letter: whom others do not reach, what came by mail, that it begins soon."""

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


def news(conference: Conference, delivery: Delivery, now: datetime) -> Content:
    """What came by mail, as `delivery` passes it on."""
    mail = delivery.mail.select_related("conference").order_by("received_at", "pk")
    count = mail.count()
    lead = ngettext("One message came by mail", "%(count)d messages came by mail", count) % {"count": count}
    return Content(
        lead=lead,
        conference=conference,
        foot=_("%(site)s sent this to %(address)s.") % names(conference, delivery.address),
        when=when(conference, now),
        question=_("Read and decide on the page of the conference."),
        buttons=[(_("Open the conference page"), f"{settings.SITE_URL}{conference.get_absolute_url()}#came-by-mail")],
        facts=[particulars.came(one) for one in mail[:LISTED_PROBLEMS]],
        hint=_("There are more; the page has all of them.") if count > LISTED_PROBLEMS else "",
    )
