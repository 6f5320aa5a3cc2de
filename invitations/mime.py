"""A foreign message taken apart within limits, so that no shape of it costs much time or memory. Pure.

The email package alone would take apart whatever comes: here it stops at the first part too many.
"""

import codecs
import re
from collections.abc import Iterator
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Any

from cabinet.text import clean_text, one_line

MOST_BYTES = 1_000_000
MOST_PARTS = 50
DEEPEST = 10
MOST_FIELDS = 1_000  # header fields of all parts together
LONGEST_FIELD = 10_000  # characters; taking a field apart is quadratic in places
LONGEST_TEXT = 100_000  # characters

# Python's own text encodings: no mail program uses them, and some take time quadratic in the length.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}

# Where a mail program begins to repeat what was written before: a line by itself that nobody types.
_QUOTE_BEGINS = re.compile(
    r"""
      ^>                                  # a quoted line
    | ^-{2,}[ ].{1,60}[ ]-{2,}$           # -- Original message --
    | ^-{5}.{1,60}-{5}$                   # -----Original Message-----
    | ^_{10,}$                            # Outlook
    | ^--[ ]?$                            # the signature
    | ^\S{2,15}:[ ].{0,200}@.{0,200}\n(?:\S{2,15}:[ ].*\n){2}   # From: ... Sent: ... To: ... in any language
    | ^.{1,200}:\n+>                                   # On Monday Alice wrote:
    | ^.{1,200}\n<?\S{1,100}@\S{1,100}>.{0,40}:\n+>    # the same over two lines
    """,
    re.VERBOSE | re.MULTILINE,
)


class Unreadable(Exception):
    """A message that cannot be understood; says why."""


class TooMuch(Unreadable):
    """A message beyond the limits; it is not even taken apart."""


def parse(raw: bytes) -> Message:
    """The message with its parts. Raises TooMuch."""
    if len(raw) > MOST_BYTES:
        raise TooMuch(f"more than {MOST_BYTES} bytes")
    message = BytesParser(_class=_Counter().part, policy=policy.compat32).parsebytes(raw)
    if _depth(message) > DEEPEST:
        raise TooMuch(f"parts within parts, more than {DEEPEST} deep")
    return message


class _Counter:
    """Makes the parts of one message, and refuses to make too many."""

    def __init__(self) -> None:
        self.parts, self.fields = -1, 0  # the parser begins with one on trial

    def part(self, **options: Any) -> Message:
        """One more part, or one more block of a delivery report."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise TooMuch(f"more than {MOST_PARTS} parts")
        return _Part(self, **options)


class _Part(Message):
    """A part whose header fields are counted and cut while they are read."""

    def __init__(self, counter: _Counter, **options: Any) -> None:
        super().__init__(**options)
        self._counter = counter

    def set_raw(self, name: str, value: Any) -> None:
        """Called for each field as it is read."""
        self._counter.fields += 1
        if self._counter.fields > MOST_FIELDS:
            raise TooMuch(f"more than {MOST_FIELDS} header fields")
        super().set_raw(name, value[:LONGEST_FIELD])


def _depth(part: Message) -> int:
    """How deep parts lie within parts; at most MOST_PARTS, for there are no more."""
    return 1 + max(map(_depth, inner(part)), default=0)


def inner(part: Message) -> list[Message]:
    """The parts of a part."""
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def own_parts(part: Message) -> Iterator[Message]:
    """Every part that the sender wrote: not what lies within a message that came along or came back."""
    yield part
    if part.get_content_maintype() != "message":
        for each in inner(part):
            yield from own_parts(each)


# HEADERS


def field(part: Message, name: str) -> str:
    """The first header field of that name as it stands, on one line; "" if there is none."""
    return next(iter(fields(part, name)), "")


def fields(part: Message, *names: str) -> list[str]:
    """All header fields of those names as they stand, each on one line."""
    return [one_line(str(value)) for name in names for value in part.get_all(name, [])]


def shown(value: str, most: int) -> str:
    """What a person typed, on one line of at most `most` characters: RFC 2047 decoded, or as it stands if it is broken.

    Cut before that, to four times as much: each character may have been written as several.
    """
    try:
        chunks = decode_header(value[: 4 * most])
    except (HeaderParseError, ValueError):
        chunks = [(value, None)]
    text = "".join(chunk if isinstance(chunk, str) else decoded(chunk, charset) for chunk, charset in chunks)
    return one_line(text)[:most].strip()


# BODIES


def body(part: Message) -> bytes:
    """The content without its transfer encoding; b"" where there is none to read."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def text_of(part: Message) -> str:
    """The content of a text, whatever its encoding turns out to be."""
    return decoded(body(part), part.get_content_charset())


def decoded(content: bytes, charset: str | None) -> str:
    """By the charset that it says, else as UTF-8, else as Latin-1, which reads everything."""
    for name in filter(None, (charset, "utf-8-sig")):
        try:
            if codecs.lookup(name).name not in _NO_CHARSETS:
                return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def plain_of(message: Message) -> str:
    """The text of a message: what is plain text, or else the HTML as text."""
    found = [part for part in own_parts(message) if part.get_content_disposition() != "attachment"]
    for kind, read in (("text/plain", str), ("text/html", _html_as_text)):
        texts = [text_of(part) for part in found if part.get_content_type() == kind]
        if text := next(filter(str.strip, texts), ""):
            return clean_text(read(text[:LONGEST_TEXT]))
    return ""


def words_of(message: Message) -> str:
    """What somebody wrote, above what is quoted of an earlier message; if nothing stands there, between and below."""
    text = plain_of(message)
    quote = _QUOTE_BEGINS.search(text)
    above = text[: quote.start()].strip() if quote else text
    return above or "\n".join(line for line in text.split("\n") if not line.startswith(">")).strip()


def _html_as_text(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    return "".join(reader.said)


class _Reader(HTMLParser):
    """Words of a page, in lines, without what it quotes."""

    silent = ("head", "style", "script", "title", "blockquote")
    breaking = ("br", "p", "div", "li", "tr", "h1", "h2", "h3")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.silent:
            self._silent.append(tag)
        if tag in self.breaking or tag == "hr":
            self.said.append("\n")
        marks = {value or "" for name, value in attrs if name in ("class", "id")}
        if any("gmail_quote" in mark or mark in ("divRplyFwdMsg", "appendonsend") for mark in marks):
            self.said.append("\n> \n")  # from here on the earlier message

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            self._silent.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(" ".join(data.split("\n")))
