"""Letters: from a row of the outbox, or from a person who is not invited yet, to subject, text, HTML and calendar.

What they say is in contents.py and notices.py, who they come from in senders.py, what their reader knows already in
occasions.py. Text and HTML are two templates over one set of facts, so that they cannot say different things (a short
HTML part beside a long text is what spam looks like). Nothing here sends or saves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from conferences.models import Conference
from invitations import contents, notices, objects, occasions, senders, words
from invitations.contents import Content
from invitations.message import compose as compose_message
from invitations.message import sender_fields
from invitations.models import Delivery, Invitation, PartStat
from invitations.occasions import Occasion, Past
from invitations.own_words import put_in
from invitations.subjects import subject as subject_of
from invitations.words import isolate

# What an invited person may get, and who writes what it says.
WRITERS: dict[str, Callable[[Occasion, datetime], Content]] = {
    Delivery.Kind.INVITATION: contents.invitation,
    Delivery.Kind.UPDATE: contents.update,
    Delivery.Kind.CANCELLATION: contents.cancellation,
    Delivery.Kind.QUESTION: contents.question,
    Delivery.Kind.REMINDER: contents.reminder,
    Delivery.Kind.MESSAGE: contents.message,
}
# The same for the organizer.
REPORTERS: dict[str, Callable[[Conference, Delivery, datetime], Content]] = {
    Delivery.Kind.NOTICE: notices.notice,
    Delivery.Kind.NEWS: notices.news,
    Delivery.Kind.REMINDER: notices.reminder,
}

# Where a letter that nobody gets shows the token of its reader: a page that does not exist.
NO_TOKEN = "x" * 26


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

    @property
    def sender_fields(self) -> dict[str, str]:
        """The fields of the message that are the same for all who get this."""
        return sender_fields((self.from_name, settings.MAIL_FROM), self.reply_to, self.subject)


def message(delivery: Delivery, now: datetime, occasion: Occasion | None = None) -> bytes:
    """The whole message of a delivery, whose `message_id` is fixed already; `now` is its Date and DTSTAMP.

    `occasion` is why it is written, where that was read before.
    """
    letter = write(occasion, now) if occasion else compose(delivery, now)
    person = occasion.invitation if occasion else delivery.invitation
    return whole(letter, (person.name if person else "", delivery.address), delivery.message_id, now)


def whole(letter: Letter, recipient: tuple[str, str], message_id: str, now: datetime) -> bytes:
    """`letter` as a message to `recipient`, name and address."""
    return compose_message(
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        calendar=letter.calendar,
        method=letter.method,
        sender=(letter.from_name, settings.MAIL_FROM),
        recipient=recipient,
        reply_to=letter.reply_to,
        message_id=message_id,
        date=now,
        in_reply_to=letter.in_reply_to,
    )


def compose(delivery: Delivery, now: datetime) -> Letter:
    """The letter of a delivery, about the conference as it is now."""
    if delivery.invitation_id is None:
        return _to_organizer(delivery, now)
    return write(occasions.of([delivery])[delivery.pk], now)


def preview(
    conference: Conference,
    person: Invitation,
    *,
    kind: Delivery.Kind,
    message: str = "",
    original_date: date | None = None,
    own_words: Mapping[str, str] | None = None,
    now: datetime,
) -> Letter:
    """What `person`, who need be neither invited nor saved, would get, with a link that leads nowhere.

    An update is one about the last change, a reminder is of `original_date`. `own_words` are tried in the place of
    those of the site that count.
    """
    shown = Invitation(
        conference=conference, name=person.name, address=person.address, role=person.role, token=NO_TOKEN,
        language=person.language, time_zone=person.time_zone,
    )  # fmt: skip
    shown.answer = PartStat.NEEDS_ACTION
    past = Past(sequence=max(conference.sequence - 1, 0))
    return write(Occasion(kind, shown, original_date, message=message, past=past), now, own_words)


def write(occasion: Occasion, now: datetime, own_words: Mapping[str, str] | None = None) -> Letter:
    """The letter of an occasion in its reader's language, with the calendar object of the whole or of one date."""
    invitation = occasion.invitation
    conference = invitation.conference
    with translation.override(language_of(invitation, conference)):
        content = put_in(WRITERS[occasion.kind](occasion, now), occasion.kind, own_words)
        calendar = _calendar(content, invitation, now)
        answers_to = senders.answers_to(conference)
        subject, text, html = _printed(content, occasion.kind, now)
        return Letter(
            subject,
            text,
            html,
            from_name=senders.from_name(conference),
            reply_to=(answers_to.name, answers_to.address),
            calendar=calendar,
            method=content.method if calendar else None,
            in_reply_to=occasion.past.first_message_id,
        )


def language_of(person: Invitation, conference: Conference) -> str:
    """In which language letters about `conference` go to `person`."""
    return words.language_of(person.language, conference.language, conference.organizer.language)


def _to_organizer(delivery: Delivery, now: datetime) -> Letter:
    """In the organizer's language, from the site itself."""
    conference = Conference.objects.select_related("organizer").get(deliveries=delivery)
    with translation.override(words.language_of(conference.organizer.language)):
        content = REPORTERS[delivery.kind](conference, delivery, now)
        return Letter(*_printed(content, delivery.kind, now), from_name=settings.SITE_NAME)


def _calendar(content: Content, invitation: Invitation, now: datetime) -> bytes | None:
    if content.method is None or not objects.has_object(invitation):
        return None
    write = objects.cancel if content.method == "CANCEL" else objects.request
    return write(invitation, now, only=content.entry)


def _printed(content: Content, kind: str, now: datetime) -> tuple[str, str, str]:
    """Subject, text and HTML."""
    subject = subject_of(
        content.subject_of or kind, content.conference, content.when, is_series=content.is_series, now=now
    )
    context = {
        "letter": content,
        "subject": subject,
        "site_name": settings.SITE_NAME,
        "topic": isolate(content.conference.topic),
        "when": content.when,
        "elsewhere": content.when.elsewhere(content.zone) if content.when else "",
    }
    text = render_to_string("mail/letter.txt", context)
    return subject, f"{text.strip()}\n", render_to_string("mail/letter.html", context)
