"""A government changes the clocks: conferences stay at their hour, stored instants follow, and the page says so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cabinet.models import User
from conferences import zone_rules
from conferences.models import Change, Conference, Occurrence
from tests.conferences.test_views import text_of
from tests.factories import make_conference

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = datetime(2026, 12, 3, 13, tzinfo=UTC)  # 14:00 in Berlin
HOUR = timedelta(hours=1)


@pytest.fixture
def conference(alice: User) -> Conference:
    """One that was scheduled when Berlin was an hour behind."""
    made = make_conference(alice, start=datetime(2026, 12, 3, 14))
    Occurrence.objects.update(starts_at=START + HOUR, ends_at=START + 2 * HOUR)
    return made


def test_the_instants_follow_the_wall_clock_and_history_says_so(conference: Conference, as_alice: Client) -> None:
    assert zone_rules.follow(NOW) == [conference]
    assert list(Occurrence.objects.values_list("starts_at", "ends_at")) == [(START, START + HOUR)]
    change = conference.changes.latest("sequence")
    assert (change.sequence, change.kind, change.tell, change.by) == (1, "zone", "nobody", None)
    page = text_of(as_alice.get(conference.get_absolute_url()))
    assert "New rules of the time zone moved the start; the clock time stays" in page
    assert "Start in UTC: was Thu 3 Dec 2026, 14:00 now Thu 3 Dec 2026, 13:00" in page


def test_once_is_enough(conference: Conference) -> None:
    zone_rules.follow(NOW)
    with CaptureQueriesContext(connection) as queries:
        assert zone_rules.follow(NOW) == []
    assert len(queries) == 1
    assert conference.changes.count() == 2


def test_what_is_over_or_cancelled_stays_as_it_was(conference: Conference, alice: User) -> None:
    assert zone_rules.follow(START + timedelta(days=3)) == []
    conference.cancel(alice, NOW, tell=Change.Tell.NOBODY)
    assert zone_rules.follow(NOW) == []


def test_an_hour_that_the_new_rules_skip_is_read_by_the_offset_before_the_gap(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2027, 3, 28, 1, 30))
    Occurrence.objects.update(start_time="02:30")
    assert zone_rules.follow(NOW) == [conference]
    assert Occurrence.objects.get().starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 in Berlin
