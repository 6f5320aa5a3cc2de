"""What this site knows about somebody: all of theirs, nothing of others, in files that nothing in them can command."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from cabinet.models import User
from conferences.models import Arrival, Conference
from invitations import outbox, wishes
from invitations.address_keys import AddressKey
from invitations.models import Delivery, Invitation, PartStat
from tests.factories import make_conference, make_key, make_user
from tests.invitations.deliveries import owe

pytestmark = pytest.mark.django_db

FORMULA = "=HYPERLINK(1)"


def add_mail(conference: Conference, text: str, **fields: Any) -> None:
    """What Bob wrote."""
    conference.incoming_mail.create(address="BOB@example.org", text=text, received_at=timezone.now(), **fields)


@pytest.fixture
def bob_invited(alice: User) -> Invitation:
    """Bob, with something in every place; Dan beside him, and Bob once more at a stranger's."""
    now = timezone.now()
    bob, dan = owe(make_conference(alice, topic="Budget"), "bob", "dan")
    bob.respond(PartStat.ACCEPTED, FORMULA, now)
    dan.respond(PartStat.DECLINED, "Dan's own words", now)
    Delivery.objects.filter(invitation=bob).update(state="failed", reply="550 nobody here")
    Arrival.objects.create(
        conference=bob.conference, key=bob.key, name="Bobby", knocked_at=now, seen_at=now, entered_at=now
    )
    add_mail(bob.conference, "By mail", kind="words", invitation=bob)
    owe(make_conference(make_user(), topic="Elsewhere"), "bob")
    owe(make_conference(alice, topic="Not his"), "dan")
    return bob


def get(client: Client, whose: Invitation | AddressKey, ending: str = "") -> bytes:
    """The page, or the file, behind a personal link or a key."""
    name = "address-data" if isinstance(whose, AddressKey) else "your-data"
    path = reverse(f"invitations:{name}{'-file' if ending else ''}", args=[whose.token, *filter(None, [ending])])
    content: bytes = client.get(path).content
    return content


@pytest.fixture
def key(bob_invited: Invitation) -> AddressKey:
    return make_key("Bob@example.org")


def test_a_personal_link_shows_what_belongs_to_its_invitation_alone(client: Client, bob_invited: Invitation) -> None:
    outbox.queue_links(bob_invited.address)
    add_mail(bob_invited.conference, "To this one", kind="newcomer")
    add_mail(make_conference(), "To another", kind="newcomer")
    for ending in ("", "json", "csv", "ics"):
        text = get(client, bob_invited, ending).decode()
        assert "Budget" in text
        for foreign in ("Elsewhere", "Not his", "Dan", "To another", "links", "Wants no letters", "wants_no_letters"):
            assert foreign not in text
        if ending in {"", "json", "csv"}:
            for own in ("Bobby", "By mail", "To this one", "550 nobody here"):
                assert own in text


def test_page_and_file_hold_everything_of_the_address_and_nothing_of_others(client: Client, key: AddressKey) -> None:
    for text in (get(client, key).decode(), get(client, key, "json").decode()):
        for expected in ("Budget", "Elsewhere", "Bobby", "By mail", "550 nobody here", FORMULA, "Alice Adams"):
            assert expected in text
        assert "own words" not in text
        assert "dan@example.org" not in text
        assert "Not his" not in text


def test_the_file_for_programs_names_everything(client: Client, key: AddressKey) -> None:
    known = json.loads(get(client, key, "json"))
    assert known["address"] == "Bob@example.org"
    mine = next(one for one in known["invitations"] if one["topic"] == "Budget")
    assert (mine["answer"], mine["comment"], len(mine["answers"]), len(mine["came"])) == ("Accepted", FORMULA, 1, 1)
    tokens = Invitation.objects.values_list("token", flat=True)
    assert not [token for token in tokens if token in json.dumps(known)]


def test_no_cell_of_the_file_for_spreadsheets_is_a_formula(client: Client, bob_invited: Invitation) -> None:
    rows = list(csv.reader(io.StringIO(get(client, bob_invited, "csv").decode("utf-8-sig"))))
    assert ["Budget", "Comment", f"'{FORMULA}"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_the_file_for_calendars_has_the_conferences_by_the_identity_of_the_letters(
    client: Client, bob_invited: Invitation, key: AddressKey
) -> None:
    calendar = Calendar.from_ical(get(client, key, "ics"))
    theirs = Invitation.objects.of_address("bob@example.org").select_related("conference")
    assert {str(event["uid"]) for event in calendar.walk("VEVENT")} == {row.conference.uid for row in theirs}
    assert bob_invited.personal_link in get(client, key, "ics").decode().replace("\r\n ", "")


def test_what_belongs_to_no_invitation_is_there_too(client: Client, bob_invited: Invitation, key: AddressKey) -> None:
    now = timezone.now()
    outbox.queue_links("Bob@example.org")
    wishes.silence(bob_invited.address, now)
    add_mail(make_conference(), "May I?", kind="newcomer")
    rows = list(csv.reader(io.StringIO(get(client, key, "csv").decode("utf-8-sig"))))
    own = {label: text for topic, label, text in rows if not topic}
    assert own["Wants no letters"] == "yes"
    assert "links; Queued; Bob@example.org" in own["Letters to you"]
    assert "May I?" in own["Mail from you"]
    assert "May I?" in get(client, key).decode()


def test_there_is_no_file_of_another_kind(client: Client, bob_invited: Invitation) -> None:
    assert client.get(reverse("invitations:your-data-file", args=[bob_invited.token, "xls"])).status_code == 404
