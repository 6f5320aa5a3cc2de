"""Who is invited and how it stands with each: what pages show of people, their letters and their answers.

A status is the name of a badge. It is worked out here from five bare values a person, in one query for all people;
the database did it in one expression, which took ten times as long to compile as the whole rest of the page.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, OuterRef, Subquery
from django.utils.formats import date_format
from django.utils.functional import Promise, cached_property
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conferences import times
from conferences.models import Conference
from invitations import answers
from invitations.asides import takes_messages
from invitations.models import Channel, Delivery, Invitation, InvitationQuerySet, PartStat, Reply, Way
from invitations.outbox import Facts, the_one_that_counts

PEOPLE_ON_A_PAGE = 100

# In the order of the list: those first with whom there is something to do.
STATUSES = (
    "bounced", "undelivered", "perhaps", "held", "waiting", "unwanted", "accepted", "tentative", "declined",
    "by-hand", "sent", "queued", "unanswered",
)  # fmt: skip
ANSWERED = ("accepted", "tentative", "declined")
_State = Delivery.State
# Trouble with the newest letter goes before an answer, and that before a letter that fares well.
TROUBLES: dict[str | None, str] = {
    _State.BOUNCED: "bounced", _State.FAILED: "undelivered", _State.UNCERTAIN: "perhaps", _State.HELD: "held",
}  # fmt: skip
UNTROUBLED: dict[str | None, str] = {_State.QUEUED: "queued", _State.SENDING: "queued", _State.SENT: "sent"}
# Kinds of letters that say what they are about.
ABOUT: dict[str, object] = {
    Delivery.Kind.QUESTION: gettext_lazy("Asked once more"),
    Delivery.Kind.REMINDER: gettext_lazy("This letter is a reminder"),
    Delivery.Kind.MESSAGE: gettext_lazy("This letter is a message"),
}
# Seconds between two looks at letters that are under way.
PAUSES = {"queued": 2, "waiting": 30}
# For each so many people a second more: a look at ten thousand costs a quarter of a second.
PEOPLE_A_SECOND = 1000


# So many single dates of one person are named.
LISTED_DATES = 5
EARLIER: dict[str, str | Promise] = {
    PartStat.ACCEPTED: gettext_lazy("Accepted the earlier time"),
    PartStat.TENTATIVE: gettext_lazy("Answered “Tentative” to the earlier time"),
    PartStat.DECLINED: gettext_lazy("Declined the earlier time"),
}


@dataclass(frozen=True)
class Line:
    """One person: the invitation with `looks_automatic`, the name of the badge, and the newest letter to them."""

    invitation: Invitation
    status: str
    delivery: Delivery | None
    now: datetime
    is_stopped: bool = False  # no mail can leave at all
    to_dates: Sequence[tuple[date, str]] = ()  # what was answered to single dates to come

    @property
    def answer(self) -> str:
        """The badge where only the answer counts: a letter on its way is no news there, one that failed is."""
        return self.status if self.status in ("bounced", "undelivered", "unwanted", *ANSWERED) else "unanswered"

    @property
    def earlier(self) -> str:
        """What was answered to the time before it last changed, where that is the last that was answered."""
        is_earlier = self.invitation.answer == PartStat.NEEDS_ACTION
        return str(EARLIER.get(self.invitation.partstat, "")) if is_earlier else ""

    @property
    def dates(self) -> list[str]:
        """What was answered to single dates to come."""
        said = self.to_dates[:LISTED_DATES]
        lines = [answers.in_words(partstat, day) for day, partstat in said]
        return [*lines, *([_("and more dates")] if len(self.to_dates) > len(said) else [])]

    @property
    def next_try(self) -> datetime | None:
        """When the mail server is asked again, if it asked for that; until when a letter is held back."""
        return self.delivery.due_at if self.delivery and self.status in ("waiting", "held") else None

    @property
    def reasons(self) -> list[str]:
        """Why the letter is not there, in our words and in the server's."""
        if self.delivery and self.delivery.why == Delivery.Why.UNWANTED:
            return [_("They do not want letters from this site: send them the link yourself.")]
        if not self.delivery or not (
            self.status in ("bounced", "undelivered", "perhaps", "waiting") or self._is_delayed
        ):
            return []
        hint = (
            _("Their mailbox may be full. Tell them in another way, or send it again later.") if self._is_full else ""
        )
        return [reason for reason in (str(self.delivery.get_why_display()), hint, self.delivery.reply) if reason]

    @property
    def _is_full(self) -> bool:
        """Whether the server spoke of storage (RFC 5321 section 4.2.2, RFC 3463 section 3.3)."""
        words = self.delivery.reply.split() if self.delivery else []
        return words[:1] == ["552"] or "5.2.2" in words[:2]

    @property
    def _is_delayed(self) -> bool:
        return self.status == "sent" and self.delivery is not None and self.delivery.why == Delivery.Why.DELAYED

    @property
    def about(self) -> str:
        """What the letter is about, where that is what the status says and it is not the whole conference."""
        if self.delivery and self.status not in ANSWERED and self.delivery.kind in ABOUT:
            return str(ABOUT[self.delivery.kind])
        day = self.delivery.original_date if self.delivery and self.status not in ANSWERED else None
        return _("This letter is only about %(day)s") % {"day": date_format(day, _("l j F Y"))} if day else ""

    @property
    def at(self) -> datetime | None:
        """Since when it stands so."""
        if self.status in ANSWERED:
            return self.invitation.answered_at
        if self.status == "by-hand":
            return self.invitation.told_at
        return self.delivery.state_at if self.delivery and self.status != "queued" else None

    @property
    def when(self) -> str:
        """`at` as people say it."""
        if self.status == "queued":
            return "" if self.is_stopped else _("in a few seconds")
        if self.at is None:
            return ""
        if self.now - self.at < timedelta(minutes=1):
            return _("just now")
        return _("%(time)s ago") % {"time": timesince(self.at, self.now, depth=1)}

    @property
    def may_be_sent_again(self) -> bool:
        """Whether another letter makes sense: none is under way, and the last one brought no answer."""
        return self.status in ("bounced", "undelivered", "perhaps", "waiting", "sent")

    @property
    def may_be_told_by_hand(self) -> bool:
        """Whether our letters do not get there."""
        return self.status in ("bounced", "undelivered", "unwanted")


class Ledger:
    """The people of one conference."""

    def __init__(self, conference: Conference, now: datetime) -> None:
        self.conference = conference
        self.now = now

    @cached_property
    def _letters(self) -> list[tuple[Any, ...]]:
        """Everybody's letters, the newest last; before each since when no mail can leave at all: one query for both."""
        rows = self.conference.invitations.standing().with_answer().order_by("pk", "deliveries__pk")
        letter = (f"deliveries__{name}" for name in Facts._fields)
        since = Subquery(Channel.objects.filter(since__isnull=False).values("since")[:1])
        return list(rows.annotate(since=since).values_list("since", "pk", "answer", "way", *letter))

    @cached_property
    def _people(self) -> list[tuple[int, int, int | None]]:
        """(place in STATUSES, invitation, newest letter) of everybody, in the order of the list."""
        found = []
        for (person, answer, way), rows in groupby(self._letters, key=itemgetter(1, 2, 3)):
            abouts = [] if way == Way.HAND else [row[4:] for row in rows if row[4]]
            letter = the_one_that_counts(Facts(*about) for about in abouts)
            place = STATUSES.index(self._status(answer, letter, "by-hand" if way == Way.HAND else "unanswered"))
            found.append((place, person, letter.pk if letter else None))
        return sorted(found)

    def _status(self, answer: str, letter: Facts | None, otherwise: str) -> str:
        kind, state, deferrals = (letter.kind, letter.state, letter.deferrals) if letter else (None, None, 0)
        if state in TROUBLES:
            return TROUBLES[state]
        if answer != PartStat.NEEDS_ACTION:
            return answer.lower()
        if letter and letter.is_unwanted:
            return "unwanted"
        if self.conference.cancelled_at and state == _State.QUEUED and kind in Delivery.REQUESTS:
            return "unanswered"  # the letter was taken back, though no worker has met it yet
        if letter and (letter.is_held or (state == _State.QUEUED and deferrals)):
            return "held" if letter.is_held else "waiting"
        return UNTROUBLED.get(state, otherwise)

    @cached_property
    def tally(self) -> dict[str, int]:
        """How many people have which status; in the order of the list, without those that nobody has."""
        found = Counter(place for place, _person, _letter in self._people)
        return {STATUSES[place]: found[place] for place in sorted(found)}

    @cached_property
    def answers(self) -> Counter[str]:
        """How many accepted, said perhaps, declined; the rest has not answered, however their letter fared."""
        answered = Counter({status: self.tally.get(status, 0) for status in ANSWERED})
        return answered + Counter({"unanswered": self.count - answered.total()})

    @property
    def count(self) -> int:
        """How many people are invited."""
        return len(self._people)

    @cached_property
    def erased(self) -> int:
        """How many had themselves erased, and so are no longer invited."""
        return self.conference.invitations.filter(erased_at=F("withdrawn_at")).count()

    @property
    def has_letters(self) -> bool:
        """Whether this site tells any of them."""
        return any(row[3] == Way.LETTER for row in self._letters)

    @property
    def tells_by_hand(self) -> bool:
        """Whether somebody else than this site tells any of them."""
        return any(row[3] == Way.HAND for row in self._letters)

    @property
    def takes_messages(self) -> bool:
        """Whether there is still something to say to them."""
        return takes_messages(self.conference, self.now)

    @property
    def is_open(self) -> bool:
        """Whether letters still make sense: the conference is neither cancelled nor over."""
        return self.conference.cancelled_at is None and not self.conference.is_over(self.now)

    @property
    def stopped_since(self) -> datetime | None:
        """Since when letters wait because no mail can leave at all."""
        return self._letters[0][0] if not PAUSES.keys().isdisjoint(self.tally) else None

    @property
    def refresh_after(self) -> int:
        """Seconds after which the page may look different; 0 when no letter is under way."""
        if self.stopped_since:
            return max(PAUSES.values())
        shortest = next((pause for status, pause in PAUSES.items() if status in self.tally), 0)
        return shortest and max(shortest, self.count // PEOPLE_A_SECOND)

    def page(self, number: str | int = 1, size: int = PEOPLE_ON_A_PAGE) -> Page:
        """The lines of one page; the last page for a number that is too high, the first for one that is none."""
        page = Paginator(self._people, size).get_page(number)
        found = list(page.object_list)
        people = _with_doubt(Invitation.objects.filter(conference=self.conference)).in_bulk([row[1] for row in found])
        to_dates = self._answers_to_dates(people.values())
        letters = Delivery.objects.defer("message").in_bulk([letter for *_, letter in found if letter])
        is_stopped = self.stopped_since is not None
        lines = [
            Line(people[person], STATUSES[place], letters.get(letter), self.now, is_stopped, to_dates.get(person, ()))
            for place, person, letter in found
        ]
        page.object_list = lines  # type: ignore[assignment]  # bare values before, people from here on
        return page

    def _answers_to_dates(self, people: Collection[Invitation]) -> dict[int, list[tuple[date, str]]]:
        """By person, what they answered to single dates that are to come."""
        if not self.conference.rule:
            return {}
        today = times.wall_clock(self.now, self.conference.time_zone).date()
        return {
            person: [(day, reply.partstat) for day, reply in theirs.items() if day >= today]
            for person, theirs in answers.to_dates(people).items()
        }


def _with_doubt(rows: InvitationQuerySet) -> InvitationQuerySet:
    """With `looks_automatic`: whether the answer that counts came within seconds of another one."""
    counts = Reply.objects.filter(invitation=OuterRef("pk"), original_date=None, at=OuterRef("answered_at"))
    hasty = counts.filter(looks_automatic=True)
    return rows.with_answer().annotate(looks_automatic=Exists(hasty))  # type: ignore[no-redef]
