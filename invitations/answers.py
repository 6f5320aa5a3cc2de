"""What people answered to single dates of a series, beside their answer to the whole of it.

An answer to the whole takes the place of those to single dates before it: who declines a series and then accepts it
comes to all of it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conferences.models import Conference
from invitations.entries import moved_in
from invitations.models import Invitation, PartStat, Reply

type ByDate = Mapping[date, Reply]
"""The answers of one person that stand, by the date that the rule has, soonest first."""

_TO_DATES: dict[str, str | Promise] = {
    PartStat.ACCEPTED: gettext_lazy("Accepts %(day)s"),
    PartStat.TENTATIVE: gettext_lazy("Tentative on %(day)s"),
    PartStat.DECLINED: gettext_lazy("Declines %(day)s"),
}
_IN_ORDER = (PartStat.DECLINED, PartStat.TENTATIVE, PartStat.ACCEPTED)


def in_words(partstat: str, day: date | None = None) -> str:
    """An answer to the whole, or to one date of it."""
    if day is None:
        return str(PartStat(partstat).label)
    return str(_TO_DATES[partstat]) % {"day": date_format(day, _("l j F Y"))}


def to_dates(people: Collection[Invitation] | Conference) -> Mapping[int, ByDate]:
    """By invitation, the answers to single dates that stand: of some people, or of all of a conference; one query."""
    theirs = {"invitation__conference" if isinstance(people, Conference) else "invitation__in": people}
    found: dict[int, dict[date, Reply]] = defaultdict(dict)
    for reply in Reply.objects.filter(**theirs, original_date__isnull=False).to_dates():
        found[reply.invitation_id][reply.original_date] = reply  # type: ignore[index]
    return {person: dict(sorted(answers.items())) for person, answers in found.items()}


def to_all(conference: Conference) -> Mapping[int, tuple[str, int | None]]:
    """By invitation, the answer to the whole and the state that it was given to."""
    people = conference.invitations.standing().only("answered_sequence", "partstat").with_answer()
    return {person.pk: (person.answer, person.answered_sequence) for person in people}


def tallies(conference: Conference, days: Collection[date]) -> dict[date, Counter[str]]:
    """How many people of a series accept, perhaps come, decline and have not answered, by date: three queries.

    Who answered before a date was moved by itself has not answered to where it is now.
    """
    people = to_all(conference)
    single, moves = to_dates(conference), moved_in([conference]).get(conference.pk, {})
    found: dict[date, Counter[str]] = {day: Counter() for day in days}
    for day, counts in found.items():
        for alike, count in Counter(people.values()).items():
            counts[_to_date(day, {}, moves, *alike)] += count
    for person in single.keys() & people.keys():
        for day in single[person].keys() & found.keys():
            found[day][_to_date(day, {}, moves, *people[person])] -= 1
            found[day][single[person][day].partstat] += 1
    return {day: +counts for day, counts in found.items()}


def of_people(people: Collection[Invitation], days: Mapping[int, date]) -> dict[int, str]:
    """By invitation, what each of `people` (with_answer) answers to the day that `days` has for them: two queries."""
    single, moves = to_dates(people), moved_in({person.conference for person in people})
    return {
        person.pk: _to_date(
            days[person.pk],
            single.get(person.pk, {}),
            moves.get(person.conference_id, {}),
            person.answer,
            person.answered_sequence,
        )
        for person in people
    }


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


def by_person(replies: QuerySet[Reply]) -> list[list[Reply]]:
    """Of each person the last answer to the whole and to each date; what is doubtful first, then who does not come."""
    found: dict[int, dict[date | None, Reply]] = defaultdict(dict)
    for reply in replies.order_by("at", "pk"):
        found[reply.invitation_id][reply.original_date] = reply
    people = [list(theirs.values()) for theirs in found.values()]
    return sorted(people, key=lambda theirs: min(map(_place, theirs)))


def _place(reply: Reply) -> tuple[bool, int]:
    return not reply.looks_automatic, _IN_ORDER.index(reply.partstat)
