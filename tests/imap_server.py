"""A real IMAP server on loopback, pymap, as a process of its own that keeps everything in memory.

with ImapServer() as server:
    server.put(message)
    assert server.messages("Quarantine") == [message]
"""

import contextlib
import imaplib
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import Self

from cabinet.environ import Mailbox
from tests.smtp_server import Certificate

USER, PASSWORD = "answers", 'p"w\\d'  # what has to be quoted
PATIENCE = 20  # seconds until it listens


class ImapServer:
    """A context manager, or start() and stop(), after which start() takes the same port again, with other UIDs."""

    def __init__(self, tls: Certificate | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._tls = tls

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen when this returns."""
        certificate = ["--cert", str(self._tls.certificate), "--key", str(self._tls.key)] if self._tls else ["--no-tls"]
        # Nothing but the garbage collector's cycles holds its connections: it would end some at any time.
        script = "import gc; gc.disable(); from pymap.main import main; main()"
        command = [sys.executable, "-c", script, "--host", "127.0.0.1"]
        users = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port), *certificate, *users], stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"pymap, the IMAP server of the tests, does not run: {self._words()}")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
            return False
        return True

    def _words(self) -> str:
        self._process.kill()
        return self._process.communicate()[1][-2000:]

    def stop(self) -> None:
        """End it; what it kept is gone."""
        self._process.kill()
        self._process.communicate()

    def account(self, *, port: int = 0, **other: object) -> Mailbox:
        """What REPLY_URL would say."""
        facts = {"username": USER, "password": PASSWORD, "folder": "INBOX", "host": "127.0.0.1", **other}
        return Mailbox("imap", port=port or self.port, **facts)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def _session(self, folder: str = "INBOX"):  # type: ignore[no-untyped-def]
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as imap:
            if self._tls:
                imap.starttls(ssl._create_unverified_context())
            imap.login(USER, PASSWORD)
            imap.select(folder)
            yield imap

    def put(self, *messages: bytes) -> None:
        """Deliver."""
        with self._session() as imap:
            for message in messages:
                imap.append("INBOX", "", "", message)

    def empty(self) -> None:
        """Delete everything."""
        with self._session() as imap:
            imap.uid("STORE", "1:*", "+FLAGS.SILENT", r"(\Deleted)")
            imap.expunge()
            imap.delete("Quarantine")

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """What is in a folder, in order; nothing if there is no such folder."""
        return [content for _flags, content in self._all(folder)]

    def seen(self) -> list[bytes]:
        """What is marked as seen in the inbox."""
        return [content for flags, content in self._all("INBOX") if rb"\Seen" in flags]

    def _all(self, folder: str) -> list[tuple[bytes, bytes]]:
        with self._session(folder) as imap:
            if imap.state != "SELECTED":
                return []
            pieces = imap.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")[1]
        return [(piece[0], piece[1]) for piece in pieces if isinstance(piece, tuple)]


class TlsFront:
    """Speaks TLS from the first byte, and passes everything on to a server that does not; a context manager."""

    def __init__(self, certificate: Certificate, port: int) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._behind = port

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                with contextlib.suppress(OSError), self._context.wrap_socket(client, server_side=True) as front:
                    self._pass_on(front)

    def _pass_on(self, front: ssl.SSLSocket) -> None:
        """One connection after the other."""
        with socket.create_connection(("127.0.0.1", self._behind)) as back:
            while True:
                for source in [front] if front.pending() else select.select([front, back], [], [], 5)[0]:
                    piece = source.recv(65_536)
                    if not piece:
                        return
                    (back if source is front else front).sendall(piece)
