"""Answers in the forms that calendars give them, written from the standards and from what is known of each."""

import base64
from datetime import UTC, date, datetime

import pytest

from invitations import incoming
from invitations.incoming import Answer, Content, Counter, Nothing, Refresh, Words
from tests.invitations.incoming_samples import (
    LETTER,
    OUR_SERVER,
    TOKEN,
    UID,
    VERP,
    calendar,
    event,
    mail,
    parts,
    with_calendar,
)

STAMP = datetime(2027, 3, 1, 10, tzinfo=UTC)

GOOGLE = calendar(
    "DTSTART:20270308T090000Z",
    "DTEND:20270308T100000Z",
    "DTSTAMP:20270301T100000Z",
    "ORGANIZER;CN=Alice:mailto:rsvp@example.org",
    f"UID:{UID}",
    "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Bob Bro",
    ' wn;X-NUM-GUESTS=0;X-RESPONSE-COMMENT="See you, then":mailto:bob@bob.example',
    "CREATED:20270227T120000Z",
    "DESCRIPTION:Our own words come back\\, all of them.",
    "SEQUENCE:3",
    "STATUS:CONFIRMED",
    "SUMMARY:Planning",
    prodid="-//Google Inc//Google Calendar 70.9054//EN",
)
WINDOWS_ZONE = "\n".join(
    [
        "BEGIN:VTIMEZONE",
        "TZID:W. Europe Standard Time",
        "BEGIN:STANDARD",
        "DTSTART:16010101T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:16010101T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
    ]
)
EXCHANGE = calendar(
    "ATTENDEE;PARTSTAT=TENTATIVE;CN=Bob Brown:mailto:bob@bob.example",
    "DESCRIPTION;LANGUAGE=de-DE:Perhaps a little late\\n",
    f"UID:{UID}",
    "SUMMARY;LANGUAGE=de-DE:Mit Vorbehalt: Planning",
    "DTSTART;TZID=W. Europe Standard Time:20270308T100000",
    "DTEND;TZID=W. Europe Standard Time:20270308T110000",
    "CLASS:PUBLIC",
    "DTSTAMP:20270301T100000Z",
    "SEQUENCE:3",
    "X-MICROSOFT-CDO-APPT-SEQUENCE:3",
    prodid="Microsoft Exchange Server 2010",
    zones=WINDOWS_ZONE,
)
OUTLOOK = calendar(
    'ATTENDEE;PARTSTAT=DECLINED;SENT-BY="mailto:office@bob.example":MAILTO:Bob@Bob.example',
    "DESCRIPTION:When: Monday\\nWhere: https://meet\\n\\n*~*~*~*~*~*~*~*~*~*\\n\\nI am away.\\n",
    f"UID:{UID}",
    "DTSTAMP:20270301T100000Z",
    "SEQUENCE:3",
    prodid="-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN",
)
APPLE = calendar(
    *event("REQUEST-STATUS:2.0;Success", "ORGANIZER:mailto:rsvp@example.org", attendee="MAILTO:bob@bob.example"),
    prodid="-//Apple Inc.//macOS 15.0//EN",
)
THUNDERBIRD = calendar(
    *event("X-MOZ-RECEIVED-SEQUENCE:3", "COMMENT:First", "COMMENT:Second"), prodid="-//Mozilla.org/NONSGML Mozilla//EN"
)


def only(raw: bytes) -> Content:
    """The one thing that a message says."""
    [content] = incoming.read(raw, authserv_id=OUR_SERVER).contents
    return content


def answer(raw: bytes) -> Answer:
    content = only(raw)
    assert isinstance(content, Answer)
    return content


@pytest.mark.parametrize(
    ("text", "partstat", "comment"),
    [
        (GOOGLE, "ACCEPTED", "See you, then"),
        (EXCHANGE, "TENTATIVE", "Perhaps a little late"),
        (OUTLOOK, "DECLINED", "I am away."),
        (APPLE, "ACCEPTED", ""),
        (THUNDERBIRD, "ACCEPTED", "First\nSecond"),
    ],
    ids=["Gmail", "Exchange", "Outlook", "Apple", "Thunderbird"],
)
def test_every_calendar_is_understood(text: str, partstat: str, comment: str) -> None:
    said = answer(with_calendar(text))
    assert (said.uid, said.attendee.lower(), said.partstat, said.comment) == (UID, "bob@bob.example", partstat, comment)
    assert (said.sequence, said.stamp, said.recurrence_id) == (3, STAMP, None)


def test_an_answer_without_the_organizer_and_of_somebody_else_says_so() -> None:
    said = answer(with_calendar(OUTLOOK))
    assert (said.attendee, said.sent_by) == ("Bob@Bob.example", "office@bob.example")


@pytest.mark.parametrize(
    "head",
    [
        "text/calendar; charset=utf-8",  # as Proton passes it on
        'text/calendar; charset="UTF-8"; method=CANCEL',  # what the object says counts
        "application/ics; name=invite.ics\nContent-Disposition: attachment; filename=invite.ics",
        "text/calendar; charset=no-such-charset",
        "TEXT/Calendar",
    ],
)
def test_the_object_is_found_however_it_is_declared(head: str) -> None:
    assert answer(parts(("text/plain", "Yes"), (head, GOOGLE))).partstat == "ACCEPTED"


def test_it_is_found_at_any_depth_and_the_first_that_can_be_read_counts() -> None:
    inner = parts(("text/plain", "Yes"), ("text/calendar", "BEGIN:VCALENDAR\nbroken"), ("application/ics", GOOGLE))
    body = inner.decode().replace("\r\n", "\n").partition("\n\n")[2]
    raw = parts(("text/plain", "Hello"), ('multipart/alternative; boundary="limit"', body), limit="outer")
    assert answer(raw).partstat == "ACCEPTED"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1251", "utf-16"])
@pytest.mark.parametrize("declared", [True, False])
def test_words_survive_every_charset(charset: str, declared: bool) -> None:
    text = "Später" if charset == "iso-8859-1" else "Позже"
    encoded = calendar(*event(f"COMMENT:{text}")).replace("\n", "\r\n").encode(charset)
    said = f"; charset={charset}" if declared else ""
    body = base64.encodebytes(encoded).decode()
    raw = mail(body, "Content-Transfer-Encoding: base64", type_=f"text/calendar{said}")
    content = only(raw)
    if declared or charset in ("utf-8", "iso-8859-1"):
        assert isinstance(content, Answer)
        assert content.comment == text
    else:
        assert isinstance(content, Answer | Words)


def test_what_a_mailing_list_adds_is_cut_off() -> None:
    footer = "\n_______________________________________________\nTeam mailing list\n"
    assert answer(with_calendar(GOOGLE + footer)).partstat == "ACCEPTED"


def test_an_answer_wins_over_the_signs_of_a_program() -> None:
    assert answer(with_calendar(APPLE, "Auto-Submitted: auto-replied", "Return-Path: <>")).partstat == "ACCEPTED"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RECURRENCE-ID:20270315T090000Z", datetime(2027, 3, 15, 9, tzinfo=UTC)),
        ("RECURRENCE-ID;TZID=Europe/Berlin:20270315T100000", datetime(2027, 3, 15, 9, tzinfo=UTC)),
        ("RECURRENCE-ID;TZID=W. Europe Standard Time:20270315T100000", datetime(2027, 3, 15, 9, tzinfo=UTC)),
        ("RECURRENCE-ID;TZID=/vendor.example/Europe/Berlin:20270315T100000", datetime(2027, 3, 15, 9, tzinfo=UTC)),
        ("RECURRENCE-ID;TZID=Customized Time Zone:20270315T100000", datetime(2027, 3, 15, 10)),
        ('RECURRENCE-ID;TZID="(UTC+03:00) Moscow, St. Petersburg":20270315T100000', datetime(2027, 3, 15, 10)),
        ("RECURRENCE-ID;VALUE=DATE:20270315", date(2027, 3, 15)),
    ],
)
def test_one_occurrence_is_named_in_whatever_zone(line: str, expected: datetime | date) -> None:
    assert answer(with_calendar(calendar(*event(line)))).recurrence_id == expected


def test_a_broken_name_of_an_occurrence_is_no_answer_to_all() -> None:
    assert isinstance(only(with_calendar(calendar(*event("RECURRENCE-ID:tomorrow")))), Words)


def test_several_dates_are_several_answers() -> None:
    second = [*event("RECURRENCE-ID:20270322T090000Z", partstat="DECLINED")]
    lines = [*event("RECURRENCE-ID:20270315T090000Z"), "END:VEVENT", "BEGIN:VEVENT", *second]
    contents = incoming.read(with_calendar(calendar(*lines)), authserv_id=OUR_SERVER).contents
    assert [said.partstat for said in contents if isinstance(said, Answer)] == ["ACCEPTED", "DECLINED"]


def test_a_delegate_is_named() -> None:
    line = 'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:carol@bob.example":mailto:bob@bob.example'
    said = answer(with_calendar(calendar(f"UID:{UID}", "DTSTAMP:20270301T100000Z", line)))
    assert (said.partstat, said.delegated_to) == ("DELEGATED", "carol@bob.example")


@pytest.mark.parametrize("partstat", ["NEEDS-ACTION", "X-PERHAPS", ""])
def test_no_answer_is_no_answer(partstat: str) -> None:
    assert isinstance(only(with_calendar(calendar(*event(partstat=partstat)))), Nothing)


@pytest.mark.parametrize(
    "lines",
    [
        event("ATTENDEE;PARTSTAT=DECLINED:mailto:charlie@bob.example"),
        event()[1:],
        event(attendee="bob"),
        [f"UID:{'x' * 300}", *event()[1:]],
        [f"UID:{UID}\0", *event()[1:]],
    ],
    ids=["two people", "no UID", "no address", "an endless UID", "NUL in it"],
)
def test_what_speaks_of_nobody_or_nothing_is_shown_as_words(lines: list[str]) -> None:
    assert isinstance(only(with_calendar(calendar(*lines))), Words)


@pytest.mark.parametrize("sequence", ["-1", "9" * 12, "two", "2147483648"])
def test_an_impossible_sequence_is_none(sequence: str) -> None:
    lines = [line for line in event() if not line.startswith("SEQUENCE")]
    assert answer(with_calendar(calendar(*lines, f"SEQUENCE:{sequence}"))).sequence is None


def test_another_time_is_proposed_in_a_zone_of_windows() -> None:
    text = calendar(
        *event("COMMENT:Later?", partstat="TENTATIVE"),
        "DTSTART;TZID=W. Europe Standard Time:20270708T150000",
        "DTEND;TZID=W. Europe Standard Time:20270708T160000",
        "X-MS-OLK-ORIGINALSTART;TZID=W. Europe Standard Time:20270708T100000",
        method="COUNTER",
        zones=WINDOWS_ZONE,
    )
    said = only(with_calendar(text))
    assert isinstance(said, Counter)
    assert (said.starts_at, said.ends_at) == (
        datetime(2027, 7, 8, 13, tzinfo=UTC),
        datetime(2027, 7, 8, 14, tzinfo=UTC),
    )
    assert (said.original_start, said.comment) == (datetime(2027, 7, 8, 8, tzinfo=UTC), "Later?")


@pytest.mark.parametrize(
    ("offsets", "hour"), [(("+0400", "+0300"), 12), (("+0100", "-0200"), 17)], ids=["east", "west"]
)
def test_a_zone_nobody_else_knows_is_read_from_its_description(offsets: tuple[str, str], hour: int) -> None:
    """Of two people with zones of the same name each has their own."""
    zone = WINDOWS_ZONE.replace("W. Europe Standard Time", "Customized Time Zone")
    zone = zone.replace("+0200", offsets[0]).replace("+0100", offsets[1])
    text = calendar(*event(), "DTSTART;TZID=Customized Time Zone:20270115T150000", method="COUNTER", zones=zone)
    said = only(with_calendar(text))
    assert isinstance(said, Counter)
    assert said.starts_at == datetime(2027, 1, 15, hour, tzinfo=UTC)
    assert said.ends_at is None


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=13;BYDAY=1SU"]
)
def test_no_foreign_rule_is_expanded(rule: str) -> None:
    zone = WINDOWS_ZONE.replace("FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", rule).replace("W. Europe", "My")
    text = calendar(*event(), "DTSTART;TZID=My Standard Time:20270115T150000", method="COUNTER", zones=zone)
    assert isinstance(only(with_calendar(text)), Words)


def test_the_invitation_is_asked_for_once_more() -> None:
    said = only(with_calendar(calendar(*event(), method="REFRESH")))
    assert isinstance(said, Refresh)
    assert (said.uid, said.attendee) == (UID, "bob@bob.example")


def test_an_answer_finds_home_by_our_letter_where_outlook_drops_what_follows_the_plus() -> None:
    raw = with_calendar(GOOGLE, f"In-Reply-To: <{LETTER}@example.org>", "References: <older@x> <newer@x>")
    found = incoming.read(raw.replace(f"+{TOKEN}".encode(), b""), authserv_id=OUR_SERVER)
    assert found.envelope.reply_tokens == ()
    assert found.envelope.replied_to == (f"<{LETTER}@example.org>", "<newer@x>", "<older@x>")
    assert isinstance(found.contents[0], Answer)


@pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Envelope-To", "Cc"])
def test_where_it_went_is_read_from_whatever_the_server_wrote(name: str) -> None:
    raw = mail("Hello", f"{name}: <{VERP}>, Rsvp+{TOKEN.upper()}@example.org", to="somebody@example.org")
    envelope = incoming.read(raw, authserv_id=OUR_SERVER).envelope
    assert (envelope.reply_tokens, envelope.bounce_tokens) == ((TOKEN,), (LETTER,))


def test_what_is_for_nobody_here_is_nothing() -> None:
    assert isinstance(only(mail("Hello", to="somebody@example.org")), Nothing)


def test_winmail_is_words_with_advice_for_the_organizer() -> None:
    content = only(parts(("text/plain", "Yes, gladly"), ("application/ms-tnef; name=winmail.dat", "xyz")))
    assert isinstance(content, Words)
    assert content.text == "Yes, gladly"
    assert "winmail.dat" in str(content.note)


@pytest.mark.parametrize(
    "html",
    [
        "<style>p {color: red}</style><p>I am <b>coming</b></p><div class=gmail_quote>On Monday Alice wrote:</div>",
        "<p>I am coming</p><blockquote>Are you?</blockquote>",
        '<p>I am coming<br></p><hr><div id="divRplyFwdMsg">From: Alice</div>',
    ],
)
def test_words_in_html_are_read_as_text(html: str) -> None:
    content = only(mail(html, type_="text/html; charset=utf-8"))
    assert isinstance(content, Words)
    assert content.text == "I am coming"


@pytest.mark.parametrize(
    "quote",
    [
        "> Are you coming?",
        "On Monday Alice wrote:\n> Are you coming?",
        "Am Montag, 1. März 2027 um 10:00 schrieb Alice <\nalice@example.org>:\n\n> Kommst du?",
        "-----Original Message-----\nFrom: Alice",
        "________________________________\nFrom: Alice",
        "Von: Alice <alice@example.org>\nGesendet: Montag\nAn: Bob\nBetreff: Planning",
        "-- \nBob, Head of Everything",
    ],
)
def test_what_is_quoted_is_left_out(quote: str) -> None:
    content = only(mail(f"I am coming.\n\n{quote}\n"))
    assert isinstance(content, Words)
    assert content.text == "I am coming."


def test_who_writes_below_the_quote_is_read_as_well() -> None:
    content = only(mail("> Are you coming?\n> Alice\n\nYes, I am.\n"))
    assert isinstance(content, Words)
    assert content.text == "Yes, I am."


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "X-Autoreply: yes",
        "X-Autorespond: Planning",
        "Precedence: bulk",
        "Precedence: AUTO_REPLY",
        "Return-Path: <>",
        "X-Auto-Response-Suppress: All\nX-Subject: x",
    ],
)
def test_what_a_program_answers_is_no_answer(field: str) -> None:
    raw = mail("I am away until Monday.", field).replace(
        b"Subject: Accepted: Planning", b"Subject: Automatic reply: Planning"
    )
    content = only(raw)
    assert isinstance(content, incoming.AutoReply)
    assert content.text == "I am away until Monday."


def test_a_person_is_no_program() -> None:
    assert isinstance(only(mail("Hello", "Auto-Submitted: no", "Precedence: list")), Words)


def test_a_receipt_is_nothing() -> None:
    receipt = ("message/disposition-notification", "Disposition: displayed")
    raw = parts(("text/plain", "It was read."), receipt, type_="multipart/report; report-type=disposition-notification")
    assert isinstance(only(raw), Nothing)


def test_a_name_in_other_letters_is_read() -> None:
    raw = mail("Hello", sender="=?utf-8?b?0JHQvtCx?= <bob@bob.example>")
    assert incoming.read(raw, authserv_id=OUR_SERVER).envelope.name == "Боб"


@pytest.mark.parametrize(
    "raw",
    [
        mail("Hello", sender="Bob <bob@bob.example>, Charlie <charlie@bob.example>"),
        mail("Hello", "From: charlie@bob.example"),
        mail("Hello", sender="nobody"),
    ],
    ids=["two in one", "two fields", "no address"],
)
def test_a_sender_who_is_not_one_person_is_nobody(raw: bytes) -> None:
    envelope = incoming.read(raw, authserv_id=OUR_SERVER).envelope
    assert (envelope.sender, envelope.is_vouched) == ("", False)


def test_the_same_message_has_the_same_digest_and_another_one_another() -> None:
    def digest(raw: bytes) -> str:
        return incoming.read(raw, authserv_id=OUR_SERVER).digest

    first = mail("Hello")
    assert digest(first) == digest(mail("Hello", "Received: from elsewhere"))
    assert digest(first) != digest(first.replace(b"<answer@", b"<other@"))
    assert digest(first) != digest(mail("Hello", to=VERP))
    assert digest(first.replace(b"Message-ID", b"X-ID")) != digest(first.replace(b"Message-ID", b"X-Id"))
