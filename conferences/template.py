"""Named sets of settings that new conferences start with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineField
from conferences import times


class TemplateQuerySet(models.QuerySet["Template"]):
    """Each person's own: every look-up starts with the owner."""

    def default_of(self, owner: AbstractBaseUser) -> Template | None:
        """What new conferences of `owner` start with, if that is a template."""
        return self.filter(owner=owner.pk, is_default=True).first()

    def remember(self, owner: AbstractBaseUser, name: str, values: Mapping[str, Any]) -> Template:
        """Keep `values` under `name`, in place of what was there; without a name as the default."""
        values = as_json(values)
        default = None if name else self.default_of(owner)
        kept_as = default.name if default else name or gettext("My defaults")
        template, _created = self.update_or_create(owner_id=owner.pk, name=kept_as, defaults={"values": values})
        if not name:
            self.start_with(owner, template.pk)
            template.is_default = True
        return template

    def start_with(self, owner: AbstractBaseUser, pk: int | str | None) -> None:
        """Let new conferences of `owner` start with the template `pk`, or with none of them."""
        mine = self.filter(owner=owner.pk)
        with transaction.atomic():
            list(mine.select_for_update().order_by("pk"))  # two at once would be two defaults
            mine.filter(is_default=True).update(is_default=False)
            mine.filter(pk=pk or None).update(is_default=True)


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with lengths of time as minutes."""
    return {name: times.minutes_of(value) if isinstance(value, timedelta) else value for name, value in values.items()}


class Template(models.Model):
    """Settings under a name; the one that is the default fills in every new conference of its owner."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="templates")
    name = LineField(_("Name of the template"), max_length=80)
    values = models.JSONField(default=dict, help_text="What defaults.py remembers, by field name.")
    is_default = models.BooleanField(_("New conferences start with it"), default=False)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint("owner", "name", name="template_once_per_name"),
            models.UniqueConstraint(fields=["owner"], condition=models.Q(is_default=True), name="template_one_default"),
        ]

    def __str__(self) -> str:
        return self.name
