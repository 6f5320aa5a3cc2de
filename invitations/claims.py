"""Rows in the hands of workers: claimed, begun, ended, taken from the dead.

A claim is a lease: `worker` and `leased_until` in the row. A try begins in the transaction that records how the
connection's last try ended; then the message goes out; then comes the next transaction. So after a death only begun
rows are in doubt, one for each connection. Every write names worker and attempt: who has lost a row changes nothing.
"""

import logging
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from conferences.models import Change
from invitations import limits, links, outbox, workers
from invitations.incoming_mail import IncomingMail
from invitations.models import Channel, Delivery, DeliveryQuerySet, Invitation, Reply
from invitations.outbox import Kind, State, Why
from invitations.outgoing import Outcome, Result
from invitations.silence import Silence

logger = logging.getLogger(__name__)

# Copies of one message that may come to be by accident, and tries that our own errors may cost it.
MOST_COPIES = 3
MOST_ERRORS = 3

# A row that perhaps was taken once stays uncertain while it waits, whatever came after.
_WAITING = Case(When(copies__gt=0, then=Value(State.UNCERTAIN)), default=Value(State.QUEUED))
_LET_GO: dict[str, Any] = {"state": _WAITING, "worker": "", "leased_until": None, "started_at": None}
_CLOSED: dict[str, Any] = {"due_at": None, "leased_until": None, "started_at": None, "message": None}


@dataclass
class Claim:
    """A row that `worker` holds for one try; `attempt` is the number of the last one that began."""

    delivery: Delivery
    worker: str
    is_probe: bool = False  # the first to go after trouble with the server as a whole
    attempt: int = field(init=False)

    def __post_init__(self) -> None:
        self.attempt = self.delivery.attempts

    def row(self) -> DeliveryQuerySet:
        """The row, unless somebody has taken it over since; one that was put in doubt meanwhile is still ours."""
        return Delivery.objects.filter(
            pk=self.delivery.pk, worker=self.worker, attempts=self.attempt, state__in=[State.SENDING, State.UNCERTAIN]
        )


@dataclass(frozen=True)
class Broken:
    """A try that an error of our own ended before anybody could have the message."""

    error: str
    why: Delivery.Why = Why.ERROR


# How a try ended: by the server's answer, by our error, or None: nothing left, whoever comes next may send it.
type Ending = Outcome | Broken | None
type Done = tuple[Claim, Ending]


# CLAIMING


def claim(worker: str, now: datetime, limit: int) -> list[Claim]:
    """Up to `limit` due rows in the hands of `worker`, the most urgent first; none if nothing may be sent now.

    Rows that are no longer true are retired on the way, and what is owed instead is queued.
    """
    allowed, is_probe = _allowance(limit, now) if _due(now).exists() else (0, False)
    while allowed:
        with transaction.atomic():
            found = _lock_due(allowed, now)
            rows, unwanted = _apart_from_silent(found)
            wanted, held = limits.apart(_first_for_each([row for row in rows if _is_wanted(row)]), now)
            stale = [row for row in rows if not _is_wanted(row)]
            _lease(wanted, worker, now)
            _hold(held, now)
            _end(unwanted, State.CANCELLED, Why.UNWANTED, now)
            _retire(stale, now)
        if wanted or not (stale or unwanted or held):
            return [Claim(row, worker, is_probe) for row in wanted]
    return []


def _allowance(limit: int, now: datetime) -> tuple[int, bool]:
    """How many may be claimed, and whether as a probe: in trouble one a minute, of all workers together."""
    if outbox.trouble() is None:
        return limit, False
    channel = Channel.objects.filter(since__isnull=False, paused_until__lte=now)
    return (1, True) if limit and channel.update(paused_until=now + _seconds("CHANNEL_PAUSE")) else (0, False)


def _lock_due(limit: int, now: datetime) -> list[Delivery]:
    """Due rows, locked with their invitations, of people to whom nothing is being sent right now.

    Two locks, because two rows of one person may be claimed by two workers at the same moment; the second look is for
    what was committed between the first one and the locks.
    """
    due = _due(now).select_for_update(skip_locked=True, no_key=True)
    found = list(due.values_list("pk", "invitation")[:limit])
    people = Invitation.objects.filter(pk__in=[person for _pk, person in found if person])
    locked = {None, *people.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)}
    rows = _due(now).filter(pk__in=[pk for pk, person in found if person in locked])
    return _with_past(rows).looked_at()


def _due(now: datetime) -> DeliveryQuerySet:
    """What may be tried now, the most urgent first; not while its reader is just getting something else."""
    busy = Exists(Delivery.objects.filter(invitation=OuterRef("invitation"), state=State.SENDING))
    due = Delivery.objects.filter(~busy, state__in=[State.QUEUED, State.UNCERTAIN], due_at__lte=now)
    return due.order_by("priority", "due_at")


def _with_past(rows: DeliveryQuerySet) -> DeliveryQuerySet:
    """With what else decides: who has what already, and what is coming."""
    theirs = Delivery.objects.filter(invitation=OuterRef("invitation"))
    troubles = Delivery.objects.filter(notice=OuterRef("pk"))
    coming = Change.objects.filter(conference=OuterRef("conference"), tell=Change.Tell.ALL, announced_at=None)
    written = theirs.filter(composed_at__isnull=False).order_by("-composed_at").values("composed_at")
    same = {"conference": OuterRef("conference"), "original_date": OuterRef("original_date")}
    off = Change.objects.filter(**same, kind=Change.Kind.CANCELLED).order_by("-sequence")
    past: dict[str, Any] = {
        "first_told": Subquery(theirs.requests().arrived().order_by("sequence").values("sequence")[:1]),
        "cancelled_in": Subquery(off.values("sequence")[:1]),
        "has_troubles": Exists(troubles),
        "has_news": Exists(IncomingMail.objects.filter(notice=OuterRef("pk")))
        | Exists(Reply.objects.filter(notice=OuterRef("pk"))),
        "is_announced_soon": Exists(coming),
        "last_composed_at": Subquery(written[:1]),
    }
    return rows.annotate(**past)


def _apart_from_silent(rows: list[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """Those that may be written, and those to people who want no letters; account mail and notices are no letters."""
    silent = Silence.objects.among(row.address for row in rows if row.invitation_id)
    unwanted = {row.pk for row in rows if row.invitation_id and row.address.lower() in silent}
    return [row for row in rows if row.pk not in unwanted], [row for row in rows if row.pk in unwanted]


def _is_wanted(row: Delivery) -> bool:
    """Whether it may leave: it is true, and there is something to take back, or to report, if that is what it does."""
    if row.kind == Kind.CANCELLATION:
        return row.is_true and row.takes_back
    if row.kind == Kind.LINKS:
        return links.is_known(row.address)
    if row.kind == Kind.NEWS:
        return row.has_news
    return row.has_troubles if row.kind == Kind.NOTICE else row.is_true


def _first_for_each(rows: list[Delivery]) -> list[Delivery]:
    """Of several rows for one person only the oldest: the others follow when it is done (RFC 5546 section 2.1.5)."""
    oldest: dict[int | None, int] = {}
    for row in rows:
        oldest[row.invitation_id] = min(row.pk, oldest.get(row.invitation_id, row.pk))
    return [row for row in rows if row.invitation_id is None or oldest[row.invitation_id] == row.pk]


def _lease(rows: Iterable[Delivery], worker: str, now: datetime) -> None:
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.SENDING, state_at=now, worker=worker, leased_until=now + _seconds("LEASE"), started_at=None
    )


def _hold(rows: Mapping[int, tuple[Delivery, datetime]], now: datetime) -> None:
    """Let rows wait, as long as they are of use; a newer letter takes their place meanwhile if there is one."""
    for row, until in rows.values():
        held = Delivery.objects.filter(pk=row.pk)
        if now < row.give_up_at:
            held.update(due_at=min(until, row.give_up_at), why=Why.OFTEN)
        else:
            held.update(state_at=now, **_undelivered(row, Why.OFTEN))


def _retire(rows: list[Delivery], now: datetime) -> None:
    """End rows that are no longer true, and queue what their people are owed instead."""
    needless = [row for row in rows if row.kind == Kind.REMINDER]
    overtaken = [row for row in rows if row not in needless and _is_overtaken(row)]
    taken_back = [row for row in rows if row not in needless and row not in overtaken]
    _end(needless, State.CANCELLED, Why.NEEDLESS, now)
    _end(overtaken, State.SUPERSEDED, Why.CHANGED, now)
    _end(taken_back, State.CANCELLED, Why.WITHDRAWN, now)
    owed = sorted(filter(_is_owed_anew, overtaken), key=_next_letter)
    for (_conference, kind, priority, day), group in groupby(owed, key=_next_letter):
        people = [row.invitation for row in group if row.invitation]
        outbox.queue(people, kind, now=now, original_date=date.fromisoformat(day) if day else None, priority=priority)


def _is_overtaken(row: Delivery) -> bool:
    """Whether something newer is to be said, by another letter."""
    return row.is_standing and (row.kind in Delivery.REQUESTS or (bool(row.original_date) and row.takes_back))


def _is_owed_anew(row: Delivery) -> bool:
    """Whether another letter takes the place of this one, now.

    Who has a letter gets the next one by the announcement, if one is coming, after the minute that gathers edits.
    """
    return row.is_date_off if row.original_date else not (row.is_told and row.is_announced_soon)


def _next_letter(row: Delivery) -> tuple[int | None, Delivery.Kind, int, str]:
    """Conference, kind, priority and date (or "") of the letter that takes the place of an overtaken one."""
    if row.original_date:
        return row.conference_id, Kind.CANCELLATION, row.priority, row.original_date.isoformat()
    return row.conference_id, Kind.UPDATE if row.is_told else Kind.INVITATION, row.priority, ""


def _end(rows: Iterable[Delivery], state: Delivery.State, why: Delivery.Why, now: datetime) -> None:
    """Nothing more follows; what perhaps was taken stays uncertain."""
    ended = Delivery.objects.filter(pk__in=[row.pk for row in rows])
    ended.filter(copies=0).update(state=state, state_at=now, why=why, **_CLOSED)
    ended.filter(copies__gt=0).update(**_CLOSED)


# TRYING


def hand_over(done: Done | None, following: Claim | None) -> bool:
    """Record how one try ended and begin the following one, in one transaction; whether that may be sent now."""
    return hand_over_all([(done, following)])[0]


def hand_over_all(pairs: Sequence[tuple[Done | None, Claim | None]]) -> list[bool]:
    """The same for several connections: what costs is the commit."""
    with transaction.atomic():
        now = outbox.database_now()
        for done, _following in pairs:
            if done:
                record(*done, now)
        true = _true([following for _done, following in pairs if following])
        begun = [
            following is not None and _begin(following, now, is_true=following.delivery.pk in true)
            for _done, following in pairs
        ]
    for (_done, following), has_begun in zip(pairs, begun, strict=True):
        if following and has_begun:
            following.attempt += 1
    return begun


def _true(held: list[Claim]) -> set[int]:
    """The keys of those whose messages still say what is so."""
    rows = Delivery.objects.filter(pk__in=[claim.delivery.pk for claim in held]).defer("message")
    return {row.pk for row in rows.looked_at() if row.is_true}


def _begin(claim: Claim, now: datetime, *, is_true: bool) -> bool:
    """Fix the message and put the row in doubt; or let it go, if it is no longer ours or no longer true."""
    row = claim.delivery
    ours = claim.row().filter(state=State.SENDING, started_at=None, address=row.address)
    begun = is_true and ours.update(
        attempts=claim.attempt + 1, started_at=now, leased_until=now + _seconds("LEASE"),
        message=row.message, composed_at=row.composed_at,
    )  # fmt: skip
    if not begun:
        release([claim])
    return bool(begun)


def may_leave(claim: Claim) -> bool:
    """The last look before the final dot: still ours for long enough, and still true."""
    ours = claim.row().filter(state=State.SENDING, leased_until__gt=Now() + _seconds("LEASE_MARGIN"))
    return any(row.is_true for row in ours.defer("message").looked_at())


def release(claims: Collection[Claim]) -> None:
    """Put back what was not begun, as if never claimed."""
    _rows_of(claims).filter(started_at=None).update(**_LET_GO)


def record(claim: Claim, ending: Ending, now: datetime) -> bool:
    """Write down how a try ended; False if the row was taken over meanwhile."""
    values = fate(claim.delivery, ending, now)
    recorded = bool(claim.row().update(state_at=now, **values))
    logger.info(
        "delivery %d, try %d: %s%s",
        claim.delivery.pk,
        claim.attempt,
        _in_words(ending),
        "" if recorded else " (too late)",
    )
    if isinstance(ending, Outcome):
        if ending.result is Result.SITE:
            pause(ending.reply, now)
        elif claim.is_probe:
            resume()
    return recorded


def _in_words(ending: Ending) -> str:
    if isinstance(ending, Outcome):
        return f"{ending.result}: {ending.reply}"
    return f"error {ending.error}" if ending else "let go"


def fate(row: Delivery, ending: Ending, now: datetime) -> dict[str, Any]:
    """What a try that ended like this makes of the row: the arrows of its states, in one place."""
    if isinstance(ending, Broken):
        return _after_error(row, ending, now)
    if ending is None or ending.result is Result.SITE:
        return _LET_GO
    answers = {
        Result.SENT: lambda: {**_CLOSED, "state": State.SENT, "why": Why.NONE},
        Result.DEFERRED: lambda: _deferred(row, now),
        Result.FAILED: lambda: _undelivered(row, Why.REFUSED),
        Result.UNCERTAIN: lambda: _in_doubt(Why.NO_ANSWER, now + _seconds("UNCERTAIN_RETRY")),
    }
    return {**answers[ending.result](), "reply": ending.reply}


def _deferred(row: Delivery, now: datetime) -> dict[str, Any]:
    """Another try later, the last one at the moment of giving up."""
    if now >= row.give_up_at:
        return _undelivered(row, Why.TOO_LATE)
    due = min(now + _back_off(row.deferrals), row.give_up_at)
    return {**_LET_GO, "why": Why.LATER, "deferrals": row.deferrals + 1, "due_at": due}


def _after_error(row: Delivery, broken: Broken, now: datetime) -> dict[str, Any]:
    says = {"reply": f"Error {broken.error}", "errors": row.errors + 1}
    # What another reader does not understand will not be written otherwise at the next try.
    if row.errors + 1 >= MOST_ERRORS or broken.why == Why.UNREADABLE:
        return {**says, **_undelivered(row, broken.why)}
    return {**_LET_GO, **says, "why": Why.ERROR, "due_at": now + _back_off(row.errors)}


def _undelivered(row: Delivery, why: Delivery.Why) -> dict[str, Any]:
    """Given up; the organizer is told (again). Whoever perhaps has a copy is never said to have none."""
    return {**_CLOSED, "state": State.UNCERTAIN if row.copies else State.FAILED, "why": why, "notice": None}


def _in_doubt(why: Delivery.Why, due: datetime) -> dict[str, Any]:
    """Perhaps taken; once more at `due`, because lost is worse than twice, but not for ever."""
    next_try = Case(When(copies__lt=MOST_COPIES - 1, then=Value(due)), default=None)
    return {
        "state": State.UNCERTAIN, "copies": F("copies") + 1, "due_at": next_try, "why": why, "notice": None,
        "leased_until": None, "started_at": None,
    }  # fmt: skip


def _back_off(rung: int) -> timedelta:
    """The wait before the next try, up to a fifth more or less: what was refused together need not return together."""
    ladder = settings.OUTBOX["BACKOFF"]
    return timedelta(seconds=ladder[min(rung, len(ladder) - 1)] * random.uniform(0.8, 1.2))  # noqa: S311 - no secret


# WATCHING OVER


def renew(claims: Collection[Claim], now: datetime) -> None:
    """Lengthen the leases of what is really held: a row that was claimed by a lost answer ends by itself.

    Rows that another connection is just writing are left out instead of waited for; they are being renewed there.
    """
    with transaction.atomic():
        free = _rows_of(claims).select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
        Delivery.objects.filter(pk__in=list(free)).update(leased_until=now + _seconds("LEASE"))


def _rows_of(claims: Collection[Claim]) -> DeliveryQuerySet:
    """The rows that are still held, of claims of one worker."""
    worker = next((claim.worker for claim in claims), "")
    pks = [claim.delivery.pk for claim in claims]
    return Delivery.objects.filter(pk__in=pks, worker=worker, state=State.SENDING)


def sweep(worker: str, now: datetime) -> None:
    """Take rows from workers that are dead, or whose leases have ended.

    What was begun is uncertain: tried again at once after a death, later after a silence; the rest is as before.
    """
    sending = Delivery.objects.filter(state=State.SENDING, leased_until__isnull=False)
    others = set(sending.exclude(worker=worker).values_list("worker", flat=True))
    dead = [other for other in others if workers.is_dead(other)]
    if dead:
        _take_from(Q(worker__in=dead), due=now, now=now)
    _take_from(Q(leased_until__lt=now), due=now + _seconds("UNCERTAIN_RETRY"), now=now)


def _take_from(lost: Q, *, due: datetime, now: datetime) -> None:
    rows = Delivery.objects.filter(lost, state=State.SENDING)
    if not rows.exists():
        return
    with transaction.atomic():
        found = list(rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", "started_at"))
        begun = Delivery.objects.filter(pk__in=[pk for pk, started_at in found if started_at])
        waiting = Delivery.objects.filter(pk__in=[pk for pk, started_at in found if not started_at])
        begun.update(state_at=now, **_in_doubt(Why.STOPPED, due))
        waiting.update(**_LET_GO)
    logger.warning("took from workers that are gone: %s", [pk for pk, _started_at in found])


def pause(reply: str, now: datetime) -> None:
    """Stop claiming for a minute, everywhere; an error in the log when the trouble begins."""
    channel = Channel.objects.filter(pk=1)
    if channel.filter(since=None).update(since=now):
        logger.error("no mail can leave: %s", reply)
    channel.update(paused_until=now + _seconds("CHANNEL_PAUSE"), reply=reply)


def resume() -> None:
    """The server as a whole is well again."""
    if Channel.objects.filter(since__isnull=False).update(since=None, paused_until=None, reply=""):
        logger.info("mail leaves again")


def _seconds(name: str) -> timedelta:
    return timedelta(seconds=settings.OUTBOX[name])
