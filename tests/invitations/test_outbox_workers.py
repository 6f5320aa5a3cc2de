"""Who a worker is, and whether it still lives."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from invitations import workers

SAY_WHO = "from invitations import workers; import sys; print(workers.identity(), flush=True); sys.stdin.read()"


@pytest.fixture
def other() -> Iterator[subprocess.Popen[str]]:
    """Another process on this machine, which says who it is and then waits."""
    with subprocess.Popen(
        [sys.executable, "-c", SAY_WHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def who(process: subprocess.Popen[str]) -> str:
    """What the process says of itself."""
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_worker_is_itself_and_alive() -> None:
    assert workers.identity() == workers.identity()
    assert not workers.is_dead(workers.identity())
    assert len(workers.identity()) <= 120


def test_the_living_and_the_dead(other: subprocess.Popen[str]) -> None:
    name = who(other)
    assert name != workers.identity()
    assert not workers.is_dead(name)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert workers.is_dead(name), "although its parent has not asked for it yet"
    other.wait()
    assert workers.is_dead(name)


def test_the_stopped_are_alive(other: subprocess.Popen[str]) -> None:
    name = who(other)
    other.send_signal(19)
    assert not workers.is_dead(name)


def test_a_later_process_of_the_same_number_is_another_one() -> None:
    boot, space, pid, began = workers.identity().split(" ")
    assert workers.is_dead(f"{boot} {space} {pid} {int(began) - 1}")


@pytest.mark.parametrize("place", ["another boot", "another container"])
def test_nothing_is_known_of_workers_elsewhere(place: str) -> None:
    boot, space, pid, began = workers.identity().split(" ")
    elsewhere = f"other {space}" if place == "another boot" else f"{boot} other"
    assert not workers.is_dead(f"{elsewhere} {pid} {int(began) - 1}")


def test_the_standing_clock_goes_on() -> None:
    before = workers.standing_clock()
    time.sleep(0.01)
    assert workers.standing_clock() > before


def test_the_standing_clock_is_not_the_one_on_the_wall() -> None:
    before = workers.standing_clock()
    for hours in (-1, 1, 24):
        with time_machine.travel(timezone.now() + timedelta(hours=hours)):
            assert 0 <= workers.standing_clock() - before < 60
