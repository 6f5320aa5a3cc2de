"""A process that stops or dies in the middle of a change: others see all of it or nothing, never a half."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cabinet.models import User
from conferences.deputies import CoOrganizer
from conferences.models import Change, Conference, Occurrence
from conferences.recurrence import parse
from tests.conferences.edits import START, TUESDAY, VERBS
from tests.factories import make_conference, make_user
from tests.nursery import Nursery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("half")


@pytest.fixture
def nursery(folder: Path, transactional_db: None) -> Iterator[Nursery]:
    connection.close()
    with Nursery(folder, 1) as nursery:
        yield nursery


def a_series() -> Conference:
    """Four Mondays, of which the last was moved; it goes on as another one, and somebody helps."""
    alice = make_user(name="Alice")
    series = make_conference(alice, start=START, rule="FREQ=WEEKLY;COUNT=4")
    when = TUESDAY | {"start_date": TUESDAY["start_date"].replace(day=29)}  # type: ignore[attr-defined]
    series.occurrences.latest("starts_at").move(alice, when, seen_sequence=0, tell=Change.Tell.NOBODY)
    make_conference(alice, start=START.replace(year=2027), follows=series)
    CoOrganizer.objects.create(conference=series, user=make_user(name="Helper"))
    return series


def all_rows() -> list[Any]:
    """Everything that a change may touch."""
    models = (Conference, Occurrence, Change, CoOrganizer)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def state_of(process: int) -> str:
    """T: stopped, Z: ended."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def held(nursery: Nursery, verb: str, pk: int, step: int) -> int | None:
    """A process that stands still after the `step`th statement; None where it came to its end."""
    child = nursery.edit(verb, pk, step)
    while (state := state_of(child)) not in "TZ":
        time.sleep(0.002)
    if state == "Z":
        assert nursery.wait(child) == 0, nursery.log.read_text()
        return None
    return child


@pytest.mark.parametrize("verb", VERBS)
def test_killed_after_each_statement_a_change_has_not_been(nursery: Nursery, verb: str) -> None:
    pk, before = a_series().pk, all_rows()
    for step in count():
        child = held(nursery, verb, pk, step)
        if child is None:
            break
        assert all_rows() == before  # while it stands still, others read what was
        nursery.kill(child)
        assert all_rows() == before
    assert step >= 3
    assert_whole(verb, before)


@pytest.mark.parametrize("verb", VERBS)
def test_stopped_after_each_statement_and_woken_again_it_is_whole(nursery: Nursery, verb: str) -> None:
    statements = 0
    while True:
        User.objects.all().delete()
        pk, before = a_series().pk, all_rows()
        child = held(nursery, verb, pk, statements)
        if child is None:
            break
        os.kill(child, signal.SIGCONT)
        assert nursery.wait(child) == 0, nursery.log.read_text()
        assert_whole(verb, before)
        statements += 5
    assert statements >= 3


def assert_whole(verb: str, before: list[Any]) -> None:
    """What the rows of each conference say fits together."""
    assert all_rows() != before
    expected = {"go_on": 3}.get(verb, 2)
    assert Conference.objects.count() == expected
    for conference in Conference.objects.all():
        sequences = sorted(conference.changes.values_list("sequence", flat=True))
        assert sequences == list(range(conference.sequence + 1))
        rows = conference.occurrences.all()
        days = sorted(row.original_date for row in rows)
        rule = parse(conference.rule) if conference.rule else None
        assert days == (list(rule.days(conference.start_date)) if rule else [conference.start_date])
        assert conference.over_at == max(row.ends_at for row in rows if verb != "cancel_one" or not row.cancelled_at)
    if verb == "go_on":
        old, last, new = Conference.objects.order_by("pk")
        assert (new.follows, last.follows, new.co_organizings.count()) == (old, new, 1)
        assert new.occurrences.filter(moved=True).count() == 1
