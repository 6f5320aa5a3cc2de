"""The same thing done by several threads at the same moment, each with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections


def in_parallel(number: int, act: Callable[[int], Any]) -> list[Any]:
    """What act(0), act(1), ... returned or raised, all of them started together."""
    barrier = Barrier(number)

    def one(index: int) -> Any:
        barrier.wait(timeout=30)
        try:
            return act(index)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))
