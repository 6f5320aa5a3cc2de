"""What follows from a message that came in; what it says was read by incoming.py.

Answers are applied only where it is certain whose they are (RFC 6047 section 3); all else is put before the organizer
(deciding.py). Nobody is ever written to because a letter came back or a program answered.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from addressbook.addresses import clean_address
from conferences import times
from conferences.models import Conference
from invitations import outbox, words
from invitations.foreign_zones import Moment
from invitations.incoming import Answer, AutoReply, Bounce, Counter, Envelope, Incoming, Refresh, Words
from invitations.incoming_mail import IncomingMail
from invitations.models import ANSWERS_END_AFTER, AheadError, ClosedError, Delivery, Invitation, PartStat, Reply
from invitations.replies import Said

logger = logging.getLogger(__name__)

# Whoever asks for the invitation as it is now gets it once in this time.
REFRESHED_EVERY = timedelta(minutes=10)

DELEGATED = "DELEGATED"

Kind = IncomingMail.Kind


def take(incoming: Incoming, now: datetime) -> None:
    """Do what follows from one message, all of it or nothing."""
    with transaction.atomic():
        mail = _Mail(incoming.envelope, _letters(incoming.envelope), now)
        for content in incoming.contents:
            logger.info("incoming mail: %s", type(content).__name__)
            match content:
                case Bounce():
                    _came_back(content)
                case AutoReply():
                    mail.away(content)
                case Words():
                    mail.words(content)
                case Answer():
                    mail.answer(content)
                case Counter():
                    mail.counter(content)
                case Refresh():
                    mail.refresh(content)


def _letters(envelope: Envelope) -> list[Delivery]:
    """Our letters that it answers, or to whose way back it was sent."""
    ids = [*envelope.replied_to, *(_message_id(token) for token in envelope.bounce_tokens)]
    return list(Delivery.objects.filter(message_id__in=ids, invitation__isnull=False).defer("message"))


def _message_id(token: str) -> str:
    """Of the letter to whose envelope sender, b+TOKEN, something came back."""
    return f"<{token}@{settings.MAIL_DOMAIN}>"


# WHO SAYS WHAT ABOUT WHICH CONFERENCE


@dataclass(frozen=True)
class _Mail:
    """A message of a person, or of their program, and our letters that it refers to."""

    envelope: Envelope
    letters: list[Delivery]
    now: datetime

    def answer(self, said: Answer) -> None:
        """Apply it, if it is certain whose it is; else ask the organizer."""
        about = self.about(said)
        if about is None:
            return
        if about.invitation is None:
            about.note_newcomer(said.partstat)
        elif said.partstat == DELEGATED:
            about.hold(Kind.NEWCOMER, address=_plain(said.delegated_to), name="", partstat=DELEGATED)
        elif not (about.is_certain and about.respond(PartStat(said.partstat))):
            about.hold(Kind.ANSWER, partstat=said.partstat)

    def counter(self, said: Counter) -> None:
        """Put the proposed time before the organizer."""
        if about := self.about(said):
            if about.invitation is None:
                about.note_newcomer()
            else:
                about.hold(Kind.TIME, starts_at=said.starts_at, ends_at=about.end_of(said))

    def refresh(self, said: Refresh) -> None:
        """Send the invitation as it is now, once more; never because a program asks by itself."""
        about = self.about(said)
        if about and about.invitation and about.is_certain and not self.envelope.is_automatic:
            recent = about.invitation.deliveries.filter(created_at__gt=self.now - REFRESHED_EVERY)
            if not recent.exists():
                outbox.send_again(about.invitation, now=self.now)

    def away(self, said: AutoReply) -> None:
        """Note beside the person that they are away; it is no answer."""
        if person := self.writer():
            Invitation.objects.filter(pk=person.pk).update(away_at=self.now, away_note=said.text)

    def words(self, said: Words) -> None:
        """Let the organizer read what somebody wrote."""
        person = self.writer()
        conference = person.conference if person else self.conference()
        if conference is None or not self.envelope.sender:
            return
        with translation.override(words.language_of(conference.organizer.language)):
            text = "\n\n".join(filter(None, [said.text or said.subject, str(said.note)]))
        IncomingMail.objects.create(
            conference=conference, invitation=person, kind=Kind.WORDS, address=_plain(self.envelope.sender),
            name=self.envelope.name, text=text[:2000], received_at=self.now,
            is_certain=bool(person) and self.is_of(person, [self.envelope.sender]),
        )  # fmt: skip

    def conference(self, uid: str = "") -> Conference | None:
        """What it is about: by the address that it went to, or by our letters; with this `uid` if it names one.

        A UID alone leads to a conference, too, but proves nothing.
        """
        known = Q(reply_token__in=self.envelope.reply_tokens) | Q(pk__in=[row.conference_id for row in self.letters])
        rows = Conference.objects.filter(known | Q(uid=uid)).select_related("organizer").order_by("pk")
        return min(
            rows, key=lambda row: (row.uid != uid, row.reply_token not in self.envelope.reply_tokens), default=None
        )

    def about(self, said: Said) -> "_About | None":
        """What `said` is about, and whose it is; None where nothing of ours is left to be answered."""
        conference = self.conference(said.uid)
        try:
            day = _day(conference, said.recurrence_id) if conference else None
        except LookupError:
            return None
        if conference is None or conference.cancelled_at or conference.is_over(self.now - ANSWERS_END_AFTER):
            return None
        person = _invited(conference, said.attendee)
        is_certain = conference.uid == said.uid and self.is_of(person, [said.attendee, said.sent_by])
        return _About(self, conference, said, day, person, is_certain=is_certain)

    def is_of(self, person: Invitation | None, authors: Iterable[str]) -> bool:
        """Whether it certainly comes from `person`.

        Our letter to them was answered, which nobody else has; or it came to the address for answers, and our mail
        server vouches for a sender who is one of `authors`.
        """
        if person is None:
            return False
        if any(letter.invitation_id == person.pk for letter in self.letters):
            return True
        is_author = _plain(self.envelope.sender).lower() in {_plain(author).lower() for author in authors if author}
        return person.conference.reply_token in self.envelope.reply_tokens and is_author and self.envelope.is_vouched

    def writer(self) -> Invitation | None:
        """Who writes: whoever is invited under the sender's address, else to whom the letter went that is answered."""
        conference = self.conference()
        found = _invited(conference, self.envelope.sender) if conference else None
        theirs = [letter.invitation_id for letter in self.letters if letter.invitation_id]
        rows = (
            Invitation.objects.standing().filter(pk__in=theirs, erased_at=None).select_related("conference__organizer")
        )
        return found or rows.first()


@dataclass(frozen=True)
class _About:
    """What a calendar said, of which conference, and of which person if that is invited."""

    mail: _Mail
    conference: Conference
    said: Said
    day: date | None
    invitation: Invitation | None
    is_certain: bool

    def end_of(self, proposed: Counter) -> datetime:
        """When what is proposed ends: as it says, if that makes sense, else it lasts as long as before."""
        if proposed.ends_at and proposed.ends_at > proposed.starts_at:
            return proposed.ends_at
        row = self.conference.occurrences.filter(original_date=self.day).first() if self.day else None
        return proposed.starts_at + (row or self.conference).duration

    def respond(self, partstat: PartStat) -> bool:
        """Take the answer; False where it is one to a state that the conference has not reached."""
        said, now = self.said, self.mail.now
        facts: dict[str, Any] = {"original_date": self.day, "at": said.stamp or now, "sequence": said.sequence}
        try:
            if self.invitation:
                self.invitation.respond(partstat, said.comment, now, source=Reply.Source.MAIL, **facts)
        except ClosedError:
            logger.info("incoming mail: an answer to what takes no answers any more")
        except AheadError:
            return False
        return True

    def note_newcomer(self, partstat: str = "") -> None:
        """Say that somebody wants to come who is not invited but has the invitation; not who does not want to."""
        mail = self.mail
        has_it = bool(mail.letters) or self.conference.reply_token in mail.envelope.reply_tokens
        if has_it and partstat not in (PartStat.DECLINED, DELEGATED):
            address = _plain(self.said.attendee)
            name = "" if self.said.name.lower() == address.lower() else self.said.name
            self.hold(Kind.NEWCOMER, address=address, name=name, partstat=partstat)

    def hold(self, kind: IncomingMail.Kind, **facts: Any) -> None:
        """Put it before the organizer, in the place of what the same person said of the same before."""
        if kind != Kind.ANSWER and self.conference.is_over(self.mail.now):
            return
        said, sender = self.said, self.mail.envelope.sender
        key = {"kind": kind, "address": facts.pop("address", _plain(sender)), "original_date": self.day}
        values = {
            "invitation": self.invitation, "name": self.mail.envelope.name or said.name, "text": said.comment,
            "sequence": self.conference.sequence if said.sequence is None else said.sequence,
            "stamp": said.stamp or self.mail.now, "received_at": self.mail.now, "is_certain": self.is_certain, **facts,
        }  # fmt: skip
        if not self.conference.incoming_mail.filter(**key, decided_at=None).update(**values):
            self.conference.incoming_mail.create(**key, **values)


def _day(conference: Conference, recurrence_id: Moment | None) -> date | None:
    """Which date of a series is meant, None for all. Raises LookupError where it is none of them.

    By the day alone: the time may have been changed since. Where the zone is not known, the clock must be ours.
    """
    if recurrence_id is None or not conference.rule:
        return None
    found = recurrence_id
    if isinstance(found, datetime):
        wall = times.wall_clock(found, conference.time_zone) if found.tzinfo else found
        if found.tzinfo is None and wall.time() != conference.start_time:
            raise LookupError
        found = wall.date()
    if not conference.occurrences.filter(original_date=found).exists():
        raise LookupError
    return found


def _invited(conference: Conference, address: str) -> Invitation | None:
    rows = Invitation.objects.standing().of_address(_plain(address)).filter(conference=conference)
    return rows.select_related("conference__organizer").first() if address else None


def _plain(address: str) -> str:
    """The address as we store addresses; what is none as it is."""
    try:
        return clean_address(address)
    except ValidationError:
        return address


# LETTERS THAT CAME BACK


def _came_back(bounce: Bounce) -> None:
    """Note what became of a letter: by the address that it came back to, else by the letter that is in it.

    Anybody can quote a Message-ID, so there the report must name the recipient that the letter had.
    """
    letter = Delivery.objects.filter(message_id=_message_id(bounce.token)).first() if bounce.token else None
    if letter is None:
        quoted = Delivery.objects.filter(message_id__in=bounce.message_ids).defer("message")
        letter = next((row for row in quoted if _is_to(row, bounce.recipient)), None)
    if letter is None:
        logger.info("incoming mail: a report about no letter of ours")
    elif bounce.action == "failed" or (not bounce.action and not bounce.status.startswith("4")):
        outbox.note_bounce(letter, bounce.text or bounce.status)
    else:
        outbox.note_delay(letter, bounce.text or bounce.status)


def _is_to(letter: Delivery, recipient: str) -> bool:
    return letter.address.lower() == _plain(recipient).lower()
