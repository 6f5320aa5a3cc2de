"""The settings of a worker that a test starts as a process of its own: its database, its mail server, its patience."""

import json
import os

from cabinet.environ import Mail
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, OUTBOX

_given = json.loads(os.environ["WORKER_SETTINGS"])
DATABASES["default"]["NAME"] = _given["database"]
MAIL = Mail("smtp", None, "127.0.0.1", _given["port"])
OUTBOX |= _given["outbox"]
