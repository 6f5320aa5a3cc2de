"""A real SMTP server on loopback that misbehaves as told, and remembers exactly what it has taken.

In a test, in threads of the same process:

    with SmtpServer(Fault("rcpt", "451 4.3.0 later", to="bob@example.org", times=2)) as server:
        ...                                   # talk to 127.0.0.1:server.port
        server.wait_for("dot")                # until it has read a whole message
        assert [message.recipient for message in server.messages] == ["bob@example.org"]

As a process of its own, which writes every message that it takes into a folder before it says so:

    python -m tests.smtp_server 2525 /tmp/taken

Either way a recipient may bring the fault along in the local part, WHAT-PHASE[-HOW_OFTEN][+anything]:

    550-rcpt@example.org                      refused for ever
    451-rcpt-twice+bob@example.org            refused twice, then taken
    hang-dot-once@example.org                 no answer to the final dot, message thrown away; the next time all is well
    dropstored-dot-once@example.org           message taken, connection closed instead of an answer
    drop-sent@example.org                     250, then the connection is closed
    slow-rcpt@example.org                     answers, after a second
    nonsense-rcpt@example.org                 an answer that is none

WHAT is a reply code, hang, drop, slow or nonsense, with "stored" after it where the message is to be taken all the
same; PHASE is rcpt, data, body, dot or sent; HOW_OFTEN is once, twice, thrice or a number, and for ever without it.

The phases, in their order; a fault replaces what the server would say there:

    greeting ehlo starttls handshake auth rset mail rcpt
    data        the answer to DATA
    body        after "354" and the first line of the message
    dot         after the last line of the message
    sent        after the answer to the final dot: nothing is said here, but the connection can end
    quit
"""

import base64
import contextlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

HANG: Final = "hang"
DROP: Final = "drop"
NONSENSE: Final = "Mary had a little lamb"

PHASES = frozenset(
    {"greeting", "ehlo", "starttls", "handshake", "auth", "rset", "mail", "rcpt", "data", "body", "dot", "sent", "quit"}
)
_TIMES = {"once": 1, "twice": 2, "thrice": 3, None: sys.maxsize}
_BY_ADDRESS = re.compile(
    r"(?P<what>[245]\d\d|hang|drop|slow|nonsense)(?P<stored>stored)?-(?P<at>rcpt|data|body|dot|sent)"
    r"(-(?P<times>once|twice|thrice|\d+))?(\+.*)?@.*"
)


@dataclass
class Fault:
    """What the server does in a phase instead of the usual: says `do`, or HANG or DROP; "" is the usual, late.

    Only for the recipient `to` if given, only after the phase was passed `after` times, at most `times` times.
    """

    at: str
    do: str | bytes = ""
    to: str = ""
    after: int = 0
    times: int = sys.maxsize
    delay: float = 0  # seconds before anything is said
    drip: float = 0  # seconds between two bytes of what is said
    stored: bool = False  # at the dot: the message is kept, whatever is said

    def __post_init__(self) -> None:
        if self.at not in PHASES:
            raise ValueError(f"no phase {self.at}")

    def applies(self, at: str, recipient: str) -> bool:
        """Whether it is the turn of this fault; counts the passes and the times."""
        if at != self.at or (self.to and self.to != recipient):
            return False
        self.after -= 1
        if self.after >= 0 or self.times <= 0:
            return False
        self.times -= 1
        return True


def fault_of(address: str) -> Fault | None:
    """The fault that an address brings along."""
    match = _BY_ADDRESS.fullmatch(address)
    if not match:
        return None
    what, often = match["what"], match["times"]
    do = f"{what} as the address wishes" if what.isdigit() else {"slow": "", "nonsense": NONSENSE}.get(what, what)
    times = int(often) if often and often.isdigit() else _TIMES[often]
    return Fault(
        match["at"], do, to=address, times=times, delay=1 if what == "slow" else 0, stored=bool(match["stored"])
    )


@dataclass(frozen=True)
class Message:
    """One message that was taken for one recipient."""

    sender: str
    recipient: str
    content: bytes  # with CRLF, dots unstuffed
    at: float = 0  # seconds since the epoch
    connection: int = 0
    secured: bool = False
    user: str = ""
    bare_newlines: int = 0

    def as_file(self) -> bytes:
        """With the envelope on top, as every mailbox file has it."""
        return f"Return-Path: <{self.sender}>\r\nDelivered-To: {self.recipient}\r\n".encode() + self.content


def stored_messages(folder: Path) -> list[Message]:
    """What a server process has taken so far, in order."""
    envelope = re.compile(rb"Return-Path: <(.*?)>\r\nDelivered-To: (.*?)\r\n(.*)", re.DOTALL)
    found = (envelope.fullmatch(path.read_bytes()) for path in sorted(folder.glob("*.eml")))
    return [Message(match[1].decode(), match[2].decode(), match[3]) for match in found if match]


class Certificate(NamedTuple):
    """Paths of a certificate and its key, and of the authority that a client has to trust for it."""

    certificate: Path
    key: Path
    authority: Path


def make_certificate(folder: Path, host: str) -> Certificate:
    """A throw-away authority, and a certificate of it for `host`."""
    made = Certificate(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    authority_key = folder / "authority.key"
    _openssl(
        *new, "-subj", "/CN=Throw-away", "-addext", "keyUsage=critical,keyCertSign", "-keyout", authority_key,
        "-out", made.authority,
    )  # fmt: skip
    _openssl(
        *new, "-subj", "/CN=server", "-addext", f"subjectAltName=DNS:{host}", "-keyout", made.key,
        "-addext", "basicConstraints=critical,CA:FALSE", "-CA", made.authority, "-CAkey", authority_key,
        "-out", made.certificate,
    )  # fmt: skip
    return made


def _openssl(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port on which connections are neither refused nor accepted: its queue is full, and nobody empties it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as waiting:
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


class _GoneError(Exception):
    """The connection is over."""


class SmtpServer:
    """The server; a context manager, or start() and stop(), after which start() takes the same port again."""

    def __init__(
        self,
        *faults: Fault,
        port: int = 0,
        tls: Certificate | None = None,  # offers STARTTLS ...
        implicit: bool = False,  # ... or speaks TLS from the first byte
        credentials: tuple[str, str] | None = None,  # takes mail only from this user with this password
        per_connection: int = sys.maxsize,  # messages, then 421
        receive_buffer: int = 0,  # bytes; a small one keeps a long message from hiding in the system
        folder: Path | None = None,  # where every message goes before it is acknowledged
    ) -> None:
        self.faults = list(faults)
        self.port = port
        self.tls = tls
        self.implicit = implicit
        self.credentials = credentials
        self.per_connection = per_connection
        self.receive_buffer = receive_buffer
        self.folder = folder
        self.messages: list[Message] = []
        self.commands: list[tuple[int, str]] = []  # (number of the connection, line)
        self.stopping = threading.Event()
        self._passed: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._sessions: list[tuple[_Session, threading.Thread]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; the port is known when this returns."""
        self.stopping.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        if self.receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,))
        self._accepting.start()

    def stop(self) -> None:
        """Refuse connections from here on, and end those that there are."""
        self.stopping.set()
        _shut(self._listener)
        self._accepting.join()
        self._listener.close()
        for session, _ in self._sessions:
            _shut(session.sock)
        self.wait_until_all_left()

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self._passed["greeting"]

    def wait_for(self, phase: str, times: int = 1, timeout: float = 5) -> None:
        """Until a phase was reached so many times, counted from the beginning; TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._passed[phase] >= times, timeout):
                raise TimeoutError(f"{phase} was reached {self._passed[phase]} times, not {times}")

    def wait_until_all_left(self) -> None:
        """Until every connection so far has ended."""
        for _, thread in self._sessions:
            thread.join()

    def reach(self, phase: str, recipient: str) -> Fault | None:
        """Notes that a phase is reached, and gives the fault whose turn it is."""
        with self._changed:
            self._passed[phase] += 1
            self._changed.notify_all()
            brought = fault_of(recipient)
            if brought and brought.to not in {fault.to for fault in self.faults}:
                self.faults.append(brought)
            return next((fault for fault in self.faults if fault.applies(phase, recipient)), None)

    def take(self, message: Message) -> None:
        """Keeps a message."""
        with self._changed:
            self.messages.append(message)
            if self.folder:
                draft = self.folder / ".draft"
                draft.write_bytes(message.as_file())
                draft.rename(self.folder / f"{len(self.messages):06}.eml")

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            session = _Session(self, connection, len(self._sessions) + 1)
            thread = threading.Thread(target=session.run)
            self._sessions.append((session, thread))
            thread.start()


def _shut(connection: socket.socket) -> None:
    """Wakes whoever waits on it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Session:
    """One connection."""

    def __init__(self, server: SmtpServer, connection: socket.socket, number: int) -> None:
        self.server = server
        self.number = number
        self.sock = connection
        self.lines = connection.makefile("rb")
        self.secured = False
        self.user = self.sender = self.recipient = ""
        self.in_transaction = False
        self.taken = 0

    def run(self) -> None:
        """Until one side leaves."""
        with contextlib.suppress(_GoneError, OSError, ValueError):
            if self.server.implicit:
                self._secure()
            self._step("greeting", "220 localhost ESMTP")
            while True:
                self._answer(self._read_line().decode("latin-1").rstrip("\r\n"))
        self.lines.close()
        self.sock.close()

    def _answer(self, line: str) -> None:
        self.server.commands.append((self.number, line))
        verb = line.partition(" ")[0].lower()
        command = getattr(self, f"_on_{verb}", None)
        command(line) if command else self._say("502 5.5.1 unknown")

    def _read_line(self) -> bytes:
        line = self.lines.readline()
        if not line:
            raise _GoneError
        return line

    def _say(self, text: str | bytes, drip: float = 0) -> None:
        line = (text.encode() if isinstance(text, str) else text) + b"\r\n"
        for piece in (bytes([byte]) for byte in line) if drip else [line]:
            self.sock.sendall(piece)
            self.server.stopping.wait(drip)

    def _step(self, phase: str, usual: str) -> bool:
        """Says the usual, or does what a fault wants; True if what is said means what the usual means."""
        return self._obey(self.server.reach(phase, self.recipient), usual)

    def _obey(self, fault: Fault | None, usual: str) -> bool:
        if fault:
            self.server.stopping.wait(fault.delay)
        if fault and fault.do == DROP:
            raise _GoneError
        if fault and fault.do == HANG:
            self.server.stopping.wait()  # not a word, and nothing is read
            raise _GoneError
        said = (fault and fault.do) or usual
        if said:
            self._say(said, fault.drip if fault else 0)
        return said[:1] == usual[:1]

    def _secure(self) -> None:
        assert self.server.tls
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server.tls.certificate, self.server.tls.key)
        self.lines.close()
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.lines = self.sock.makefile("rb")
        self.secured = True

    def _on_ehlo(self, _: str) -> None:
        offers = ["localhost", "SIZE 20000000", "8BITMIME"]
        if self.server.tls and not self.secured:
            offers.append("STARTTLS")
        elif self.server.credentials:
            offers.append("AUTH PLAIN")
        self._step("ehlo", "\r\n".join(["250-" + offer for offer in offers[:-1]] + ["250 " + offers[-1]]))

    def _on_starttls(self, _: str) -> None:
        if self._step("starttls", "220 2.0.0 go ahead"):
            if not self._step("handshake", ""):
                raise _GoneError
            self._secure()

    def _on_auth(self, line: str) -> None:
        _, user, password = base64.b64decode(line.rsplit(maxsplit=1)[-1]).decode().split("\0")
        right = (user, password) == self.server.credentials
        if self._step("auth", "235 2.7.0 welcome" if right else "535 5.7.8 wrong user or password") and right:
            self.user = user

    def _on_mail(self, line: str) -> None:
        if self.taken >= self.server.per_connection:
            self._say("421 4.7.0 too many messages in one connection")
            raise _GoneError
        if self.in_transaction:
            self._say("503 5.5.1 there is a transaction already")
        elif self.server.credentials and not self.user:
            self._say("530 5.7.0 sign in first")
        elif self._step("mail", "250 2.1.0 ok"):
            self.in_transaction = True
            self.sender, self.recipient = _address(line), ""

    def _on_rcpt(self, line: str) -> None:
        if not self.in_transaction or self.recipient:
            self._say("452 4.5.3 one recipient at a time" if self.recipient else "503 5.5.1 MAIL first")
            return
        self.recipient = _address(line)
        if not self._step("rcpt", "250 2.1.5 ok"):
            self.recipient = ""

    def _on_data(self, _: str) -> None:
        if not self.recipient:
            self._say("503 5.5.1 RCPT first")
        elif self._step("data", "354 end with a dot on a line of its own"):
            self._receive()

    def _receive(self) -> None:
        lines = [self._read_line()]
        if not self._step("body", ""):
            raise _GoneError
        while lines[-1] != b".\r\n":
            lines.append(self._read_line())
        block = b"".join(lines[:-1])
        message = Message(
            self.sender,
            self.recipient,
            re.sub(rb"(?m)^\.", b"", block),
            time.time(),
            self.number,
            self.secured,
            self.user,
            len(re.findall(rb"\r(?!\n)|(?<!\r)\n", block)),
        )
        fault = self.server.reach("dot", self.recipient)
        if not fault or fault.stored or fault.do[:1] in ("", "2"):
            self.server.take(message)
            self.taken += 1
        self._obey(fault, "250 2.0.0 taken")
        self._step("sent", "")
        self.in_transaction, self.recipient = False, ""

    def _on_rset(self, _: str) -> None:
        self.in_transaction, self.recipient = False, ""
        self._step("rset", "250 2.0.0 ok")

    def _on_noop(self, _: str) -> None:
        self._say("250 2.0.0 ok")

    def _on_quit(self, _: str) -> None:
        self._step("quit", "221 2.0.0 bye")
        raise _GoneError


def _address(line: str) -> str:
    """What stands between the angle brackets of MAIL or RCPT."""
    return line.partition("<")[2].partition(">")[0]


def main(port: str, folder: str) -> None:
    """Serve until the process is ended."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with SmtpServer(port=int(port), folder=Path(folder)) as server:
        print(f"listening on 127.0.0.1:{server.port}", flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
