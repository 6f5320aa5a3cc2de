"""What a conference asks of its room, as the room back-ends want to be told."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from conferences.choices import ClientVideoQuality, Mode, VideoQuality
from conferences.models import Conference
from conferences.rooms.base import Arrangement


def arrangement(conference: Conference, *, opens_at: datetime, closes_at: datetime) -> Arrangement:
    """How `conference` wants its room between two instants."""
    return Arrangement(
        topic=conference.topic,
        opens_at=opens_at,
        closes_at=closes_at,
        welcome=conference.agenda,
        # Everybody inside reads this address: it must not be a link that lets people in.
        way_back=f"{settings.SITE_URL}{reverse('conferences:join-by-number')}",
        mode=Mode(conference.mode),
        chat_premoderation=conference.chat_premoderation,
        mute_on_entry=conference.mute_on_entry,
        camera_off_on_entry=conference.camera_off_on_entry,
        record=conference.record,
        video_quality=VideoQuality(conference.video_quality),
        client_video_quality=ClientVideoQuality(conference.client_video_quality),
        participants_limit=conference.participants_limit,
    )
