"""What this site knows about somebody: all of theirs, nothing of others, in files that nothing in them can command."""

import csv
import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from cabinet.models import User
from conferences.models import Arrival
from invitations import outbox, wishes
from invitations.models import Delivery, IncomingMail, Invitation, PartStat
from tests.factories import make_conference, make_user
from tests.invitations.deliveries import owe

pytestmark = pytest.mark.django_db

FORMULA = "=HYPERLINK(1)"


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
    IncomingMail.objects.create(
        conference=bob.conference, invitation=bob, kind="words", address=bob.address, text="By mail", received_at=now
    )
    owe(make_conference(make_user(), topic="Elsewhere"), "bob")
    owe(make_conference(alice, topic="Not his"), "dan")
    return bob


def get(client: Client, invitation: Invitation, ending: str = "") -> bytes:
    name, args = ("your-data-file", [ending]) if ending else ("your-data", [])
    content: bytes = client.get(reverse(f"invitations:{name}", args=[invitation.mailbox_token, *args])).content
    return content


def test_page_and_file_hold_everything_of_the_address_and_nothing_of_others(
    client: Client, bob_invited: Invitation
) -> None:
    for text in (get(client, bob_invited).decode(), get(client, bob_invited, "json").decode()):
        for expected in ("Budget", "Elsewhere", "Bobby", "By mail", "550 nobody here", FORMULA, "Alice Adams"):
            assert expected in text
        assert "Dan" not in text
        assert "Not his" not in text


def test_the_file_for_programs_names_everything(client: Client, bob_invited: Invitation) -> None:
    known = json.loads(get(client, bob_invited, "json"))
    assert known["address"] == "bob@example.org"
    mine = next(one for one in known["invitations"] if one["topic"] == "Budget")
    assert (mine["answer"], mine["comment"], len(mine["answers"]), len(mine["came"])) == ("Accepted", FORMULA, 1, 1)
    tokens = Invitation.objects.values_list("token", "mailbox_token")
    assert not [token for pair in tokens for token in pair if token in json.dumps(known)]


def test_no_cell_of_the_file_for_spreadsheets_is_a_formula(client: Client, bob_invited: Invitation) -> None:
    rows = list(csv.reader(io.StringIO(get(client, bob_invited, "csv").decode("utf-8-sig"))))
    assert ["Budget", "Comment", f"'{FORMULA}"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_the_file_for_calendars_has_the_conferences_by_the_identity_of_the_letters(
    client: Client, bob_invited: Invitation
) -> None:
    calendar = Calendar.from_ical(get(client, bob_invited, "ics"))
    theirs = Invitation.objects.of_address("bob@example.org").select_related("conference")
    assert {str(event["uid"]) for event in calendar.walk("VEVENT")} == {row.conference.uid for row in theirs}
    assert bob_invited.personal_link in get(client, bob_invited, "ics").decode().replace("\r\n ", "")


def test_what_belongs_to_no_invitation_is_there_too(client: Client, bob_invited: Invitation) -> None:
    now = timezone.now()
    outbox.queue_links("Bob@example.org")
    wishes.silence(bob_invited.address, now)
    IncomingMail.objects.create(
        conference=bob_invited.conference, kind="newcomer", address="BOB@example.org", text="May I?", received_at=now
    )
    rows = list(csv.reader(io.StringIO(get(client, bob_invited, "csv").decode("utf-8-sig"))))
    own = {label: text for topic, label, text in rows if not topic}
    assert own["Wants no letters"] == "yes"
    assert "links; Queued; Bob@example.org" in own["Letters to you"]
    assert "May I?" in own["Mail from you"]
    assert "May I?" in get(client, bob_invited).decode()


def test_there_is_no_file_of_another_kind(client: Client, bob_invited: Invitation) -> None:
    assert client.get(reverse("invitations:your-data-file", args=[bob_invited.mailbox_token, "xls"])).status_code == 404
