"""What mail servers say of a letter that did not arrive: delivery reports (RFC 3464) and older texts. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from cabinet.text import one_line
from invitations import mime

LONGEST_TEXT = 300

_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^@\s<>,]{1,64}@[^@\s<>,]{1,189}")
_WITH_ADDRESS = re.compile(rf"<({_ADDRESS.pattern})>")
_DAEMON = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)(?:\+[^@]*)?@", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What became of one letter.

    `token` is that of the address that it came back to, "" if it came elsewhere; `message_ids` (in angle brackets) are
    of the letter that came back. `recipient` is whom it was for, the address that we wrote to rather than one that it
    was passed on to, "" if that is not said. `action` is "failed", "delayed" or "" (not said); a failed one with a
    status of 4.x.x was given up after many tries. `status` is like "5.1.1" (RFC 3463) or ""; `text` says why.
    """

    token: str
    message_ids: tuple[str, ...]
    recipient: str
    action: str
    status: str
    text: str


def is_from_server(message: Message, sender: str) -> bool:
    """Whether a mail server writes, by its usual names, or by naming whom a letter did not reach (Exim, Gmail)."""
    return bool(_DAEMON.match(sender) or mime.field(message, "X-Failed-Recipients"))


def is_report(message: Message) -> bool:
    """Whether it holds a delivery report as RFC 3464 has it."""
    return any(part.get_content_type() in _REPORTS for part in mime.own_parts(message))


def read_report(message: Message, token: str, replied_to: tuple[str, ...]) -> Bounce | None:
    """A delivery report: of its recipients the first that failed, else the first; None if the letter arrived."""
    report = next(part for part in mime.own_parts(message) if part.get_content_type() in _REPORTS)
    recipients = [fields for fields in _blocks(report) if "action" in fields]
    failed = [fields for fields in recipients if fields["action"].lower().startswith("failed")]
    fields = next(iter(failed or recipients), {})
    action = fields.get("action", "").split(" ")[0].lower()
    if action not in ("failed", "delayed"):
        return None
    return Bounce(
        token=token,
        message_ids=(*returned_ids(message), *replied_to),
        recipient=_address(_typed(fields.get("original-recipient", "")))
        or _address(_typed(fields.get("final-recipient", ""))),
        action=action,
        status=_status(fields.get("status", "")) or _status(fields.get("diagnostic-code", "")),
        text=_typed(fields.get("diagnostic-code", ""))[:LONGEST_TEXT],
    )


def read_text(message: Message, token: str, replied_to: tuple[str, ...]) -> Bounce:
    """A letter of a mail server in its own words, as qmail writes: what can be found in it."""
    text, failed = mime.plain_of(message), mime.field(message, "X-Failed-Recipients")
    status, recipient = _status(text), _WITH_ADDRESS.search(text)
    return Bounce(
        token=token,
        message_ids=(*returned_ids(message), *replied_to),
        recipient=_address(failed) or (recipient[1] if recipient else ""),
        action="failed" if failed else {"5": "failed", "4": "delayed"}.get(status[:1], ""),
        status=status,
        text=one_line(text[recipient.end() if recipient else 0 :])[:LONGEST_TEXT],
    )


def says_failed(message: Message) -> bool:
    """Whether its words hold the status of a failure."""
    return _status(mime.plain_of(message)).startswith("5")


def returned_ids(message: Message) -> list[str]:
    """Message-IDs of the letter that came back, whole or its headers, in a part of its own or in the text."""
    parts = [part for part in mime.own_parts(message) if part.get_content_type() in (*_RETURNED, "text/plain")]
    found = [value for part in parts for name, value in _fields(part) if name == "message-id"]
    return [each for value in found for each in _MESSAGE_ID.findall(value)][:10]


def _blocks(report: Message) -> Iterator[dict[str, str]]:
    """The groups of fields of a report, by lower-case names: one of the message, then one for each recipient."""
    for part in mime.inner(report):
        yield {name.lower(): one_line(str(value)) for name, value in part.items()}
        # Only the plain report is taken apart into its groups by the email package.
        if not part.is_multipart():
            for text in re.split(r"\n[ \t]*\n", _lines_of(part)):
                yield {name.lower(): one_line(value) for name, value in _FIELD.findall(text)}


def _fields(part: Message) -> Iterator[tuple[str, str]]:
    for each in mime.inner(part):
        yield from ((name.lower(), str(value)) for name, value in each.items())
    if not part.is_multipart():
        yield from ((name.lower(), value) for name, value in _FIELD.findall(_lines_of(part)))


def _lines_of(part: Message) -> str:
    return mime.text_of(part).replace("\r\n", "\n")


def _typed(value: str) -> str:
    """A value without its type: "rfc822;bob@example.org", "smtp; 550 5.1.1 no such user"."""
    kind, is_typed, said = value.partition(";")
    return (said if is_typed and " " not in kind.strip() else value).strip(" <>")


def _address(text: str) -> str:
    return text if _ADDRESS.fullmatch(text) else ""


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[1] if found else ""
