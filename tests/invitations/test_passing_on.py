"""What came by mail goes on to the organizer: once a day from each person, and never because a program wrote."""

import email
import email.policy
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cabinet.models import User
from conferences.models import Conference
from invitations import claims, letters, outbox
from invitations.incoming_mail import IncomingMail
from invitations.models import Delivery
from invitations.passing_on import pass_on
from tests.factories import make_conference

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice)


def came(conference: Conference, minutes: float = 0, **facts: Any) -> IncomingMail:
    at = timezone.now() + timedelta(minutes=minutes)
    given = {"kind": "words", "address": "bob@example.org", "text": "Which room?", "received_at": at}
    return conference.incoming_mail.create(**given | facts)


def passed_on(minutes: float) -> list[Delivery]:
    """All that organizers were ever sent, so many minutes from now."""
    pass_on(timezone.now() + timedelta(minutes=minutes))
    return list(Delivery.objects.order_by("pk"))


def test_what_somebody_writes_in_one_go_is_one_letter_to_the_organizer(conference: Conference) -> None:
    first, second = came(conference), came(conference, 1)
    assert not passed_on(2.5)
    (news,) = passed_on(3.5)
    assert (news.kind, news.address, news.invitation) == ("news", "alice@example.org", None)
    assert list(news.mail.order_by("pk")) == [first, second]
    assert passed_on(4) == [news]


def test_one_person_is_passed_on_once_a_day_and_others_are_not_kept_waiting(conference: Conference) -> None:
    came(conference)
    passed_on(3)
    came(conference, 10)
    came(conference, 10, address="charlie@example.org")
    assert [news.mail.get().address for news in passed_on(15)] == ["bob@example.org", "charlie@example.org"]
    assert len(passed_on(24 * 60 + 5)) == 3


def test_what_took_the_place_of_something_told_is_told_a_day_later(conference: Conference) -> None:
    mail = came(conference, kind="time")
    (first,) = passed_on(3)
    conference.incoming_mail.update(received_at=timezone.now() + timedelta(minutes=10))
    assert passed_on(15) == [first]
    _first, second = passed_on(24 * 60 + 5)
    assert list(second.mail.all()) == [mail]


def test_what_was_decided_is_no_news(conference: Conference) -> None:
    came(conference, decided_at=timezone.now())
    assert not passed_on(5)


def test_the_letter_says_who_wrote_what_and_where_to_decide(conference: Conference) -> None:
    start = conference.starts_at
    came(conference, name="Bob B.", text=HOSTILE)
    came(
        conference, kind="time", address="dan@example.org", starts_at=start, ends_at=start + timedelta(hours=2), text=""
    )
    (news,) = passed_on(3)
    message: Any = email.message_from_bytes(letters.message(news, timezone.now()), policy=email.policy.default)
    text, html = (message.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert message["Subject"].startswith("Came by mail: Quarterly planning")
    for words in (
        "2 messages came by mail",
        "Bob B. (bob@example.org)",
        "proposes another time",
        "10:00–12:00",
        "#came-by-mail",
    ):
        assert words in text
    assert HOSTILE in text
    assert HOSTILE not in html


def test_a_letter_whose_mail_is_gone_is_not_sent(conference: Conference) -> None:
    came(conference).delete()
    outbox.queue_news(conference, [], now=timezone.now())
    assert not claims.claim("worker", timezone.now() + timedelta(minutes=1), 10)
