"""What an organizer says to those who are invited, besides what the conference itself says."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from cabinet.text import CleanTextField
from conferences.models import Conference


class Message(models.Model):
    """One press of “Send”: the same id again is the same press."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    conference = models.ForeignKey(Conference, models.CASCADE, related_name="messages")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = CleanTextField(max_length=2000, blank=True)
    digest = models.CharField(max_length=64, help_text="Of what was asked: the same id with other content is an error.")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.conference} {self.at:%Y-%m-%d %H:%M}"
