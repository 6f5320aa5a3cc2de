"""The bytes of a message to one person: headers that say what was meant, parts that buttons come from."""

import hashlib
import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.charset import Charset
from email.header import Header
from email.utils import format_datetime
from functools import cache, lru_cache
from struct import unpack
from typing import NamedTuple

# A name, which may be empty, and an address: the pair of email.utils.parseaddr.
type Mailbox = tuple[str, str]

CRLF = "\r\n"
LONGEST_LINE = 78  # characters; RFC 5322 section 2.1.1
LONGEST_ENCODED = 76  # characters of a line in base64, which hold 57 bytes; RFC 2045 section 6.8
LONGEST_WORD = 60  # characters; beside the name of a header it still fits on the line
LONGEST_SUBJECT = 250  # characters; folding long non-ASCII text costs more than its reader gains
MUCH_NOT_ASCII = 3000  # bytes of a text; in base64 the longest message of ours stays under 100 kB

# RFC 5321 section 4.1.2 without quoted local parts and address literals, which no address of ours has.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_UTF8 = Charset("utf-8")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _encoded(name: str, text: str, plain: str = "") -> str:
    """`text` for the header `name`: as `plain` or itself where that can stand there, else as RFC 2047 encoded words."""
    if _NOT_IN_A_LINE.search(text):
        raise ValueError(f"{name} holds a line break, a control character or half a character: {text!r}")
    shown = plain or text
    # What looks like an encoded word would be decoded, and a long word can only be folded when it is encoded.
    if shown.isascii() and "=?" not in shown and all(len(word) <= LONGEST_WORD for word in shown.split(" ")):
        return _on_one_line(name, shown) or Header(shown, "us-ascii", header_name=name).encode(linesep=CRLF)
    return _on_one_line(name, _UTF8.header_encode(text)) or Header(text, "utf-8", header_name=name).encode(linesep=CRLF)


def _on_one_line(name: str, value: str) -> str:
    """`value` if it is short, as it is mostly, and Header would not fold it but take long over that; else empty."""
    return value if len(name) + len(value) < LONGEST_ENCODED - 2 else ""


def _mailbox(name: str, mailbox: Mailbox) -> str:
    """A person for the header `name`, RFC 5322 section 3.4."""
    display_name, address = mailbox
    checked = matching(ADDRESS, address)
    if not display_name:
        return checked
    quoted = re.sub(r'(["\\])', r"\\\1", display_name)
    phrase = _encoded(name, display_name, f'"{quoted}"')
    fits = len(f"{name}: {phrase} <{checked}>") <= LONGEST_LINE
    return f"{phrase}{'' if fits else CRLF} <{checked}>"


def matching(pattern: re.Pattern[str], text: str) -> str:
    """`text` itself, or ValueError: such a value would say something else than meant where it is going."""
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} cannot be sent")
    return text


def checked_text(text: str) -> str:
    """`text` itself, or ValueError where a character could not arrive as it is."""
    if _NOT_IN_A_TEXT.search(text):
        raise ValueError("the text of the message holds a control character or half a character")
    return text


# FIELDS


def recipient_fields(recipient: Mailbox, message_id: str, date: datetime, in_reply_to: str | None) -> dict[str, str]:
    """The fields that differ from person to person. Raises ValueError for what cannot stand there."""
    fields = {
        "To": _mailbox("To", recipient),
        "Date": _date(date, date.utcoffset()),
        "Message-ID": matching(_MESSAGE_ID, message_id),
    }
    if in_reply_to:
        fields["In-Reply-To"] = fields["References"] = matching(_MESSAGE_ID, in_reply_to)
    return fields


@lru_cache(maxsize=16)
def _date(at: datetime, _offset: timedelta | None) -> str:
    """Equal instants of several zones are equal to a cache, but not here."""
    return format_datetime(at)


def sender_fields(sender: Mailbox, reply_to: Mailbox | None, subject: str) -> dict[str, str]:
    """The fields that are the same for all who get this letter."""
    short = subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1]}…"
    fields = {"From": _mailbox("From", sender), "Subject": _encoded("Subject", short)}
    if reply_to:
        fields["Reply-To"] = _mailbox("Reply-To", reply_to)
    return fields


# In the order in which people read them.
_FIELDS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References")
_ALWAYS = (
    b"Auto-Submitted: auto-generated\r\n"  # RFC 3834
    b"X-Auto-Response-Suppress: OOF, AutoReply\r\n"  # Exchange; bounces are wanted, so neither DR nor NDR
    b"MIME-Version: 1.0\r\n"
)


# PARTS


class Part(NamedTuple):
    """A leaf of the message: `head` is its own fields, `body` encoded, both in lines that end with CRLF."""

    head: bytes
    body: bytes


@cache
def _text_head(subtype: str, encoding: str) -> bytes:
    said = f'Content-Type: text/{subtype}; charset="utf-8"{CRLF}Content-Transfer-Encoding: {encoding}{CRLF}'
    return said.encode()


def text_part(subtype: str, encoding: str, body: bytes) -> Part:
    """A text that is encoded already."""
    return Part(_text_head(subtype, encoding), body)


_FILE_HEAD = (
    b'Content-Type: application/ics; name="invite.ics"\r\n'
    b'Content-Disposition: attachment; filename="invite.ics"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
)


_DRAFT_FILE_HEAD = (
    b'Content-Type: text/calendar; charset="UTF-8"; name="invite.ics"\r\n'
    b'Content-Disposition: attachment; filename="invite.ics"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
)


@cache
def _calendar_head(method: str) -> bytes:
    said = f'Content-Type: text/calendar; charset="UTF-8"; method="{method}"{CRLF}'
    return said.encode() + b"Content-Transfer-Encoding: base64\r\n"


def calendar_parts(body: bytes, method: str) -> tuple[Part, Part]:
    """A calendar object in base64 as the part that buttons come from, and as a file for all others."""
    return Part(_calendar_head(method), body), Part(_FILE_HEAD, body)


def wire_text(text: str) -> bytes:
    """A text before it is encoded: UTF-8 in whole lines. Raises ValueError for what could not arrive."""
    return b"".join(line + b"\r\n" for line in checked_text(text).encode().splitlines() or [b""])


def encoding_of(text: bytes) -> str:
    """The one that anybody can read, unless it triples so much that the message would become too large for some."""
    return "base64" if not_ascii(text) > MUCH_NOT_ASCII else "quoted-printable"


def not_ascii(text: bytes) -> int:
    """How many bytes are not ASCII."""
    return len(text) - len(text.decode(errors="ignore").encode("ascii", "ignore"))


def quoted_printable(lines: bytes) -> bytes:
    """RFC 2045 section 6.7, of whole lines that end with CRLF."""
    return b2a_qp(lines, istext=True)


def base64(data: bytes) -> bytes:
    """RFC 2045 section 6.8."""
    line = b2a_base64(data, newline=False)
    whole, rest = divmod(len(line), LONGEST_ENCODED)
    lines = unpack(f"{LONGEST_ENCODED}s" * whole + f"{rest}s" * bool(rest), line)  # the quickest way to cut it
    return b"".join([b"\r\n".join(lines), b"\r\n" * bool(lines)])


ENCODERS = {"quoted-printable": quoted_printable, "base64": base64}


def checked_object(calendar: bytes, method: str | None) -> bytes:
    """`calendar` itself, or ValueError if it is of another method: Exchange refuses the difference."""
    if not method or f"{CRLF}METHOD:{method}{CRLF}".encode() not in calendar:
        raise ValueError(f"the calendar object does not say METHOD:{method}")
    return calendar


# THE WHOLE


def assemble(fields: Mapping[str, str], texts: Sequence[Part], calendar: tuple[Part, Part] | None) -> bytes:
    """The message of these fields and parts: the calendar object comes last in the alternative, where buttons come
    from, and as a file beside it (RFC 6047 section 2.4).
    """
    said = [f"{name}: {fields[name]}{CRLF}" for name in _FIELDS if name in fields]
    # The same for the same message, and never inside a part: "=_" occurs in neither quoted-printable nor base64.
    boundary = _digest(fields["Message-ID"])
    pieces = _leaf(texts[0])
    if calendar or len(texts) > 1:
        parts = [_leaf(part) for part in (*texts, *(calendar or ())[:1])]
        pieces = _multipart("alternative", parts, f"=_a_{boundary}")
    if calendar:
        pieces = _multipart("mixed", [pieces, _leaf(calendar[1])], f"=_m_{boundary}")
    return b"".join(["".join(said).encode("ascii"), _ALWAYS, *pieces])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _leaf(part: Part) -> list[bytes]:
    return [part.head, b"\r\n", part.body]


def _multipart(subtype: str, parts: Sequence[list[bytes]], boundary: str) -> list[bytes]:
    between = f"--{boundary}{CRLF}".encode()
    inside = [piece for part in parts for piece in (between, *part, b"\r\n")]
    head = f'Content-Type: multipart/{subtype};{CRLF} boundary="{boundary}"{CRLF}{CRLF}'
    return [head.encode(), *inside, f"--{boundary}--{CRLF}".encode()]


def compose(
    *,
    subject: str,
    text: str,
    html: str = "",
    calendar: bytes | None = None,
    method: str | None = None,
    sender: Mailbox,
    recipient: Mailbox,
    reply_to: Mailbox | None = None,
    message_id: str,
    date: datetime,
    in_reply_to: str | None = None,
) -> bytes:
    """The complete message to one person: ASCII with CRLF line ends, the same bytes for the same arguments.

    `html` says the same words as `text`; `calendar` is an object with that `method` (RFC 6047 section 2.4); `date` is
    aware; `message_id` and `in_reply_to` are in angle brackets. A subject of more than 250 characters is cut.
    Raises ValueError for whatever could not arrive as it is: line breaks in a line, control characters, addresses
    outside our policy, an object of another method.
    """
    fields = sender_fields(sender, reply_to, subject) | recipient_fields(recipient, message_id, date, in_reply_to)
    texts = [_text("plain", text), *([_text("html", html)] if html else [])]
    parts = calendar_parts(base64(checked_object(calendar, method)), method or "") if calendar is not None else None
    return assemble(fields, texts, parts)


def _text(subtype: str, words: str) -> Part:
    data = wire_text(words)
    encoding = encoding_of(data)
    return text_part(subtype, encoding, ENCODERS[encoding](data))


def draft(*, subject: str, text: str, recipient: Mailbox | None = None, calendar: bytes | None = None) -> bytes:
    """A message that is still to be sent, by whoever opens it: Outlook and others take X-Unsent for a new message.

    It says neither who sends it nor when. `calendar` asks nobody (no METHOD): a file beside the text. Raises ValueError
    as `compose` does.
    """
    fields = {"To": _mailbox("To", recipient)} if recipient else {}
    fields |= {"Subject": _encoded("Subject", subject), "X-Unsent": "1", "MIME-Version": "1.0"}
    pieces = _leaf(_text("plain", text))
    if calendar is not None:
        file = Part(_DRAFT_FILE_HEAD, base64(calendar))
        pieces = _multipart("mixed", [pieces, _leaf(file)], f"=_m_{_digest(subject)}")
    return b"".join([*[f"{name}: {value}{CRLF}".encode("ascii") for name, value in fields.items()], *pieces])
