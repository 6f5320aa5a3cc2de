"""R1: My conferences with 2,000 series and some 13,000 occurrences in a month: what each page costs the database.

    python -m tests.bench.bench_lists        N (series) and SEED in the environment

The queries of a page are noted once and then asked again as they are, all rows fetched: that is the time of the
database. On SQLite it is CPU of this process, on PostgreSQL what EXPLAIN ANALYZE says of planning and execution; both
without the reading of rows into objects. Beside each page, in turns, stands its peer: the same list as one writes it
first (of managed conferences, counted for the pager); and for the month the expansion of all rules by dateutil.

The organizer has everything; thirty others have sixty series each, so that there is something to walk past. A deputy
of that organizer and of three others, who shares thirty conferences besides, is measured without a goal.
"""

# ruff: noqa: E402, T201

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import partial
from itertools import batched
from typing import Any

import django
from dateutil.rrule import rrulestr

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from cabinet.models import User
from conferences import recurrence
from conferences.deputies import CoOrganizer, Deputy
from conferences.models import Change, Conference, Occurrence
from conferences.month import Month
from conferences.timeline import Narrow
from conferences.tokens import new_number
from invitations.models import Invitation
from tests.factories import make_user

SERIES = int(os.environ.get("N", "2000"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
ROUNDS = 7
GUESTS, OTHERS = 3, 30
GOAL_MS, GOAL_QUERIES = 5.0, 6
BEFORE, AHEAD = timedelta(days=60), timedelta(days=120)

RULES = {  # how often, and how many in a month: 6.5 in the mean
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": 15,
    "FREQ=WEEKLY;BYDAY=TU,TH": 20,
    "FREQ=WEEKLY;BYDAY=WE": 45,
    "FREQ=MONTHLY;BYDAY=2FR": 20,
}
WORDS = "Budget Stand-up Лекция Seminar Überblick Planning Семинар Review Interview Übung Prüfung Collège".split()
NAMES = "Anna Борис Chloé Дмитрий Ewa Фёдор Gül Hélène Иван Jürgen Ксения Łukasz Mehmet Наталья Ольга Øyvind".split()

type Query = tuple[str, Any]


def schedule(dice: random.Random, organizer: User, count: int, today: date) -> None:
    """`count` endless series of `organizer` that began some months ago, with three people invited to each."""
    rules = dice.choices(list(RULES), list(RULES.values()), k=count)
    made = Conference.objects.bulk_create(
        [
            Conference(
                organizer=organizer, topic=f"{dice.choice(WORDS)} {dice.choice(NAMES)} {number}", rule=rule,
                start_date=today - BEFORE, start_time=clock(dice.randrange(7, 20), dice.choice([0, 30])),
                time_zone="Europe/Berlin", duration=timedelta(hours=1), number=f"{new_number()}-{number}",
            )
            for number, rule in enumerate(rules)
        ]
    )  # fmt: skip
    for some in batched(made, 100, strict=False):
        Occurrence.objects.bulk_create(row for one in some for row in occurrences(one, today))
        Change.objects.bulk_create(Change(conference=one, sequence=0, kind="scheduled", tell="nobody") for one in some)
    Invitation.objects.bulk_create(
        Invitation(conference=one, name=f"{dice.choice(NAMES)} {number}", address=f"p{number}@example.org")
        for one in made
        for number in dice.sample(range(500), GUESTS)
    )


def occurrences(conference: Conference, today: date) -> Iterator[Occurrence]:
    """Its dates from BEFORE until AHEAD, each with its instants."""
    rule = conference.recurrence
    assert rule
    days = recurrence.ahead(rule, conference.start_date, today - BEFORE, today + AHEAD)
    for day in days:
        row = Occurrence(conference=conference, original_date=day)
        row.follow_rule(datetime(2000, 1, 1, tzinfo=UTC))
        yield row


def people(dice: random.Random) -> tuple[User, User]:
    """The organizer of everything, and the deputy."""
    today = timezone.localdate()
    organizer, deputy = (make_user(f"{name}@example.org", time_zone="Europe/Berlin") for name in ("alice", "dora"))
    others = [make_user() for _ in range(OTHERS)]
    schedule(dice, organizer, SERIES, today)
    for other in others:
        schedule(dice, other, 60, today)
    Deputy.objects.bulk_create(Deputy(principal=one, deputy=deputy) for one in (organizer, *others[:3]))
    shared = Conference.objects.filter(organizer__in=others[5:8])[:30]
    CoOrganizer.objects.bulk_create(CoOrganizer(conference=one, user=deputy) for one in shared)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return organizer, deputy


def queries_of(ask: Callable[[], object]) -> list[Query]:
    """What `ask` asks the database."""
    caught: list[Query] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        caught.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    return caught


def cost(queries: list[Query]) -> float:
    """Milliseconds in the database of all `queries`."""
    return sum(map(cost_of_postgresql if connection.vendor == "postgresql" else cost_of_sqlite, queries))


def cost_of_sqlite(query: Query) -> float:
    """CPU of this process, which is where SQLite lives."""
    with connection.cursor() as cursor:
        began = time.process_time()
        cursor.execute(*query)
        cursor.fetchall()
        return 1000 * (time.process_time() - began)


def cost_of_postgresql(query: Query) -> float:
    """What the server says of itself, to which the sending of the rows does not belong."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query[0]}", query[1])
        said = cursor.fetchone()[0][0]
        return float(said["Planning Time"]) + float(said["Execution Time"])


def counted_page(user: User, narrow: Narrow) -> Callable[[], object]:
    """What one writes first."""
    rows = narrow(Occurrence.objects.managed_by(user).select_related("conference"))
    return lambda: list(Paginator(rows, 20).page(1))


def found_by_hand(user: User, words: str, now: datetime) -> Callable[[], object]:
    """What one writes first: every date of every conference that matches, once."""
    guests = Q(conference__invitations__name__icontains=words) | Q(conference__invitations__address__icontains=words)
    matching = Q(conference__topic__icontains=words) | guests
    return counted_page(user, lambda rows: rows.managed_by(user).coming(now).filter(matching).distinct())


def expanded(user: User, start: datetime, end: datetime) -> float:
    """CPU milliseconds in which dateutil finds the dates of all series of `user` between two instants."""
    series = list(Conference.objects.managed_by(user).values_list("rule", "start_date", "start_time"))
    began = time.process_time()
    for rule, day, at in series:
        rrulestr(rule, dtstart=datetime.combine(day, at)).between(start.replace(tzinfo=None), end.replace(tzinfo=None))
    return 1000 * (time.process_time() - began)


def compare(label: str, ours: list[Query], theirs: Callable[[], float], *, goal: float | None = GOAL_MS) -> None:
    """One line: our time by its median and range, the ratio to the peer's by its median and range over the rounds."""
    rounds = []
    for number in range(ROUNDS):
        sides: dict[str, Callable[[], float]] = {"ours": lambda: cost(ours), "theirs": theirs}
        took = {name: sides[name]() for name in (sorted(sides) if number % 2 else sorted(sides, reverse=True))}
        rounds.append((took["ours"], took["theirs"]))
    own, ratios = sorted(ours for ours, _ in rounds), sorted(other / mine for mine, other in rounds)
    median = statistics.median(own)
    verdict = "" if goal is None else "PASS" if median < goal and len(ours) <= GOAL_QUERIES else "FAIL"
    print(
        f"R1 {label:26} {median:6.2f} ms ({own[0]:.2f}-{own[-1]:.2f}) in {len(ours)} queries   ratio to peer"
        f" {statistics.median(ratios):6.1f} ({ratios[0]:.1f}-{ratios[-1]:.1f})   {verdict}"
    )


def measure(user: User, who: str, goal: float | None) -> None:
    """Every page of one person."""
    client, now = Client(SERVER_NAME="localhost"), timezone.now()
    client.force_login(user)
    month = Month.of(timezone.localdate() + timedelta(days=31))
    starts = month.starts(user.time_zone)
    pages = {
        "home": ("/", counted_page(user, lambda rows: rows.standing().coming(now))),
        "upcoming": ("/conferences/", counted_page(user, lambda rows: rows.coming(now))),
        "past": ("/conferences/?show=past", counted_page(user, lambda rows: rows.past(now))),
        "month": (f"/conferences/?view=month&month={month}", None),
        "search, ASCII, many": ("/conferences/?q=stand-up", found_by_hand(user, "stand-up", now)),
        "search, a person": ("/conferences/?q=p77@", found_by_hand(user, "p77@", now)),
        "search, other letters": ("/conferences/?q=семинар", found_by_hand(user, "семинар", now)),
        "search, nobody": ("/conferences/?q=nobody%20at%20all", found_by_hand(user, "nobody at all", now)),
    }
    for name, (url, by_hand) in pages.items():
        if client.get(url).status_code != 200:
            raise SystemExit(f"R1: FAIL, {url} is no page")
        ours = queries_of(partial(client.get, url))
        peer = partial(cost, queries_of(by_hand)) if by_hand else partial(expanded, user, starts[0], starts[-1])
        compare(f"{who}: {name}", ours, peer, goal=goal)
    one = queries_of(lambda: Conference.objects.managed_by(user).select_related("organizer").get(pk=1))
    print(f"   {who}: one conference, managed_by and pk: {statistics.median(cost(one) for _ in range(ROUNDS)):.2f} ms")


def main() -> None:
    """Fill a database of its own, measure page by page, throw it away."""
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        organizer, deputy = people(random.Random(SEED))
        start = Month.of(timezone.localdate() + timedelta(days=31)).starts("Europe/Berlin")
        month = Occurrence.objects.filter(organizer=organizer, starts_at__gte=start[0], starts_at__lt=start[-1]).count()
        print(
            f"lists: {SERIES} series, {month} occurrences next month, {Occurrence.objects.count()} in all,"
            f" {GUESTS} guests each, {connection.vendor}, seed {SEED}, load {os.getloadavg()[0]:.1f}"
        )
        measure(organizer, "organizer", GOAL_MS)
        measure(deputy, "deputy", None)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
