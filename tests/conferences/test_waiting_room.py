"""The waiting room as guests see it: who knocks waits, is let in or turned away, and looking changes nothing."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cabinet.models import User
from conferences.arrivals import Arrival
from conferences.choices import Role
from conferences.models import Conference
from invitations.models import Invitation
from tests.conferences.test_views import text_of
from tests.conferences.waiting import COOKIE, START, knock, make_waiting_room, path, standing
from tests.factories import make_invitation


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_waiting_room(alice)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(START, tick=False):
        yield


@pytest.fixture
def guest() -> Client:
    return Client(REMOTE_ADDR="192.0.2.1")


# THE GUEST'S SIDE


def test_who_presses_join_waits_and_is_told_so(conference: Conference, guest: Client) -> None:
    assert "The organizer lets people in from a waiting room." in text_of(guest.get(path(conference)))
    arrival = knock(guest, conference)
    assert (arrival.name, arrival.role, arrival.knocked_at) == ("Bob", Role.PARTICIPANT, START)
    assert standing(arrival) == (False, False, False)
    page = guest.get(path(conference))
    text = text_of(page)
    for words in ("You are in the waiting room", "Alice Adams knows you are here and will let you in.", "Leave"):
        assert words in text
    assert "Waiting as Bob" in text
    html = page.content.decode()
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
    assert "Refresh" not in page.headers  # it would take the page away from those with scripts
    assert "meet.jit.si/" not in html
    assert conference.occurrences.get().room_name not in html


def test_the_cookie_comes_with_join_alone_and_goes_to_the_doors_alone(conference: Conference, guest: Client) -> None:
    for address in (path(conference), "/join/"):
        guest.get(address)
    assert COOKIE not in guest.cookies
    knock(guest, conference)
    cookie = guest.cookies[COOKIE]
    assert re.fullmatch("[a-z2-7]{26}", cookie.value)
    attributes = {name: cookie[name] for name in ("path", "httponly", "samesite", "secure", "expires", "max-age")}
    assert attributes == {
        "path": "/join/", "httponly": True, "samesite": "Lax", "secure": "", "expires": "", "max-age": ""
    }  # fmt: skip
    assert cookie.value not in guest.get(path(conference)).content.decode()


def test_with_https_the_cookie_is_for_https_alone(conference: Conference, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    guest = Client()
    guest.post(path(conference), {"name": "Bob"}, secure=True)
    assert guest.cookies["__Secure-guest"]["secure"] is True


def test_the_same_browser_is_the_same_person_at_the_same_door(conference: Conference, guest: Client) -> None:
    knock(guest, conference)
    guest.post(path(conference), {"name": "Somebody else"})
    assert [arrival.name for arrival in Arrival.objects.all()] == ["Bob"]
    knock(Client(), conference, "Dan")
    assert Arrival.objects.count() == 2


@pytest.mark.parametrize("value", ["invitation-1", "user-1", "", "A" * 26, "a" * 27, "a" * 26 + "\n"])
def test_a_cookie_that_is_no_token_of_ours_is_nobody(conference: Conference, guest: Client, value: str) -> None:
    Arrival.objects.create(
        conference=conference, occurrence=conference.occurrences.get(), key=value or "guest-", name="Eve",
        knocked_at=START, seen_at=START, admitted_at=START,
    )  # fmt: skip
    guest.cookies[COOKIE] = value
    assert "Your name" in text_of(guest.get(path(conference)))
    knock(guest, conference)
    assert Arrival.objects.get(name="Bob").key not in {value, f"guest-{value}"}


def test_who_is_let_in_is_told_so_and_enters_under_the_name_that_was_let_in(
    conference: Conference, guest: Client
) -> None:
    Conference.objects.update(password="harbour42")
    arrival = knock(guest, conference, password="harbour42")
    Arrival.objects.all().admit(START)
    page = text_of(guest.get(path(conference)))
    assert "You may join now." in page
    assert "Your name" not in page
    assert "Password of this conference" not in page
    answer = guest.post(path(conference), {"name": "Alice Adams"})
    assert answer["Location"].startswith("https://meet.jit.si/")
    assert "Bob" in answer["Location"]
    assert "Alice" not in answer["Location"]
    assert standing(arrival) == (True, False, True)


def test_who_is_turned_away_is_told_so_kindly_and_stays_out_at_every_step(
    conference: Conference, guest: Client
) -> None:
    arrival = knock(guest, conference)
    Arrival.objects.all().refuse(START)
    for _ in range(2):
        page = text_of(guest.get(path(conference)))
        assert "You were not let in" in page
        assert "Alice Adams cannot let you in this time." in page
        assert guest.post(path(conference), {"name": "Bob"})["Location"] == path(conference)
        guest.post(f"{path(conference)}waiting/", {"leave": "1"})
        guest.post(f"{path(conference)}waiting/")
    assert standing(arrival) == (False, True, False)
    assert Arrival.objects.count() == 1


def test_who_leaves_is_forgotten(conference: Conference, guest: Client) -> None:
    knock(guest, conference)
    answer = guest.post(f"{path(conference)}waiting/", {"leave": "1"})
    assert (answer.status_code, answer["Location"]) == (303, path(conference))
    assert not Arrival.objects.exists()
    assert "Your name" in text_of(guest.get(path(conference)))


def test_a_stranger_can_neither_leave_nor_be_seen_for_another(conference: Conference, guest: Client) -> None:
    arrival = knock(guest, conference)
    with time_machine.travel(START + timedelta(minutes=1), tick=False):
        for stranger in (Client(), Client()):
            stranger.post(f"{path(conference)}waiting/", {"leave": "1"})
            stranger.post(f"{path(conference)}waiting/")
    arrival.refresh_from_db()
    assert arrival.seen_at == START


def test_presence_is_told_by_post_and_looking_changes_nothing(conference: Conference, guest: Client) -> None:
    arrival = knock(guest, conference)
    before = list(Arrival.objects.values())
    later = START + timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        guest.get(path(conference))
        guest.head(path(conference))
        assert guest.get(f"{path(conference)}waiting/").status_code == 405
        assert list(Arrival.objects.values()) == before
        assert guest.post(f"{path(conference)}waiting/").status_code == 204
    arrival.refresh_from_db()
    assert arrival.seen_at == later


@pytest.mark.parametrize("what", [{"leave": "1"}, {}])
def test_forged_posts_do_nothing(conference: Conference, guest: Client, what: dict[str, str]) -> None:
    knock(guest, conference)
    forger = Client(enforce_csrf_checks=True)
    forger.cookies = guest.cookies
    assert forger.post(f"{path(conference)}waiting/", what).status_code == 403
    assert Arrival.objects.count() == 1


def test_a_wrong_password_does_not_knock(conference: Conference, guest: Client) -> None:
    Conference.objects.update(password="harbour42")
    assert guest.post(path(conference), {"name": "Eve", "password": "guess1"}).status_code == 200
    assert not Arrival.objects.exists()


def out_of_tries(client: Client, conference: Conference) -> None:
    for _ in range(5):
        assert client.post(path(conference), {"name": "Bob", "password": "guess"}).status_code == 200


def test_out_of_tries_one_may_knock_and_a_person_decides(conference: Conference, guest: Client) -> None:
    Conference.objects.update(password="harbour42")
    out_of_tries(guest, conference)
    arrival = knock(guest, conference, password="guess")
    assert arrival.without_password
    page = text_of(guest.get(path(conference)))
    assert "Too many tries at the password." in page
    assert "Alice Adams knows you are here without it, and decides whether to let you in." in page
    assert "will let you in." not in page
    assert guest.post(path(conference), {"name": "Bob", "password": "harbour42"})["Location"] == path(conference)
    Arrival.objects.all().admit(START)
    assert guest.post(path(conference))["Location"].startswith("https://meet.jit.si/")


def test_the_right_password_at_the_door_needs_no_mark(conference: Conference, guest: Client) -> None:
    Conference.objects.update(password="harbour42")
    assert not knock(guest, conference, password="harbour42").without_password


def test_out_of_tries_the_right_password_is_answered_like_a_wrong_one(conference: Conference, guest: Client) -> None:
    Conference.objects.update(password="harbour42")
    out_of_tries(guest, conference)
    for name, password in (("Bob", "guess"), ("Dan", "harbour42")):
        assert knock(Client(REMOTE_ADDR="192.0.2.1"), conference, name, password=password).without_password


def test_out_of_tries_nobody_is_in_by_an_earlier_visit_nor_where_nobody_waits(
    conference: Conference, guest: Client
) -> None:
    Conference.objects.update(waiting_room=False)
    assert guest.post(path(conference), {"name": "Bob"})["Location"].startswith("https://meet.jit.si/")
    Conference.objects.update(password="harbour42")
    out_of_tries(guest, conference)
    assert guest.post(path(conference), {"name": "Bob", "password": "guess"}).status_code == 429
    Conference.objects.update(waiting_room=True)
    assert guest.post(path(conference), {"name": "Bob", "password": "guess"}).status_code == 429
    Conference.objects.update(waiting_room=False)
    assert Client(REMOTE_ADDR="192.0.2.1").post(path(conference), {"name": "D", "password": "g"}).status_code == 429
    assert Arrival.objects.count() == 1


def test_whoever_waits_without_the_password_needs_it_where_the_waiting_room_is_switched_off(
    conference: Conference, guest: Client
) -> None:
    Conference.objects.update(password="harbour42")
    out_of_tries(guest, conference)
    knock(guest, conference, password="guess")
    Conference.objects.update(waiting_room=False)
    assert guest.post(path(conference), {"name": "Bob", "password": "guess"}).status_code == 429


def test_out_of_tries_a_conference_id_leads_into_no_waiting_room(conference: Conference, guest: Client) -> None:
    """Else one could find out which numbers exist."""
    Conference.objects.update(password="harbour42")
    out_of_tries(guest, conference)
    fields = {"number": "123456789", "name": "Bob", "password": "harbour42"}
    assert guest.post("/join/", fields).status_code == 429
    assert not Arrival.objects.exists()


def test_number_and_password_lead_into_the_waiting_room_too(conference: Conference, guest: Client) -> None:
    Conference.objects.update(password="harbour42")
    answer = guest.post("/join/", {"number": "123456789", "name": "Bob", "password": "harbour42"})
    assert answer["Location"] == path(conference)
    assert "You are in the waiting room" in text_of(guest.get(path(conference)))
    Arrival.objects.all().admit(START)
    assert guest.post(path(conference))["Location"].startswith("https://meet.jit.si/")


def test_nobody_knocks_while_the_room_is_closed(conference: Conference, guest: Client) -> None:
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        guest.post(path(conference), {"name": "Bob"})
    assert not Arrival.objects.exists()


def test_one_network_cannot_drown_the_list(conference: Conference, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conferences.join.ARRIVALS_OF_NETWORK", 3)
    codes = [Client().post(path(conference), {"name": f"Bot {n}"}).status_code for n in range(5)]
    assert codes == [303, 303, 303, 429, 429]
    assert Arrival.objects.count() == 3
    assert Client(REMOTE_ADDR="192.0.2.9").post(path(conference), {"name": "Bob"}).status_code == 303


def test_where_the_waiting_room_is_switched_off_meanwhile_everybody_gets_in(
    conference: Conference, guest: Client
) -> None:
    knock(guest, conference)
    Conference.objects.update(waiting_room=False)
    assert "The room is open." in text_of(guest.get(path(conference)))
    assert guest.post(path(conference), {"name": "Bob"})["Location"].startswith("https://meet.jit.si/")


# INVITED PEOPLE


def test_invited_people_wait_by_their_invitation_whichever_browser_they_use(conference: Conference) -> None:
    invitation = make_invitation(conference)
    page, room = (reverse(f"invitations:{name}", args=[invitation.token]) for name in ("personal", "room"))
    answer = Client().post(room)
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert COOKIE not in answer.cookies
    other_browser = Client()
    shown = other_browser.get(page)
    assert "You are in the waiting room" in text_of(shown)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in shown.content.decode()
    Arrival.objects.all().admit(START)
    assert "You may join now." in text_of(other_browser.get(page))
    assert other_browser.post(room)["Location"].startswith("https://meet.jit.si/")
    assert Arrival.objects.get().key == f"invitation-{invitation.pk}"


def test_moderators_by_role_do_not_wait_and_the_role_is_read_at_each_use(conference: Conference) -> None:
    invitation = make_invitation(conference, role=Role.MODERATOR)
    room = reverse("invitations:room", args=[invitation.token])
    assert Client().post(room)["Location"].startswith("https://meet.jit.si/")
    Arrival.objects.all().delete()
    Invitation.objects.update(role=Role.PRESENTER)
    assert Client().post(room)["Location"] == invitation.get_absolute_url()
    assert Arrival.objects.get().role == Role.PRESENTER


@pytest.mark.parametrize("at_step", ["before", "waiting", "admitted", "inside"])
def test_every_captured_request_of_somebody_removed_is_refused(conference: Conference, at_step: str) -> None:
    invitation = make_invitation(conference)
    browser = Client()
    addresses = [reverse(f"invitations:{name}", args=[invitation.token]) for name in ("personal", "room", "waiting")]
    if at_step != "before":
        browser.post(addresses[1])
    if at_step in {"admitted", "inside"}:
        Arrival.objects.all().admit(START)
    if at_step == "inside":
        assert browser.post(addresses[1]).status_code == 303
    Invitation.objects.update(withdrawn_at=START)
    before = list(Arrival.objects.values())
    codes = {browser.get(addresses[0]).status_code}
    codes |= {browser.post(address, data).status_code for address in addresses for data in ({}, {"leave": "1"})}
    assert codes == {404}
    assert list(Arrival.objects.values()) == before
