"""A stand-in for BigBlueButton on loopback: real HTTP over TLS, as strict as its public documentation allows.

It checks the checksum of every call, knows every parameter by name, kind and limit, and answers to anything else with
FAILED. A duplicate creation is told by its two passwords, as the real server does it. Parameters and answers by
https://docs.bigbluebutton.org/development/api.

    with RoomsServer(make_certificate(folder, "localhost")) as server:
        server.fault = "hang"      # from now on; "" for none, see FAULTS

Addresses of join are for browsers: `server.visit(url)` follows one as a browser would. A real browser is sent on to the
client, by another name of the host, as a balancer of load does it.
"""

import contextlib
import hashlib
import itertools
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import pytest

from conferences.rooms import bigbluebutton_api
from tests.smtp_server import Certificate

SECRET = "8cd8ef52e8e101574e400365b55e11a6-of-the-stand-in"
PATH = "/bigbluebutton/api"

STRING, NUMBER, BOOLEAN = r"[^\x00-\x1f]*", "[0-9]+", "true|false"
MEETING = "[A-Za-z0-9_-]{2,256}"
CREATE = {
    "name": r"[^\x00-\x1f]{2,64}",
    "meetingID": MEETING,
    "attendeePW": r"[^\x00-\x1f]{2,64}",
    "moderatorPW": r"[^\x00-\x1f]{2,64}",
    "guestPolicy": "ALWAYS_ACCEPT|ALWAYS_DENY|ASK_MODERATOR",
    "logoutURL": "https?://[!-~]+",
    **dict.fromkeys(["welcome", "moderatorOnlyMessage", "dialNumber", "bannerText", "loginURL"], STRING),
    **dict.fromkeys(
        "maxParticipants duration meetingExpireIfNoUserJoinedInMinutes meetingExpireWhenLastUserLeftInMinutes"
        " userCameraCap meetingCameraCap".split(),
        NUMBER,
    ),
    **dict.fromkeys(
        "record autoStartRecording allowStartStopRecording notifyRecordingIsOn webcamsOnlyForModerator muteOnStart"
        " allowModsToUnmuteUsers lockSettingsDisableCam lockSettingsDisableMic lockSettingsDisablePrivateChat"
        " lockSettingsDisablePublicChat lockSettingsDisableNotes lockSettingsHideUserList lockSettingsLockOnJoin"
        " lockSettingsLockOnJoinConfigurable lockSettingsHideViewersCursor".split(),
        BOOLEAN,
    ),
}
JOIN = {
    "fullName": r"[^\x00-\x1f]*[^\x00-\x1f\s][^\x00-\x1f]*",
    "meetingID": MEETING,
    "role": "MODERATOR|VIEWER",
    "createTime": NUMBER,
    "userID": STRING,
    "redirect": BOOLEAN,
    "userdata-bbb_auto_share_webcam": BOOLEAN,
    "userdata-bbb_preferred_camera_profile": "low|medium|high|hd",
}
GET_RECORDINGS = {"meetingID": f"{MEETING}(,{MEETING})*", "state": STRING, "offset": NUMBER, "limit": NUMBER}
# Call -> what it knows, what it needs.
CALLS: dict[str, tuple[dict[str, str], set[str]]] = {
    "create": (CREATE, {"name", "meetingID"}),
    "join": (JOIN, {"fullName", "meetingID", "role"}),
    "getRecordings": (GET_RECORDINGS, set()),
}
LONGEST_ADDRESS = 8190

LAUGHS = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise("abcdefghijz"))
BOMB = f'<!DOCTYPE b [<!ENTITY a "ha">{LAUGHS}]><response><returncode>&z;</returncode></response>'
OUTSIDE = '<!DOCTYPE b [<!ENTITY z SYSTEM "file:///etc/hostname">]><response><returncode>&z;</returncode></response>'


class Failed(Exception):
    """The call is answered with FAILED; first the key, then the message."""


class RoomsServer:
    """The server and all that it remembers."""

    def __init__(self, certificate: Certificate, secret: str = SECRET) -> None:
        self.secret, self.certificate = secret, certificate
        self.fault = ""
        self.created: dict[str, dict[str, str]] = {}  # by meetingID, with its createTime
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.recordings: list[dict[str, Any]] = []
        self.refused: list[tuple[str, str]] = []
        self._times = itertools.count(1_796_000_000_000)
        self._server = _Server(self)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Of the API."""
        return f"https://localhost:{self._server.server_port}{PATH}"

    @property
    def client(self) -> str:
        """Where a browser ends up in the end."""
        return f"https://127.0.0.1:{self._server.server_port}/html5client/"

    @property
    def video_url(self) -> str:
        """As it stands in VIDEO_URL."""
        return f"bbb+https://:{self.secret}@localhost:{self._server.server_port}{PATH}#Lecture%20hall"

    def visit(self, url: str) -> dict[str, str]:
        """Enter by an address of join as a browser would; raises Failed where the server turns it away."""
        call, parameters = self.understood(url.removeprefix(self.address.removesuffix(PATH)))
        assert call == "join"
        meeting = self.created.get(parameters["meetingID"])
        if meeting is None:
            raise Failed("invalidMeetingIdentifier", "The meeting ID that you supplied did not match any meeting")
        if parameters.get("createTime", meeting["createTime"]) != meeting["createTime"]:
            raise Failed("mismatchCreateTimeParam", "The createTime parameter mismatches with the current meeting.")
        return parameters

    def end(self, room: str) -> None:
        """As when the last one has left for some minutes."""
        del self.created[room]

    def understood(self, target: str) -> tuple[str, dict[str, str]]:
        """Call and parameters of a request, if all of it is as documented; raises Failed."""
        parts = urlsplit(target)
        call = parts.path.removeprefix(f"{PATH}/")
        query, _and, checksum = parts.query.rpartition("&checksum=")
        expected = hashlib.sha256(f"{call}{query}{self.secret}".encode()).hexdigest()
        if checksum != expected:
            raise Failed("checksumError", "Checksums do not match")
        if len(target) > LONGEST_ADDRESS:
            raise Failed("tooLong", "nginx would have answered with 414")
        if call not in CALLS:
            raise Failed("unsupportedRequest", call)
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
        parameters = dict(pairs)
        if len(parameters) < len(pairs):
            raise Failed("validationError", "a parameter twice")
        _check(call, parameters)
        return call, parameters

    def answer(self, call: str, parameters: dict[str, str]) -> str:
        """The XML that answers a sound call."""
        if call == "create":
            return self._create(parameters)
        if call == "getRecordings":
            asked = parameters.get("meetingID", "").split(",")
            rows = [row for row in self.recordings if asked == [""] or row["meetingID"] in asked]
            none = "<messageKey>noRecordings</messageKey><message>There are no recordings.</message>"
            listed = "".join(map(_recording, rows))
            return f"<returncode>SUCCESS</returncode><recordings>{listed}</recordings>{'' if rows else none}"
        raise Failed("unsupportedRequest", call)

    def _create(self, parameters: dict[str, str]) -> str:
        meeting = self.created.get(parameters["meetingID"])
        note = ""
        if meeting is None:
            made = {"createTime": str(next(self._times)), "attendeePW": "by chance 1", "moderatorPW": "by chance 2"}
            meeting = self.created[parameters["meetingID"]] = made | parameters
        elif any(meeting[name] != parameters.get(name) for name in ("attendeePW", "moderatorPW")):
            raise Failed("idNotUnique", "A meeting already exists with that meeting ID.")
        else:
            note = "<messageKey>duplicateWarning</messageKey><message>Already in existence.</message>"
        return (
            f"<returncode>SUCCESS</returncode><meetingID>{meeting['meetingID']}</meetingID>"
            f"<createTime>{meeting['createTime']}</createTime><hasUserJoined>false</hasUserJoined>{note}"
        )


def _check(call: str, parameters: dict[str, str]) -> None:
    known, needed = CALLS[call]
    if missing := needed - parameters.keys():
        raise Failed("validationError", f"missing: {missing}")
    for name, value in parameters.items():
        if name not in known:
            raise Failed("validationError", f"not in the documentation: {name}")
        # Java counts in UTF-16: a letter beyond the first plane is two.
        counted = "".join("xx" if ord(letter) > 0xFFFF else letter for letter in value)
        if not re.fullmatch(known[name], counted):
            raise Failed("validationError", f"not as documented: {name}={value}")
    starts = [parameters.get(name) for name in ("autoStartRecording", "allowStartStopRecording")]
    if parameters.get("record") == "true" and starts == ["false", "false"]:
        raise Failed("validationError", "nobody could start recording")


def _recording(row: dict[str, Any]) -> str:
    formats = "".join(
        f"<format><type>{kind}</type><url>{escape(url)}</url><processingTime>1</processingTime>"
        f"<length>{length}</length><preview><images><image alt='1'>https://x.test/1.png</image></images></preview></format>"
        for kind, url, length in row["formats"]
    )
    return (
        f"<recording><recordID>r-1</recordID><meetingID>{row['meetingID']}</meetingID><name>{escape(row['name'])}</name>"
        f"<published>{row['published']}</published><state>published</state><startTime>{row['start']}</startTime>"
        f"<endTime>{row['end']}</endTime><playback>{formats}</playback></recording>"
    )


@contextlib.contextmanager
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomsServer]:
    """A running server whose authority this process trusts, as an administrator would tell it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    bigbluebutton_api._trust.cache_clear()
    with RoomsServer(certificate) as server:
        yield server
    bigbluebutton_api._trust.cache_clear()


class _Server(ThreadingHTTPServer):
    def __init__(self, stand_in: RoomsServer) -> None:
        self.stand_in = stand_in
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(stand_in.certificate.certificate, stand_in.certificate.key)
        # Each connection shakes hands in its own thread, with its first read.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        stand_in = self.server.stand_in
        if self.path == "/html5client/":
            self.say(b"<!doctype html><title>Inside</title>", 200, **{"Content-Type": "text/html"})
            return
        if self.path.startswith(f"{PATH}/join?"):
            stand_in.visit(f"{stand_in.address.removesuffix(PATH)}{self.path}")
            self.say(b"", 302, Location=stand_in.client)
            return
        try:
            call, parameters = stand_in.understood(self.path)
            stand_in.calls.append((call, parameters))
            if fault := FAULTS.get(stand_in.fault):
                fault(self)
                return
            inside = stand_in.answer(call, parameters)
        except Failed as failed:
            key, message = failed.args
            stand_in.refused.append((key, message))
            inside = (
                f"<returncode>FAILED</returncode><messageKey>{key}</messageKey><message>{escape(message)}</message>"
            )
        self.say(f"<response>{inside}</response>".encode())

    def say(self, body: bytes, status: int = 200, **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": "text/xml;charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, text: bytes) -> None:
        """Say it in twenty bites of which none is late by itself."""
        size = -(-len(text) // 20)
        for at in range(0, len(text), size):
            self.wfile.write(text[at : at + size])
            time.sleep(0.1)

    def endless(self, piece: bytes) -> None:
        """Say it again and again."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<response>")
        while True:
            self.wfile.write(piece)

    # The client hangs up, which is what several tests want.

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


GOOD = b"<response><returncode>SUCCESS</returncode><createTime>1</createTime></response>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(GOOD)


FAULTS: dict[str, Callable[[Any], Any]] = {
    "500": lambda handler: handler.say(b"<html>at Meeting.java:77 salt=hunter2</html>", 500),
    "redirect": lambda handler: handler.say(b"", 302, Location="/bigbluebutton/api/getRecordings?moved=1"),
    "hang": lambda _handler: time.sleep(1.5),
    "closes": lambda handler: handler.wfile.write(b""),
    "drips head": lambda handler: handler.drip(HEAD + GOOD),
    "drips body": lambda handler: (handler.wfile.write(HEAD), handler.drip(GOOD)),
    "nonsense": lambda handler: handler.wfile.write(b"Mary had a little lamb salt=hunter2\r\n\r\n"),
    "huge": lambda handler: handler.say(b"<response>" + b" " * 1_100_000 + GOOD.removeprefix(b"<response>")),
    "endless": lambda handler: handler.endless(b"<a/>" * 1000),
    "bomb": lambda handler: handler.say(BOMB.encode()),
    "outside": lambda handler: handler.say(OUTSIDE.encode()),
    "deep": lambda handler: handler.say(b"<response><returncode>SUCCESS</returncode>" + b"<a>" * 200_000),
    "cut": lambda handler: handler.say(GOOD[:-5]),
    "html": lambda handler: handler.say(b"<html><returncode>SUCCESS</returncode></html>"),
    "strange key": lambda handler: handler.say(
        b"<response><returncode>FAILED</returncode><messageKey>salt=hunter2\n[31m</messageKey></response>"
    ),
}
