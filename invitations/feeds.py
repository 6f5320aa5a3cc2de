"""The address of a calendar feed: one for each person, secret, and another one as soon as it got out."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.urls import reverse

from conferences.tokens import new_token


class FeedQuerySet(models.QuerySet["Feed"]):
    """Doors to feeds."""

    def open(self) -> Self:
        """Those that may be read: of people whose account is not switched off."""
        return self.filter(user__is_active=True).select_related("user")

    def renew(self, user: AbstractBaseUser) -> Feed:
        """The feed of `user` under an address that nobody has; the one before is unknown at once."""
        feed, _is_new = self.update_or_create(user=user, defaults={"token": new_token()})
        return feed


class Feed(models.Model):
    """One person's address of the feed."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feed")
    token = models.CharField(max_length=26, unique=True, default=new_token, editable=False)
    made_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Feed]] = FeedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.user}"

    def get_absolute_url(self) -> str:
        return reverse("invitations:feed", args=[self.token])

    @property
    def address(self) -> str:
        """The address as calendars take it."""
        return settings.SITE_URL + self.get_absolute_url()
