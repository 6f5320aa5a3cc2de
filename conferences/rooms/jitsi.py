"""Jitsi Meet: open servers by URL, signed servers with a token for each person and each entry."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import jwt

from conferences.rooms.base import Arrangement, Participant, Recording

# Long enough to get through the device check before the room, too short to be passed on.
TOKEN_LIFE = timedelta(minutes=15)
# The clocks of two servers differ; a token must not be "not yet valid" when it arrives.
CLOCK_DIFFERENCE = timedelta(minutes=1)
HEIGHTS = {"hd": 720, "vga": 480, "qvga": 240}


@dataclass(frozen=True)
class JitsiRoom:
    """`url` is the server's https address; with `app` and `secret` every entry is signed for it."""

    name: str
    url: str
    app: str = ""
    secret: str = field(default="", repr=False)
    dial_in: str = ""
    presenters_moderate: bool = False
    lists_recordings: bool = False

    @property
    def label(self) -> str:
        """The name that people read."""
        return f"Jitsi ({self.name})"

    @property
    def supports(self) -> frozenset[str]:
        """What its address can carry; where entries are signed, nobody gets past those who are counted at our door."""
        carried = frozenset({"mute_on_entry", "camera_off_on_entry", "client_video_quality"})
        return carried | {"participants_limit"} if self.secret else carried

    @property
    def origin(self) -> str:
        """Scheme and host."""
        return f"https://{urlsplit(self.url).netloc}"

    @property
    def first_signs_in(self) -> bool:
        """The public server of the project wants to know who opens a room."""
        return urlsplit(self.url).hostname == "meet.jit.si" and not self.secret

    @property
    def removes_people(self) -> bool:
        """Permissions end soon and are not renewed; to an open server everybody may go back."""
        return bool(self.secret)

    def open(self, room: str, arrangement: Arrangement) -> str:
        """Nothing to do: a room exists as soon as somebody is in it."""
        return ""

    def recordings(self, rooms: Sequence[str]) -> list[Recording]:
        """Nothing is known here of recordings."""
        return []

    def join_url(
        self, room: str, person: Participant, arrangement: Arrangement, now: datetime, sitting: str = ""
    ) -> str:
        """The room's address with this person's start settings behind the #, and a token before it if signed.

        The server never sees what stands behind the #: the page of Jitsi reads it, values are JSON.
        """
        token = f"?jwt={self._token(room, person, arrangement, now)}" if self.secret else ""
        values = _configuration(person, arrangement).items()
        fragment = "&".join(f"{name}={quote(json.dumps(value, ensure_ascii=False), safe='')}" for name, value in values)
        return f"{self.url}/{quote(room, safe='')}{token}#{fragment}"

    def _token(self, room: str, person: Participant, arrangement: Arrangement, now: datetime) -> str:
        """Permission for one person, one room and a quarter of an hour inside the time the room is open (RFC 7519).

        Members of `user` are strings: Jitsi refuses a token in which they are anything else.
        """
        begins = max(now - CLOCK_DIFFERENCE, min(arrangement.opens_at, now))
        claims = {
            "aud": "jitsi",
            "iss": self.app,
            "sub": urlsplit(self.url).hostname,
            "room": room,
            "nbf": int(begins.timestamp()),
            "exp": int(min(begins + TOKEN_LIFE, arrangement.closes_at).timestamp()),
            "context": {
                "user": {
                    "name": person.name,
                    "moderator": "true" if person.moderates else "false",
                    "affiliation": "owner" if person.moderates else "member",
                }
            },
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")


def _configuration(person: Participant, arrangement: Arrangement) -> dict[str, Any]:
    """The settings of Jitsi's config.js that a URL may override, as far as this conference asks for them."""
    values: dict[str, Any] = {"userInfo.displayName": person.name, "config.subject": arrangement.topic}
    if arrangement.mute_on_entry and not person.moderates:
        values["config.startWithAudioMuted"] = True
    if arrangement.camera_off_on_entry:
        values["config.startWithVideoMuted"] = True
    if arrangement.record and person.moderates:
        values["config.recordings.suggestRecording"] = True
    if height := HEIGHTS.get(arrangement.client_video_quality):
        values["config.resolution"] = height
        values["config.constraints.video.height.ideal"] = height
        values["config.constraints.video.height.max"] = height
    return values
