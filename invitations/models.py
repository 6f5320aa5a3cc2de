"""Who is told, what is on its way to them, and what they answered."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Concat, Left, Lower, Now, StrIndex, Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from addressbook.addresses import shown_address
from addressbook.models import Contact
from cabinet.text import CleanTextField, LineField
from conferences.choices import Role
from conferences.models import Change, Conference, Occurrence
from conferences.tokens import new_token

# Tables of this app, too.
from invitations.address_keys import AddressKey  # noqa: F401
from invitations.feeds import Feed  # noqa: F401
from invitations.hidden_clients import HiddenClient  # noqa: F401
from invitations.incoming_mail import Bookmark, IncomingMail, Postponed, Received  # noqa: F401
from invitations.messages import Message
from invitations.silence import Silence  # noqa: F401
from invitations.wordings import Wording  # noqa: F401

# People answer late, and correct themselves later still; after this the answer has no reader.
ANSWERS_END_AFTER = timedelta(days=30)

# Two answers that contradict each other within this time were hardly given by a person.
HASTE = timedelta(seconds=5)

# What somebody answers within this time after an answer is that answer, corrected.
COLLAPSE_WITHIN = timedelta(seconds=60)

# A mail program whose clock is further ahead than this says nothing of when it was.
CLOCKS_DIFFER_BY = timedelta(hours=24)

# A change of one of these asks everybody anew: what they answered was an answer to the old time.
# So does another rule; not another end of the same one.
TIME_FACTS = ("start_date", "start_time", "time_zone", "duration")
# Of an invitation: when somebody pressed “Invite”; when the row came, where nobody did.
ASKED_AT = Coalesce("submission__at", "created_at")


class PartStat(models.TextChoices):
    """Participation status, RFC 5545 section 3.2.12."""

    NEEDS_ACTION = "NEEDS-ACTION", _("No answer yet")
    ACCEPTED = "ACCEPTED", _("Accepted")
    TENTATIVE = "TENTATIVE", _("Tentative")
    DECLINED = "DECLINED", _("Declined")


class Way(models.TextChoices):
    """How somebody is told: by our letters, or by whoever invited them, who then writes the next letter, too."""

    LETTER = "letter", _("by this site")
    HAND = "hand", _("by you")


class ClosedError(Exception):
    """Too late: the conference, or that date of it, is cancelled or over, or the invitation was withdrawn."""


class AheadError(Exception):
    """An answer to a state that the conference has not reached: not to what we asked."""


def _days(rule: str) -> models.Expression:
    """What a stored rule says of its days: its text up to what ends it, which stands last (recurrence.Rule)."""
    text: Any = KT(rule)
    for end in (";COUNT=", ";UNTIL="):
        text = Left(text, StrIndex(Concat(text, models.Value(end)), models.Value(end)) - 1)
    return text


def last_moved(conference: models.OuterRef) -> models.Expression:
    """The sequence in which the time of a whole conference last changed; 0 where it never did."""
    edits = Change.objects.filter(conference=conference, kind=Change.Kind.CHANGED)
    other_days = models.Q(before__has_key="rule") & ~models.Q(days_before=models.F("days_after"))
    edits = edits.alias(days_before=_days("before__rule"), days_after=_days("after__rule"))
    moves = edits.filter(models.Q(before__has_any_keys=TIME_FACTS) | other_days)
    return Coalesce(models.Subquery(moves.order_by("-sequence").values("sequence")[:1]), 0)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Doors to invitations."""

    def managed_by(self, user: AbstractBaseUser) -> Self:
        """Those to conferences that `user` manages."""
        return self.filter(conference__in=Conference.objects.managed_by(user))

    def of_address(self, address: str) -> Self:
        """Those of one address, whoever made them."""
        return self.alias(folded=Lower("address")).filter(folded=address.lower())

    def known_to(self, address: str) -> Self:
        """Those of one address whose person may see them, withdrawn ones included: all that were not erased."""
        return self.of_address(address).filter(erased_at=None)

    def standing(self) -> Self:
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def with_answer(self) -> Self:
        """With `answer`, the PartStat that counts: what was answered before the time last changed does not.

        That is the time of the whole conference: who accepted a series has not taken it back because one date moves,
        nor because the series ends at another date.
        """
        return self.annotate(moved_sequence=last_moved(models.OuterRef("conference"))).annotate(
            answer=models.Case(
                models.When(answered_sequence__lt=models.F("moved_sequence"), then=models.Value(PartStat.NEEDS_ACTION)),
                default=models.F("partstat"),
            )
        )

    def with_a_no(self) -> Self:
        """Those who ever declined anything: few, and only they need the closer look of `but_declined`: it is dear."""
        single = Reply.objects.filter(invitation=models.OuterRef("pk"), partstat=PartStat.DECLINED)
        return self.filter(models.Q(partstat=PartStat.DECLINED) | models.Exists(single))

    def but_declined(self, day: date | models.OuterRef | None) -> Self:
        """Without those who declined the date that the rule has on `day`: it alone, or all and not it after that."""
        single = Reply.objects.filter(invitation=models.OuterRef("pk"), original_date=day).to_dates()
        last = models.Subquery(single.order_by("-at", "-pk").values("partstat")[:1])
        return self.with_answer().alias(said=Coalesce(last, "answer")).exclude(said=PartStat.DECLINED)


class Submission(models.Model):
    """One press of “Invite”: the same id again is the same press, however often the network repeats it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    conference = models.ForeignKey(Conference, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    message = CleanTextField(max_length=2000, blank=True)
    digest = models.CharField(max_length=64, help_text="Of what was asked: the same id with other content is an error.")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.conference} {self.at:%Y-%m-%d %H:%M}"


class ReplyQuerySet(models.QuerySet["Reply"]):
    """What was answered to single dates."""

    def to_dates(self) -> Self:
        """What stands beside the answers to the whole, oldest first: said later than those, since the person was asked,
        and to a date that is where it was then.
        """
        conference, day = models.OuterRef("invitation__conference"), models.OuterRef("original_date")
        moved = Change.objects.filter(conference=conference, original_date=day, kind=Change.Kind.MOVED)
        is_on = models.Exists(Occurrence.objects.filter(conference=conference, original_date=day, cancelled_at=None))
        moved_in = Coalesce(models.Subquery(moved.order_by("-sequence").values("sequence")[:1]), 0)
        rows = self.alias(asked_at=Coalesce("invitation__submission__at", "invitation__created_at"))
        rows = rows.filter(is_on, at__gte=models.F("asked_at"), sequence__gte=last_moved(conference))
        since_whole = models.Q(invitation__answered_at=None) | models.Q(at__gt=models.F("invitation__answered_at"))
        return rows.filter(since_whole, sequence__gte=moved_in).order_by("at", "pk")


class Reply(models.Model):
    """What was answered, for the record; `Invitation.partstat` is the answer to the whole that counts.

    Answers within a minute are one: so it is the same person, or a robot that presses all buttons one after another.
    """

    class Source(models.TextChoices):
        PAGE = "page", _("on the page")
        MAIL = "mail", _("by e-mail")
        ORGANIZER = "organizer", _("confirmed by the organizer")

    invitation = models.ForeignKey("Invitation", models.CASCADE, related_name="replies")
    original_date = models.DateField(null=True, help_text="Of the occurrence, where it is about only one.")
    source = models.CharField(max_length=16, choices=Source, default=Source.PAGE)
    partstat = models.CharField(max_length=16, choices=PartStat)
    comment = CleanTextField(max_length=500, blank=True)
    sequence = models.PositiveIntegerField(help_text="The state of the conference that was answered.")
    at = models.DateTimeField(help_text="When it was said: DTSTAMP of an answer by mail (RFC 5546 section 2.1.5).")
    looks_automatic = models.BooleanField(default=False, help_text="Contradicts another answer given seconds before.")
    untold_since = models.DateTimeField(
        null=True, help_text="When it came, until the organizer is told of it or need not be."
    )
    notice = models.ForeignKey(
        "Delivery", models.SET_NULL, null=True, related_name="answers", help_text="Told the organizer of it."
    )

    objects = ReplyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index("untold_since", condition=models.Q(untold_since__isnull=False), name="reply_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.invitation}: {self.get_partstat_display()}"

    def take(self, partstat: PartStat, comment: str, at: datetime, now: datetime) -> None:
        """Hold this answer, in the place of an earlier one if there is one; in haste such a change looks automatic.

        The organizer is to hear of it, unless it is they who said so.
        """
        is_hasty = self.pk is not None and self.at > at - HASTE
        self.looks_automatic = is_hasty and (self.looks_automatic or self.partstat != partstat)
        self.partstat, self.comment, self.at = partstat, comment, at
        self.untold_since, self.notice = None if self.source == self.Source.ORGANIZER else now, None
        self.save()


class Invitation(models.Model):
    """One person asked to one conference, under the address that letters to them carry."""

    conference = models.ForeignKey(Conference, models.CASCADE, related_name="invitations")
    address = models.CharField(max_length=254, help_text="As it stands in the envelope: ASCII, domain in IDNA form.")
    name = LineField(max_length=128, blank=True)
    sought = models.GeneratedField(
        expression=Upper(Concat("name", models.Value(" "), "address")),
        output_field=models.CharField(max_length=400),
        db_persist=True,
        help_text="What searches of conferences by person look at; worked out once, not for each search.",
    )
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    role = models.CharField(max_length=16, choices=Role, default=Role.PARTICIPANT)
    way = models.CharField(max_length=16, choices=Way, default=Way.LETTER)
    told_at = models.DateTimeField(null=True, help_text="When somebody last said that they told them by hand.")
    submission = models.ForeignKey(Submission, models.SET_NULL, null=True, related_name="invitations")
    token = models.CharField(max_length=26, unique=True, default=new_token)
    announced_sequence = models.PositiveIntegerField(default=0, help_text="The newest state a letter was queued about.")
    partstat = models.CharField(max_length=16, choices=PartStat, default=PartStat.NEEDS_ACTION)
    answered_at = models.DateTimeField(null=True)
    answered_sequence = models.PositiveIntegerField(null=True, help_text="The state that was answered.")
    comment = CleanTextField(max_length=500, blank=True)
    language = models.CharField(max_length=16, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    chosen_at = models.DateTimeField(null=True, help_text="When they chose language and time zone themselves.")
    away_at = models.DateTimeField(null=True, help_text="When an automatic answer said that they are away.")
    away_note = CleanTextField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True, help_text="Since then it says how many, and nothing of a person.")

    # Where the query asked for them: InvitationQuerySet.with_answer, ledger.py, owing.py.
    answer: str
    moved_sequence: int
    looks_automatic: bool
    first_told: int | None
    last_sent: int | None
    last_state: str | None

    objects: ClassVar[models.Manager[Invitation]] = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("conference", Lower("address"), name="invitation_once_per_address")
        ]
        indexes: ClassVar = [models.Index(Lower("address"), name="invitation_address")]

    def __str__(self) -> str:
        return str(_("erased")) if self.erased_at else self.name or self.address

    def get_absolute_url(self) -> str:
        """The personal page."""
        return reverse("invitations:personal", args=[self.token])

    @property
    def key(self) -> str:
        """By which the door tells this person from others: see join.Visitor."""
        return f"invitation-{self.pk}"

    @property
    def shown_address(self) -> str:
        """The address as people read it."""
        return str(_("erased")) if self.erased_at else shown_address(self.address)

    @property
    def personal_link(self) -> str:
        """The personal page as letters and calendars carry it."""
        return settings.SITE_URL + self.get_absolute_url()

    @property
    def you_link(self) -> str:
        """The page on which they decide about themselves; once withdrawn, where a key to that is sent to them."""
        page = reverse("invitations:lost-link") if self.withdrawn_at else reverse("invitations:you", args=[self.token])
        return settings.SITE_URL + page

    def takes_answers(self, now: datetime, original_date: date | None = None) -> bool:
        """Whether the person may still answer; a date, where it is about one of a series.

        A permanent conference asks nobody when to come.
        """
        conference = self.conference
        if self.withdrawn_at or conference.cancelled_at or conference.permanent:
            return False
        if original_date is None:
            return conference.over_at is None or now <= conference.over_at + ANSWERS_END_AFTER
        dates = conference.occurrences.filter(original_date=original_date, cancelled_at=None)
        return bool(conference.rule) and dates.filter(ends_at__gte=now - ANSWERS_END_AFTER).exists()

    def respond(
        self,
        partstat: PartStat,
        comment: str,
        now: datetime,
        *,
        original_date: date | None = None,
        source: Reply.Source = Reply.Source.PAGE,
        at: datetime | None = None,
        sequence: int | None = None,
    ) -> Reply:
        """Take an answer: to the whole, or to the one occurrence of a series that its rule has on `original_date`.

        `at` is when it was said and `sequence` the state that it answers; what is left out is said now, to the present
        state. Of several the one to the newest time counts, and among those the newest (RFC 5546 section 2.1.5); the
        others are kept for the record. Nothing else writes `partstat` after the invitation was made.

        Raises ClosedError when the conference is cancelled or long over, or the invitation was withdrawn; AheadError.
        """
        with transaction.atomic():
            rows = Invitation.objects.with_answer().select_for_update(of=("self",), no_key=True)
            current: Invitation = rows.select_related("conference").get(pk=self.pk)
            if not current.takes_answers(now, original_date):
                raise ClosedError
            sequence = current._state_answered(sequence, at)
            at = current._moment_of_answer(at, now)
            if original_date is None and current._gives_way(sequence, at):
                self.partstat, self.comment, self.answered_at, self.answered_sequence = partstat, comment, at, sequence
                self.save(update_fields=["partstat", "comment", "answered_at", "answered_sequence"])
            reply = current._reply_to_correct(original_date, source, sequence, at)
            reply.take(partstat, comment, at, now)
            return reply

    def _state_answered(self, sequence: int | None, at: datetime | None) -> int:
        """What an answer is to: what it says itself, else the newest letter before it, else the present state."""
        present = self.conference.sequence
        if sequence is None and at is not None:
            letters = self.deliveries.filter(kind__in=Delivery.REQUESTS, composed_at__lte=at)
            return letters.aggregate(newest=models.Max("sequence", default=0))["newest"]
        if sequence is not None and sequence > present:
            raise AheadError
        return present if sequence is None else sequence

    def _moment_of_answer(self, at: datetime | None, now: datetime) -> datetime:
        """When it was said. What is said here and now is the last word, whatever a mail program took for the time."""
        if at is None:
            return max(now, self.replies.aggregate(last=models.Max("at", default=now))["last"])
        return now if at > now + CLOCKS_DIFFER_BY else at

    def _gives_way(self, sequence: int, at: datetime) -> bool:
        """Whether what counts so far gives way to an answer to the state `sequence` that was given `at`."""
        if self.answered_at is None or self.answered_sequence is None:
            return True
        counts = (self.answered_sequence >= self.moved_sequence, self.answered_at)
        return (sequence >= self.moved_sequence, at) >= counts

    def _reply_to_correct(self, original_date: date | None, source: Reply.Source, sequence: int, at: datetime) -> Reply:
        """The last reply where this is the same one, corrected; else a new one."""
        same = {"original_date": original_date, "source": source, "sequence": sequence}
        recent = self.replies.filter(**same, at__gt=at - COLLAPSE_WITHIN, at__lte=at).order_by("at", "pk")
        return recent.last() or Reply(invitation=self, **same)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """What the queue, the worker and the pages ask about messages, in the same words."""

    def requests(self) -> Self:
        """Those that carry a REQUEST."""
        return self.filter(kind__in=Delivery.REQUESTS)

    def arrived(self) -> Self:
        """Those that the mail server has taken or may have taken, or may be taking right now.

        Also what came back: a copy of it may have reached somebody all the same, behind an address of several people.
        """
        state = Delivery.State
        return self.filter(state__in=[state.SENT, state.UNCERTAIN, state.SENDING, state.BOUNCED])

    def with_news(self) -> Self:
        """With invitation, conference, and for `Delivery.is_true`: `newest_sequence`, that of the last Change, and
        `is_date_off`, whether the one occurrence that the letter is about, if it is, is cancelled.

        The claim, the beginning of a try and the last look before the final dot all judge by that.
        """
        changes = Change.objects.filter(conference=models.OuterRef("conference")).order_by("-sequence")
        newest = models.Subquery(changes.values("sequence")[:1])
        date = {"conference": models.OuterRef("conference"), "original_date": models.OuterRef("original_date")}
        off = models.Exists(Occurrence.objects.filter(**date, cancelled_at__isnull=False))
        rows = self.select_related("invitation", "conference")
        return rows.annotate(newest_sequence=newest, is_date_off=off)

    def looked_at(self) -> list[Delivery]:
        """The rows as they stand, for `Delivery.is_true`; what only reminders need is asked where there are any."""
        found: list[Delivery] = list(self.with_news())
        reminders = [row.pk for row in found if row.kind == Delivery.Kind.REMINDER]
        due = Delivery.objects.filter(pk__in=reminders).still_to_remind() if reminders else set()
        for row in found:
            row.is_due = row.pk in due
        return found

    def still_to_remind(self) -> set[int]:
        """The keys of reminders of a start that is still to come, to somebody who did not decline that date."""
        date = {"conference": models.OuterRef("conference"), "original_date": models.OuterRef("original_date")}
        starts = Occurrence.objects.standing().filter(**date, starts_at=models.OuterRef("reminds_of"))
        is_for = models.Q(invitation=None) | models.Q(invitation__withdrawn_at=None)
        due = self.filter(is_for, models.Exists(starts.filter(starts_at__gt=Now())))
        people = dict(due.values_list("pk", "invitation"))
        doubtful = set(Invitation.objects.filter(pk__in=people.values()).with_a_no().values_list("pk", flat=True))
        if not doubtful:
            return {*people}
        reader = Invitation.objects.filter(pk=models.OuterRef("invitation"))
        coming = reader.but_declined(models.OuterRef(models.OuterRef("original_date")))
        declined = self.filter(~models.Exists(coming), invitation__in=doubtful)
        return {*people} - {*declined.values_list("pk", flat=True)}


class Delivery(models.Model):
    """One message on its way to one address. The row is the queue.

    queued -> sending -> sent | failed | uncertain | queued again (later); queued -> superseded | cancelled | held;
    uncertain -> sending; uncertain -> sent by an answer that came late; failed, held -> queued by a person; sent,
    uncertain -> bounced.
    The verbs are in outbox.py (people and pages) and claims.py (workers).
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("invitation")
        UPDATE = "update", _("update")
        CANCELLATION = "cancellation", _("cancellation")
        QUESTION = "question", _("question, once more")
        REMINDER = "reminder", _("reminder")
        MESSAGE = "message", _("message")
        NOTICE = "notice", _("notice")
        NEWS = "news", _("answers and mail passed on")
        ACCOUNT = "account", _("account")
        LINKS = "links", _("links")

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not delivered")
        UNCERTAIN = "uncertain", _("Perhaps sent")
        SUPERSEDED = "superseded", _("Superseded")
        CANCELLED = "cancelled", _("Cancelled")
        HELD = "held", _("Held back")
        BOUNCED = "bounced", _("Bounced")

    class Why(models.TextChoices):
        NONE = "", ""
        LATER = "later", _("The mail server asked to try again later")
        REFUSED = "refused", _("The mail server refused it")
        TOO_LATE = "too-late", _("The mail server did not take it in time")
        NO_ANSWER = "no-answer", _("The mail server did not answer after it got the message")
        STOPPED = "stopped", _("Sending was interrupted before the mail server’s answer was read")
        ERROR = "error", _("The message could not be written because of an error on this site")
        CHANGED = "changed", _("The conference was changed; a newer message says so")
        WITHDRAWN = "withdrawn", _("The invitation or the conference was taken back")
        BOUNCED = "bounced", _("It came back")
        UNREADABLE = "unreadable", _("Its calendar entry could not be read back, so it was not sent")
        UNWANTED = "unwanted", _("This person asked not to be written to")
        DELAYED = "delayed", _("A mail server on the way is still trying to pass it on")
        OFTEN = "often", _("Many letters have gone there lately; the next one waits")
        NEEDLESS = "needless", _("There was nothing to remind of any more")

    REQUESTS = (Kind.INVITATION, Kind.UPDATE, Kind.QUESTION)
    # Beside what says how it stands with an invitation: these say nothing of that, unless they fail.
    BESIDE = (Kind.REMINDER, Kind.MESSAGE)

    # To whom, about what. Account mail and links have neither conference nor invitation; a notice has no invitation.
    address = models.CharField(max_length=254)
    kind = models.CharField(max_length=16, choices=Kind)
    conference = models.ForeignKey(Conference, models.CASCADE, null=True, related_name="deliveries")
    invitation = models.ForeignKey(Invitation, models.CASCADE, null=True, related_name="deliveries")
    sequence = models.PositiveIntegerField(default=0)
    original_date = models.DateField(null=True, help_text="Of the occurrence, where it is about only one.")
    says = models.ForeignKey(Message, models.CASCADE, null=True, related_name="deliveries")
    reminds_of = models.DateTimeField(null=True, help_text="The start that a reminder is about.")
    ordinal = models.PositiveIntegerField(
        default=0, help_text="One more for each “Send again”; of a reminder, how many minutes before the start."
    )

    # When, and who has it in hand. What decides when something happens is of the database's clock.
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    state_at = models.DateTimeField(db_default=Now())
    priority = models.PositiveSmallIntegerField(default=0, help_text="0 before 1; large submissions wait.")
    due_at = models.DateTimeField(
        null=True, db_default=Now(), help_text="When the next try may begin; none where nothing follows."
    )
    give_up_at = models.DateTimeField()
    worker = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True, help_text="From here on the server may have it.")

    # What became of the tries.
    attempts = models.PositiveIntegerField(default=0, help_text="Tries begun; with `worker` it tells one from another.")
    deferrals = models.PositiveIntegerField(default=0, help_text="Rung of the back-off ladder.")
    errors = models.PositiveSmallIntegerField(default=0, help_text="Times that our own code failed on it.")
    copies = models.PositiveSmallIntegerField(default=0, help_text="Times that the server may have taken it.")
    why = models.CharField(max_length=16, choices=Why, blank=True)
    reply = models.CharField(max_length=300, blank=True, help_text="The mail server's last words: foreign text.")
    notice = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="troubles", help_text="Told the organizer of this trouble."
    )

    # Fixed before the first try, the same bytes at every try, dropped when no try can follow.
    message_id = models.CharField(max_length=255)
    composed_at = models.DateTimeField(null=True, help_text="Date and DTSTAMP.")
    message = models.BinaryField(null=True, help_text="The whole message, compressed.")
    created_at = models.DateTimeField(db_default=Now())

    # On rows that come through with_news(), or from a claim.
    newest_sequence: int | None
    is_date_off: bool
    is_due: bool
    first_told: int | None
    cancelled_in: int | None
    has_troubles: bool
    has_news: bool
    is_announced_soon: bool
    last_composed_at: datetime | None

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invitation", "kind", "sequence", "ordinal"],
                condition=models.Q(invitation__isnull=False, original_date=None, says=None),
                name="delivery_told_once",
            ),
            models.UniqueConstraint(
                fields=["invitation", "says", "ordinal"],
                condition=models.Q(says__isnull=False),
                name="delivery_said_once",
            ),
            # Whatever else of the conference changes: nobody is reminded of the same start in the same way twice.
            models.UniqueConstraint(
                fields=["invitation", "reminds_of", "ordinal"],
                condition=models.Q(reminds_of__isnull=False),
                name="delivery_reminded_once",
            ),
            models.UniqueConstraint(
                fields=["conference", "reminds_of", "ordinal"],
                condition=models.Q(reminds_of__isnull=False, invitation=None),
                name="delivery_organizer_reminded_once",
            ),
            models.UniqueConstraint(
                fields=["invitation", "kind", "sequence", "original_date", "ordinal"],
                condition=models.Q(original_date__isnull=False),
                name="delivery_told_once_of_one",
            ),
        ]
        # Conditions that SQLite can tell from a query whose values it does not know yet: nothing but NULL or not.
        indexes: ClassVar = [
            models.Index("priority", "due_at", condition=models.Q(due_at__isnull=False), name="delivery_due"),
            models.Index("leased_until", condition=models.Q(leased_until__isnull=False), name="delivery_leased"),
            models.Index("state", "state_at", name="delivery_state"),
            models.Index("message_id", name="delivery_message_id"),
            models.Index(Lower("address"), "state_at", name="delivery_to_address"),
            models.Index("conference", "created_at", condition=models.Q(invitation=None), name="delivery_to_organizer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.state}"

    @property
    def file_name(self) -> str:
        """What a file of this letter is called, where letters become files."""
        return f"{self.created_at:%Y%m%d-%H%M%S}-{self.pk}"

    @property
    def is_standing(self) -> bool:
        """Whether neither the invitation nor the conference was taken back."""
        is_invited = self.invitation is None or self.invitation.withdrawn_at is None
        return is_invited and (self.conference is None or self.conference.cancelled_at is None)

    @property
    def is_told(self) -> bool:
        """Whether its reader has, or may have, an invitation or an update; for rows from a claim."""
        return self.first_told is not None

    @property
    def takes_back(self) -> bool:
        """Whether its reader has, or may have, what it takes back; for cancellations from a claim.

        One occurrence is in the calendars of those who were told before it was cancelled: newer letters leave it out.
        """
        if self.original_date is None or self.first_told is None:
            return self.is_told
        return self.cancelled_in is not None and self.first_told < self.cancelled_in

    @property
    def is_true(self) -> bool:
        """Whether it still says what is so; for rows that come through with_news().

        What asks, or takes off one of several dates, has to be as new as the conference: nobody gets an older state
        after a newer one. What the organizer says besides goes to whoever is invited, also where it is all off.
        """
        if self.kind == self.Kind.REMINDER:
            return self.is_due
        if self.kind in self.REQUESTS or self.original_date:
            is_new = self.sequence >= (self.newest_sequence or 0)
            return self.is_standing and is_new and (self.original_date is None or self.is_date_off)
        if self.kind == self.Kind.MESSAGE:
            return self.invitation is not None and self.invitation.withdrawn_at is None
        return self.kind != self.Kind.CANCELLATION or not self.is_standing


class Channel(models.Model):
    """The way to the mail server, one row: paused while the server as a whole refuses or does not answer."""

    paused_until = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True, help_text="When the present trouble began.")
    reply = models.CharField(max_length=300, blank=True, help_text="What the server, or the network, said.")

    def __str__(self) -> str:
        return f"paused: {self.reply}" if self.since else "open"
