"""Who is told, what is on its way to them, and what they answered."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from addressbook.models import Contact
from cabinet.text import CleanTextField, LineField
from conferences.models import Conference
from conferences.tokens import new_token


class PartStat(models.TextChoices):
    """Participation status, RFC 5545 section 3.2.12."""

    NEEDS_ACTION = "NEEDS-ACTION", _("No answer yet")
    ACCEPTED = "ACCEPTED", _("Accepted")
    TENTATIVE = "TENTATIVE", _("Tentative")
    DECLINED = "DECLINED", _("Declined")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Doors to invitations."""

    def managed_by(self, user: AbstractBaseUser) -> Self:
        """Those to conferences that `user` manages."""
        return self.filter(conference__in=Conference.objects.managed_by(user))

    def standing(self) -> Self:
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)


class Invitation(models.Model):
    """One person asked to one conference, under the address that letters to them carry."""

    conference = models.ForeignKey(Conference, models.CASCADE, related_name="invitations")
    address = models.CharField(max_length=254, help_text="As it stands in the envelope: ASCII, domain in IDNA form.")
    name = LineField(max_length=128, blank=True)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    token = models.CharField(max_length=26, unique=True, default=new_token)
    announced_sequence = models.PositiveIntegerField(default=0, help_text="The newest state a letter was queued about.")
    partstat = models.CharField(max_length=16, choices=PartStat, default=PartStat.NEEDS_ACTION)
    answered_at = models.DateTimeField(null=True)
    comment = CleanTextField(max_length=500, blank=True)
    language = models.CharField(max_length=16, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Invitation]] = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("conference", Lower("address"), name="invitation_once_per_address")
        ]

    def __str__(self) -> str:
        return self.name or self.address


class Reply(models.Model):
    """Every answer as it came, kept for the record; `Invitation.partstat` is the one that counts."""

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="replies")
    partstat = models.CharField(max_length=16, choices=PartStat)
    comment = CleanTextField(max_length=500, blank=True)
    sequence = models.PositiveIntegerField(help_text="The state of the conference that was answered.")
    at = models.DateTimeField()
    looks_automatic = models.BooleanField(default=False, help_text="Contradicts another answer given seconds before.")


class Submission(models.Model):
    """One press of “Invite”: the same id again is the same press, however often the network repeats it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    conference = models.ForeignKey(Conference, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="Of what was asked: the same id with other content is an error.")
    at = models.DateTimeField(auto_now_add=True)


class Delivery(models.Model):
    """One message on its way to one address. The row is the queue: see outbox.py for its states and arrows."""

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("invitation")
        UPDATE = "update", _("update")
        CANCELLATION = "cancellation", _("cancellation")
        NOTICE = "notice", _("notice")
        ACCOUNT = "account", _("account")

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not delivered")
        UNCERTAIN = "uncertain", _("Perhaps sent")
        SUPERSEDED = "superseded", _("Superseded")
        CANCELLED = "cancelled", _("Cancelled")
        HELD = "held", _("Held back")

    # To whom, about what. Account mail has neither conference nor invitation; a notice has no invitation.
    address = models.CharField(max_length=254)
    kind = models.CharField(max_length=16, choices=Kind)
    conference = models.ForeignKey(Conference, models.CASCADE, null=True, related_name="deliveries")
    invitation = models.ForeignKey(Invitation, models.CASCADE, null=True, related_name="deliveries")
    sequence = models.PositiveIntegerField(default=0)
    ordinal = models.PositiveIntegerField(default=0, help_text="One more for each “Send again”.")

    # When, and who has it in hand.
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    state_at = models.DateTimeField(default=timezone.now)
    priority = models.PositiveSmallIntegerField(default=0, help_text="0 before 1; large submissions wait.")
    due_at = models.DateTimeField(default=timezone.now)
    give_up_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    copies = models.PositiveSmallIntegerField(default=0, help_text="Times that the message may have been taken.")
    worker = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)

    # Fixed before the first try, the same bytes at every try.
    message_id = models.CharField(max_length=255, blank=True)
    composed_at = models.DateTimeField(null=True, help_text="Date and DTSTAMP.")
    message = models.BinaryField(null=True, help_text="The whole message, compressed.")

    reason = models.CharField(max_length=300, blank=True, help_text="The server's last words, or ours; plain text.")
    reported_at = models.DateTimeField(null=True, help_text="When the organizer was told of the trouble.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invitation", "kind", "sequence", "ordinal"],
                condition=models.Q(invitation__isnull=False),
                name="delivery_told_once",
            )
        ]
        indexes: ClassVar = [
            models.Index("priority", "due_at", condition=models.Q(state__in=["queued", "uncertain"]), name="delivery_due"),
            models.Index("leased_until", condition=models.Q(state="sending"), name="delivery_leased"),
        ]


class Channel(models.Model):
    """The way to the mail server, one row: paused while the server as a whole refuses or does not answer."""

    paused_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(null=True, help_text="When the present trouble began.")
    last_sent_at = models.DateTimeField(null=True)
