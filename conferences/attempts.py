"""How often something was tried: limits that hold over all processes, because they count in the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models


class AttemptManager(models.Manager["Attempt"]):
    """Counts tries."""

    def allow(self, scope: str, key: str, *, limit: int, window: timedelta, now: datetime) -> bool:
        """Count one try of `key`; False once `limit` tries of the `window` that began with the first are used up.

        Conditional UPDATEs count, so parallel tries at the limit let exactly the remaining ones pass.
        """
        row, created = self.get_or_create(scope=scope, key=key, defaults={"expires_at": now + window})
        mine = self.filter(pk=row.pk)
        if created:
            # Nobody else tidies up: who comes for the first time takes away what was left long ago.
            self.filter(expires_at__lt=now - timedelta(days=1)).delete()
        elif mine.filter(expires_at__lte=now).update(expires_at=now + window, count=1):
            return True
        return bool(mine.filter(count__lt=limit).update(count=models.F("count") + 1))

    def give_back(self, scope: str, key: str) -> None:
        """Take back one counted try, because it was a good one: the right password is no guess."""
        self.filter(scope=scope, key=key, count__gt=0).update(count=models.F("count") - 1)

    def is_used_up(self, scope: str, key: str, *, limit: int, now: datetime) -> bool:
        """Whether `key` has no try left at the moment; counts nothing."""
        return self.filter(scope=scope, key=key, count__gte=limit, expires_at__gt=now).exists()


class Attempt(models.Model):
    """How often something was tried in one window of time: passwords, unknown links."""

    scope = models.CharField(max_length=16)
    key = models.CharField(max_length=80)
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[AttemptManager] = AttemptManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("scope", "key", name="attempt_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}: {self.count}"
