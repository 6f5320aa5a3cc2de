"""Where conferences happen: the rooms that VIDEO_URL names, in its order; the first one is the usual one."""

from functools import cache
from typing import Any

from django.conf import settings

from conferences.rooms.base import RoomBackend
from conferences.rooms.bigbluebutton import BigBlueButtonRoom
from conferences.rooms.jitsi import JitsiRoom
from conferences.rooms.link import LinkRoom


def all_rooms() -> tuple[RoomBackend, ...]:
    """Every configured room."""
    return _built(settings.ROOMS)


def room_called(name: str) -> RoomBackend:
    """The room that a conference chose, or the first one if that is no longer configured."""
    return next((room for room in all_rooms() if room.name == name), all_rooms()[0])


def origins() -> tuple[str, ...]:
    """Where a page may lead people to, each place once: the rooms, and whereto their servers send people on."""
    return tuple(dict.fromkeys([*(room.origin for room in all_rooms()), *settings.VIDEO_HOSTS]))


@cache
def _built(configured: tuple[Any, ...]) -> tuple[RoomBackend, ...]:
    return tuple(_build(entry) for entry in configured)


def _build(entry: Any) -> RoomBackend:
    """The back-end for one entry of settings.ROOMS."""
    if entry.kind == "link":
        return LinkRoom(entry.name, entry.url, entry.dial_in)
    if entry.kind == "bbb":
        return BigBlueButtonRoom(entry.name, entry.url, entry.secret, entry.dial_in)
    return JitsiRoom(entry.name, entry.url, entry.app, entry.secret, entry.dial_in)
