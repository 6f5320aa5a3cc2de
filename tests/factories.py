"""Plain functions that make what a test needs and nothing more."""

import itertools
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Conference
from invitations.address_keys import KEPT, AddressKey
from invitations.models import Invitation

PASSWORD = "correct horse battery"
_count = itertools.count(1)


def make_user(email: str = "", *, name: str = "", **fields: Any) -> User:
    """An account that signs in with PASSWORD."""
    email = email or f"organizer{next(_count)}@example.org"
    return User.objects.create_user(email, PASSWORD, name=name or email.partition("@")[0].title(), **fields)


def make_conference(organizer: User | None = None, *, start: datetime | None = None, **fields: Any) -> Conference:
    """A conference at `start` on the clock of its zone (naive; default 10:00 in a week), one hour long."""
    start = start or datetime.combine(timezone.localdate() + timedelta(days=7), time(10))
    defaults: dict[str, Any] = {
        "topic": "Quarterly planning",
        "start_date": start.date(),
        "start_time": start.time(),
        "time_zone": "Europe/Berlin",
        "duration": timedelta(hours=1),
        "number": Conference.objects.free_number(),
    }
    return Conference.objects.schedule(organizer or make_user(), now=timezone.now(), **defaults | fields)


def make_contact(
    owner: User | None, name: str = "Bob Brown", address: str = "bob@example.org", **fields: Any
) -> Contact:
    """A contact in `owner`'s book, or in the shared one."""
    return Contact.objects.create(owner=owner, name=name, address=address, **fields)


def make_invitation(
    conference: Conference | None = None, address: str = "bob@example.org", name: str = "Bob Brown", **fields: Any
) -> Invitation:
    """An invitation without any letter on its way."""
    return Invitation.objects.create(conference=conference or make_conference(), address=address, name=name, **fields)


def make_key(address: str = "bob@example.org", **fields: Any) -> AddressKey:
    """A key to what is held under `address`, as a letter brings it."""
    defaults: dict[str, Any] = {"time_zone": "Europe/Berlin", "expires_at": timezone.now() + KEPT}
    return AddressKey.objects.create(address=address, **defaults | fields)
