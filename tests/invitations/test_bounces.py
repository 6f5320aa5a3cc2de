"""Letters that came back, as mail servers say it."""

import pytest

from invitations import incoming
from invitations.incoming import AutoReply, Bounce, Content, Nothing
from tests.invitations.incoming_samples import GENUINE, LETTER, OUR_SERVER, VERP, calendar, event, mail, parts

REPORT = "multipart/report; report-type=delivery-status"
OURS = f"<{LETTER}@example.org>"
RETURNED = f"Message-ID: {OURS}\nFrom: invite@example.org\nTo: bob@bob.example\nSubject: Planning\n"
DAEMON = "MAILER-DAEMON@mx.example.org (Mail Delivery System)"
SHORT = "This is the mail system."

POSTFIX = """\
Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4B2C
Arrival-Date: Mon, 1 Mar 2027 10:00:00 +0000

Final-Recipient: rfc822; robert@elsewhere.example
Original-Recipient: rfc822;bob@bob.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.bob.example
Diagnostic-Code: smtp; 550 5.1.1 <bob@bob.example>: Recipient address
    rejected: User unknown
"""
EXCHANGE = """\
Reporting-MTA: dns;EX01.bob.example

Final-Recipient: rfc822;bob@bob.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
"""
GMAIL = """\
Reporting-MTA: dns; googlemail.com
X-Original-Message-ID: <x@example.org>

Final-Recipient: rfc822; bob@bob.example
Action: delayed
Status: 4.4.1
Diagnostic-Code: smtp; The recipient server did not accept our requests to connect.
Will-Retry-Until: Thu, 4 Mar 2027 10:00:00 -0800 (PST)
"""
EXPIRED = POSTFIX.replace("5.1.1\n", "4.4.7\n")
QMAIL = f"""\
Hi. This is the qmail-send program at bob.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<bob@bob.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <{VERP}>
Message-ID: {OURS}
Subject: Planning
"""


def report(status: str, *fields: str, to: str = VERP, returned: str = "message/rfc822") -> bytes:
    """A delivery report with its three parts."""
    body = (("text/plain", SHORT), ("message/delivery-status", status), (returned, RETURNED))
    raw = parts(*body, fields=("Return-Path: <>", *fields), type_=REPORT)
    return raw.replace(b"bob@bob.example>\r\nTo", b"x>\r\nTo").replace(
        b"rsvp+" + b"a" * 25 + b"2@example.org", to.encode()
    )


def only(raw: bytes) -> Content:
    [content] = incoming.read(raw, authserv_id=OUR_SERVER).contents
    return content


UNKNOWN = "550 5.1.1 <bob@bob.example>: Recipient address rejected: User unknown"
NOT_FOUND = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
SILENT = "The recipient server did not accept our requests to connect."


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (POSTFIX, ("failed", "5.1.1", UNKNOWN)),
        (EXCHANGE, ("failed", "5.1.10", NOT_FOUND)),
        (GMAIL, ("delayed", "4.4.1", SILENT)),
        (EXPIRED, ("failed", "4.4.7", UNKNOWN)),
    ],
    ids=["Postfix", "Exchange", "Gmail", "given up"],
)
@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_says_who_and_why(status: str, found: tuple[str, ...], returned: str) -> None:
    content = only(report(status, returned=returned))
    assert isinstance(content, Bounce)
    assert content.recipient == "bob@bob.example"
    assert (content.action, content.status, content.text) == found
    assert (content.token, content.message_ids) == (LETTER, (OURS,))


def test_a_report_to_the_sender_address_names_the_letter_it_returns() -> None:
    content = only(report(EXCHANGE, "In-Reply-To: <other@example.org>", to="invite@example.org"))
    assert isinstance(content, Bounce)
    assert (content.token, content.message_ids) == ("", (OURS, "<other@example.org>"))


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_letter_that_arrived_is_no_trouble(action: str) -> None:
    assert isinstance(only(report(POSTFIX.replace("Action: failed", f"Action: {action}"))), Nothing)


def test_of_several_recipients_the_one_that_failed_counts() -> None:
    first = "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; carol@bob.example\nAction: relayed\nStatus: 2.1.9\n"
    content = only(report(first + POSTFIX.partition("\n\n")[2].join(["\n", ""])))
    assert isinstance(content, Bounce)
    assert (content.recipient, content.status) == ("bob@bob.example", "5.1.1")


def test_a_report_in_unicode_is_read_as_well() -> None:
    body = (("text/plain", SHORT), ("message/global-delivery-status", POSTFIX), ("message/global-headers", RETURNED))
    content = only(parts(*body, type_=REPORT))
    assert isinstance(content, Bounce)
    assert (content.recipient, content.status, content.message_ids) == ("bob@bob.example", "5.1.1", (OURS,))


def test_our_invitation_within_a_report_is_no_message_of_its_own() -> None:
    inner = calendar(*event(), method="REPLY")
    returned = f"{RETURNED}Content-Type: text/calendar\n\n{inner}"
    body = (("text/plain", SHORT), ("message/delivery-status", POSTFIX), ("message/rfc822", returned))
    assert isinstance(only(parts(*body, type_=REPORT)), Bounce)


@pytest.mark.parametrize("sender", [DAEMON, "postmaster@bob.example", "Mail <mailer-daemon@bob.example>"])
def test_an_old_server_says_it_in_its_own_words(sender: str) -> None:
    content = only(mail(QMAIL, "Return-Path: <>", sender=sender, to=VERP))
    assert isinstance(content, Bounce)
    assert (content.recipient, content.action, content.status) == ("bob@bob.example", "failed", "5.1.1")
    assert (content.token, content.message_ids) == (LETTER, (OURS,))
    assert content.text.startswith(": Sorry, no mailbox here by that name. (#5.1.1)")


def test_exim_names_whom_it_did_not_reach_and_calls_itself_automatic() -> None:
    raw = mail("A message that you sent could not be delivered.", "X-Failed-Recipients: bob@bob.example",
               "Auto-Submitted: auto-replied", "Return-Path: <>", sender=DAEMON, to=VERP)  # fmt: skip
    content = only(raw)
    assert isinstance(content, Bounce)
    assert (content.recipient, content.action) == ("bob@bob.example", "failed")


@pytest.mark.parametrize("field", ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"])
def test_somebody_who_is_away_answers_to_the_way_back_and_has_not_bounced(field: str) -> None:
    raw = mail("I am away; my desk is in room 5.1.1.", "Return-Path: <>", field, to=VERP)
    content = only(raw.replace(b"Subject: Accepted", b"Subject: Out of office"))
    assert isinstance(content, AutoReply)


def test_a_server_without_a_name_says_by_its_status_that_it_is_one() -> None:
    raw = mail("Your message to bob@bob.example was refused: 550 5.7.1", "Return-Path: <>", to=VERP)
    content = only(raw)
    assert isinstance(content, Bounce)
    assert (content.action, content.status) == ("failed", "5.7.1")


def test_words_of_a_server_elsewhere_than_at_the_way_back_are_no_bounce() -> None:
    assert not isinstance(only(mail(QMAIL, sender=DAEMON)), Bounce)


def test_what_a_server_says_is_cut_and_printable() -> None:
    content = only(report(POSTFIX.replace("User unknown", "\x1b[31m" + "x" * 900)))
    assert isinstance(content, Bounce)
    assert len(content.text) == 300
    assert content.text.isprintable()


STAMPS = [
    (GENUINE, True),
    (f"{OUR_SERVER}; dkim=pass header.d=bob.example header.i=@bob.example", True),
    (f"{OUR_SERVER} 1; dkim=fail; spf=pass smtp.mailfrom=bounces@bob.example", True),
    (f"{OUR_SERVER.upper()}; DKIM=Pass (2048-bit key; unprotected) header.d=BOB.example", True),
    (f"{OUR_SERVER}; dkim=pass header.d=example", False),
    (f"{OUR_SERVER}; dkim=pass header.d=evil.example", False),
    (f"{OUR_SERVER}; dkim=pass header.d=notbob.example", False),
    (f"{OUR_SERVER}; dkim=fail header.d=bob.example; spf=softfail smtp.mailfrom=bob.example; dmarc=fail", False),
    (f"{OUR_SERVER}; spf=pass smtp.helo=bob.example", False),
    (f"{OUR_SERVER}; none", False),
    (f"{OUR_SERVER}", False),
    ("evil.example; dkim=pass header.d=bob.example", False),
    (f"evil.{OUR_SERVER}; dkim=pass header.d=bob.example", False),
    # A stranger's own words, quoted or remarked on by our server, prove nothing.
    (f'{OUR_SERVER}; spf=pass smtp.mailfrom="x; dkim=pass header.d=bob.example"@evil.example', False),
    (f"{OUR_SERVER}; spf=pass (helo=x; dkim=pass header.d=bob.example) smtp.mailfrom=evil.example", False),
    (f'{OUR_SERVER}; spf=pass (helo=") smtp.mailfrom="; dkim=pass header.d=bob.example"@evil.example', False),
    (f'{OUR_SERVER}; spf=pass (a (b) ") smtp.mailfrom="; dkim=pass header.d=bob.example"@evil.example', False),
    ("", False),
]


@pytest.mark.parametrize(("stamp", "is_vouched"), STAMPS)
def test_only_what_our_own_server_found_vouches_for_a_sender(stamp: str, is_vouched: bool) -> None:
    raw = mail("Hello", f"Authentication-Results: {stamp}")
    assert incoming.read(raw, authserv_id=OUR_SERVER).envelope.is_vouched is is_vouched


def test_what_stands_below_our_stamp_came_with_the_message() -> None:
    ours, forged = f"Authentication-Results: {OUR_SERVER}; dkim=none", f"Authentication-Results: {GENUINE}"
    for fields, is_vouched in (((ours, forged), False), ((forged.replace(OUR_SERVER, "other"), forged), True)):
        assert incoming.read(mail("Hello", *fields), authserv_id=OUR_SERVER).envelope.is_vouched is is_vouched


def test_the_domain_above_vouches_for_the_one_below_it() -> None:
    raw = mail("Hello", f"Authentication-Results: {GENUINE}", sender="bob@mail.bob.example")
    assert incoming.read(raw, authserv_id=OUR_SERVER).envelope.is_vouched
    raw = mail("Hello", f"Authentication-Results: {OUR_SERVER}; dkim=pass header.d=evil.bob.example")
    assert not incoming.read(raw, authserv_id=OUR_SERVER).envelope.is_vouched
