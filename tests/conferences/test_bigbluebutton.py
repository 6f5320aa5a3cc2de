"""BigBlueButton: every call as its documentation has it, and a server that fails in every way."""

import hashlib
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conferences.choices import ClientVideoQuality, Mode, Role
from conferences.rooms import bigbluebutton_api
from conferences.rooms.base import Arrangement, Participant, Recording, RoomDown
from conferences.rooms.bigbluebutton import BigBlueButtonRoom
from tests.rooms_server import FAULTS, SECRET, Failed, RoomsServer, trusted
from tests.smtp_server import Certificate, black_hole, make_certificate

NOW = datetime(2026, 12, 3, 13, 0, tzinfo=UTC)
NAME = "abcdefghijklmnopqrstuvwxyz"
OPEN = Arrangement("Budget", opens_at=NOW, closes_at=NOW + timedelta(hours=25), way_back="https://cabinet.test/join/")
HOSTILE = [
    "Zoë 🦊 Müller",
    "محمد بن عبد الله",
    'Robert "Bobby" O\'Neil; <b>&amp;</b>',
    "two\r\nlines\tand\x00more\x1b",
    "a&role=MODERATOR&checksum=0",
    "%26role%3DMODERATOR + #?/\\",
    "\u202eright\u2028left",
    "lone \ud800 surrogate",
]
ALICE, BOB = Participant("Alice Adams", Role.MODERATOR, "account 1"), Participant("Bob", key="invitation 7")
CHARLIE = Participant("Charlie", Role.PRESENTER)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("authority"), "localhost")


@pytest.fixture
def server(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomsServer]:
    """The stand-in, whose authority this process trusts."""
    with trusted(certificate, monkeypatch) as running:
        yield running


@pytest.fixture
def hall(server: RoomsServer) -> BigBlueButtonRoom:
    return BigBlueButtonRoom("Lecture hall", server.address, SECRET)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes three seconds takes half of one."""
    monkeypatch.setattr(bigbluebutton_api, "LIMIT", 0.5)


def wishes(**changed: Any) -> Arrangement:
    return Arrangement(**{**OPEN.__dict__, **changed})


def created(hall: BigBlueButtonRoom, server: RoomsServer, **changed: Any) -> dict[str, str]:
    """What the server took for the room, without what every room has."""
    hall.open(NAME, wishes(**changed))
    assert server.refused == []
    everywhere = {"createTime", "attendeePW", "moderatorPW", "meetingID", "name", "logoutURL"}
    return {name: value for name, value in server.created[NAME].items() if name not in everywhere}


USUAL = {
    "guestPolicy": "ALWAYS_ACCEPT",
    "muteOnStart": "false",
    "record": "false",
    "autoStartRecording": "false",
    "allowStartStopRecording": "true",
    "notifyRecordingIsOn": "false",
    "meetingExpireIfNoUserJoinedInMinutes": "15",
    "meetingExpireWhenLastUserLeftInMinutes": "5",
}


# MAKING A ROOM


def test_a_room_is_made_with_all_that_the_conference_wants(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    assert created(hall, server) == USUAL
    meeting = server.created[NAME]
    assert (meeting["name"], meeting["logoutURL"]) == ("Budget", "https://cabinet.test/join/")


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"mute_on_entry": True}, {"muteOnStart": "true"}),
        ({"record": True}, dict.fromkeys(("record", "autoStartRecording", "notifyRecordingIsOn"), "true")),
        ({"participants_limit": 40}, {}),
        ({"mode": Mode.ROLE_BASED}, dict.fromkeys(("lockSettingsDisableMic", "lockSettingsLockOnJoin"), "true")),
        (
            {"mode": Mode.WEBINAR},
            dict.fromkeys(("webcamsOnlyForModerator", "lockSettingsHideUserList", "lockSettingsLockOnJoin"), "true"),
        ),
        (
            {"mode": Mode.SEMINAR},
            dict.fromkeys(
                (
                    "lockSettingsDisableCam",
                    "lockSettingsDisableMic",
                    "lockSettingsHideUserList",
                    "lockSettingsLockOnJoin",
                ),
                "true",
            ),
        ),
        ({"welcome": "First <talk> & then\ntea"}, {"welcome": "First &lt;talk&gt; &amp; then<br>tea"}),
        ({"chat_premoderation": True}, {}),
    ],
)
def test_each_setting_makes_its_difference(
    hall: BigBlueButtonRoom, server: RoomsServer, changed: dict[str, Any], differs: dict[str, str]
) -> None:
    assert created(hall, server, **changed) == USUAL | differs


def test_everything_at_once_is_as_documented(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    everything = wishes(
        topic="Тема 🦊" * 25, welcome="Повестка дня 🦊 <&>\n" * 250, mode=Mode.SEMINAR, record=True, mute_on_entry=True,
        participants_limit=500, camera_off_on_entry=True, client_video_quality=ClientVideoQuality.HD,
    )  # fmt: skip
    hall.open(NAME, everything)
    meeting = server.created[NAME]
    assert meeting["welcome"].endswith("…")
    assert len(meeting["welcome"]) > 400
    assert meeting["name"].startswith("Тема 🦊Тема")
    assert meeting["name"].endswith("…")


@pytest.mark.parametrize("topic", [*HOSTILE, "X", "", "x" * 64, "x" * 65, "🦊" * 33, "x" * 200])
def test_any_topic_makes_a_room(hall: BigBlueButtonRoom, server: RoomsServer, topic: str) -> None:
    created(hall, server, topic=topic, welcome=topic)
    assert server.created[NAME]["guestPolicy"] == "ALWAYS_ACCEPT"
    if 4 <= len(topic.encode("utf-16-le", "replace")) <= 128 and topic.isprintable():
        assert server.created[NAME]["name"] == topic


def test_making_it_again_is_harmless(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    first = hall.open(NAME, OPEN)
    assert hall.open(NAME, wishes(topic="Budget, edited meanwhile")) == first == server.created[NAME]["createTime"]
    assert server.refused == []


def test_a_room_that_was_made_under_another_secret_is_entered_all_the_same(
    hall: BigBlueButtonRoom, server: RoomsServer
) -> None:
    server.created[NAME] = {"meetingID": NAME, "createTime": "1", "attendeePW": "other", "moderatorPW": "other"}
    assert hall.open(NAME, OPEN) == ""
    assert server.refused[0][0] == "idNotUnique"
    assert server.visit(hall.join_url(NAME, BOB, OPEN, NOW, ""))["role"] == "VIEWER"


# COMING IN


def test_guest_comes_in_as_viewer(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    sitting = hall.open(NAME, OPEN)
    came = server.visit(hall.join_url(NAME, BOB, OPEN, NOW, sitting))
    assert came == {
        "fullName": "Bob",
        "meetingID": NAME,
        "role": "VIEWER",
        "redirect": "true",
        "createTime": sitting,
        "userID": came["userID"],
    }
    assert "invitation" not in came["userID"]


@pytest.mark.parametrize("mode", Mode)
def test_moderators_moderate_and_presenters_where_only_they_are_seen(hall: BigBlueButtonRoom, mode: Mode) -> None:
    def role(person: Participant) -> str:
        return parse_qs(urlsplit(hall.join_url(NAME, person, wishes(mode=mode), NOW)).query)["role"][0]

    assert (role(ALICE), role(BOB)) == ("MODERATOR", "VIEWER")
    assert role(CHARLIE) == ("MODERATOR" if mode in (Mode.WEBINAR, Mode.SEMINAR) else "VIEWER")


def test_camera_settings_are_each_persons(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    low = wishes(camera_off_on_entry=True, client_video_quality=ClientVideoQuality.QVGA)
    hall.open(NAME, low)
    came = server.visit(hall.join_url(NAME, BOB, low, NOW))
    assert came["userdata-bbb_auto_share_webcam"] == "false"
    assert came["userdata-bbb_preferred_camera_profile"] == "low"


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_stays_a_name(hall: BigBlueButtonRoom, server: RoomsServer, name: str) -> None:
    sitting = hall.open(NAME, OPEN)
    url = hall.join_url(NAME, Participant(name), OPEN, NOW, sitting)
    assert url.isascii()
    came = server.visit(url)
    assert came["role"] == "VIEWER"
    if name.isprintable():
        assert came["fullName"] == name


def test_one_person_has_one_user_id_in_a_room_and_another_in_the_next(hall: BigBlueButtonRoom) -> None:
    def user(room: str, person: Participant) -> str:
        return parse_qs(urlsplit(hall.join_url(room, person, OPEN, NOW)).query)["userID"][0]

    assert user(NAME, BOB) == user(NAME, Participant("Bobby", key=BOB.key))
    assert len({user(NAME, BOB), user(NAME, ALICE), user("another", BOB)}) == 3


def test_an_address_is_good_for_one_sitting_only(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    kept = hall.join_url(NAME, BOB, OPEN, NOW, hall.open(NAME, OPEN))
    server.visit(kept)
    server.end(NAME)
    hall.open(NAME, OPEN)
    with pytest.raises(Failed, match="mismatchCreateTimeParam"):
        server.visit(kept)


def test_the_address_cannot_be_changed(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    url = hall.join_url(NAME, BOB, OPEN, NOW, hall.open(NAME, OPEN))
    for changed in (url.replace("VIEWER", "MODERATOR"), url.replace("fullName=Bob", "fullName=Alice")):
        assert changed != url
        with pytest.raises(Failed, match="checksumError"):
            server.visit(changed)


def test_checksum_is_sha_256_of_call_query_and_secret() -> None:
    api = bigbluebutton_api.Api("https://bbb.test/bigbluebutton/api", "639259d4-9dd8-4b25-bf01-95f9567eaf4b")
    url = api.url("create", {"name": "Test Meeting", "meetingID": "abc123"})
    signed = b"createname=Test+Meeting&meetingID=abc123639259d4-9dd8-4b25-bf01-95f9567eaf4b"
    assert url == (
        "https://bbb.test/bigbluebutton/api/create?name=Test+Meeting&meetingID=abc123"
        f"&checksum={hashlib.sha256(signed).hexdigest()}"
    )


# A SERVER THAT FAILS


SAYS = {
    "500": "BigBlueButton answered with status 500",
    "redirect": "BigBlueButton answered with status 302",
    "hang": "BigBlueButton did not answer: TimeoutError",
    "closes": "BigBlueButton did not answer: RemoteDisconnected",
    "drips head": "BigBlueButton did not answer: TimeoutError",
    "drips body": "BigBlueButton did not answer: TimeoutError",
    "nonsense": "BigBlueButton did not answer: BadStatusLine",
    "huge": "BigBlueButton answered too much",
    "endless": "BigBlueButton answered too much",
    "bomb": "BigBlueButton answered with a document type",
    "outside": "BigBlueButton answered with a document type",
    "deep": "BigBlueButton answered too deep a document",
    "cut": "BigBlueButton did not answer with XML",
    "html": "BigBlueButton refused the call: no reason given",
    "strange key": "BigBlueButton refused the call: no reason given",
}


def test_every_fault_is_tried() -> None:
    assert SAYS.keys() == FAULTS.keys()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", SAYS)
def test_a_server_that_fails_is_down_and_its_words_are_not_repeated(
    hall: BigBlueButtonRoom, server: RoomsServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    server.fault = fault
    with pytest.raises(RoomDown) as down:
        hall.open(NAME, OPEN)
    assert str(down.value).startswith(SAYS[fault])
    assert len(server.calls) == 1, "neither repeated nor redirected"
    shown = "".join(traceback.format_exception(down.value)) + caplog.text
    assert "hunter2" not in shown
    assert "create of localhost" in caplog.text
    server.fault = ""
    assert hall.open(NAME, OPEN), "the next try is a new one"


@pytest.mark.usefixtures("server", "impatient")
def test_a_server_that_is_not_there_is_down() -> None:
    with black_hole() as port:
        for address in (f"https://localhost:{port}/api", "https://localhost:1/api", "https://nowhere.invalid/api"):
            with pytest.raises(RoomDown, match="did not answer: "):
                BigBlueButtonRoom("hall", address, SECRET).open(NAME, OPEN)


def test_a_wrong_secret_is_told_by_the_key_of_the_api(server: RoomsServer) -> None:
    with pytest.raises(RoomDown, match="refused the call: checksumError"):
        BigBlueButtonRoom("hall", server.address, SECRET + "x").open(NAME, OPEN)


def test_a_certificate_of_nobody_is_refused(
    server: RoomsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.authority))
    bigbluebutton_api._trust.cache_clear()
    with pytest.raises(RoomDown, match="certificate verify failed"):
        BigBlueButtonRoom("hall", server.address, SECRET).open(NAME, OPEN)
    assert server.calls == []


def test_a_certificate_for_another_name_is_refused(server: RoomsServer) -> None:
    with pytest.raises(RoomDown, match="certificate verify failed"):
        BigBlueButtonRoom("hall", server.address.replace("localhost", "127.0.0.1"), SECRET).open(NAME, OPEN)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["", *SAYS])
def test_the_secret_is_nowhere(
    hall: BigBlueButtonRoom, server: RoomsServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fault = fault
    seen = [repr(hall), repr(hall._api), hall.join_url(NAME, ALICE, OPEN, NOW, "1")]
    try:
        seen.append(hall.open(NAME, OPEN))
    except RoomDown as down:
        shown = traceback.TracebackException.from_exception(down, capture_locals=True)
        # Locals of the signing itself aside, of course.
        seen += [str(down), repr(down), *traceback.format_exception(down), *map(str, shown.exc_type_str)]
    seen.append(caplog.text)
    assert not [text for text in seen if SECRET in text]


# RECORDINGS


def row(room: str = NAME, **changed: Any) -> dict[str, Any]:
    usual = {
        "meetingID": room,
        "name": "Budget <b>&amp;</b> 🦊",
        "published": "true",
        "start": 1796302800000,
        "end": 1796306400000,
        "formats": [
            ("podcast", "https://bbb.test/podcast/1.ogg", 59),
            ("statistics", "https://bbb.test/statistics/1", 0),
            ("presentation", "https://bbb.test/playback?id=1&x=2", 58),
        ],
    }
    return usual | changed


def test_recordings_are_listed_newest_first(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    server.recordings = [row(), row("second", start=1796400000000, end=1796403600000, published="false", formats=[])]
    assert hall.recordings([NAME, "second"]) == [
        Recording("Budget <b>&amp;</b> 🦊", "", datetime(2026, 12, 4, 16, 0, tzinfo=UTC), timedelta(hours=1), False),
        Recording(
            "Budget <b>&amp;</b> 🦊",
            "https://bbb.test/playback?id=1&x=2",
            datetime(2026, 12, 3, 13, 0, tzinfo=UTC),
            timedelta(minutes=58),
            True,
        ),
    ]


def test_no_recordings_are_none(hall: BigBlueButtonRoom) -> None:
    assert hall.recordings([NAME]) == []


def test_nobody_elses_recordings_are_asked_for(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    server.recordings = [row("a-strangers")]
    assert hall.recordings([]) == []
    assert server.calls == [], "without rooms the server would list all that it has"
    many = [f"room-{number}" for number in range(300)]
    assert hall.recordings(many) == []
    assert server.calls[0][1]["meetingID"].split(",") == many[:100]


def test_an_answer_about_other_rooms_is_not_believed(
    hall: BigBlueButtonRoom, server: RoomsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.recordings = [row("a-strangers"), row()]
    monkeypatch.setattr(server, "answer", lambda call, _parameters: RoomsServer.answer(server, call, {}))
    assert len(hall.recordings([NAME])) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://bbb.test/1",
        "javascript:alert(1)",
        "https://user:pw@bbb.test/1",
        "https://bbb.test\\@evil.test/1",
        "//bbb.test/1",
        "https://bbb.test/ x",
        "",
    ],
)
def test_recordings_lead_to_plain_https_only(hall: BigBlueButtonRoom, server: RoomsServer, url: str) -> None:
    server.recordings = [row(formats=[("presentation", url, "1")])]
    assert [recording.url for recording in hall.recordings([NAME])] == [""]


def test_nonsense_in_a_recording_breaks_nothing(hall: BigBlueButtonRoom, server: RoomsServer) -> None:
    nonsense = row(start="soon", end="-5", name="", formats=[("video", "https://bbb.test/1", "long")])
    server.recordings = [nonsense, row(start="9" * 400)]
    assert [recording.starts_at.year for recording in hall.recordings([NAME])] == [1970, 1970]
