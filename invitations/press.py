"""Letters for many at once: the first of a kind is written, from the third on what is their reader's own is filled in.

Who gets the same letter is told by all that it is written from, but the reader's own. The second one is written and
filled in, and only if both are the same bytes the stencil is used for others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import Count, Max
from django.utils import translation
from django.utils.translation import get_language_info

from addressbook.addresses import shown_address
from conferences.models import Conference
from invitations import letters, occasions, senders, stencils, words
from invitations.itip import LINE_ROOM
from invitations.models import Delivery, Invitation
from invitations.occasions import Occasion
from invitations.stencils import Entry, Reader, Stencil, Text, UnlikeError
from invitations.wordings import Wording

logger = logging.getLogger(__name__)

MOST_STENCILS = 64
FRESH = 10  # seconds; for what a letter says of the present moment

# What is filled in, and what no letter says.
_OWN = {"id", "name", "address", "token"}
_UNSAID = {
    "sought", "contact_id", "submission_id", "partstat", "answered_at", "comment", "announced_sequence", "away_at",
    "away_note", "created_at",
}  # fmt: skip
_SHARED = [field.attname for field in Invitation._meta.concrete_fields if field.attname not in _OWN | _UNSAID]


@dataclass
class _Kept:
    """What is known of a letter: since when, and its stencil; `is_usable` is None until it was tried."""

    since: float
    stencil: Stencil | None = None
    is_usable: bool | None = None


@dataclass(frozen=True)
class _State:
    """What all letters about a conference have in common: what they say of it, and who gets other ones."""

    key: Hashable
    asking: str
    all_are_named: bool

    @classmethod
    def of(cls, conference: Conference, wordings: Hashable) -> _State:
        organizer = conference.organizer
        whose = str(organizer), organizer.email, organizer.language, organizer.time_zone
        asking = senders.answers_to(conference).address
        state = conference.pk, conference.sequence, conference.changed_at, conference.language
        return cls((state, whose, asking, wordings), asking.lower(), conference.guests_see_each_other)

    def is_for_many(self, delivery: Delivery, occasion: Occasion) -> bool:
        """Whether others may get the same: not where all are named, nor what organizers get who invite themselves."""
        address = occasion.invitation.address
        return not self.all_are_named and address == delivery.address and address.lower() != self.asking


class Press:
    """Writes the letters of one worker."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}
        self._occasions: dict[int, Occasion] = {}
        self._states: dict[int, _State] = {}

    def load(self, deliveries: Collection[Delivery]) -> None:
        """Read what the letters of these are written from: a few queries for all of them.

        If that fails, each of them is read alone when it is written, and fails alone.
        """
        self._occasions, self._states = {}, {}
        try:
            self._load(deliveries)
        except (OperationalError, InterfaceError):
            raise  # not the letters' fault
        except Exception:
            logger.exception("letters could not be read together")

    def _load(self, deliveries: Collection[Delivery]) -> None:
        self._occasions = occasions.of(deliveries)
        wordings = tuple(Wording.objects.aggregate(Max("at"), Count("pk")).values()) if self._occasions else ()
        conferences = {occasion.invitation.conference for occasion in self._occasions.values()}
        self._states = {conference.pk: _State.of(conference, wordings) for conference in conferences}

    def message(self, delivery: Delivery, now: datetime) -> bytes:
        """The message of one of them; `now` is its Date and DTSTAMP."""
        occasion = self._occasions.get(delivery.pk)
        state = self._states[occasion.invitation.conference_id] if occasion else None
        if occasion is None or state is None or not state.is_for_many(delivery, occasion):
            return letters.message(delivery, now, occasion)
        kept = self._find((state.key, _kind(delivery, occasion)))
        if kept and kept.is_usable is None:
            return self._tried(kept, delivery, occasion, now)
        if kept and kept.stencil and kept.is_usable:
            try:
                return kept.stencil.filled(_reader(delivery, occasion, now))
            except UnlikeError:
                pass
        return letters.message(delivery, now, occasion)

    def _find(self, key: Hashable) -> _Kept | None:
        """What is kept under `key`; at the first call nothing, from then on something."""
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept and now - kept.since < FRESH:
            return kept
        self._kept = {key: each for key, each in self._kept.items() if now - each.since < FRESH}
        if len(self._kept) < MOST_STENCILS:
            self._kept[key] = _Kept(now)
        return None

    def _tried(self, kept: _Kept, delivery: Delivery, occasion: Occasion, now: datetime) -> bytes:
        """The second letter of its kind, written; and whether the stencil would have made the same of it."""
        written = letters.message(delivery, now, occasion)
        kept.is_usable = False
        try:
            kept.stencil = stencil(occasion, now)
            kept.is_usable = kept.stencil.filled(_reader(delivery, occasion, now)) == written
        except UnlikeError:
            kept.is_usable = None  # somebody else may be more like the others
            return written
        except Exception:
            logger.exception("no stencil for delivery %s", delivery.pk)
        if not kept.is_usable:
            logger.warning("letters like delivery %s have to be written one by one", delivery.pk)
        return written


def stencil(occasion: Occasion, now: datetime) -> Stencil:
    """The letter of `occasion` with marks in the place of its reader."""
    person = occasion.invitation
    marks = stencils.marks(now, has_name=bool(person.name))
    shared: dict[str, Any] = {name: getattr(person, name) for name in _SHARED}
    nobody = Invitation(**shared, name=marks.name, address=marks.address, token=marks.token)
    nobody.conference, nobody.answer, nobody.moved_sequence = person.conference, person.answer, person.moved_sequence
    letter = letters.write(replace(occasion, invitation=nobody), now)
    entry = None
    if letter.calendar and letter.method:
        room = LINE_ROOM if letter.calendar.count(b"BEGIN:VEVENT") > 1 else None
        entry = Entry.of(letter.calendar, letter.method, marks, longest_line=room)
    texts = Text.of("plain", letter.text, marks), Text.of("html", letter.html, marks)
    return Stencil(marks, letter.sender_fields, texts, entry)


def _kind(delivery: Delivery, occasion: Occasion) -> Hashable:
    """What the letter is written from beside that, but its reader's own."""
    person = occasion.invitation
    shared = tuple([getattr(person, name) for name in _SHARED])
    return occasion.for_all(), delivery.sequence, shared, person.answer, person.moved_sequence, bool(person.name)


def _reader(delivery: Delivery, occasion: Occasion, now: datetime) -> Reader:
    """Who gets the letter."""
    person, shown = occasion.invitation, shown_address(occasion.invitation.address)
    language = letters.language_of(person, person.conference)
    if not shown.isascii() or get_language_info(language)["bidi"]:
        with translation.override(language):
            shown = words.isolate(shown)
    return Reader(
        person.name, person.address, shown, person.token, delivery.message_id, now,
        occasion.past.first_message_id,
    )  # fmt: skip
