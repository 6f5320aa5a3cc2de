"""Rows in the hands of workers: who gets which, what a try makes of them, what remains of the dead."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conferences.models import Change
from invitations import claims, outbox, workers
from invitations.claims import Broken, Ending
from invitations.models import Channel, Delivery, Invitation
from invitations.outgoing import Outcome
from tests.invitations.deliveries import (
    DEFERRED,
    FAILED,
    ME,
    OTHER,
    SENT,
    SITE,
    UNCERTAIN,
    begin,
    change,
    claim_all,
    letters,
    only_row,
    owe,
    set_rows,
    try_all,
)
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db

NOW = timezone.now()
HOUR = timedelta(hours=1)
KIND = Delivery.Kind
NOBODY = Change.Tell.NOBODY


def names(found: list[claims.Claim]) -> list[str]:
    """Whose letters were claimed."""
    return [claim.delivery.invitation.name for claim in found if claim.delivery.invitation]


# WHO GETS WHAT


def test_the_urgent_first_then_the_oldest() -> None:
    owe(None, "late", "early", "large")
    for name, priority, minutes in (("late", 0, 1), ("early", 0, 2), ("large", 1, 3)):
        rows = Delivery.objects.filter(invitation__name=name.title())
        rows.update(priority=priority, due_at=NOW - timedelta(minutes=minutes))
    assert names(claim_all(limit=2)) == ["Early", "Late"]
    assert names(claim_all()) == ["Large"]


def test_a_claim_is_a_lease() -> None:
    owe()
    (claim,) = claim_all()
    row = only_row()
    assert (row.state, row.worker, row.started_at, row.attempts) == ("sending", ME, None, 0)
    assert row.leased_until
    assert row.leased_until > outbox.database_now()
    assert claim.delivery == row
    assert not claim_all(OTHER)


def test_what_is_not_due_or_not_waiting_stays() -> None:
    owe(None, "later", "held", "failed", "closed")
    rows = Delivery.objects
    rows.filter(invitation__name="Later").update(due_at=NOW + HOUR)
    rows.filter(invitation__name="Held").update(state="held")
    rows.filter(invitation__name="Failed").update(state="failed")
    rows.filter(invitation__name="Closed").update(state="uncertain", due_at=None)
    assert not claim_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("belong_to_people", [True, False])
def test_eight_workers_at_once_share_the_rows(belong_to_people: bool) -> None:
    owe(None, *(f"p{number}" for number in range(40)))
    if not belong_to_people:
        set_rows(invitation=None, kind=KIND.ACCOUNT)
    found = in_parallel(8, lambda number: [claim.delivery.pk for claim in claim_all(f"boot box {number} 1", 10)])
    claimed = [pk for batch in found for pk in batch]
    assert len(claimed) == len(set(claimed)) == 40


@pytest.mark.django_db(transaction=True)
def test_two_letters_to_one_person_are_never_under_way_together() -> None:
    people = owe(None, *(f"p{number}" for number in range(10)))
    conference = people[0].conference
    for person in people:
        Delivery.objects.filter(invitation=person).update(state="sent")
        outbox.send_again(person, now=NOW)
        Delivery.objects.create(
            address=person.address, kind=KIND.UPDATE, conference=conference, invitation=person, message_id="<2@x>",
            give_up_at=NOW + HOUR,
        )  # fmt: skip
    in_parallel(8, lambda number: len(claim_all(f"boot box {number} 1", 3)))
    while claim_all():
        pass
    assert sorted(Delivery.objects.filter(state="sending").values_list("invitation", flat=True)) == sorted(
        person.pk for person in people
    )


def test_the_older_of_two_letters_goes_first_and_the_other_waits_for_its_end() -> None:
    (bob,) = owe()
    outbox.queue([bob], KIND.UPDATE, now=NOW)
    Delivery.objects.filter(kind=KIND.UPDATE).update(due_at=NOW - HOUR)
    (first,) = claim_all()
    assert first.delivery.kind == "invitation"
    assert not claim_all()
    claims.hand_over(None, first)
    claims.hand_over((first, SENT), None)
    assert [claim.delivery.kind for claim in claim_all()] == ["update"]


def test_claiming_needs_as_many_queries_for_three_as_for_one() -> None:
    counts = []
    for people in (["bob"], ["carol", "dave", "erin"]):
        owe(None, *people)
        now = outbox.database_now()
        with CaptureQueriesContext(connection) as queries:
            assert len(claims.claim(ME, now, 100)) == len(people)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_try_costs_one_transaction_of_few_queries() -> None:
    owe(None, "bob", "carol")
    first, second = claim_all()
    claims.hand_over(None, first)
    with CaptureQueriesContext(connection) as queries:
        claims.hand_over((first, SENT), second)
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 4


# WHAT IS NO LONGER TRUE


def test_an_overtaken_invitation_makes_place_for_one_about_the_newest_state() -> None:
    (bob,) = owe()
    change(bob.conference)
    assert [(claim.delivery.kind, claim.delivery.sequence) for claim in claim_all()] == [("invitation", 1)]
    assert letters(bob) == [("invitation", 0, "superseded"), ("invitation", 1, "sending")]
    bob.refresh_from_db()
    assert bob.announced_sequence == 1


def test_a_silent_change_reaches_those_whose_invitation_has_not_left() -> None:
    bob, carol = owe(None, "bob", "carol")
    carol.deliveries.update(state="sent")
    change(bob.conference, tell=NOBODY)
    assert names(claim_all()) == ["Bob"]
    assert letters(carol) == [("invitation", 0, "sent")]


def test_an_overtaken_update_waits_for_the_announcement_that_gathers_edits() -> None:
    (bob,) = owe()
    try_all(SENT)
    change(bob.conference)
    outbox.queue([bob], KIND.UPDATE, now=NOW)
    change(bob.conference)
    assert not claim_all()
    assert letters(bob) == [("invitation", 0, "sent"), ("update", 1, "superseded")]


def test_an_update_that_a_silent_change_overtook_goes_with_the_newest_state() -> None:
    (bob,) = owe()
    try_all(SENT)
    change(bob.conference)
    outbox.queue([bob], KIND.UPDATE, now=NOW)
    Change.objects.update(announced_at=NOW)
    change(bob.conference, tell=NOBODY)
    assert [(claim.delivery.kind, claim.delivery.sequence) for claim in claim_all()] == [("update", 2)]


def test_what_is_perhaps_sent_is_not_sent_again_when_it_is_overtaken() -> None:
    (bob,) = owe()
    try_all(UNCERTAIN)
    change(bob.conference, tell=NOBODY)
    set_rows(due_at=NOW)
    assert [(claim.delivery.kind, claim.delivery.sequence) for claim in claim_all()] == [("update", 1)]
    assert letters(bob) == [("invitation", 0, "uncertain"), ("update", 1, "sending")]


@pytest.mark.parametrize("taken_back", ["invitation", "conference"])
def test_nothing_goes_to_whom_it_was_taken_back_from(taken_back: str) -> None:
    (bob,) = owe()
    if taken_back == "invitation":
        Invitation.objects.update(withdrawn_at=NOW)
    else:
        bob.conference.cancel(bob.conference.organizer, NOW, tell=NOBODY)
    assert not claim_all()
    assert letters(bob) == [("invitation", 0, "cancelled")]


@pytest.mark.parametrize(
    ("before", "after"), [(SENT, "sending"), (UNCERTAIN, "sending"), (FAILED, "cancelled"), (DEFERRED, "cancelled")]
)
def test_a_cancellation_goes_only_to_those_who_may_have_the_invitation(before: Ending, after: str) -> None:
    (bob,) = owe()
    try_all(before)
    Invitation.objects.update(withdrawn_at=NOW)
    outbox.queue([bob], KIND.CANCELLATION, now=NOW)
    claim_all()
    assert letters(bob)[-1] == ("cancellation", 0, after)


def test_a_cancellation_waits_until_the_invitation_is_through() -> None:
    (bob,) = owe()
    invitation = begin()
    Invitation.objects.update(withdrawn_at=NOW)
    outbox.queue([bob], KIND.CANCELLATION, now=NOW)
    assert not claim_all(OTHER)
    claims.hand_over((invitation, SENT), None)
    assert [claim.delivery.kind for claim in claim_all(OTHER)] == ["cancellation"]


def test_an_empty_notice_is_not_sent() -> None:
    (bob,) = owe()
    outbox.queue_notice(bob.conference, [only_row()], now=NOW)
    bob.deliveries.update(notice=None, state="sent")
    assert not claim_all()
    assert Delivery.objects.get(kind="notice").state == "cancelled"


# BEGINNING A TRY


def test_the_message_is_fixed_when_the_first_try_begins() -> None:
    owe()
    claim = begin()
    row = only_row()
    assert (bytes(row.message or b""), row.composed_at) == (b"written", claim.delivery.composed_at)
    assert (row.attempts, row.started_at is not None) == (1, True)


@pytest.mark.parametrize("happens", ["change", "withdrawal", "cancellation", "another address"])
def test_a_try_does_not_begin_with_what_is_no_longer_true(happens: str) -> None:
    (bob,) = owe()
    (claim,) = claim_all()
    match happens:
        case "change":
            change(bob.conference)
        case "withdrawal":
            Invitation.objects.update(withdrawn_at=NOW)
        case "cancellation":
            bob.conference.cancel(bob.conference.organizer, NOW, tell=NOBODY)
        case _:
            set_rows(address="bobby@example.org")
    assert not claims.hand_over(None, claim)
    row = only_row()
    assert (row.state, row.worker, row.attempts, row.message) == ("queued", "", 0, None)


@pytest.mark.parametrize("happens", ["nothing", "change", "withdrawal", "end of the lease", "other hands"])
def test_the_last_look_before_the_dot(happens: str) -> None:
    (bob,) = owe()
    claim = begin()
    match happens:
        case "change":
            change(bob.conference)
        case "withdrawal":
            Invitation.objects.update(withdrawn_at=NOW)
        case "end of the lease":
            set_rows(leased_until=outbox.database_now() + timedelta(seconds=0.2))
        case "other hands":
            set_rows(worker=OTHER)
    assert claims.may_leave(claim) == (happens == "nothing")


def test_a_letter_is_newer_than_the_last_one_of_its_reader() -> None:
    (bob,) = owe()
    try_all(SENT)
    outbox.send_again(bob, now=NOW)
    (again,) = claims.claim(ME, outbox.database_now(), 1)
    assert again.delivery.last_composed_at == bob.deliveries.order_by("pk")[0].composed_at


# ENDING A TRY


ENDS = {
    # ending: state, why, deferrals and copies of a row that was certainly not taken before
    SENT: ("sent", "", 0, 0),
    DEFERRED: ("queued", "later", 1, 0),
    FAILED: ("failed", "refused", 0, 0),
    UNCERTAIN: ("uncertain", "no-answer", 0, 1),
    SITE: ("queued", "", 0, 0),
    None: ("queued", "", 0, 0),
    Broken("1a2b"): ("queued", "error", 0, 0),
}


@pytest.mark.parametrize("ending", ENDS, ids=str)
def test_what_a_try_makes_of_a_row(ending: Ending) -> None:
    owe()
    try_all(ending)
    row = only_row()
    assert (row.state, row.why, row.deferrals, row.copies) == ENDS[ending]
    assert row.leased_until is None
    if isinstance(ending, Outcome) and ending is not SITE:
        assert row.reply == ending.reply


@pytest.mark.parametrize(
    ("ending", "state", "why"),
    [
        (SENT, "sent", ""),
        (DEFERRED, "uncertain", "later"),
        (FAILED, "uncertain", "refused"),
        (UNCERTAIN, "uncertain", "no-answer"),
        (SITE, "uncertain", "no-answer"),
        (None, "uncertain", "no-answer"),
    ],
)
def test_who_perhaps_has_a_copy_is_never_said_to_have_none(ending: Ending, state: str, why: str) -> None:
    owe()
    try_all(UNCERTAIN)
    set_rows(due_at=NOW)
    try_all(ending)
    assert (only_row().state, only_row().why) == (state, why)


def test_three_copies_are_the_most() -> None:
    owe()
    for _number in range(3):
        set_rows(due_at=NOW)
        assert try_all(UNCERTAIN) == 1
    row = only_row()
    assert (row.state, row.copies, row.due_at) == ("uncertain", 3, None)


@pytest.mark.parametrize("ending", [SENT, FAILED])
def test_no_message_is_kept_for_which_no_try_follows(ending: Ending) -> None:
    owe()
    try_all(ending)
    row = only_row()
    assert (row.message, row.due_at) == (None, None)


def test_the_ladder(settings: Any) -> None:
    owe()
    set_rows(give_up_at=NOW + timedelta(days=99))
    waits = []
    for _rung in range(9):
        before = outbox.database_now()
        try_all(DEFERRED)
        due = only_row().due_at
        assert due
        waits.append((due - before).total_seconds() / 60)
        set_rows(due_at=NOW)
    for wait, step in zip(waits, [1, 2, 5, 10, 20, 40, 60, 60, 60], strict=True):
        assert 0.8 * step <= wait <= 1.2 * step + 0.1
    assert len({round(wait, 1) for wait in waits[-3:]}) > 1, "what was refused together does not return together"


def test_doubt_lasts_ten_minutes() -> None:
    owe()
    before = outbox.database_now()
    try_all(UNCERTAIN)
    due = only_row().due_at
    assert due
    assert timedelta(minutes=10) <= due - before < timedelta(minutes=11)


def test_the_last_try_is_at_the_moment_of_giving_up_and_there_is_always_one() -> None:
    owe()
    give_up = outbox.database_now() + timedelta(seconds=5)
    set_rows(give_up_at=give_up)
    try_all(DEFERRED)
    assert only_row().due_at == give_up
    set_rows(due_at=NOW, give_up_at=NOW - HOUR)
    try_all(DEFERRED)
    assert (only_row().state, only_row().why) == ("failed", "too-late")


def test_our_own_errors_cost_three_tries() -> None:
    owe()
    states = []
    for number in range(3):
        set_rows(due_at=NOW)
        try_all(Broken(f"{number}{number}"))
        states.append(only_row().state)
    assert states == ["queued", "queued", "failed"]
    assert (only_row().why, only_row().reply) == ("error", "Error 22")


def test_a_failure_is_reported_although_the_wait_before_it_was() -> None:
    (bob,) = owe()
    try_all(DEFERRED)
    outbox.queue_notice(bob.conference, [bob.deliveries.get()], now=NOW)
    bob.deliveries.update(due_at=NOW)
    Delivery.objects.filter(kind="notice").update(state="sent")
    try_all(FAILED)
    assert bob.deliveries.get().notice is None


# FENCES


@pytest.mark.parametrize("ending", [SENT, DEFERRED, FAILED, UNCERTAIN, SITE, None], ids=str)
def test_who_has_lost_a_row_changes_nothing(ending: Ending) -> None:
    owe()
    old = begin()
    set_rows(leased_until=NOW - HOUR)
    claims.sweep(OTHER, outbox.database_now())
    set_rows(due_at=NOW)
    new = begin(OTHER)
    before = Delivery.objects.values().get()
    claims.hand_over((old, ending), None)
    assert Delivery.objects.values().get() == before
    claims.hand_over((new, SENT), None)
    assert only_row().state == "sent"


def test_the_same_worker_with_an_older_try_changes_nothing() -> None:
    owe()
    old = begin()
    set_rows(leased_until=NOW - HOUR)
    claims.sweep(ME, outbox.database_now())
    set_rows(due_at=NOW)
    begin()
    before = Delivery.objects.values().get()
    claims.hand_over((old, FAILED), None)
    assert Delivery.objects.values().get() == before


def test_an_answer_that_comes_late_ends_the_doubt() -> None:
    owe()
    slow = begin()
    set_rows(leased_until=NOW - HOUR)
    claims.sweep(OTHER, outbox.database_now())
    assert only_row().state == "uncertain"
    claims.hand_over((slow, SENT), None)
    assert only_row().state == "sent"
    set_rows(due_at=NOW)
    assert not claim_all()


def test_a_claim_that_was_put_back_does_not_begin() -> None:
    owe()
    (claim,) = claim_all()
    claims.release([claim])
    assert not claims.hand_over(None, claim)
    assert only_row().attempts == 0
    assert len(claim_all(OTHER)) == 1


# THE DEAD AND THE SILENT


def test_after_a_death_only_what_was_begun_is_in_doubt_and_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    owe(None, "bob", "carol", "dave")
    first, _second, _third = claim_all(OTHER)
    claims.hand_over(None, first)
    monkeypatch.setattr(workers, "is_dead", lambda worker: worker == OTHER)
    claims.sweep(ME, outbox.database_now())
    rows = Delivery.objects.order_by("-copies")
    assert [(row.state, row.copies, row.attempts, row.why) for row in rows] == [
        ("uncertain", 1, 1, "stopped"),
        ("queued", 0, 0, ""),
        ("queued", 0, 0, ""),
    ]
    assert len(claim_all()) == 3


def test_after_a_silence_what_was_begun_waits_ten_minutes() -> None:
    owe(None, "bob", "carol")
    first, _second = claim_all(OTHER)
    claims.hand_over(None, first)
    set_rows(leased_until=NOW - timedelta(seconds=1))
    now = outbox.database_now()
    claims.sweep(ME, now)
    uncertain = Delivery.objects.get(state="uncertain")
    assert uncertain.due_at == now + timedelta(minutes=10)
    assert Delivery.objects.get(state="queued").worker == ""
    assert len(claim_all()) == 1


def test_the_living_keep_what_they_have() -> None:
    owe()
    begin(workers.identity())
    claims.sweep(ME, outbox.database_now())
    assert only_row().state == "sending"


def test_a_lease_is_renewed_for_what_is_held_and_for_nothing_else() -> None:
    owe(None, "held", "forgotten")
    held, _forgotten = sorted(claim_all(), key=lambda claim: claim.delivery.address, reverse=True)
    set_rows(leased_until=NOW)
    claims.renew([held], outbox.database_now())
    assert Delivery.objects.filter(leased_until__gt=outbox.database_now()).count() == 1
    claims.renew([], outbox.database_now())


# THE SERVER AS A WHOLE


def test_trouble_with_the_server_stops_all_claims_and_then_one_a_minute_probes() -> None:
    owe(None, "bob", "carol", "dave")
    now = outbox.database_now()
    claims.pause("connection refused", now)
    assert not claims.claim(ME, now, 100)
    assert not claims.claim(ME, now + timedelta(seconds=59), 100)
    later = now + timedelta(seconds=61)
    (probe,) = claims.claim(ME, later, 100)
    assert not claims.claim(OTHER, later, 100)
    claims.record(probe, SITE, later)
    assert not claims.claim(ME, later + timedelta(seconds=30), 100)
    (probe,) = claims.claim(ME, later + timedelta(seconds=61), 100)
    claims.record(probe, FAILED, later)
    assert outbox.trouble() is None
    assert len(claims.claim(ME, later, 100)) == 2


def test_trouble_begins_once_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    outbox.database_now()
    claims.pause("connection refused", NOW)
    claims.pause("no route to host", NOW + HOUR)
    channel = Channel.objects.get()
    assert (channel.since, channel.reply) == (NOW, "no route to host")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    claims.resume()
    assert outbox.trouble() is None


def test_trouble_with_the_server_costs_a_row_nothing() -> None:
    owe()
    due = only_row().due_at
    for _number in range(5):
        set_channel_open()
        try_all(SITE)
    row = only_row()
    assert (row.state, row.due_at, row.deferrals, row.errors, row.copies, row.why) == ("queued", due, 0, 0, 0, "")


def set_channel_open() -> None:
    """The minute of a pause is over."""
    Channel.objects.update(paused_until=NOW - HOUR)


# CLOCKS


@pytest.fixture(params=[-HOUR, HOUR], ids=["slow", "fast"])
def wrong_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """A host whose own clock is an hour off; the database's is right."""
    with time_machine.travel(timezone.now() + request.param, tick=True):
        yield


@pytest.mark.usefixtures("wrong_clock")
def test_a_wrong_clock_brings_nothing_forward_or_back() -> None:
    due, early = owe(None, "due", "early")
    early.deliveries.update(due_at=outbox.database_now() + timedelta(minutes=30))
    found = claim_all()
    assert names(found) == ["Due"]
    claims.sweep(OTHER, outbox.database_now())
    assert due.deliveries.get().state == "sending"
    claims.hand_over(None, found[0])
    claims.hand_over((found[0], DEFERRED), None)
    next_try = due.deliveries.get().due_at
    assert next_try
    assert timedelta(0) < next_try - outbox.database_now() < timedelta(minutes=2)


@pytest.mark.usefixtures("wrong_clock")
def test_what_a_host_with_a_wrong_clock_queues_is_due_at_once() -> None:
    owe()
    with time_machine.travel(NOW, tick=True):
        assert len(claim_all()) == 1


def test_database_time_is_the_same_for_all_whatever_their_zone() -> None:
    with time_machine.travel(datetime(2001, 1, 1, tzinfo=UTC)):
        assert abs(outbox.database_now() - NOW) < HOUR
