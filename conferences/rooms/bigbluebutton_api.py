"""The API of BigBlueButton: signed addresses, and calls over https that cannot hang, redirect, swell or explode.

The host is whatever VIDEO_URL names: only the administrator can set it, so it may well be a private address. Nothing
that a person types ever becomes part of it. A certificate of an authority of one's own: SSL_CERT_FILE.
"""

import hashlib
import logging
import re
import socket
import ssl
import time
import xml.etree.ElementTree as ET  # without document types there are no entities: see Answer
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from conferences.rooms.base import RoomDown

LIMIT = 3.0  # seconds for a whole call, however slowly the answer comes
LARGEST_ANSWER = 1_000_000
DEEPEST_ANSWER = 50
# The API refuses control characters; only strings of our own have been cleaned before.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

log = logging.getLogger(__name__)


class Refused(RoomDown):
    """The server answered FAILED; `key` is the short reason of its API, like checksumError."""

    def __init__(self, key: str) -> None:
        super().__init__(f"BigBlueButton refused the call: {key or 'no reason given'}")
        self.key = key


@dataclass(frozen=True)
class Api:
    """`address` is the https URL that ends in /api; `secret` signs every call and is never shown."""

    address: str
    secret: str = field(repr=False)

    def url(self, call: str, parameters: Mapping[str, str]) -> str:
        """The signed address of a call: the checksum is the SHA-256 of call, query and secret."""
        clean = {name: CONTROLS.sub(" ", value) for name, value in parameters.items()}
        query = urlencode(clean, errors="replace")
        checksum = hashlib.sha256(f"{call}{query}{self.secret}".encode()).hexdigest()
        return f"{self.address}/{call}?{query}&checksum={checksum}"

    def call(self, call: str, parameters: Mapping[str, str]) -> ET.Element:
        """The answer to a call, which was a success; raises RoomDown, and Refused where the server says no."""
        try:
            return _succeeded(_parsed(_fetched(self.url(call, parameters))))
        except RoomDown as error:
            log.warning("%s of %s failed: %s", call, urlsplit(self.address).netloc, error)
            raise

    def digest(self, *texts: str) -> str:
        """Something that only this site can make of `texts`, and nobody can turn back."""
        return hashlib.blake2b("\0".join(texts).encode(), key=self.secret.encode()[:64], digest_size=16).hexdigest()


# ON THE WIRE


def _fetched(url: str) -> bytes:
    """The body of the answer to a GET. What the server sent instead of one is in no error message."""
    parts = urlsplit(url)
    connection = _Connection(parts.hostname or "", parts.port or 443, time.monotonic() + LIMIT)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Accept": "application/xml, text/xml"})
        with connection.getresponse() as answer:
            # A redirect is an answer like any other: it is not followed.
            if answer.status != 200:
                raise RoomDown(f"BigBlueButton answered with status {answer.status}")
            body = answer.read(LARGEST_ANSWER + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise RoomDown(f"BigBlueButton did not answer: {_in_short(error)}") from None
    finally:
        connection.close()
    if len(body) > LARGEST_ANSWER:
        raise RoomDown("BigBlueButton answered too much")
    return body


def _in_short(error: Exception) -> str:
    """What went wrong on the way; other errors than the system's may repeat what the server sent."""
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__


class _Socket(ssl.SSLSocket):
    """One whose reads end together at `deadline`: a server that drips byte by byte does not win time by it."""

    deadline: float

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        self.settimeout(_left(self.deadline))
        return super().recv_into(*arguments, **more)


class _Connection(HTTPSConnection):
    """To one host, all of it before `deadline`. The name is resolved once; its addresses share the time."""

    def __init__(self, host: str, port: int, deadline: float) -> None:
        super().__init__(host, port, context=_trust())
        self._deadline = deadline

    def connect(self) -> None:
        plain = _connected(self.host, self.port, self._deadline)
        try:
            # The handshake has the time that is left on the plain socket.
            self.sock: ssl.SSLSocket = _trust().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        self.sock.deadline = self._deadline  # type: ignore[attr-defined]


def _connected(host: str, port: int, deadline: float) -> socket.socket:
    failed: OSError = OSError("the name has no address")
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        here = socket.socket(family, kind, protocol)
        try:
            here.settimeout(_left(deadline))
            here.connect(address)
        except OSError as error:
            here.close()
            failed = error
        else:
            here.settimeout(_left(deadline))
            return here
    raise failed


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left


@cache
def _trust() -> ssl.SSLContext:
    """The authorities of the system, or of SSL_CERT_FILE."""
    context = ssl.create_default_context()
    context.sslsocket_class = _Socket
    return context


# IN XML


class Answer(ET.TreeBuilder):
    """Builds an element tree of limited depth from a document without a document type: no entities, no bombs."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise RoomDown("BigBlueButton answered with a document type")

    def start(self, tag: Any, attributes: dict[Any, Any], /) -> ET.Element:
        self._depth += 1
        if self._depth > DEEPEST_ANSWER:
            raise RoomDown("BigBlueButton answered too deep a document")
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def _parsed(body: bytes) -> ET.Element:
    parser = ET.XMLParser(target=Answer())  # noqa: S314
    try:
        parser.feed(body)
        return parser.close()
    except (ET.ParseError, ValueError, LookupError):
        raise RoomDown("BigBlueButton did not answer with XML") from None


def _succeeded(answer: ET.Element) -> ET.Element:
    """The answer, if its return code says so."""
    if answer.tag != "response" or answer.findtext("returncode") != "SUCCESS":
        key = answer.findtext("messageKey", "").strip()
        raise Refused(key if re.fullmatch("[A-Za-z ]{1,40}", key) else "")
    return answer
