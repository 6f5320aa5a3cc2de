"""The words of every letter, in the language of whoever reads it and on their clock.

Text and HTML are two templates over one set of facts, so that they cannot say different things (a short HTML part
beside a long text is what spam looks like). Nothing here sends or saves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db.models import Max
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from addressbook.addresses import shown_address
from conferences.models import Change, Conference
from invitations import calendar, itip, words
from invitations.itip import Attendee, Person
from invitations.mail_clients import cut
from invitations.message import compose as compose_message
from invitations.models import Delivery, DeliveryQuerySet, Invitation, PartStat
from invitations.words import Changed, isolate

SUBJECT_LIMIT = 250
# The object stands in the message twice, in base64, beside both texts: so the whole stays under 100 kB.
LONGEST_CALENDAR = 17_000
# More people than this do not fit into such an object anyway.
LISTED_GUESTS = 200
LISTED_PROBLEMS = 50


@dataclass(frozen=True)
class Letter:
    """What one person gets: `calendar` and its `method` are there together or not at all."""

    subject: str
    text: str
    html: str
    from_name: str
    reply_to: tuple[str, str] | None = None
    calendar: bytes | None = None
    method: Literal["REQUEST", "CANCEL"] | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True)
class Fact:
    """A row of the letter. `url` makes the text a link; `is_typed` says that the lines are somebody's own words."""

    label: str
    text: str
    url: str = ""
    after: str = ""
    is_typed: bool = False

    @property
    def lines(self) -> list[str]:
        """The text line by line, for the plain part."""
        return self.text.splitlines()


@dataclass(frozen=True)
class Content:
    """What both templates print, in this order; what is empty is left out."""

    lead: str
    conference: Conference
    foot: str
    zone: str = ""
    note: Fact | None = None
    changes: Sequence[Changed] = ()
    question: str = ""
    buttons: Sequence[tuple[str, str]] = ()
    facts: Sequence[Fact] = ()
    hint: str = ""
    is_off: bool = False


def message(delivery: Delivery, now: datetime) -> bytes:
    """The whole message of a delivery, whose `message_id` is fixed already; `now` is its Date and DTSTAMP."""
    letter = compose(delivery, now)
    return compose_message(
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        calendar=letter.calendar,
        method=letter.method,
        sender=(letter.from_name, settings.MAIL_FROM),
        recipient=(delivery.invitation.name if delivery.invitation else "", delivery.address),
        reply_to=letter.reply_to,
        message_id=delivery.message_id,
        date=now,
        in_reply_to=letter.in_reply_to,
    )


def compose(delivery: Delivery, now: datetime) -> Letter:
    """The letter of a delivery, about the conference as it is now."""
    if delivery.kind == Delivery.Kind.NOTICE:
        conference = Conference.objects.select_related("organizer").get(deliveries=delivery)
        with translation.override(words.language_of(conference.organizer.language)):
            return _notice(conference, delivery)
    write = {
        Delivery.Kind.INVITATION: _invitation,
        Delivery.Kind.UPDATE: _update,
        Delivery.Kind.CANCELLATION: _cancellation,
    }[Delivery.Kind(delivery.kind)]
    rows = Invitation.objects.with_answer().select_related("conference__organizer", "submission")
    invitation = rows.get(deliveries=delivery)
    with translation.override(words.language_of(invitation.language, invitation.conference.organizer.language)):
        return write(invitation, delivery, now)


# THE FOUR LETTERS


def _invitation(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Asks somebody to a conference."""
    note = invitation.submission.message if invitation.submission else ""
    content = replace(
        _common(invitation, _("%(name)s invites you")),
        note=_note(invitation.conference, note),
        question=_("Will you take part?"),
        buttons=_answer_buttons(invitation),
        facts=_facts(invitation, _("The attached file adds the conference to your calendar.")),
        hint=_hint(invitation.conference),
    )
    return _personal(invitation, delivery, _("Invitation: %(topic)s — %(when)s (%(zone)s)"), content, now)


def _update(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Says what is different from what this person was told last, and asks again."""
    changes = words.changed(invitation.conference, _told_sequence(delivery))
    moved = any(change.is_time for change in changes)
    calendar_words = (
        _("The attached file moves the conference in your calendar.")
        if moved
        else _("The attached file brings your calendar up to date.")
    )
    content = replace(
        _common(invitation, _("%(name)s changed this conference")),
        changes=changes,
        question=_("Does the new time suit you?") if moved else _("Will you take part?"),
        buttons=_answer_buttons(invitation),
        facts=_facts(invitation, calendar_words, _("(the same as before)")),
        hint=_hint(invitation.conference),
    )
    return _personal(invitation, delivery, _("Updated: %(topic)s — %(when)s (%(zone)s)"), content, now)


def _cancellation(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Takes a conference off, or one person from its list."""
    conference = invitation.conference
    lead, note = _("%(name)s withdrew your invitation"), ""
    if conference.cancelled_at:
        lead = _("%(name)s cancelled this conference")
        change = conference.changes.filter(kind=Change.Kind.CANCELLED).first()
        note = change.message if change else ""
    content = replace(
        _common(invitation, lead),
        note=_note(conference, note),
        facts=[
            Fact(_("Organizer"), isolate(str(conference.organizer))),
            *_calendar_fact(invitation, _("The attached file removes the conference from your calendar.")),
        ],
        is_off=True,
    )
    return _personal(invitation, delivery, _("Cancelled: %(topic)s — %(when)s (%(zone)s)"), content, now)


def _notice(conference: Conference, delivery: Delivery) -> Letter:
    """Tells the organizer whom letters do not reach."""
    troubles = delivery.troubles.select_related("invitation").order_by("pk")
    count = troubles.count()
    lead = ngettext("One letter has not arrived", "%(count)d letters have not arrived", count) % {"count": count}
    content = Content(
        lead=lead,
        conference=conference,
        foot=_("%(site)s sent this to %(address)s.") % _names(conference, delivery.address),
        question=_("Correct the addresses, or send these people the direct link."),
        buttons=[(_("See the list"), settings.SITE_URL + reverse("invitations:ledger", args=[conference.pk]))],
        facts=[_problem(trouble) for trouble in troubles[:LISTED_PROBLEMS]],
        hint=_("There are more; the list has all of them.") if count > LISTED_PROBLEMS else "",
    )
    subject = _subject(_("Not delivered: %(topic)s — %(when)s (%(zone)s)"), conference)
    return Letter(subject, *_printed(content, subject), from_name=settings.SITE_NAME)


# THEIR PARTS


def _common(invitation: Invitation, lead: str) -> Content:
    """What stands in every letter to a participant."""
    names = _names(invitation.conference, invitation.address)
    foot = _(
        "%(name)s sent this through %(site)s to %(address)s. If you do not want letters about this conference, "
        "write to %(organizer)s."
    )
    return Content(
        lead=lead % names,
        conference=invitation.conference,
        foot=foot % names,
        zone=invitation.time_zone,
    )


def _names(conference: Conference, address: str) -> dict[str, str]:
    """Who and where, for sentences."""
    return {
        "name": isolate(str(conference.organizer)),
        "organizer": isolate(shown_address(conference.organizer.email)),
        "address": isolate(shown_address(address)),
        "site": isolate(settings.SITE_NAME),
    }


def _note(conference: Conference, text: str) -> Fact | None:
    """The organizer's own words in a frame that says whose they are; nothing in it becomes a link."""
    head = _("Message from %(name)s (%(organizer)s), not checked by %(site)s")
    return Fact(head % _names(conference, ""), text, is_typed=True) if text else None


def _answer_buttons(invitation: Invitation) -> list[tuple[str, str]]:
    """They lead to a page with the answer chosen there; opening it answers nothing, because mail scanners do."""
    link = invitation.personal_link
    return [(str(label), f"{link}?answer={answer}") for answer, (_partstat, label) in words.ANSWERS.items()]


def _facts(invitation: Invitation, calendar_words: str, after_link: str = "") -> list[Fact]:
    """What a participant needs to come and to say so."""
    conference = invitation.conference
    answered = invitation.answer != PartStat.NEEDS_ACTION
    facts = [
        Fact(_("Organizer"), isolate(str(conference.organizer))),
        Fact(_("Agenda"), conference.agenda, is_typed=True),
        Fact(_("Join"), invitation.personal_link, url=invitation.personal_link, after=after_link),
        Fact(_("Conference ID"), conference.number),
        Fact(_("Password"), conference.password),
        Fact(_("Your answer"), str(PartStat(invitation.answer).label) if answered else ""),
    ]
    return [fact for fact in facts if fact.text] + _calendar_fact(invitation, calendar_words)


def _calendar_fact(invitation: Invitation, calendar_words: str) -> list[Fact]:
    return [Fact(_("Calendar"), calendar_words)] if _has_calendar(invitation) else []


def _hint(conference: Conference) -> str:
    hint = _(
        "%(name)s sees these answers at once; buttons of your mail program answer by e-mail instead. If Gmail says "
        "that it does not know the sender, choose “I know the sender”: then the conference appears in your calendar."
    )
    return hint % _names(conference, "")


def _problem(trouble: Delivery) -> Fact:
    """One letter that has not arrived, and why: our words, then the server's."""
    address = shown_address(trouble.address)
    name = trouble.invitation.name if trouble.invitation else ""
    why = [str(trouble.get_why_display() or trouble.get_state_display()), trouble.reply]
    who = f"{isolate(name)} ({address})" if name else address
    return Fact(who, "\n".join(filter(None, why)), is_typed=True)


# THE WHOLE


def _personal(invitation: Invitation, delivery: Delivery, pattern: str, content: Content, now: datetime) -> Letter:
    """The letter to one participant, with its calendar object."""
    organizer = invitation.conference.organizer
    subject = _subject(pattern, invitation.conference)
    ics = _calendar(invitation, now, is_off=content.is_off) if _has_calendar(invitation) else None
    text, html = _printed(content, subject)
    return Letter(
        subject,
        text,
        html,
        from_name=_("%(name)s via %(site)s") % {"name": organizer, "site": settings.SITE_NAME},
        reply_to=(str(organizer), organizer.email),
        calendar=ics,
        method=("CANCEL" if content.is_off else "REQUEST") if ics else None,
        in_reply_to=_first_message_id(delivery),
    )


def _subject(pattern: str, conference: Conference) -> str:
    """The subject line with day, time and zone; a long topic is cut, never the time."""
    start = conference.starts_at.astimezone(conference.zone)
    rest = {"when": date_format(start, _("D j M Y H:i")), "zone": conference.time_zone}
    room = SUBJECT_LIMIT - len(pattern % {**rest, "topic": isolate("")})
    return pattern % {**rest, "topic": isolate(cut(conference.topic, room))}


def _printed(content: Content, subject: str) -> tuple[str, str]:
    """Text and HTML."""
    conference = content.conference
    start, end, zone = conference.starts_at, conference.ends_at, conference.time_zone
    context = {
        "letter": content,
        "subject": subject,
        "site_name": settings.SITE_NAME,
        "topic": isolate(conference.topic),
        "day": words.day(start, zone),
        "clock": words.clock(start, end, zone),
        "place": words.place(start, zone),
        "elsewhere": words.elsewhere(conference, content.zone),
    }
    text = render_to_string("mail/letter.txt", context)
    return f"{text.strip()}\n", render_to_string("mail/letter.html", context)


# THE CALENDAR OBJECT


def _has_calendar(invitation: Invitation) -> bool:
    """Not for organizers who invite themselves: where ORGANIZER and reader are one, no program shows buttons."""
    return invitation.address.lower() != invitation.conference.organizer.email.lower()


def calendar_file(invitation: Invitation, now: datetime) -> bytes:
    """The same entry to download, for calendars that know nothing of letters; a cancelled one takes it out again.

    The UID is that of the letters, so that later ones find the entry: this file asks nobody and belongs to the reader.
    """
    conference = invitation.conference
    if conference.cancelled_at:
        return _calendar(invitation, now, is_off=True)
    return calendar.download(words.event(conference, invitation.personal_link, now))


def _calendar(invitation: Invitation, now: datetime, *, is_off: bool) -> bytes:
    """The iTIP object (RFC 5546) for one person.

    Others are named in it where guests may see each other, as long as the letter does not become too large.
    """
    conference = invitation.conference
    event = words.event(conference, invitation.personal_link, now)
    organizer = Person(str(conference.organizer), conference.organizer.email)
    reader = Attendee(invitation.name, invitation.address, invitation.answer)
    if is_off:
        return itip.cancel(event, organizer, reader)
    if conference.guests_see_each_other:
        shared = itip.request(event, organizer, [reader, *_others(invitation)])
        if len(shared) <= LONGEST_CALENDAR:
            return shared
    return itip.request(event, organizer, [reader])


def _others(invitation: Invitation) -> list[Attendee]:
    """The other participants with their answers."""
    rows = invitation.conference.invitations.standing().with_answer().exclude(pk=invitation.pk).order_by("pk")
    return [Attendee(row.name, row.address, row.answer) for row in rows[:LISTED_GUESTS]]


# WHAT WAS SAID BEFORE


def _told_sequence(delivery: Delivery) -> int:
    """The newest state before this delivery's of which the person has, or may have, a letter."""
    told = _earlier(delivery).filter(sequence__lt=delivery.sequence).aggregate(newest=Max("sequence"))
    return told["newest"] or 0


def _first_message_id(delivery: Delivery) -> str | None:
    """The Message-ID of the person's first letter, so that mail programs put all of them together."""
    return _earlier(delivery).order_by("pk").values_list("message_id", flat=True).first()


def _earlier(delivery: Delivery) -> DeliveryQuerySet:
    """The invitations and updates that this person has, or may have."""
    return Delivery.objects.filter(invitation=delivery.invitation_id, pk__lt=delivery.pk).requests().arrived()
