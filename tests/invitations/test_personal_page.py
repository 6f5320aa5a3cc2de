"""The page of one invited person: it shows, it takes answers, it lets in, and it tells nobody who has no link."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from cabinet.models import User
from conferences.models import Attempt, Change, Conference, Occurrence
from conferences.tokens import new_token
from invitations.inviting import withdraw
from invitations.models import Delivery, Invitation, PartStat, Reply, Submission
from tests.factories import make_conference, make_invitation

HOSTILE = '"><script>alert(1)</script>'
MODELS: list[type[Model]] = [Invitation, Reply, Submission, Delivery, Conference, Occurrence, Change, Attempt]


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, topic="Autumn budget review", start=datetime(2027, 12, 2, 14), password="harbour42")


@pytest.fixture
def invitation(conference: Conference) -> Invitation:
    return make_invitation(conference)


@pytest.fixture
def guest() -> Client:
    """A browser without an account."""
    return Client()


def url(name: str, token: str) -> str:
    return reverse(f"invitations:{name}", args=[token])


def answer(guest: Client, invitation: Invitation, word: str, **fields: Any) -> Any:
    data = {"answer": word, "comment": "", "sequence": invitation.conference.sequence} | fields
    return guest.post(invitation.get_absolute_url(), data)


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def everything() -> list[list[dict[str, Any]]]:
    """Every row of every table that a guest could change."""
    return [list(model._default_manager.order_by("pk").values()) for model in MODELS]


# WHAT IT SHOWS


def test_it_shows_the_invitation_on_the_conference_clock(guest: Client, invitation: Invitation) -> None:
    page = words(guest.get(invitation.get_absolute_url()))
    for expected in (
        "Alice Adams invites you", "Autumn budget review", "Thursday 2 December 2027", "14:00 – 15:00", "Berlin, UTC+1",
        "Will you take part?", "You answer as bob@example.org . No account is needed.", "harbour42",
    ):  # fmt: skip
        assert expected in page


def test_it_shows_the_clock_of_the_person_too(guest: Client, conference: Conference) -> None:
    invitation = make_invitation(conference, time_zone="Asia/Tokyo")
    expected = "On your clock: Thursday 2 December 2027, 22:00–23:00 (Tokyo, UTC+9)"
    assert expected in words(guest.get(invitation.get_absolute_url()))


def test_its_headers_and_title_tell_nothing(guest: Client, invitation: Invitation) -> None:
    for page in ("personal", "personal-calendar-file"):
        response = guest.get(url(page, invitation.token))
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
    body = guest.get(invitation.get_absolute_url()).content.decode()
    assert "<title>Conference invitation · Personal Cabinet</title>" in body
    assert "og:" not in body
    assert re.findall(r'(?:src|href)="https?://(?!calendar\.google|outlook\.)', body) == []


def test_hostile_words_stay_words(guest: Client, alice: User) -> None:
    alice.name = f"Alice {HOSTILE}"
    alice.save()
    conference = make_conference(alice, topic=HOSTILE, agenda=HOSTILE, password=HOSTILE[:20])
    invitation = make_invitation(conference, name=HOSTILE)
    invitation.respond(PartStat.ACCEPTED, HOSTILE, timezone.now())
    pages = [url("personal", invitation.token), url("answer", invitation.token)]
    bodies = [guest.get(page).content.decode() for page in pages]
    conference.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY, message=HOSTILE)
    bodies.append(guest.get(pages[0]).content.decode())
    for body in bodies:
        assert "<script>alert" not in body
        assert "&lt;script&gt;alert" in body


# ANSWERING


@pytest.mark.parametrize(
    ("word", "title", "partstat"),
    [
        ("accepted", "You accepted", "ACCEPTED"),
        ("tentative", "You answered “Tentative”", "TENTATIVE"),
        ("declined", "You declined", "DECLINED"),
    ],
)
def test_an_answer_is_taken(guest: Client, invitation: Invitation, word: str, title: str, partstat: str) -> None:
    response = answer(guest, invitation, word, comment="Ten minutes late")
    assert (response.status_code, response["Location"]) == (302, url("answer", invitation.token))
    assert title in words(guest.get(response["Location"]))
    invitation.refresh_from_db()
    assert (invitation.partstat, invitation.comment) == (partstat, "Ten minutes late")


def test_the_organizer_sees_the_answer(guest: Client, as_alice: Client, invitation: Invitation) -> None:
    answer(guest, invitation, "tentative", comment="Ten minutes late")
    ledger = words(as_alice.get(reverse("invitations:ledger", args=[invitation.conference_id])))
    conference = words(as_alice.get(invitation.conference.get_absolute_url()))
    for page in (ledger, conference):
        assert "Tentative" in page
        assert "“Ten minutes late”" in page


def test_an_answer_can_be_changed(guest: Client, invitation: Invitation) -> None:
    answer(guest, invitation, "accepted")
    page = guest.get(invitation.get_absolute_url())
    assert re.findall(r'name="answer" value="(\w+)"[^>]* checked', page.content.decode()) == ["accepted"]
    assert "Your answer so far: Accepted" in words(page)
    answer(guest, invitation, "declined")
    invitation.refresh_from_db()
    assert invitation.partstat == "DECLINED"


@pytest.mark.parametrize("word", ["accepted", "tentative", "declined"])
def test_a_link_with_an_answer_only_chooses_it(guest: Client, invitation: Invitation, word: str) -> None:
    before = everything()
    page = guest.get(invitation.get_absolute_url(), {"answer": word}).content.decode()
    assert re.findall(r'name="answer" value="(\w+)"[^>]* checked', page) == [word]
    assert everything() == before


def test_a_link_that_carries_a_whole_answer_gives_none(guest: Client, invitation: Invitation) -> None:
    before = everything()
    whole: dict[str, Any] = {"answer": "accepted", "comment": "x", "sequence": 0, "name": "Bob"}
    for page in personal_pages(invitation.token):
        guest.get(page, whole)
        guest.head(page, whole)
    assert everything() == before


def test_a_link_with_an_answer_says_that_nothing_is_sent_yet(guest: Client, invitation: Invitation) -> None:
    page = invitation.get_absolute_url()
    assert "Not sent yet" in words(guest.get(page, {"answer": "accepted"}))
    assert "Not sent yet" not in words(guest.get(page))
    invitation.respond(PartStat.ACCEPTED, "", timezone.now())
    assert "Not sent yet" not in words(guest.get(page, {"answer": "accepted"}))


@pytest.mark.parametrize("word", ["", "NEEDS-ACTION", "ACCEPTED", HOSTILE])
def test_an_answer_that_is_none_is_refused(guest: Client, invitation: Invitation, word: str) -> None:
    assert "checked" not in guest.get(invitation.get_absolute_url(), {"answer": word}).content.decode()
    response = answer(guest, invitation, word, comment="kept")
    assert "Choose an answer" in words(response)
    assert "kept" in response.content.decode()
    assert not Reply.objects.exists()


def test_a_comment_has_a_limit(guest: Client, invitation: Invitation) -> None:
    assert "Comment must be 500 characters or shorter" in words(
        answer(guest, invitation, "accepted", comment="x" * 501)
    )


def test_answering_needs_the_csrf_token(invitation: Invitation) -> None:
    assert answer(Client(enforce_csrf_checks=True), invitation, "accepted").status_code == 403
    assert not Reply.objects.exists()


def test_hidden_fields_of_others_change_nothing(guest: Client, invitation: Invitation) -> None:
    answer(
        guest,
        invitation,
        "accepted",
        partstat="DECLINED",
        address="x@example.org",
        token="x",
        withdrawn_at="2026-01-01",
    )
    fresh = Invitation.objects.get()
    assert (fresh.partstat, fresh.address, fresh.token) == ("ACCEPTED", "bob@example.org", invitation.token)
    assert fresh.withdrawn_at is None


def test_an_answer_to_a_time_that_has_changed_is_asked_again(
    guest: Client, alice: User, invitation: Invitation
) -> None:
    conference = invitation.conference
    conference.change(
        alice, {"duration": timedelta(hours=3)}, seen_sequence=0, tell=Change.Tell.ALL, now=timezone.now()
    )
    response = answer(guest, invitation, "accepted", sequence=0)
    assert "The time has changed meanwhile" in words(response)
    assert not Reply.objects.exists()
    assert 'name="sequence" value="1"' in response.content.decode()
    assert answer(guest, invitation, "accepted", sequence=1).status_code == 302


def test_after_a_change_of_time_the_old_answer_no_longer_counts(
    guest: Client, alice: User, invitation: Invitation
) -> None:
    answer(guest, invitation, "accepted")
    invitation.conference.change(
        alice, {"duration": timedelta(hours=3)}, seen_sequence=0, tell=Change.Tell.ALL, now=timezone.now()
    )
    page = guest.get(invitation.get_absolute_url())
    assert "You answered before the time was changed." in words(page)
    assert "checked" not in page.content.decode()
    assert guest.get(url("answer", invitation.token)).status_code == 302


# AFTER THE END


def test_a_cancelled_conference_says_so(guest: Client, alice: User, invitation: Invitation) -> None:
    invitation.conference.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY, message="The figures are late.")
    page = guest.get(invitation.get_absolute_url())
    for expected in ("This conference was cancelled", "The figures are late.", "not checked by Personal Cabinet"):
        assert expected in words(page)
    assert "<form" not in page.content.decode()
    answer(guest, invitation, "accepted")
    assert not Reply.objects.exists()
    calendar = Calendar.from_ical(guest.get(url("personal-calendar-file", invitation.token)).content)
    assert calendar["METHOD"] == "CANCEL"


def test_answers_are_taken_until_30_days_after_the_end(guest: Client, invitation: Invitation) -> None:
    ends_at = invitation.conference.ends_at
    with time_machine.travel(ends_at + timedelta(days=29), tick=False):
        assert "This conference has ended" in words(guest.get(invitation.get_absolute_url()))
        assert answer(guest, invitation, "accepted").status_code == 302
    with time_machine.travel(ends_at + timedelta(days=31), tick=False):
        assert "Send answer" not in words(guest.get(invitation.get_absolute_url()))
        assert answer(guest, invitation, "declined").status_code == 200
    invitation.refresh_from_db()
    assert invitation.partstat == "ACCEPTED"


# GOING IN


def test_the_way_in_appears_when_the_room_opens(guest: Client, invitation: Invitation) -> None:
    opens_at = invitation.conference.occurrences.get().opens_at
    with time_machine.travel(opens_at - timedelta(seconds=1), tick=False):
        page = words(guest.get(invitation.get_absolute_url()))
        assert "The room opens at 13:45 on Thursday 2 December 2027." in page
        assert "Join" not in page.replace("Join in the browser", "")
        early = guest.post(url("room", invitation.token), {"name": "Bob"})
        assert early["Location"] == invitation.get_absolute_url()
    with time_machine.travel(opens_at, tick=False):
        open_page = guest.get(invitation.get_absolute_url())
        assert "The room is open." in words(open_page)
        assert "https://meet.jit.si" in open_page["Content-Security-Policy"]
        inside = guest.post(url("room", invitation.token), {"name": "Bob"})
    assert inside.status_code == 303
    assert inside["Location"].startswith("https://meet.jit.si/")
    assert inside["Referrer-Policy"] == "no-referrer"


def test_who_is_invited_by_name_enters_under_it(guest: Client, invitation: Invitation) -> None:
    with time_machine.travel(invitation.conference.starts_at, tick=False):
        page = guest.get(invitation.get_absolute_url())
        inside = guest.post(url("room", invitation.token), {"name": "Alice Adams"})
    assert "You enter as Bob Brown" in words(page)
    assert 'name="name"' not in page.content.decode()
    assert "Bob%20Brown" in inside["Location"]
    assert "Alice" not in inside["Location"]


def test_who_is_invited_by_address_alone_gives_a_name(guest: Client, conference: Conference) -> None:
    invitation = make_invitation(conference, name="")
    with time_machine.travel(conference.starts_at, tick=False):
        assert "Enter your name" in words(guest.post(url("room", invitation.token), {"name": " "}))
        assert "Bob%20B" in guest.post(url("room", invitation.token), {"name": "Bob B"})["Location"]


def test_the_calendar_file_carries_the_personal_link(guest: Client, invitation: Invitation) -> None:
    (event,) = Calendar.from_ical(guest.get(url("personal-calendar-file", invitation.token)).content).walk("VEVENT")
    assert event["LOCATION"] == invitation.personal_link
    assert event["UID"] == invitation.conference.uid
    assert "ATTENDEE" not in event


# TOKENS


def personal_pages(token: str) -> list[str]:
    return [url(name, token) for name in ("personal", "answer", "personal-calendar-file", "room")]


@pytest.mark.parametrize("wrong", ["changed", "withdrawn", "join token", "upper case", "too long", "unknown"])
def test_unknown_and_withdrawn_are_the_same_404(guest: Client, invitation: Invitation, wrong: str) -> None:
    unknown = [guest.get(page) if "room" not in page else guest.post(page) for page in personal_pages(new_token())]
    token = {
        "changed": invitation.token[:-1] + ("a" if invitation.token[-1] != "a" else "b"),
        "withdrawn": invitation.token,
        "join token": invitation.conference.join_token,
        "upper case": invitation.token.upper(),
        "too long": invitation.token + "a",
        "unknown": "nothing",
    }[wrong]
    if wrong == "withdrawn":
        withdraw(invitation, timezone.now())
    before = [list(Invitation.objects.values()), list(Reply.objects.values())]
    for page, miss in zip(personal_pages(token), unknown, strict=True):
        response = guest.post(page, {"answer": "accepted", "sequence": 0, "name": "Eve"})
        assert response.status_code in {404, 405}
        if "room" not in page:
            response = guest.get(page)
            assert (response.status_code, response.content) == (404, miss.content)
    assert [list(Invitation.objects.values()), list(Reply.objects.values())] == before


def test_a_personal_token_opens_no_other_door(guest: Client, invitation: Invitation) -> None:
    assert guest.get(reverse("conferences:join", args=[invitation.token])).status_code == 404


def test_thirty_misses_close_the_door_for_a_network(guest: Client, invitation: Invitation) -> None:
    for _ in range(30):
        assert guest.get(url("personal", new_token())).status_code == 404
    assert guest.get(url("personal", new_token())).status_code == 429
    assert guest.get(invitation.get_absolute_url()).status_code == 429
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.get(invitation.get_absolute_url()).status_code == 200


def test_a_page_says_nothing_of_other_guests(guest: Client, conference: Conference, invitation: Invitation) -> None:
    make_invitation(conference, "dan@example.org", "Dan Dee")
    for page in personal_pages(invitation.token)[:3]:
        assert b"dan@example.org" not in guest.get(page, follow=True).content


def test_the_page_costs_the_same_however_many_are_invited(guest: Client, invitation: Invitation) -> None:
    counts = set()
    for n in range(3):
        make_invitation(invitation.conference, f"p{n}@example.org")
        with CaptureQueriesContext(connection) as captured:
            guest.get(invitation.get_absolute_url())
        counts.add(len(captured))
    assert len(counts) == 1
    assert counts.pop() <= 4
