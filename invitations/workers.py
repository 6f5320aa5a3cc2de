"""Who a worker is, so that another one can tell whether it still lives; and a clock that goes on while it stands still.

Knows Linux's /proc. Elsewhere every worker is somebody else's, and a dead one's leases end by time.
"""

import os
import secrets
import time
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_GONE = "ZXx"  # ended, but its parent has not asked yet how


def standing_clock() -> float:
    """Seconds that also count the time in which this process was stopped or the machine slept."""
    return time.clock_gettime(_CLOCK)


def identity() -> str:
    """This process among all hosts, boots, containers and earlier processes of the same number."""
    pid = os.getpid()
    return " ".join((*_host(), str(pid), _began(pid) or secrets.token_hex(8)))


def is_dead(worker: str) -> bool:
    """Whether the worker called `worker` has certainly ended: only one of this host and container can be known to."""
    *host, pid, began = worker.split(" ")
    return tuple(host) == _host() and _began(int(pid)) != began


@cache
def _host() -> tuple[str, str]:
    """The boot of this kernel, and the namespace in which its process numbers count."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return boot, os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return secrets.token_hex(16), "unknown"


def _began(pid: int) -> str:
    """When the process `pid` began, in ticks since boot; empty if there is none, or only its remains."""
    try:
        # proc(5): the name, in parentheses, may hold anything; state is the first field after it, start the 20th.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in _GONE else fields[19]
