"""What came goes on to the organizer: mail once a day from each person, answers once an hour of each conference."""

import email
import email.policy
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cabinet.models import User
from conferences.models import Change, Conference
from invitations import claims, erasing, letters, outbox
from invitations.incoming_mail import IncomingMail
from invitations.inviting import withdraw
from invitations.models import Delivery, Invitation, PartStat, Reply
from invitations.passing_on import pass_on
from tests.factories import make_conference, make_invitation

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
    assert "/profile/" not in text
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


# ANSWERS

YES, PERHAPS, NO = PartStat.ACCEPTED, PartStat.TENTATIVE, PartStat.DECLINED


def answer(person: Invitation, partstat: PartStat = YES, comment: str = "", minutes: float = 0, **said: Any) -> Reply:
    """An answer so many minutes from now."""
    now = timezone.now() + timedelta(minutes=minutes)
    return person.respond(partstat, comment, now, **said)


def invited(conference: Conference, number: int = 0) -> Invitation:
    return make_invitation(conference, f"guest{number}@example.org", f"Guest {number}")


def text_of(news: Delivery) -> str:
    return letters.compose(news, timezone.now()).text


def told(minutes: float) -> list[list[str]]:
    """What each letter that organizers were ever sent says, so many minutes from now."""
    return [[str(reply.partstat) for reply in news.answers.order_by("pk")] for news in passed_on(minutes)]


def test_a_burst_of_answers_is_one_letter_two_minutes_after_the_last(conference: Conference) -> None:
    answer(invited(conference, 1), YES)
    answer(invited(conference, 2), NO, minutes=1.5)
    assert told(3) == []
    assert told(3.6) == [["ACCEPTED", "DECLINED"]]
    assert told(4) == [["ACCEPTED", "DECLINED"]]


def test_after_the_first_letter_there_is_one_an_hour(conference: Conference) -> None:
    answer(invited(conference, 1), YES)
    told(3)
    answer(invited(conference, 2), NO, minutes=4)
    other = make_conference(conference.organizer)
    answer(invited(other), PERHAPS, minutes=4)
    assert told(50) == [["ACCEPTED"], ["TENTATIVE"]]
    assert told(63) == [["ACCEPTED"], ["TENTATIVE"], ["DECLINED"]]


def test_people_who_never_cease_to_answer_keep_no_letter_back(conference: Conference) -> None:
    for number in range(61):
        answer(invited(conference, number), YES, minutes=number)
    assert told(59.5) == []
    assert told(60.5) == [["ACCEPTED"] * 59]


def test_a_corrected_answer_appears_once_with_the_last_word(conference: Conference) -> None:
    person = invited(conference)
    for minutes, partstat in ((0, YES), (0.5, PERHAPS), (1.8, NO)):
        answer(person, partstat, minutes=minutes)
    assert told(4) == [["DECLINED"]]
    assert Reply.objects.filter(untold_since__isnull=False).count() == 0


def test_an_answer_that_came_late_and_does_not_count_is_no_news(conference: Conference) -> None:
    person = invited(conference)
    answer(person, YES)
    answer(person, NO, at=timezone.now() - timedelta(hours=1), source=Reply.Source.MAIL)
    assert told(3) == [["ACCEPTED"]]


def test_what_the_organizer_confirmed_is_no_news_to_them(conference: Conference) -> None:
    answer(invited(conference), NO, source=Reply.Source.ORGANIZER)
    assert told(3) == []


def test_answers_of_who_is_not_invited_any_more_or_to_the_time_before_are_no_news(conference: Conference) -> None:
    gone, asked_anew = invited(conference, 1), invited(conference, 2)
    for person in (gone, asked_anew):
        answer(person)
    withdraw(gone, timezone.now())
    changed = {"duration": timedelta(hours=2)}
    conference.change(conference.organizer, changed, seen_sequence=0, tell=Change.Tell.ALL, now=timezone.now())
    assert told(3) == []


def test_who_does_not_want_to_be_told_is_not_told_later_of_what_was_before(conference: Conference) -> None:
    organizers = User.objects.filter(pk=conference.organizer_id)
    organizers.update(wants_answers=False)
    answer(invited(conference, 1))
    came(conference)
    assert told(3) == [[]]  # mail is passed on all the same
    organizers.update(wants_answers=True)
    assert told(4) == [[]]


def test_the_letter_names_who_comes_last_and_says_whose_answer_looks_automatic(conference: Conference) -> None:
    coming, not_coming, robot = (invited(conference, number) for number in range(3))
    answer(coming, YES, HOSTILE)
    answer(not_coming, NO)
    answer(robot, NO)
    answer(robot, YES, minutes=0.01)
    invited(conference, 4)
    (news,) = passed_on(3)
    letter = letters.compose(news, timezone.now())
    assert letter.subject.startswith("Answers: Quarterly planning")
    words = (
        "3 people answered", "Guest 2", "Accepted", "this one may come from a mail scanner", "Guest 1", "Declined",
        "Guest 0", "Accepted", HOSTILE, "Accepted: 2. Tentative: 0. Declined: 1. No answer yet: 1.",
    )  # fmt: skip
    places = [letter.text.index(word) for word in words]
    assert places[1] < places[3] < places[4] < places[6] < places[8] < places[9]
    assert HOSTILE not in letter.html
    for word in ("3 people answered", f"/conferences/{conference.pk}/", "/profile/"):
        assert word in letter.text
        assert word in letter.html


def test_an_answer_to_one_date_names_it(alice: User) -> None:
    start = datetime.combine(date(2031, 3, 3), datetime.min.time().replace(hour=10))
    series = make_conference(alice, start=start, rule="FREQ=WEEKLY;COUNT=3")
    person = invited(series)
    answer(person, YES)
    for partstat, minutes in ((YES, 0.1), (NO, 1.5)):
        answer(person, partstat, minutes=minutes, original_date=date(2031, 3, 10))
    (news,) = passed_on(4)
    text = text_of(news)
    assert "One person answered" in text
    assert "Accepted\n> Declines Monday 10 March 2031" in text
    assert "Accepts" not in text


def test_at_most_fifty_people_are_named(conference: Conference) -> None:
    for number in range(53):
        answer(invited(conference, number))
    (news,) = passed_on(3)
    text = text_of(news)
    assert text.count("@example.org") == 50 + 1  # and whose letter it is
    assert "And 3 more: see the list." in text


def test_answers_and_mail_that_are_due_are_one_letter(conference: Conference) -> None:
    answer(invited(conference))
    came(conference)
    (news,) = passed_on(3)
    text = text_of(news)
    assert text.index("One message came by mail") < text.index("One person answered")
    assert text.index("Which room?") < text.index("Guest 0")


def test_the_letter_is_in_the_organizers_language(conference: Conference) -> None:
    User.objects.filter(pk=conference.organizer_id).update(language="de")
    answer(invited(conference), NO)
    (news,) = passed_on(3)
    assert "Eine Person hat geantwortet" in text_of(news)


def test_a_letter_about_somebody_who_was_erased_is_not_sent(conference: Conference) -> None:
    person = invited(conference)
    answer(person)
    assert len(passed_on(3)) == 1
    erasing.erase(person, timezone.now())
    assert not claims.claim("worker", timezone.now() + timedelta(minutes=1), 10)
    assert told(5) == [[]]
