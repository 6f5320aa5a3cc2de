"""BigBlueButton: a room is made on its server with all settings, and everybody enters by a signed address of their own.

Parameters by https://docs.bigbluebutton.org/development/api (2.4 to 3.0; older servers ignore what is new).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import quote_plus, urlsplit
from xml.etree.ElementTree import Element

from conferences.choices import ClientVideoQuality, Mode, Role
from conferences.rooms.base import Arrangement, Participant, Recording
from conferences.rooms.bigbluebutton_api import Api, Refused

# In these only presenters and moderators are seen. BigBlueButton locks viewers and knows nobody between them and
# moderators: presenters come in as moderators there.
STAGE = (Mode.WEBINAR, Mode.SEMINAR)
# What viewers may not do. A moderator gives somebody the floor by unlocking them.
LOCKS: dict[Mode, tuple[str, ...]] = {
    Mode.DISCUSSION: (),
    Mode.ROLE_BASED: ("lockSettingsDisableMic", "lockSettingsLockOnJoin"),
    Mode.WEBINAR: ("webcamsOnlyForModerator", "lockSettingsHideUserList", "lockSettingsLockOnJoin"),
    Mode.SEMINAR: (
        "lockSettingsDisableCam",
        "lockSettingsDisableMic",
        "lockSettingsHideUserList",
        "lockSettingsLockOnJoin",
    ),
}
# The profiles that its client ships with.
CAMERAS = {ClientVideoQuality.HD: "hd", ClientVideoQuality.VGA: "medium", ClientVideoQuality.QVGA: "low"}
# Recordings are asked for by address, which has a length: so many rooms at once.
ROOMS_AT_ONCE = 100
# The address of a call must fit into 8 kB; most of it is the welcome text.
WELCOME_BYTES = 4000
LONGEST_NAME = 64
MOST_TELLING = ("video", "presentation")


@dataclass(frozen=True)
class BigBlueButtonRoom:
    """`url` is the https address of the server's API, `secret` what it shares with us."""

    name: str
    url: str
    secret: str = field(repr=False)
    dial_in: str = ""
    supports: frozenset[str] = frozenset(
        {"mode", "mute_on_entry", "camera_off_on_entry", "record", "client_video_quality", "participants_limit"}
    )
    presenters_moderate: bool = True
    first_signs_in: bool = False
    # Its addresses are good for one sitting, and whoever a moderator bans there stays out: everybody has one user ID.
    removes_people: bool = True
    lists_recordings: bool = True

    @property
    def label(self) -> str:
        """The name that people read."""
        return f"BigBlueButton ({self.name})"

    @property
    def origin(self) -> str:
        """Scheme and host."""
        return f"https://{urlsplit(self.url).netloc}"

    @property
    def _api(self) -> Api:
        return Api(self.url, self.secret)

    def open(self, room: str, arrangement: Arrangement) -> str:
        """Create the room, or find it created; returns when that was, which join_url() puts into every address.

        BigBlueButton tells a repeated creation by two passwords, which are good for nothing else: without them it
        makes up new ones and refuses. It refuses too while a room is open that was made under another secret.
        """
        passwords = {"attendeePW": self._api.digest("viewer", room), "moderatorPW": self._api.digest("moderator", room)}
        try:
            answer = self._api.call("create", passwords | _creation(room, arrangement))
        except Refused as refusal:
            if refusal.key != "idNotUnique":
                raise
            return ""
        created = answer.findtext("createTime", "")
        return created if re.fullmatch("[0-9]{1,20}", created) else ""

    def join_url(
        self, room: str, person: Participant, arrangement: Arrangement, now: datetime, sitting: str = ""
    ) -> str:
        """The signed address by which this person enters; what was opened before is only entered in that sitting."""
        moderates = person.moderates or (person.role == Role.PRESENTER and arrangement.mode in STAGE)
        parameters = {
            "fullName": person.name,
            "meetingID": room,
            "role": "MODERATOR" if moderates else "VIEWER",
            "redirect": "true",
        }
        if person.key:
            parameters["userID"] = self._api.digest("person", room, person.key)
        if sitting:
            parameters["createTime"] = sitting
        if arrangement.camera_off_on_entry:
            parameters["userdata-bbb_auto_share_webcam"] = "false"
        if camera := CAMERAS.get(arrangement.client_video_quality):
            parameters["userdata-bbb_preferred_camera_profile"] = camera
        return self._api.url("join", parameters)

    def recordings(self, rooms: Sequence[str]) -> list[Recording]:
        """What was recorded in the first hundred of `rooms`, newest first. Raises RoomDown."""
        asked = rooms[:ROOMS_AT_ONCE]
        if not asked:  # an empty list would be answered with everybody's recordings
            return []
        answer = self._api.call("getRecordings", {"meetingID": ",".join(asked)})
        ours = [row for row in answer.iterfind("recordings/recording") if row.findtext("meetingID") in asked]
        return sorted(map(_recording, ours), key=lambda recording: recording.starts_at, reverse=True)


def _creation(room: str, wishes: Arrangement) -> dict[str, str]:
    """The settings of a room for the call “create”."""
    parameters = {
        "meetingID": room,
        "name": _name(wishes.topic),
        "logoutURL": wishes.way_back,
        # Who waits, waits at our door: nobody waits twice.
        "guestPolicy": "ALWAYS_ACCEPT",
        "muteOnStart": _flag(wishes.mute_on_entry),
        "record": _flag(wishes.record),
        "autoStartRecording": _flag(wishes.record),
        "allowStartStopRecording": "true",
        "notifyRecordingIsOn": _flag(wishes.record),
        # Between two people who come and go, or while the only one inside loses the network for a moment.
        "meetingExpireIfNoUserJoinedInMinutes": "15",
        "meetingExpireWhenLastUserLeftInMinutes": "5",
    }
    if wishes.welcome:
        parameters["welcome"] = _html(wishes.welcome)
    # No maxParticipants: it counts moderators too, and the door here has let in as many as there may be.
    return parameters | dict.fromkeys(LOCKS[wishes.mode], "true")


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _name(topic: str) -> str:
    """The topic in 2 to 64 characters, which are counted in UTF-16 there."""
    if len(topic) < 2:
        return f"“{topic}”"
    units = topic.encode("utf-16-le", "replace")
    if len(units) <= 2 * LONGEST_NAME:
        return topic
    return units[: 2 * LONGEST_NAME - 2].decode("utf-16-le", "ignore") + "…"


def _html(text: str) -> str:
    """Plain text as the little HTML that the chat shows, cut at a line or letter that fits into an address."""
    cut: list[str] = []
    room_left = WELCOME_BYTES
    for letter in text:
        shown = "<br>" if letter == "\n" else escape(letter)
        room_left -= len(quote_plus(shown, errors="replace"))
        if room_left < 0:
            return f"{''.join(cut)}…"
        cut.append(shown)
    return "".join(cut)


def _recording(row: Element) -> Recording:
    begins, ends = _instant(row.findtext("startTime", "")), _instant(row.findtext("endTime", ""))
    url, minutes = next(_formats(row), ("", 0))
    return Recording(
        name=row.findtext("name", "").strip()[:200],
        url=url,
        starts_at=begins,
        length=timedelta(minutes=minutes) or max(ends - begins, timedelta()),
        published=row.findtext("published") == "true",
    )


def _formats(row: Element) -> Iterator[tuple[str, int]]:
    """Address and minutes of what can be watched, the most telling kind first. No address but a plain https one."""
    rows = {playback.findtext("type", ""): playback for playback in row.iterfind("playback/format")}
    for kind in sorted(rows, key=lambda kind: (MOST_TELLING.index(kind) if kind in MOST_TELLING else 9, kind)):
        url, minutes = rows[kind].findtext("url", "").strip(), rows[kind].findtext("length", "")
        if kind != "statistics" and _is_plain(url):
            yield url, int(minutes) if re.fullmatch("[0-9]{1,4}", minutes) else 0


def _is_plain(url: str) -> bool:
    return re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[!-~]*", url) is not None


def _instant(milliseconds: str) -> datetime:
    """Milliseconds since 1970; nonsense is 1970."""
    seconds = int(milliseconds) // 1000 if re.fullmatch("[0-9]{1,14}", milliseconds) else 0
    return datetime.fromtimestamp(seconds, UTC)
