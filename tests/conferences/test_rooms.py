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
from conferences.rooms.base import Arrangement, Participant
from conferences.rooms.jitsi import JitsiRoom
from conferences.rooms.link import LinkRoom

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
        Room("phone", "link", "https://phone.example.org/{room}"),
    )
    assert [room.label for room in rooms.all_rooms()] == ["Jitsi (own)", "phone"]
    assert rooms.origins() == ("https://own.example.org", "https://phone.example.org")
    assert rooms.room_called("phone").name == "phone"
    assert rooms.room_called("gone").name == rooms.room_called("").name == "own"
