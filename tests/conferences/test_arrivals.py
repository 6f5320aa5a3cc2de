"""Who came: written down at the door, counted for the participants limit, shown to whoever manages, as a file too."""

import csv
import io
from datetime import UTC, datetime, timedelta
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
from conferences.join import Entrance, Refusal, Visitor, door, enter, manager
from conferences.models import Conference
from conferences.spreadsheet import cell, csv_file
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation
from tests.parallel import in_parallel

START = datetime(2026, 12, 3, 13, tzinfo=UTC)  # 14:00 in Berlin, one hour long


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, start=datetime(2026, 12, 3, 14), topic="Budget")


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(START, tick=False):
        yield


def guest(number: int, **fields: Any) -> Visitor:
    return Visitor(f"Guest {number}", f"guest-{number}", **fields)


def came(conference: Conference, *people: Visitor, now: datetime = START) -> list[Entrance | Refusal]:
    """Each of them tries to go in; the answers."""
    conference = Conference.objects.get(pk=conference.pk)
    return [enter(door(conference, now), person, now, network="n") for person in people]


def path(conference: Conference) -> str:
    return f"/join/{conference.join_token}/"


def file_path(conference: Conference) -> str:
    return reverse("conferences:arrivals-file", args=[conference.pk])


# WRITTEN DOWN


def test_the_first_time_through_the_door_is_written_down_for_everybody(
    conference: Conference, alice: User, as_alice: Client
) -> None:
    moderator = make_invitation(conference, "m@example.org", "Mo", role=Role.MODERATOR)
    as_alice.post(reverse("conferences:start", args=[conference.pk]))
    bob = Client()
    later = START + timedelta(minutes=5)
    with time_machine.travel(later, tick=False):
        Client().post(reverse("invitations:room", args=[moderator.token]))
        bob.post(path(conference), {"name": "Bob"})
    with time_machine.travel(later + timedelta(minutes=5), tick=False):
        bob.post(path(conference), {"name": "Bob"})
        as_alice.post(reverse("conferences:start", args=[conference.pk]))
    rows = [(one.name, one.role, one.entered_at) for one in Arrival.objects.inside()]
    assert rows == [("Alice Adams", "moderator", START), ("Mo", "moderator", later), ("Bob", "participant", later)]


def test_who_is_refused_did_not_come(conference: Conference) -> None:
    Conference.objects.update(password="harbour42", organizer_first=True)
    assert came(conference, guest(1)) == [Refusal.WAITING]
    Conference.objects.update(organizer_first=False)
    assert came(conference, guest(1)) == [Refusal.PASSWORD]
    assert not Arrival.objects.exists()


def test_looking_at_the_door_is_not_coming(conference: Conference) -> None:
    Client().get(path(conference))
    assert not Arrival.objects.exists()


# THE LIMIT


def test_the_limit_counts_participants_and_neither_moderators_nor_who_manages(
    conference: Conference, alice: User, charlie: User
) -> None:
    Conference.objects.update(participants_limit=2)
    mo = Visitor("Mo", "invitation-7", Role.MODERATOR, is_invited=True)
    presenter = Visitor("Pat", "invitation-8", Role.PRESENTER, is_invited=True)
    first = came(conference, manager(alice), mo, presenter, guest(1), guest(2), guest(3))
    assert [isinstance(answer, Entrance) for answer in first] == [True, True, True, True, False, False]
    assert first[4:] == [Refusal.FULL] * 2
    again = came(conference, manager(charlie), mo, presenter, guest(1), guest(2))
    assert [isinstance(answer, Entrance) for answer in again] == [True, True, True, True, False]
    assert Arrival.objects.inside().seats_taken() == 2


def test_a_full_conference_says_so_and_lets_back_in_who_was_inside(conference: Conference) -> None:
    Conference.objects.update(participants_limit=2)
    bob, dan, eve = Client(), Client(), Client()
    for client, name in ((bob, "Bob"), (dan, "Dan")):
        assert client.post(path(conference), {"name": name})["Location"].startswith("https://meet.jit.si/")
    refused = eve.post(path(conference), {"name": "Eve"})
    assert (refused.status_code, refused["Location"]) == (303, path(conference))
    page = eve.get(path(conference))
    text = text_of(page)
    assert "This conference is full" in text
    assert "There is room for 2 people, and that many are there already." in text
    assert "Try again" in text
    assert page["Refresh"] == "61"
    assert "Your name" in text_of(bob.get(path(conference)))
    assert bob.post(path(conference), {"name": "Bob"})["Location"].startswith("https://meet.jit.si/")
    Conference.objects.update(participants_limit=3)
    assert eve.post(path(conference), {"name": "Eve"})["Location"].startswith("https://meet.jit.si/")


def test_a_full_conference_says_so_on_the_personal_page(conference: Conference) -> None:
    Conference.objects.update(participants_limit=2)
    came(conference, guest(1), guest(2))
    invitation = make_invitation(conference)
    assert "This conference is full" in text_of(Client().get(invitation.get_absolute_url()))
    room = reverse("invitations:room", args=[invitation.token])
    assert Client().post(room)["Location"] == invitation.get_absolute_url()
    assert Arrival.objects.count() == 2


def test_who_waits_is_not_counted_and_nobody_waits_in_vain(conference: Conference) -> None:
    Conference.objects.update(participants_limit=2, waiting_room=True)
    assert came(conference, guest(1), guest(2), guest(3)) == [Refusal.WAITING_ROOM] * 3
    Arrival.objects.all().admit(START)
    answers = came(conference, guest(1), guest(2), guest(3), guest(4))
    assert [isinstance(answer, Entrance) for answer in answers] == [True, True, False, False]
    assert answers[2:] == [Refusal.FULL] * 2


def test_each_date_counts_for_itself(alice: User) -> None:
    series = make_conference(alice, start=datetime(2026, 12, 3, 14), rule="FREQ=DAILY;COUNT=2", participants_limit=2)
    assert came(series, guest(1), guest(2), guest(3))[2] is Refusal.FULL
    assert isinstance(came(series, guest(3), now=START + timedelta(days=1))[0], Entrance)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("permanent", [False, True])
def test_of_a_hundred_at_the_last_seat_exactly_one_passes(alice: User, permanent: bool) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), participants_limit=3, permanent=permanent)
    way = door(conference, START)
    for n in range(2):
        assert isinstance(enter(way, guest(n, is_invited=True), START), Entrance)
    answers = []
    for round_ in range(5):
        answers += in_parallel(20, lambda n, r=round_: enter(way, guest(100 * r + n + 10, is_invited=True), START))  # type: ignore[misc]
    assert sum(isinstance(answer, Entrance) for answer in answers) == 1
    assert answers.count(Refusal.FULL) == 99
    assert Arrival.objects.inside().count() == 3


# SHOWN


@pytest.fixture
def series(alice: User) -> Conference:
    return make_conference(alice, start=datetime(2026, 12, 3, 14), topic="=Series", rule="FREQ=DAILY;COUNT=3")


def test_the_page_shows_who_came_and_nothing_while_nobody_did(conference: Conference, as_alice: Client) -> None:
    page = conference.get_absolute_url()
    assert "Who came" not in text_of(as_alice.get(page))
    came(conference, Visitor("محمد <b>", "guest-a"))
    html = as_alice.get(page).content.decode()
    assert "Who came" in html
    assert '<bdi class="strong">محمد &lt;b&gt;</bdi>' in html
    assert "Thu 3 Dec, 14:00" in text_of(as_alice.get(page))


def test_of_a_series_one_date_is_shown(series: Conference, as_alice: Client, alice: User) -> None:
    came(series, guest(1))
    tomorrow = START + timedelta(days=1)
    came(series, guest(2), now=tomorrow)
    with time_machine.travel(tomorrow, tick=False):
        as_alice.force_login(alice)
        page = series.get_absolute_url()
        for query, shown, hidden in (("", 2, 1), ("?date=2026-12-03", 1, 2), ("?date=2026-12-04", 2, 1)):
            text = text_of(as_alice.get(page + query))
            assert f"Guest {shown}" in text
            assert f"Guest {hidden}" not in text
        for query in ("?date=2026-12-05", "?date=x", "?date=9999-99-99"):
            assert as_alice.get(page + query).status_code == 200


def test_a_long_list_is_cut_on_the_page_but_not_in_the_file(
    conference: Conference, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conferences.came.SHOWN", 2)
    came(conference, *map(guest, range(4)))
    text = text_of(as_alice.get(conference.get_absolute_url()))
    assert "4 people, by the first time" in text
    assert "Guest 3" not in text
    assert len(rows_of(as_alice.get(file_path(conference)))) == 5


def test_the_page_costs_the_same_however_many_came(conference: Conference, as_alice: Client) -> None:
    as_alice.get(conference.get_absolute_url())  # the first page saves the session
    counts = set()
    for n in (1, 2, 3):
        came(conference, guest(n))
        with CaptureQueriesContext(connection) as asked:
            as_alice.get(conference.get_absolute_url())
        counts.add(len(asked))
    assert len(counts) == 1


# THE FILE


def rows_of(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_the_file_says_who_came_to_which_date(series: Conference, as_alice: Client) -> None:
    came(series, guest(1))
    came(series, guest(2), now=START + timedelta(days=1))
    answer = as_alice.get(file_path(series))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="who-came-{series.pk}.csv"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert rows_of(answer) == [
        ["Conference", "Date", "Name", "Role", "First came in", "Time zone"],
        ["'=Series", "2026-12-03 14:00", "Guest 1", "Participant", "2026-12-03 14:00", "Europe/Berlin"],
        ["'=Series", "2026-12-04 14:00", "Guest 2", "Participant", "2026-12-04 14:00", "Europe/Berlin"],
    ]
    one = as_alice.get(f"{file_path(series)}?date=2026-12-04")
    assert [row[2] for row in rows_of(one)] == ["Name", "Guest 2"]
    assert "2026-12-04.csv" in one["Content-Disposition"]


@pytest.mark.parametrize("date", ["2026-12-05T00", "x", "2027-01-01", "0000-00-00", "9" * 50])
def test_a_date_that_there_is_not_is_not_found(series: Conference, as_alice: Client, date: str) -> None:
    assert as_alice.get(f"{file_path(series)}?date={date}").status_code == 404


def test_a_permanent_conference_has_a_file_too(alice: User, as_alice: Client) -> None:
    room = make_conference(alice, permanent=True)
    came(room, guest(1))
    assert [row[1:4] for row in rows_of(as_alice.get(file_path(room)))[1:]] == [["", "Guest 1", "Participant"]]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_nothing_in_a_file_is_a_formula(sign: str) -> None:
    hostile = f'{sign}HYPERLINK("https://evil.example","x")'
    assert cell(hostile) == f"'{hostile}"
    (row,) = csv.reader(io.StringIO(csv_file([[hostile, "plain"]]).decode("utf-8-sig"), newline=""))
    assert row == [f"'{hostile}", "plain"]


def test_every_cell_of_a_file_is_in_quotes() -> None:
    assert csv_file([["a", 'b"c', "d,e"]]) == '\ufeff"a","b""c","d,e"\r\n'.encode()


def test_a_name_that_is_a_formula_is_only_a_name_in_the_file(conference: Conference, as_alice: Client) -> None:
    Client().post(path(conference), {"name": "=1+1"})
    assert rows_of(as_alice.get(file_path(conference)))[1][2] == "'=1+1"
