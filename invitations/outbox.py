"""The outbox: who is owed which message, as rows that are written together with the reason for them.

A message is owed from the moment at which the transaction that promises it is committed. Workers (claims.py,
delivering.py) do the rest, and nothing else has to be remembered: a crash anywhere only delays. Whoever moves the
rows of an invitation holds a lock on it, or on its conference while it is being invited.
"""

import random
import zlib
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from conferences.models import Conference, Occurrence
from conferences.tokens import new_token
from invitations import senders
from invitations.incoming_mail import IncomingMail
from invitations.models import Channel, Delivery, Invitation, Reply, Way
from invitations.silence import Silence

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
    invitations: Collection[Invitation],
    kind: Delivery.Kind,
    *,
    now: datetime,
    original_date: date | None = None,
    priority: int | None = None,
    **about: Any,
) -> None:
    """Owe `invitations` (saved, of one conference, which is loaded) a letter about its present state.

    With `original_date` the letter is about that one occurrence, and says nothing of the rest; `about` are further
    fields of the rows. Doing it twice is doing it once: a row of the same kind, sequence and date stays the only one.
    Whose silence is wanted gets a row that is over already, by which the organizer sees what they were not told. Who is
    told by hand gets nothing.
    """
    people = sorted(_written_to(invitations), key=lambda invitation: invitation.pk)  # one order for all: no deadlock
    if not people:
        return
    conference = people[0].conference
    senders.settle_address(conference)
    if priority is None:
        priority = int(len(people) > SMALL_SUBMISSION)
    # Never after `now`: a claim that queues what is owed instead of an overtaken letter finds it in its next look.
    due = min(now, database_now())
    last_try = _latest(now) if kind == Kind.MESSAGE else give_up_at(conference, now, original_date)
    rows = [
        Delivery(
            address=person.address, kind=kind, conference=conference, invitation=person, sequence=conference.sequence,
            original_date=original_date, priority=priority, due_at=_shuffled(due), give_up_at=last_try,
            message_id=_new_message_id(), **about,
        )
        for person in people
    ]  # fmt: skip
    silent = Silence.objects.among(row.address for row in rows)
    for row in rows:
        if row.address.lower() in silent:
            row.state, row.why, row.due_at = State.CANCELLED, Why.UNWANTED, None
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    if original_date is None and kind not in Delivery.BESIDE:
        note_announced(people)
    ring()


def _written_to(invitations: Iterable[Invitation]) -> Iterable[Invitation]:
    return (invitation for invitation in invitations if invitation.way == Way.LETTER)


def note_announced(people: Collection[Invitation]) -> None:
    """Of the present state of their conference nothing more is owed to `people` than is queued."""
    if behind := [person.pk for person in people if person.announced_sequence < person.conference.sequence]:
        sequence = next(iter(people)).conference.sequence
        Invitation.objects.filter(pk__in=behind).update(announced_sequence=sequence)


def queue_own_reminder(occurrence: Occurrence, minutes: int) -> None:
    """Owe the organizer a reminder of their own conference, so many minutes before; twice is once."""
    conference, start = occurrence.conference, occurrence.starts_at
    row = Delivery(
        address=_envelope(conference.organizer.email), kind=Kind.REMINDER, conference=conference,
        sequence=conference.sequence, original_date=occurrence.original_date, reminds_of=start, ordinal=minutes,
        give_up_at=start, message_id=_new_message_id(),
    )  # fmt: skip
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    ring()


def queue_notice(conference: Conference, troubles: Collection[Delivery], *, now: datetime) -> None:
    """Owe the organizer one letter about `troubles`, which count as reported."""
    notice = _to_organizer(conference, Kind.NOTICE, now)
    Delivery.objects.filter(pk__in=[trouble.pk for trouble in troubles]).update(notice=notice)
    ring()


def queue_news(
    conference: Conference, mail: Collection[IncomingMail], answers: Collection[Reply] = (), *, now: datetime
) -> None:
    """Owe the organizer one letter with `mail` and `answers`, which count as passed on."""
    notice = _to_organizer(conference, Kind.NEWS, now)
    IncomingMail.objects.filter(pk__in=[one.pk for one in mail]).update(notice=notice)
    Reply.objects.filter(pk__in=[one.pk for one in answers]).update(notice=notice, untold_since=None)
    ring()


def _to_organizer(conference: Conference, kind: Delivery.Kind, now: datetime) -> Delivery:
    return Delivery.objects.create(
        address=_envelope(conference.organizer.email), kind=kind, conference=conference,
        sequence=conference.sequence, give_up_at=_latest(now), message_id=_new_message_id(),
    )  # fmt: skip


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


def queue_written(recipient: str, write: Callable[[str, str], bytes]) -> None:
    """Owe `recipient` exactly the bytes that `write` makes for the bare address and a Message-ID."""
    address, message_id = _envelope(recipient), _new_message_id()
    Delivery.objects.create(
        address=address, kind=Kind.ACCOUNT, give_up_at=_latest(database_now()),
        message_id=message_id, message=zlib.compress(write(address, message_id)),
    )  # fmt: skip
    ring()


def queue_links(address: str) -> None:
    """Owe `address` a letter with its own links; the claim finds out whether it has any."""
    last = _latest(database_now())
    Delivery.objects.create(address=address, kind=Kind.LINKS, give_up_at=last, message_id=_new_message_id())
    ring()


def drop(invitations: Collection[Invitation], *, now: datetime, why: Delivery.Why = Why.WITHDRAWN) -> list[Invitation]:
    """Let nothing more leave for `invitations`; those of them who have, or may have, or may be getting a letter.

    They are owed a cancellation, which waits for what is under way and is dropped itself if that did not leave.
    """
    theirs = Delivery.objects.filter(invitation__in=invitations)
    theirs.filter(state__in=[State.QUEUED, State.HELD]).update(
        state=State.CANCELLED, state_at=now, why=why, due_at=None, message=None
    )
    theirs.filter(state=State.UNCERTAIN).update(due_at=None)
    told = set(theirs.requests().arrived().values_list("invitation", flat=True))
    return [invitation for invitation in invitations if invitation.pk in told]


def send_again(invitation: Invitation, *, now: datetime) -> bool:
    """What a person asks for who presses “Send again”; False where a letter is on its way, or none was ever owed.

    A letter that failed or was unwanted is queued again, one that waits is due at once; after one that arrived, or may
    have, another one follows with the same SEQUENCE and a newer DTSTAMP (RFC 5546 section 3.2.2.2).
    """
    with transaction.atomic():
        person = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
        theirs = person.deliveries.order_by("pk")
        if person.way == Way.HAND:
            return False
        counts = the_one_that_counts(Facts(*row) for row in theirs.values_list(*Facts._fields))
        has_left = {State.SENT, State.UNCERTAIN, State.BOUNCED}
        if counts is None or not (counts.state in {State.QUEUED, State.FAILED, *has_left} or counts.is_unwanted):
            return False
        last = theirs.get(pk=counts.pk)
        again = _repeat if last.state in has_left else _requeue
        again(last, give_up_at(person.conference, now, last.original_date))
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
    again = Delivery(
        address=delivery.address, kind=delivery.kind, conference=delivery.conference, invitation=delivery.invitation,
        sequence=delivery.sequence, original_date=delivery.original_date, reminds_of=delivery.reminds_of,
        says=delivery.says, ordinal=delivery.ordinal + 1, message_id=_new_message_id(), give_up_at=last_try,
    )  # fmt: skip
    Delivery.objects.bulk_create([again], ignore_conflicts=delivery.kind == Kind.REMINDER)


def note_bounce(delivery: Delivery, words: str) -> None:
    """It has left, and came back for good; `words` are those of the server that sent it back."""
    rows = Delivery.objects.filter(pk=delivery.pk, state__in=[State.SENT, State.UNCERTAIN])
    rows.update(
        state=State.BOUNCED, state_at=Now(), due_at=None, why=Why.BOUNCED, reply=words, notice=None, message=None
    )


def note_delay(delivery: Delivery, words: str) -> None:
    """It has left, and waits on the way."""
    Delivery.objects.filter(pk=delivery.pk, state=State.SENT).update(why=Why.DELAYED, reply=words)


class Facts(NamedTuple):
    """What decides which of somebody's letters says how it stands with them: bare values, for lists of many."""

    pk: int
    kind: str
    state: str
    deferrals: int
    original_date: date | None
    why: str

    @property
    def is_held(self) -> bool:
        """Whether it waits because many letters have gone there lately."""
        return self.state == State.QUEUED and self.why == Why.OFTEN

    @property
    def is_unwanted(self) -> bool:
        """Whether it did not leave because its reader wants no letters."""
        return self.why == Why.UNWANTED


def the_one_that_counts(letters: Iterable[Facts]) -> Facts | None:
    """Of one person's letters, oldest first, the one that says how it stands; None where there is none.

    That is the newest one, or one about another date beside it that fares worse: what did not arrive is not made good
    by a letter about something else. A letter about the whole takes the place of all before it. What goes out besides,
    reminders and messages, counts where it fares worse than all others.
    """
    standing: dict[date | str | None, Facts] = {}
    for letter in letters:
        if letter.kind in Delivery.BESIDE:
            standing[letter.kind] = letter
        elif letter.original_date is None:
            standing = {None: letter}
        elif letter.is_unwanted or letter.state not in {State.SUPERSEDED, State.CANCELLED}:
            standing[letter.original_date] = letter
    counting = [letter for letter in standing.values() if letter.kind not in Delivery.BESIDE or _gravity(letter)]
    return max(counting, key=lambda letter: (_gravity(letter), letter.pk), default=None)


def _gravity(letter: Facts) -> int:
    if letter.is_unwanted or letter.state in {State.FAILED, State.BOUNCED, State.UNCERTAIN, State.HELD}:
        return 2
    return int(letter.state == State.QUEUED and letter.deferrals > 0)


def ring() -> None:
    """Wake the workers as soon as the transaction is committed; with SQLite they look by themselves, every second."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {BELL}")


def give_up_at(conference: Conference, now: datetime, original_date: date | None = None) -> datetime:
    """When a letter has become useless: at the start, or at the end if the conference has begun; two days at most.

    Of a series that is the occurrence which the letter is about, or the one that goes on or comes next; a permanent
    conference has no start.
    """
    rows = conference.occurrences.filter(Q(original_date=original_date) if original_date else Q(cancelled_at=None))
    occurrence = rows.coming(now).first() or conference.occurrences.current(now)
    if occurrence is None:
        return _latest(now)
    useful_until = occurrence.starts_at if now < occurrence.starts_at else occurrence.ends_at
    return min(useful_until, _latest(now))


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


# WHAT KEEPS ALL OF IT


def trouble() -> Channel | None:
    """What keeps all mail from leaving, and since when; None if nothing does."""
    return Channel.objects.filter(since__isnull=False).first()
