"""What people typed stands for itself on every page: right-to-left words never turn their neighbours around."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cabinet.models import User
from conferences.models import Change, Conference
from invitations.models import PartStat
from tests.factories import make_conference, make_contact, make_invitation

WORD = "שלום"
# Elements whose text a browser lays out by itself.
ALONE = {"title", "textarea", "option"}
WITHOUT_END = {"br", "hr", "img", "input", "link", "meta"}


class Reader(HTMLParser):
    """Finds where WORD stands beside other words without being isolated from them: by <bdi>, or by an own direction."""

    def __init__(self) -> None:
        super().__init__()
        self.around: list[tuple[str, bool]] = []
        self.found = 0
        self.exposed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in WITHOUT_END:
            self.around.append((tag, tag == "bdi" or "dir" in dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.around and self.around.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if WORD in data:
            self.found += 1
            is_isolated = any(isolates for _tag, isolates in self.around[2:])
            if not is_isolated and self.around[-1][0] not in ALONE:
                self.exposed.append(f"{[tag for tag, _isolates in self.around[-3:]]} {data.strip()}")


@pytest.fixture
def conference(alice: User) -> Conference:
    """One that goes on, full of right-to-left words, like everything around it."""
    alice.name = f"Alice {WORD}"
    alice.save()
    made = make_conference(
        alice, start=timezone.now().replace(tzinfo=None) - timedelta(minutes=5), time_zone="UTC",
        topic=f"Topic {WORD}", agenda=f"Agenda {WORD}", password=f"pass{WORD}",
    )  # fmt: skip
    make_contact(alice, f"Bob {WORD}", "bob@example.org", organisation=f"Org {WORD}")
    invitation = make_invitation(made, name=f"Bob {WORD}")
    invitation.respond(PartStat.ACCEPTED, f"Comment {WORD}", timezone.now())
    return made


def test_right_to_left_words_are_isolated_on_every_page(as_alice: Client, conference: Conference, alice: User) -> None:
    (invitation,) = conference.invitations.all()
    organizers = [
        reverse(f"conferences:{name}", args=[conference.pk]) for name in ("conference", "edit", "cancellation")
    ]
    organizers += [
        reverse(f"invitations:{name}", args=[conference.pk, invitation.pk]) for name in ("address", "removal")
    ]
    organizers += ["/", "/conferences/", "/contacts/", reverse("invitations:ledger", args=[conference.pk])]
    guests = [reverse(f"invitations:{name}", args=[invitation.token]) for name in ("personal", "answer")]
    guests += [reverse("conferences:join", args=[conference.join_token])]
    assert exposed(as_alice, *organizers, *guests) == {}
    conference.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY, message=f"Message {WORD}")
    assert exposed(as_alice, organizers[0], guests[0], guests[2]) == {}


def exposed(client: Client, *pages: str) -> dict[str, list[str]]:
    """Page -> what stands there unprotected; only pages with such a place."""
    readers = {page: Reader() for page in pages}
    for page, reader in readers.items():
        reader.feed(client.get(page).content.decode())
        assert reader.found, page
    return {page: reader.exposed for page, reader in readers.items() if reader.exposed}
