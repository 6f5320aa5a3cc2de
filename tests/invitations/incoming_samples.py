"""Messages as mail programs and mail servers write them, made from the standards: Bob answers Alice."""

from datetime import UTC, datetime

from django.conf import settings

from invitations.models import Invitation

TOKEN = "a" * 25 + "2"
LETTER = "b" * 25 + "3"
UID = "0d6e35e7-4f2a-4a38-9d6b-0c2f8f1f5f11@meet.example.org"
OUR_SERVER = "mx.example.org"
RSVP = f"rsvp+{TOKEN}@example.org"
VERP = f"b+{LETTER}@example.org"
GENUINE = f"{OUR_SERVER}; dmarc=pass (p=none) header.from=bob.example"


def mail(body: str, *fields: str, sender: str = "Bob <bob@bob.example>", to: str = RSVP, type_: str = "") -> bytes:
    """A message of Bob; `fields` are more header lines, written first."""
    head = [
        *fields,
        f"From: {sender}",
        f"To: Alice <{to}>",
        "Subject: Accepted: Planning",
        "Date: Mon, 01 Mar 2027 10:00:00 +0000",
        "Message-ID: <answer@bob.example>",
        "MIME-Version: 1.0",
        f"Content-Type: {type_ or 'text/plain; charset=utf-8'}",
    ]
    return ("\n".join(head) + "\n\n" + body).replace("\n", "\r\n").encode()


def calendar(*event: str, method: str = "REPLY", prodid: str = "-//Test//EN", zones: str = "") -> str:
    """A calendar object with one event: the lines given, after what every answer says."""
    lines = ["BEGIN:VCALENDAR", f"PRODID:{prodid}", "VERSION:2.0", *filter(None, [method and f"METHOD:{method}"])]
    return "\n".join([*lines, *filter(None, [zones]), "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR", ""])


def event(*more: str, partstat: str = "ACCEPTED", attendee: str = "mailto:bob@bob.example") -> list[str]:
    """The lines of Bob's answer."""
    return [
        f"UID:{UID}",
        "DTSTAMP:20270301T100000Z",
        "SEQUENCE:3",
        f"ATTENDEE;CN=Bob;PARTSTAT={partstat}:{attendee}",
        *more,
    ]


def parts(*contents: tuple[str, str], fields: tuple[str, ...] = (), limit: str = "limit", type_: str = "") -> bytes:
    """A message of several parts, each with its type (and more header lines) and its text."""
    texts = [f"--{limit}\nContent-Type: {head}\n\n{text}\n" for head, text in contents]
    body = "".join([*texts, f"--{limit}--\n"])
    return mail(body, *fields, type_=f'{type_ or "multipart/alternative"}; boundary="{limit}"')


def with_calendar(text: str, *fields: str) -> bytes:
    """As nearly all programs send it: words, and beside them the calendar object."""
    plain = ("text/plain; charset=utf-8", "Bob has accepted.")
    return parts(plain, ("text/calendar; charset=utf-8; method=REPLY", text), fields=fields)


def answer_to(invitation: Invitation, partstat: str = "ACCEPTED", message_id: str = "<answer@bob.example>") -> bytes:
    """The person's own answer to their invitation, by mail, and genuine."""
    conference, address = invitation.conference, invitation.address
    lines = [
        f"UID:{conference.uid}",
        f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        f"SEQUENCE:{conference.sequence}",
        f"ATTENDEE;PARTSTAT={partstat}:mailto:{address}",
    ]
    raw = with_calendar(calendar(*lines), f"Authentication-Results: {OUR_SERVER}; dkim=pass header.d=example.org")
    for mine, theirs in (
        (RSVP, f"rsvp+{conference.reply_token}@{settings.MAIL_DOMAIN}"),
        ("bob@bob.example", address),
        ("<answer@bob.example>", message_id),
    ):
        raw = raw.replace(mine.encode(), theirs.encode())
    return raw
