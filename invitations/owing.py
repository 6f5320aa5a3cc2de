"""Which letters somebody is owed about a conference that has changed since they were told."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.db.models import OuterRef, Subquery

from conferences.models import Change, Conference, Occurrence
from invitations.models import ASKED_AT, Delivery, Invitation, InvitationQuerySet

Kind, State = Delivery.Kind, Delivery.State

type Letters = Mapping[tuple[Delivery.Kind, date | None], list[Invitation]]
"""Kind and, where a letter is about one occurrence, its original date -> who gets it."""


def with_past(people: InvitationQuerySet) -> InvitationQuerySet:
    """With `asked_at`, and what `letters` decides by: which states of the conference their letters were about."""
    requests = Delivery.objects.filter(invitation=OuterRef("pk")).requests()
    sent = requests.filter(state=State.SENT).order_by("-sequence")
    return people.annotate(  # type: ignore[no-redef]
        asked_at=ASKED_AT,
        first_told=Subquery(requests.arrived().order_by("sequence").values("sequence")[:1]),
        last_sent=Subquery(sent.values("sequence")[:1]),
        last_state=Subquery(requests.order_by("-pk").values("state")[:1]),
    )


def letters(conference: Conference, people: Sequence[Invitation]) -> Letters:
    """Who of `people` (with_past) gets which letters, in the order in which they are to go.

    An occurrence that was cancelled since is a cancellation of its own: no calendar takes one out for an update without
    asking again. Everything else is one update. Both may be due; then the update goes first, and says nothing of it.
    Who was never asked, because they came along from another series in silence, is asked.
    """
    if conference.cancelled_at:
        return {(Kind.CANCELLATION, None): list(people)}
    oldest = min((_told(person) for person in people), default=0)
    changes = list(conference.changes.filter(sequence__gt=oldest).order_by("sequence"))
    off = _dates_off(conference, changes)
    done = _dates_told(people, off)
    found: dict[tuple[Delivery.Kind, date | None], list[Invitation]] = defaultdict(list)
    for person in people:
        if person.last_state is None:
            found[Kind.INVITATION, None].append(person)
            continue
        news = [change for change in changes if change.sequence > _told(person)]
        dates = [change.original_date if change.original_date in off else None for change in news if _is_of_one(change)]
        # What was on its way when it was overtaken is owed again, even where nothing else would be.
        if person.last_state != State.SENT or None in dates or not all(map(_is_of_one, news)):
            found[Kind.UPDATE, None].append(person)
        for day in dict.fromkeys(dates):
            if day and (person.pk, day) not in done:
                found[Kind.CANCELLATION, day].append(person)
    return found


def _told(person: Invitation) -> int:
    """The state that they certainly know; or the oldest that they may know."""
    return person.last_sent if person.last_sent is not None else person.first_told or 0


def _is_of_one(change: Change) -> bool:
    """Whether it cancelled one occurrence."""
    return change.kind == Change.Kind.CANCELLED and change.original_date is not None


def _dates_off(conference: Conference, changes: Collection[Change]) -> set[date]:
    """Of the occurrences that `changes` cancelled, those that still are."""
    days = [change.original_date for change in changes if change.original_date and _is_of_one(change)]
    if not days:
        return set()
    rows = Occurrence.objects.filter(conference=conference, original_date__in=days, cancelled_at__isnull=False)
    return set(rows.values_list("original_date", flat=True))


def _dates_told(people: Collection[Invitation], days: Collection[date]) -> set[tuple[int, date]]:
    """Who has, or may have, a letter that takes off which of these `days`."""
    if not days:
        return set()
    rows = Delivery.objects.filter(invitation__in=people, original_date__in=days, kind=Kind.CANCELLATION).arrived()
    return set(rows.values_list("invitation", "original_date"))  # type: ignore[arg-type]
