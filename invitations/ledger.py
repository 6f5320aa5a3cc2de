"""Who is invited and how it stands with each: what pages show of people, their letters and their answers.

A status is the name of a badge. The database computes it, so that a page of a long list is one query and the tally
of the whole list another.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Value, When
from django.utils.functional import cached_property
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from conferences.models import Conference
from invitations import outbox
from invitations.models import Delivery, Invitation, InvitationQuerySet, PartStat, Reply

PEOPLE_ON_A_PAGE = 100

# In the order of the list: those first with whom there is something to do.
STATUSES = (
    "undelivered", "perhaps", "held", "waiting", "accepted", "tentative", "declined", "sent", "queued", "unanswered",
)  # fmt: skip
ANSWERED = ("accepted", "tentative", "declined")
# Seconds between two looks at letters that are under way.
PAUSES = {"queued": 2, "waiting": 30}

_State = Delivery.State


@dataclass(frozen=True)
class Line:
    """One person: the invitation with `status`, `answer` and `looks_automatic`, and the newest letter to them."""

    invitation: Invitation
    delivery: Delivery | None
    now: datetime

    @property
    def status(self) -> str:
        """The name of the badge."""
        return self.invitation.status

    @property
    def answer(self) -> str:
        """The badge where only the answer counts: a letter on its way is no news there, one that failed is."""
        return self.status if self.status in ("undelivered", *ANSWERED) else "unanswered"

    @property
    def next_try(self) -> datetime | None:
        """When the mail server is asked again, if it asked for that."""
        return self.delivery.due_at if self.delivery and self.status == "waiting" else None

    @property
    def reasons(self) -> list[str]:
        """Why the letter is not there, in our words and in the server's."""
        if not self.delivery or self.status not in ("undelivered", "perhaps", "waiting"):
            return []
        return [reason for reason in (str(self.delivery.get_why_display()), self.delivery.reply) if reason]

    @property
    def at(self) -> datetime | None:
        """Since when it stands so."""
        if self.status in ANSWERED:
            return self.invitation.answered_at
        return self.delivery.state_at if self.delivery and self.status != "queued" else None

    @property
    def when(self) -> str:
        """`at` as people say it."""
        if self.status == "queued":
            return _("in a few seconds")
        if self.at is None:
            return ""
        if self.now - self.at < timedelta(minutes=1):
            return _("just now")
        return _("%(time)s ago") % {"time": timesince(self.at, self.now, depth=1)}

    @property
    def may_be_sent_again(self) -> bool:
        """Whether another letter makes sense: none is under way, and the last one brought no answer."""
        return self.status in ("undelivered", "perhaps", "waiting", "sent")


class Ledger:
    """The people of one conference, never more of them in memory than a page holds."""

    def __init__(self, conference: Conference, now: datetime) -> None:
        self.conference = conference
        self.now = now

    @cached_property
    def tally(self) -> dict[str, int]:
        """How many people have which status; in the order of the list, without those that nobody has."""
        found = dict(self._rows().values_list("status").annotate(Count("pk")))  # type: ignore[misc]
        return {status: found[status] for status in STATUSES if status in found}

    @cached_property
    def answers(self) -> Counter[str]:
        """How many accepted, said perhaps, declined; the rest has not answered, however their letter fared."""
        answered = Counter({status: self.tally.get(status, 0) for status in ANSWERED})
        return answered + Counter({"unanswered": self.count - answered.total()})

    @property
    def count(self) -> int:
        """How many people are invited."""
        return sum(self.tally.values())

    @property
    def is_open(self) -> bool:
        """Whether letters still make sense: the conference is neither cancelled nor over."""
        return self.conference.cancelled_at is None and self.now < self.conference.ends_at

    @property
    def refresh_after(self) -> int:
        """Seconds after which the page may look different; 0 when no letter is under way."""
        return next((pause for status, pause in PAUSES.items() if status in self.tally), 0)

    def page(self, number: str | int = 1, size: int = PEOPLE_ON_A_PAGE) -> Page:
        """The lines of one page; the last page for a number that is too high, the first for one that is none."""
        order = Case(*(When(status=status, then=Value(place)) for place, status in enumerate(STATUSES)))
        paginator = _Paginator(self._rows().order_by(order, "pk"), size, count=self.count)
        page = paginator.get_page(number)
        people = list(page.object_list)
        letters = outbox.status(people)
        page.object_list = [Line(person, letters.get(person.pk), self.now) for person in people]
        return page

    def _rows(self) -> InvitationQuerySet:
        return _with_status(self.conference.invitations.standing().with_answer())


class _Paginator(Paginator):
    """One that knows already how much there is."""

    def __init__(self, rows: InvitationQuerySet, size: int, *, count: int) -> None:
        super().__init__(rows, size)
        self.count = count


def _with_status(rows: InvitationQuerySet) -> InvitationQuerySet:
    """With `status`: trouble with the newest letter goes before an answer, and that before a letter that fared well."""
    newest = Delivery.objects.filter(invitation=OuterRef("pk")).order_by("-pk")
    waits = Q(letter=_State.QUEUED, deferrals__gt=0)
    hasty = Reply.objects.filter(invitation=OuterRef("pk"), at=OuterRef("answered_at"), looks_automatic=True)
    return rows.annotate(  # type: ignore[no-redef]
        letter=Subquery(newest.values("state")[:1]),
        deferrals=Subquery(newest.values("deferrals")[:1]),
        looks_automatic=Exists(hasty),
        status=Case(
            When(letter=_State.FAILED, then=Value("undelivered")),
            When(letter=_State.UNCERTAIN, then=Value("perhaps")),
            When(letter=_State.HELD, then=Value("held")),
            When(answer=PartStat.ACCEPTED, then=Value("accepted")),
            When(answer=PartStat.TENTATIVE, then=Value("tentative")),
            When(answer=PartStat.DECLINED, then=Value("declined")),
            When(waits, then=Value("waiting")),
            When(letter__in=[_State.QUEUED, _State.SENDING], then=Value("queued")),
            When(letter=_State.SENT, then=Value("sent")),
            default=Value("unanswered"),
        ),
    )
