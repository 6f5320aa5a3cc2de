"""A folder at an IMAP server (RFC 3501): what is new in it, one message, done with it. No rows, no settings.

Nothing is ever deleted here.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

QUARANTINE = "Quarantine"

_UID, _SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")


class Account(Protocol):
    """Where a mailbox is, and the key to it."""

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
    @property
    def folder(self) -> str: ...


class MailboxError(Exception):
    """The server does not answer, is not who it should be, or refuses."""


class Session:
    """One connection, with the folder open. Every method raises MailboxError."""

    def __init__(self, account: Account, seconds: float) -> None:
        """Sign in and open the folder; `seconds` is how long the server may be silent."""
        self.validity = 0
        with _errors():
            self._imap = _connect(account, seconds)
        try:
            with _errors():
                self._imap.login(_quoted(account.username), account.password)
                _done(self._imap.select(_quoted(account.folder)))
                self.validity = int(self._imap.response("UIDVALIDITY")[1][0] or 0)
                self._can_move = b"MOVE" in b" ".join(_done(self._imap.capability())).split()
        except MailboxError:
            self.close()
            raise

    def after(self, uid: int) -> list[tuple[int, int]]:
        """UIDs and sizes (bytes) of the messages with a higher UID than that, in order."""
        with _errors():
            self._imap.noop()  # servers tell of what is new only when asked something
            lines = _done(self._imap.uid("FETCH", f"{uid + 1}:*", "(UID RFC822.SIZE)"))
        found = [(_UID.search(line), _SIZE.search(line)) for line in lines if isinstance(line, bytes)]
        sizes = {int(number[1]): int(size[1]) for number, size in found if number and size}
        # "*" is the last message even where its UID is lower (RFC 3501 section 6.4.8).
        return sorted((number, size) for number, size in sizes.items() if number > uid)

    def fetch(self, uid: int, most: int) -> bytes | None:
        """At most the first `most` bytes of a message; None if it is not there any more."""
        with _errors():
            pieces = _done(self._imap.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{most}>)"))
        return next((bytes(piece[1]) for piece in pieces if isinstance(piece, tuple)), None)

    def mark(self, uid: int) -> None:
        """As seen: it was dealt with."""
        with _errors():
            self._imap.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def set_aside(self, uid: int) -> bool:
        """Put a message into the folder QUARANTINE; False where the server has no such place for it."""
        # Some servers keep all folders below the inbox.
        return any(self._put(uid, folder) for folder in (QUARANTINE, f"INBOX.{QUARANTINE}", f"INBOX/{QUARANTINE}"))

    def _put(self, uid: int, folder: str) -> bool:
        with _errors():
            self._imap.create(folder)  # it says no where there is one
            answer, _data = self._imap.uid("MOVE" if self._can_move else "COPY", str(uid), folder)
        return answer == "OK"

    def close(self) -> None:
        """Hang up, without waiting for a goodbye."""
        with _errors(are_of_interest=False):
            self._imap.shutdown()


def _connect(account: Account, seconds: float) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if account.security == "tls":
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=context, timeout=seconds)
    imap = imaplib.IMAP4(account.host, account.port, timeout=seconds)
    if account.security == "starttls":
        try:
            imap.starttls(context)
        except Exception:
            imap.shutdown()
            raise
    return imap


@contextmanager
def _errors(*, are_of_interest: bool = True) -> Iterator[None]:
    """What the library raises, as the one error of this module; without the password that a refusal may repeat."""
    try:
        yield
    except (imaplib.IMAP4.error, OSError, ValueError, IndexError) as error:
        if are_of_interest:
            raise MailboxError(f"{type(error).__name__}: {str(error)[:200]}") from None


def _done(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of a command that was obeyed."""
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(str(data))
    return data


def _quoted(text: str) -> str:
    """A string as RFC 3501 section 4.3 has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
