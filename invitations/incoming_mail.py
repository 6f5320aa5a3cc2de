"""What came by mail: what was read already, and what only the organizer can decide or should read."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cabinet.text import CleanTextField, LineField
from conferences.models import Conference


class Received(models.Model):
    """A message that was dealt with, so that the same one, fetched or handed over again, does nothing."""

    digest = models.CharField(max_length=64, unique=True, help_text="Of its Message-ID, or of the whole without one.")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


class Bookmark(models.Model):
    """Up to where a mailbox was read: UIDs grow, and count anew under another UIDVALIDITY (RFC 3501 2.3.1.1).

    One worker at a time holds it, and only whoever does may move it.
    """

    mailbox = models.CharField(max_length=500, unique=True)
    uid_validity = models.BigIntegerField(default=0)
    uid = models.BigIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True, help_text="When it was last read to its end.")

    def __str__(self) -> str:
        return f"{self.mailbox}: {self.uid}"


class Postponed(models.Model):
    """A message before the bookmark whose turn comes later: too many for its conference, or it was too hard once."""

    bookmark = models.ForeignKey(Bookmark, models.CASCADE, related_name="postponed")
    uid = models.BigIntegerField()
    conference = models.ForeignKey(Conference, models.CASCADE, null=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Times that our own code failed on it.")
    due_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("bookmark", "uid", name="postponed_once")]

    def __str__(self) -> str:
        return f"{self.uid}: {self.due_at}"


class IncomingMail(models.Model):
    """What came for a conference and changes nothing by itself: the organizer looks at it, and decides if need be."""

    class Kind(models.TextChoices):
        ANSWER = "answer", _("unverified answer")
        NEWCOMER = "newcomer", _("wants to come")
        TIME = "time", _("proposes another time")
        WORDS = "words", _("wrote")

    conference = models.ForeignKey(Conference, models.CASCADE, related_name="incoming_mail")
    invitation = models.ForeignKey("invitations.Invitation", models.CASCADE, null=True, related_name="incoming_mail")
    kind = models.CharField(max_length=16, choices=Kind)
    address = models.CharField(max_length=254)
    name = LineField(max_length=128, blank=True)
    partstat = models.CharField(max_length=16, blank=True)
    original_date = models.DateField(null=True, help_text="Of the occurrence, where it is about only one.")
    sequence = models.PositiveIntegerField(null=True, help_text="The state of the conference that it speaks of.")
    stamp = models.DateTimeField(null=True, help_text="When it was said; answers are put in order by that.")
    text = CleanTextField(max_length=2000, blank=True)
    is_certain = models.BooleanField(default=False, help_text="Whether it certainly comes from that person.")
    starts_at = models.DateTimeField(null=True, help_text="Of the time that is proposed.")
    ends_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    notice = models.ForeignKey(
        "invitations.Delivery", models.SET_NULL, null=True, related_name="mail", help_text="Told the organizer of it."
    )
    decided_at = models.DateTimeField(null=True)
    is_accepted = models.BooleanField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index("conference", condition=models.Q(decided_at=None), name="incoming_mail_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.name or self.address}"
