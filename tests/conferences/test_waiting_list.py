"""The waiting room as whoever manages the conference sees it: one decision counts, whoever else decides at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cabinet.models import User
from conferences.arrivals import Arrival
from conferences.choices import Role
from conferences.join import Door, Entrance, Refusal, Visitor, door, enter, manager
from conferences.models import Change, Conference, Occurrence
from tests.conferences.test_views import text_of
from tests.conferences.waiting import START, knock, make_waiting_room, path, standing, waiting_path
from tests.factories import make_conference
from tests.parallel import in_parallel


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


# THE ORGANIZER'S SIDE


def test_managers_never_wait(conference: Conference, as_alice: Client) -> None:
    answer = as_alice.post(reverse("conferences:start", args=[conference.pk]))
    assert answer["Location"].startswith("https://meet.jit.si/")
    assert Arrival.objects.get().role == Role.MODERATOR


def test_the_page_lists_who_waits_longest_first(conference: Conference, as_alice: Client) -> None:
    assert "Nobody is waiting." in text_of(as_alice.get(conference.get_absolute_url()))
    knock(Client(), conference, "Bob <b>")
    with time_machine.travel(START + timedelta(minutes=2), tick=False):
        knock(Client(), conference, "Dan")
        for address in (conference.get_absolute_url(), waiting_path(conference)):
            page = as_alice.get(address)
            text = text_of(page)
            assert "2 people are waiting" in text
            assert text.index("Bob &lt;b&gt;") < text.index("Dan")
            assert "since 14:00" in text
            assert "since 14:02" in text
            assert "Let all in" in text
            assert '<bdi class="strong">Bob &lt;b&gt;</bdi>' in page.content.decode()
    title = as_alice.get(waiting_path(conference)).content.decode()
    assert "<title>(2) Budget ·" in title


def test_letting_in_and_turning_away(conference: Conference, as_alice: Client) -> None:
    bob, dan, eve, fay = (knock(Client(), conference, name) for name in ("Bob", "Dan", "Eve", "Fay"))
    answer = as_alice.post(waiting_path(conference), {"admit": bob.pk})
    assert (answer.status_code, answer["Location"]) == (302, waiting_path(conference))
    as_alice.post(waiting_path(conference), {"refuse": eve.pk})
    assert [standing(one)[:2] for one in (bob, dan, eve, fay)] == [
        (True, False), (False, False), (False, True), (False, False)
    ]  # fmt: skip
    as_alice.post(waiting_path(conference), {"admit": "all"})
    assert [standing(one)[:2] for one in (bob, dan, eve, fay)] == [
        (True, False), (True, False), (False, True), (True, False)
    ]  # fmt: skip


def test_a_decision_that_is_taken_stays_until_it_is_taken_back_by_its_own_button(
    conference: Conference, as_alice: Client
) -> None:
    bob = knock(Client(), conference)
    as_alice.post(waiting_path(conference), {"refuse": bob.pk})
    as_alice.post(waiting_path(conference), {"admit": bob.pk})
    assert standing(bob) == (False, True, False)
    assert "1 person turned away" in text_of(as_alice.get(waiting_path(conference)))
    as_alice.post(waiting_path(conference), {"readmit": bob.pk})
    assert standing(bob) == (True, False, False)
    as_alice.post(waiting_path(conference), {"refuse": bob.pk})
    assert standing(bob) == (True, False, False)


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 40, "٣", "all"])
def test_nonsense_decides_nothing(conference: Conference, as_alice: Client, value: str) -> None:
    bob = knock(Client(), conference)
    for verb in ("refuse", "readmit"):
        assert as_alice.post(waiting_path(conference), {verb: value}).status_code == 302
    assert standing(bob) == (False, False, False)


def test_strangers_decide_nothing(conference: Conference, as_charlie: Client, charlie: User) -> None:
    bob = knock(Client(), conference)
    own = make_conference(charlie, start=datetime(2026, 12, 3, 14), waiting_room=True)
    assert as_charlie.post(waiting_path(conference), {"admit": bob.pk}).status_code == 404
    assert as_charlie.post(waiting_path(own), {"admit": bob.pk}).status_code == 302
    assert standing(bob) == (False, False, False)


def test_whose_page_was_closed_is_marked_but_only_if_it_ever_told_of_itself(
    conference: Conference, as_alice: Client, guest: Client
) -> None:
    knock(guest, conference)
    knock(Client(), conference, "Dan without script")
    with time_machine.travel(START + timedelta(seconds=20), tick=False):
        guest.post(f"{path(conference)}waiting/")
    with time_machine.travel(START + timedelta(minutes=3), tick=False):
        text = text_of(as_alice.get(waiting_path(conference)))
    assert text.count("has closed the page") == 1
    assert "Bob since 14:00 · has closed the page" in text


@pytest.mark.parametrize(("hours", "there"), [(-2, False), (-1.25, True), (0, True), (24.9, True), (25, False)])
def test_there_is_a_list_only_around_the_time(
    conference: Conference, as_alice: Client, alice: User, hours: float, there: bool
) -> None:
    with time_machine.travel(START + timedelta(hours=hours), tick=False):
        as_alice.force_login(alice)
        for address in (conference.get_absolute_url(), waiting_path(conference)):
            assert ('id="waiting-room"' in as_alice.get(address).content.decode()) == there


def test_without_a_waiting_room_there_is_no_list(conference: Conference, as_alice: Client, alice: User) -> None:
    Conference.objects.update(waiting_room=False)
    assert 'id="waiting-room"' not in as_alice.get(conference.get_absolute_url()).content.decode()
    Conference.objects.update(waiting_room=True)
    conference.refresh_from_db()
    conference.cancel(alice, START, tell=Change.Tell.NOBODY)
    assert 'id="waiting-room"' not in as_alice.get(conference.get_absolute_url()).content.decode()


def test_a_long_list_is_cut_and_let_all_in_means_all(
    conference: Conference, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conferences.waiting.SHOWN", 3)
    for n in range(5):
        knock(Client(), conference, f"Guest {n}")
    text = text_of(as_alice.get(waiting_path(conference)))
    assert "5 people are waiting" in text
    assert "and 2 more people" in text
    as_alice.post(waiting_path(conference), {"admit": "all"})
    assert not Arrival.objects.filter(admitted_at=None).exists()


def test_whoever_came_without_the_password_is_marked_and_let_in_one_by_one(
    conference: Conference, as_alice: Client, guest: Client
) -> None:
    stranger = knock(guest, conference, "Stranger")
    Arrival.objects.update(without_password=True)
    knock(Client(), conference, "Dan")
    page = text_of(as_alice.get(waiting_path(conference)))
    assert page.count("came without the password") == 1
    assert "Let all in" not in page
    knock(Client(), conference, "Eve")
    page = text_of(as_alice.get(waiting_path(conference)))
    assert "Let all in Whoever came without the password is let in one by one." in page
    as_alice.post(waiting_path(conference), {"admit": "all"})
    assert [arrival.name for arrival in Arrival.objects.waiting()] == ["Stranger"]
    as_alice.post(waiting_path(conference), {"admit": f"{stranger.pk}"})
    assert not Arrival.objects.waiting().exists()


def test_each_date_of_a_series_has_a_waiting_room_of_its_own(alice: User, guest: Client) -> None:
    series = make_conference(alice, start=datetime(2026, 12, 3, 14), rule="FREQ=DAILY;COUNT=3", waiting_room=True)
    knock(guest, series)
    Arrival.objects.all().admit(START)
    with time_machine.travel(START + timedelta(days=1), tick=False):
        assert "Your name" in text_of(guest.get(path(series)))
        guest.post(path(series), {"name": "Bob"})
        assert "You are in the waiting room" in text_of(guest.get(path(series)))
    assert [one.occurrence.original_date.day for one in Arrival.objects.order_by("pk") if one.occurrence] == [3, 4]


def test_a_permanent_conference_has_one_too(alice: User, guest: Client, as_alice: Client) -> None:
    room = make_conference(alice, permanent=True, waiting_room=True)
    knock(guest, room)
    arrival = Arrival.objects.get()
    assert arrival.occurrence is None
    assert "1 person is waiting" in text_of(as_alice.get(waiting_path(room)))
    as_alice.post(waiting_path(room), {"admit": arrival.pk})
    assert guest.post(path(room))["Location"].startswith(f"https://meet.jit.si/{room.room_name}")


# AT ONCE


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), waiting_room=True)
    way = door(conference, START)
    for n in range(10):
        arrival = way.arrivals.knock(way.place, Visitor(f"Guest {n}", f"guest-{n}"), START)
        mine = Arrival.objects.filter(pk=arrival.pk)
        won = in_parallel(4, lambda index, mine=mine: (mine.admit, mine.refuse)[index % 2](START))  # type: ignore[misc]
        assert sorted(won) == [0, 0, 0, 1]
        admitted, refused, _inside = standing(arrival)
        assert admitted != refused


@pytest.mark.django_db(transaction=True)
def test_who_knocks_many_times_at_once_stands_there_once(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), waiting_room=True)
    way: Door = door(conference, START)
    person = Visitor("Bob", "guest-b", knows_password=True)
    answers = in_parallel(8, lambda _index: enter(way, person, START, network="n"))
    assert answers == [Refusal.WAITING_ROOM] * 8
    assert Arrival.objects.count() == 1
    assert isinstance(enter(way, manager(alice), START), Entrance)
    assert Occurrence.objects.get().organizer_joined_at == START


# WHAT IT COSTS


@pytest.mark.parametrize("whose", ["organizer", "guest"])
def test_the_pages_cost_the_same_however_many_wait(
    conference: Conference, as_alice: Client, guest: Client, whose: str
) -> None:
    knock(guest, conference)
    client, address = {"organizer": (as_alice, waiting_path(conference)), "guest": (guest, path(conference))}[whose]
    client.get(address)  # the first page saves the session
    counts = []
    for n in range(3):
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        counts.append(len(asked))
        knock(Client(), conference, f"Guest {n}")
    assert counts == [counts[0]] * 3
    assert counts[0] <= 7
