"""What invited people decide about themselves: for their address, whoever invited them to whatever, or for one."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from invitations import outbox
from invitations.address_keys import AddressKey
from invitations.models import Delivery, Invitation
from invitations.outbox import Why
from invitations.silence import Silence


def choose(address: str, fields: Mapping[str, str], now: datetime) -> None:
    """Write to them in this language and by this clock (`language`, `time_zone`), also about what is still to come."""
    Invitation.objects.known_to(address).update(**fields, chosen_at=now)
    AddressKey.objects.of_address(address).update(**{name: value for name, value in fields.items() if value})


def choose_for(invitation: Invitation, fields: Mapping[str, str]) -> None:
    """The same about this one conference alone: new invitations know nothing of it."""
    Invitation.objects.filter(pk=invitation.pk).update(**fields)


def silence(address: str, now: datetime) -> None:
    """No letters to `address` any more, nor those that wait."""
    with transaction.atomic():
        Silence.objects.begin(address, now)
        theirs = Invitation.objects.of_address(address).order_by("pk").select_for_update(no_key=True)
        outbox.drop(list(theirs), now=now, why=Why.UNWANTED)


def end_silence(address: str, now: datetime) -> None:
    """Letters again, and those about what is still to come that did not go out meanwhile."""
    Silence.objects.end(address)
    newest = Delivery.objects.filter(invitation=OuterRef("pk")).order_by("-pk").values("why")[:1]
    theirs = Invitation.objects.of_address(address).annotate(newest_why=Subquery(newest))
    to_come = Q(conference__over_at=None) | Q(conference__over_at__gt=now)
    for invitation in theirs.filter(to_come, newest_why=Why.UNWANTED):
        outbox.send_again(invitation, now=now)
