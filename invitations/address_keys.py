"""Keys to all that this site holds under an address: only mail to that address brings one, and it ends within a day.

A personal link is passed on with the letter that it stands in; so it opens its own invitation, and no more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from addressbook.addresses import shown_address
from conferences.tokens import new_token

KEPT = timedelta(hours=24)


class AddressKeyQuerySet(models.QuerySet["AddressKey"]):
    """Doors to keys."""

    def valid(self, now: datetime) -> Self:
        """Those that still open something."""
        return self.filter(expires_at__gt=now)

    def of_address(self, address: str) -> Self:
        """Those to one address."""
        return self.alias(folded=Lower("address")).filter(folded=address.lower())


class AddressKey(models.Model):
    """Opens what is held under `address`, in the language and by the clock of the letter that brought it."""

    token = models.CharField(max_length=26, unique=True, default=new_token, editable=False)
    address = models.CharField(max_length=254)
    language = models.CharField(max_length=16, blank=True)
    time_zone = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    objects = AddressKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.address

    def get_absolute_url(self) -> str:
        """What is held under the address."""
        return reverse("invitations:address-data", args=[self.token])

    @property
    def link(self) -> str:
        """The same as letters carry it."""
        return settings.SITE_URL + self.get_absolute_url()

    @property
    def shown_address(self) -> str:
        """The address as people read it."""
        return shown_address(self.address)
