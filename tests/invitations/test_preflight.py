"""What is said before “Invite” is pressed: true, calm, and as many queries for many people as for one."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from cabinet.environ import Mail
from cabinet.models import User
from conferences.models import Change, Conference
from invitations import preflight
from invitations.models import Channel, Invitation
from invitations.silence import Silence
from tests.factories import make_conference, make_contact, make_invitation, make_user

BOB = ("Bob", "bob@example.org")
# A Tuesday far ahead.
TUESDAY = date(2030, 3, 12)


def at(hour: int, day: date = TUESDAY) -> datetime:
    return datetime.combine(day, time(hour))


@pytest.fixture
def conference(alice: User) -> Conference:
    """Alice's on a Tuesday at ten in Berlin."""
    return make_conference(alice, start=at(10), topic="Planning")


def said(conference: Conference, *people: tuple[str, str], now: datetime | None = None) -> list[str]:
    """All that the organizer is told."""
    found = preflight.notes(conference, people or [BOB], conference.organizer, now or timezone.now())
    return [note.words for note in found]


def test_where_nothing_is_odd_nothing_is_said(conference: Conference) -> None:
    assert said(conference) == []


def test_another_conference_at_that_time(conference: Conference, alice: User, charlie: User) -> None:
    make_conference(alice, start=at(9), duration=timedelta(minutes=61), topic="Stand-up")
    make_conference(alice, start=at(11), topic="Right after")
    make_conference(alice, start=at(10), topic="Off").cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    make_conference(charlie, start=at(10), topic="A stranger’s")
    assert said(conference) == ["“Stand-up” is at the same time: Tuesday 12 March 2030, 09:00–10:01."]


def test_a_co_organizer_hears_nothing_of_the_organizers_other_conferences(
    conference: Conference, alice: User, charlie: User
) -> None:
    make_conference(alice, start=at(10), topic="Secret")
    assert preflight.notes(conference, [BOB], charlie, timezone.now()) == []


def test_it_has_begun(conference: Conference) -> None:
    assert said(conference, now=conference.starts_at) == ["It began at 10:00: whoever is invited now comes late."]


def test_of_a_series_the_next_date_counts(alice: User) -> None:
    series = make_conference(alice, start=at(10), rule="FREQ=WEEKLY;COUNT=3")
    make_conference(alice, start=at(10, TUESDAY + timedelta(days=7)), topic="Stand-up")
    assert said(series) == []
    assert len(said(series, now=series.ends_at)) == 1


def test_night_and_weekend_on_the_clocks_of_those_who_are_chosen(conference: Conference, alice: User) -> None:
    make_contact(alice, "Bob Brown", "bob@example.org", time_zone="America/New_York")
    make_contact(alice, "Dan Dale", "dan@example.org", time_zone="Asia/Tokyo")
    assert said(conference, BOB, ("", "dan@example.org")) == ["It will be night in New York (05:00)."]
    friday = make_conference(alice, start=at(22, date(2030, 3, 15)))
    assert said(friday, ("", "dan@example.org"))[-1] == "It will be the weekend in Tokyo (Saturday)."


@pytest.mark.parametrize(
    ("zone", "free"), [("Europe/Berlin", {5, 6}), ("Asia/Riyadh", {4, 5}), ("Asia/Dubai", {5, 6}), ("UTC", {5, 6})]
)
def test_weekends(zone: str, free: set[int]) -> None:
    monday = datetime(2030, 3, 11, 9, tzinfo=UTC)
    assert {day for day in range(7) if preflight.is_weekend(monday + timedelta(days=day), zone)} == free


def test_who_is_invited_already_is_named(conference: Conference) -> None:
    make_invitation(conference)
    make_invitation(conference, "dan@example.org", "Dan", withdrawn_at=timezone.now())
    (note,) = said(conference, ("Bob", "BOB@example.org"), ("Dan", "dan@example.org"))
    assert note == "Bob is invited already and gets no second letter."


def test_who_wants_no_letters_is_named(conference: Conference) -> None:
    Silence.objects.begin("bob@example.org", timezone.now())
    (note,) = said(conference, BOB, ("Dan", "dan@example.org"))
    assert note.startswith("Bob asked this site not to write any more")


def test_oneself(conference: Conference) -> None:
    (note,) = said(conference, ("", "Alice@example.org"))
    assert note == "Alice Adams organizes this conference: no calendar entry goes with that letter."


def test_a_mail_server_that_takes_nothing(conference: Conference) -> None:
    Channel.objects.update_or_create(pk=1, defaults={"since": datetime(2030, 3, 1, 8, tzinfo=UTC)})
    assert said(conference) == [
        "The mail server has taken no mail since 09:00 on 1 March. Letters wait here until it does."
    ]


@pytest.mark.parametrize(("domain", "is_said"), [("example.org", False), ("meet.example.net", True)])
def test_letters_on_behalf_of_another_domain(
    conference: Conference, settings: Settings, domain: str, is_said: bool
) -> None:
    settings.MAIL, settings.MAIL_DOMAIN = Mail("smtp", None, "mail.example.org", 25), domain
    expected = (
        "This site writes from meet.example.net: some mail programs will add that it does so for alice@example.org."
    )
    assert said(conference) == ([expected] if is_said else [])


def test_many_people_cost_no_more_queries_than_one(conference: Conference, alice: User) -> None:
    people = [(f"Person {number}", f"person{number}@example.org") for number in range(60)]
    for name, address in people:
        make_contact(alice, name, address, time_zone="Asia/Tokyo")
        make_invitation(conference, address, name)
    assert conference.organizer.pk  # not a query of ours
    with CaptureQueriesContext(connection) as one:
        said(conference, people[0])
    with CaptureQueriesContext(connection) as all_of_them:
        notes = said(conference, *people)
    assert len(one) == len(all_of_them)
    assert notes[-1].startswith("Person 0, Person 1, Person 2, Person 3, Person 4 and 55 more are invited already")


def test_it_is_said_on_the_page_and_keeps_nobody_from_inviting(as_alice: Client, conference: Conference) -> None:
    make_invitation(conference)
    form = {"to": ["bob@example.org", "dan@example.org"], "submission_id": str(uuid4())}
    ledger, preview = (reverse(f"invitations:{name}", args=[conference.pk]) for name in ("ledger", "preview"))
    assert "bob@example.org is invited already" in as_alice.post(ledger, form | {"find": "1"}).text
    assert "is invited already" in as_alice.post(preview, form, follow=True).text
    as_alice.post(ledger, form)
    assert Invitation.objects.filter(conference=conference).count() == 2


def test_it_follows_a_form_that_is_half_filled_in(as_alice: Client, conference: Conference) -> None:
    make_invitation(conference)
    path = reverse("invitations:before-inviting", args=[conference.pk])
    part = as_alice.post(path, {"to": ["bob@example.org"], "q": "half a na"}).text
    assert "bob@example.org is invited already" in part
    assert "<html" not in part
    assert as_alice.post(path, {"q": "half a na"}).text.strip() == ""


def test_a_stranger_is_told_nothing(conference: Conference) -> None:
    stranger = Client()
    stranger.force_login(make_user())
    assert stranger.get(reverse("invitations:preview", args=[conference.pk])).status_code == 404
