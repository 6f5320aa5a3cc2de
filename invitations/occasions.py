"""Why somebody gets a letter: what it is about, and what its reader was told before."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.db.models import prefetch_related_objects

from invitations import answers
from invitations.models import Delivery, Invitation

State = Delivery.State


@dataclass(frozen=True)
class Past:
    """What somebody has, or may have, from us already.

    `sequence` is the newest state that they have a letter about, which `is_sure` if the mail server took it. `dates`
    are those of the rule whose cancellation they are told by letters of their own.
    """

    sequence: int = 0
    is_sure: bool = False
    dates: frozenset[date] = frozenset()
    first_message_id: str | None = None


@dataclass(frozen=True)
class Occasion:
    """All that a letter is written from, beside the conference as it is now.

    The invitation comes with its conference, organizer and `answer`; it need not be saved. `original_date` is that of
    the one occurrence that the letter is about, if it is; `message` is what the organizer says with it. Who
    `came_along` was invited to the series before, and not asked to this one by hand.
    """

    kind: Delivery.Kind
    invitation: Invitation
    original_date: date | None = None
    message: str = ""
    past: Past = Past()
    came_along: bool = False

    def for_all(self) -> Hashable:
        """What others have in common with this, if they get the same letter: all but the invitation and its past."""
        common = tuple([getattr(self, name) for name in _COMMON])
        return common, self.past.sequence, self.past.is_sure, self.past.dates


_COMMON = [field.name for field in fields(Occasion) if field.name not in {"invitation", "past"}]


def of(deliveries: Collection[Delivery]) -> dict[int, Occasion]:
    """By the key of the delivery: why each letter to somebody invited is written. As many queries as for one."""
    people = Invitation.objects.with_answer().prefetch_related("conference__organizer", "submission")
    invited = people.in_bulk([delivery.invitation_id for delivery in deliveries if delivery.invitation_id])
    letters = _letters(invited)
    _answer_to_dates(deliveries, invited)
    prefetch_related_objects(list(deliveries), "says")
    found = [(delivery, invited.get(delivery.invitation_id or 0)) for delivery in deliveries]
    return {row.pk: _occasion(row, person, letters.get(person.pk, [])) for row, person in found if person}


def _answer_to_dates(deliveries: Collection[Delivery], invited: Mapping[int, Invitation]) -> None:
    """Who is reminded of one date of a series reads what they answer to that date."""
    reminders = [row for row in deliveries if row.kind == Delivery.Kind.REMINDER]
    days = {row.invitation_id or 0: row.original_date for row in reminders if row.original_date}
    people = [person for pk, person in invited.items() if pk in days]
    for pk, answer in answers.of_people(people, days).items() if people else ():
        invited[pk].answer = answer


class _Letter(NamedTuple):
    """A row of somebody's letters."""

    invitation: int
    pk: int
    kind: str
    state: str
    sequence: int
    original_date: date | None
    message_id: str


def _letters(people: Collection[int]) -> dict[int, list[_Letter]]:
    """By invitation: all letters that were ever owed, oldest first."""
    rows = Delivery.objects.filter(invitation__in=people).order_by("invitation", "pk").values_list(*_Letter._fields)
    return {
        person: list(group) for person, group in groupby((_Letter(*row) for row in rows), lambda row: row.invitation)
    }


def _occasion(delivery: Delivery, invitation: Invitation, letters: Iterable[_Letter]) -> Occasion:
    return Occasion(
        Delivery.Kind(delivery.kind),
        invitation,
        delivery.original_date,
        message=_words_with(delivery, invitation),
        past=_past(delivery, list(letters)),
        came_along=invitation.submission is None,
    )


def _words_with(delivery: Delivery, invitation: Invitation) -> str:
    """What the organizer says with this letter."""
    if delivery.says:
        return delivery.says.text
    asked = invitation.submission if delivery.kind == Delivery.Kind.INVITATION else None
    return asked.message if asked else ""


def _past(delivery: Delivery, letters: list[_Letter]) -> Past:
    """What came before `delivery`, of which the person has, or may have, the invitations and updates."""
    arrived = {State.SENT, State.UNCERTAIN, State.SENDING}
    earlier = [
        row for row in letters if row.pk < delivery.pk and row.kind in Delivery.REQUESTS and row.state in arrived
    ]
    older = [row for row in earlier if row.sequence < delivery.sequence]
    sure = [row.sequence for row in older if row.state == State.SENT]
    never = {State.SUPERSEDED, State.CANCELLED}
    return Past(
        sequence=max(sure or [row.sequence for row in older], default=0),
        is_sure=bool(sure),
        dates=frozenset(
            row.original_date
            for row in letters
            if row.original_date and row.kind == Delivery.Kind.CANCELLATION and row.state not in never
        ),
        first_message_id=earlier[0].message_id if earlier else None,
    )
