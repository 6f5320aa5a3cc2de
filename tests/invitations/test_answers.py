"""Which answer counts: of several, in whatever order they come, to the whole of a series and to single dates of it."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cabinet.models import User
from conferences.models import Change, Conference, Occurrence
from invitations import answers
from invitations.inviting import withdraw
from invitations.models import AheadError, ClosedError, Delivery, Invitation, PartStat, Reply
from tests.factories import make_conference, make_invitation

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
YES, PERHAPS, NO = PartStat.ACCEPTED, PartStat.TENTATIVE, PartStat.DECLINED
FIRST, SECOND, THIRD = date(2027, 3, 8), date(2027, 3, 15), date(2027, 3, 22)


@pytest.fixture
def conference(alice: User) -> Conference:
    """Every Monday at ten, three times."""
    return make_conference(alice, start=datetime(2027, 3, 8, 10), rule="FREQ=WEEKLY;COUNT=3")


@pytest.fixture
def bobs(conference: Conference) -> Invitation:
    invitation = make_invitation(conference)
    Invitation.objects.update(created_at=NOW - timedelta(days=1))
    return invitation


def by_mail(invitation: Invitation, answer: PartStat, minutes: float, **said: Any) -> Reply:
    """An answer that came by mail and was said so many minutes after NOW."""
    at = NOW + timedelta(minutes=minutes)
    facts: dict[str, Any] = {"source": Reply.Source.MAIL, "sequence": 0, "at": at} | said
    return invitation.respond(answer, "", NOW + timedelta(hours=1), **facts)


def counts(invitation: Invitation) -> str:
    return str(Invitation.objects.with_answer().get(pk=invitation.pk).answer)


def to_dates(invitation: Invitation) -> dict[date, str]:
    found = answers.to_dates([invitation]).get(invitation.pk, {})
    return {day: reply.partstat for day, reply in found.items()}


def edit(conference: Conference, **fields: Any) -> None:
    by, tell = conference.organizer, Change.Tell.ALL
    conference.change(by, fields, seen_sequence=conference.sequence, tell=tell, now=NOW)


def move(conference: Conference, day: date, hour: int) -> None:
    row = Occurrence.objects.get(conference=conference, original_date=day)
    when = row.facts() | {"start_date": day, "start_time": datetime(2027, 1, 1, hour).time(), "duration": row.duration}
    row.move(conference.organizer, when, seen_sequence=conference.sequence, tell=Change.Tell.ALL)
    conference.refresh_from_db()


# ORDER


def test_an_answer_that_was_said_earlier_is_kept_and_does_not_count(bobs: Invitation) -> None:
    by_mail(bobs, YES, 10)
    by_mail(bobs, NO, 5)
    assert counts(bobs) == "ACCEPTED"
    assert set(bobs.replies.values_list("partstat", "at")) == {
        ("ACCEPTED", NOW + timedelta(minutes=10)),
        ("DECLINED", NOW + timedelta(minutes=5)),
    }


def test_answers_by_mail_and_on_the_page_join_one_order(bobs: Invitation) -> None:
    bobs.respond(NO, "", NOW)
    by_mail(bobs, YES, -5)
    assert counts(bobs) == "DECLINED"
    by_mail(bobs, YES, 5)
    assert counts(bobs) == "ACCEPTED"


def test_what_is_said_on_the_page_is_the_last_word_whatever_the_clock_of_a_mail_program_says(bobs: Invitation) -> None:
    by_mail(bobs, YES, 300)
    bobs.respond(NO, "", NOW)
    assert counts(bobs) == "DECLINED"


def test_a_time_of_day_after_tomorrow_is_when_it_came(bobs: Invitation) -> None:
    received = NOW + timedelta(hours=1)
    assert by_mail(bobs, YES, 60 + 24 * 60).at == received + timedelta(hours=24)
    assert by_mail(bobs, YES, 61 + 24 * 60).at == received


def test_an_answer_to_the_earlier_time_is_kept_as_that(conference: Conference, bobs: Invitation) -> None:
    edit(conference, duration=timedelta(hours=2))
    by_mail(bobs, YES, 5, sequence=0)
    bobs.refresh_from_db()
    assert (counts(bobs), bobs.partstat, bobs.answered_sequence) == ("NEEDS-ACTION", "ACCEPTED", 0)


@pytest.mark.parametrize("is_first", [True, False])
def test_an_answer_to_the_newest_time_stands_whenever_one_to_the_earlier_was_said(
    conference: Conference, bobs: Invitation, is_first: bool
) -> None:
    edit(conference, duration=timedelta(hours=2))
    said: list[Any] = [(YES, 5, 1), (NO, 10, 0)]
    for answer, minutes, sequence in said if is_first else said[::-1]:
        by_mail(bobs, answer, minutes, sequence=sequence)
    assert counts(bobs) == "ACCEPTED"


def test_other_words_leave_answers_to_the_state_before_in_order(conference: Conference, bobs: Invitation) -> None:
    edit(conference, topic="Other words")
    by_mail(bobs, YES, 5, sequence=1)
    by_mail(bobs, NO, 10, sequence=0)
    assert counts(bobs) == "DECLINED"


def test_without_a_sequence_the_newest_letter_before_it_was_answered(conference: Conference, bobs: Invitation) -> None:
    for sequence, minutes in ((0, 0), (1, 20)):
        Delivery.objects.create(
            invitation=bobs, conference=conference, address=bobs.address, kind="update", sequence=sequence,
            state="sent", composed_at=NOW + timedelta(minutes=minutes), give_up_at=NOW, message_id="<a@example.org>",
        )  # fmt: skip
    edit(conference, duration=timedelta(hours=2))
    assert by_mail(bobs, YES, 19, sequence=None).sequence == 0
    assert counts(bobs) == "NEEDS-ACTION"
    assert by_mail(bobs, YES, 21, sequence=None).sequence == 1
    assert counts(bobs) == "ACCEPTED"


def test_a_state_that_never_was_has_no_answer(bobs: Invitation) -> None:
    with pytest.raises(AheadError):
        by_mail(bobs, YES, 5, sequence=1)
    assert not Reply.objects.exists()


def test_an_older_answer_does_not_correct_a_newer_one(bobs: Invitation) -> None:
    by_mail(bobs, YES, 5)
    by_mail(bobs, NO, 4.5)
    assert set(bobs.replies.values_list("partstat", flat=True)) == {"ACCEPTED", "DECLINED"}


def test_what_the_organizer_confirmed_corrects_no_answer_of_the_person(bobs: Invitation) -> None:
    by_mail(bobs, YES, 5)
    by_mail(bobs, NO, 5.5, source=Reply.Source.ORGANIZER)
    assert bobs.replies.count() == 2


# SINGLE DATES


def test_an_answer_to_one_date_leaves_the_answer_to_the_whole(bobs: Invitation) -> None:
    by_mail(bobs, YES, 5)
    by_mail(bobs, NO, 10, original_date=SECOND)
    assert counts(bobs) == "ACCEPTED"
    assert to_dates(bobs) == {SECOND: "DECLINED"}


def test_the_newest_answer_to_each_date_stands(bobs: Invitation) -> None:
    by_mail(bobs, NO, 10, original_date=SECOND)
    by_mail(bobs, YES, 5, original_date=SECOND)
    by_mail(bobs, PERHAPS, 7, original_date=FIRST)
    assert list(to_dates(bobs).items()) == [(FIRST, "TENTATIVE"), (SECOND, "DECLINED")]


def test_an_answer_to_the_whole_takes_the_place_of_those_to_dates_before_it(bobs: Invitation) -> None:
    by_mail(bobs, NO, 5, original_date=FIRST)
    by_mail(bobs, YES, 10)
    by_mail(bobs, NO, 15, original_date=SECOND)
    assert to_dates(bobs) == {SECOND: "DECLINED"}


@pytest.mark.parametrize("gone", ["cancelled", "moved", "series moved"])
def test_an_answer_to_a_date_that_is_elsewhere_or_off_does_not_stand(
    conference: Conference, bobs: Invitation, gone: str
) -> None:
    by_mail(bobs, NO, 5, original_date=SECOND)
    if gone == "cancelled":
        row = Occurrence.objects.get(conference=conference, original_date=SECOND)
        row.cancel(conference.organizer, NOW, tell=Change.Tell.ALL)
    elif gone == "moved":
        move(conference, SECOND, 15)
    else:
        edit(conference, duration=timedelta(hours=2))
    assert to_dates(bobs) == {}


def test_an_answer_to_where_a_date_was_moved_stands(conference: Conference, bobs: Invitation) -> None:
    move(conference, SECOND, 15)
    by_mail(bobs, NO, 5, original_date=SECOND, sequence=1)
    assert to_dates(bobs) == {SECOND: "DECLINED"}


def test_what_was_said_before_somebody_was_asked_anew_does_not_stand(bobs: Invitation) -> None:
    by_mail(bobs, NO, 5, original_date=SECOND)
    Invitation.objects.update(created_at=NOW + timedelta(minutes=6))
    assert to_dates(bobs) == {}


@pytest.mark.parametrize("day", [date(2027, 3, 9), FIRST])
def test_a_date_that_is_not_takes_no_answer(conference: Conference, bobs: Invitation, day: date) -> None:
    Occurrence.objects.get(original_date=FIRST).cancel(conference.organizer, NOW, tell=Change.Tell.ALL)
    with pytest.raises(ClosedError):
        by_mail(bobs, YES, 5, original_date=day)


def test_how_many_come_on_which_date(conference: Conference, bobs: Invitation) -> None:
    people = [bobs, *(make_invitation(conference, f"guest{number}@example.org", "") for number in range(3))]
    Invitation.objects.update(created_at=NOW - timedelta(days=1))
    gone = make_invitation(conference, "gone@example.org", "")
    for answer, person in zip((YES, YES, NO), people, strict=False):
        by_mail(person, answer, 5)
    withdraw(gone, NOW)
    move(conference, THIRD, 15)
    sequence = conference.sequence
    by_mail(people[0], NO, 10, original_date=FIRST)
    by_mail(people[3], YES, 10, original_date=FIRST)
    by_mail(people[1], YES, 10, original_date=THIRD, sequence=sequence)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = answers.tallies(conference, [FIRST, SECOND, THIRD])
    assert found == {
        FIRST: Counter({"ACCEPTED": 2, "DECLINED": 2}),
        SECOND: Counter({"ACCEPTED": 2, "DECLINED": 1, "NEEDS-ACTION": 1}),
        THIRD: Counter({"ACCEPTED": 1, "NEEDS-ACTION": 3}),
    }
    assert len(queries) == 3
