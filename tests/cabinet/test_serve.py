"""`make run` for real: it answers, stops in good order whatever ends it, and leaves no process behind."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The recipe as it stands, on the environment that runs these tests.
MAKE_RUN = ["make", "-o", ".venv/.stamp-run", "--no-print-directory", "run"]
MAKE_DEV = ["make", "-o", ".venv/.stamp-dev", "--no-print-directory", "dev"]


class Site:
    """One running `make run`, or `make dev`, with a database of its own."""

    def __init__(self, data: Path, command: list[str] = MAKE_RUN) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = data
        names = {"PATH": os.environ["PATH"], "DATA_DIR": str(data), "PORT": str(self.port), "WORKERS": "1"}
        self.make = subprocess.Popen(
            command, cwd=ROOT, env=names, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
        )
        assert self.make.stdout
        self.line = self.make.stdout.readline()

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def processes(self, words: str = "") -> list[int]:
        """Ids of all living processes that were started with this site's DATA_DIR, by a part of their command line."""
        mark = f"DATA_DIR={self.data}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = mark in (process / "environ").read_bytes()
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if ours and command and words in command:
                found.append(int(process.name))
        return found

    def end(self) -> int:
        """The exit status, once everything has ended by itself."""
        status = self.make.wait(timeout=60)
        assert self.make.stdout
        self.make.stdout.close()
        return status


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, getattr(request, "param", MAKE_RUN))
    yield site
    for process in site.processes():
        os.kill(process, signal.SIGKILL)
    site.make.wait(timeout=60)
    if site.make.stdout:
        site.make.stdout.close()


def test_first_start_answers_and_says_where(site: Site) -> None:
    assert site.line == f"Personal Cabinet is at http://localhost:{site.port}/ (stop with Ctrl-C)\n"
    assert site.get("/") == 302
    assert site.get("/welcome/") == 200
    assert site.get("/readyz") == 200
    assert len(site.processes("manage.py worker")) == 1
    os.kill(site.make.pid, signal.SIGTERM)
    site.end()
    assert site.processes() == []


STOPS: dict[str, Callable[[Site], None]] = {
    "Ctrl-C": lambda site: os.killpg(site.make.pid, signal.SIGINT),
    "SIGTERM to make": lambda site: os.kill(site.make.pid, signal.SIGTERM),
    "SIGTERM to the supervisor": lambda site: os.kill(site.processes("manage.py serve")[0], signal.SIGTERM),
    "closed terminal": lambda site: os.killpg(site.make.pid, signal.SIGHUP),
    "worker killed": lambda site: os.kill(site.processes("manage.py worker")[0], signal.SIGKILL),
    "web server killed": lambda site: os.kill(min(site.processes("gunicorn")), signal.SIGTERM),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS.keys())
def test_whatever_ends_it_leaves_nothing_behind(site: Site, stop: Callable[[Site], None]) -> None:
    assert site.line.startswith("Personal Cabinet is at")
    stop(site)
    site.end()
    assert site.processes() == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", site.port)) != 0


def test_request_under_way_is_finished(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall(b"POST /welcome/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nname")
        time.sleep(0.5)
        os.kill(site.make.pid, signal.SIGTERM)
        time.sleep(0.5)
        connection.sendall(b"=Name")
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")
    site.end()


@pytest.mark.parametrize("site", [MAKE_DEV], indirect=True)
def test_dev_begins_anew_when_a_source_changes(site: Site) -> None:
    assert site.line.startswith("Personal Cabinet is at")
    assert site.get("/static/css/app.css") == 200, "from the sources: nothing is collected"
    assert not (site.data / "static").exists()
    before = site.processes("manage.py worker") + site.processes("gunicorn")
    os.utime(ROOT / "templates/base.html")
    assert site.make.stdout
    assert site.make.stdout.readline() == site.line
    assert not set(before) & set(site.processes())
    os.kill(site.make.pid, signal.SIGTERM)
    site.end()
    assert site.processes() == []


def test_busy_port_is_named(site: Site, tmp_path: Path) -> None:
    names = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "other"), "PORT": str(site.port)}
    done = subprocess.run(MAKE_RUN, cwd=ROOT, env=names, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"Port {site.port} is in use. Choose another one: PORT={site.port + 1} make run" in done.stderr
