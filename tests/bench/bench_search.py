"""Our search against Django's `icontains` on three columns, on the same people in the same run.

    python -m tests.bench.bench_search        N=10000 and SEED in the environment change size and data

Time is CPU of this process (on SQLite that is all of it; on PostgreSQL the server's part shows in the wall time
only). Both sides take turns, the order swapped each round; the ratio is taken per round. There is no goal yet at
this size: the lines are there to compare with.
"""

# ruff: noqa: E402, T201

import os
import random
import statistics
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection
from django.db.models import Q

from addressbook.models import Contact
from addressbook.search import LIMIT, search
from cabinet.models import User

SIZE = int(os.environ.get("N", "10000"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
ROUNDS = 5
QUERIES = 40  # of each class

GIVEN = "Anna Борис Chloé Дмитрий Ewa Фёдор Gül Hélène Иван Jürgen Ксения Łukasz Mehmet Наталья Ольга Pedro".split()
SYLLABLES = "ба ве го ди жу ка ло ми ни ро са то ba de go hu ji kov lin mar sen wi zur øst ße ñol".split()
ENDINGS = "ов ский енко ova son ez wicz lund".split()
PLACES = "Finance Legal Архив Süd Nord Лаборатория School Clinic".split()

type Searcher = Callable[[User, str], object]


def people(dice: random.Random, owner: User) -> list[Contact]:
    """SIZE made-up people, one in ten of them the owner's, the others shared."""
    made = []
    for number in range(SIZE):
        surname = "".join(dice.choices(SYLLABLES, k=dice.randint(2, 3))).capitalize() + dice.choice(ENDINGS)
        made.append(
            Contact(
                owner=owner if number % 10 == 0 else None,
                name=f"{dice.choice(GIVEN)} {surname}",
                address=f"person{number}@{dice.choice(SYLLABLES).encode('idna').decode()}.example",
                organisation=dice.choice(PLACES),
            )
        )
    return made


def queries(dice: random.Random, names: list[str]) -> dict[str, list[str]]:
    """Queries drawn from the data, by class."""
    drawn = [dice.choice(names).split() for _ in range(QUERIES)]
    return {
        "1 letter": [surname[:1] for _given, surname in drawn],
        "3 letters": [surname[:3] for _given, surname in drawn],
        "full name": [f"{given} {surname}" for given, surname in drawn],
        "two words": [f"{surname[:4]} {given[:2]}" for given, surname in drawn],
        "middle": [surname[2:6] for _given, surname in drawn],
        "nobody": [f"{surname[:4]}qqq" for _given, surname in drawn],
    }


def icontains(user: User, text: str) -> object:
    """What one writes first: three columns, the text as it stands."""
    either = Q(name__icontains=text) | Q(address__icontains=text) | Q(organisation__icontains=text)
    return list(Contact.objects.visible_to(user).filter(either).order_by("name")[:LIMIT])


def cost(searcher: Searcher, user: User, texts: list[str]) -> tuple[float, float]:
    """CPU and wall milliseconds per query."""
    cpu, wall = time.process_time(), time.perf_counter()
    for text in texts:
        searcher(user, text)
    return tuple(1000 * took / len(texts) for took in (time.process_time() - cpu, time.perf_counter() - wall))  # type: ignore[return-value]


def compare(user: User, texts: list[str]) -> str:
    """One line: both sides by their median, the ratio by its median and range over the rounds."""
    rounds = []
    for number in range(ROUNDS):
        order: list[Searcher] = [search, icontains] if number % 2 else [icontains, search]
        took = {searcher: cost(searcher, user, texts) for searcher in order}
        rounds.append((took[search], took[icontains]))
    ours, theirs = ([statistics.median(side[n][i] for side in rounds) for i in (0, 1)] for n in (0, 1))
    ratios = sorted(other[1] / own[1] for own, other in rounds)
    return (
        f"ours {ours[0]:6.2f} CPU {ours[1]:6.2f} wall   icontains {theirs[0]:6.2f} CPU {theirs[1]:6.2f} wall ms"
        f"   ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
    )


def main() -> None:
    """Fill a database of its own, compare class by class, throw it away."""
    dice = random.Random(SEED)
    print(f"search: {SIZE} contacts, {connection.vendor}, seed {SEED}, load {os.getloadavg()[0]:.1f}")
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        user = User.objects.create_user("bench@example.org", name="Bench")
        Contact.objects.bulk_create(people(dice, user), batch_size=1000)
        for label, texts in queries(dice, list(Contact.objects.values_list("name", flat=True))).items():
            print(f"{label:10} {compare(user, texts)}")
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
