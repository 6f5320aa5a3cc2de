"""What is said beside a setting that a room does not put into effect: never is one ignored in silence."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from conferences.rooms import all_rooms
from conferences.rooms.base import RoomBackend

# %(room)s is the name of the room, or the names of several.
SAYS_BESIDE = {
    "mode": _("%(room)s knows only Discussion: everyone may speak. Your moderators can mute people."),
    "chat_premoderation": _("%(room)s shows every chat message at once. Ask a moderator to keep an eye on the chat."),
    "mute_on_entry": _("%(room)s does not take this over. Ask people to mute themselves."),
    "camera_off_on_entry": _("%(room)s does not take this over. People choose when they enter."),
    "record": _("%(room)s does not start recording by itself. A moderator starts it in the room."),
    "video_quality": _("%(room)s chooses the picture by itself, as each connection allows."),
    "client_video_quality": _("%(room)s chooses the picture by itself, as each connection allows."),
    "participants_limit": _(
        "People are counted at the door here. Whoever keeps the address of the room itself, in %(room)s, gets past it."
    ),
}
PRESENTERS_MODERATE = _("In a webinar or seminar, presenters have a moderator's rights in %(room)s.")


def what_rooms_lack(setting: str, rooms: Sequence[RoomBackend] = ()) -> str:
    """What is to be said beside `setting` of `rooms`, or of every configured room; "" where all can do it."""
    asked = rooms or all_rooms()
    lacking = [room for room in asked if setting not in room.supports]
    widening = [room for room in asked if setting == "mode" and room.presenters_moderate and room not in lacking]
    said = [(SAYS_BESIDE[setting], lacking), (PRESENTERS_MODERATE, widening)]
    return " ".join(str(words) % {"room": ", ".join(room.label for room in those)} for words, those in said if those)
