"""What invited people decide about themselves: language and clock, their links again, a report."""

import re
import zlib
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Attempt, Conference
from invitations import claims, inviting, links, outbox, reporting, wishes, writing
from invitations.address_keys import AddressKey
from invitations.models import Delivery, Invitation
from invitations.silence import Silence
from tests.factories import make_conference, make_invitation, make_key, make_user

pytestmark = pytest.mark.django_db

BOB = "bob@example.org"
CHOSEN = {"time_zone": "Asia/Tokyo", "language": "de"}


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice)


@pytest.fixture
def bob_invited(conference: Conference) -> Invitation:
    return make_invitation(conference)


def url(name: str, invitation: Invitation) -> str:
    return reverse(f"invitations:{name}", args=[invitation.token])


def written() -> list[tuple[str, str]]:
    """Address and text of all that leaves now."""
    found = claims.claim("a-boot a-container 1 100", outbox.database_now(), 100)
    for claim in found:
        writing.write(claim.delivery, timezone.now())
    return [(claim.delivery.address, zlib.decompress(claim.delivery.message or b"").decode()) for claim in found]


# LANGUAGE AND CLOCK


def test_by_a_key_somebody_chooses_for_all_invitations_to_the_address(client: Client, bob_invited: Invitation) -> None:
    other = make_invitation(make_conference(make_user()), "BOB@example.org")
    stranger = make_invitation(bob_invited.conference, "dan@example.org")
    key = make_key()
    assert "gespeichert" in client.post(key.get_absolute_url(), CHOSEN, follow=True).text
    for invitation, expected in ((bob_invited, CHOSEN), (other, CHOSEN), (stranger, {"time_zone": "", "language": ""})):
        assert Invitation.objects.values("time_zone", "language").get(pk=invitation.pk) == expected
    assert '<html lang="de"' in client.get(key.get_absolute_url()).text


def test_by_a_personal_link_somebody_chooses_for_its_invitation_alone(
    client: Client, alice: User, bob_invited: Invitation
) -> None:
    other = make_invitation(make_conference(make_user()))
    assert client.post(url("you", bob_invited), CHOSEN).status_code == 302
    (later,) = inviting.invite(
        make_conference(alice), [("Bob", BOB)], by=alice, submission_id=uuid4(), now=timezone.now()
    )
    for invitation, language in ((bob_invited, "de"), (other, ""), (later, "")):
        assert Invitation.objects.get(pk=invitation.pk).language == language
    assert '<html lang="de"' in client.get(url("you", bob_invited)).text


def test_a_robot_that_presses_the_button_decides_nothing(client: Client, bob_invited: Invitation) -> None:
    assert client.post(url("you", bob_invited), {"time_zone": "", "language": ""}).status_code == 302
    assert Invitation.objects.get().chosen_at is None


def test_a_zone_or_language_that_is_none_is_refused(client: Client, bob_invited: Invitation) -> None:
    response = client.post(url("you", bob_invited), {"time_zone": "Mars/Olympus", "language": "tlh"})
    assert response.status_code == 200
    assert Invitation.objects.get().chosen_at is None


def test_a_new_invitation_takes_over_the_last_choice_and_only_then_the_contacts(alice: User, bob: Contact) -> None:
    Contact.objects.update(language="ru", time_zone="Europe/Moscow")

    def invited() -> tuple[str, str]:
        (row,) = inviting.invite(
            make_conference(alice), [("Bob", BOB)], by=alice, submission_id=uuid4(), now=timezone.now()
        )
        return row.language, row.time_zone

    assert invited() == ("ru", "Europe/Moscow")
    wishes.choose("Bob@example.org", CHOSEN, timezone.now())
    assert invited() == ("de", "Asia/Tokyo")
    wishes.choose("Bob@example.org", {"time_zone": "Asia/Tokyo", "language": ""}, timezone.now())
    assert invited() == ("ru", "Asia/Tokyo")


def test_the_link_of_whoever_is_no_longer_invited_is_as_unknown_as_one_that_never_was(
    client: Client, bob_invited: Invitation
) -> None:
    inviting.withdraw(bob_invited, timezone.now())
    unknown = client.get(reverse("invitations:you", args=["b" * 26]))
    for name in ("you", "your-links", "your-letters", "your-data", "erasure", "report"):
        answer = client.get(url(name, bob_invited))
        assert (answer.status_code, answer.content) == (404, unknown.content)
        assert client.post(url(name, bob_invited)).status_code in {404, 405}
    assert bob_invited.you_link.endswith("/i/")


# THEIR LINKS AGAIN


def test_links_go_to_the_address_that_is_invited(client: Client, alice: User, bob_invited: Invitation) -> None:
    make_invitation(make_conference(alice, start=datetime(2020, 1, 2, 9), topic="Long ago"))
    make_invitation(make_conference(alice, topic="Withdrawn"), withdrawn_at=timezone.now())
    client.post("/i/", {"address": "BOB@example.org"})
    ((address, letter),) = written()
    assert address == "BOB@example.org"
    assert bob_invited.personal_link in letter
    assert "Long ago" not in letter
    assert "Withdrawn" not in letter
    assert AddressKey.objects.get().link in letter


def test_no_letter_leads_to_a_page_with_the_button_that_sends_another(client: Client, bob_invited: Invitation) -> None:
    assert url("your-links", bob_invited) not in "".join(
        re.findall(r'action="[^"]*"', client.get(url("you", bob_invited)).content.decode())
    )
    client.post(url("your-links", bob_invited))
    ((_address, letter),) = written()
    assert url("your-links", bob_invited) not in letter


def test_nobody_learns_from_the_answer_who_is_invited(client: Client, bob_invited: Invitation) -> None:
    answers = [client.post("/i/", {"address": address}) for address in (BOB, "dan@example.org")]
    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert Delivery.objects.count() == 2
    assert [address for address, _text in written()] == [BOB]
    assert Delivery.objects.get(address="dan@example.org").state == "cancelled"


def test_an_address_gets_three_such_letters_an_hour_and_the_answer_stays_the_same(client: Client, alice: User) -> None:
    answers = {client.post("/i/", {"address": BOB})["Location"] for _ in range(links.LETTERS_TO_ADDRESS + 2)}
    assert answers == {"/i/sent/"}
    assert Delivery.objects.count() == links.LETTERS_TO_ADDRESS


def test_a_network_asks_twenty_times_an_hour(client: Client, alice: User) -> None:
    statuses = [client.post("/i/", {"address": f"p{n}@example.org"}).status_code for n in range(21)]
    assert statuses == [302] * 20 + [429]
    assert not Attempt.objects.filter(key__contains="@").exists()


def test_who_wants_no_letters_gets_the_links_they_asked_for(client: Client, bob_invited: Invitation) -> None:
    wishes.silence(BOB, timezone.now())
    client.post(url("your-links", bob_invited))
    assert len(written()) == 1


# A KEY TO THE ADDRESS


def key_from_letter(client: Client) -> str:
    """The path of the key that Bob gets when anybody asks for it."""
    client.post("/i/", {"address": BOB})
    ((address, letter),) = written()
    assert address == BOB
    (path,) = re.findall(r"/you/[a-z2-7]{26}/", letter)
    return str(path)


def test_who_was_withdrawn_sees_everything_by_a_key_and_nothing_of_it_by_a_link(
    client: Client, alice: User, bob_invited: Invitation
) -> None:
    gone = make_invitation(make_conference(alice, topic="Withdrawn"))
    inviting.withdraw(gone, timezone.now())
    page = client.get(key_from_letter(client)).content.decode()
    assert "Withdrawn" in page
    assert bob_invited.conference.topic in page


@pytest.mark.usefixtures("alice")  # without an account there is no site yet
def test_a_key_goes_also_to_whoever_is_invited_to_nothing_and_only_wants_letters_again(client: Client) -> None:
    wishes.silence(BOB, timezone.now())
    key = key_from_letter(client)
    client.post(f"{key}letters/", {"letters": ""})
    assert not Silence.objects.holds(BOB)


def test_a_key_ends_after_a_day(client: Client, bob_invited: Invitation) -> None:
    key, now = key_from_letter(client), timezone.now()
    with time_machine.travel(now + timedelta(hours=23, minutes=59), tick=False):
        assert client.get(key).status_code == 200
    with time_machine.travel(now + timedelta(hours=24, seconds=1), tick=False):
        for path in (key, f"{key}data.json", f"{key}letters/", f"{key}erasure/"):
            assert client.get(path).status_code == 404
        assert client.post(f"{key}erasure/").status_code == 404
    assert Invitation.objects.standing().exists()


# SILENCE


def test_silence_begins_by_a_personal_link_and_ends_by_a_key_alone(client: Client, bob_invited: Invitation) -> None:
    page, by_key = url("your-letters", bob_invited), reverse("invitations:address-letters", args=[make_key().token])
    assert "Write no more?" in client.get(page).text
    assert "Ask for a key" in client.post(page, {"silence": ""}, follow=True).text
    client.post(page, {"letters": ""})
    assert Silence.objects.holds(BOB)
    assert "Write no more?" in client.post(by_key, {"letters": ""}, follow=True).text
    assert "Get letters again" in client.post(by_key, {"silence": ""}, follow=True).text


# REPORTS


def test_administrators_read_what_was_sent_and_not_who_reports_it(client: Client, bob_invited: Invitation) -> None:
    make_user("root@example.org", is_staff=True)
    make_user("gone@example.org", is_staff=True, is_active=False)
    client.post(url("report", bob_invited), {"comment": "They want\nmoney"})
    ((address, letter),) = written()
    assert address == "root@example.org"
    for said in ("Quarterly planning", "alice@example.org", "> They want", "> money", "1 person invited"):
        assert said in letter
    assert "bob" not in letter.lower()
    client.post(url("report", bob_invited))
    assert Delivery.objects.count() == 1


def test_administrators_are_told_of_one_organizer_so_often_a_day(
    client: Client, conference: Conference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "OF_ORGANIZER", 2)
    make_user("root@example.org", is_staff=True)
    for name in ("bob", "dan", "eve"):
        assert client.post(url("report", make_invitation(conference, f"{name}@example.org"))).status_code == 302
    assert Delivery.objects.count() == 2
