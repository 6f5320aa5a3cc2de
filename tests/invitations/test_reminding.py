"""Reminders: at the right moment, to the right people, once, whoever looks and whatever happens meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cabinet.models import User
from conferences import zone_rules
from conferences.choices import Tell
from conferences.models import Change, Conference, Occurrence
from invitations import announcing, claims, letters, outbox, reminding, until_start
from invitations.ledger import Ledger
from invitations.models import Delivery, Invitation, PartStat, Way
from tests.factories import make_conference, make_user
from tests.invitations.deliveries import FAILED, ME, OTHER, SENT, claim_all, owe, try_all
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db

State, Why = Delivery.State, Delivery.Why
HOUR = timedelta(hours=1)


@pytest.fixture
def conference(alice: User) -> Conference:
    """At ten in the morning in a week, with the usual reminders."""
    return make_conference(alice, reminders=[1440, 15])


def told(conference: Conference, *names: str) -> list[Invitation]:
    """People who have had their invitation for weeks."""
    people = owe(conference, *names or ("bob",))
    try_all(SENT)
    Invitation.objects.update(created_at=conference.created_at - timedelta(weeks=5))
    return people


def comes_in(row: Occurrence, **left: float) -> Occurrence:
    """Time has passed: the start is so near, and every reminder before it lies as far behind or ahead."""
    start = outbox.database_now() + timedelta(**left)
    if row.remind_at:
        row.remind_at += start - row.starts_at
    row.starts_at, row.ends_at = start, start + HOUR
    row.save()
    return row


def the_date(conference: Conference) -> Occurrence:
    row = conference.occurrences.get()
    row.conference = conference
    return row


def remind() -> None:
    reminding.remind(outbox.database_now())


def reminders() -> list[tuple[str, int, str]]:
    """To whom, how many minutes before, and how it stands; by the order of queueing."""
    rows = Delivery.objects.filter(kind=Delivery.Kind.REMINDER).order_by("pk")
    return [(row.address.partition("@")[0], row.ordinal, row.state) for row in rows]


# WHEN


def test_each_occurrence_knows_when_the_next_reminder_is_due(conference: Conference) -> None:
    row = the_date(conference)
    assert row.remind_at == row.starts_at - timedelta(days=1)
    comes_in(row, hours=23)
    remind()
    row.refresh_from_db()
    assert row.remind_at == row.starts_at - timedelta(minutes=15)
    comes_in(row, minutes=14)
    remind()
    assert the_date(conference).remind_at is None
    assert [(who, minutes) for who, minutes, _state in reminders()] == [("alice", 1440), ("alice", 15)]


def test_what_is_too_late_when_the_start_is_set_is_not_sent(alice: User) -> None:
    soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=40)
    near = make_conference(alice, start=soon, time_zone="UTC", reminders=[1440, 60, 15])
    row = the_date(near)
    assert row.remind_at == row.starts_at - timedelta(minutes=15)


def test_the_wall_clock_decides_in_the_hour_that_exists_twice(alice: User) -> None:
    with time_machine.travel(datetime(2026, 10, 20, 12, tzinfo=UTC), tick=False):
        night = make_conference(alice, start=datetime(2026, 10, 25, 2, 30), reminders=[1440, 60])
        row = the_date(night)
        assert row.starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first of the two
        assert row.remind_at == datetime(2026, 10, 24, 0, 30, tzinfo=UTC)
        morning = make_conference(alice, start=datetime(2026, 10, 25, 10), reminders=[1440])
        assert the_date(morning).remind_at == datetime(2026, 10, 24, 9, tzinfo=UTC)  # a day is 24 hours


def test_one_that_was_lost_to_downtime_goes_out_late_and_the_last_alone(conference: Conference) -> None:
    told(conference)
    comes_in(the_date(conference), minutes=5)  # both are overdue
    remind()
    assert reminders() == [("bob", 15, "queued"), ("alice", 15, "queued")]
    assert the_date(conference).remind_at is None


def test_nothing_after_the_start(conference: Conference) -> None:
    told(conference)
    comes_in(the_date(conference), minutes=-1)
    remind()
    assert reminders() == []
    assert the_date(conference).remind_at is None


def test_nothing_of_what_is_off(alice: User) -> None:
    single = make_conference(alice, reminders=[15])
    series = make_conference(alice, rule="FREQ=WEEKLY;COUNT=3", reminders=[15])
    for conference in (single, series):
        told(conference)
        comes_in(conference.occurrences.order_by("starts_at")[0], minutes=14)
    cancelled(single)
    row = series.occurrences.order_by("starts_at")[0]
    row.cancel(alice, outbox.database_now(), tell=Tell.NOBODY)
    remind()
    assert reminders() == []
    assert not Occurrence.objects.filter(remind_at__lte=outbox.database_now()).exists()


def test_nothing_is_looked_at_while_nothing_is_due(conference: Conference) -> None:
    told(conference)
    now = outbox.database_now()
    with CaptureQueriesContext(connection) as queries:
        reminding.remind(now)
    assert len(queries) == 1


# TO WHOM


def test_only_those_who_are_invited_and_have_not_declined(conference: Conference) -> None:
    _bob, dora, erik, frank, gina = told(conference, "bob", "dora", "erik", "frank", "gina")
    owe(conference, "late")  # whose invitation has not gone out
    Delivery.objects.filter(state=State.QUEUED).update(due_at=None)
    Invitation.objects.update(created_at=conference.created_at - timedelta(weeks=5))
    now = outbox.database_now()
    dora.respond(PartStat.DECLINED, "", now)
    erik.respond(PartStat.ACCEPTED, "", now)
    Invitation.objects.filter(pk=frank.pk).update(withdrawn_at=now)
    Invitation.objects.filter(pk=gina.pk).update(way=Way.HAND)
    comes_in(the_date(conference), minutes=14)
    remind()
    assert {who for who, *_rest in reminders()} == {"bob", "erik", "alice"}


def test_who_was_invited_after_the_moment_is_not_reminded_of_it(conference: Conference) -> None:
    told(conference)
    row = comes_in(the_date(conference), hours=20)
    owe(conference, "late")
    try_all(SENT)
    remind()
    assert [who for who, *_rest in reminders()] == ["bob", "alice"]
    Invitation.objects.update(created_at=row.starts_at - HOUR)
    comes_in(row := the_date(conference), minutes=14)
    Invitation.objects.update(created_at=row.starts_at - HOUR)
    remind()
    assert {who for who, minutes, _state in reminders() if minutes == 15} == {"bob", "late", "alice"}


@pytest.mark.parametrize(
    ("whole", "single", "is_reminded"),
    [
        (PartStat.DECLINED, None, False),
        (PartStat.DECLINED, PartStat.ACCEPTED, True),
        (PartStat.ACCEPTED, PartStat.DECLINED, False),
        (PartStat.ACCEPTED, PartStat.TENTATIVE, True),
    ],
)
def test_what_was_answered_to_the_date_counts(
    alice: User, whole: PartStat, single: PartStat | None, is_reminded: bool
) -> None:
    series = make_conference(alice, rule="FREQ=WEEKLY;COUNT=3", reminders=[15])
    (bob,) = told(series)
    row = series.occurrences.order_by("starts_at")[0]
    now = outbox.database_now()
    bob.respond(whole, "", now)
    if single:
        bob.replies.create(original_date=row.original_date, partstat=single, sequence=0, at=now + timedelta(seconds=70))
    comes_in(row, minutes=14)
    remind()
    assert ("bob", 15, "queued") in reminders() if is_reminded else reminders() == [("alice", 15, "queued")]


# ONCE


@pytest.mark.django_db(transaction=True)
def test_workers_that_look_at_once_queue_each_reminder_once(monkeypatch: pytest.MonkeyPatch) -> None:
    conference = make_conference(make_user("alice@example.org"), reminders=[15])
    told(conference, *(f"p{number}" for number in range(7)))
    monkeypatch.setattr(reminding, "CHUNK", 2)
    row = comes_in(the_date(conference), minutes=14)
    for _look in range(3):
        assert in_parallel(4, lambda _worker: remind()) == [None] * 4
        Occurrence.objects.filter(pk=row.pk).update(remind_at=row.remind_at)  # a clock that was put back
    assert sorted(who for who, *_rest in reminders()) == ["alice", *(f"p{number}" for number in range(7))]


def test_a_text_edit_reminds_nobody_anew_and_another_time_everybody(conference: Conference) -> None:
    told(conference)
    comes_in(the_date(conference), hours=23)
    remind()
    assert len(reminders()) == 2
    row, now = the_date(conference), outbox.database_now()
    wall = (row.starts_at + timedelta(days=2)).astimezone(conference.zone)
    edit(conference, agenda="Bring your own")
    Occurrence.objects.filter(conference=conference).update(remind_at=now)
    remind()
    assert len(reminders()) == 2
    edit(conference, start_date=wall.date(), start_time=time(wall.hour, wall.minute))
    row = the_date(conference)
    assert row.remind_at == row.starts_at - timedelta(days=1)
    comes_in(row, hours=23, minutes=30)
    remind()
    assert len(reminders()) == 4


def edit(conference: Conference, **fields: Any) -> Change | None:
    seen, now = conference.sequence, outbox.database_now()
    return conference.change(conference.organizer, fields, seen_sequence=seen, tell=Tell.ALL, now=now)


def test_a_worker_that_died_half_way_is_followed_by_one_that_goes_on(
    conference: Conference, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(conference, *(f"p{number}" for number in range(5)))
    comes_in(the_date(conference), minutes=14)
    monkeypatch.setattr(reminding, "CHUNK", 2)
    assert reminding._remind_some(the_date(conference).pk, conference.pk, outbox.database_now())
    assert len(reminders()) == 2
    remind()
    assert sorted(who for who, *_rest in reminders()) == ["alice", *(f"p{number}" for number in range(5))]


def test_a_clock_that_jumps_ahead_and_back_reminds_nobody_twice(conference: Conference) -> None:
    told(conference)
    comes_in(the_date(conference), hours=25)
    for jump in (timedelta(hours=2), timedelta(), timedelta(hours=-24), timedelta(hours=2)):
        reminding.remind(outbox.database_now() + jump)
    assert [row for row in reminders() if row[0] == "bob"] == [("bob", 1440, "queued")]


# WHAT HAPPENS WHILE IT WAITS


def moved(conference: Conference) -> None:
    wall = (the_date(conference).starts_at + HOUR).astimezone(conference.zone)
    edit(conference, start_date=wall.date(), start_time=time(wall.hour, wall.minute, wall.second, wall.microsecond))


def cancelled(conference: Conference) -> None:
    conference.cancel(conference.organizer, outbox.database_now(), tell=Tell.ALL)


def declined(conference: Conference) -> None:
    conference.invitations.get().respond(PartStat.DECLINED, "", outbox.database_now())


def begun(conference: Conference) -> None:
    start = outbox.database_now() - timedelta(seconds=1)
    Occurrence.objects.update(starts_at=start)
    Delivery.objects.filter(kind=Delivery.Kind.REMINDER).update(reminds_of=start)


def withdrawn(conference: Conference) -> None:
    Invitation.objects.update(withdrawn_at=outbox.database_now())


ENDS = [moved, cancelled, declined, begun, withdrawn]


@pytest.fixture
def waiting(conference: Conference) -> Conference:
    """Bob's reminder waits in the queue."""
    told(conference)
    comes_in(the_date(conference), minutes=14)
    remind()
    Delivery.objects.filter(invitation=None).delete()
    return conference


@pytest.mark.parametrize("happens", ENDS)
def test_what_has_become_needless_is_not_sent(waiting: Conference, happens: Callable[[Conference], None]) -> None:
    happens(waiting)
    assert [claim for claim in claim_all() if claim.delivery.kind == Delivery.Kind.REMINDER] == []
    row = Delivery.objects.get(kind=Delivery.Kind.REMINDER)
    assert (row.state, row.why, row.due_at) == (State.CANCELLED, Why.NEEDLESS, None)


@pytest.mark.parametrize("happens", ENDS)
def test_it_is_looked_at_once_more_before_the_final_dot(
    waiting: Conference, happens: Callable[[Conference], None]
) -> None:
    (claim,) = claim_all()
    assert claims.hand_over(None, claim)
    assert claims.may_leave(claim)
    happens(waiting)
    assert not claims.may_leave(claim)


def test_a_reminder_is_claimed_by_one_worker_alone(waiting: Conference) -> None:
    assert len(claim_all(ME)) == 1
    assert claim_all(OTHER) == []


# IN SERIES


def test_one_date_that_moves_is_reminded_of_anew_and_the_others_are_not_touched(alice: User) -> None:
    series = make_conference(alice, rule="FREQ=WEEKLY;COUNT=3", reminders=[60])
    told(series)
    first, second, _third = series.occurrences.order_by("starts_at")
    when = {"start_date": second.start_date, "start_time": time(17), "duration": HOUR}
    second.conference = series
    assert second.move(alice, when, seen_sequence=series.sequence, tell=Tell.NOBODY)
    assert second.remind_at == second.starts_at - HOUR
    first.refresh_from_db()
    assert first.remind_at == first.starts_at - HOUR


def test_a_law_that_moves_the_clock_moves_the_reminder(alice: User) -> None:
    series = make_conference(alice, rule="FREQ=WEEKLY;COUNT=2", reminders=[60])
    row = series.occurrences.order_by("starts_at")[0]
    assert row.remind_at
    Occurrence.objects.filter(pk=row.pk).update(starts_at=row.starts_at + HOUR, remind_at=row.remind_at + HOUR)
    zone_rules_follow()
    row.refresh_from_db()
    assert row.remind_at == row.starts_at - HOUR


def zone_rules_follow() -> None:
    assert list(zone_rules.follow(outbox.database_now()))


# THE LETTER


@pytest.mark.parametrize(
    ("left", "subject", "lead"),
    [
        ({"minutes": 14, "seconds": 40}, "In 15 minutes: Quarterly planning", "Starts in 15 minutes"),
        ({"minutes": 59, "seconds": 50}, "In 1 hour: Quarterly planning", "Starts in 1 hour"),
        ({"seconds": 20}, "In 1 minute: Quarterly planning", "Starts in 1 minute"),
    ],
)
def test_the_letter_says_what_is_true_as_it_is_written(
    waiting: Conference, left: dict[str, float], subject: str, lead: str
) -> None:
    now = outbox.database_now()
    Occurrence.objects.update(starts_at=now + timedelta(**left))
    letter = letters.compose(Delivery.objects.get(kind=Delivery.Kind.REMINDER), now)
    assert letter.subject == subject
    for part in (letter.text, letter.html):
        assert lead in part
        assert "Open the conference page" in part
        assert waiting.invitations.get().personal_link in part
    assert (letter.calendar, letter.method) == (None, None)


@pytest.mark.parametrize(
    ("now", "subject"),
    [
        (datetime(2026, 12, 3, 13, 1, tzinfo=UTC), "Tomorrow"),
        (datetime(2026, 12, 4, 2, 1, tzinfo=UTC), "In 11 hours"),
        (datetime(2026, 12, 4, 0, 10, tzinfo=UTC), "In 13 hours"),
        (datetime(2026, 12, 3, 22, 30, tzinfo=UTC), "Tomorrow"),
        (datetime(2026, 11, 27, 13, 0, tzinfo=UTC), "In 7 days"),
        (datetime(2026, 12, 4, 11, 40, tzinfo=UTC), "In 80 minutes"),
    ],
)
def test_how_near_a_start_is_goes_by_the_calendar_there(now: datetime, subject: str) -> None:
    start = datetime(2026, 12, 4, 13, tzinfo=UTC)
    assert until_start.in_short(start, ZoneInfo("Europe/Berlin"), now) == subject


def test_the_organizer_is_led_to_the_page_of_the_conference(conference: Conference) -> None:
    comes_in(the_date(conference), minutes=14)
    remind()
    row = Delivery.objects.get()
    letter = letters.compose(row, outbox.database_now())
    assert (row.address, row.invitation) == ("alice@example.org", None)
    assert f"http://localhost:8000/conferences/{conference.pk}/" in letter.text
    assert try_all(SENT) == 1


# HOW IT SHOWS


def test_a_failed_reminder_is_a_trouble_and_hides_none(waiting: Conference) -> None:
    (bob,) = waiting.invitations.all()
    assert try_all(FAILED) == 1
    now = outbox.database_now()
    assert Ledger(waiting, now).tally == {"undelivered": 1}
    announcing.report(now + timedelta(minutes=2))
    assert Delivery.objects.get(kind=Delivery.Kind.NOTICE).troubles.get().invitation == bob


def test_a_reminder_that_arrives_does_not_hide_an_invitation_that_did_not(waiting: Conference) -> None:
    Delivery.objects.filter(kind=Delivery.Kind.INVITATION).update(state=State.UNCERTAIN, due_at=None)
    assert try_all(SENT) == 1
    assert Ledger(waiting, outbox.database_now()).tally == {"perhaps": 1}


def test_of_many_that_are_due_some_are_queued_at_a_time(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminding, "AT_ONCE", 2)
    for _number in range(3):
        comes_in(the_date(make_conference(alice, reminders=[15])), minutes=14)
    now = outbox.database_now()
    assert [reminding.remind(now) for _look in range(2)] == [True, False]
    assert len(reminders()) == 3
