"""Who else may manage conferences: co-organizers of one conference, and deputies of a person."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class CoOrganizer(models.Model):
    """Somebody who manages one conference as its organizer does."""

    conference = models.ForeignKey("conferences.Conference", models.CASCADE, related_name="co_organizings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="co_organizings")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("user", "conference", name="co_organizer_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.conference}"


class Deputy(models.Model):
    """Somebody whom a person has named in the profile: schedules and manages conferences in that person's name."""

    principal = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="deputies")
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="principals")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("deputy", "principal", name="deputy_once")]

    def __str__(self) -> str:
        return f"{self.deputy} for {self.principal}"


def managed_by(user: AbstractBaseUser, path: str = "") -> models.Q:
    """What belongs to conferences that `user` manages: as organizer, deputy of the organizer, or co-organizer.

    `path` leads from the rows asked for to the conference, as in "conference__".
    """
    principals = Deputy.objects.filter(deputy=user.pk).values("principal")
    shared = CoOrganizer.objects.filter(user=user.pk).values("conference")
    return (
        models.Q(**{f"{path}organizer": user.pk})
        | models.Q(**{f"{path}organizer__in": principals})
        | models.Q(**{f"{path}pk__in": shared})
    )
