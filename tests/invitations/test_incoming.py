"""What a message that comes in is."""

from datetime import UTC, datetime

import pytest

from invitations import incoming
from invitations.incoming import Answer, Content, Nothing
from tests.invitations.incoming_samples import GENUINE, OUR_SERVER, TOKEN, UID, calendar, event, mail, with_calendar


def only(raw: bytes) -> Content:
    """The one thing that a message says."""
    [content] = incoming.read(raw, authserv_id=OUR_SERVER).contents
    return content


def test_an_answer_says_who_which_and_when() -> None:
    raw = with_calendar(calendar(*event("COMMENT:Ten minutes late")), f"Authentication-Results: {GENUINE}")
    found = incoming.read(raw, authserv_id=OUR_SERVER)
    assert found.contents == (
        Answer(
            uid=UID, attendee="bob@bob.example", name="Bob", sequence=3, stamp=datetime(2027, 3, 1, 10, tzinfo=UTC),
            comment="Ten minutes late", partstat="ACCEPTED",
        ),
    )  # fmt: skip
    envelope = found.envelope
    assert (envelope.sender, envelope.name, envelope.is_vouched) == ("bob@bob.example", "Bob", True)
    assert envelope.reply_tokens == (TOKEN,)


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL", "ADD", "PUBLISH"])
def test_what_only_the_organizer_may_say_changes_nothing(method: str) -> None:
    assert isinstance(only(with_calendar(calendar(*event(), method=method))), Nothing)


def test_words_are_what_stands_above_the_quote() -> None:
    content = only(mail("I shall bring cake.\n\nOn Monday Alice wrote:\n> Are you coming?\n"))
    assert isinstance(content, incoming.Words)
    assert (content.subject, content.text) == ("Accepted: Planning", "I shall bring cake.")
