"""I1: single events with a valid VTIMEZONE a CPU second, against vobject writing the same event in UTC.

    python -m tests.bench.bench_calendar        N (events a round) and SEED in the environment

Both sides take turns, the order swapped each round; the ratio is taken per round. What we write is read back by
vobject first: an object that is wrong is not counted as quick.
"""

# ruff: noqa: E402, T201

import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import django
import vobject

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from conferences import times
from invitations import calendar
from invitations.calendar import Event
from tests.invitations.events import EVENT

SIZE = int(os.environ.get("N", "500"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
ROUNDS = 7
GOAL = 1500
UTC_OF_VOBJECT = vobject.icalendar.utc
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "Europe/Moscow", "America/Sao_Paulo")

type Writer = Callable[[Event], object]


def events(dice: random.Random) -> list[Event]:
    """SIZE conferences at made-up times within two years in a few zones."""
    return [
        replace(
            EVENT,
            summary=f"Budget review, part {dice.randrange(10**6)}",
            zone=dice.choice(ZONES),
            start=datetime(2027, 1, 1, 10) + timedelta(days=dice.randrange(700)),
        )
        for _ in range(SIZE)
    ]


def by_vobject(event: Event) -> str:
    """The same lines with vobject, in UTC: with a zone it works out VTIMEZONE anew each time, at some 40 a second."""
    start = times.instant(event.start, event.zone)
    values: dict[str, object] = {
        "uid": event.uid,
        "dtstamp": event.stamp.replace(tzinfo=UTC_OF_VOBJECT),
        "created": event.created.replace(tzinfo=UTC_OF_VOBJECT),
        "last-modified": event.changed.replace(tzinfo=UTC_OF_VOBJECT),
        "dtstart": start.replace(tzinfo=UTC_OF_VOBJECT),
        "dtend": (start + event.duration).replace(tzinfo=UTC_OF_VOBJECT),
        "summary": event.summary,
        "location": event.link,
        "url": event.link,
        "conference": event.link,
        "description": event.description,
        "sequence": str(event.sequence),
    }
    made = vobject.iCalendar()
    vevent = made.add("vevent")
    for name, value in values.items():
        vevent.add(name).value = value
    alarm = vevent.add("valarm")
    alarm.add("action").value = "DISPLAY"
    alarm.add("description").value = event.summary
    alarm.add("trigger").value = timedelta(minutes=-15)
    text: str = made.serialize(validate=False)
    return text


def is_right(event: Event) -> bool:
    """Whether vobject reads our object to the same title and instant."""
    read = vobject.readOne(calendar.download(event).decode()).vevent
    start = times.instant(event.start, event.zone)
    return bool(read.summary.value == event.summary and read.dtstart.value.astimezone(UTC) == start)


def rate(write: Writer, sample: list[Event]) -> float:
    """Events a CPU second."""
    began = time.process_time()
    for event in sample:
        write(event)
    return len(sample) / (time.process_time() - began)


def main() -> None:
    """One line."""
    sample = events(random.Random(SEED))
    if not all(map(is_right, sample[:100])):
        raise SystemExit("I1: FAIL, vobject reads another title or time than we wrote")
    rounds = []
    for number in range(ROUNDS):
        order: list[Writer] = [calendar.download, by_vobject] if number % 2 else [by_vobject, calendar.download]
        took = {write: rate(write, sample) for write in order}
        rounds.append((took[calendar.download], took[by_vobject]))
    ours, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratios = sorted(own / other for own, other in rounds)
    verdict = "PASS" if ours >= GOAL else "FAIL"
    print(
        f"I1 events a CPU second: ours {ours:.0f} (goal {GOAL})   vobject {theirs:.0f}   ratio"
        f" {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        f"   n {SIZE} x {ROUNDS}, seed {SEED}, load {os.getloadavg()[0]:.1f}   {verdict}"
    )


if __name__ == "__main__":
    main()
