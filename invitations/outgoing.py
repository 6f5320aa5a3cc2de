"""One try to hand a message to the mail server. Nothing else: no rows, no retry, no settings.

What must never be wrong here is the border at the final dot. Before it is written nobody has the message; after it
only the server's answer tells, and without one nobody knows. Every `Outcome` says on which side it stands.
"""

import contextlib
import os
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from invitations.message import ADDRESS, CRLF, matching

type Alive = Callable[[], bool]

LONGEST_REPLY = 300  # characters that are kept of a server's words
LONGEST_ANSWER = 65_536  # bytes that a server may say at once

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


# The try


class Result(StrEnum):
    """What became of one try."""

    SENT = "sent"  # the server has taken it, for good
    DEFERRED = "deferred"  # not taken; another time perhaps
    FAILED = "failed"  # not taken, and this person or message is why
    UNCERTAIN = "uncertain"  # handed over without an answer: taken or not
    SITE = "site"  # not taken, for a reason that would meet every message


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result with the server's words or ours, printable, one line; `before_dot`: certain that nobody has a copy."""

    result: Result
    reply: str
    before_dot: bool


class LeaseLost(Exception):
    """The caller's claim has ended before the message could be taken; nobody has it, somebody else may send it."""


class Mail(Protocol):
    """Where mail goes: `folder` for kind "file", the rest for kind "smtp"."""

    @property
    def kind(self) -> Literal["file", "smtp"]: ...
    @property
    def folder(self) -> Path | None: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def security(self) -> Literal["none", "starttls", "tls"]: ...


class Channel(Protocol):
    """A way out for messages, one at a time, for one thread."""

    def send(self, address: str, message: bytes, *, sender: str, name: str, alive: Alive) -> Outcome:
        """Try once to hand `message` over for `address`; `name` is what a file of it is called.

        `sender` is that of the envelope, where the message comes back to.

        `alive` is asked at the start and again at the last moment at which the message can be kept back; LeaseLost is
        raised if it says no. Raises ValueError for an address or bytes that must not leave.
        """

    def close(self) -> None:
        """End the connection politely, within the time limit for that."""


def open_channel(mail: Mail, host_name: str, limits: Mapping[str, float]) -> Channel:
    """The channel for `mail`; `host_name` is the name that we give in EHLO, `limits` are seconds for CONNECT, COMMAND,
    DATA, FINAL_DOT and QUIT.
    """
    if mail.kind == "file":
        return FileChannel(mail.folder or Path())
    return SmtpChannel(mail, host_name, limits)


def _check(address: str, message: bytes) -> None:
    """ValueError unless both may leave: no second command, no second message, nothing that a server would change."""
    matching(ADDRESS, address)
    lines = message.count(b"\r\n")
    bare_newlines = message.count(b"\r") - lines or message.count(b"\n") - lines
    if bare_newlines or b"\0" in message or not message.endswith(b"\r\n") or not message.isascii():
        raise ValueError("the message is not ASCII in lines that end with CRLF")


def _printable(words: str) -> str:
    """Foreign words on one line that neither a terminal nor a page will obey, at most 300 characters."""
    line = " ".join(re.split("[ \t\r\n]+", words.strip()))
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
    return shown if len(shown) <= LONGEST_REPLY else f"{shown[: LONGEST_REPLY - 1]}…"


def _told(error: Exception) -> str:
    """What is reported when there is no reply to report."""
    if isinstance(error, TimeoutError):
        return "The mail server did not answer in time"
    return _printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)


# Files


class FileChannel:
    """Messages as .eml files in a folder; a message of the same name takes the place of the older one."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when the first message comes."""
        self._folder = folder

    def send(self, address: str, message: bytes, *, sender: str, name: str, alive: Alive) -> Outcome:
        """Channel.send; a folder or disk that refuses is a matter of the site."""
        _check(address, message)
        target = self._folder / f"{matching(_FILE_NAME, name)}.eml"
        try:
            self._write(target, message, alive)
        except OSError as error:
            return Outcome(Result.SITE, _printable(f"{self._folder}: {_told(error)}"), before_dot=True)
        return Outcome(Result.SENT, f"Written to {target.name}", before_dot=False)

    def _write(self, target: Path, message: bytes, alive: Alive) -> None:
        """A crash at any point leaves the old state or the new one, never half a message under its name."""
        _require(alive)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.tmp")
        with open(draft, "wb", opener=_private) as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        _require(alive)
        draft.replace(target)
        _sync_folder(self._folder)

    def close(self) -> None:
        """Nothing is open between two messages."""


def _private(path: str, flags: int) -> int:
    """An opener for files that only their owner may read: links in letters are keys."""
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """A new name in a folder is durable only when the folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require(alive: Alive) -> None:
    if not alive():
        raise LeaseLost


# SMTP

# RFC 4954 section 6: not this person but our own sign-in is refused, whenever the server chooses to say so.
_SIGN_IN_REFUSED = frozenset({530, 534, 535, 538})
# "I am closing" and "too many": said to a connection that has carried messages, they may mean only the connection.
_OF_THE_CONNECTION = frozenset({421, 452})


class _Stopped(Exception):
    """The message was not taken, certainly; `again`: a fresh connection might hear something else."""

    def __init__(self, outcome: Outcome, *, again: bool = False) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome
        self.again = again


def _verdict(code: int, refused: Result) -> Result:
    """What a refusal before the dot means, where a permanent one is about the person (FAILED) or about us (SITE)."""
    if code in _SIGN_IN_REFUSED:
        return Result.SITE
    return refused if 500 <= code <= 599 else Result.DEFERRED


def _final_verdict(code: int) -> Result:
    """What the answer to the final dot means; an answer that is none leaves the question open."""
    verdicts = {2: Result.SENT, 4: Result.DEFERRED, 5: Result.FAILED}
    return verdicts.get(code // 100, Result.UNCERTAIN)


def _reply(code: int, text: bytes | str) -> str:
    """The words of a reply; where it has no code, the text is the whole of it."""
    words = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
    return _printable(words if code < 0 else f"{code} {words}")


class _Client(smtplib.SMTP):
    """smtplib with a deadline for each phase, where it has one time limit for each read and write.

    A server that says a byte a minute would keep the worker for hours under any limit of that kind, and no single
    limit suits both a command and the final dot, after which a server may think for minutes (RFC 5321, 4.5.3.2.6).
    """

    def __init__(self, mail: Mail, host_name: str, limits: Mapping[str, float]) -> None:
        """Connect and read the greeting; OSError as from smtplib."""
        self._limits = limits
        self._wrap = ssl.create_default_context().wrap_socket if mail.security == "tls" else None
        self._unread = b""
        self.in_transaction = False
        self.begin("CONNECT")
        super().__init__(mail.host, mail.port, host_name, timeout=limits["CONNECT"])

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """The hook of smtplib.SMTP_SSL."""
        connection = socket.create_connection((host, port), timeout)
        # The final dot is a write of its own, which Nagle's algorithm would hold back until the rest is acknowledged.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begin("COMMAND")
        return self._wrap(connection, server_hostname=host) if self._wrap else connection

    def begin(self, phase: str) -> None:
        """From here the limit of `phase` counts, for everything that is written and read until the next one."""
        self._deadline = time.monotonic() + self._limits[phase]

    def _ready(self) -> socket.socket:
        """The socket with what is left of the phase as its time limit."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("The connection is closed")
        self.sock.settimeout(left)
        return self.sock

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Every command is a phase."""
        self.begin("COMMAND")
        super().putcmd(cmd, args)

    def send(self, s: str | bytes) -> None:  # type: ignore[override]  # smtplib itself sends nothing else
        """Write all of `s` before the deadline; an error stays what it was."""
        rest = memoryview(s.encode("ascii") if isinstance(s, str) else s)
        while rest:
            rest = rest[self._ready().send(rest[:16_384]) :]

    def getreply(self) -> tuple[int, bytes]:
        """One reply, RFC 5321 section 4.2; code -1 and the whole line where it is none. Closes when none comes."""
        try:
            lines = self._read_lines()
        except OSError:
            self.close()
            raise
        if not re.match(rb"[2-5][0-9][0-9]( |$)", lines[-1]):
            return -1, lines[-1]
        return int(lines[-1][:3]), b"\n".join(line[4:] for line in lines)

    def _read_lines(self) -> list[bytes]:
        lines = [self._read_line()]
        while lines[-1][3:4] == b"-" and lines[-1][:3].isdigit():
            lines.append(self._read_line())
            if sum(map(len, lines)) > LONGEST_ANSWER:
                raise smtplib.SMTPServerDisconnected("The mail server does not stop talking")
        return lines

    def _read_line(self) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > LONGEST_ANSWER:
                raise smtplib.SMTPServerDisconnected("The mail server does not stop talking")
            self._unread += self._ready().recv(4096) or self._hung_up()
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")

    def _hung_up(self) -> bytes:
        raise smtplib.SMTPServerDisconnected("The mail server closed the connection")

    def was_interrupted(self) -> bool:
        """Whether the server has said something, or hung up, although it was to listen."""
        sock = self._ready()
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            self._unread += sock.recv(4096) or self._hung_up()
        return bool(self._unread)

    def secure(self) -> None:
        """STARTTLS, or an error: there is no going on in clear text, which is what an attacker on the way waits for."""
        try:
            self.starttls(context=ssl.create_default_context())
        except smtplib.SMTPResponseException as refused:
            words = _reply(refused.smtp_code, refused.smtp_error)
            raise smtplib.SMTPNotSupportedError(f"STARTTLS refused: {words}") from refused
        if self._unread:
            # Words from before the handshake, which anybody on the way may have added.
            raise smtplib.SMTPNotSupportedError("Clear text after STARTTLS")

    def transmit(self, message: bytes) -> None:
        """The data block without the final dot: as long as that is missing, the server must not deliver."""
        block = smtplib.quotedata(message.decode("ascii"))
        self.begin("DATA")
        self.send(block)

    def finish(self) -> tuple[int, bytes]:
        """The final dot, and the answer to it."""
        self.begin("FINAL_DOT")
        self.send(f".{CRLF}")
        return self.getreply()

    def leave(self) -> None:
        """QUIT within its own limit."""
        self.begin("QUIT")
        self.send(f"QUIT{CRLF}")
        self.getreply()


class SmtpChannel:
    """One connection to a mail server: opened at the first message, kept for the next, replaced when it ends."""

    def __init__(self, mail: Mail, host_name: str, limits: Mapping[str, float]) -> None:
        self._mail, self._host_name, self._limits = mail, host_name, limits
        self._client: _Client | None = None

    def send(self, address: str, message: bytes, *, sender: str, name: str, alive: Alive) -> Outcome:
        """Channel.send; a used connection that turns us away before the dot is replaced by a fresh one, once."""
        _check(address, message)
        matching(ADDRESS, sender)
        used = self._client is not None
        try:
            client = self._client or self._open()
            self._offer(client, sender, address, message, alive)
        except _Stopped as stopped:
            if not (used and stopped.again):
                return stopped.outcome
            self._drop()
            return self.send(address, message, sender=sender, name=name, alive=alive)
        return self._conclude(client)

    def close(self) -> None:
        """Channel.close; what the server thinks of our leaving matters to nobody."""
        if self._client:
            with contextlib.suppress(OSError):
                self._client.leave()
        self._drop()

    def _drop(self) -> None:
        if self._client:
            self._client.close()
        self._client = None

    def _stop(self, result: Result, reply: str, *, again: bool = False) -> _Stopped:
        """The connection is ended, and with it the try."""
        self._drop()
        return _Stopped(Outcome(result, reply, before_dot=True), again=again)

    def _open(self) -> _Client:
        """A connection that is secured and signed in as configured, or _Stopped: everything here is the site's."""
        try:
            self._client = _Client(self._mail, self._host_name, self._limits)
            self._sign_in(self._client)
        except smtplib.SMTPResponseException as refused:
            result = _verdict(refused.smtp_code, Result.SITE)
            raise self._stop(result, _reply(refused.smtp_code, refused.smtp_error)) from refused
        except OSError as error:
            raise self._stop(Result.SITE, _told(error)) from error
        except ValueError as error:  # whose text would repeat a part of the password
            raise self._stop(Result.SITE, "The host name, user name or password cannot be sent") from error
        return self._client

    def _sign_in(self, client: _Client) -> None:
        client.ehlo_or_helo_if_needed()
        if self._mail.security == "starttls":
            client.secure()
        if self._mail.username:
            client.login(self._mail.username, self._mail.password)

    def _offer(self, client: _Client, sender: str, address: str, message: bytes, alive: Alive) -> None:
        """Everything before the final dot; returns when only that is missing, else the server has nothing yet."""
        try:
            if client.in_transaction:
                self._command(client, "RSET", "", 2, Result.SITE)
            _require(alive)
            self._command(client, "MAIL", f"FROM:<{sender}>", 2, Result.SITE)
            self._command(client, "RCPT", f"TO:<{address}>", 2, Result.FAILED)
            self._command(client, "DATA", "", 3, Result.FAILED)
            client.transmit(message)
            _require(alive)
            if client.was_interrupted():
                raise self._interruption(client)
        except _Stopped:
            raise
        except OSError as error:
            raise self._stop(Result.DEFERRED, _told(error), again=not isinstance(error, TimeoutError)) from error
        except BaseException:
            self._drop()  # in the middle of DATA there is no other way back
            raise

    def _command(self, client: _Client, verb: str, argument: str, positive: int, refused: Result) -> None:
        """Returns when the reply begins with the digit `positive`; a permanent refusal means `refused`."""
        code, text = client.docmd(verb, argument)
        if verb == "MAIL":
            client.in_transaction = True
        if code // 100 == positive:
            return
        if not 400 <= code <= 599 or code == 421:
            self._drop()  # it is closing, or we no longer know which answer belongs to which question
        outcome = Outcome(_verdict(code, refused), _reply(code, text), before_dot=True)
        raise _Stopped(outcome, again=refused is Result.SITE or code in _OF_THE_CONNECTION)

    def _interruption(self, client: _Client) -> _Stopped:
        """What the server said in the middle of the data block; it will not have the rest of it."""
        code, text = client.getreply()
        return self._stop(_verdict(code, Result.FAILED), _reply(code, text))

    def _conclude(self, client: _Client) -> Outcome:
        """The final dot and what follows: the one place where a message may be taken, with or without our knowing."""
        try:
            code, text = client.finish()
        except OSError as error:
            self._drop()
            return Outcome(Result.UNCERTAIN, _told(error), before_dot=False)
        client.in_transaction = False
        result = _final_verdict(code)
        if result is Result.UNCERTAIN or code == 421:
            self._drop()
        return Outcome(result, _reply(code, text), before_dot=False)
