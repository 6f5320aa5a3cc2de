"""Who is owed which letters about series: dates cancelled one by one, continuations, those who were added."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from conferences import series
from conferences.choices import Tell
from conferences.models import Change, Conference, Occurrence
from invitations import announcing, carrying, claims, inviting, outbox
from invitations.ledger import Ledger
from invitations.models import Delivery, Invitation, PartStat
from tests.factories import make_conference, make_contact, make_invitation
from tests.invitations.deliveries import (
    DEFERRED,
    FAILED,
    SENT,
    UNCERTAIN,
    begin,
    change,
    owe,
    set_rows,
    try_all,
)
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db

KIND = Delivery.Kind
MONDAYS = "FREQ=WEEKLY;BYDAY=MO"


def later(**times: float) -> datetime:
    """The present, or so much later."""
    return timezone.now() + timedelta(**times)


@pytest.fixture
def weekly() -> Conference:
    """A series on Mondays, the next one in a week or so, without an end."""
    day = timezone.localdate() + timedelta(days=14 - timezone.localdate().weekday())
    return make_conference(start=datetime.combine(day, time(10)), rule=MONDAYS)


def told(conference: Conference, *names: str) -> list[Invitation]:
    """People who have their invitation."""
    people = owe(conference, *names or ("bob",))
    try_all(SENT)
    return people


def nth(conference: Conference, number: int) -> Occurrence:
    """The occurrence with that number, from 0."""
    return Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[number]


def cancel_one(conference: Conference, number: int = 1, *, tell: Tell = Tell.ALL, ago: float = 90) -> date:
    """Take one date off; its original date."""
    row = nth(conference, number)
    assert row.cancel(row.conference.organizer, later(), tell=tell)
    aged(conference, ago)
    return row.original_date


def move_one(conference: Conference, number: int = 1, *, tell: Tell = Tell.ALL, ago: float = 90, **when: Any) -> None:
    row = nth(conference, number)
    new = row.facts() | {"start_date": row.start_date, "start_time": time(16), "duration": row.duration} | when
    assert row.move(row.conference.organizer, new, seen_sequence=row.conference.sequence, tell=tell)
    aged(conference, ago)


def edit(conference: Conference, *, tell: Tell = Tell.ALL, ago: float = 90, **fields: Any) -> None:
    change(Conference.objects.get(pk=conference.pk), tell=tell, ago=ago, **fields)


def aged(conference: Conference, ago: float) -> None:
    newest = Change.objects.filter(conference=conference)[0]
    Change.objects.filter(pk=newest.pk).update(at=timezone.now() - timedelta(seconds=ago))


def letters(person: Invitation) -> list[tuple[str, int, str, str]]:
    """Kind, sequence, state and original date ("") of all that somebody was owed, oldest first."""
    rows = person.deliveries.order_by("pk").values_list("kind", "sequence", "state", "original_date")
    return [(kind, sequence, state, str(day or "")) for kind, sequence, state, day in rows]


def settle() -> None:
    """Announce and send until nothing is left."""
    for _turn in range(10):
        announcing.announce(later(minutes=2))
        set_rows_due()
        if not try_all(SENT):
            return
    raise AssertionError("it never ends")


def set_rows_due() -> None:
    Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))


# ONE DATE CANCELLED


def test_a_cancelled_date_is_a_cancellation_of_its_own(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    assert letters(bob)[1:] == [("cancellation", 1, "queued", f"{day}")]
    bob.refresh_from_db()
    assert bob.announced_sequence == 1
    assert Change.objects.get(sequence=1).announced_at


def test_what_somebody_certainly_knows_is_not_said_again_for_an_older_doubt(weekly: Conference) -> None:
    (bob,) = owe(weekly, "bob")
    try_all(UNCERTAIN)
    edit(weekly, topic="Budget")
    announcing.announce(later())
    set_rows_due()
    try_all(SENT)
    day = cancel_one(weekly)
    announcing.announce(later())
    assert letters(bob)[2:] == [("cancellation", 2, "queued", f"{day}")]


def test_it_is_gathered_with_edits_within_the_minute(weekly: Conference) -> None:
    (bob,) = told(weekly)
    cancel_one(weekly, ago=59)
    announcing.announce(later())
    assert len(letters(bob)) == 1
    announcing.announce(later(minutes=1))
    assert len(letters(bob)) == 2


def test_it_goes_at_once_when_it_would_begin_soon(weekly: Conference) -> None:
    (bob,) = told(weekly)
    row = nth(weekly, 0)
    with time_machine.travel(row.starts_at - timedelta(minutes=50), tick=True):
        row.cancel(row.conference.organizer, later(), tell=Tell.ALL)
        announcing.announce(later())
    assert letters(bob)[1:] == [("cancellation", 1, "queued", f"{row.original_date}")]


def test_dates_cancelled_one_after_the_other_are_a_letter_each(weekly: Conference) -> None:
    (bob,) = told(weekly)
    days = [cancel_one(weekly, number) for number in (1, 3)]
    settle()
    assert letters(bob)[1:] == [("cancellation", 2, "sent", f"{day}") for day in days]


def test_an_edit_beside_it_is_an_update_that_goes_first(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    edit(weekly)
    settle()
    assert letters(bob)[1:] == [("update", 2, "sent", ""), ("cancellation", 2, "sent", f"{day}")]


def test_who_is_invited_afterwards_knows_of_it(weekly: Conference) -> None:
    (bob,) = told(weekly)
    cancel_one(weekly)
    weekly.refresh_from_db()
    carol = make_invitation(weekly, "carol@example.org", announced_sequence=1)
    outbox.queue([carol], KIND.INVITATION, now=later())
    settle()
    assert letters(carol) == [("invitation", 1, "sent", "")]
    assert len(letters(bob)) == 2


def test_an_invitation_that_has_not_left_leaves_the_date_out(weekly: Conference) -> None:
    (bob,) = owe(weekly)
    cancel_one(weekly)
    settle()
    assert letters(bob) == [("invitation", 0, "superseded", ""), ("invitation", 1, "sent", "")]


def test_who_perhaps_has_the_invitation_gets_it_anew_and_the_cancellation(weekly: Conference) -> None:
    (bob,) = owe(weekly)
    try_all(UNCERTAIN)
    day = cancel_one(weekly)
    settle()
    assert letters(bob) == [
        ("invitation", 0, "uncertain", ""), ("update", 1, "sent", ""), ("cancellation", 1, "sent", f"{day}"),
    ]  # fmt: skip


def test_a_letter_sent_again_that_it_overtakes_is_not_lost(weekly: Conference) -> None:
    (bob,) = told(weekly)
    assert outbox.send_again(bob, now=later())
    day = cancel_one(weekly)
    settle()
    kinds = [("invitation", 0, "sent", ""), ("invitation", 0, "superseded", "")]
    assert letters(bob) == [*kinds, ("update", 1, "sent", ""), ("cancellation", 1, "sent", f"{day}")]


def test_a_silent_one_is_told_with_the_next_open_change(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly, tell=Tell.NOBODY)
    settle()
    assert len(letters(bob)) == 1
    edit(weekly)
    settle()
    assert letters(bob)[1:] == [("update", 2, "sent", ""), ("cancellation", 2, "sent", f"{day}")]


def test_it_is_told_once_whatever_comes_after(weekly: Conference) -> None:
    (bob,) = told(weekly)
    cancel_one(weekly)
    settle()
    edit(weekly)
    settle()
    edit(weekly)
    settle()
    assert [row[:2] for row in letters(bob)[1:]] == [("cancellation", 1), ("update", 2), ("update", 3)]


def test_one_that_waits_is_overtaken_and_never_goes_below_a_newer_letter(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    try_all(DEFERRED)
    edit(weekly)
    settle()
    assert letters(bob)[1:] == [
        ("cancellation", 1, "superseded", f"{day}"), ("update", 2, "sent", ""), ("cancellation", 2, "sent", f"{day}"),
    ]  # fmt: skip


def test_one_that_waits_takes_the_number_of_a_silent_edit_and_the_next_update_still_comes(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    edit(weekly, ago=0)
    set_rows_due()
    assert try_all(SENT)  # before the minute of the edit is over
    assert letters(bob)[1:] == [("cancellation", 1, "superseded", f"{day}"), ("cancellation", 2, "sent", f"{day}")]
    settle()
    assert letters(bob)[3:] == [("update", 2, "sent", "")]


def test_it_is_not_sent_once_the_date_takes_place_after_all(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    Occurrence.objects.filter(original_date=day).update(cancelled_at=None)
    settle()
    assert letters(bob)[1:] == [("cancellation", 1, "superseded", f"{day}")]


def test_a_date_that_takes_place_after_all_is_part_of_the_update(weekly: Conference) -> None:
    (bob,) = told(weekly)
    cancel_one(weekly, 0)
    edit(weekly, rule="")
    settle()
    assert letters(bob)[1:] == [("update", 2, "sent", "")]
    assert nth(weekly, 0).cancelled_at is None


def test_the_cancellation_of_the_whole_takes_its_place(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    fresh = Conference.objects.get(pk=weekly.pk)
    fresh.cancel(fresh.organizer, later(), tell=Tell.ALL)
    settle()
    assert letters(bob)[1:] == [("cancellation", 1, "cancelled", f"{day}"), ("cancellation", 2, "sent", "")]


def test_who_is_taken_off_gets_nothing_about_single_dates(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    inviting.withdraw(bob, later())
    settle()
    assert letters(bob)[1:] == [("cancellation", 1, "cancelled", f"{day}"), ("cancellation", 2, "sent", "")]


@pytest.mark.parametrize("happens", ["nothing", "another edit", "the whole", "withdrawal", "it takes place"])
def test_the_last_look_before_the_dot(weekly: Conference, happens: str) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    announcing.announce(later())
    claim = begin()
    fresh = Conference.objects.get(pk=weekly.pk)
    match happens:
        case "another edit":
            edit(weekly)
        case "the whole":
            fresh.cancel(fresh.organizer, later(), tell=Tell.NOBODY)
        case "withdrawal":
            Invitation.objects.update(withdrawn_at=later())
        case "it takes place":
            Occurrence.objects.filter(original_date=day).update(cancelled_at=None)
    assert claims.may_leave(claim) == (happens == "nothing")
    assert bob.pk == claim.delivery.invitation_id


@pytest.mark.parametrize("ending", [FAILED, DEFERRED])
def test_who_has_no_invitation_gets_no_cancellation_of_a_date(weekly: Conference, ending: Any) -> None:
    (bob,) = owe(weekly)
    try_all(ending)
    cancel_one(weekly)
    announcing.announce(later())
    assert [row[0] for row in letters(bob)] == ["invitation"]


@pytest.mark.django_db(transaction=True)
def test_several_workers_announce_dates_once(weekly: Conference) -> None:
    told(weekly, *(f"p{number}" for number in range(10)))
    for number in (1, 2):
        cancel_one(weekly, number)
    edit(weekly)
    in_parallel(6, lambda _number: announcing.announce(later()))
    assert Delivery.objects.filter(kind=KIND.CANCELLATION).count() == 20
    assert Delivery.objects.filter(kind=KIND.UPDATE).count() == 10


def test_what_a_crash_interrupted_goes_on_where_it_was(weekly: Conference, monkeypatch: pytest.MonkeyPatch) -> None:
    people = told(weekly, *(f"p{number}" for number in range(5)))
    day = cancel_one(weekly)
    monkeypatch.setattr(announcing, "CHUNK", 2)
    assert announcing._announce_some(weekly.pk, later())
    assert Delivery.objects.filter(original_date=day).count() == 2
    announcing.announce(later())
    assert sorted(Delivery.objects.filter(original_date=day).values_list("invitation", flat=True)) == [
        person.pk for person in people
    ]


def test_nothing_is_owed_for_ever_to_who_knows_all(weekly: Conference) -> None:
    (bob,) = told(weekly)
    day = cancel_one(weekly)
    settle()
    Invitation.objects.update(announced_sequence=0)
    Change.objects.update(announced_at=None)
    announcing.announce(later())
    bob.refresh_from_db()
    assert bob.announced_sequence == 1
    assert [row[3] for row in letters(bob)] == ["", f"{day}"]


# OTHER CHANGES OF SERIES


def test_a_moved_date_is_an_update(weekly: Conference) -> None:
    (bob,) = told(weekly)
    move_one(weekly)
    settle()
    assert letters(bob)[1:] == [("update", 1, "sent", "")]


def test_answers_stay_when_one_date_moves_or_the_series_ends_elsewhere_and_go_with_its_time(weekly: Conference) -> None:
    (bob,) = told(weekly)
    bob.respond(PartStat.ACCEPTED, "", later())

    def answer() -> str:
        return Invitation.objects.with_answer().get(pk=bob.pk).answer

    move_one(weekly)
    edit(weekly, rule=f"{MONDAYS};UNTIL={later(days=90):%Y%m%d}")
    edit(weekly, rule=f"{MONDAYS};COUNT=5")
    assert answer() == PartStat.ACCEPTED
    edit(weekly, rule="FREQ=WEEKLY;BYDAY=MO,TU;COUNT=5")
    assert answer() == PartStat.NEEDS_ACTION
    bob.respond(PartStat.ACCEPTED, "", later())
    assert answer() == PartStat.ACCEPTED
    edit(weekly, start_time=time(12))
    assert answer() == PartStat.NEEDS_ACTION


# WHO IS TOLD


def test_only_those_who_were_added_after_the_change_before(weekly: Conference) -> None:
    (bob,) = told(weekly)
    edit(weekly, tell=Tell.NOBODY, ago=3600)
    Invitation.objects.filter(pk=bob.pk).update(created_at=later(hours=-2))
    weekly.refresh_from_db()
    carol = make_invitation(weekly, "carol@example.org", announced_sequence=1)
    outbox.queue([carol], KIND.INVITATION, now=later())
    try_all(SENT)
    edit(weekly, tell=Tell.ADDED)
    settle()
    assert [row[0] for row in letters(carol)] == ["invitation", "update"]
    assert [row[0] for row in letters(bob)] == ["invitation"]
    assert not Change.objects.filter(announced_at=None).exists()


def test_who_was_asked_anew_counts_as_added(weekly: Conference) -> None:
    (bob,) = told(weekly)
    Invitation.objects.filter(pk=bob.pk).update(created_at=later(hours=-2))
    inviting.withdraw(bob, later())
    edit(weekly, tell=Tell.NOBODY, ago=3600)
    fresh = Conference.objects.get(pk=weekly.pk)
    inviting.invite(fresh, [("Bob", bob.address)], by=fresh.organizer, submission_id=uuid4(), now=later())
    settle()
    edit(weekly, tell=Tell.ADDED)
    settle()
    assert [row[0] for row in letters(bob)][-2:] == ["invitation", "update"]


def test_an_open_change_before_one_for_the_added_is_for_all(weekly: Conference) -> None:
    (bob,) = told(weekly)
    Invitation.objects.filter(pk=bob.pk).update(created_at=later(hours=-2))
    edit(weekly, ago=80)
    edit(weekly, tell=Tell.ADDED, ago=70)
    settle()
    assert [row[:2] for row in letters(bob)] == [("invitation", 0), ("update", 2)]


def test_an_update_that_a_change_for_the_added_overtook_still_reaches_its_reader(weekly: Conference) -> None:
    (bob,) = told(weekly)
    Invitation.objects.filter(pk=bob.pk).update(created_at=later(hours=-2))
    edit(weekly)
    announcing.announce(later())
    edit(weekly, tell=Tell.ADDED, ago=0)
    set_rows_due()
    try_all(SENT)
    assert [row[:3] for row in letters(bob)[1:]] == [("update", 1, "superseded"), ("update", 2, "sent")]


# CONTINUED


def split(conference: Conference, tell: Tell = Tell.ALL, *, number: int = 2, **fields: Any) -> Conference:
    """This and the following, from the third date on, or the one with that number."""
    first = nth(conference, number)
    fields = fields or {"start_time": time(12)}
    sequence, now = first.conference.sequence, later()
    by = first.conference.organizer
    return series.continue_from(first.conference, first, by, fields, seen_sequence=sequence, tell=tell, now=now)


def test_people_go_along_with_what_is_known_of_them_and_links_of_their_own(weekly: Conference) -> None:
    contact = make_contact(weekly.organizer, "Bob", "bob@example.org")
    (bob, carol) = told(weekly, "bob", "carol")
    details = {"role": "moderator", "language": "de", "time_zone": "Asia/Tokyo", "contact": contact}
    Invitation.objects.filter(pk=bob.pk).update(**details)
    bob.respond(PartStat.ACCEPTED, "", later())
    inviting.withdraw(carol, later())
    new = split(weekly)
    settle()
    (along,) = new.invitations.all()
    assert (along.address, along.name, along.contact, along.role) == ("bob@example.org", "Bob", contact, "moderator")
    assert (along.language, along.time_zone, along.partstat) == ("de", "Asia/Tokyo", PartStat.NEEDS_ACTION)
    assert along.token != bob.token
    assert letters(along) == [("invitation", 0, "sent", "")]
    assert [row[0] for row in letters(bob)] == ["invitation", "update"]
    assert not Change.objects.filter(announced_at=None).exists()


def test_they_go_along_at_once(weekly: Conference) -> None:
    told(weekly)
    new = split(weekly)
    announcing.announce(later())
    assert [row[0] for row in letters(new.invitations.get())] == ["invitation"]


@pytest.mark.parametrize("tell", [Tell.NOBODY, Tell.ADDED])
def test_they_go_along_without_a_letter_where_nobody_is_told(weekly: Conference, tell: Tell) -> None:
    told(weekly)
    Invitation.objects.update(created_at=later(hours=-2))
    Change.objects.update(at=later(hours=-1))
    new = split(weekly, tell)
    settle()
    assert letters(new.invitations.get()) == []
    assert not Change.objects.filter(announced_at=None).exists()


def test_who_went_along_in_silence_is_asked_with_the_next_open_change(weekly: Conference) -> None:
    (bob,) = told(weekly)
    new = split(weekly, Tell.NOBODY)
    settle()
    assert len(letters(bob)) == 1
    edit(new)
    settle()
    assert [row[:3] for row in letters(new.invitations.get())] == [("invitation", 1, "sent")]
    assert [row[:3] for row in letters(bob)[1:]] == [("update", 1, "sent")]


def test_of_a_series_that_was_cancelled_since_nobody_is_told_where_it_ends(weekly: Conference) -> None:
    (bob,) = told(weekly)
    new = split(weekly, Tell.NOBODY)
    settle()
    Conference.objects.get(pk=weekly.pk).cancel(weekly.organizer, later(), tell=Tell.NOBODY)
    edit(new)
    settle()
    assert [row[:3] for row in letters(new.invitations.get())] == [("invitation", 1, "sent")]
    assert len(letters(bob)) == 1


def test_they_go_along_in_steps_and_once(weekly: Conference) -> None:
    told(weekly, *(f"p{number}" for number in range(5)))
    new = split(weekly)
    assert carrying.carry_some(new.pk, later(), 2)
    assert new.invitations.count() == Delivery.objects.filter(conference=new).count() == 2
    gone = new.invitations.order_by("pk")[0]
    inviting.withdraw(gone, later())
    settle()
    assert new.invitations.standing().count() == 4
    assert new.invitations.count() == 5
    assert not carrying.carry_some(new.pk, later(), 2)


@pytest.mark.django_db(transaction=True)
def test_several_workers_carry_them_once(weekly: Conference) -> None:
    told(weekly, *(f"p{number}" for number in range(10)))
    new = split(weekly)
    assert in_parallel(6, lambda _number: announcing.announce(later())) == [None] * 6
    assert new.invitations.count() == Delivery.objects.filter(conference=new).count() == 10


def test_who_was_invited_there_already_is_not_asked_twice(weekly: Conference) -> None:
    told(weekly)
    new = split(weekly)
    people = [("Bob", "BOB@example.org")]
    inviting.invite(new, people, by=new.organizer, submission_id=uuid4(), now=later())
    settle()
    assert letters(new.invitations.get()) == [("invitation", 0, "sent", "")]


def test_along_a_chain_one_after_the_other(weekly: Conference) -> None:
    told(weekly)
    second = split(weekly)
    third = split(second)
    assert not carrying.carry_some(third.pk, later(), 10)
    settle()
    assert (second.invitations.count(), third.invitations.count()) == (1, 1)


def test_along_a_chain_whose_links_came_in_another_order(weekly: Conference) -> None:
    told(weekly)
    third = split(weekly)
    second = split(weekly, number=1)  # the worker looks at the third one first, which has nobody to take along yet
    settle()
    assert [len(letters(one.invitations.get())) for one in (second, third)] == [1, 1]


def test_people_of_a_continuation_that_is_cancelled_at_once_go_along_without_a_letter(weekly: Conference) -> None:
    told(weekly)
    new = split(weekly)
    Conference.objects.get(pk=new.pk).cancel(weekly.organizer, later(), tell=Tell.ALL)
    settle()
    assert letters(new.invitations.get()) == []


def test_who_never_had_the_series_is_not_told_where_it_ends(weekly: Conference) -> None:
    (carol,) = owe(weekly, "carol")
    try_all(FAILED)
    new = split(weekly, Tell.NOBODY)
    settle()
    edit(new)
    settle()
    assert [row[0] for row in letters(carol)] == ["invitation"]
    assert [row[0] for row in letters(new.invitations.get())] == ["invitation"]


def test_of_a_series_that_is_gone_nobody_is_missing(weekly: Conference) -> None:
    told(weekly)
    new = split(weekly)
    weekly.delete()
    settle()
    assert not new.invitations.exists()
    assert not Change.objects.filter(announced_at=None).exists()


# GIVING UP, REPORTING, THE LEDGER


def test_a_letter_is_useful_until_the_occurrence_that_it_is_about(weekly: Conference) -> None:
    first, second = nth(weekly, 0), nth(weekly, 1)
    soon = first.starts_at - timedelta(hours=1)
    assert outbox.give_up_at(weekly, soon) == first.starts_at
    assert outbox.give_up_at(weekly, first.starts_at) == first.ends_at
    assert outbox.give_up_at(weekly, first.ends_at) == first.ends_at + timedelta(days=2)
    second.cancel(weekly.organizer, later(), tell=Tell.NOBODY)
    assert outbox.give_up_at(weekly, second.starts_at - timedelta(hours=1), second.original_date) == second.starts_at
    assert outbox.give_up_at(weekly, second.starts_at - timedelta(hours=1)) == second.starts_at + timedelta(hours=47)
    standing = make_conference(permanent=True)
    assert outbox.give_up_at(standing, soon) == soon + timedelta(days=2)


def test_the_last_call_is_before_the_next_occurrence_that_takes_place(weekly: Conference) -> None:
    owe(weekly)
    try_all(DEFERRED)
    set_rows(due_at=later(days=300), created_at=later())
    first, second = nth(weekly, 0), nth(weekly, 1)
    first.cancel(weekly.organizer, later(), tell=Tell.NOBODY)
    with time_machine.travel(first.starts_at - timedelta(minutes=20), tick=True):
        set_rows(created_at=later())
        announcing.report(later())
        assert not Delivery.objects.filter(kind=KIND.NOTICE).exists()
    with time_machine.travel(second.starts_at - timedelta(minutes=20), tick=True):
        set_rows(created_at=later())
        announcing.report(later())
        assert Delivery.objects.filter(kind=KIND.NOTICE).exists()


def test_an_update_that_failed_is_reported_though_a_date_was_cancelled_beside_it(weekly: Conference) -> None:
    (bob,) = told(weekly)
    cancel_one(weekly)
    edit(weekly)
    announcing.announce(later())
    try_all(FAILED)  # the update
    try_all(SENT)  # the date
    announcing.report(later(minutes=2))
    notice = Delivery.objects.get(kind=KIND.NOTICE)
    assert [(row.kind, row.invitation) for row in notice.troubles.all()] == [("update", bob)]
    weekly.refresh_from_db()
    (line,) = Ledger(weekly, later()).page().object_list
    assert (line.status, line.delivery.kind) == ("undelivered", "update")
    assert outbox.send_again(bob, now=later())
    assert ("update", 2, "queued", "") in letters(bob)


def test_the_ledger_shows_the_letter_about_one_date(weekly: Conference) -> None:
    told(weekly)
    day = cancel_one(weekly)
    settle()
    weekly.refresh_from_db()
    (line,) = Ledger(weekly, later()).page().object_list
    assert (line.status, line.delivery.original_date) == ("sent", day)


def test_people_are_invited_to_a_series_until_it_is_over_and_to_a_standing_room_for_ever(weekly: Conference) -> None:
    edit(weekly, rule=f"{MONDAYS};COUNT=3")
    weekly.refresh_from_db()
    first, last = nth(weekly, 0), nth(weekly, 2)
    standing = make_conference(permanent=True)
    for conference, at, may in (
        (weekly, first.ends_at, True), (weekly, last.ends_at, False), (standing, last.ends_at, True),
    ):  # fmt: skip
        people = [("X", f"{conference.pk}{may}@example.org")]
        with nullcontext() if may else pytest.raises(inviting.ClosedError):
            assert inviting.invite(conference, people, by=conference.organizer, submission_id=uuid4(), now=at)


def test_answers_are_taken_for_a_month_after_the_last_date_and_none_of_a_standing_room(weekly: Conference) -> None:
    (bob,) = told(weekly)
    assert bob.takes_answers(later(days=4000))
    edit(weekly, rule=f"{MONDAYS};COUNT=3")
    bob = Invitation.objects.select_related("conference").get(pk=bob.pk)
    last = nth(weekly, 2).ends_at
    assert bob.takes_answers(last + timedelta(days=30))
    assert not bob.takes_answers(last + timedelta(days=30, seconds=1))
    assert not make_invitation(make_conference(permanent=True)).takes_answers(later())


def test_nothing_to_announce_is_one_query(weekly: Conference, django_assert_num_queries: Callable[..., Any]) -> None:
    told(weekly)
    split(weekly, Tell.NOBODY)
    settle()
    with django_assert_num_queries(1):
        announcing.announce(later())


def test_the_list_of_people_names_the_date_and_the_rule(weekly: Conference, client: Client) -> None:
    told(weekly)
    day = cancel_one(weekly)
    settle()
    client.force_login(weekly.organizer)
    page = client.get(reverse("invitations:ledger", args=[weekly.pk])).content.decode()
    assert f"This letter is only about {date_format(day, 'l j F Y')}" in page
    assert "Every week on Monday, at 10:00 on the clock in Berlin" in page


def test_the_personal_page_says_the_rule_and_the_role(weekly: Conference, client: Client) -> None:
    (bob,) = told(weekly)
    page = client.get(bob.get_absolute_url()).content.decode()
    assert "Every week on Monday, at 10:00 on the clock in Berlin" in page
    assert "Your role" not in page
    Invitation.objects.update(role="moderator")
    assert "Your role: Moderator" in client.get(bob.get_absolute_url()).content.decode()


def test_a_standing_room_asks_nobody(client: Client) -> None:
    standing = make_conference(permanent=True)
    (bob,) = told(standing)
    client.force_login(standing.organizer)
    for name in ("invitations:ledger", "conferences:conference"):
        page = client.get(reverse(name, args=[standing.pk])).content.decode()
        assert "No answer yet" not in page
        assert "Accepted" not in page
    assert "Send answer" not in client.get(bob.get_absolute_url()).content.decode()
    assert client.post(bob.get_absolute_url(), {"answer": "accepted"}).status_code < 500
    bob.refresh_from_db()
    assert bob.answered_at is None
