"""What the organizer is told by letter: whom others do not reach, what came from people, that it begins soon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conferences.models import Conference
from invitations import answers, particulars, subjects, until_start
from invitations.contents import Content, when
from invitations.models import Delivery
from invitations.particulars import Fact, names
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
    """What came by mail and what people answered, as `delivery` passes it on; what is to be decided first."""
    parts = [*_mail(conference, delivery), *_answers(conference, delivery)]
    return Content(
        lead=parts[0].lead,
        conference=conference,
        foot=_("%(site)s sent this to %(address)s.") % names(conference, delivery.address),
        when=when(conference, now),
        intro=" ".join(part.lead for part in parts[1:]),
        question=parts[0].question,
        buttons=[part.button for part in parts],
        facts=[fact for part in parts for fact in part.facts],
        hint=" ".join(part.hint for part in parts if part.hint),
        foot_link=parts[-1].foot_link,
        subject_of=parts[-1].subject_of,
    )


@dataclass(frozen=True)
class _Part:
    """Half of such a letter; `question` stands over the buttons."""

    lead: str
    button: tuple[str, str]
    facts: Sequence[Fact]
    question: str = ""
    hint: str = ""
    foot_link: tuple[str, str] | None = None
    subject_of: str = ""


def _mail(conference: Conference, delivery: Delivery) -> list[_Part]:
    mail = list(delivery.mail.select_related("conference").order_by("received_at", "pk"))
    lead = ngettext("One message came by mail", "%(count)d messages came by mail", len(mail)) % {"count": len(mail)}
    part = _Part(
        lead,
        (_("Open the conference page"), f"{settings.SITE_URL}{conference.get_absolute_url()}#came-by-mail"),
        [particulars.came(one) for one in mail[:LISTED_PROBLEMS]],
        _("Read and decide on the page of the conference."),
        _("There are more; the page has all of them.") if len(mail) > LISTED_PROBLEMS else "",
    )
    return [part] if mail else []


def _answers(conference: Conference, delivery: Delivery) -> list[_Part]:
    """Who answered what, and how it stands now with all who are invited."""
    people = answers.by_person(delivery.answers.select_related("invitation"))
    more = len(people) - LISTED_PROBLEMS
    lead = ngettext("One person answered", "%(count)d people answered", len(people)) % {"count": len(people)}
    part = _Part(
        lead,
        (_("See the list"), settings.SITE_URL + reverse("invitations:ledger", args=[conference.pk])),
        [*map(particulars.answered, people[:LISTED_PROBLEMS]), particulars.all_answers(conference)],
        hint=_("And %(count)d more: see the list.") % {"count": more} if more > 0 else "",
        foot_link=(_("Choose what you are told by e-mail"), settings.SITE_URL + reverse("profile")),
        subject_of=subjects.ANSWERS,
    )
    return [part] if people else []
