"""Whatever comes in: little is done about it, and nothing but our own error is raised."""

import re
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invitations import incoming, mime
from invitations.incoming import Answer, TooMuch, Unreadable
from tests.invitations import test_bounces, test_incoming_answers
from tests.invitations.incoming_samples import OUR_SERVER, calendar, event, mail, parts, with_calendar

NESTED = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1_000))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every part that the email package makes."""
    made: list[object] = []
    init = mime._Part.__init__

    def count(self: mime._Part, *arguments: object, **options: object) -> None:
        made.append(self)
        init(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(mime._Part, "__init__", count)
    return made


@pytest.mark.parametrize(
    ("raw", "most"),
    [
        (mail("x" * 50_000_000), 0),
        (mail(f"--b\n{NESTED}", type_="multipart/mixed; boundary=b"), mime.MOST_PARTS),
        (mail("Content-Type: message/rfc822\n\n" * 1_000, type_="message/rfc822"), mime.MOST_PARTS),
        (parts(*[("text/plain", "x")] * 10_000), mime.MOST_PARTS),
        (b"X: y\r\n" * 100_000 + b"\r\n", 1),
    ],
    ids=["50 MB", "1,000 nested parts", "1,000 messages in messages", "10,000 parts", "100,000 header fields"],
)
def test_what_is_too_much_is_not_even_taken_apart(made: list[object], raw: bytes, most: int) -> None:
    with pytest.raises(TooMuch):
        incoming.read(raw, authserv_id=OUR_SERVER)
    assert len(made) <= most + 1  # the parser begins with one on trial


def test_the_limits_are_the_last_that_is_allowed() -> None:
    mime.parse(parts(*[("text/plain", "x")] * (mime.MOST_PARTS - 1)))
    mime.parse(_within(mime.DEEPEST))
    with pytest.raises(TooMuch):
        mime.parse(_within(mime.DEEPEST + 1))


def _within(depth: int) -> bytes:
    text = "Content-Type: text/plain\n\nHello\n"
    for n in range(depth - 1):
        text = f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n{text}--b{n}--\n'
    return text.encode()


def test_a_long_header_field_is_cut_and_the_message_read() -> None:
    raw = with_calendar(calendar(*event()), f"X-Long: {'x' * 900_000}")
    assert isinstance(incoming.read(raw, authserv_id=OUR_SERVER).contents[0], Answer)


@pytest.mark.parametrize(
    ("text", "type_", "encoding"),
    [
        ("=A" * 1000, "text/calendar", "base64"),
        ("QkVHSU46VkNBTEVOREFS\n!!!", "text/calendar", "base64"),
        ("=", "text/calendar", "quoted-printable"),
        ("begin 644 x\n#####", "text/calendar", "x-uuencode"),
        ("a-" * 1000, "text/plain; charset=punycode", "7bit"),
        ("\\x00", "text/plain; charset=unicode_escape", "7bit"),
        ("x", "text/plain; charset=zlib_codec", "7bit"),
        ("x", 'multipart/mixed; boundary="', "7bit"),
        ("x", "multipart/mixed; boundary*99999999999999999999999=x", "7bit"),
        ("x", "message/delivery-status", "base64"),
    ],
)
def test_what_is_broken_is_shown_as_words_or_unreadable(text: str, type_: str, encoding: str) -> None:
    _read(mail(text, f"Content-Transfer-Encoding: {encoding}", type_=type_))


def _read(raw: bytes) -> None:
    """Anything but our own error is one of the test."""
    try:
        found = incoming.read(raw, authserv_id=OUR_SERVER)
    except Unreadable:
        return
    assert found.contents
    assert re.fullmatch("[0-9a-f]{64}", found.digest)
    for content in found.contents:
        texts = [getattr(content, name, "") for name in ("text", "comment", "name", "subject", "attendee", "uid")]
        assert not [text for text in texts if "\0" in text or len(text) > incoming.LONGEST_WORDS]


@given(st.binary(max_size=2_000))
def test_any_bytes_are_survived(raw: bytes) -> None:
    _read(raw)


SAMPLES = [
    with_calendar(test_incoming_answers.GOOGLE),
    with_calendar(test_incoming_answers.EXCHANGE),
    with_calendar(test_incoming_answers.EXCHANGE.replace("METHOD:REPLY", "METHOD:COUNTER")),
    test_bounces.report(test_bounces.POSTFIX),
    mail(test_bounces.QMAIL, sender=test_bounces.DAEMON, to=test_bounces.VERP),
    mail("<p>Hello</p><blockquote>", "Authentication-Results: mx.example.org; dkim=pass", type_="text/html"),
]
PIECES = st.sampled_from(
    [b"", b"\r\n", b":", b";", b'"', b"=", b"\0", b"\xff", b"--limit", b"BEGIN:VEVENT\r\n", b"(", b"<"]
)


@settings(max_examples=300)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.one_of(PIECES, st.binary(max_size=5))), max_size=6),
)
def test_any_change_of_a_message_is_survived(raw: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    for place, length, instead in changes:
        at = int(place * len(raw))
        raw = raw[:at] + instead + raw[at + length :]
    _read(raw)


@settings(max_examples=50)
@given(st.sampled_from(SAMPLES), st.floats(0, 1))
def test_any_part_of_a_message_is_survived(raw: bytes, place: float) -> None:
    _read(raw[: int(place * len(raw))])


@pytest.mark.parametrize("raw", SAMPLES)
def test_our_samples_are_messages(raw: bytes) -> None:
    """By a stricter reading than ours."""
    parsed = BytesParser(policy=policy.default).parsebytes(raw)
    assert not [part.defects for part in parsed.walk() if part.defects]
