"""A letter for many: what is the same for all is encoded once, what is each reader's own is filled in. Pure.

Whoever makes a stencil writes the letter to a reader who is nothing but marks. Filled in, it is byte for byte the
letter that would have been written to the real reader: the same fields, the same checks, the same line breaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from django.utils.html import escape

from conferences.tokens import TOKEN_LENGTH, new_token
from invitations import message, second_reader
from invitations.itip import Attendee, attendee_line
from invitations.message import MUCH_NOT_ASCII, base64, quoted_printable

_SOFT_BREAK = b"=\r\n"  # RFC 2045 section 6.7
_FOLD = b"\r\n "  # RFC 5545 section 3.1
_BLOCK = 57  # bytes that make a line of base64
_TOKEN = re.compile(f"[a-z2-7]{{{TOKEN_LENGTH}}}")
_ANSWERS = ("NEEDS-ACTION", "ACCEPTED", "TENTATIVE", "DECLINED")

type Values = Mapping[bytes, bytes]


class UnlikeError(Exception):
    """This reader's letter differs from the others' in more than what can be filled in."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What is one person's own: the address also as texts show it, which never name their reader; `stamp` is Date and
    DTSTAMP.
    """

    name: str
    address: str
    shown_address: str
    token: str
    message_id: str
    stamp: datetime
    in_reply_to: str | None = None


def marks(stamp: datetime, *, has_name: bool) -> Reader:
    """The reader who is nothing but marks: random words that occur nowhere else and that no encoding changes."""
    name, address = new_token() if has_name else "", f"{new_token()}@example.org"
    return Reader(name, address, address, new_token(), f"<{new_token()}@example.org>", stamp)


def _replaced(data: bytes, values: Values) -> bytes:
    for mark, value in values.items():
        data = data.replace(mark, value)
    return data


def _broken(token: bytes, at: int, line_break: bytes) -> bytes:
    """`token` with a line break after so many characters; 0 is none."""
    return token[:at] + line_break + token[at:] if at else token


def _breaks(token: bytes, line_break: bytes, data: bytes) -> tuple[int, ...]:
    """Where `token` is broken in `data`: there it is for all, because they are of one length."""
    return tuple(at for at in range(len(token)) if _broken(token, at, line_break) in data)


# WITH HOLES


class Sheet(Protocol):
    """A part of the message with holes, encoded as far as it is the same for all."""

    def filled(self, values: Values) -> bytes:
        """Encoded, with values in the place of marks."""


@dataclass(frozen=True)
class Lines:
    """In quoted-printable, which goes line by line. `pieces` are encoded, but for open ones: a mark there moves others.

    A token moves nothing, and looks encoded as it did before, but for the line breaks within it.
    """

    pieces: tuple[tuple[bytes, bool], ...]
    token: bytes
    breaks: tuple[int, ...]

    @classmethod
    def of(cls, data: bytes, token: bytes, moving: Collection[bytes]) -> Lines:
        """`data` is lines of text."""
        lines = [(line, any(mark in line for mark in moving)) for line in data.splitlines(keepends=True)]
        runs = [(b"".join(line for line, _is_open in run), key) for key, run in groupby(lines, itemgetter(1))]
        pieces = tuple((run if is_open else quoted_printable(run), is_open) for run, is_open in runs)
        return cls(pieces, token, _breaks(token, _SOFT_BREAK, quoted_printable(data)))

    def filled(self, values: Values) -> bytes:
        """Sheet.filled"""
        found = [quoted_printable(_replaced(piece, values)) if is_open else piece for piece, is_open in self.pieces]
        tokens = self.token, values[self.token]
        old, new = ([_broken(token, at, _SOFT_BREAK) for at in self.breaks] for token in tokens)
        return _replaced(b"".join(found), dict(zip(old, new, strict=True)))


@dataclass(frozen=True)
class Blocks:
    """In base64, which goes block by block of 57 bytes; those with marks are open, and all that follow a moving one."""

    pieces: tuple[tuple[bytes, bool], ...]

    @classmethod
    def of(cls, data: bytes, fixed: Collection[bytes], moving: Collection[bytes]) -> Blocks:
        """Values of `fixed` marks are as long as these, those of `moving` ones are not."""
        spans = [_span(at, len(mark), len(data)) for mark in fixed for at in _places(data, mark)]
        spans += [_span(at, len(data), len(data)) for mark in moving for at in _places(data, mark)]
        pieces, done = [], 0
        for begin, end in _joined(sorted(spans)):
            pieces += [(base64(data[done:begin]), False)] if begin > done else []
            pieces.append((data[begin:end], True))
            done = end
        return cls((*pieces, *([(base64(data[done:]), False)] if done < len(data) else [])))

    def filled(self, values: Values) -> bytes:
        """Sheet.filled"""
        return b"".join([base64(_replaced(piece, values)) if is_open else piece for piece, is_open in self.pieces])


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    return (found.start() for found in re.finditer(re.escape(mark), data))


def _span(at: int, length: int, end: int) -> tuple[int, int]:
    """The blocks in which so much stands."""
    return at // _BLOCK * _BLOCK, min(-(-(at + length) // _BLOCK) * _BLOCK, end)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without overlaps."""
    found: list[tuple[int, int]] = []
    for begin, end in spans:
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


# THE PARTS


@dataclass(frozen=True)
class Text:
    """One of the two texts: its values are quoted as HTML wants it, or not at all."""

    subtype: str
    encoding: str
    sheet: Sheet
    quote: Callable[[str], str]
    not_ascii: int
    count: int

    @classmethod
    def of(cls, subtype: str, words: str, marks: Reader) -> Text:
        """The stencil of a text that was written to `marks`."""
        data = message.wire_text(words)
        encoding = message.encoding_of(data)
        token, address = marks.token.encode(), marks.shown_address.encode()
        sheet = Blocks.of(data, [token], [address]) if encoding == "base64" else Lines.of(data, token, [address])
        quote = escape if subtype == "html" else str
        return cls(subtype, encoding, sheet, quote, message.not_ascii(data), data.count(address))

    def part(self, marks: Reader, reader: Reader) -> message.Part:
        """The part for `reader`. Raises UnlikeError where it would be encoded otherwise, ValueError as wire_text."""
        address = message.checked_text(self.quote(reader.shown_address)).encode()
        more = 0 if address.isascii() else self.count * message.not_ascii(address)
        if more and (self.not_ascii + more > MUCH_NOT_ASCII) != (self.encoding == "base64"):
            raise UnlikeError
        values = {marks.token.encode(): reader.token.encode(), marks.shown_address.encode(): address}
        return message.text_part(self.subtype, self.encoding, self.sheet.filled(values))


@dataclass(frozen=True)
class Entry:
    """The calendar object: who is asked, with which answers, and where tokens are folded in it."""

    method: str
    sheet: Sheet
    lines: Mapping[str, bytes]
    breaks: tuple[int, ...]
    longest_line: int | None

    @classmethod
    def of(cls, calendar: bytes, method: str, marks: Reader, *, longest_line: int | None) -> Entry:
        """The stencil of an object that was written to `marks`.

        With `longest_line` it holds for attendees whose line has no more bytes than that, as itip.request says.
        """
        message.checked_object(calendar, method)
        lines = {answer: line for answer in _ANSWERS if (line := _line(marks, answer)) in calendar}
        token = marks.token.encode()
        breaks = _breaks(token, _FOLD, calendar)
        fixed = [_dtstamp(marks.stamp), *(_broken(token, at, _FOLD) for at in breaks)]
        return cls(method, Blocks.of(calendar, fixed, lines.values()), lines, breaks, longest_line)

    def parts(self, marks: Reader, reader: Reader) -> tuple[message.Part, message.Part]:
        """Both parts for `reader`. Raises UnlikeError where the object would be shortened for so long a name."""
        values = {mark: _line(reader, answer) for answer, mark in self.lines.items()}
        if self.longest_line and any(len(line) > self.longest_line for line in values.values()):
            raise UnlikeError
        mark, token = marks.token.encode(), reader.token.encode()
        values |= {_broken(mark, at, _FOLD): _broken(token, at, _FOLD) for at in self.breaks}
        values[_dtstamp(marks.stamp)] = _dtstamp(reader.stamp)
        return message.calendar_parts(self.sheet.filled(values), self.method)


def _line(reader: Reader, answer: str) -> bytes:
    attendee = Attendee(reader.name, reader.address)
    line = attendee_line(attendee, answer)
    second_reader.check_attendee(line, attendee, answer)
    return line


@lru_cache(maxsize=16)
def _dtstamp(stamp: datetime) -> bytes:
    """The whole line, which no text can imitate."""
    return f"\r\nDTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n".encode()


# THE WHOLE


@dataclass(frozen=True)
class Stencil:
    """All of a message but what is its reader's own."""

    marks: Reader
    fields: Mapping[str, str]
    texts: tuple[Text, ...]
    entry: Entry | None

    def filled(self, reader: Reader) -> bytes:
        """The message to `reader`, byte for byte as message.compose would have it.

        Raises UnlikeError where that differs in more than can be filled in, ValueError for what cannot be sent,
        UnreadableError as second_reader.check.
        """
        if not _TOKEN.fullmatch(reader.token) or bool(reader.name) != bool(self.marks.name):
            raise UnlikeError
        mailbox = reader.name, reader.address
        own = message.recipient_fields(mailbox, reader.message_id, reader.stamp, reader.in_reply_to)
        texts = [text.part(self.marks, reader) for text in self.texts]
        parts = self.entry.parts(self.marks, reader) if self.entry else None
        return message.assemble({**self.fields, **own}, texts, parts)
