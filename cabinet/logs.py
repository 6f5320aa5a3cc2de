"""Log lines: one JSON object each, in UTC, without link tokens, passwords or whole addresses."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

# What opens something by itself: links to pages, to a calendar, to a new password.
_SECRET_PATHS = re.compile(r"/(join|i|you|feeds|reset/key|confirm-email)/[^/\s?\"']+")
_TOKENS = re.compile(r"\b[a-z2-7]{26}\b")
_ADDRESSES = re.compile(r"([^\s@<>\"'(),:;=])[^\s@<>\"'(),:;=]{0,63}@([\w.-]+)")
# PostgreSQL repeats the row that it refuses.
_DETAILS = re.compile(r"^DETAIL:.*$", re.MULTILINE)


def discreet(text: str) -> str:
    """`text` without what a reader of logs must not learn: "/i/***", "a***@example.org"."""
    text = _TOKENS.sub("***", _SECRET_PATHS.sub(r"/\1/***", text))
    return _DETAILS.sub("DETAIL: ***", _ADDRESSES.sub(r"\1***@\2", text))


class JsonFormatter(logging.Formatter):
    """One line of ASCII JSON per record: whatever the message holds, it cannot begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": discreet(record.getMessage()[:4000])[:2000],
        }
        if record.exc_info:
            line["error"] = discreet(self.formatException(record.exc_info)[-16000:])[-8000:]
        return json.dumps(line)


def logging_config(level: str) -> dict[str, Any]:
    """Everything to standard error, gunicorn's own lines too, but no line per request: paths hold the keys to pages."""
    through_root: dict[str, Any] = {"handlers": [], "propagate": True, "level": level}
    silent: dict[str, Any] = {"handlers": [], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "cabinet.logs.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"django": through_root, "gunicorn.error": through_root, "gunicorn.access": silent},
    }
