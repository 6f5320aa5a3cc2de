"""What leaves for the room: addresses, start settings, signed permissions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt
import pytest

from cabinet.environ import Room
from conferences import rooms
from conferences.choices import ClientVideoQuality, Role
from conferences.rooms.base import Arrangement, Participant, RoomBackend
from conferences.rooms.bigbluebutton import BigBlueButtonRoom
from conferences.rooms.jitsi import JitsiRoom
from conferences.rooms.link import LinkRoom
from conferences.rooms.shortfalls import SAYS_BESIDE, what_rooms_lack

NOW = datetime(2026, 12, 3, 13, 0, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
ALICE, BOB = Participant("Alice Adams", Role.MODERATOR), Participant("Bob & Söhne #1")
OPEN = Arrangement(
    topic="Budget & „Review“ #2",
    opens_at=NOW - timedelta(minutes=15),
    closes_at=NOW + timedelta(hours=25),
    mute_on_entry=True,
    camera_off_on_entry=False,
    client_video_quality=ClientVideoQuality.DEFAULT,
)
PUBLIC = JitsiRoom("meet.jit.si", "https://meet.jit.si")
SIGNED = JitsiRoom("own", "https://video.example.org:8443/tenant", app="cabinet", secret=SECRET)


def arrangement(**changed: Any) -> Arrangement:
    return Arrangement(**{**OPEN.__dict__, **changed})


def start_settings(url: str) -> dict[str, Any]:
    """As Jitsi reads them: behind the #, percent-decoded, JSON."""
    pairs = (pair.split("=", 1) for pair in urlsplit(url).fragment.split("&"))
    return {name: json.loads(unquote(value)) for name, value in pairs}


def claims(person: Participant, now: datetime = NOW, wishes: Arrangement = OPEN) -> dict[str, Any]:
    url = SIGNED.join_url("roomroomroomroomroomroomro", person, wishes, now)
    token = urlsplit(url).query.removeprefix("jwt=")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    result: dict[str, Any] = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="jitsi", options={"verify_exp": False, "verify_nbf": False}
    )
    return result


def test_public_room_is_an_address_with_start_settings() -> None:
    url = PUBLIC.join_url("room", BOB, OPEN, NOW)
    assert url.startswith("https://meet.jit.si/room#")
    assert start_settings(url) == {
        "userInfo.displayName": "Bob & Söhne #1",
        "config.subject": "Budget & „Review“ #2",
        "config.startWithAudioMuted": True,
    }


def test_start_settings_follow_the_conference_and_spare_the_moderator() -> None:
    wishes = arrangement(camera_off_on_entry=True, client_video_quality=ClientVideoQuality.VGA)
    assert start_settings(PUBLIC.join_url("room", ALICE, wishes, NOW)) == {
        "userInfo.displayName": "Alice Adams",
        "config.subject": OPEN.topic,
        "config.startWithVideoMuted": True,
        "config.resolution": 480,
        "config.constraints.video.height.ideal": 480,
        "config.constraints.video.height.max": 480,
    }


@pytest.mark.parametrize("hostile", ['"&jwt=x', "#config.x=1", "</script>", "../../evil", "a\u202eb", "%0d%0aX: y"])
def test_names_and_topics_stay_values(hostile: str) -> None:
    url = PUBLIC.join_url("room", Participant(hostile), arrangement(topic=hostile, mute_on_entry=False), NOW)
    assert start_settings(url) == {"userInfo.displayName": hostile, "config.subject": hostile}
    assert (urlsplit(url).netloc, urlsplit(url).path, urlsplit(url).query) == ("meet.jit.si", "/room", "")


def test_guest_gets_a_permission_for_one_room_and_a_quarter_of_an_hour() -> None:
    assert claims(BOB) == {
        "aud": "jitsi",
        "iss": "cabinet",
        "sub": "video.example.org",
        "room": "roomroomroomroomroomroomro",
        "nbf": int((NOW - timedelta(minutes=1)).timestamp()),
        "exp": int((NOW + timedelta(minutes=14)).timestamp()),
        "context": {"user": {"name": "Bob & Söhne #1", "moderator": "false", "affiliation": "member"}},
    }


def test_organizer_gets_a_moderators_permission() -> None:
    user = claims(ALICE)["context"]["user"]
    assert user == {"name": "Alice Adams", "moderator": "true", "affiliation": "owner"}


@pytest.mark.parametrize("minutes", [-15, -14.5, 0, 60, 25 * 60 - 5, 25 * 60 - 1])
def test_permissions_lie_inside_the_time_the_room_is_open(minutes: float) -> None:
    now = NOW + timedelta(minutes=minutes)
    given = claims(BOB, now)
    assert OPEN.opens_at.timestamp() <= given["nbf"] <= now.timestamp()
    assert now.timestamp() < given["exp"] <= OPEN.closes_at.timestamp()
    assert given["exp"] - given["nbf"] <= 15 * 60


def test_organizer_may_come_before_the_room_opens() -> None:
    given = claims(ALICE, NOW - timedelta(days=1))
    assert given["nbf"] <= (NOW - timedelta(days=1)).timestamp() < given["exp"]


def test_permission_asked_for_after_the_end_is_void() -> None:
    late = OPEN.closes_at + timedelta(minutes=2)
    assert claims(BOB, late)["exp"] < late.timestamp()


def test_secret_is_in_no_address_and_no_representation() -> None:
    assert SECRET not in SIGNED.join_url("room", ALICE, OPEN, NOW)
    assert SECRET not in repr(SIGNED)


def test_link_room_fills_in_the_name_alone() -> None:
    room = LinkRoom("phone", "https://phone.example.org/c/{room}?x=1")
    assert room.join_url("a/b?c", BOB, OPEN, NOW) == "https://phone.example.org/c/a%2Fb%3Fc?x=1"
    assert room.supports == frozenset()


def test_rooms_come_from_the_settings_and_a_lost_one_is_replaced_by_the_first(settings: Any) -> None:
    settings.ROOMS = (
        Room("own", "jitsi", "https://own.example.org", "cabinet", SECRET),
        Room("phone", "link", "https://phone.example.org/{room}", dial_in="+49 30 1"),
        Room("hall", "bbb", "https://bbb.example.org/bigbluebutton/api", "", SECRET),
    )
    assert [room.label for room in rooms.all_rooms()] == ["Jitsi (own)", "phone", "BigBlueButton (hall)"]
    assert [room.dial_in for room in rooms.all_rooms()] == ["", "+49 30 1", ""]
    assert rooms.origins() == ("https://own.example.org", "https://phone.example.org", "https://bbb.example.org")
    settings.VIDEO_HOSTS = ("https://*.bbb.example.org",)
    assert rooms.origins()[3:] == ("https://*.bbb.example.org",)
    assert rooms.room_called("phone").name == "phone"
    assert rooms.room_called("gone").name == rooms.room_called("").name == "own"


def test_a_moderator_is_reminded_to_record_where_nothing_starts_by_itself() -> None:
    def asks(person: Participant, **changed: Any) -> bool:
        url = PUBLIC.join_url("room", person, arrangement(**changed), NOW)
        return "config.recordings.suggestRecording" in start_settings(url)

    assert asks(ALICE, record=True)
    assert not asks(BOB, record=True)
    assert not asks(ALICE)


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.PRESENTER])
def test_only_organizers_and_moderators_moderate(role: Role) -> None:
    given = claims(Participant("Bob", role))["context"]["user"]
    assert (given["moderator"], given["affiliation"]) == ("false", "member")


@pytest.mark.parametrize("hostile", ["*", "../x", "a?jwt=b", "r#x", "محمد 🦊", 'a"b'])
def test_a_permission_is_for_exactly_the_room_of_the_address(hostile: str) -> None:
    url = SIGNED.join_url(hostile, Participant(hostile), OPEN, NOW)
    given = jwt.decode(
        urlsplit(url).query.removeprefix("jwt="), SECRET, algorithms=["HS256"], audience="jitsi", issuer="cabinet",
        options={"verify_exp": False, "verify_nbf": False},
    )  # fmt: skip
    assert given["room"] == hostile == unquote(urlsplit(url).path.removeprefix("/tenant/"))
    assert given["context"]["user"]["name"] == hostile


def test_who_asks_the_first_person_to_sign_in() -> None:
    assert PUBLIC.first_signs_in
    own_app = JitsiRoom("x", "https://meet.jit.si", app="cabinet", secret=SECRET)
    for room in (SIGNED, own_app, JitsiRoom("x", "https://meet.example.org"), LinkRoom("x", "https://x.test/{room}")):
        assert not room.first_signs_in


def test_where_a_removed_guest_loses_the_room_itself() -> None:
    hall = BigBlueButtonRoom("hall", "https://bbb.test/api", SECRET)
    assert [room.removes_people for room in (PUBLIC, SIGNED, hall, LinkRoom("x", "https://x.test/{room}"))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_each_setting_says_which_rooms_lack_it() -> None:
    hall, phone = BigBlueButtonRoom("hall", "https://bbb.test/api", SECRET), LinkRoom("phone", "https://x.test/{room}")
    every: list[RoomBackend] = [hall, SIGNED, PUBLIC, phone]

    def lacking(setting: str) -> list[str]:
        said = what_rooms_lack(setting, every)
        return [room.name for room in every if room.label in said]

    assert {setting: lacking(setting) for setting in SAYS_BESIDE} == {
        "mode": ["hall", "own", "meet.jit.si", "phone"],  # of the hall it says something else
        "chat_premoderation": ["hall", "own", "meet.jit.si", "phone"],
        "mute_on_entry": ["phone"],
        "camera_off_on_entry": ["phone"],
        "record": ["own", "meet.jit.si", "phone"],
        "video_quality": ["hall", "own", "meet.jit.si", "phone"],
        "client_video_quality": ["phone"],
        "participants_limit": ["meet.jit.si", "phone"],
    }


def test_what_is_said_of_modes() -> None:
    hall = BigBlueButtonRoom("hall", "https://bbb.test/api", SECRET)
    assert what_rooms_lack("mode", [hall]) == (
        "In a webinar or seminar, presenters have a moderator’s rights in BigBlueButton (hall)."
    )
    assert what_rooms_lack("mode", [PUBLIC]).startswith("Jitsi (meet.jit.si) knows only Discussion")
    assert what_rooms_lack("mode", [PUBLIC, SIGNED]).startswith(
        f"{PUBLIC.label} and {SIGNED.label} know only Discussion"
    )
    assert what_rooms_lack("record", [hall]) == ""
