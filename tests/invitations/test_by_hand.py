"""People whom the organizer tells: noted without a letter, listed when there is news, with a message that is ready."""

import html
import re
import uuid
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import unquote

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cabinet.models import User
from conferences.links import join_url
from conferences.models import Change, Conference
from conferences.series import continue_from
from invitations import by_hand, outbox
from invitations.announcing import announce
from invitations.inviting import is_secret, withdraw
from invitations.models import Delivery, Invitation, PartStat, Way
from tests.conferences.test_edit_views import filled
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation
from tests.invitations.deliveries import change, letters

ALL, ADDED, NOBODY = Change.Tell.ALL, Change.Tell.ADDED, Change.Tell.NOBODY


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, topic="Autumn budget review")


def url(name: str, *args: object) -> str:
    return reverse(f"invitations:{name}", args=args)


def note(client: Client, conference: Conference, *people: str, **fields: str) -> HttpResponse:
    sent = {"submission_id": str(uuid.uuid4()), "to": people, "q": "", **fields}
    return client.post(url("by-hand", conference.pk), sent)  # type: ignore[return-value]


def told_by_hand(conference: Conference, name: str = "bob", **fields: Any) -> Invitation:
    """Somebody whom Alice told what is so now."""
    now = timezone.now()
    facts = {"way": Way.HAND, "told_at": now, "announced_sequence": conference.sequence, **fields}
    return make_invitation(conference, f"{name}@example.org", name.title(), **facts)


def to_tell(conference: Conference) -> list[str]:
    conference.refresh_from_db()
    return [str(person) for person in by_hand.to_tell(conference, timezone.now())]


# NOTED


def test_whoever_is_noted_has_a_personal_page_and_gets_no_letter(as_alice: Client, conference: Conference) -> None:
    response = note(as_alice, conference, "Bob Brown <bob@example.org>", "carol@example.org")
    assert response["Location"] == url("ledger", conference.pk)
    assert not Delivery.objects.exists()
    bob = Invitation.objects.get(address="bob@example.org")
    assert (bob.name, bob.way, bob.announced_sequence) == ("Bob Brown", Way.HAND, 0)
    assert Client().get(bob.get_absolute_url()).status_code == 200
    page = as_alice.get(url("ledger", conference.pk)).text
    assert "2 people noted. No letter goes out." in page
    assert "Invitation sent" not in page
    assert page.count(">Told by you</span>") == 2
    assert "Tell 1 person again" not in page
    assert not is_secret(conference)
    bob.respond(PartStat.ACCEPTED, "", timezone.now())
    page = as_alice.get(url("ledger", conference.pk)).text
    assert (page.count(">Told by you</span>"), page.count(">Accepted</span>")) == (1, 1)


def test_the_message_to_one_person_holds_their_personal_link(as_alice: Client, conference: Conference) -> None:
    response = note(as_alice, conference, "bob@example.org", write="1")
    bob = Invitation.objects.get()
    assert response["Location"] == f"{url('mail-client', conference.pk)}?person={bob.pk}"
    page = as_alice.get(response["Location"]).text
    (link,) = re.findall(r'href="(mailto:[^"]+)"', page)
    assert link.startswith("mailto:bob@example.org?subject=Invitation%3A%20")
    assert bob.personal_link in unquote(link)
    assert join_url(conference) not in unquote(link)
    draft = as_alice.get(url("draft-file", conference.pk), {"person": bob.pk}).content
    message = message_from_bytes(draft, policy=default)
    assert message["To"] == "bob@example.org"
    text, entry = message.iter_parts()
    assert bob.personal_link in text.get_content()
    assert bob.personal_link in re.sub(r"\r?\n ", "", entry.get_content())


def test_the_message_to_several_people_holds_the_direct_link(as_alice: Client, conference: Conference) -> None:
    response = note(as_alice, conference, "bob@example.org", "carol@example.org", write="1")
    (link,) = re.findall(r'href="(mailto:[^"]+)"', as_alice.get(response["Location"]).text)
    assert link.startswith("mailto:?subject=")
    assert join_url(conference) in unquote(link)


def test_nobody_of_another_conference_or_way_is_written_to(
    as_alice: Client, alice: User, conference: Conference
) -> None:
    elsewhere, by_letter = told_by_hand(make_conference(alice)), make_invitation(conference)
    for person in (elsewhere, by_letter):
        for name in ("mail-client", "draft-file"):
            assert as_alice.get(url(name, conference.pk), {"person": person.pk}).status_code == 404


# NEWS


def test_only_what_is_meant_for_them_is_news(conference: Conference) -> None:
    told_by_hand(conference)
    assert to_tell(conference) == []
    change(conference, tell=NOBODY)
    assert to_tell(conference) == []
    told_by_hand(conference, "carol")
    change(conference, tell=ADDED)
    assert to_tell(conference) == ["Carol"]
    change(conference, tell=ALL)
    assert to_tell(conference) == ["Bob", "Carol"]
    withdraw(Invitation.objects.get(name="Bob"), timezone.now())
    assert to_tell(conference) == ["Carol"]
    Conference.objects.update(over_at=timezone.now())
    assert to_tell(conference) == []


def test_news_wait_with_a_message_until_somebody_says_that_they_told(as_alice: Client, conference: Conference) -> None:
    bob = told_by_hand(conference)
    told_by_hand(conference, "carol")
    change(conference, topic="Winter budget review")
    for page in (conference.get_absolute_url(), url("ledger", conference.pk)):
        text = html.unescape(as_alice.get(page).text)
        assert "Tell 2 people again" in text
        (link,) = re.findall(r'href="(mailto:bob[^"]+)"', text)
        assert unquote(link).startswith("mailto:bob@example.org?subject=Updated: Winter budget review&body=Alice Adams")
        assert "Topic: Winter budget review (was: Autumn budget review)" in unquote(link)
        assert bob.personal_link in unquote(link)
    as_alice.post(url("told", conference.pk), {"sequence": "1", "person": bob.pk})
    assert to_tell(conference) == ["Carol"]
    as_alice.post(url("told", conference.pk), {"sequence": "1"})
    assert to_tell(conference) == []
    assert "Tell 1" not in as_alice.get(url("ledger", conference.pk)).text


def test_what_changed_after_the_page_was_drawn_stays_to_be_told(as_alice: Client, conference: Conference) -> None:
    told_by_hand(conference)
    change(conference)
    change(conference)
    as_alice.post(url("told", conference.pk), {"sequence": "1"})
    assert to_tell(conference) == ["Bob"]
    as_alice.post(url("told", conference.pk), {"sequence": "99"})
    assert Invitation.objects.get().announced_sequence == 2
    change(conference)
    assert to_tell(conference) == ["Bob"]


def test_that_it_is_off_is_to_be_told_without_a_link(as_alice: Client, alice: User, conference: Conference) -> None:
    bob = told_by_hand(conference)
    conference.cancel(alice, timezone.now(), tell=ALL, message="So sorry.")
    text = html.unescape(as_alice.get(conference.get_absolute_url()).text)
    assert "Tell 1 person that it is cancelled" in text
    (link,) = re.findall(r'href="(mailto:bob[^"]+)"', text)
    assert unquote(link).startswith("mailto:bob@example.org?subject=Cancelled: Autumn budget review&body=Alice Adams")
    assert unquote(link).endswith("\r\n\r\nSo sorry.")
    assert not {bob.token, conference.join_token, conference.number} & set(re.split(r"[/\s]", unquote(link)))


# NO LETTERS


def test_no_letter_of_any_kind_goes_to_them(alice: User, conference: Conference) -> None:
    bob, carol = told_by_hand(conference), told_by_hand(conference, "carol")
    dan = make_invitation(conference, "dan@example.org", "Dan")
    Delivery.objects.create(
        address=dan.address, kind="invitation", conference=conference, invitation=dan, state="sent",
        give_up_at=timezone.now(), message_id="<x@localhost>",
    )  # fmt: skip
    change(conference, ago=120)
    announce(timezone.now())
    withdraw(carol, timezone.now())
    conference.refresh_from_db()
    conference.cancel(alice, timezone.now(), tell=ALL)
    announce(timezone.now())
    assert [kind for kind, _sequence, _state in letters(dan)] == ["invitation", "update", "cancellation"]
    assert letters(bob) == letters(carol) == []
    assert not Change.objects.filter(announced_at=None, sequence__gt=0).exists()


def test_whoever_comes_along_to_another_series_is_to_be_told_of_it(alice: User) -> None:
    series = make_conference(alice, rule="FREQ=WEEKLY;COUNT=8")
    told_by_hand(series)
    third = series.occurrences.order_by("starts_at")[2]
    new = continue_from(
        series, third, alice, {"topic": "Another"}, seen_sequence=0, tell=ALL, now=timezone.now()
    )  # fmt: skip
    announce(timezone.now() + timedelta(minutes=2))
    assert not Delivery.objects.exists()
    assert (to_tell(series), to_tell(new)) == (["Bob"], ["Bob"])
    there = new.invitations.get()
    assert by_hand.draft(there).occasion == "invitation"
    by_hand.note_told(by_hand.people(new), 0, timezone.now())
    assert to_tell(new) == []


def test_this_site_takes_over_where_it_is_asked_to(as_alice: Client, conference: Conference) -> None:
    bob = told_by_hand(conference)
    bob.respond(PartStat.ACCEPTED, "", timezone.now())
    change(conference)
    assert "Send an invitation by this site instead" in as_alice.get(url("ledger", conference.pk)).text
    for _press in range(2):
        as_alice.post(url("way", conference.pk, bob.pk))
    assert letters(bob) == [("invitation", 1, "queued")]
    assert to_tell(conference) == []
    bob.refresh_from_db()
    assert (bob.way, bob.partstat, bob.announced_sequence) == (Way.LETTER, PartStat.ACCEPTED, 1)


def test_whom_no_letter_reaches_the_organizer_tells_and_this_site_may_try_again(
    as_alice: Client, conference: Conference
) -> None:
    bob = make_invitation(conference)
    outbox.queue([bob], Delivery.Kind.INVITATION, now=timezone.now())
    bob.deliveries.update(state="sending")
    as_alice.post(url("way", conference.pk, bob.pk), {"way": "hand"})
    assert Invitation.objects.get().way == Way.LETTER  # the letter is just leaving
    bob.deliveries.update(state="failed", due_at=None)
    change(conference)
    assert "I have told them myself" in as_alice.get(url("ledger", conference.pk)).text
    as_alice.post(url("way", conference.pk, bob.pk), {"way": "hand"})
    assert ">Told by you</span>" in as_alice.get(url("ledger", conference.pk)).text
    assert to_tell(conference) == []
    change(conference, ago=120)
    announce(timezone.now())
    assert to_tell(conference) == ["Bob Brown"]
    assert letters(bob) == [("invitation", 0, "failed")]
    as_alice.post(url("way", conference.pk, bob.pk))
    assert letters(bob) == [("invitation", 0, "failed"), ("invitation", 3, "queued")]


def test_a_letter_of_former_times_is_not_sent_again(as_alice: Client, conference: Conference) -> None:
    bob = told_by_hand(conference)
    Delivery.objects.create(
        address=bob.address, kind="invitation", conference=conference, invitation=bob, state="sent",
        give_up_at=timezone.now(), message_id="<x@localhost>",
    )  # fmt: skip
    as_alice.post(url("send-again", conference.pk, bob.pk))
    assert Delivery.objects.count() == 1
    assert ">Told by you</span>" in as_alice.get(url("ledger", conference.pk)).text


def test_another_address_is_told_by_hand_as_well(as_alice: Client, conference: Conference) -> None:
    bob = told_by_hand(conference)
    as_alice.post(url("address", conference.pk, bob.pk), {"address": "robert@example.org"})
    robert = Invitation.objects.get(address="robert@example.org")
    assert robert.way == Way.HAND
    assert not Delivery.objects.exists()


def test_the_page_before_saving_says_who_gets_no_letter(as_alice: Client, conference: Conference) -> None:
    told_by_hand(conference)
    make_invitation(conference, "dan@example.org", "Dan")
    edit = reverse("conferences:edit", args=[conference.pk])
    page = as_alice.post(edit, filled(as_alice.get(edit).context["form"], topic="Other"))
    assert "1 of them was told by you and gets no letter" in page.content.decode()


def test_only_those_who_get_a_letter_are_counted_beforehand(as_alice: Client, conference: Conference) -> None:
    told_by_hand(conference)
    make_invitation(conference, "carol@example.org")
    page = as_alice.get(reverse("conferences:edit", args=[conference.pk]))
    text = text_of(as_alice.post(page.wsgi_request.path, filled(page.context["form"], topic="Winter budget review")))
    assert "2 people are invited" in text
    assert "1 person gets an update that shows what changed." in text
    page = as_alice.get(reverse("conferences:cancellation", args=[conference.pk]))
    assert "1 person gets a cancellation by e-mail" in text_of(page)
