"""The bytes of a message to one person: headers that say what was meant, parts that buttons come from."""

import hashlib
import re
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Self

# A name, which may be empty, and an address: the pair of email.utils.parseaddr.
type Mailbox = tuple[str, str]

CRLF = "\r\n"
LONGEST_LINE = 78  # characters; RFC 5322 section 2.1.1
LONGEST_WORD = 60  # characters; beside the name of a header it still fits on the line
LONGEST_SUBJECT = 250  # characters; folding long non-ASCII text costs more than its reader gains
MUCH_NOT_ASCII = 3000  # bytes of a text; in base64 the longest message of ours stays under 100 kB

# RFC 5321 section 4.1.2 without quoted local parts and address literals, which no address of ours has.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _Field(str):
    """A header field as it goes on the wire.

    The email package decodes text that looks like an RFC 2047 encoded word when such text is assigned to a header, and
    folds long identifiers into encoded words; it leaves alone what is a header object already, like this.
    """

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, value: str) -> Self:
        """A field whose value is ASCII and, if need be, folded."""
        field = super().__new__(cls, value)
        field.name = name
        return field

    def fold(self, *, policy: object) -> str:
        """The complete field with its line end."""
        return f"{self.name}: {self}{CRLF}"


def _encoded(name: str, text: str, plain: str = "") -> str:
    """`text` for the header `name`: as `plain` or itself where that can stand there, else as RFC 2047 encoded words."""
    if _NOT_IN_A_LINE.search(text):
        raise ValueError(f"{name} holds a line break, a control character or half a character: {text!r}")
    shown = plain or text
    # What looks like an encoded word would be decoded, and a long word can only be folded when it is encoded.
    if shown.isascii() and "=?" not in shown and all(len(word) <= LONGEST_WORD for word in shown.split(" ")):
        return Header(shown, "us-ascii", header_name=name).encode(linesep=CRLF)
    return Header(text, "utf-8", header_name=name).encode(linesep=CRLF)


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


def _body(text: str) -> str:
    """`text` itself, or ValueError where a character could not arrive as it is."""
    if _NOT_IN_A_TEXT.search(text):
        raise ValueError("the text of the message holds a control character or half a character")
    return text


def _encoding(text: str) -> str:
    """The one that anybody can read, unless it triples so much that the message would become too large for some."""
    not_ascii = len(text.encode()) - len(text.encode("ascii", "ignore"))
    return "base64" if not_ascii > MUCH_NOT_ASCII else "quoted-printable"


def _boundary(message_id: str, part: str) -> str:
    """The same for the same message, and never inside a part: "=_" occurs in neither quoted-printable nor base64."""
    return f"=_{part}_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}"


def _headers(
    subject: str, *, sender: Mailbox, recipient: Mailbox, reply_to: Mailbox | None, message_id: str, date: datetime
) -> dict[str, str]:
    """The fields that every message has, in the order in which people read them."""
    short = subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1]}…"
    fields = {"From": _mailbox("From", sender), "To": _mailbox("To", recipient)}
    if reply_to:
        fields["Reply-To"] = _mailbox("Reply-To", reply_to)
    return fields | {
        "Subject": _encoded("Subject", short),
        "Date": format_datetime(date),
        "Message-ID": matching(_MESSAGE_ID, message_id),
        "Auto-Submitted": "auto-generated",  # RFC 3834
        "X-Auto-Response-Suppress": "OOF, AutoReply",  # Exchange; bounces are wanted, so neither DR nor NDR
    }


def _add_calendar(message: EmailMessage, calendar: bytes, method: str, message_id: str) -> None:
    """The calendar object twice: last in the alternative, where buttons come from, and as a file for all others."""
    if f"{CRLF}METHOD:{method}{CRLF}".encode() not in calendar:
        raise ValueError(f"the calendar object does not say METHOD:{method}")  # Exchange refuses the difference
    message.add_alternative(
        calendar, maintype="text", subtype="calendar", params={"charset": "UTF-8", "method": method}
    )
    message.make_mixed(boundary=_boundary(message_id, "m"))
    message.add_attachment(
        calendar, maintype="application", subtype="ics", filename="invite.ics", params={"name": "invite.ics"}
    )


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
    message = EmailMessage(policy=SMTP)
    fields = _headers(subject, sender=sender, recipient=recipient, reply_to=reply_to, message_id=message_id, date=date)
    if in_reply_to:
        fields["In-Reply-To"] = fields["References"] = matching(_MESSAGE_ID, in_reply_to)
    for name, value in fields.items():
        message[name] = _Field(name, value)
    message.set_content(_body(text), cte=_encoding(text))
    if html:
        message.make_alternative(boundary=_boundary(message_id, "a"))
        message.add_alternative(_body(html), subtype="html", cte=_encoding(html))
    if calendar is not None:
        _add_calendar(message, calendar, method or "", message_id)
    for part in list(message.walk())[1:]:
        del part["MIME-Version"]  # belongs to the message alone, RFC 2045 section 4
    return message.as_bytes()


def draft(*, subject: str, text: str, recipient: Mailbox | None = None, calendar: bytes | None = None) -> bytes:
    """A message that is still to be sent, by whoever opens it: Outlook and others take X-Unsent for a new message.

    It says neither who sends it nor when. `calendar` asks nobody (no METHOD): a file beside the text. Raises ValueError
    as `compose` does.
    """
    message = EmailMessage(policy=SMTP)
    fields = {"To": _mailbox("To", recipient)} if recipient else {}
    for name, value in {**fields, "Subject": _encoded("Subject", subject), "X-Unsent": "1"}.items():
        message[name] = _Field(name, value)
    message.set_content(_body(text), cte=_encoding(text))
    if calendar is not None:
        message.make_mixed(boundary=_boundary(subject, "m"))
        params = {"charset": "UTF-8", "name": "invite.ics"}
        message.add_attachment(calendar, maintype="text", subtype="calendar", filename="invite.ics", params=params)
    for part in list(message.walk())[1:]:
        del part["MIME-Version"]
    return message.as_bytes()
