"""`make run` and `make dev`: everything in one go, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from cabinet.health import migrations_in_step

COMMANDS = {
    "the web server": [sys.executable, "-m", "gunicorn", "-c", "python:cabinet.gunicorn_conf", "cabinet.wsgi"],
    "the worker": [sys.executable, "manage.py", "worker"],
}
STOP_WITHIN = 40  # seconds; both have 30 s to finish what they have in hand


class Command(BaseCommand):
    help = "Bring the database and static files up to date, then serve and send until Ctrl-C."

    stopping = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reload", action="store_true", help="Start both anew whenever a source file changes.")

    def handle(self, *, reload: bool, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        require_free_port(settings.PORT)
        self.prepare()
        while not self.stopping:
            ended = self.run_once(reload)
            if ended and not reload:
                raise CommandError(f"{ended} ended by itself; so did the rest.")

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Only remembers: an exception raised just now might leave a process behind that has just been started."""
        self.stopping = True

    def prepare(self) -> None:
        """What may be missing on a first start and after an update; nothing otherwise."""
        if not migrations_in_step():
            call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEBUG and static_files_are_old():
            call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        connection.close()

    def run_once(self, reload: bool) -> str:
        """Both processes until a signal, a change of sources, or the end of one of them, which is then named."""
        sources = newest_source() if reload else 0
        processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, command in COMMANDS.items():
                # Their own process group: Ctrl-C reaches this process alone, which then stops them in good order.
                processes[name] = subprocess.Popen(command, cwd=settings.BASE_DIR, env=quiet(), process_group=0)
            return self.watch(processes, sources)
        finally:
            stop_all(list(processes.values()))

    def watch(self, processes: dict[str, subprocess.Popen[bytes]], sources: float) -> str:
        said = False
        while not self.stopping:
            if not said and (said := answers(settings.PORT)):
                self.stdout.write(f"{settings.SITE_NAME} is at {settings.SITE_URL}/ (stop with Ctrl-C)")
                self.stdout.flush()
            ended = [name for name, process in processes.items() if process.poll() is not None]
            if ended and not sources:
                return ended[0].capitalize()
            if sources and newest_source() > sources:
                break
            time.sleep(0.1)
        return ""


def quiet() -> dict[str, str]:
    """The environment, in which only what somebody should look at is logged unless LOG_LEVEL says otherwise."""
    return {"LOG_LEVEL": "WARNING", **os.environ}


def require_free_port(port: int) -> None:
    """Raises CommandError if somebody else is listening there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(f"Port {port} is in use. Choose another one: PORT={port + 1} make run") from error


def answers(port: int) -> bool:
    """Whether /readyz says 200."""
    http = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        http.request("GET", "/readyz")
        return http.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        http.close()


def stop_all(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask with SIGTERM; take down whoever does not go in time."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_WITHIN
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def static_files_are_old() -> bool:
    """Whether one of the sources, or the set of packages that bring some, is newer than what was collected."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        return True
    found = (storage.path(name) for finder in get_finders() for name, storage in finder.list([]))
    return manifest.stat().st_mtime < max(os.path.getmtime(path) for path in found)


def newest_source() -> float:
    """When the newest Python file or template of the project was written."""
    folders = ("cabinet", "conferences", "addressbook", "invitations", "templates")
    files = (path for folder in folders for path in (settings.BASE_DIR / folder).rglob("*.[ph][yt]*"))
    return max(path.stat().st_mtime for path in files if path.suffix in {".py", ".html"})
