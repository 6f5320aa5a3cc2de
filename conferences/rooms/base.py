"""What every room back-end offers. Pure: given values, no rows, no request, no present time of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Participant:
    """Who comes in, under which name, and whether with a moderator's rights."""

    name: str
    moderator: bool = False


@dataclass(frozen=True)
class Arrangement:
    """How the conference wants its room; a back-end takes from it what it `supports`.

    `opens_at` and `closes_at` (aware) bound every permission that a back-end hands out.
    """

    topic: str
    opens_at: datetime
    closes_at: datetime
    mute_on_entry: bool
    camera_off_on_entry: bool
    client_video_quality: str


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

    def join_url(self, room: str, person: Participant, arrangement: Arrangement, now: datetime) -> str:
        """Where `person` enters the room named `room` at the moment `now`."""
        ...
