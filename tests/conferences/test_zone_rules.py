"""A government changes the clocks: conferences stay at their hour, stored instants follow, and people are told."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cabinet.models import User
from conferences import times, zone_rules
from conferences.choices import Tell
from conferences.models import Change, Conference, Occurrence
from invitations.announcing import announce
from invitations.models import Delivery
from tests.conferences.test_views import text_of
from tests.factories import make_conference
from tests.invitations.deliveries import letters, owe, set_rows
from tests.parallel import in_parallel

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
# What the governments have decided: summer time all the year round, and a zone two hours farther west.
LAW = {BERLIN: "Etc/GMT-2", NEW_YORK: "Etc/GMT+7"}

type Pass = Callable[[Mapping[str, str]], None]


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """An update of tzdata: from then on the named zones have the rules of others."""

    def pass_law(law: Mapping[str, str]) -> None:
        monkeypatch.setattr(times, "_zone", lambda name: ZoneInfo(law.get(name, name)))

    return pass_law


def starts(conference: Conference) -> list[str]:
    return [f"{row.starts_at:%m-%d %H:%M}" for row in conference.occurrences.order_by("original_date")]


def followed(now: datetime = NOW) -> dict[int, tuple[str, str, int]]:
    return {
        moved.conference.pk: (f"{moved.was:%m-%d %H:%M}", f"{moved.now_at:%m-%d %H:%M}", moved.occurrences)
        for moved in zone_rules.follow(now)
    }


def retime() -> str:
    out = StringIO()
    call_command("retime", stdout=out)
    return out.getvalue()


def test_instants_follow_the_wall_clock_and_everybody_is_to_be_told(
    alice: User, as_alice: Client, passed: Pass
) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14))
    passed(LAW)
    assert followed() == {conference.pk: ("12-03 13:00", "12-03 12:00", 1)}
    row = Occurrence.objects.get()
    assert (row.start_date, row.start_time) == (date(2026, 12, 3), time(14))
    assert (row.starts_at, row.ends_at) == (
        datetime(2026, 12, 3, 12, tzinfo=UTC),
        datetime(2026, 12, 3, 13, tzinfo=UTC),
    )
    conference.refresh_from_db()
    assert conference.over_at == row.ends_at
    change = conference.changes.latest("sequence")
    assert (change.sequence, change.kind, change.tell, change.by) == (1, "zone", "all", None)
    assert (change.announced_at, change.original_date) == (None, None)
    assert change.before == {"starts_at": "2026-12-03T13:00:00+00:00", "occurrences": 1}
    assert change.after == {"starts_at": "2026-12-03T12:00:00+00:00", "occurrences": 1}
    page = text_of(as_alice.get(conference.get_absolute_url()))
    assert "New rules of the time zone moved the start; the clock time stays" in page
    assert "Start in UTC: was Thu 3 Dec 2026, 13:00 now Thu 3 Dec 2026, 12:00" in page


def test_each_zone_moves_by_its_own_law_and_others_do_not(alice: User, passed: Pass) -> None:
    berlin, new_york, tokyo = (
        make_conference(alice, start=datetime(2026, 12, 3, 14), time_zone=zone)
        for zone in (BERLIN, NEW_YORK, "Asia/Tokyo")
    )
    passed(LAW)
    assert followed() == {
        berlin.pk: ("12-03 13:00", "12-03 12:00", 1),
        new_york.pk: ("12-03 19:00", "12-03 21:00", 1),
    }
    assert starts(tokyo) == ["12-03 05:00"]
    assert tokyo.changes.count() == 1


def test_of_a_series_only_the_dates_move_that_the_law_touches(alice: User, passed: Pass) -> None:
    series = make_conference(alice, start=datetime(2027, 3, 22, 10), rule="FREQ=WEEKLY;COUNT=3")
    assert starts(series) == ["03-22 09:00", "03-29 08:00", "04-05 08:00"]
    passed({BERLIN: "Etc/GMT-1"})
    assert followed() == {series.pk: ("03-29 08:00", "03-29 09:00", 2)}
    assert starts(series) == ["03-22 09:00", "03-29 09:00", "04-05 09:00"]


def test_moved_dates_keep_their_own_clock_and_cancelled_ones_are_not_told_of(alice: User, passed: Pass) -> None:
    series = make_conference(alice, start=datetime(2026, 12, 7, 10), rule="FREQ=WEEKLY;COUNT=4")
    first, second, _third, last = series.occurrences.order_by("starts_at")
    first.cancel(alice, NOW, tell=Tell.NOBODY)
    when = {"start_date": date(2026, 12, 15), "start_time": time(16), "duration": HOUR}
    second.move(alice, when, seen_sequence=1, tell=Tell.NOBODY)
    last.cancel(alice, NOW, tell=Tell.NOBODY)
    passed(LAW)
    assert followed() == {series.pk: ("12-15 15:00", "12-15 14:00", 2)}
    assert starts(series) == ["12-07 08:00", "12-15 14:00", "12-21 08:00", "12-28 08:00"]
    series.refresh_from_db()
    assert series.over_at == datetime(2026, 12, 21, 9, tzinfo=UTC)


def test_where_only_a_cancelled_date_moves_nobody_is_told(alice: User, passed: Pass) -> None:
    series = make_conference(alice, start=datetime(2027, 3, 22, 10), rule="FREQ=WEEKLY;COUNT=2")
    series.occurrences.latest("starts_at").cancel(alice, NOW, tell=Tell.NOBODY)
    passed({BERLIN: "Etc/GMT-1"})
    assert followed() == {}
    assert starts(series) == ["03-22 09:00", "03-29 09:00"]
    assert not series.changes.filter(kind="zone").exists()


def test_permanent_and_cancelled_conferences_are_left_alone(alice: User, passed: Pass) -> None:
    make_conference(alice, start=datetime(2026, 12, 3, 14), permanent=True)
    make_conference(alice, start=datetime(2026, 12, 3, 14)).cancel(alice, NOW, tell=Tell.NOBODY)
    passed(LAW)
    before = list(Conference.objects.order_by("pk").values()), list(Occurrence.objects.values())
    assert followed() == {}
    assert (list(Conference.objects.order_by("pk").values()), list(Occurrence.objects.values())) == before
    assert not Change.objects.filter(kind="zone").exists()


@pytest.mark.parametrize(
    ("now", "second"),
    [
        (datetime(2026, 12, 14, 8, 30, tzinfo=UTC), "12-14 08:00"),  # goes on by the new rules
        (datetime(2026, 12, 14, 9, 30, tzinfo=UTC), "12-14 08:00"),  # goes on by the old rules
        (datetime(2026, 12, 14, 10, 30, tzinfo=UTC), "12-14 09:00"),  # over by both
    ],
)
def test_what_has_taken_place_is_not_rewritten(alice: User, passed: Pass, now: datetime, second: str) -> None:
    series = make_conference(alice, start=datetime(2026, 12, 7, 10), rule="FREQ=WEEKLY;COUNT=3")
    passed(LAW)
    followed(now)
    assert starts(series) == ["12-07 09:00", second, "12-21 08:00"]


def test_what_was_over_by_the_old_rules_and_is_to_come_by_the_new_ones_follows_the_wall(
    alice: User, passed: Pass
) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), time_zone=NEW_YORK)
    Occurrence.objects.update(organizer_joined_at=NOW)
    passed(LAW)
    assert followed(datetime(2026, 12, 3, 20, 30, tzinfo=UTC)) == {conference.pk: ("12-03 19:00", "12-03 21:00", 1)}
    assert Occurrence.objects.get().organizer_joined_at is None, "nobody is there yet"


def test_an_hour_that_the_new_rules_skip_is_read_by_the_offset_before_the_gap(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 3, 28, 1, 30))
    Occurrence.objects.update(start_time="02:30")
    assert list(followed()) == [conference.pk]
    assert Occurrence.objects.get().starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 in Berlin


def test_whoever_was_told_gets_one_letter_about_it(alice: User, passed: Pass) -> None:
    series = make_conference(alice, start=datetime(2031, 1, 6, 10), rule="FREQ=WEEKLY;COUNT=5")
    (bob,) = owe(series)
    set_rows(state=Delivery.State.SENT)
    passed(LAW)
    followed(timezone.now())
    for minutes in (2, 4):
        announce(timezone.now() + timedelta(minutes=minutes))
    assert letters(bob) == [("invitation", 0, "sent"), ("update", 1, "queued")]


def test_once_is_enough(alice: User, passed: Pass) -> None:
    for n in range(3):
        make_conference(alice, start=datetime(2026, 12, 3 + n, 14), rule="FREQ=WEEKLY;COUNT=5")
    passed(LAW)
    assert len(followed()) == 3
    with CaptureQueriesContext(connection) as queries:
        assert followed() == {}
    assert len(queries) == 1
    assert Change.objects.filter(kind="zone").count() == 3


def test_a_clock_time_that_many_share_is_worked_out_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        make_conference(alice, start=datetime(2026, 12, 7, 10), rule="FREQ=WEEKLY;COUNT=10")
    asked: list[datetime] = []
    by_rule = times.instant_by_rule

    def counted(wall: datetime, zone: str) -> datetime:
        asked.append(wall)
        return by_rule(wall, zone)

    monkeypatch.setattr(times, "instant_by_rule", counted)
    assert followed() == {}
    assert len(asked) == 10


def test_what_is_cancelled_while_the_law_is_looked_at_stays(alice: User, passed: Pass) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14))
    passed(LAW)
    (pk,) = zone_rules._conferences_out_of_step(NOW)
    conference.cancel(alice, NOW, tell=Tell.NOBODY)
    assert zone_rules._move(pk, NOW) is None
    assert starts(conference) == ["12-03 13:00"]


def test_killed_in_between_the_next_time_does_the_rest(alice: User, passed: Pass) -> None:
    for _ in range(3):
        make_conference(alice, start=datetime(2026, 12, 3, 14))
    passed(LAW)
    next(zone_rules.follow(NOW))
    assert Change.objects.filter(kind="zone").count() == 1
    assert len(followed()) == 2
    assert [change.sequence for change in Change.objects.filter(kind="zone")] == [1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_move_each_conference_once(passed: Pass) -> None:
    organizer = make_conference(start=datetime(2026, 12, 3, 14)).organizer
    for n in range(5):
        make_conference(organizer, start=datetime(2026, 12, 4 + n, 14), rule="FREQ=WEEKLY;COUNT=5")
    passed(LAW)
    results = in_parallel(4, lambda _index: followed())
    assert sum(map(len, results)) == 6
    assert list(Change.objects.filter(kind="zone").values_list("sequence", flat=True)) == [1] * 6


def test_retime_says_what_moved_for_whom_and_may_be_repeated(alice: User, passed: Pass) -> None:
    single = make_conference(alice, start=datetime(2031, 12, 3, 14), topic="B")
    series = make_conference(alice, start=datetime(2031, 1, 6, 10), rule="FREQ=WEEKLY;COUNT=5", topic="Round")
    assert retime() == "Nothing moved.\n"
    passed({BERLIN: "Etc/GMT-2"})
    hers = "of Alice Adams <alice@example.org>"
    first, second, last = retime().splitlines()
    assert first == (
        f"Conference {single.pk}, “B” {hers}: 2031-12-03 13:00 UTC -> 2031-12-03 12:00 UTC (14:00 in Europe/Berlin)"
    )
    assert second.startswith(f"Conference {series.pk}, “Round” {hers}: 2031-01-06 09:00 UTC -> 2031-01-06 08:00 UTC")
    assert second.endswith("(10:00 in Europe/Berlin), and 4 more")
    assert last == "2 moved."
    assert retime() == "Nothing moved.\n"
