"""What a message that comes in is: an answer of a calendar, a letter that came back, an automatic answer, words. Pure.

Nothing here decides what follows from it. Whatever the message holds, `read` ends soon, and raises nothing but
`mime.Unreadable`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conferences.tokens import TOKEN_LENGTH
from invitations import bounces, mime, replies, stamps
from invitations.bounces import Bounce
from invitations.mime import TooMuch, Unreadable
from invitations.replies import Answer, Counter, Refresh

LONGEST_WORDS = 2000
LONGEST_AUTO_REPLY = 300
LONGEST_SUBJECT = 250
LONGEST_FROM = 2000
MOST_IDS = 50

_TOKEN = rf"([a-z2-7]{{{TOKEN_LENGTH}}})@"
_REPLY_ADDRESS, _BOUNCE_ADDRESS = re.compile(rf"rsvp\+{_TOKEN}"), re.compile(rf"b\+{_TOKEN}")
_ADDRESSES = re.compile(r"[^\s<>,;:\"()]{1,64}@[^\s<>,;:\"()]{1,189}")
_MESSAGE_IDS = re.compile(r"<[^<>\s]{1,250}>")
_CALENDARS = ("text/calendar", "application/ics")
_UNASKED = ("REQUEST", "CANCEL", "ADD", "PUBLISH", "DECLINECOUNTER")
_AWAY = re.compile(
    r"automatic reply|auto(?:matic)?[ -]?reply|out of (?:the )?office|automatische antwort|abwesen|"
    r"автоматический ответ|автоответ|нет на месте",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Between whom, and after which letter.

    `sender` is as written in From, "" unless that names exactly one address; `name` may be "". `recipients` are all
    addresses that the message says it went to, in lower case; `reply_tokens` and `bounce_tokens` those in addresses of
    ours, rsvp+…@ and b+…@. `replied_to` are Message-IDs in angle brackets, of what it answers first. `is_vouched` says
    that our own mail server found the sender's domain to be genuine, `is_automatic` that nobody wrote it by hand.
    """

    message_id: str
    sender: str
    name: str
    recipients: tuple[str, ...]
    reply_tokens: tuple[str, ...]
    bounce_tokens: tuple[str, ...]
    replied_to: tuple[str, ...]
    is_vouched: bool
    is_automatic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoReply:
    """Somebody is away, or says so by a program; the text, of at most LONGEST_AUTO_REPLY characters."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a person wrote, above what is quoted, in at most LONGEST_WORDS characters.

    `has_winmail`: beside it something that only Outlook can read, perhaps an answer; NOTE tells the organizer.
    """

    subject: str
    text: str
    has_winmail: bool = False

    @property
    def note(self) -> Promise | str:
        """What the organizer should know beside the words, "" if nothing."""
        return NOTE if self.has_winmail else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing follows from it; why, in English, for the log."""

    reason: str


type Content = Answer | Counter | Refresh | Bounce | AutoReply | Words | Nothing

NOTE = _(
    "The message came with a “winmail.dat”, which only Outlook can read. If it was an answer to the invitation,"
    " ask for it once more, or write it down yourself."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message: `contents` is one thing, or several Answers about dates of one event; never empty.

    `digest` is the same for the same message, however often it comes.
    """

    envelope: Envelope
    contents: tuple[Content, ...]
    digest: str


def read(raw: bytes, *, authserv_id: str) -> Incoming:
    """What the message `raw` is. `authserv_id` is the name by which our mail server stamps Authentication-Results.

    Raises TooMuch beyond the limits of `mime`, Unreadable for whatever else cannot be understood.
    """
    try:
        message = mime.parse(raw)
        envelope = _envelope(message, authserv_id)
        return Incoming(envelope=envelope, contents=tuple(_contents(message, envelope)), digest=_digest(raw, envelope))
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _digest(raw: bytes, envelope: Envelope) -> str:
    """Of the Message-ID and of where it went: one letter to two conferences may come twice, once for each."""
    tokens = sorted(envelope.reply_tokens + envelope.bounce_tokens)
    said = "\n".join([envelope.message_id, *tokens]).encode() if envelope.message_id else raw
    return hashlib.sha256(said).hexdigest()


def _contents(message: Message, envelope: Envelope) -> list[Content]:
    """In this order: a report may hold our own invitation, and a calendar may answer automatically."""
    if bounce := _bounce(message, envelope):
        return [bounce]
    if not (envelope.reply_tokens or envelope.bounce_tokens or envelope.replied_to):
        return [Nothing(reason="for nobody here")]
    if said := _said(message):
        return said
    if message.get_content_type() == "multipart/report":
        return [Nothing(reason="a report of another kind")]
    words, subject = mime.words_of(message), _subject(message)
    if envelope.is_automatic:
        return [AutoReply(text=(words or subject)[:LONGEST_AUTO_REPLY].strip())]
    has_winmail = any(part.get_content_type() == "application/ms-tnef" for part in mime.own_parts(message))
    return [Words(subject=subject, text=words[:LONGEST_WORDS].strip(), has_winmail=has_winmail)]


# THE ENVELOPE


def _envelope(message: Message, authserv_id: str) -> Envelope:
    name, sender = _sender(message)
    recipients = tuple(dict.fromkeys(_recipients(message)))
    results = mime.fields(message, "Authentication-Results")
    return Envelope(
        message_id=next(iter(_MESSAGE_IDS.findall(mime.field(message, "Message-ID"))), ""),
        sender=sender,
        name=name,
        recipients=recipients,
        reply_tokens=_tokens(_REPLY_ADDRESS, recipients),
        bounce_tokens=_tokens(_BOUNCE_ADDRESS, recipients),
        replied_to=_replied_to(message),
        is_vouched=bool(sender) and stamps.is_vouched(results, authserv_id, sender),
        is_automatic=_is_automatic(message),
    )


def _sender(message: Message) -> tuple[str, str]:
    """Name and address in From; nobody where it names several or is there twice."""
    people = getaddresses([value[:LONGEST_FROM] for value in mime.fields(message, "From")])
    name, address = people[0] if len(people) == 1 else ("", "")
    return (mime.shown(name, replies.LONGEST_NAME), address) if _ADDRESSES.fullmatch(address) else ("", "")


def _recipients(message: Message) -> Iterator[str]:
    for value in mime.fields(message, "Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"):
        yield from (address.lower() for address in _ADDRESSES.findall(value))


def _tokens(form: re.Pattern[str], recipients: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found[1] for address in recipients if (found := form.match(address))))


def _replied_to(message: Message) -> tuple[str, ...]:
    """The letter that is answered, then those before it, the newest first."""
    answered, before = (_MESSAGE_IDS.findall(mime.field(message, name)) for name in ("In-Reply-To", "References"))
    return tuple(dict.fromkeys([*answered, *reversed(before)]))[:MOST_IDS]


def _is_automatic(message: Message) -> bool:
    """By RFC 3834 section 5, and by what programs said before it and say beside it."""
    submitted = mime.field(message, "Auto-Submitted").lower()
    suppressed = "all" in mime.field(message, "X-Auto-Response-Suppress").lower()
    return (
        bool(submitted and not submitted.startswith("no"))
        or any(name in message for name in ("X-Autoreply", "X-Autorespond"))
        or mime.field(message, "Precedence").lower() in ("auto_reply", "bulk", "junk")
        or (suppressed and _is_away(message))
        or _has_no_way_back(message)
    )


def _is_away(message: Message) -> bool:
    """Whether a program writes for a person who is away, and not a mail server for itself."""
    submitted = mime.field(message, "Auto-Submitted").lower()
    return submitted.startswith("auto-replied") or bool(_AWAY.search(_subject(message)))


def _has_no_way_back(message: Message) -> bool:
    return mime.field(message, "Return-Path") == "<>"


def _subject(message: Message) -> str:
    return mime.shown(mime.field(message, "Subject"), LONGEST_SUBJECT)


# WHAT IT HOLDS


def _bounce(message: Message, envelope: Envelope) -> Content | None:
    token = next(iter(envelope.bounce_tokens), "")
    if bounces.is_report(message):
        report = bounces.read_report(message, token, envelope.replied_to)
        return report or Nothing(reason="a report that a letter has arrived")
    if token and (bounces.is_from_server(message, envelope.sender) or _is_silent_failure(message)):
        return bounces.read_text(message, token, envelope.replied_to)
    return None


def _is_silent_failure(message: Message) -> bool:
    """Whether a server writes that does not say so: an absence, too, comes to the way back, and may hold numbers."""
    return _has_no_way_back(message) and not _is_away(message) and bounces.says_failed(message)


def _said(message: Message) -> list[Content]:
    """What the first calendar object says that can be understood; nothing if none can."""
    for part in mime.own_parts(message):
        if part.get_content_type() in _CALENDARS:
            try:
                return _said_in(mime.text_of(part))
            except Exception:  # noqa: S112 - the next one, and then the words, tell as much
                continue
    return []


def _said_in(text: str) -> list[Content]:
    """Raises Unreadable, and whatever the library does."""
    method = replies.method_of(text)
    if method in _UNASKED:
        return [Nothing(reason=f"a {method}, and only the organizer changes a conference")]
    said: list[Content] = [*replies.read(text)]
    return said or [Nothing(reason="an answer that says neither yes nor no")]


__all__ = ["Answer", "AutoReply", "Bounce", "Counter", "Envelope", "Incoming", "Nothing", "Refresh", "TooMuch",
           "Unreadable", "Words", "read"]  # fmt: skip
