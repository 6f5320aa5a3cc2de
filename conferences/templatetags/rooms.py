"""What templates ask about the room of a conference."""

from django import template

from conferences.models import Conference
from conferences.rooms import room_called
from conferences.rooms.base import RoomBackend

register = template.Library()


@register.filter
def room(conference: Conference) -> RoomBackend:
    """Where the conference takes place: its label, its dial-in, what it can do."""
    return room_called(conference.room_backend)
