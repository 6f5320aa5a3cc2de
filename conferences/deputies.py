"""Who else may manage conferences: co-organizers of one conference, and deputies of a person."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Shares:
    """What `managed_by` asks the database for, looked up, for lists that are walked share by share along an index.

    `organizers`: pk of the person, and of everybody whose deputy that person is. `conferences`: pks of those of others
    that the person is a co-organizer of. No conference is in two shares.
    """

    organizers: tuple[int, ...]
    conferences: tuple[int, ...]

    def conditions(self, path: str = "") -> list[models.Q]:
        """One for each share; of conferences, or of what has an organizer of its own and a conference at `path`."""
        shared = [models.Q(**{f"{path or 'pk'}__in": self.conferences})] if self.conferences else []
        return [*(models.Q(organizer=organizer) for organizer in self.organizers), *shared]

    def condition(self, path: str = "") -> models.Q:
        """All of them at once, for what is few whoever asks."""
        if not self.conferences and len(self.organizers) == 1:
            return models.Q(organizer=self.organizers[0])
        shared = models.Q(**{f"{path or 'pk'}__in": self.conferences}) if self.conferences else models.Q()
        return models.Q(organizer__in=self.organizers) | shared


def shares_of(user: AbstractBaseUser) -> Shares:
    """The shares of `user`, by one query."""
    nothing = models.Value(None, output_field=models.BigIntegerField())
    principals = Deputy.objects.filter(deputy=user.pk).values_list("principal", nothing)
    shared = CoOrganizer.objects.filter(user=user.pk).values_list("conference__organizer", "conference")
    rows = list(principals.union(shared, all=True))
    organizers = dict.fromkeys([user.pk, *(organizer for organizer, conference in rows if conference is None)])
    conferences = (conference for organizer, conference in rows if conference and organizer not in organizers)
    return Shares(tuple(organizers), tuple(conferences))
