"""Series for the tests of calendar objects: rows that no database has seen, and what three readers make of them."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

import vobject

from cabinet.models import User
from conferences import recurrence
from conferences.models import Conference, Occurrence
from invitations import entries
from invitations.calendar import Event
from tests.invitations.events import LINK
from tests.peers import libical

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
STAMP = datetime(2026, 11, 22, 12, tzinfo=UTC)
UID = "5b0f8a52-3f2b-4c1d-9a77-0c5e2b6d9f10@cabinet.example.org"

MOST_READ = 400

type Span = tuple[datetime, datetime]


def series(start: datetime, rule: str, *, zone: str = "Europe/Berlin", **fields: Any) -> list[Occurrence]:
    """The occurrences of a series, as the database would hold them."""
    conference = Conference(
        organizer=User(name="Anna Ivanova"), topic="Quarterly planning", start_date=start.date(),
        start_time=start.time(), time_zone=zone, duration=fields.pop("duration", timedelta(hours=1)), rule=rule,
        number="123-456-789", uid=UID, created_at=STAMP, changed_at=STAMP, **fields,
    )  # fmt: skip
    days = recurrence.ahead(recurrence.parse(rule), start.date(), start.date(), start.date() + timedelta(days=730))
    rows = [Occurrence(conference=conference, original_date=day) for day in days]
    for row in rows:
        row.follow_rule(NOW)
    conference.over_at = None if recurrence.parse(rule).is_endless else max(row.ends_at for row in rows)
    return rows


def move(row: Occurrence, start: datetime, duration: timedelta | None = None) -> None:
    """Put one at another time, as Occurrence.move does."""
    row.moved, row.start_date, row.start_time = True, start.date(), start.time()
    row.duration = duration or row.duration
    row.derive()


def whole(rows: Sequence[Occurrence], moves: dict[date, int] | None = None) -> Event:
    """The entry of a series."""
    return entries.whole(rows[0].conference, LINK, STAMP, rows, moves or {}, since=STAMP, now=NOW)


def spans(rows: Sequence[Occurrence]) -> list[Span]:
    """Start and end of all that stand."""
    return sorted((row.starts_at, row.ends_at) for row in rows if row.cancelled_at is None)


def by_js(read: dict[str, Any]) -> list[Span]:
    """What ical.js read, see read.js."""
    return sorted(
        (datetime.fromisoformat(start), datetime.fromisoformat(end))
        for start, end, _summary in read["occurrences"][UID]
    )


def by_libical(text: bytes) -> list[Span]:
    return libical.occurrences(text)[UID]


def by_vobject(text: bytes) -> list[datetime]:
    """The starts; vobject gives no ends to occurrences."""
    vevents = vobject.readOne(text.decode()).vevent_list
    (master,) = (vevent for vevent in vevents if "recurrence-id" not in vevent.contents)
    starts = {at: at for at in islice(master.getrruleset(addRDate=True), MOST_READ)} if hasattr(master, "rrule") else {}
    for vevent in vevents:
        if vevent is not master:
            starts.pop(vevent.recurrence_id.value, None)
            starts[vevent.dtstart.value] = vevent.dtstart.value
    return sorted(at.astimezone(UTC) for at in starts.values())


def anything(dice: random.Random, zones: Sequence[str]) -> list[Occurrence]:
    """A series by any rule of the grammar in any of `zones`, some of its occurrences moved or cancelled."""
    zone = dice.choice(zones)
    day = date(2026, 12, 1) + timedelta(days=dice.randrange(700))
    # Half of them at night, when clocks are changed.
    clock = time(dice.choice([*range(24), *[0, 1, 2, 3, 23] * 5]), dice.choice([0, 15, 30]))
    duration = timedelta(minutes=dice.choice([15, 60, 90, 180, 8 * 60, 24 * 60]))
    rows = series(datetime.combine(day, clock), _rule(dice, day), zone=zone, duration=duration)
    for row in dice.sample(rows, min(len(rows) - 1, dice.randrange(4))):
        if dice.random() < 0.5:
            row.cancelled_at = NOW
        else:
            move(row, row.wall_start + timedelta(minutes=30 * dice.randrange(-40, 40)), timedelta(hours=2))
    return rows


def _rule(dice: random.Random, day: date) -> str:
    weekdays = ",".join(dice.sample(recurrence.WEEKDAYS, dice.randrange(1, 8)))
    nth = dice.choice(["1", "2", "3", "4", "-1"]) + dice.choice(recurrence.WEEKDAYS)
    monthly = [f"BYDAY={nth}", f"BYMONTHDAY={dice.choice([-1, *range(1, 32)])}"]
    what = dice.choice(
        ["FREQ=DAILY", "FREQ=WEEKLY", f"FREQ=WEEKLY;BYDAY={weekdays}", "FREQ=MONTHLY", "FREQ=YEARLY",
         *(f"FREQ=MONTHLY;{part}" for part in monthly)]
    )  # fmt: skip
    until = day + timedelta(days=dice.randrange(330))
    most = {"FREQ=YEARLY": 5, "FREQ=DAILY": 366}.get(what, 60)
    end = dice.choice(["", f";COUNT={dice.randrange(1, most + 1)}", f";UNTIL={until:%Y%m%d}"])
    text = f"{what};INTERVAL={dice.randrange(1, 5)}{end}"
    try:
        recurrence.check(recurrence.parse(text), day)
    except ValueError:
        return _rule(dice, day)
    return text
