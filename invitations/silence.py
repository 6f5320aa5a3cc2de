"""Who asked not to be written to any more: known by a keyed hash alone, so that nobody can read the list."""

from django.db import models


class Silence(models.Model):
    """An address to which this site sends no letters about conferences."""

    digest = models.CharField(max_length=64, unique=True, help_text="HMAC of the address in lower case.")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]
