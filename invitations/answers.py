"""What people answered to single dates of a series, beside their answer to the whole of it.

An answer to the whole takes the place of those to single dates before it: who declines a series and then accepts it
comes to all of it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from conferences.models import Conference
from invitations.entries import moved_in
from invitations.models import Invitation, PartStat, Reply

type ByDate = Mapping[date, Reply]
"""The answers of one person that stand, by the date that the rule has, soonest first."""


def to_dates(people: Collection[Invitation] | Conference) -> Mapping[int, ByDate]:
    """By invitation, the answers to single dates that stand: of some people, or of all of a conference; one query."""
    theirs = {"invitation__conference" if isinstance(people, Conference) else "invitation__in": people}
    found: dict[int, dict[date, Reply]] = defaultdict(dict)
    for reply in Reply.objects.filter(**theirs, original_date__isnull=False).to_dates():
        found[reply.invitation_id][reply.original_date] = reply  # type: ignore[index]
    return {person: dict(sorted(answers.items())) for person, answers in found.items()}


def tallies(conference: Conference, days: Collection[date]) -> dict[date, Counter[str]]:
    """How many people of a series accept, perhaps come, decline and have not answered, by date: three queries.

    Who answered before a date was moved by itself has not answered to where it is now.
    """
    people = conference.invitations.standing().only("answered_sequence", "partstat").with_answer()
    whole = [(person.pk, person.answer, person.answered_sequence) for person in people]
    single, moves = to_dates(conference), moved_in([conference]).get(conference.pk, {})

    def answer(person: int, to_all: str, answered_in: int | None, day: date) -> str:
        return _to_date(day, single.get(person, {}), moves, to_all, answered_in)

    return {day: Counter(answer(*row, day) for row in whole) for day in days}


def of_person(invitation: Invitation, days: Collection[date]) -> dict[date, str]:
    """What one person (with_answer) answers to each of these days."""
    conference = invitation.conference
    single, moves = to_dates([invitation]).get(invitation.pk, {}), moved_in([conference]).get(conference.pk, {})
    return {day: _to_date(day, single, moves, invitation.answer, invitation.answered_sequence) for day in days}


def _to_date(day: date, single: ByDate, moves: Mapping[date, int], to_all: str, answered_in: int | None) -> str:
    """The answer to that day alone, else that to the whole, if it was given to where the day is now."""
    if day in single:
        return single[day].partstat
    return to_all if (answered_in or 0) >= moves.get(day, 0) else PartStat.NEEDS_ACTION
