"""Who will be told of a change: what the page before saving borrows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models.functions import Coalesce

from conferences.models import Change, Conference
from invitations.models import TIME_FACTS

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

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)


@register.simple_tag
def people_told(conference: Conference, draft: Change) -> Told:
    """Who would be told of `draft`, a change that is not saved yet."""
    people = conference.invitations.standing()
    count, last = people.count(), conference.changes.latest("sequence")
    added = people.alias(asked_at=Coalesce("submission__at", "created_at")).filter(asked_at__gt=last.at).count()
    return Told(
        count=count,
        names=[person.name or person.shown_address for person in people.order_by("name", "pk")[:NAMED]],
        added=added if added < count else 0,
        asks_anew=draft.kind == Change.Kind.CHANGED and _is_another_time(draft),
    )


def _is_another_time(draft: Change) -> bool:
    """As InvitationQuerySet.with_answer has it: another end of a series is no other time."""
    days = {str(values.get("rule", "")).partition(";COUNT=")[0].partition(";UNTIL=")[0] for values in _states(draft)}
    return len(days) > 1 or bool({*TIME_FACTS} & draft.before.keys())


def _states(draft: Change) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return draft.before, draft.after
