"""What the page behind a link says of every state: for whom, moved, cancelled, over, led on, permanent, no answer."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from cabinet.models import User
from conferences.arrivals import Arrival
from conferences.choices import Role
from conferences.join import Door, Entrance, Refusal, Visitor, closed, door, enter, manager, successor
from conferences.models import Change, Conference
from conferences.rooms import jitsi
from conferences.rooms.base import RoomDown
from conferences.tokens import new_token
from invitations.models import Invitation
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation

START = datetime(2026, 12, 3, 13, tzinfo=UTC)  # 14:00 in Berlin, one hour long, a Thursday
GUEST = Visitor("Charlie", "guest-" + "c" * 26)
DAY = timedelta(days=1)


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, start=datetime(2026, 12, 3, 14), topic="Budget", number="123-456-789")


@pytest.fixture
def series(alice: User) -> Conference:
    return make_conference(alice, start=datetime(2026, 12, 3, 14), topic="Budget", rule="FREQ=WEEKLY;COUNT=4")


@pytest.fixture
def guest() -> Client:
    return Client(REMOTE_ADDR="192.0.2.1")


def at(**later: float) -> Any:
    return time_machine.travel(START + timedelta(**later), tick=False)


def path(conference: Conference) -> str:
    return f"/join/{conference.join_token}/"


def personal(invitation: Invitation, name: str = "personal") -> str:
    return reverse(f"invitations:{name}", args=[invitation.token])


# INVITED PEOPLE ONLY


@pytest.mark.parametrize("hours", [-2, 0])
@pytest.mark.parametrize("password", ["", "harbour42"])
def test_without_an_invitation_nobody_joins_what_is_for_invited_people(
    conference: Conference, guest: Client, hours: int, password: str
) -> None:
    Conference.objects.update(invited_only=True, password=password, agenda="Secret figures")
    with at(hours=hours):
        page = text_of(guest.get(path(conference)))
        for words in ("Only invited people may join.", "Use the link in your invitation.", "Ask Alice Adams"):
            assert words in page
        assert "Secret figures" not in page
        for fields in ({"name": "Eve"}, {"name": "Eve", "password": password}):
            assert guest.post(path(conference), fields)["Location"] == path(conference)
    assert not Arrival.objects.exists()


def test_the_conference_id_is_no_way_round_the_invitation(conference: Conference, guest: Client) -> None:
    Conference.objects.update(invited_only=True, password="harbour42")
    with at():
        right = guest.post("/join/", {"number": "123456789", "name": "Eve", "password": "harbour42"})
        assert right["Location"] == path(conference)
        assert "Only invited people may join." in text_of(guest.get(path(conference)))
        wrong = guest.post("/join/", {"number": "123456789", "name": "Eve", "password": "guess1"})
        unknown = guest.post("/join/", {"number": "999999999", "name": "Eve", "password": "guess1"})
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert not Arrival.objects.exists()


def test_invited_people_and_who_manages_do_join_it(conference: Conference, alice: User) -> None:
    conference.invited_only = True
    way = door(conference, START)
    assert enter(way, replace(GUEST, knows_password=True), START) is Refusal.INVITED_ONLY
    assert isinstance(enter(way, Visitor("Bob", "invitation-1", is_invited=True), START), Entrance)
    assert isinstance(enter(way, manager(alice), START), Entrance)


# WHO BRINGS THE ORGANIZER'S ARRIVAL


def test_whoever_manages_opens_to_those_who_wait_but_no_moderator_by_role(
    conference: Conference, charlie: User, as_charlie: Client
) -> None:
    Conference.objects.update(organizer_first=True)
    moderator = make_invitation(conference, role=Role.MODERATOR)
    with at():
        Client().post(personal(moderator, "room"))
        assert conference.occurrences.get().organizer_joined_at is None
        assert not Arrival.objects.exists()
        conference.co_organizers.add(charlie)
        as_charlie.force_login(charlie)
        as_charlie.post(reverse("conferences:start", args=[conference.pk]))
        assert conference.occurrences.get().organizer_joined_at == START
        assert Client().post(personal(moderator, "room")).status_code == 303


def test_a_moderator_by_role_is_not_taken_for_the_organizer(conference: Conference) -> None:
    moderator = make_invitation(conference, role=Role.MODERATOR)
    with at():
        assert Client().post(personal(moderator, "room")).status_code == 303
        Conference.objects.update(organizer_first=True)
        assert closed(door(Conference.objects.get(), START), START) is Refusal.WAITING


# DATES


def test_a_date_that_was_moved_says_from_when(series: Conference, alice: User, guest: Client) -> None:
    when = {"start_date": date(2026, 12, 4), "start_time": time(15), "duration": timedelta(hours=1)}
    with at(days=-1):
        series.occurrences.all()[0].move(alice, when, seen_sequence=0, tell=Change.Tell.NOBODY)
        page = text_of(guest.get(path(series)))
    expected = "It was moved from Thursday 3 December 2026, 14:00 to Friday 4 December 2026, 15:00."
    assert expected in page
    with at(days=6):
        assert "It was moved" not in text_of(guest.get(path(series)))


def test_a_conference_that_was_moved_says_from_when(conference: Conference, alice: User, guest: Client) -> None:
    fields = {"start_time": time(16), "topic": "Budget"}
    with at(days=-1):
        conference.change(alice, fields, seen_sequence=0, tell=Change.Tell.NOBODY, now=timezone.now())
        assert "It was moved from Thursday 3 December 2026, 14:00 to" in text_of(guest.get(path(conference)))
        conference.change(alice, {"topic": "B"}, seen_sequence=1, tell=Change.Tell.NOBODY, now=timezone.now())
        assert "It was moved from Thursday 3 December 2026, 14:00 to" in text_of(guest.get(path(conference)))


def test_a_conference_that_nobody_moved_says_nothing_of_it(conference: Conference, guest: Client) -> None:
    with at(days=-1):
        assert "moved" not in text_of(guest.get(path(conference)))


@pytest.mark.parametrize(("after_end", "which"), [(-1, 0), (0, 0), (3599, 0), (3600, 1)])
def test_the_room_of_a_date_stays_for_an_hour_because_people_go_on(
    series: Conference, after_end: int, which: int
) -> None:
    first, *_others = rows = list(series.occurrences.order_by("starts_at"))
    assert door(series, first.ends_at + timedelta(seconds=after_end)).occurrence == rows[which]


def test_a_series_names_the_next_dates(series: Conference, guest: Client) -> None:
    with at(days=-1):
        page = text_of(guest.get(path(series)))
    assert "Next dates" in page
    positions = [page.index(f"Thursday {day} December 2026, 14:00–15:00") for day in (3, 10, 17, 24)]
    assert positions == sorted(positions)


def test_one_date_that_was_cancelled_is_named_with_the_next(series: Conference, alice: User, guest: Client) -> None:
    with at(days=-1):
        series.occurrences.all()[0].cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
        page = text_of(guest.get(path(series)))
    assert "This date was cancelled: Thursday 3 December 2026, 14:00." in page
    assert "Next: Thursday 10 December 2026, 14:00." in page
    assert "The room opens on Thursday 10 December 2026 at 13:45" in page


def test_where_every_date_was_cancelled_the_page_says_that(series: Conference, alice: User, guest: Client) -> None:
    with at(days=-1):
        for one in series.occurrences.all():
            one.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY, message=f"No. {one.original_date.day}")
        page = text_of(guest.get(path(series)))
        invitation = make_invitation(series)
        own = text_of(guest.get(personal(invitation)))
    assert "This date was cancelled" in page
    assert "No. 3" in page
    assert "cancelled" in own


def test_the_time_is_told_with_its_zone_and_for_the_reader(conference: Conference, guest: Client) -> None:
    with at(hours=-1):
        answer = guest.get(path(conference))
    assert "The room opens at 13:45" in text_of(answer)
    assert "Berlin, UTC+1" in text_of(answer)
    assert 'data-local-time="2026-12-03T12:45:00+00:00"' in answer.content.decode()
    assert 'data-countdown="2026-12-03T13:00:00+00:00" data-now="2026-12-03T12:00:00+00:00"' in answer.content.decode()


# WHAT THE LINK ALONE TELLS


@pytest.mark.parametrize(("password", "shown"), [("", True), ("harbour42", False)])
def test_the_agenda_is_behind_the_password_where_there_is_one(
    conference: Conference, guest: Client, password: str, shown: bool
) -> None:
    Conference.objects.update(password=password, agenda="Actuals to November")
    with at(hours=-1):
        assert ("Actuals to November" in text_of(guest.get(path(conference)))) == shown
        file = guest.get(f"{path(conference)}conference.ics").content.decode().replace("\r\n ", "")
        assert ("Actuals to November" in file) == shown
    with at():
        assert ("Actuals to November" in text_of(guest.get(path(conference)))) == shown


def test_the_calendar_file_of_the_direct_link_tells_no_password_and_asks_nobody(
    conference: Conference, guest: Client
) -> None:
    Conference.objects.update(password="harbour42")
    with at(hours=-1):
        page = guest.get(path(conference)).content.decode()
        answer = guest.get(f"{path(conference)}conference.ics")
    assert f'href="{path(conference)}conference.ics" download' in page
    assert "calendar.google.com" in page
    assert "harbour42" not in page
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"harbour42" not in answer.content
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.events
    assert event.start == START
    assert event["LOCATION"] == f"http://localhost:8000{path(conference)}"
    assert not {"ORGANIZER", "ATTENDEE"} & set(event)
    assert "METHOD" not in calendar


def test_a_cancelled_and_a_permanent_conference_have_no_file(
    conference: Conference, alice: User, guest: Client
) -> None:
    room = make_conference(alice, permanent=True)
    conference.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    for one in (conference, room):
        assert guest.get(f"{path(one)}conference.ics").status_code == 404
    assert guest.get(f"/join/{new_token()}/conference.ics").status_code == 404


# WITHOUT A DATE


@pytest.mark.parametrize("years", [0, 3])
def test_a_permanent_conference_is_always_open_and_names_no_date(alice: User, guest: Client, years: int) -> None:
    room = make_conference(alice, topic="Standing room", permanent=True)
    invitation = make_invitation(room)
    with time_machine.travel(timezone.now() + 365 * years * DAY, tick=False):
        for address in (path(room), personal(invitation)):
            text = text_of(guest.get(address))
            assert "The room is open." in text
            assert "Standing room" in text
            for words in ("Berlin", "10:00", "Will you take part?", "Add to calendar", "December", "ended"):
                assert words not in text
        assert guest.post(path(room), {"name": "Charlie"})["Location"].startswith(
            f"https://meet.jit.si/{room.room_name}"
        )
        assert guest.post(personal(invitation, "room")).status_code == 303


def test_a_permanent_conference_takes_no_answers(alice: User, guest: Client) -> None:
    invitation = make_invitation(make_conference(alice, permanent=True))
    assert guest.post(personal(invitation), {"answer": "accepted", "sequence": 0}).status_code == 200
    assert Invitation.objects.get().answered_at is None


def test_a_permanent_conference_keeps_its_rules(alice: User, guest: Client) -> None:
    room = make_conference(alice, permanent=True, password="harbour42", organizer_first=True)
    assert "Nobody may enter before the organizer" in text_of(guest.get(path(room)))
    assert isinstance(enter(door(room, timezone.now()), manager(alice), timezone.now()), Entrance)
    assert guest.post(path(room), {"name": "C", "password": "guess1"}).status_code == 200
    assert guest.post(path(room), {"name": "C", "password": "harbour42"}).status_code == 303
    room.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    assert "This conference was cancelled" in text_of(guest.get(path(room)))


# LEADING ON


@pytest.fixture
def chain(alice: User) -> list[Conference]:
    """Three series, each going on where the one before was cut."""
    found: list[Conference] = []
    for month, day in ((1, 7), (2, 4), (3, 4)):
        start = datetime(2027, month, day, 14)
        follows = found[-1] if found else None
        found.append(make_conference(alice, start=start, rule="FREQ=WEEKLY;COUNT=2", follows=follows))
    return found


def test_an_old_link_leads_on_once_its_series_is_over(chain: list[Conference], guest: Client) -> None:
    first, second, third = chain
    over_at = first.over_at
    assert over_at is not None
    for later, leads_to in ((-DAY, None), (timedelta(minutes=59), None), (timedelta(hours=1), second), (DAY, second)):
        with time_machine.travel(over_at + later, tick=False):
            answer = guest.get(path(first))
            assert (answer.status_code, answer.get("Location")) == ((302, path(leads_to)) if leads_to else (200, None))
            assert answer["Referrer-Policy"] == "no-referrer"
    with time_machine.travel(datetime(2027, 2, 20, tzinfo=UTC), tick=False):
        assert guest.get(path(first))["Location"] == path(third)
        assert guest.get(path(second))["Location"] == path(third)
        posted = guest.post(path(first), {"name": "Bob"})
        assert (posted.status_code, posted["Location"]) == (303, path(third))
        assert guest.get(path(third)).status_code == 200
    with time_machine.travel(datetime(2027, 5, 1, tzinfo=UTC), tick=False):
        assert "This conference has ended" in text_of(guest.get(path(first), follow=True))


def test_a_series_of_which_nothing_was_left_leads_on_at_once(chain: list[Conference]) -> None:
    first, second, _third = chain
    first.occurrences.all().delete()
    first.write_over_at()
    assert successor(first, datetime(2026, 12, 1, tzinfo=UTC)) == second


def test_a_number_leads_on_too(chain: list[Conference], guest: Client) -> None:
    first, _second, third = chain
    Conference.objects.filter(pk=first.pk).update(password="harbour42")
    with time_machine.travel(datetime(2027, 3, 4, 13, tzinfo=UTC), tick=False):
        answer = guest.post("/join/", {"number": first.number, "name": "Bob", "password": "harbour42"})
    assert third.occurrences.first().room_name in answer["Location"]  # type: ignore[union-attr]


def test_an_old_password_opens_no_door_that_has_a_new_one(chain: list[Conference], guest: Client) -> None:
    first, _second, third = chain
    Conference.objects.filter(pk=first.pk).update(password="harbour42")
    Conference.objects.filter(pk=third.pk).update(password="lighthouse7")
    with time_machine.travel(datetime(2027, 3, 4, 13, tzinfo=UTC), tick=False):
        answer = guest.post("/join/", {"number": first.number, "name": "Bob", "password": "harbour42"})
        assert (answer.status_code, answer["Location"]) == (303, path(third))
        assert "Password of this conference" in text_of(guest.get(path(third)))
    assert not third.arrivals.exists()


def test_a_personal_link_leads_to_the_same_persons_new_page(chain: list[Conference], guest: Client) -> None:
    first, _second, third = chain
    old, new = make_invitation(first, "Bob@example.org"), make_invitation(third, "bob@Example.org")
    make_invitation(third, "dan@example.org")
    with time_machine.travel(datetime(2027, 2, 20, tzinfo=UTC), tick=False):
        for name in ("personal", "answer", "personal-calendar-file"):
            assert guest.get(personal(old, name))["Location"] == personal(new)
        for name in ("personal", "room", "waiting"):
            answer = guest.post(personal(old, name), {"answer": "accepted", "sequence": 0})
            assert (answer.status_code, answer["Location"]) == (303, personal(new))
        Invitation.objects.filter(pk=new.pk).update(withdrawn_at=timezone.now())
        withdrawn, unknown = guest.get(personal(old)), guest.get(f"/i/{new_token()}/")
        assert (withdrawn.status_code, withdrawn.content) == (404, unknown.content)
        new.delete()
        assert "This conference has ended" in text_of(guest.get(personal(old)))


# NO ANSWER


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room does not answer."""

    def refuse(*_args: Any) -> None:
        raise RoomDown("not there")

    monkeypatch.setattr(jitsi.JitsiRoom, "open", refuse)


DOWN = "The video service does not answer."


@pytest.mark.usefixtures("down")
def test_a_room_that_is_down_is_told_at_every_door_and_tried_again(
    conference: Conference, guest: Client, alice: User, as_alice: Client
) -> None:
    Conference.objects.update(password="harbour42")
    invitation = make_invitation(conference)
    fields = {"name": "Bob", "password": "harbour42"}
    with at():
        answers = [
            guest.post(path(conference), fields),
            guest.post("/join/", fields | {"number": "123456789"}),
            guest.post(personal(invitation, "room")),
        ]
        for answer in answers:
            assert (answer.status_code, answer["Retry-After"]) == (503, "10")
            assert f"{DOWN} The link starts to work as soon as the service is back." in text_of(answer)
            assert 'data-retry="10"' in answer.content.decode()
            assert "The room is open." not in text_of(answer)
            assert "meet.jit.si/" not in answer.content.decode()
        assert 'value="Bob"' in answers[0].content.decode()
        as_alice.force_login(alice)
        own = as_alice.post(reverse("conferences:start", args=[conference.pk]), follow=True)
        assert f"{DOWN} Your conference is saved; the link starts to work as soon as the service is back." in text_of(
            own
        )
        for _ in range(6):  # trying again is no guessing
            assert guest.post(path(conference), fields).status_code == 503
    assert not Arrival.objects.exists()
    assert conference.occurrences.get().organizer_joined_at is None


def test_the_room_is_asked_before_anybody_is_counted_and_outside_of_transactions(
    conference: Conference, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(jitsi.JitsiRoom, "open", lambda *_args: seen.append(Arrival.objects.count()))
    assert isinstance(enter(Door(conference, conference.occurrences.get()), GUEST, START, network="n"), Entrance)
    assert seen == [0]


# WHAT OTHERS INSIDE MAY SEE


def test_the_room_learns_neither_the_cookie_nor_the_links(conference: Conference, guest: Client, settings: Any) -> None:
    invitation = make_invitation(conference)
    with at():
        urls = [
            guest.post(path(conference), {"name": "C"})["Location"],
            guest.post(personal(invitation, "room"))["Location"],
        ]
    for url in urls:
        for secret in (guest.cookies["guest"].value, invitation.token, conference.join_token):
            assert secret not in url


def test_a_page_of_a_series_that_goes_on_elsewhere_says_from_when(series: Conference, guest: Client) -> None:
    words = "on this goes on as a conference of its own"
    with at(hours=-2):
        assert words not in text_of(guest.get(path(series)))
        make_conference(series.organizer, start=datetime(2027, 3, 30, 14), follows=series)
        assert f"From Tuesday 30 March 2027 {words}" in text_of(guest.get(path(series)))
