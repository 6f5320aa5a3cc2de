"""The outbox: who is owed which message, as rows that are written together with the reason for them.

A message is owed from the moment at which the transaction that promises it is committed. Workers (claims.py,
delivering.py) do the rest, and nothing else has to be remembered: a crash anywhere only delays. Whoever moves the
rows of an invitation holds a lock on it, or on its conference while it is being invited.
"""

import random
import zlib
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from email.policy import SMTP
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Count, Exists, Min, OuterRef, QuerySet
from django.db.models.functions import Now

from conferences.models import Conference
from conferences.tokens import new_token
from invitations.models import Channel, Delivery, Invitation

Kind, State, Why = Delivery.Kind, Delivery.State, Delivery.Why

# Up to this many letters at once go before larger submissions: one guest does not wait behind ten thousand.
SMALL_SUBMISSION = 50

# The name under which PostgreSQL tells workers of new rows.
BELL = "cabinet_outbox"

# Account mail is fixed when it is queued, in ASCII: no server on the way may have to change a byte.
_FIXED = SMTP.clone(cte_type="7bit")


def database_now() -> datetime:
    """The clock that due times, leases and back-off go by: one for all hosts, whatever their own say."""
    found: datetime | None = Channel.objects.filter(pk=1).values_list(Now(), flat=True).first()
    if found is None:
        Channel.objects.get_or_create(pk=1)
        return database_now()
    return found


def hang_up() -> None:
    """Forget every connection to a database that went away: a pool would try the dead ones, ever more slowly."""
    connection.close()
    if connection.vendor == "postgresql":
        with suppress(KeyError):  # another thread was faster
            connection.close_pool()  # type: ignore[attr-defined]


# WHAT IS OWED


def queue(
    invitations: Collection[Invitation], kind: Delivery.Kind, *, now: datetime, priority: int | None = None
) -> None:
    """Owe `invitations` (saved, of one conference, which is loaded) a letter about its present state.

    Doing it twice is doing it once: a row of the same kind and sequence stays the only one.
    """
    if not invitations:
        return
    people = sorted(invitations, key=lambda invitation: invitation.pk)  # one order for all: no deadlock
    conference = people[0].conference
    if priority is None:
        priority = int(len(people) > SMALL_SUBMISSION)
    due, last = database_now(), give_up_at(conference, now)
    rows = [
        Delivery(
            address=invitation.address, kind=kind, conference=conference, invitation=invitation,
            sequence=conference.sequence, priority=priority, due_at=_shuffled(due), give_up_at=last,
            message_id=_new_message_id(),
        )
        for invitation in people
    ]  # fmt: skip
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    if behind := [person.pk for person in people if person.announced_sequence < conference.sequence]:
        Invitation.objects.filter(pk__in=behind).update(announced_sequence=conference.sequence)
    ring()


def queue_notice(conference: Conference, troubles: Collection[Delivery], *, now: datetime) -> None:
    """Owe the organizer one letter about `troubles`, which count as reported."""
    notice = Delivery.objects.create(
        address=conference.organizer.email, kind=Kind.NOTICE, conference=conference, sequence=conference.sequence,
        give_up_at=_latest(now), message_id=_new_message_id(),
    )  # fmt: skip
    Delivery.objects.filter(pk__in=[trouble.pk for trouble in troubles]).update(notice=notice)
    ring()


def queue_account_mail(message: EmailMessage) -> int:
    """Owe every recipient of `message` exactly these bytes; how many there are.

    Raises ValueError for what no header can carry.
    """
    message_id = _new_message_id()
    message.extra_headers["Message-ID"] = message_id
    fixed = zlib.compress(message.message(policy=_FIXED).as_bytes(policy=_FIXED))
    last = _latest(database_now())
    rows = [
        Delivery(address=_envelope(recipient), kind=Kind.ACCOUNT, give_up_at=last, message_id=message_id, message=fixed)
        for recipient in message.recipients()
    ]
    Delivery.objects.bulk_create(rows)
    ring()
    return len(rows)


def drop(invitations: Collection[Invitation], *, now: datetime) -> list[Invitation]:
    """Let nothing more leave for `invitations`; those of them who have, or may have, or may be getting a letter.

    They are owed a cancellation, which waits for what is under way and is dropped itself if that did not leave.
    """
    theirs = Delivery.objects.filter(invitation__in=invitations)
    theirs.filter(state__in=[State.QUEUED, State.HELD]).update(
        state=State.CANCELLED, state_at=now, why=Why.WITHDRAWN, due_at=None, message=None
    )
    theirs.filter(state=State.UNCERTAIN).update(due_at=None)
    told = set(theirs.requests().arrived().values_list("invitation", flat=True))
    return [invitation for invitation in invitations if invitation.pk in told]


def send_again(invitation: Invitation, *, now: datetime) -> bool:
    """What a person asks for who presses “Send again”; False where a letter is on its way, or none was ever owed.

    A letter that failed is queued again, one that waits for its next try is due at once; after one that arrived,
    or may have, another one follows with the same SEQUENCE and a newer DTSTAMP (RFC 5546 section 3.2.2.1).
    """
    with transaction.atomic():
        person = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
        last = person.deliveries.order_by("pk").last()
        if last is None or last.state not in {State.QUEUED, State.FAILED, State.SENT, State.UNCERTAIN}:
            return False
        if last.state in {State.QUEUED, State.FAILED}:
            _requeue(last, give_up_at(person.conference, now))
        else:
            _repeat(last, give_up_at(person.conference, now))
        ring()
    return True


def _requeue(delivery: Delivery, last_try: datetime) -> None:
    """Begin again at the foot of the ladder; nobody has it, so it may be written anew with a newer DTSTAMP."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=State.QUEUED, state_at=Now(), due_at=Now(), give_up_at=last_try,
        deferrals=0, errors=0, priority=0, why="", notice=None, message=None, composed_at=None,
    )  # fmt: skip


def _repeat(delivery: Delivery, last_try: datetime) -> None:
    """A new row beside one that has left; what is uncertain is not tried once more besides."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=None)
    Delivery.objects.create(
        address=delivery.address, kind=delivery.kind, conference=delivery.conference, invitation=delivery.invitation,
        sequence=delivery.sequence, ordinal=delivery.ordinal + 1, message_id=_new_message_id(),
        give_up_at=last_try,
    )  # fmt: skip


def ring() -> None:
    """Wake the workers as soon as the transaction is committed; with SQLite they look by themselves, every second."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {BELL}")


def give_up_at(conference: Conference, now: datetime) -> datetime:
    """When a letter has become useless: at the start, or at the end if the conference has begun; two days at most."""
    start = conference.starts_at
    return min(start if now < start else conference.ends_at, _latest(now))


def _latest(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.OUTBOX["GIVE_UP"])


def _shuffled(due: datetime) -> datetime:
    """Due as well, but by chance before or after its neighbours: no domain gets all of its letters in a row."""
    return due - timedelta(microseconds=random.randrange(500_000))  # noqa: S311 - an order, not a secret


def _new_message_id() -> str:
    return f"<{new_token()}@{settings.MAIL_DOMAIN}>"


def _envelope(recipient: str) -> str:
    """The bare address of a header value, its domain in ASCII."""
    local, _at, domain = parseaddr(recipient)[1].rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


# WHAT BECAME OF IT


def status(invitations: Iterable[Invitation] | QuerySet[Invitation]) -> dict[int, Delivery]:
    """The newest delivery of each of `invitations` by its id, in the state that is true now; one query.

    A queued row that was taken back already reads so, though no worker has met it yet. Whoever was never owed a
    letter is missing.
    """
    rows = Delivery.objects.filter(invitation__in=invitations).with_news().defer("message").order_by("pk")
    newest = {row.invitation_id: row for row in rows if row.invitation_id}
    for row in newest.values():
        if row.state == State.QUEUED and row.kind in Delivery.REQUESTS and not row.is_standing:
            row.state, row.why = State.CANCELLED, Why.WITHDRAWN
    return newest


def progress(conference: Conference) -> Counter[str]:
    """How many people's newest letter is in which state; one query for any number of people."""
    newer = Delivery.objects.filter(invitation=OuterRef("invitation"), pk__gt=OuterRef("pk"))
    newest = conference.deliveries.exclude(invitation=None).filter(~Exists(newer))
    return Counter(dict(newest.values_list("state").annotate(Count("pk"))))


def trouble() -> Channel | None:
    """What keeps all mail from leaving, and since when; None if nothing does."""
    return Channel.objects.filter(since__isnull=False).first()


def gauges() -> dict[str, float]:
    """Figures for those who watch: counts by state, ages in seconds; -1 where nothing was ever sent."""
    now = database_now()
    counts = dict(Delivery.objects.values_list("state").annotate(Count("pk")))
    queued = Delivery.objects.filter(state=State.QUEUED)
    due = queued.filter(due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    taken = Delivery.objects.filter(state=State.SENDING).aggregate(at=Min("state_at"))["at"]
    sent = Delivery.objects.filter(state=State.SENT).order_by("-state_at").values_list("state_at", flat=True).first()
    shown = (State.QUEUED, State.SENDING, State.UNCERTAIN, State.FAILED, State.HELD)
    return {
        **{state.value: counts.get(state, 0) for state in shown},
        "deferred": queued.filter(deferrals__gt=0).count(),
        "oldest_waiting_seconds": (now - due).total_seconds() if due else 0,
        "oldest_lease_seconds": (now - taken).total_seconds() if taken else 0,
        "last_sent_seconds": (now - sent).total_seconds() if sent else -1,
        "channel_paused": float(trouble() is not None),
    }
