"""How often one address is written to, whoever does it: beyond that letters wait, and newer ones take their place.

Nobody can fill a stranger's mailbox by changing a conference over and over, or by inviting to a hundred. What takes
back, and what reminds, is never held. Mail that only becomes files fills no mailbox. To be asked inside the transaction
of a claim, which holds the invitations: so nobody else is just sending to the same person about the same conference.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Lower

from invitations.models import Channel, Delivery

UPDATES_AN_HOUR = 6
LETTERS_A_DAY = 100
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# From so many letters before the limit on workers claim one after the other.
NARROW = 20

_Kind = Delivery.Kind
LIMITED = frozenset({_Kind.INVITATION, _Kind.UPDATE, _Kind.QUESTION, _Kind.MESSAGE})

type Held = dict[int, tuple[Delivery, datetime]]
"""By key: rows that have to wait, and until when."""


def apart(rows: list[Delivery], now: datetime) -> tuple[list[Delivery], Held]:
    """Of claimable rows those that may leave, and those that wait.

    Of several for one address only one may leave at a time: the others stay as they are, and come next.
    """
    limited = [row for row in rows if row.kind in LIMITED and not row.copies]
    if settings.MAIL.kind == "file" or not limited:
        return rows, {}
    held = _held(limited, now)
    first: dict[str, int] = {}
    for row in limited:
        if row.pk not in held:
            first.setdefault(row.address.lower(), row.pk)
    free = {*first.values(), *(row.pk for row in rows if row not in limited)}
    return [row for row in rows if row.pk in free], held


def _held(limited: Collection[Delivery], now: datetime) -> Held:
    found = _full_since(limited, now)
    if any(is_near for _updates, _letters, is_near in found.values()):
        list(Channel.objects.select_for_update().filter(pk=1))  # whoever else is as near to the limit waits here
        found = _full_since(limited, now)
    held: Held = {}
    for row in limited:
        updates, letters, _is_near = found[row.pk]
        ends = [updates + HOUR] if updates and row.kind == _Kind.UPDATE else []
        ends += [letters + DAY] if letters else []
        if ends:
            held[row.pk] = row, max(ends)
    return held


type _Full = dict[int, tuple[datetime | None, datetime | None, datetime | None]]


def _full_since(rows: Collection[Delivery], now: datetime) -> _Full:
    """By key: when the oldest left of as many updates as an hour may have, and of as many letters as a day may have;
    None where there are fewer. The third says the same of a day that is nearly full.
    """
    left = Delivery.objects.arrived().order_by("-state_at").values("state_at")
    updates = left.filter(invitation=OuterRef("invitation"), kind=_Kind.UPDATE, state_at__gt=now - HOUR)
    letters = left.alias(folded=Lower("address")).filter(folded=Lower(OuterRef("address")), state_at__gt=now - DAY)
    last, near = LETTERS_A_DAY - 1, LETTERS_A_DAY - 1 - NARROW
    found = Delivery.objects.filter(pk__in=[row.pk for row in rows]).values_list(
        "pk",
        Subquery(updates[UPDATES_AN_HOUR - 1 : UPDATES_AN_HOUR]),
        Subquery(letters[last : last + 1]),
        Subquery(letters[near : near + 1]),
    )
    return {pk: (updates, letters, near) for pk, updates, letters, near in found}
