"""What is said beside a setting that a configured room does not put into effect: never is one ignored in silence."""

from django.utils.translation import gettext_lazy as _

from conferences.rooms import all_rooms

# %(room)s is the name of the room, or the names of several.
SAYS_BESIDE = {
    "mode": _("%(room)s knows only Discussion: everyone may speak. Your moderators can mute people."),
    "chat_premoderation": _("%(room)s shows every chat message at once. Ask a moderator to keep an eye on the chat."),
    "mute_on_entry": _("%(room)s does not take this over. Ask people to mute themselves."),
    "camera_off_on_entry": _("%(room)s does not take this over. People choose when they enter."),
    "record": _("%(room)s does not start recording by itself. A moderator starts it in the room."),
    "video_quality": _("%(room)s chooses the picture by itself, as each connection allows."),
    "client_video_quality": _("%(room)s chooses the picture by itself, as each connection allows."),
    "participants_limit": _("%(room)s does not count people: everyone who may join gets in."),
}


def what_rooms_lack(setting: str) -> str:
    """The sentence beside `setting`, or "" where every configured room can do it."""
    lacking = ", ".join(room.label for room in all_rooms() if setting not in room.supports)
    return str(SAYS_BESIDE[setting]) % {"room": lacking} if lacking else ""
