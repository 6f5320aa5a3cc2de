"""What other people's software understands of our calendar objects."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def ical_js(texts: list[bytes]) -> list[dict[str, Any]]:
    """Each text as ical.js reads it, see read.js. Fails by name where Node or the package is missing."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "ical.js").is_dir():
        pytest.fail("The peer ical.js is missing: it needs Node and `npm ci` in tests/peers", pytrace=False)
    sent = json.dumps([text.decode() for text in texts])
    done = subprocess.run([node, str(HERE / "read.js")], input=sent, capture_output=True, text=True, timeout=60)  # noqa: PLW1510
    assert done.returncode == 0, done.stderr
    read: list[dict[str, Any]] = json.loads(done.stdout)
    return read
