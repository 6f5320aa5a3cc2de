"""The doors for guests: who gets in when, what is said to the others, and how little guessing helps."""

import logging
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cabinet.environ import Room
from cabinet.models import User
from conferences.attempts import Attempt
from conferences.choices import Role
from conferences.join import Entrance, Refusal, Visitor, closed, door, enter, manager
from conferences.links import join_url
from conferences.models import Change, Conference, Occurrence
from conferences.tokens import new_token
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation

START = datetime(2026, 12, 3, 13, tzinfo=UTC)  # 14:00 in Berlin, one hour long
NOT_FOUND = "This invitation link is no longer valid."


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, start=datetime(2026, 12, 3, 14), topic="Autumn budget review", number="123-456-789")


@pytest.fixture
def guest() -> Client:
    """A browser without account, somewhere."""
    return Client(REMOTE_ADDR="192.0.2.1")


GUEST = Visitor("Charlie", "guest-" + "c" * 26)
BOB = Visitor("Bob", "invitation-1", is_invited=True)


def at(**later: float) -> Any:
    return time_machine.travel(START + timedelta(**later), tick=False)


def path(conference: Conference) -> str:
    return f"/join/{conference.join_token}/"


def stored() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Conference, Occurrence, Change, Attempt)]


# THE DECISION


@pytest.mark.parametrize(
    ("minutes", "refusal"),
    [(-16, Refusal.EARLY), (-15, None), (0, None), (61, None), (60 + 1439, None), (60 + 1440, Refusal.ENDED)],
)
def test_door_is_open_from_a_quarter_before_to_a_day_after(
    conference: Conference, minutes: int, refusal: Refusal | None
) -> None:
    assert closed(door(conference, START), START + timedelta(minutes=minutes)) is refusal


def test_door_of_a_cancelled_conference_is_closed_for_everybody(conference: Conference, alice: User) -> None:
    conference.cancel(alice, START, tell=Change.Tell.NOBODY)
    for person in (GUEST, BOB, manager(alice)):
        assert enter(door(conference, START), person, START) is Refusal.CANCELLED


def test_nobody_enters_before_the_organizer_where_that_is_set(conference: Conference, alice: User) -> None:
    conference.organizer_first = True
    assert enter(door(conference, START), BOB, START) is Refusal.WAITING
    assert isinstance(enter(door(conference, START), manager(alice), START), Entrance)
    conference.refresh_from_db()
    conference.organizer_first = True
    assert isinstance(enter(door(conference, START), BOB, START), Entrance)


def test_nobody_waits_any_longer_for_an_organizer_who_did_not_come(conference: Conference, alice: User) -> None:
    conference.organizer_first = True
    end = START + conference.duration
    assert closed(door(conference, START), end - timedelta(seconds=1)) is Refusal.WAITING
    assert closed(door(conference, START), end) is Refusal.ENDED
    assert isinstance(enter(door(conference, START), manager(alice), end), Entrance)


@pytest.mark.parametrize(("minutes", "counts"), [(-76, False), (-75, True), (-1, True), (30, True)])
def test_an_organizer_who_tries_the_room_out_days_before_opens_nothing(
    conference: Conference, alice: User, minutes: int, counts: bool
) -> None:
    answer = enter(door(conference, START), manager(alice), START + timedelta(minutes=minutes))
    assert isinstance(answer, Entrance)
    assert bool(Occurrence.objects.get().organizer_joined_at) == counts


def test_the_password_is_asked_of_those_with_the_direct_link_only(conference: Conference, alice: User) -> None:
    conference.password = "harbour42"
    for wrong in ("", "Harbour42"):
        assert enter(door(conference, START), GUEST, START, password=wrong, network="n") is Refusal.PASSWORD
    assert isinstance(enter(door(conference, START), GUEST, START, password="harbour42", network="n"), Entrance)
    for person in (BOB, manager(alice), replace(GUEST, knows_password=True)):
        assert isinstance(enter(door(conference, START), person, START), Entrance)


def test_moderators_rights_come_with_managing_or_with_the_role(
    conference: Conference, alice: User, settings: Any
) -> None:
    settings.ROOMS = (Room("own", "jitsi", "https://own.example.org", "cabinet", "k" * 32),)
    people = {
        person: enter(door(conference, START), person, START)
        for person in (GUEST, BOB, replace(BOB, role=Role.MODERATOR), manager(alice))
    }
    assert "k" * 32 not in str(people)
    rights = [rights_in(answer.url) for answer in people.values() if isinstance(answer, Entrance)]
    assert rights == ["false", "false", "true", "true"]


def rights_in(url: str) -> str:
    """Whether the token in a room's address makes a moderator."""
    token = parse_qs(urlsplit(url).query)["jwt"][0]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return str(claims["context"]["user"]["moderator"])


# THE DIRECT LINK


def test_link_is_absolute_and_from_the_settings_alone(conference: Conference, guest: Client) -> None:
    assert join_url(conference) == f"http://localhost:8000/join/{conference.join_token}/"
    with at():
        assert guest.get(path(conference), HTTP_HOST="evil.example").status_code == 400
        assert "evil" not in guest.get(path(conference), HTTP_X_FORWARDED_HOST="evil.example").content.decode()


def test_before_the_room_opens_the_page_counts_and_comes_back_by_itself(conference: Conference, guest: Client) -> None:
    with at(minutes=-27, seconds=-30):
        answer = guest.get(path(conference))
    page = text_of(answer)
    assert "The room opens at 13:45" in page
    assert "Thursday 3 December 2026, 14:00–15:00 (Berlin, UTC+1)" in page
    assert "Check now" in page
    assert 'data-countdown="2026-12-03T13:00:00+00:00" data-now="2026-12-03T12:32:30+00:00"' in answer.content.decode()
    assert answer["Refresh"] == str(12 * 60 + 31)
    assert "<form" not in answer.content.decode()


def test_days_before_the_page_names_the_day_and_keeps_still(conference: Conference, guest: Client) -> None:
    with at(days=-3):
        answer = guest.get(path(conference))
    assert "The room opens on Thursday 3 December 2026 at 13:45" in text_of(answer)
    assert "Refresh" not in answer


def test_open_room_asks_for_a_name_and_lets_in(conference: Conference, guest: Client) -> None:
    with at(minutes=-10):
        page = text_of(guest.get(path(conference)))
        assert "The room is open." in page
        assert "Your name" in page
        assert "Password of this conference" not in page
        assert "You are muted when you enter." in page
        answer = guest.post(path(conference), {"name": "Bob <b>"})
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"https://meet.jit.si/{conference.occurrences.get().room_name}#")
    assert '"Bob <b>"' in unquote(answer["Location"])
    assert answer["Referrer-Policy"] == "no-referrer"


def test_nobody_is_told_of_what_the_room_does_not_do(
    conference: Conference, guest: Client, client: Client, settings: Any
) -> None:
    personal = make_invitation(conference).get_absolute_url()
    Conference.objects.update(camera_off_on_entry=True)
    with at(minutes=-10):
        client.force_login(conference.organizer)
        pages = [text_of(guest.get(path(conference))), text_of(guest.get(personal))]
        own = text_of(client.get(conference.get_absolute_url()))
        assert ["You are muted when you enter." in page for page in pages] == [True, True]
        assert "Muted on entry, not recorded" in own
        assert "Cameras off at the start" in own
        settings.ROOMS = (Room("phone", "link", "https://phone.example.org/{room}"),)
        pages = [text_of(guest.get(path(conference))), text_of(guest.get(personal))]
        own = text_of(client.get(conference.get_absolute_url()))
        assert ["You are muted when you enter." in page for page in pages] == [False, False]
        assert "Not muted on entry, not recorded" in own
        assert "Cameras as people like" in own


@pytest.mark.parametrize("name", ["", " ", "x" * 129, "Bob\nEve", "\x00"])
def test_without_a_proper_name_nobody_enters(conference: Conference, guest: Client, name: str) -> None:
    with at():
        answer = guest.post(path(conference), {"name": name})
    assert answer.status_code == 200
    assert "name" in answer.context["form"].errors


def test_waiting_for_the_organizer_is_said_and_ends_by_itself(conference: Conference, guest: Client) -> None:
    Conference.objects.update(organizer_first=True)
    with at():
        answer = guest.get(path(conference))
        assert "Nobody may enter before the organizer" in text_of(answer)
        assert answer["Refresh"] == "11"
        assert guest.post(path(conference), {"name": "Bob"})["Location"] == path(conference)
        Occurrence.objects.update(organizer_joined_at=START)
        assert "The room is open." in text_of(guest.get(path(conference)))


def test_ended_and_cancelled_conferences_say_so(conference: Conference, guest: Client, alice: User) -> None:
    with at(days=2):
        assert "This conference has ended" in text_of(guest.get(path(conference)))
        assert guest.post(path(conference), {"name": "Bob"}).status_code == 303
    conference.cancel(alice, START, tell=Change.Tell.NOBODY, message="Figures are <late>.")
    with at():
        page = text_of(guest.get(path(conference)))
    assert "This conference was cancelled" in page
    assert "Message from Alice Adams Figures are &lt;late&gt;." in page


def test_recording_is_told_before(conference: Conference, guest: Client) -> None:
    Conference.objects.update(record=True)
    with at():
        assert "This conference is recorded." in text_of(guest.get(path(conference)))


@pytest.mark.parametrize("minutes", [-60, 0, 3000])
def test_looking_changes_nothing(conference: Conference, guest: Client, minutes: int) -> None:
    before = stored()
    with at(minutes=minutes):
        for method in (guest.get, guest.head, guest.options):
            method(path(conference))
    assert stored() == before


def test_forged_posts_are_refused(conference: Conference) -> None:
    with at():
        assert Client(enforce_csrf_checks=True).post(path(conference), {"name": "Bob"}).status_code == 403


def test_organizer_is_shown_the_other_way(conference: Conference, as_alice: Client) -> None:
    with at():
        as_alice.force_login(User.objects.get())
        page = as_alice.get(path(conference)).content.decode()
        assert f'href="{conference.get_absolute_url()}"' in page
        assert "moderator" not in as_alice.post(path(conference), {"name": "Alice"})["Location"]
    assert Occurrence.objects.get().organizer_joined_at is None


def test_whoever_else_manages_is_shown_it_too_and_no_stranger(conference: Conference, charlie: User) -> None:
    browser = Client()
    with at():
        browser.force_login(charlie)
        assert conference.get_absolute_url() not in browser.get(path(conference)).content.decode()
        conference.co_organizers.add(charlie)
        assert conference.get_absolute_url() in browser.get(path(conference)).content.decode()


def test_pages_leave_no_traces(conference: Conference, guest: Client) -> None:
    with at():
        answers = [guest.get(path(conference)), guest.get(f"/join/{new_token()}/"), guest.get("/join/")]
    for answer in answers:
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"
        assert "og:" not in answer.content.decode()
        assert (
            "form-action 'self' https://meet.jit.si" in answer["Content-Security-Policy"] or answer.status_code == 404
        )
    title = answers[0].content.decode().partition("<title>")[2].partition("</title>")[0]
    assert "budget" not in title


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(conference: Conference, guest: Client, target: str) -> None:
    with at():
        answer = guest.post(
            f"{path(conference)}?next={target}", {"name": "Bob", "next": target, "room_backend": target}
        )
    assert answer["Location"].startswith("https://meet.jit.si/")


# GUESSING


def test_unknown_tokens_look_alike_and_end_in_a_pause_for_that_network_only(conference: Conference) -> None:
    guesser, neighbour = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
    with at():
        tokens = [new_token(), conference.join_token[:-1], conference.join_token.upper(), "x", "🎲" * 26, "a" * 900]
        answers = [guesser.get(f"/join/{tokens[n % 6]}/") for n in range(30)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
        assert NOT_FOUND in text_of(answers[0])
        assert guesser.get(f"/join/{new_token()}/").status_code == 429
        assert guesser.get(path(conference)).status_code == 429  # a hit is not told from a miss any more
        assert neighbour.get(path(conference)).status_code == 200
    with at(minutes=10, seconds=1):
        assert guesser.get(path(conference)).status_code == 200


def test_a_forged_forwarding_header_resets_no_limit(conference: Conference, guest: Client) -> None:
    with at():
        for n in range(30):
            guest.get(f"/join/{new_token()}/", HTTP_X_FORWARDED_FOR=f"198.51.100.{n}")
        assert guest.get(path(conference), HTTP_X_FORWARDED_FOR="198.51.100.200").status_code == 429


def test_neighbours_in_one_ipv6_network_count_together(conference: Conference) -> None:
    with at():
        for n in range(30):
            Client(REMOTE_ADDR=f"2001:db8:1:2::{n + 1:x}").get(f"/join/{new_token()}/")
        assert Client(REMOTE_ADDR="2001:db8:1:2:ffff::1").get(path(conference)).status_code == 429
        assert Client(REMOTE_ADDR="2001:db8:1:3::1").get(path(conference)).status_code == 200


def test_five_wrong_passwords_are_the_last_for_a_while(conference: Conference, guest: Client) -> None:
    Conference.objects.update(password="harbour42")
    with at():
        for _ in range(5):
            answer = guest.post(path(conference), {"name": "Eve", "password": "guess"})
            words = "The password is not right. Look for it in your invitation."
            assert answer.context["form"].errors == {"password": [words]}
        answer = guest.post(path(conference), {"name": "Eve", "password": "harbour42"})
        assert answer.status_code == 429
        assert "Too many tries." in text_of(answer)
        other = Client(REMOTE_ADDR="192.0.2.2").post(path(conference), {"name": "Bob", "password": "harbour42"})
        assert other.status_code == 303
    with at(minutes=11):
        assert guest.post(path(conference), {"name": "Bob", "password": "harbour42"}).status_code == 303


def test_guessing_from_fifty_networks_ends_at_fifty_tries(conference: Conference) -> None:
    Conference.objects.update(password="harbour42")
    with at():
        guessers = [Client(REMOTE_ADDR=f"198.51.100.{n}") for n in range(50) for _ in range(2)]
        guess = {"name": "Eve", "password": "guess"}
        codes = [guesser.post(path(conference), guess).status_code for guesser in guessers]
    assert codes.count(200) == 50
    assert codes[50:] == [429] * 50


def test_a_full_house_with_the_right_password_is_no_guessing(conference: Conference) -> None:
    Conference.objects.update(password="harbour42")
    guest = Client(REMOTE_ADDR="192.0.2.1")
    with at():
        codes = {guest.post(path(conference), {"name": "B", "password": "harbour42"}).status_code for _ in range(60)}
    assert codes == {303}


# THE CONFERENCE ID


def by_number(client: Client, number: str = "123456789", password: str = "harbour42", **more: Any) -> Any:
    return client.post("/join/", {"number": number, "name": "Bob", "password": password, **more})


@pytest.fixture
def numbered(conference: Conference) -> Conference:
    Conference.objects.update(password="harbour42")
    return conference


@pytest.mark.parametrize("number", ["123-456-789", "123456789", " 1-23456-789 ", "123 456 789", "123–456–789"])
def test_number_and_password_let_in(numbered: Conference, guest: Client, number: str) -> None:
    with at():
        answer = by_number(guest, number)
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"https://meet.jit.si/{numbered.occurrences.get().room_name}#")


def test_number_and_password_lead_to_the_waiting_page_while_the_room_is_closed(
    numbered: Conference, guest: Client
) -> None:
    with at(hours=-2):
        assert by_number(guest)["Location"] == path(numbered)


def test_unknown_number_wrong_password_and_no_password_answer_alike(numbered: Conference, alice: User) -> None:
    make_conference(alice, number="555-555-555")  # without password
    answers, queries = [], []
    with at():
        for n, number in enumerate(["123456789", "999999999", "555555555"]):
            with CaptureQueriesContext(connection) as asked:
                answers.append(by_number(Client(REMOTE_ADDR=f"192.0.2.{n}"), number, "guess1"))
            queries.append(len(asked))
    words = "The conference ID or the password is not right. Look for them in your invitation."
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.context["form"].errors for answer in answers] == [{"password": [words]}] * 3
    assert len(set(queries)) == 1


@pytest.mark.parametrize("number", ["123456789", "999999999"])
def test_a_password_is_compared_in_constant_time_even_where_there_is_none(
    numbered: Conference, guest: Client, number: str
) -> None:
    with at(), patch("conferences.join.secrets.compare_digest", wraps=secrets.compare_digest) as compare:
        by_number(guest, number, "guess1")
    assert [call.args[1] for call in compare.call_args_list] == [b"guess1"]


def test_trying_many_numbers_ends_in_a_pause(numbered: Conference, guest: Client) -> None:
    with at():
        codes = [by_number(guest, f"{n + 100000}", "123456").status_code for n in range(31)]
        assert (set(codes[:30]), codes[30]) == ({200}, 429)
        assert by_number(guest).status_code == 429


def test_five_tries_at_one_number_count_like_those_at_its_link(numbered: Conference, guest: Client) -> None:
    with at():
        for _ in range(5):
            by_number(guest, password="guess1")
        assert guest.post(path(numbered), {"name": "Bob", "password": "harbour42"}).status_code == 429


@pytest.mark.parametrize("data", [{}, {"number": "abc"}, {"number": "1" * 99, "name": "\x00"}, {"name": "Bob"}])
def test_broken_input_is_an_error_at_its_field(numbered: Conference, guest: Client, data: dict[str, str]) -> None:
    answer = guest.post("/join/", data)
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_no_log_holds_password_token_or_room(
    numbered: Conference, guest: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with at():
        by_number(guest, password="secret-guess")
        by_number(guest)
        guest.post(path(numbered), {"name": "Bob", "password": "harbour42"})
    said = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    for secret in ("harbour42", "secret-guess", numbered.occurrences.get().room_name):
        assert secret not in said
