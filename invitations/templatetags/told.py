"""Who will be told of a change: what the page before saving borrows."""

from dataclasses import dataclass

from django import template

from conferences import recurrence
from conferences.models import Change, Conference
from invitations import asides, by_hand
from invitations.models import ASKED_AT, TIME_FACTS

register = template.Library()

# So many are named; of the others there is a number.
NAMED = 20


@dataclass(frozen=True)
class Told:
    """Invited people in numbers, the first by name; `added`: how many are new since the last change, if not all are."""

    count: int
    names: list[str]
    added: int
    asks_anew: bool
    asks_anew_that_day: bool
    by_hand: int  # of all these, who gets no letter because somebody else tells them
    letters: int  # who gets one

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)


@register.filter
def told_by_letter(conference: Conference) -> int:
    """How many get a letter: neither whom somebody tells by hand nor who asked not to be written to."""
    return asides.audience(conference)[asides.To.ALL]


@register.simple_tag
def people_told(conference: Conference, draft: Change) -> Told:
    """Who would be told of `draft`, a change that is not saved yet."""
    people = conference.invitations.standing()
    count, last = people.count(), conference.changes.latest("sequence")
    added = people.alias(asked_at=ASKED_AT).filter(asked_at__gt=last.at).count()
    return Told(
        count=count,
        names=[person.name or person.shown_address for person in people.order_by("name", "pk")[:NAMED]],
        added=added if added < count else 0,
        by_hand=by_hand.people(conference).count(),
        letters=told_by_letter(conference),
        asks_anew=draft.kind == Change.Kind.CHANGED and _is_another_time(draft),
        asks_anew_that_day=draft.kind == Change.Kind.MOVED,
    )


def _is_another_time(draft: Change) -> bool:
    """As InvitationQuerySet.with_answer has it: another end of a series is no other time."""
    rules = (str(values.get("rule", "")) for values in (draft.before, draft.after))
    return bool({*TIME_FACTS} & draft.before.keys()) or recurrence.differ_but_in_end(*rules)
