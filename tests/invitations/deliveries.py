"""Letters on their way, for tests that look at rows: who is owed what, and what a worker would make of it."""

from datetime import timedelta
from typing import Any
from zlib import compress

from django.utils import timezone

from conferences.models import Change, Conference
from invitations import claims, outbox
from invitations.claims import Claim, Ending
from invitations.models import Delivery, Invitation
from invitations.outgoing import Outcome, Result
from tests.factories import make_conference, make_invitation

ME, OTHER = "a-boot a-container 1 100", "another-boot a-container 2 200"

SENT = Outcome(Result.SENT, "250 taken", before_dot=False)
DEFERRED = Outcome(Result.DEFERRED, "451 later", before_dot=True)
FAILED = Outcome(Result.FAILED, "550 no such user", before_dot=True)
UNCERTAIN = Outcome(Result.UNCERTAIN, "no answer", before_dot=False)
SITE = Outcome(Result.SITE, "connection refused", before_dot=True)


def owe(
    conference: Conference | None = None, *names: str, kind: Delivery.Kind = Delivery.Kind.INVITATION
) -> list[Invitation]:
    """People (default Bob), invited and owed a letter."""
    conference = conference or make_conference()
    people = [make_invitation(conference, f"{name}@example.org", name.title()) for name in names or ("bob",)]
    outbox.queue(people, kind, now=timezone.now())
    return people


def letters(invitation: Invitation) -> list[tuple[str, int, str]]:
    """Kind, sequence and state of all that somebody was owed, oldest first."""
    return list(invitation.deliveries.order_by("pk").values_list("kind", "sequence", "state"))


def only_row() -> Delivery:
    """The one row that there is."""
    return Delivery.objects.get()


def set_rows(**values: Any) -> None:
    """Time has passed, or something has happened, to all rows."""
    Delivery.objects.update(**values)


def write_all(body: bytes = b"See you.\r\n") -> None:
    """Every letter is written already: quickly, and the same for all."""
    set_rows(message=compress(b"Subject: Letter\r\n\r\n" + body))


def change(conference: Conference, *, tell: Change.Tell = Change.Tell.ALL, ago: float = 0, **fields: Any) -> Change:
    """The organizer changes something (the topic), so many seconds ago."""
    fields = fields or {"topic": f"Version {conference.sequence + 1}"}
    made = conference.change(
        conference.organizer, fields, seen_sequence=conference.sequence, tell=tell, now=timezone.now()
    )
    assert made
    Change.objects.filter(pk=made.pk).update(at=timezone.now() - timedelta(seconds=ago))
    return made


def claim_all(worker: str = ME, limit: int = 100) -> list[Claim]:
    """What a worker gets now, with messages as if written."""
    found = claims.claim(worker, outbox.database_now(), limit)
    for claim in found:
        claim.delivery.message = claim.delivery.message or b"written"
        claim.delivery.composed_at = claim.delivery.composed_at or outbox.database_now()
    return found


def begin(worker: str = ME) -> Claim:
    """Claim the one row that is due and begin the try."""
    (claim,) = claim_all(worker)
    assert claims.hand_over(None, claim)
    return claim


def try_all(ending: Ending, worker: str = ME) -> int:
    """Try everything that is due, with the same ending for all; how many there were."""
    found = claim_all(worker)
    for claim in found:
        if claims.hand_over(None, claim):
            claims.hand_over((claim, ending), None)
    return len(found)
