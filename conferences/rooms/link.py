"""Any service whose rooms are addresses: the name of the room stands in the URL, nothing else is passed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from conferences.rooms.base import Arrangement, Participant, Recording


@dataclass(frozen=True)
class LinkRoom:
    """`template` is an https URL with {room} in its path."""

    name: str
    template: str
    dial_in: str = ""
    supports: frozenset[str] = frozenset()
    presenters_moderate: bool = False
    first_signs_in: bool = False
    removes_people: bool = False
    lists_recordings: bool = False

    @property
    def label(self) -> str:
        """The name that people read."""
        return self.name

    @property
    def origin(self) -> str:
        """Scheme and host."""
        return f"https://{urlsplit(self.template).netloc}"

    def open(self, room: str, arrangement: Arrangement) -> str:
        """Nothing to do: what happens behind the address is not known here."""
        return ""

    def recordings(self, rooms: Sequence[str]) -> list[Recording]:
        """Nothing is known here of recordings."""
        return []

    def join_url(
        self, room: str, person: Participant, arrangement: Arrangement, now: datetime, sitting: str = ""
    ) -> str:
        """The room's address; everybody gets the same one."""
        return self.template.replace("{room}", quote(room, safe=""))
