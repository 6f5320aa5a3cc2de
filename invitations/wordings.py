"""The site's own words in letters: an administrator's, per kind of letter and language."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from cabinet.text import CleanTextField


class Wording(models.Model):
    """One sentence of a kind of letter in one language, in place of ours."""

    kind = models.CharField(max_length=16)
    part = models.CharField(max_length=16, help_text="Which sentence of the letter.")
    language = models.CharField(max_length=16)
    text = CleanTextField(max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "part", "language"], name="wording_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.part} {self.language}"
