"""Where answers and letters that came back go to: with a mailbox for answers, without one, and when that changes."""

import email
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from icalendar import Calendar

from cabinet.models import User
from conferences.models import Conference
from invitations import letters, objects, senders
from invitations.inviting import invite
from invitations.models import Delivery, Invitation
from tests.factories import make_conference

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(params=[False, True])
def here(request: pytest.FixtureRequest, settings: Any) -> bool:
    """Whether answers by mail come in here."""
    settings.MAIL_DOMAIN, settings.MAIL_FROM = "cabinet.example", "invite@cabinet.example"
    settings.ANSWERS_BY_MAIL = request.param
    return bool(request.param)


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, start=datetime(2027, 3, 8, 10))


def invited(conference: Conference, address: str = "bob@example.org") -> Delivery:
    invite(conference, [("", address)], by=conference.organizer, submission_id=uuid4(), now=NOW)
    return Delivery.objects.latest("pk")


def addresses(delivery: Delivery) -> tuple[str, str]:
    """Reply-To, and ORGANIZER of the calendar object."""
    message = email.message_from_bytes(letters.message(delivery, NOW))
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    text: Any = part.get_payload(decode=True)
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert event["ORGANIZER"].params["CN"] == "Alice Adams"
    return str(message["Reply-To"]), str(event["ORGANIZER"]).removeprefix("mailto:")


def test_answers_go_where_they_are_read(here: bool, conference: Conference) -> None:
    delivery = invited(conference)
    expected = f"rsvp+{conference.reply_token}@cabinet.example" if here else "alice@example.org"
    assert addresses(delivery) == (f'"Alice Adams" <{expected}>', expected)
    local = delivery.message_id[1:].partition("@")[0]
    assert senders.way_back(delivery) == (f"b+{local}@cabinet.example" if here else "invite@cabinet.example")


def test_whoever_was_asked_once_answers_to_the_same_address_for_ever(
    here: bool, conference: Conference, settings: Any
) -> None:
    first = addresses(invited(conference))
    settings.ANSWERS_BY_MAIL = not here
    conference.organizer.email = "alice@elsewhere.example"
    conference.organizer.save()
    assert addresses(invited(Conference.objects.get(), "dan@example.org")) == first


def test_organizers_who_invite_themselves_get_buttons_unless_they_read_the_answers(
    here: bool, conference: Conference
) -> None:
    invited(conference, "Alice@example.org")
    assert objects.has_object(Invitation.objects.get()) == here


@pytest.mark.parametrize(
    ("was_here", "is_here", "words"),
    [
        (True, True, "by the link in the invitation are shown here"),
        (True, False, "not read at present"),
        (False, True, "reach your mailbox"),
        (False, False, "reach your mailbox"),
    ],
)
def test_the_page_says_where_answers_go(
    conference: Conference, settings: Any, was_here: bool, is_here: bool, words: str
) -> None:
    settings.ANSWERS_BY_MAIL = was_here
    senders.settle_address(conference)
    settings.ANSWERS_BY_MAIL = is_here
    page = render_to_string("invitations/_where_answers_go.html", {"conference": conference})
    assert words in " ".join(page.split())
