"""The environment, read and checked: a wrong value stops the start with one sentence that names the variable.

Every variable may also be given as NAME_FILE, the path of a file that holds the value (a mounted secret).
An empty value counts as not given.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from conferences import times

VARIABLES = FileAwareMapping(cache=False)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_LABEL = "[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

# Named in the plan, not there yet: saying nothing would let somebody believe that it works.
NOT_YET = ("OIDC_URL", "LDAP_URL")


@dataclass(frozen=True)
class Mail:
    """How letters leave: as files in `folder`, or by SMTP through host and port."""

    kind: Literal["file", "smtp"]
    folder: Path | None = None
    host: str = ""
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    security: Literal["none", "starttls", "tls"] = "none"


@dataclass(frozen=True)
class Mailbox:
    """Where answers and bounces come in: a folder at an IMAP server, or handed over one by one by a mail server."""

    kind: Literal["imap", "pipe"]
    host: str = ""
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    security: Literal["none", "starttls", "tls"] = "none"
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.username}@{self.host}/{self.folder}"


@dataclass(frozen=True)
class Room:
    """One place where conferences happen; `url` without secrets, `{room}` in it where the kind is "link".

    `dial_in` says how one takes part by telephone, if that is possible.
    """

    name: str
    kind: Literal["jitsi", "bbb", "link"]
    url: str
    app: str = ""
    secret: str = field(default="", repr=False)
    dial_in: str = ""


def wrong(name: str, sentence: str) -> ImproperlyConfigured:
    """The error that stops the start."""
    return ImproperlyConfigured(f"{name} {sentence}")


def read(name: str, default: str = "") -> str:
    """The value of NAME, or of the file that NAME_FILE points at, or the default."""
    try:
        return VARIABLES.get(name, "").strip() or default
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(f"{name}_FILE", f"names a file that cannot be read: {error}.") from error


def read_with[T](name: str, default: str, parse: Callable[[str], T]) -> T:
    """The value through `parse`, which raises ValueError with the rest of a sentence that begins with the name."""
    try:
        return parse(read(name, default))
    except ValueError as error:
        raise wrong(name, f"{error}.") from error


def refuse_not_yet() -> None:
    """Stop where somebody asks for a feature that this version does not have."""
    for name in NOT_YET:
        if read(name):
            raise wrong(name, "is not supported by this version.")


def flag(text: str) -> bool:
    """True or false, by the words people use for them."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError(f"must be true or false, not “{text}”")
    return words[text.lower()]


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers between `least` and `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not “{text}”")
        return int(text)

    return parse


def number_if_any(least: int, most: int) -> Callable[[str], int]:
    """The same, or 0 where nothing is given."""
    return lambda text: whole_number(least, most)(text) if text else 0


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that takes one of `choices` and nothing else."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not “{text}”")
        return text

    return parse


def line(text: str) -> str:
    """A name that stands in pages and in the headers of letters."""
    if len(text) > 80 or not text.isprintable():
        raise ValueError("must be one line of at most 80 characters")
    return text


def zone(text: str) -> str:
    """A time zone that people may choose, by its IANA name of today."""
    name = times.canonical(text)
    if not name:
        raise ValueError(f"must be a time zone name like Europe/Berlin, not “{text}”")
    return name


def split(text: str, *schemes: str) -> SplitResult:
    """A URL with one of `schemes`, taken apart; the text itself is not repeated in errors: it may hold a password."""
    expected = ", ".join(f"{scheme}://" for scheme in schemes)
    try:
        url = urlsplit(text)
        if url.port == 0:
            raise ValueError
    except ValueError:
        raise ValueError("is not a URL; in a password write % ? # / @ as %25 %3F %23 %2F %40") from None
    if url.scheme not in schemes:
        raise ValueError(f"must begin with {expected}")
    return url


def host_of(url: SplitResult) -> str:
    """The host in `url` (without brackets), "" if it is none: other letters than ASCII belong there as xn--."""
    host = url.hostname or ""
    return host if _HOST.fullmatch(host) or is_address(host) else ""


def is_address(host: str) -> bool:
    """Whether `host` (without brackets) is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine answers to `host` (without brackets)."""
    return host == "localhost" or host.endswith(".localhost") or (is_address(host) and ip_address(host).is_loopback)


def site_url(text: str) -> str:
    """Scheme, host and port that every absolute link starts with; http only on loopback."""
    origin = text.rstrip("/").lower()
    url = split(origin, "http", "https")
    host = host_of(url)
    # Browsers send a host with an underscore, Django answers none. With a UUID before it, a UID has 255 characters.
    is_sound = host and "_" not in host and len(host) <= 216 and "@" not in url.netloc
    if not is_sound or origin != f"{url.scheme}://{url.netloc.rstrip(':')}":
        raise ValueError("must be a scheme and a host, like https://meet.example.org, and nothing after them")
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError(f"must begin with https://, because {host} is not a loopback name")
    return origin


def site_host(url: str) -> str:
    """The host of SITE_URL as a browser's Host header names it: an IPv6 address in brackets."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def data_dir(text: str) -> Path:
    """The folder for everything that is written, made on first use and closed to other users."""
    folder = Path(text).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"names a folder that cannot be made: {error}") from error
    return folder


def secret_key(text: str, folder: Path, *, may_generate: bool) -> str:
    """The key that signs cookies and reset links: given, or generated once into `folder` for its owner only."""
    kept = folder / "secret_key"
    if not text and may_generate:
        if not kept.exists():
            written = kept.with_suffix(f".{secrets.token_hex(4)}")
            written.touch(mode=0o600)
            written.write_text(secrets.token_urlsafe(64))
            _keep_first(written, kept)
        text = kept.read_text().strip()
    if len(text) < 50 or len(set(text)) < 10:
        raise ValueError("must be at least 50 random characters (needed as soon as DATABASE_URL is not SQLite)")
    return text


def _keep_first(written: Path, kept: Path) -> None:
    """Give the file its final name unless another process, starting at the same moment, was faster."""
    try:
        kept.hardlink_to(written)
    except FileExistsError:
        pass
    finally:
        written.unlink()


def database(text: str, *, statement_timeout: int) -> dict[str, Any]:
    """The DATABASES entry of SQLite (one host) or PostgreSQL (pooled); `statement_timeout` in seconds, 0 for none."""
    url = split(text, "sqlite", "postgres", "postgresql")
    if url.scheme != "sqlite":
        return _postgresql(environ.Env.db_url_config(text), statement_timeout)
    path = Path(unquote(url.path.removeprefix("/"))).absolute()
    if url.netloc or url.query or url.fragment or not url.path.strip("/") or path.is_dir():
        raise ValueError("must name a file, like sqlite:////srv/cabinet/cabinet.sqlite3 with four slashes")
    return _sqlite(path)


def _sqlite(path: Path) -> dict[str, Any]:
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise ValueError(f"names a file that cannot be written: {error}") from error
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            # Readers never wait, writers queue up to 20 s, and what was answered survives a power cut.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
        },
    }


def _postgresql(config: dict[str, Any], statement_timeout: int) -> dict[str, Any]:
    if not config["NAME"]:
        raise ValueError("must name a database, like postgres://user:password@host:5432/cabinet")
    session = {
        "statement_timeout": f"{statement_timeout}s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
    }
    config["HOST"] = unquote(config["HOST"])  # a folder of sockets, as in postgres://%2Fvar%2Frun%2Fpostgresql/cabinet
    config["OPTIONS"] = {
        **config.get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": 12, "timeout": 10},
        "connect_timeout": 10,
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
    }
    return config | {"CONN_HEALTH_CHECKS": True}


def mail(text: str) -> Mail:
    """MAIL_URL: file:///folder, smtp://, smtp+tls:// (STARTTLS required) or smtps://, with user:password@host:port."""
    url = split(text, "file", "smtp", "smtp+tls", "smtps")
    if url.query or url.fragment:
        raise ValueError("must not hold “?” or “#”; write them as %3F and %23 in a password")
    if url.scheme == "file":
        return _file_mail(url)
    if not host_of(url) or url.path.strip("/"):
        raise ValueError("must name a mail server, like smtp+tls://user:password@mail.example.org:587")
    security: dict[str, tuple[Literal["none", "starttls", "tls"], int]] = {
        "smtp": ("none", 25), "smtp+tls": ("starttls", 587), "smtps": ("tls", 465)
    }  # fmt: skip
    kind, port = security[url.scheme]
    username, password = unquote(url.username or ""), unquote(url.password or "")
    if bool(username) != bool(password):
        raise ValueError("must give both user and password, or neither")
    return Mail("smtp", None, host_of(url), url.port or port, username, password, kind)


def _file_mail(url: SplitResult) -> Mail:
    folder = Path(unquote(url.path))
    if url.netloc or not folder.is_absolute():
        raise ValueError("must name a folder from the root, like file:///srv/cabinet/mail with three slashes")
    return Mail("file", data_dir(str(folder)))


def mailbox(text: str, mail_domain: str) -> Mailbox | None:
    """REPLY_URL: imaps://user:password@host/folder, imap+tls:// (STARTTLS required), or pipe: for `manage.py receive`.

    None where it is not given. imap:// is for a server on this machine: answers and the password would be read by all.
    """
    if not text:
        return None
    if text == "pipe:":
        return Mailbox("pipe")
    url = split(text, "imap", "imap+tls", "imaps")
    if url.query or url.fragment:
        raise ValueError("must not hold “?” or “#”; write them as %3F and %23 in a password")
    if not host_of(url) or not url.username or not url.password:
        raise ValueError("must name a mailbox, like imaps://user:password@mail.example.org/INBOX, or be pipe:")
    if url.scheme == "imap" and not is_loopback(host_of(url)):
        raise ValueError("must begin with imaps:// or imap+tls://, because its host is not a loopback name")
    if mail_domain == "localhost" and not is_loopback(host_of(url)):
        raise ValueError("needs a MAIL_FROM whose domain receives mail, which localhost does not")
    return _imap(url)


def _imap(url: SplitResult) -> Mailbox:
    security: dict[str, tuple[Literal["none", "starttls", "tls"], int]] = {
        "imap": ("none", 143), "imap+tls": ("starttls", 143), "imaps": ("tls", 993)
    }  # fmt: skip
    kind, port = security[url.scheme]
    username, password = unquote(url.username or ""), unquote(url.password or "")
    folder = unquote(url.path.strip("/")) or "INBOX"
    for part in (username, password, folder):
        if not part.isascii() or not part.isprintable() or len(part) > 100:
            raise ValueError("must hold user, password and folder in at most 100 ASCII characters each")
    return Mailbox("imap", host_of(url), url.port or port, username, password, kind, folder)


def authserv_id(text: str) -> str:
    """AUTHSERV_ID: the name by which the mail server that takes our mail signs Authentication-Results (RFC 8601)."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", text):
        raise ValueError("must be a name like mx.example.org")
    return text.lower()


def mail_from(text: str) -> str:
    """A plain address; its domain becomes the mail domain."""
    local, _at, domain = text.rpartition("@")
    is_plain = re.fullmatch(rf"{_ATOM}(\.{_ATOM})*", local) and _HOST.fullmatch(domain)
    if not is_plain or len(local) > 64 or len(domain) > 189:
        raise ValueError("must be a plain address like invite@example.org (required unless mail is written to files)")
    return text


def rooms(text: str) -> tuple[Room, ...]:
    """VIDEO_URL: one or several, separated by commas; several carry a #name each, so that people can choose."""
    found = tuple(_room(part.strip()) for part in text.split(","))
    names = [room.name for room in found]
    if len(set(names)) < len(names):
        raise ValueError("must give each of several rooms a #name of its own")
    return found


def _room(text: str) -> Room:
    url = split(text, "jitsi+https", "bbb+https", "link+https")
    if not host_of(url) or (url.query and not url.scheme.startswith("link")):
        raise ValueError("must name a video server, like jitsi+https://meet.example.org")
    name = unquote(url.fragment) or host_of(url)
    if not name.isprintable() or len(name) > 64:
        raise ValueError("must give rooms a #name of at most 64 letters on one line")
    return _BY_SCHEME[url.scheme](url, name)


def _jitsi(url: SplitResult, name: str) -> Room:
    app, secret = unquote(url.username or ""), unquote(url.password or "")
    if (app or secret) and (not app or len(secret.encode()) < 32):
        raise ValueError("must give signed rooms as app:secret@host with a secret of at least 32 bytes")
    return Room(name, "jitsi", _without_user(url), app, secret)


def _bbb(url: SplitResult, name: str) -> Room:
    secret = unquote(url.password or "")
    if url.username or len(secret) < 16 or not url.path.rstrip("/").endswith("/api"):
        raise ValueError(
            "must give BigBlueButton as bbb+https://:secret@host/bigbluebutton/api with a secret of at least 16 letters"
        )
    return Room(name, "bbb", _without_user(url), "", secret)


def _link(url: SplitResult, name: str) -> Room:
    address = f"https://{url.netloc}{url.path}" + (f"?{url.query}" if url.query else "")
    if url.username is not None or address.count("{room}") != 1:
        raise ValueError("must hold {room} once in the path, like link+https://video.example.org/{room}, and no user")
    return Room(name, "link", address)


_BY_SCHEME = {"jitsi+https": _jitsi, "bbb+https": _bbb, "link+https": _link}


def _without_user(url: SplitResult) -> str:
    return f"https://{url.netloc.rpartition('@')[2]}{url.path.rstrip('/')}"


def dial_in(text: str, rooms: tuple[Room, ...]) -> tuple[Room, ...]:
    """DIAL_IN: `rooms` with what it says of their telephones, as NAME=text on lines of their own or between “;”."""
    said: dict[str, str] = {}
    for part in filter(None, map(str.strip, re.split("[\r\n]+" if "\n" in text else ";", text))):
        name, _is, words = (piece.strip() for piece in part.partition("="))
        if name not in {room.name for room in rooms} or name in said:
            raise ValueError("must name each room of VIDEO_URL at most once, by its #name or else its host")
        if not words or len(words) > 300 or not words.isprintable():
            raise ValueError(f"must say in at most 300 letters how one reaches {name} by telephone, as {name}=text")
        said[name] = words
    return tuple(replace(room, dial_in=said.get(room.name, "")) for room in rooms)


def hosts(text: str) -> tuple[str, ...]:
    """VIDEO_HOSTS: where else rooms send browsers on to, as sources of a content security policy."""
    found = tuple(filter(None, map(str.strip, text.split(","))))
    for source in found:
        host, _colon, port = source.removeprefix("*.").partition(":")
        is_sound = _HOST.fullmatch(host) and ("." in host or "*" not in source) and re.fullmatch("[0-9]{0,5}", port)
        if not is_sound or source.endswith(":"):
            raise ValueError("must hold hosts, separated by commas, like bbb1.example.org, *.bbb.example.org")
    return tuple(f"https://{source.lower()}" for source in found)
