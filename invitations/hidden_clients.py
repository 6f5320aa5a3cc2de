"""Rows of the mail-client drop-down that are left out, by the environment or by an administrator."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from invitations.mail_clients import CLIENTS, MailClient, offered


def rows() -> list[tuple[str, str | Promise]]:
    """What an administrator chooses from."""
    return [(slug, client.label) for slug, client in CLIENTS.items()]


def offered_here() -> dict[str, MailClient]:
    """The drop-down as people of this site see it."""
    return offered({*settings.HIDDEN_MAIL_CLIENTS, *HiddenClient.objects.values_list("client", flat=True)})


def client_of(user: Any) -> MailClient:
    """The one that somebody chose last; the first one for whoever has not chosen, or does not find theirs any more."""
    clients = offered_here()
    return clients.get(user.mail_client) or next(iter(clients.values()))


class HiddenClient(models.Model):
    """A mail client that is not offered: its provider has changed the page, or nobody here has it."""

    client = models.CharField(_("Mail client"), max_length=32, unique=True, choices=rows)

    class Meta:
        verbose_name = _("hidden mail client")
        verbose_name_plural = _("hidden mail clients")

    def __str__(self) -> str:
        return str(self.get_client_display())

    def clean(self) -> None:
        """A drop-down needs a row."""
        others = HiddenClient.objects.exclude(pk=self.pk).values_list("client", flat=True)
        if not offered({*settings.HIDDEN_MAIL_CLIENTS, *others, self.client}):
            raise ValidationError(_("This is the last mail client that is offered: leave it."))
