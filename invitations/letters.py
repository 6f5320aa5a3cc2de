"""The words of every letter, in the language of whoever reads it and on their clock.

Text and HTML are two templates over one set of facts, so that they cannot say different things (a short HTML part
beside a long text is what spam looks like). Nothing here sends or saves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from django.conf import settings
from django.db.models import Max, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conferences.models import Change, Conference, Occurrence
from invitations import news, objects, particulars, words
from invitations.message import compose as compose_message
from invitations.models import Delivery, DeliveryQuerySet, Invitation
from invitations.news import Changed, News
from invitations.particulars import Fact, names
from invitations.subjects import subject as subject_of
from invitations.words import When, isolate

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
class Content:
    """What both templates print, in this order; what is empty is left out.

    `when` is None where the conference has no date; `only` is the one occurrence that the letter is about, if it is.
    """

    lead: str
    conference: Conference
    foot: str
    when: When | None
    only: Occurrence | None = None
    zone: str = ""
    note: Fact | None = None
    intro: str = ""
    changes: Sequence[Changed] = ()
    question: str = ""
    buttons: Sequence[tuple[str, str]] = ()
    facts: Sequence[Fact] = ()
    hint: str = ""
    is_off: bool = False

    @property
    def is_series(self) -> bool:
        """Whether it is about a conference that repeats, as a whole."""
        return bool(self.conference.rule) and self.only is None

    @property
    def rule(self) -> str:
        """How the conference repeats, if the letter is about all of it."""
        return words.repeats(self.conference) if self.is_series else ""


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
            return _notice(conference, delivery, now)
    write = {
        Delivery.Kind.INVITATION: _invitation,
        Delivery.Kind.UPDATE: _update,
        Delivery.Kind.CANCELLATION: _cancellation_of_one if delivery.original_date else _cancellation,
    }[Delivery.Kind(delivery.kind)]
    rows = Invitation.objects.with_answer().select_related("conference__organizer", "submission")
    invitation = rows.get(deliveries=delivery)
    with translation.override(words.language_of(invitation.language, invitation.conference.organizer.language)):
        return write(invitation, delivery, now)


# THE LETTERS


def _invitation(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Asks somebody to a conference; who came along from another series reads what is different from that."""
    conference = invitation.conference
    before = conference.follows if invitation.submission is None else None
    first = conference.changes.filter(kind=Change.Kind.CONTINUED).first() if before else None
    content = replace(
        _common(invitation, _("%(name)s invites you"), now),
        note=particulars.note(conference, invitation.submission.message if invitation.submission else ""),
        intro=_continues(before) if before else "",
        changes=news.from_another(conference, first).lines if first else (),
        facts=[
            *particulars.to_come(invitation),
            *particulars.exceptions(conference, now),
            *_calendar_fact(invitation, _("The attached file adds the conference to your calendar.")),
        ],
    )
    return _personal(invitation, delivery, _asking(content, invitation, _("Will you take part?")), now)


def _update(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Says what is different from what this person was told last, and asks again."""
    conference, (sequence, is_sure) = invitation.conference, _told(delivery)
    what = news.since(conference, sequence, zone=invitation.time_zone, told=_dates_told(delivery, conference))
    content = replace(
        _common(invitation, _who_changed(what), now, what.only),
        note=particulars.note(conference, what.message),
        intro=_goes_on(conference) if what.ends_elsewhere else "",
        changes=what.lines,
        facts=[
            *particulars.to_come(invitation, _("(the same as before)")),
            *([] if what.only else particulars.exceptions(conference, now)),
            *_calendar_fact(invitation, _calendar_words(what)),
        ],
    )
    # Who perhaps has no entry yet needs the whole series, not a single date of it.
    object_of = what.only if is_sure else None
    return _personal(invitation, delivery, _asking(content, invitation, _question(what)), now, object_of)


def _cancellation(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Takes a conference off, or one person from its list."""
    conference = invitation.conference
    lead, note = _("%(name)s withdrew your invitation"), ""
    if conference.cancelled_at:
        lead = _("%(name)s cancelled all dates of this conference") if conference.rule else _off()
        note = _message_of(conference, None)
    content = replace(
        _common(invitation, lead, now),
        note=particulars.note(conference, note),
        facts=[
            particulars.organizer(conference),
            *_calendar_fact(invitation, _("The attached file removes the conference from your calendar.")),
        ],
        is_off=True,
    )
    return _personal(invitation, delivery, content, now)


def _cancellation_of_one(invitation: Invitation, delivery: Delivery, now: datetime) -> Letter:
    """Takes one date off, and names the next one."""
    conference = invitation.conference
    off = conference.occurrences.get(original_date=delivery.original_date)  # type: ignore[misc]
    following = conference.occurrences.filter(cancelled_at=None).coming(max(now, off.starts_at)).first()
    content = replace(
        _common(invitation, _("%(name)s cancelled one date of this conference"), now, off),
        note=particulars.note(conference, _message_of(conference, off.original_date)),
        facts=[
            particulars.organizer(conference),
            *([Fact(_("Next date"), When.of(following).whole)] if following else []),
            *_calendar_fact(invitation, _("The attached file removes this date from your calendar.")),
        ],
        is_off=True,
    )
    return _personal(invitation, delivery, content, now, off)


def _notice(conference: Conference, delivery: Delivery, now: datetime) -> Letter:
    """Tells the organizer whom letters do not reach."""
    troubles = delivery.troubles.select_related("invitation").order_by("pk")
    count = troubles.count()
    lead = ngettext("One letter has not arrived", "%(count)d letters have not arrived", count) % {"count": count}
    content = Content(
        lead=lead,
        conference=conference,
        foot=_("%(site)s sent this to %(address)s.") % names(conference, delivery.address),
        when=_when(conference, now),
        question=_("Correct the addresses, or send these people the direct link."),
        buttons=[(_("See the list"), settings.SITE_URL + reverse("invitations:ledger", args=[conference.pk]))],
        facts=[particulars.problem(trouble) for trouble in troubles[:LISTED_PROBLEMS]],
        hint=_("There are more; the list has all of them.") if count > LISTED_PROBLEMS else "",
    )
    subject = subject_of(delivery.kind, conference, content.when, is_series=content.is_series)
    return Letter(subject, *_printed(content, subject), from_name=settings.SITE_NAME)


# THEIR WORDS


def _common(invitation: Invitation, lead: str, now: datetime, only: Occurrence | None = None) -> Content:
    """What stands in every letter to a participant."""
    conference = invitation.conference
    said = names(conference, invitation.address) | {"zone": conference.time_zone}
    foot = _(
        "%(name)s sent this through %(site)s to %(address)s. If you do not want letters about this conference, "
        "write to %(organizer)s."
    )
    return Content(
        lead=lead % said,
        conference=conference,
        foot=foot % said,
        when=When.of(only) if only else _when(conference, now),
        only=only,
        zone=invitation.time_zone,
    )


def _when(conference: Conference, now: datetime) -> When | None:
    """The date that the head of a letter shows."""
    row = words.current(conference, now)
    return When.of(row) if row else None


def _asking(content: Content, invitation: Invitation, question: str) -> Content:
    """With the buttons that answer; a conference without a date asks nobody, and shows the way."""
    link = invitation.personal_link
    if content.conference.permanent:
        return replace(content, buttons=[(_("Open the conference page"), link)])
    # They lead to a page with the answer chosen there; opening it answers nothing, because mail scanners do.
    buttons = [(str(label), f"{link}?answer={answer}") for answer, (_partstat, label) in words.ANSWERS.items()]
    return replace(content, question=question, buttons=buttons, hint=_hint(content.conference))


def _hint(conference: Conference) -> str:
    hint = _(
        "%(name)s sees these answers at once; buttons of your mail program answer by e-mail instead. If Gmail says "
        "that it does not know the sender, choose “I know the sender”: then the conference appears in your calendar."
    )
    return hint % names(conference, "")


def _who_changed(what: News) -> str:
    if what.by_law:
        return _("New rules of the time zone %(zone)s moved the start: the clock time there stays")
    return _("%(name)s moved one date of this conference") if what.only else _("%(name)s changed this conference")


def _question(what: News) -> str:
    if what.only:
        return _("Your answer counts for all dates. Will you take part?")
    return _("Does the new time suit you?") if what.asks_anew else _("Will you take part?")


def _calendar_words(what: News) -> str:
    if what.only:
        return _("The attached file moves this date in your calendar.")
    if what.asks_anew or what.by_law:
        return _("The attached file moves the conference in your calendar.")
    return _("The attached file brings your calendar up to date.")


def _calendar_fact(invitation: Invitation, calendar_words: str) -> list[Fact]:
    return [Fact(_("Calendar"), calendar_words)] if objects.has_object(invitation) else []


def _off() -> str:
    return _("%(name)s cancelled this conference")


def _message_of(conference: Conference, day: date | None) -> str:
    """What the organizer wrote when cancelling it, or the date that the rule has on `day`."""
    change = conference.changes.filter(kind=Change.Kind.CANCELLED, original_date=day).first()
    return change.message if change else ""


def _continues(before: Conference) -> str:
    """Which series this one continues."""
    said = {"topic": isolate(before.topic)}
    if before.over_at is None:
        return _("This continues “%(topic)s”.") % said
    last = words.day(before.over_at, before.time_zone)
    return _("This continues “%(topic)s”, which has its last date on %(day)s.") % {**said, "day": last}


def _goes_on(conference: Conference) -> str:
    """As what a series that ends goes on."""
    after = Conference.objects.filter(follows=conference, cancelled_at=None).first()
    if after is None:
        return ""
    said = {"topic": isolate(after.topic), "day": words.day(after.starts_at, after.time_zone)}
    if after.topic == conference.topic:
        return _("From %(day)s on it goes on as a conference of its own, with its own link.") % said
    return _("From %(day)s on it goes on as “%(topic)s”.") % said


# THE WHOLE


def _personal(
    invitation: Invitation, delivery: Delivery, content: Content, now: datetime, only: Occurrence | None = None
) -> Letter:
    """The letter to one participant, with its calendar object, of the whole or of `only` one occurrence."""
    organizer = invitation.conference.organizer
    subject = subject_of(delivery.kind, invitation.conference, content.when, is_series=content.is_series)
    write = objects.cancel if content.is_off else objects.request
    ics = write(invitation, now, only=only) if objects.has_object(invitation) else None
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


def _printed(content: Content, subject: str) -> tuple[str, str]:
    """Text and HTML."""
    context = {
        "letter": content,
        "subject": subject,
        "site_name": settings.SITE_NAME,
        "topic": isolate(content.conference.topic),
        "when": content.when,
        "elsewhere": content.when.elsewhere(content.zone) if content.when else "",
    }
    text = render_to_string("mail/letter.txt", context)
    return f"{text.strip()}\n", render_to_string("mail/letter.html", context)


# WHAT WAS SAID BEFORE


def _told(delivery: Delivery) -> tuple[int, bool]:
    """The newest state before this delivery's that the person has a letter about, and whether that is sure."""
    earlier = _earlier(delivery).filter(sequence__lt=delivery.sequence)
    sent = Q(state=Delivery.State.SENT)
    told = earlier.aggregate(sent=Max("sequence", filter=sent), newest=Max("sequence"))
    return (told["newest"] or 0, False) if told["sent"] is None else (told["sent"], True)


def _dates_told(delivery: Delivery, conference: Conference) -> set[date]:
    """Dates of the rule whose cancellation the person is told by letters of their own."""
    if not conference.rule:
        return set()
    rows = Delivery.objects.filter(invitation=delivery.invitation_id, original_date__isnull=False)
    rows = rows.exclude(state__in=[Delivery.State.SUPERSEDED, Delivery.State.CANCELLED])
    return {day for day in rows.values_list("original_date", flat=True) if day}


def _first_message_id(delivery: Delivery) -> str | None:
    """The Message-ID of the person's first letter, so that mail programs put all of them together."""
    return _earlier(delivery).order_by("pk").values_list("message_id", flat=True).first()


def _earlier(delivery: Delivery) -> DeliveryQuerySet:
    """The invitations and updates that this person has, or may have."""
    return Delivery.objects.filter(invitation=delivery.invitation_id, pk__lt=delivery.pk).requests().arrived()
