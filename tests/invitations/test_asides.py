"""What organizers say besides: messages to invited people, and the question once more."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from cabinet.models import User
from conferences.choices import Tell
from conferences.models import Conference
from invitations import asides, letters, outbox
from invitations.asides import To
from invitations.inviting import OtherSubmissionError
from invitations.ledger import Ledger
from invitations.models import ClosedError, Delivery, Invitation, PartStat, Way
from invitations.outbox import Kind, State
from invitations.silence import Silence
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation
from tests.invitations.deliveries import FAILED, SENT, change, owe, try_all
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db


@pytest.fixture
def conference(alice: User) -> Conference:
    """Bob has not answered, Dora accepted, Erik declined, Frank is told by hand; all letters have gone out."""
    conference = make_conference(alice)
    _bob, dora, erik = owe(conference, "bob", "dora", "erik")
    make_invitation(conference, "frank@example.org", "Frank", way=Way.HAND)
    try_all(SENT)
    dora.respond(PartStat.ACCEPTED, "", timezone.now())
    erik.respond(PartStat.DECLINED, "", timezone.now())
    return conference


def of_kind(kind: Delivery.Kind) -> list[str]:
    rows = Delivery.objects.filter(kind=kind).order_by("address")
    return [address.partition("@")[0] for address in rows.values_list("address", flat=True)]


def send(conference: Conference, text: str = "Bring tea", to: To = To.ALL, **given: Any) -> int:
    given = dict[str, Any](by=conference.organizer, message_id=uuid4(), now=timezone.now()) | given
    return asides.send(conference, text, to, **given)


# MESSAGES


@pytest.mark.parametrize(
    ("to", "people"), [(To.ALL, ["bob", "dora", "erik"]), (To.COMING, ["bob", "dora"]), (To.SILENT, ["bob"])]
)
def test_a_message_goes_to_those_it_is_for(conference: Conference, to: To, people: list[str]) -> None:
    assert asides.audience(conference)[to] == send(conference, to=to) == len(people)
    assert of_kind(Kind.MESSAGE) == people
    assert try_all(SENT) == len(people)


def test_the_same_press_sends_once_and_with_other_words_is_an_error(conference: Conference) -> None:
    press = uuid4()
    assert [send(conference, message_id=press) for _press in range(2)] == [3, 3]
    with pytest.raises(OtherSubmissionError):
        send(conference, "Bring coffee", message_id=press)
    send(conference, "Bring coffee")
    assert of_kind(Kind.MESSAGE) == ["bob", "bob", "dora", "dora", "erik", "erik"]


@pytest.mark.django_db(transaction=True)
def test_ten_presses_at_once_send_once() -> None:
    conference = make_conference()
    owe(conference)
    press = uuid4()
    in_parallel(10, lambda _press: send(conference, message_id=press))
    assert of_kind(Kind.MESSAGE) == ["bob"]


def test_who_wants_no_letters_gets_none_and_is_not_counted(conference: Conference) -> None:
    Silence.objects.begin("bob@example.org", timezone.now())
    assert asides.audience(conference) == {To.ALL: 2, To.COMING: 1, To.SILENT: 0}
    assert send(conference) == 2


def test_a_message_is_allowed_after_a_cancellation_and_not_a_month_after_the_end(conference: Conference) -> None:
    conference.cancel(conference.organizer, timezone.now(), tell=Tell.ALL)
    assert send(conference) == 3
    assert conference.over_at
    late = conference.over_at + timedelta(days=31)
    with pytest.raises(ClosedError):
        send(conference, now=late)


def test_who_was_withdrawn_meanwhile_gets_nothing(conference: Conference) -> None:
    send(conference)
    Invitation.objects.filter(name="Bob").update(withdrawn_at=timezone.now())
    assert try_all(SENT) == 2


def test_the_letter_frames_the_words_and_makes_no_link_of_them(conference: Conference) -> None:
    send(conference, "See https://evil.example <b>now</b>", to=To.SILENT)
    letter = letters.compose(Delivery.objects.get(kind=Kind.MESSAGE), timezone.now())
    assert letter.subject.startswith("Message: Quarterly planning — ")
    assert "> See https://evil.example <b>now</b>" in letter.text
    assert "Message from Alice Adams (alice@example.org), not checked by" in letter.text
    assert 'href="https://evil.example' not in letter.html
    assert "&lt;b&gt;now&lt;/b&gt;" in letter.html
    assert (letter.calendar, letter.method) == (None, None)


def test_the_page_says_how_many_get_it_then_sends(as_alice: Client, conference: Conference) -> None:
    url = f"/conferences/{conference.pk}/messages/"
    page = as_alice.get(url)
    assert "Everybody who is invited: 3 people get an e-mail" in text_of(page)
    assert "Whoever has not answered yet: 1 person gets an e-mail" in text_of(page)
    press = {"message_id": str(page.context["form"]["message_id"].value()), "to": "silent", "text": "Bring tea"}
    assert "The message goes to 1 person." in text_of(as_alice.post(url, press, follow=True))
    again = as_alice.post(url, press | {"text": "Bring coffee"})
    assert (again.status_code, of_kind(Kind.MESSAGE)) == (409, ["bob"])
    assert "You have sent this page before, with other words." in text_of(again)
    retry = {name: again.context["form"][name].value() for name in ("message_id", "to", "text")}
    assert as_alice.post(url, retry).status_code == 302


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"text": ""}, "Write a message"),
        ({"text": "x" * 2001}, "Message must be 2000 characters or shorter"),
        ({"text": "http://a http://b http://c www.d"}, "Use at most 3 links in a message"),
        ({"to": "everybody"}, "Choose one of the options"),
    ],
)
def test_what_a_message_may_not_be(as_alice: Client, conference: Conference, sent: dict[str, str], words: str) -> None:
    press = {"message_id": str(uuid4()), "to": "all", "text": "Bring tea"} | sent
    assert words in text_of(as_alice.post(f"/conferences/{conference.pk}/messages/", press))
    assert of_kind(Kind.MESSAGE) == []


def test_a_message_that_did_not_arrive_is_trouble_and_can_be_sent_again(conference: Conference) -> None:
    send(conference, to=To.SILENT)
    try_all(FAILED)
    (bob,) = Invitation.objects.filter(name="Bob")
    (line,) = [line for line in Ledger(conference, timezone.now()).page().object_list if line.invitation == bob]
    assert (line.status, line.about) == ("undelivered", "This letter is a message")
    assert outbox.send_again(bob, now=timezone.now())
    assert try_all(SENT) == 1
    assert Ledger(conference, timezone.now()).tally["sent"] == 1


# THE QUESTION ONCE MORE


def test_who_has_not_answered_is_asked_again_once_a_day(conference: Conference) -> None:
    now = timezone.now()
    assert asides.to_ask(conference, now).count() == 1
    assert [asides.ask_again(conference, now) for _press in range(2)] == [1, 0]
    assert of_kind(Kind.QUESTION) == ["bob"]
    try_all(SENT)
    Delivery.objects.update(created_at=now - timedelta(hours=25))
    assert asides.ask_again(conference, now) == 1
    assert of_kind(Kind.QUESTION) == ["bob", "bob"]


def test_whose_last_letter_came_back_is_not_asked(conference: Conference) -> None:
    Delivery.objects.update(state=State.BOUNCED)
    assert asides.ask_again(conference, timezone.now()) == 0


def test_who_wants_no_letters_is_not_asked(conference: Conference) -> None:
    before = asides.to_ask(conference, timezone.now()).count()
    Silence.objects.begin(asides.to_ask(conference, timezone.now())[0].address, timezone.now())
    assert asides.to_ask(conference, timezone.now()).count() == before - 1


@pytest.mark.django_db(transaction=True)
def test_ten_presses_at_once_ask_once() -> None:
    conference = make_conference()
    owe(conference)
    try_all(SENT)
    in_parallel(10, lambda _press: asides.ask_again(conference, timezone.now()))
    assert of_kind(Kind.QUESTION) == ["bob"]


def test_the_question_has_the_same_sequence_a_newer_stamp_and_words_of_its_own(conference: Conference) -> None:
    asides.ask_again(conference, timezone.now())
    row = Delivery.objects.get(kind=Kind.QUESTION)
    letter = letters.compose(row, timezone.now())
    assert letter.subject.startswith("Will you come? Quarterly planning — ")
    for part in (letter.text, letter.html):
        assert "Alice Adams asks you once more" in part
        assert "You have not answered yet. Will you take part?" in part
    assert letter.method == "REQUEST"
    assert letter.calendar
    assert b"SEQUENCE:0\r\n" in letter.calendar
    assert (row.sequence, row.state) == (0, State.QUEUED)


def test_nobody_is_asked_while_a_letter_is_on_its_way_or_due(conference: Conference) -> None:
    now = timezone.now()
    change(conference)
    assert asides.ask_again(conference, now) == 0
    conference.changes.update(announced_at=now)
    assert asides.ask_again(conference, now) == 1
    conference.cancel(conference.organizer, now, tell=Tell.ALL)
    assert asides.ask_again(conference, now) == 0


def test_a_change_overtakes_the_question(conference: Conference) -> None:
    asides.ask_again(conference, timezone.now())
    change(conference)
    try_all(SENT)
    assert Delivery.objects.get(kind=Kind.QUESTION).state == State.SUPERSEDED


def test_the_button_says_how_many_and_the_list_that_they_were_asked(as_alice: Client, conference: Conference) -> None:
    assert "Remind 1 person" in text_of(as_alice.get(f"/conferences/{conference.pk}/"))
    page = as_alice.post(f"/conferences/{conference.pk}/questions/", follow=True)
    assert "1 person is asked once more." in text_of(page)
    try_all(SENT)
    assert "Asked once more" in text_of(as_alice.get(f"/conferences/{conference.pk}/invitations/"))
    assert "Remind 1 person" not in text_of(as_alice.get(f"/conferences/{conference.pk}/"))
