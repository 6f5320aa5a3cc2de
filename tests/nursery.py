"""Processes to be killed: one that has loaded Django once, and forks a worker or an organizer for every line it reads.

with Nursery(tmp_path, server.port, LEASE=1) as nursery:
    worker = nursery.worker()
    os.kill(worker, SIGKILL)
    assert nursery.wait(worker) == -SIGKILL
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from django.db import connection


class Nursery:
    """The test's end: starts and ends the process that forks."""

    def __init__(self, folder: Path, port: int, **outbox: Any) -> None:
        """Mail goes to `port`; `outbox` are entries of settings.OUTBOX. What the processes say stands in `folder`."""
        self.log = folder / "nursery.log"
        self._folder, self._living = folder, set[int]()
        self._settings = {"database": str(connection.settings_dict["NAME"]), "port": port, "outbox": outbox}

    def __enter__(self) -> Self:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
            "WORKER_SETTINGS": json.dumps(self._settings),
            "TMPDIR": str(self._folder),
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery"], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        return self

    def __exit__(self, *_error: object) -> None:
        for child in self._living.copy():
            os.kill(child, signal.SIGKILL)
            self.wait(child)
        self._process.communicate()

    def _ask(self, *words: Any) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def worker(self, *arguments: str) -> int:
        """The process id of a new worker."""
        child = self._ask("worker", *arguments)
        self._living.add(child)
        return child

    def organizer(self, conference: int, number: int, submission: UUID) -> int:
        """The process id of a web server, so to speak, that is just inviting so many people."""
        child = self._ask("invite", conference, number, str(submission))
        self._living.add(child)
        return child

    def edit(self, verb: str, conference: int, step: int) -> int:
        """The process id of a web server that changes a conference, and stops itself after so many statements."""
        child = self._ask("edit", verb, conference, step)
        self._living.add(child)
        return child

    def wait(self, child: int) -> int:
        """The exit code, or the negative signal, when the process has ended."""
        self._living.discard(child)
        return os.waitstatus_to_exitcode(self._ask("wait", child))

    def kill(self, child: int) -> None:
        """As a power cut would."""
        os.kill(child, signal.SIGKILL)
        self.wait(child)


def worker(*arguments: str) -> None:
    """manage.py worker"""
    call_command("worker", *arguments)


def invite(conference: int, number: int, submission: str) -> None:
    """One press of “Invite”."""
    found = Conference.objects.select_related("organizer").get(pk=conference)
    people = [(f"P {place}", f"p{place}@example.org") for place in range(number)]
    inviting.invite(found, people, by=found.organizer, submission_id=UUID(submission), now=timezone.now())


def edit(verb: str, conference: int, step: int) -> None:
    """One press of “Save”."""
    edits.run(verb, conference, step)


def fork(work: Callable[..., None], *arguments: Any) -> int:
    """A child that does nothing but `work`."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(*arguments)
            code = 0
        finally:
            os._exit(code)
    return child


def main() -> None:
    """Until there are no more lines."""
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        answer = os.waitpid(arguments[0], 0)[1] if word == "wait" else fork(globals()[word], *arguments)
        print(answer, flush=True)  # noqa: T201


if __name__ == "__main__":
    import django

    django.setup()

    from django.core.management import call_command
    from django.utils import timezone

    import cabinet.management.commands.worker  # noqa: F401 - so that a child has nothing left to load
    from conferences.models import Conference
    from invitations import inviting
    from tests.conferences import edits

    main()
