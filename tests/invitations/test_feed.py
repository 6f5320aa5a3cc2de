"""The calendar feed: what is in it, who may read it, and when it has to be read again."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import icalendar
import pytest
import time_machine
import vobject
from django.test import Client
from django.urls import reverse

from cabinet.models import User
from conferences import zone_rules
from conferences.choices import Tell
from conferences.deputies import CoOrganizer, Deputy
from conferences.models import Conference, Occurrence
from invitations import feed_content
from invitations.feeds import Feed
from tests.factories import make_conference, make_user
from tests.invitations.events import names
from tests.peers import libical
from tests.peers.reader import ical_js

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
START = datetime(2026, 12, 7, 10)

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def feed(alice: User) -> Feed:
    return Feed.objects.renew(alice)


def move(row: Occurrence, by: User) -> None:
    when = {"start_date": row.start_date, "start_time": time(16), "duration": timedelta(hours=2)}
    row.move(by, when, seen_sequence=row.conference.sequence, tell=Tell.NOBODY)


def read(client: Client, feed: Feed, **headers: str) -> Any:
    return client.get(feed.get_absolute_url(), headers=headers)


def topics(content: bytes) -> set[str]:
    return {str(event["summary"]) for event in icalendar.Calendar.from_ical(content).events}


def ours() -> dict[str, list[tuple[datetime, datetime]]]:
    """When everything takes place, by the UID that it has in the feed."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in Occurrence.objects.filter(cancelled_at=None).select_related("conference").order_by("starts_at"):
        uuid, _at, host = row.conference.uid.partition("@")
        found.setdefault(f"{uuid}-f@{host}", []).append((row.starts_at, row.ends_at))
    return found


# WHAT IS IN IT


def test_three_readers_find_every_date_of_every_conference(alice: User, feed: Feed, client: Client) -> None:
    """Series beside single ones, in zones with and without rules, one moved and one cancelled."""
    for zone in ("Europe/Berlin", "Asia/Jerusalem", "UTC", "Asia/Kolkata"):
        make_conference(alice, start=START, time_zone=zone)
        series = make_conference(alice, start=START, time_zone=zone, rule="FREQ=WEEKLY;BYDAY=MO,TH;COUNT=40")
        _first, second, third, *_others = series.occurrences.order_by("starts_at")
        move(second, alice)
        third.cancel(alice, NOW, tell=Tell.NOBODY)
    content = read(client, feed).content

    assert libical.occurrences(content) == ours()
    by_js = {
        uid: sorted((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end, _summary in spans)
        for uid, spans in ical_js([content])[0]["occurrences"].items()
    }
    assert by_js == ours()
    masters = [each for each in vobject.readOne(content.decode()).vevent_list if "recurrence-id" not in each.contents]
    assert {each.uid.value: each.dtstart.value.astimezone(UTC) for each in masters} == {
        uid: spans[0][0] for uid, spans in ours().items()
    }
    assert names(content).count("BEGIN:VCALENDAR") == 1
    zones = [line for line in names(content) if line in {"BEGIN:VTIMEZONE", "TZID"}]
    assert zones == ["BEGIN:VTIMEZONE", "TZID"] * 3  # each once, none for UTC


def test_it_holds_the_past_year_and_all_to_come_of_what_stands(alice: User, feed: Feed, client: Client) -> None:
    dates = {
        "Long ago": datetime(2025, 10, 1, 10),
        "A year ago": datetime(2025, 11, 10, 10),
        "In years": datetime(2031, 1, 1, 10),
    }
    for topic, start in dates.items():
        with time_machine.travel(start - timedelta(days=1), tick=False):
            make_conference(alice, start=start, topic=topic)
    make_conference(alice, start=START, topic="Cancelled").cancel(alice, NOW, tell=Tell.NOBODY)
    make_conference(alice, topic="Standing room", permanent=True)
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC), tick=False):
        make_conference(alice, start=datetime(2020, 1, 6, 10), topic="Endless", rule="FREQ=WEEKLY")

    assert topics(read(client, feed).content) == {"A year ago", "In years", "Endless"}


def test_it_is_of_all_conferences_that_the_person_manages(
    alice: User, charlie: User, feed: Feed, client: Client
) -> None:
    dora = make_user("dora@example.org")
    make_conference(charlie, start=START, topic="Charlie’s")
    make_conference(dora, start=START, topic="In Dora’s name")
    Deputy.objects.create(principal=dora, deputy=alice)
    shared = make_conference(charlie, start=START, topic="Together")
    CoOrganizer.objects.create(conference=shared, user=alice)
    make_conference(alice, start=START, topic="Own")

    assert topics(read(client, feed).content) == {"In Dora’s name", "Together", "Own"}


def test_entries_carry_the_direct_link_and_nobody_and_do_not_ring(alice: User, feed: Feed, client: Client) -> None:
    conference = make_conference(alice, start=START, agenda="Figures")
    content = read(client, feed).content
    (event,) = icalendar.Calendar.from_ical(content).events

    assert str(event["url"]).endswith(f"/join/{conference.join_token}/")
    assert not {"METHOD", "ORGANIZER", "ATTENDEE", "BEGIN:VALARM", "STATUS"} & set(names(content))


def test_an_empty_feed_is_a_calendar(feed: Feed, client: Client) -> None:
    assert names(read(client, feed).content) == ["BEGIN:VCALENDAR", "VERSION", "PRODID", "END:VCALENDAR"]


def test_it_speaks_the_language_of_its_owner(
    alice: User, feed: Feed, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def language(_user: User, _now: datetime) -> bytes:
        return (feed_content.get_language() or "").encode()

    monkeypatch.setattr(feed_content, "content", language)
    assert read(client, feed, **{"accept-language": "de"}).content.decode() == alice.language


# AGAIN AND AGAIN


def test_who_knows_it_gets_304_and_nothing_is_written_down_for_it(
    alice: User, feed: Feed, client: Client, django_assert_num_queries: Any
) -> None:
    for _number in range(3):
        make_conference(alice, start=START, rule="FREQ=DAILY;COUNT=5")
    first = read(client, feed)
    # Whether anybody has an account, the misses of this network, the token, the totals, the names.
    with django_assert_num_queries(5):
        again = read(client, feed, **{"if-none-match": first.headers["ETag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert read(client, feed, **{"if-none-match": f"W/{first.headers['ETag']}"}).status_code == 304
    assert read(client, feed, **{"if-none-match": '"other"'}).content == first.content


def test_a_feed_of_many_costs_as_many_queries_as_one_of_few(
    alice: User, feed: Feed, client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(1, 4):
        series = make_conference(alice, start=START, rule="FREQ=DAILY;COUNT=5")
        move(series.occurrences.order_by("starts_at")[1], alice)
        if number != 2:
            with django_assert_num_queries(8):
                read(client, feed)


def change_topic(conference: Conference, alice: User) -> None:
    conference.change(alice, {"topic": "Other"}, seen_sequence=0, tell=Tell.NOBODY, now=NOW)


def move_one(conference: Conference, alice: User) -> None:
    move(conference.occurrences.order_by("starts_at")[1], alice)


def cancel_one(conference: Conference, alice: User) -> None:
    conference.occurrences.order_by("starts_at")[1].cancel(alice, NOW, tell=Tell.NOBODY)


def cancel_all(conference: Conference, alice: User) -> None:
    conference.cancel(alice, NOW, tell=Tell.NOBODY)


def schedule_another(_conference: Conference, alice: User) -> None:
    make_conference(alice, start=START)


def swap(conference: Conference, alice: User) -> None:
    """One comes and one goes, in the same moment."""
    conference.organizer = make_user("dora@example.org")
    conference.save()
    make_conference(alice, start=START)


def take_another_name(_conference: Conference, alice: User) -> None:
    alice.name = "Alice Baker"
    alice.save()


def change_the_law(conference: Conference, _alice: User) -> None:
    """As if the stored instants came from other rules of the zone."""
    Occurrence.objects.filter(conference=conference).update(starts_at=datetime(2026, 12, 7, 8, tzinfo=UTC))
    assert list(zone_rules.follow(NOW))


@pytest.mark.parametrize(
    "happens",
    [change_topic, move_one, cancel_one, cancel_all, schedule_another, swap, take_another_name, change_the_law],
)
def test_whatever_happens_makes_it_another(alice: User, feed: Feed, client: Client, happens: Any) -> None:
    conference = make_conference(alice, start=START, rule="FREQ=DAILY;COUNT=5")
    known = read(client, feed).headers["ETag"]
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert read(client, feed, **{"if-none-match": known}).status_code == 304
        happens(conference, alice)
        assert read(client, feed, **{"if-none-match": known}).status_code == 200


def test_time_alone_changes_nothing_within_a_month(alice: User, feed: Feed, client: Client) -> None:
    """Stamps are those of the last change: a calendar that compares entries finds them equal."""
    make_conference(alice, start=START, rule="FREQ=WEEKLY")
    first = read(client, feed)
    with time_machine.travel(datetime(2026, 11, 30, 23, tzinfo=UTC), tick=False):
        again = read(client, feed)
    assert (first.content, first.headers["ETag"]) == (again.content, again.headers["ETag"])
    with time_machine.travel(datetime(2026, 12, 1, 1, tzinfo=UTC), tick=False):
        assert read(client, feed).headers["ETag"] != first.headers["ETag"]


# WHO MAY READ IT


def test_it_leaves_no_trace(alice: User, feed: Feed, client: Client) -> None:
    make_conference(alice, start=START)
    for response in (read(client, feed), client.head(feed.get_absolute_url())):
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert not response.cookies
    assert client.head(feed.get_absolute_url()).content == b""


def test_a_new_address_ends_the_old_one_at_once(feed: Feed, as_alice: Client, client: Client) -> None:
    response = as_alice.post(reverse("invitations:feed-address"), follow=True)
    new = Feed.objects.get()

    assert new.token != feed.token
    assert new.address in response.content.decode()
    assert feed.token not in response.content.decode()
    unknown = client.get(reverse("invitations:feed", args=["a" * 26]))
    old = read(client, feed)
    assert (old.status_code, old.content) == (unknown.status_code, unknown.content) == (404, unknown.content)
    assert old.headers["Cache-Control"] == "no-store, private"
    assert old.headers["Referrer-Policy"] == "no-referrer"
    assert read(client, new).status_code == 200


def test_the_feed_of_an_account_that_was_switched_off_is_unknown(alice: User, feed: Feed, client: Client) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert read(client, feed).status_code == 404


def test_guessers_are_refused_even_what_is_there(feed: Feed, client: Client) -> None:
    for number in range(30):
        assert client.get(reverse("invitations:feed", args=[f"{number:a>26}"])).status_code == 404
    assert read(client, feed).status_code == 429
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        assert read(client, feed).status_code == 200


def test_the_page_makes_no_address_until_it_is_asked_to(alice: User, as_alice: Client) -> None:
    page = as_alice.get(reverse("invitations:feed-address")).content.decode()

    assert "Make an address" in page
    assert not Feed.objects.exists()
    page = as_alice.post(reverse("invitations:feed-address"), follow=True).content.decode()
    assert "Whoever has this address can read your conferences. If it got out, make a new one." in page
    assert "Copy address" in page
    assert Feed.objects.get().user == alice
