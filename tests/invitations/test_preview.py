"""“What they will get”: the letter that would leave, before it does, and a test of it to oneself."""

import zlib
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cabinet.models import User
from conferences.models import Conference
from invitations import inviting, letters, previewing
from invitations.entry_facts import facts
from invitations.models import Delivery, Invitation
from tests.factories import make_conference, make_contact, make_invitation

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, topic=f"Planning {HOSTILE}")


@pytest.fixture
def path(conference: Conference) -> str:
    return reverse("invitations:preview", args=[conference.pk])


def typed(*people: str, **fields: Any) -> dict[str, Any]:
    """The form of inviting, filled in."""
    return {"to": people, "submission_id": str(uuid4()), "message": "", "q": "", **fields}


def look(client: Client, path: str, **form: Any) -> str:
    """What the page says after the button was pressed."""
    return client.post(path, form, follow=True).text


def written_to(address: str) -> list[EmailMessage]:
    """The tests that are on their way to somebody."""
    rows = Delivery.objects.filter(address=address, kind="account").order_by("pk")
    return [message_from_bytes(zlib.decompress(row.message or b""), policy=default) for row in rows]


def test_it_shows_the_letter_of_what_is_typed_and_keeps_all_of_that(
    as_alice: Client, alice: User, conference: Conference, path: str
) -> None:
    make_contact(alice, "Bob Brown", "bob@example.org", time_zone="Asia/Tokyo")
    key = str(uuid4())
    form = typed("bob@example.org", message=f"Bring cake {HOSTILE}", submission_id=key)
    form |= {"role:bob@example.org": "moderator"}
    page = look(as_alice, path, **form)
    assert "Bob Brown &lt;bob@example.org&gt;" in page
    assert "&gt; Bring cake" in page
    assert all(f'value="{value}"' in page for value in (key, "bob@example.org"))
    assert 'value="moderator" selected' in page
    html = as_alice.get(reverse("invitations:preview-html", args=[conference.pk]), {"draft": 1}).text
    assert "Tokyo" in html
    assert "Bring cake" in html
    assert HOSTILE not in page + html
    assert not Invitation.objects.exists()
    assert not Delivery.objects.exists()


def test_the_letter_is_the_one_that_leaves(as_alice: Client, conference: Conference, path: str) -> None:
    form = typed("bob@example.org", message="Bring cake")
    as_alice.post(path, form)
    html = as_alice.get(reverse("invitations:preview-html", args=[conference.pk]), {"draft": 1}).text
    as_alice.post(reverse("invitations:ledger", args=[conference.pk]), form)
    delivery = Delivery.objects.select_related("invitation").get()
    assert delivery.invitation
    left = letters.compose(delivery, timezone.now())
    assert html == left.html.replace(delivery.invitation.token, letters.NO_TOKEN)


def test_a_language_that_somebody_chose_goes_before_the_contacts(alice: User, conference: Conference) -> None:
    make_contact(alice, "Bob Brown", "bob@example.org", language="de")
    (bob,) = inviting.drafted(conference, [("", "bob@example.org")], {}, alice)
    assert bob.language == "de"
    make_invitation(make_conference(alice), language="ru", chosen_at=timezone.now())
    (bob,) = inviting.drafted(conference, [("", "BOB@example.org")], {}, alice)
    assert (bob.name, bob.language, bob.pk) == ("Bob Brown", "ru", None)


def test_nobody_need_be_chosen(as_alice: Client, path: str) -> None:
    page = look(as_alice, path, **typed())
    assert "Robin Sample" in page
    assert "There is a problem" not in page


def test_what_is_wrong_is_said_where_it_was_typed(as_alice: Client, path: str) -> None:
    page = as_alice.post(path, typed("bob@example.org", q="bob at home")).text
    assert "“bob at home” is not an e-mail address" in page
    assert 'value="bob at home"' in page


def test_html_stands_where_it_can_do_nothing(as_alice: Client, conference: Conference, path: str) -> None:
    page = as_alice.get(path)
    frame = reverse("invitations:preview-html", args=[conference.pk])
    assert f'<iframe class="letter" sandbox title="The letter" src="{frame}?' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    html = as_alice.get(frame)
    assert html.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    )
    assert html.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in html.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("kind", "says"),
    [("invitation", "invites you"), ("cancellation", "withdrew your invitation"), ("x", "invites you")],
)
def test_every_kind_of_letter_can_be_seen(as_alice: Client, path: str, kind: str, says: str) -> None:
    assert says in as_alice.get(path, {"kind": kind}).text


def test_a_reminder_is_shown_as_it_leaves(as_alice: Client, alice: User) -> None:
    series = make_conference(alice, rule="FREQ=DAILY;COUNT=9", reminders=[15])
    page = as_alice.get(reverse("invitations:preview", args=[series.pk]), {"kind": "reminder"}).text
    assert "Starts in 15 minutes" in page
    without = make_conference(alice, reminders=[])
    assert "Starts in" not in as_alice.get(reverse("invitations:preview", args=[without.pk]), {"kind": "reminder"}).text


def test_what_people_wrote_for_one_conference_is_not_shown_at_another(as_alice: Client, alice: User, path: str) -> None:
    as_alice.post(path, typed("bob@example.org", message="Bring cake"))
    other = reverse("invitations:preview", args=[make_conference(alice).pk])
    assert "Bring cake" not in as_alice.get(other, {"draft": 1}).text


# IN THE CALENDAR


def test_the_entry_is_told_from_what_the_letter_carries(alice: User) -> None:
    conference = make_conference(alice, rule="FREQ=WEEKLY;COUNT=4", topic="Planning")
    bob = Invitation(name="Bob", address="bob@example.org")
    shown = previewing.preview(conference, [bob], kind="invitation", language="", now=timezone.now())
    assert shown.letter.calendar
    said = {fact.label: fact.text for fact in facts(shown.letter.calendar, conference)}
    assert said["Topic"] == "Planning"
    assert said["When"].endswith("10:00–11:00 (Berlin, UTC+1)") or said["When"].endswith("10:00–11:00 (Berlin, UTC+2)")
    assert "4 times, at 10:00 on the clock in Berlin" in said["Repeats"]
    assert said["Organizer"] == "Alice Adams (alice@example.org)"
    assert said["Invited"] == "Bob (bob@example.org)"
    assert said["Link"].endswith(f"/i/{letters.NO_TOKEN}/")
    assert said["Reminder"] == "15 minutes before"


def test_a_letter_without_entry_says_so(as_alice: Client, alice: User) -> None:
    room = make_conference(alice, permanent=True)
    page = as_alice.get(reverse("invitations:preview", args=[room.pk]))
    assert "No calendar entry goes with this letter" in page.text


# A TEST TO ONESELF


def test_a_test_is_the_letter_to_oneself_without_anything_to_answer(
    as_alice: Client, conference: Conference, path: str
) -> None:
    as_alice.post(path, typed("bob@example.org", message="Bring cake"))
    answer = as_alice.post(reverse("invitations:test-letter", args=[conference.pk]) + "?draft=1", follow=True)
    assert "The test is on its way" in answer.text
    assert "Bring cake" in answer.text
    (test,) = written_to("alice@example.org")
    text = test.get_body(("plain",))
    assert text
    assert test["Subject"].startswith("Test: Invitation: Planning")
    assert "> Bring cake" in text.get_content()
    assert "attached file" not in text.get_content()
    assert "text/calendar" not in {part.get_content_type() for part in test.walk()}
    assert not Invitation.objects.exists()


def test_a_co_organizer_gets_the_test_too(conference: Conference, charlie: User) -> None:
    shown = previewing.preview(conference, [], kind="invitation", language="", now=timezone.now())
    previewing.send_test(shown, charlie, timezone.now())
    (test,) = written_to("charlie@example.org")
    assert "charlie@example.org" in test["To"]
    assert "text/calendar" not in {part.get_content_type() for part in test.walk()}


def test_ten_tests_an_hour_are_enough(as_alice: Client, alice: User, conference: Conference) -> None:
    address = reverse("invitations:test-letter", args=[conference.pk])
    for _number in range(previewing.TESTS_AN_HOUR):
        as_alice.post(address)
    assert "Wait an hour" in as_alice.post(address, follow=True).text
    assert len(written_to("alice@example.org")) == previewing.TESTS_AN_HOUR
    shown = previewing.preview(conference, [], kind="invitation", language="", now=timezone.now())
    previewing.send_test(shown, alice, timezone.now() + timedelta(hours=1))


def test_each_language_is_seen_with_one_of_its_readers(conference: Conference) -> None:
    make_invitation(conference, "bob@example.org", "Bob", language="en")
    make_invitation(conference, "dan@example.org", "Dan", language="en")
    people = previewing.invited(conference)
    assert [person.name for person in people] == ["Bob"]
    shown = previewing.preview(conference, people, kind="", language="xx", now=timezone.now())
    assert shown.reader.name == "Bob"
