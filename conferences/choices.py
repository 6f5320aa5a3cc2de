"""The closed sets of values that conferences are described with."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """Who may speak and who is seen."""

    DISCUSSION = "discussion", _("Discussion")
    ROLE_BASED = "role-based", _("Role-based")
    WEBINAR = "webinar", _("Webinar")
    SEMINAR = "seminar", _("Seminar")


class VideoQuality(models.TextChoices):
    """The best picture the room sends to anybody."""

    HIGH = "high", _("High")
    GOOD = "good", _("Good")
    MIDDLE = "middle", _("Middle")
    LOW = "low", _("Low")


class ClientVideoQuality(models.TextChoices):
    """The best picture a participant's own camera sends."""

    DEFAULT = "default", _("Default")
    HD = "hd", "HD"
    VGA = "vga", "VGA"
    QVGA = "qvga", "QVGA"


class Role(models.TextChoices):
    """What somebody may do in the room: a moderator everything, a presenter be seen where only presenters are."""

    PARTICIPANT = "participant", _("Participant")
    PRESENTER = "presenter", _("Presenter")
    MODERATOR = "moderator", _("Moderator")


class Kind(models.TextChoices):
    """What happened to a conference, or to one occurrence of it."""

    SCHEDULED = "scheduled", _("scheduled")
    CONTINUED = "continued", _("continued from another conference")
    CHANGED = "changed", _("changed")
    MOVED = "moved", _("one occurrence moved")
    CANCELLED = "cancelled", _("cancelled")
    ZONE = "zone", _("moved by new rules of its time zone")


class Tell(models.TextChoices):
    """Who hears of a change."""

    ALL = "all", _("Tell participants by e-mail")
    ADDED = "added", _("Tell only those newly added")
    NOBODY = "nobody", _("Tell nobody")
