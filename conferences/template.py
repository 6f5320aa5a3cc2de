"""Named sets of settings that new conferences start with."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineField


class Template(models.Model):
    """Settings under a name; the one that is the default fills in every new conference of its owner."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="templates")
    name = LineField(_("Name of the template"), max_length=80)
    values = models.JSONField(default=dict, help_text="What defaults.py remembers, by field name.")
    is_default = models.BooleanField(_("New conferences start with it"), default=False)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint("owner", "name", name="template_once_per_name"),
            models.UniqueConstraint(fields=["owner"], condition=models.Q(is_default=True), name="template_one_default"),
        ]

    def __str__(self) -> str:
        return self.name
