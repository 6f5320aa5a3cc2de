"""`manage.py retime`: after an update of the time zone rules."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from conferences import times, zone_rules


class Command(BaseCommand):
    help = (
        "After an update of the time zone rules (the tzdata package): move the instants of conferences so that they "
        "stay at their hour, say which moved for whom, and have invited people told. May be repeated; a worker does "
        "the same when it starts."
    )

    def handle(self, **options: Any) -> None:
        count = 0
        for moved in zone_rules.follow(timezone.now()):
            count += 1
            self.stdout.write(_line(moved))
        self.stdout.write(f"{count} moved." if count else "Nothing moved.")


def _line(moved: zone_rules.Moved) -> str:
    """What moved, from when to when, for whom."""
    conference = moved.conference
    was, now_at = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (moved.was, moved.now_at))
    clock = f"{times.clock(moved.now_at, conference.time_zone):%H:%M} in {conference.time_zone}"
    more = f", and {moved.occurrences - 1} more" if moved.occurrences > 1 else ""
    who = f"{conference.organizer.get_full_name() or conference.organizer} <{conference.organizer.email}>"
    return f"Conference {conference.pk}, “{conference.topic}” of {who}: {was} -> {now_at} ({clock}){more}"
