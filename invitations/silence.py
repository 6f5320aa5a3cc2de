"""Who asked not to be written to any more: known by a keyed hash alone, so that nobody can read the list.

It holds for every letter about a conference, whoever sends it; only what somebody asks for themselves, account mail and
their own links, still goes there. Letters carry no List-Unsubscribe (RFC 8058): mail gateways that press such links by
themselves would cut people off from every conference of everybody, and these letters are no list.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

# So many addresses are looked up in one query.
AT_ONCE = 500


def digest(address: str, key: str | None = None) -> str:
    """The hash by which `address` is known, under SECRET_KEY or a former `key`."""
    return salted_hmac("invitations.silence", address.lower(), key, algorithm="sha256").hexdigest()


def _digests(address: str) -> list[str]:
    """All hashes that may stand for `address`: under the present key and the former ones."""
    return [digest(address, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


class SilenceQuerySet(models.QuerySet["Silence"]):
    """Asking for it, and who did."""

    def among(self, addresses: Iterable[str]) -> set[str]:
        """Those of `addresses`, in lower case, that are not to be written to."""
        wanted = sorted({address.lower() for address in addresses})
        if not wanted or not self.exists():  # mostly nobody has asked for it
            return set()
        known = {each: address for address in wanted for each in _digests(address)}
        asked = list(known)
        parts = (asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE))
        return {
            known[found] for part in parts for found in self.filter(digest__in=part).values_list("digest", flat=True)
        }

    def holds(self, address: str) -> bool:
        """Whether `address` is not to be written to."""
        return self.filter(digest__in=_digests(address)).exists()

    def begin(self, address: str, now: datetime) -> None:
        """No more letters to `address`; asking twice is asking once."""
        self.get_or_create(digest=digest(address), defaults={"at": now})

    def end(self, address: str) -> None:
        """Letters again."""
        self.filter(digest__in=_digests(address)).delete()


class Silence(models.Model):
    """An address to which this site sends no letters about conferences."""

    digest = models.CharField(max_length=64, unique=True, help_text="HMAC of the address in lower case.")
    at = models.DateTimeField()

    objects = SilenceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest[:12]
