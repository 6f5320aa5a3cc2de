"""Where recordings can be found afterwards, and the way into BigBlueButton through our own door."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cabinet import environ
from cabinet.models import User
from conferences.choices import Mode, Role
from conferences.models import Conference
from conferences.recording_views import used_rooms
from tests.factories import make_conference, make_invitation
from tests.rooms_server import SECRET, RoomsServer, trusted
from tests.smtp_server import Certificate, make_certificate

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("authority"), "localhost")


@pytest.fixture
def server(certificate: Certificate, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[RoomsServer]:
    """The only room of this site."""
    with trusted(certificate, monkeypatch) as running:
        settings.ROOMS = environ.rooms(running.video_url)
        yield running


def going_on(organizer: User, **fields: Any) -> Conference:
    """A conference that began some minutes ago."""
    begun = timezone.now().replace(tzinfo=None, second=0, microsecond=0)
    return make_conference(organizer, start=begun, time_zone="UTC", **fields)


def page(conference: Conference) -> str:
    return reverse("conferences:recordings", args=[conference.pk])


def row(room: str, **changed: Any) -> dict[str, Any]:
    usual = {
        "meetingID": room,
        "name": "<b>Budget</b>",
        "published": "true",
        "start": 1796302800000,
        "end": 1796306400000,
        "formats": [("presentation", "https://bbb.test/playback?id=1", 58)],
    }
    return usual | changed


# RECORDINGS


def test_recordings_of_the_conference_are_listed(
    as_alice: Client, as_charlie: Client, alice: User, server: RoomsServer
) -> None:
    conference = going_on(alice, record=True)
    room = conference.occurrences.get().room_name
    server.recordings = [row(room), row("elsewhere", name="Secret of others"), row(room, published="false", formats=[])]
    text = as_alice.get(page(conference)).content.decode()
    assert '<a href="https://bbb.test/playback?id=1" rel="noreferrer" dir="auto">&lt;b&gt;Budget&lt;/b&gt;</a>' in text
    assert "58 minutes" in text
    assert "Not published" in text
    assert "Secret of others" not in text
    assert as_charlie.get(page(conference)).status_code == 404
    assert len(server.calls) == 1, "a stranger does not make us ask"


def test_no_other_page_asks_the_room(as_alice: Client, alice: User, server: RoomsServer) -> None:
    conference = going_on(alice, record=True)
    text = as_alice.get(conference.get_absolute_url()).content.decode()
    assert page(conference) in text
    as_alice.get(reverse("conferences:list"))
    as_alice.get(reverse("conferences:edit", args=[conference.pk]))
    assert server.calls == []


def test_a_room_that_is_down_is_said_in_words(as_alice: Client, alice: User, server: RoomsServer) -> None:
    server.fault = "500"
    answer = as_alice.get(page(going_on(alice)))
    assert answer.status_code == 503
    assert "BigBlueButton (Lecture hall) does not answer." in answer.content.decode()
    assert "hunter2" not in answer.content.decode()


def test_no_recordings_yet(as_alice: Client, alice: User, server: RoomsServer) -> None:
    assert "No recordings yet" in as_alice.get(page(going_on(alice))).content.decode()
    assert [call for call, _parameters in server.calls] == ["getRecordings"]


def test_before_the_first_date_nothing_is_asked(as_alice: Client, alice: User, server: RoomsServer) -> None:
    assert "No recordings yet" in as_alice.get(page(make_conference(alice))).content.decode()
    assert server.calls == []


def test_elsewhere_one_reads_whom_to_ask(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, record=True)
    for address in (page(conference), conference.get_absolute_url()):
        assert "Jitsi (meet.jit.si) does not tell us of its recordings." in as_alice.get(address).content.decode()


def test_rooms_that_were_used_are_the_newest_hundred_of_a_series(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=150), tick=False):
        series = make_conference(alice, rule="FREQ=DAILY;COUNT=200")
    now = timezone.now()
    with django_assert_num_queries(1):
        rooms = used_rooms(series, now)
    begun = series.occurrences.filter(starts_at__lte=now + series.opens_before).order_by("-starts_at")
    assert rooms == [occurrence.room_name for occurrence in begun][:101]
    assert len(rooms) == 101


def test_a_room_may_have_been_used_as_soon_as_it_opens(alice: User) -> None:
    series = make_conference(alice, rule="FREQ=DAILY;COUNT=3", opens_before=timedelta(minutes=30))
    first = series.occurrences.earliest("starts_at")
    minutes = [(first.starts_at - timedelta(minutes=before)) for before in (31, 30)]
    assert [used_rooms(series, now) for now in minutes] == [[], [first.room_name]]


def test_a_permanent_conference_has_one_room(alice: User) -> None:
    conference = make_conference(alice, permanent=True)
    assert used_rooms(conference, timezone.now()) == [conference.room_name]


# THE WAY IN, THROUGH OUR DOOR


def entered(answer: Any, server: RoomsServer) -> dict[str, str]:
    """How the server understood whom our door sent there."""
    assert answer.status_code == 303, answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    return server.visit(answer.headers["Location"])


def test_everybody_enters_in_their_role(as_alice: Client, alice: User, server: RoomsServer) -> None:
    conference = going_on(alice, mode=Mode.SEMINAR, mute_on_entry=True)
    organizer = entered(as_alice.post(reverse("conferences:start", args=[conference.pk])), server)
    assert (organizer["fullName"], organizer["role"]) == ("Alice Adams", "MODERATOR")
    for role, expected in ((Role.MODERATOR, "MODERATOR"), (Role.PRESENTER, "MODERATOR"), (Role.PARTICIPANT, "VIEWER")):
        invitation = make_invitation(conference, f"{role}@example.org", f"The {role}", role=role)
        came = entered(Client().post(reverse("invitations:room", args=[invitation.token])), server)
        assert (came["fullName"], came["role"]) == (f"The {role}", expected)
    guest = entered(
        Client().post(reverse("conferences:join", args=[conference.join_token]), {"name": "Mallory 🦊"}), server
    )
    assert (guest["fullName"], guest["role"]) == ("Mallory 🦊", "VIEWER")
    assert len(server.created) == 1
    (meeting,) = server.created.values()
    assert (meeting["lockSettingsDisableMic"], meeting["muteOnStart"]) == ("true", "true")
    assert server.refused == []


def test_the_room_learns_no_link_and_no_token(as_alice: Client, alice: User, server: RoomsServer) -> None:
    conference = going_on(alice, agenda="Item 1", password="harbour42")
    invitation = make_invitation(conference, role=Role.PARTICIPANT)
    entered(Client().post(reverse("invitations:room", args=[invitation.token])), server)
    entered(as_alice.post(reverse("conferences:start", args=[conference.pk])), server)
    told = repr(server.calls)
    for secret in (conference.join_token, invitation.token, "harbour42", invitation.address, alice.email):
        assert secret not in told


def test_an_address_that_was_kept_does_not_open_the_next_sitting(
    as_alice: Client, alice: User, server: RoomsServer
) -> None:
    conference = make_conference(alice, permanent=True)
    kept = as_alice.post(reverse("conferences:start", args=[conference.pk])).headers["Location"]
    again = as_alice.post(reverse("conferences:start", args=[conference.pk])).headers["Location"]
    assert parse_qs(urlsplit(kept).query)["createTime"] == parse_qs(urlsplit(again).query)["createTime"]
    server.end(conference.room_name)
    anew = as_alice.post(reverse("conferences:start", args=[conference.pk])).headers["Location"]
    assert parse_qs(urlsplit(kept).query)["createTime"] != parse_qs(urlsplit(anew).query)["createTime"]


def test_a_room_that_is_down_keeps_nobody_from_scheduling_and_says_so_at_the_door(
    as_alice: Client, alice: User, server: RoomsServer
) -> None:
    server.fault = "500"
    conference = going_on(alice)
    for answer in (
        as_alice.post(reverse("conferences:start", args=[conference.pk]), follow=True),
        Client().post(reverse("conferences:join", args=[conference.join_token]), {"name": "Bob"}, follow=True),
    ):
        assert "hunter2" not in answer.content.decode()
        assert answer.status_code in (200, 503)
    assert conference.arrivals.filter(entered_at__isnull=False).count() == 0


def test_the_secret_is_in_no_page_and_no_log(
    as_alice: Client, alice: User, server: RoomsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    conference = going_on(alice, record=True)
    answers = []
    for fault in ("", "500", "nonsense"):
        server.fault = fault
        answers += [
            as_alice.get(conference.get_absolute_url()),
            as_alice.get(reverse("conferences:new")),
            as_alice.get(page(conference)),
            as_alice.post(reverse("conferences:start", args=[conference.pk])),
            Client().post(reverse("conferences:join", args=[conference.join_token]), {"name": "Bob"}),
        ]
    shown = [answer.content.decode() + str(answer.headers) for answer in answers]
    assert not [text for text in [*shown, caplog.text] if SECRET in text]


# BESIDE THE WAY IN


def test_start_says_where_the_first_person_has_to_sign_in(as_alice: Client, alice: User, settings: Any) -> None:
    says = "asks the first person to sign in."
    conference = going_on(alice)
    assert f"meet.jit.si {says}" in as_alice.get(conference.get_absolute_url()).content.decode()
    settings.ROOMS = environ.rooms("jitsi+https://meet.example.org")
    assert says not in as_alice.get(conference.get_absolute_url()).content.decode()


def test_dial_in_is_on_the_pages_of_those_who_may_come(as_alice: Client, alice: User, settings: Any) -> None:
    to_come, now = make_conference(alice), going_on(alice)
    over = make_conference(alice, start=datetime(2026, 1, 5, 10))
    own_pages = [conference.get_absolute_url() for conference in (to_come, now)]
    links = [reverse("conferences:join", args=[conference.join_token]) for conference in (to_come, now)]
    personal = [make_invitation(conference).get_absolute_url() for conference in (to_come, now)]
    shows = [*own_pages, *links, *personal]

    def said_on(addresses: list[str], words: str) -> list[str]:
        return [address for address in addresses if words in as_alice.get(address).content.decode()]

    assert said_on(shows, "By telephone") == []
    settings.ROOMS = environ.dial_in("meet.jit.si=+49 30 <1234>, PIN 5", environ.rooms("jitsi+https://meet.jit.si"))
    assert said_on(shows, "By telephone: <bdi>+49 30 &lt;1234&gt;, PIN 5</bdi>") == shows
    assert said_on([reverse("conferences:join", args=[over.join_token])], "By telephone") == []
