"""What every room back-end offers. Pure: given values, no rows, no request, no present time of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from conferences.choices import ClientVideoQuality, Mode, Role, VideoQuality


class RoomDown(Exception):
    """The place where the conference happens does not answer, or not as it should; trying again later may help.

    Its text is for the log and the administrator: never what the place itself answered, and never a secret.
    """


@dataclass(frozen=True)
class Participant:
    """Who comes in, under which name and in which role.

    `key` tells one person from another who bears the same name; "" where that is not known. It stays here: a room gets
    to see at most a digest of it.
    """

    name: str
    role: Role = Role.PARTICIPANT
    key: str = ""

    @property
    def moderates(self) -> bool:
        """Whether with a moderator's rights."""
        return self.role == Role.MODERATOR


@dataclass(frozen=True)
class Arrangement:
    """How the conference wants its room; a back-end takes from it what it `supports`.

    `opens_at` and `closes_at` (aware) bound every permission that a back-end hands out. `welcome` is plain text for
    those inside, `way_back` the absolute address to which people return from the room.
    """

    topic: str
    opens_at: datetime
    closes_at: datetime
    welcome: str = ""
    way_back: str = ""
    mode: Mode = Mode.DISCUSSION
    chat_premoderation: bool = False
    mute_on_entry: bool = False
    camera_off_on_entry: bool = False
    record: bool = False
    video_quality: VideoQuality = VideoQuality.HIGH
    client_video_quality: ClientVideoQuality = ClientVideoQuality.DEFAULT
    participants_limit: int | None = None


@dataclass(frozen=True)
class Recording:
    """What was recorded in one room, as far as it is ready to be watched at `url`."""

    name: str
    url: str
    starts_at: datetime
    length: timedelta
    published: bool


class RoomBackend(Protocol):
    """A place where conferences happen."""

    @property
    def name(self) -> str:
        """The name under which conferences remember it."""
        ...

    @property
    def label(self) -> str:
        """The name that people read."""
        ...

    @property
    def origin(self) -> str:
        """Scheme and host that a page hands over to, for its form-action."""
        ...

    @property
    def supports(self) -> frozenset[str]:
        """The settings of a conference, by field name, that this place puts into effect."""
        ...

    @property
    def presenters_moderate(self) -> bool:
        """Whether it has no presenters: where only they are seen, they come in with a moderator's rights."""
        ...

    @property
    def dial_in(self) -> str:
        """How one takes part by telephone, in the administrator's words; "" where that is not possible."""
        ...

    @property
    def first_signs_in(self) -> bool:
        """Whether this place lets a conference begin only when somebody has signed in there."""
        ...

    @property
    def removes_people(self) -> bool:
        """Whether who is removed here cannot go back into the room itself by the address that their browser shows."""
        ...

    @property
    def lists_recordings(self) -> bool:
        """Whether `recordings` knows what was recorded; elsewhere people have to ask."""
        ...

    def open(self, room: str, arrangement: Arrangement) -> str:
        """Make the room named `room` ready; doing it again is harmless. By network, 3 seconds at most.

        What it returns is for `join_url`: a mark of this sitting, so that no address is good for the next one. "" where
        there is nothing to mark. Raises RoomDown. To be called outside of transactions.
        """
        ...

    def join_url(
        self, room: str, person: Participant, arrangement: Arrangement, now: datetime, sitting: str = ""
    ) -> str:
        """Where `person` enters the room named `room` at the moment `now`. No network."""
        ...

    def recordings(self, rooms: Sequence[str]) -> list[Recording]:
        """What was recorded in `rooms`, newest first; by network, 3 seconds at most. Raises RoomDown."""
        ...
