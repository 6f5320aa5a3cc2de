"""A CalDAV server written by other people, which refuses what it does not take for a calendar object: Radicale."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def radicale(folder: Path) -> Iterator[int]:
    """The port on loopback where a server listens that keeps its collections in `folder` and lets everybody in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable, "-m", "radicale", "--config", "", "--server-hosts", f"127.0.0.1:{port}",
        "--storage-filesystem-folder", str(folder), "--auth-type", "none", "--rights-type", "authenticated",
        "--storage-filesystem-folder", str(folder), "--logging-level", "warning",
    ]  # fmt: skip
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait_for(port, server, folder / "log")
            yield port
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _try in range(300):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"The peer Radicale did not start: {log.read_text()}", pytrace=False)


def put(port: int, name: str, text: bytes) -> tuple[int, bytes]:
    """What the server answers to the object in a collection of its own, and what it gives back."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    signed_in = {"Authorization": "Basic YW5uYTphbm5h"}
    path = f"/anna/{name}"
    calls = [
        ("MKCALENDAR", path, b"", {}),
        ("PUT", f"{path}/object.ics", text, {"Content-Type": "text/calendar; charset=utf-8"}),
        ("GET", f"{path}/object.ics", b"", {}),
    ]
    answers = []
    for method, where, body, headers in calls:
        connection.request(method, where, body, {**signed_in, **headers})
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    connection.close()
    assert answers[0][0] == 201, answers
    return answers[1][0], answers[2][1]
