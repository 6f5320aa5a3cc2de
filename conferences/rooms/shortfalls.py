"""What is said beside a setting that a room does not put into effect: never is one ignored in silence."""

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext

from conferences.rooms import all_rooms
from conferences.rooms.base import RoomBackend

# %(room)s is the name of the room, or the names of `n`.
_PICTURE = ngettext_lazy(
    "%(room)s chooses the picture by itself, as each connection allows.",
    "%(room)s choose the picture by themselves, as each connection allows.",
    "n",
)
SAYS_BESIDE = {
    "mode": ngettext_lazy(
        "%(room)s knows only Discussion: everyone may speak. Your moderators can mute people.",
        "%(room)s know only Discussion: everyone may speak. Your moderators can mute people.",
        "n",
    ),
    "chat_premoderation": ngettext_lazy(
        "%(room)s shows every chat message at once. Ask a moderator to keep an eye on the chat.",
        "%(room)s show every chat message at once. Ask a moderator to keep an eye on the chat.",
        "n",
    ),
    "mute_on_entry": ngettext_lazy(
        "%(room)s does not take this over. Ask people to mute themselves.",
        "%(room)s do not take this over. Ask people to mute themselves.",
        "n",
    ),
    "camera_off_on_entry": ngettext_lazy(
        "%(room)s does not take this over. People choose when they enter.",
        "%(room)s do not take this over. People choose when they enter.",
        "n",
    ),
    "record": ngettext_lazy(
        "%(room)s does not start recording by itself. A moderator starts it in the room.",
        "%(room)s do not start recording by themselves. A moderator starts it in the room.",
        "n",
    ),
    "video_quality": _PICTURE,
    "client_video_quality": _PICTURE,
    "participants_limit": _(
        "People are counted at the door here. Whoever keeps the address of the room itself, in %(room)s, gets past it."
    ),
}
PRESENTERS_MODERATE = _("In a webinar or seminar, presenters have a moderator’s rights in %(room)s.")


def what_rooms_lack(setting: str, rooms: Sequence[RoomBackend] = ()) -> str:
    """What is to be said beside `setting` of `rooms`, or of every configured room; "" where all can do it."""
    asked = rooms or all_rooms()
    lacking = [room for room in asked if setting not in room.supports]
    widening = [room for room in asked if setting == "mode" and room.presenters_moderate and room not in lacking]
    said = [(SAYS_BESIDE[setting], lacking), (PRESENTERS_MODERATE, widening)]
    return " ".join(words % {"room": _listed(those), "n": len(those)} for words, those in said if those)


def _listed(rooms: Sequence[RoomBackend]) -> str:
    return get_text_list([room.label for room in rooms], pgettext("between rooms", "and"))
