"""Who stood at the door of an occurrence: who waits, who was let in or turned away, who came through."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

from cabinet.text import LineField
from conferences.choices import Role


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    """What the door and the organizer's page ask."""

    def waiting(self) -> Self:
        """In the waiting room, longest first: neither let in nor turned away."""
        return self.filter(admitted_at=None, refused_at=None, entered_at=None).order_by("knocked_at", "pk")

    def inside(self) -> Self:
        """Those who went through our door; whether they left again no door can tell."""
        return self.filter(entered_at__isnull=False).order_by("entered_at", "pk")


class Arrival(models.Model):
    """One person at the door of one occurrence; of the conference itself where that is a permanent one."""

    conference = models.ForeignKey("conferences.Conference", models.CASCADE, related_name="arrivals")
    occurrence = models.ForeignKey("conferences.Occurrence", models.CASCADE, null=True, related_name="arrivals")
    key = models.CharField(max_length=64, help_text="Tells one person at this door from another: see join.Participant.")
    name = LineField(max_length=128)
    role = models.CharField(max_length=16, choices=Role, default=Role.PARTICIPANT)
    knocked_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When their waiting page last asked.")
    admitted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True, help_text="First time through our door.")

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["occurrence", "key"], condition=models.Q(occurrence__isnull=False), name="arrival_once"
            ),
            models.UniqueConstraint(
                fields=["conference", "key"], condition=models.Q(occurrence=None), name="arrival_once_permanent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.conference}"
