"""The organizer's pages: invite, look at the ledger, send again, correct, remove; mail client, files, QR code."""

import html
import re
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import segno
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from pytest_django import Settings

from addressbook.models import Contact
from cabinet.models import User
from conferences.links import join_url
from conferences.models import Change, Conference
from invitations import ledger
from invitations.mail_clients import CLIENTS
from invitations.models import Channel, Delivery, Invitation, PartStat
from tests.factories import make_conference, make_contact, make_invitation
from tests.parallel import in_parallel

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, topic="Autumn budget review", password="harbour42")


def url(name: str, *args: object) -> str:
    return reverse(f"invitations:{name}", args=args)


def press(client: Client, conference: Conference, **fields: Any) -> HttpResponse:
    """Send the picker's form."""
    return client.post(url("ledger", conference.pk), {"submission_id": str(uuid.uuid4()), "q": "", **fields})  # type: ignore[return-value]


def letter(invitation: Invitation, state: str = "sent", **fields: Any) -> Delivery:
    """A letter in the queue's table, as a worker would have left it."""
    return Delivery.objects.create(
        address=invitation.address, kind="invitation", conference=invitation.conference, invitation=invitation,
        state=state, give_up_at=timezone.now() + timedelta(days=1), message_id="<x@localhost>", **fields,
    )  # fmt: skip


def text_of(response: Any) -> str:
    """The words of a page without its markup."""
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def chips(response: Any) -> list[str]:
    return re.findall(r'name="to" value="([^"]+)"', response.content.decode())


# INVITING


def test_invite_leads_to_invitation_sent(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, to=["bob@example.org", "dan@example.org"])
    assert (response.status_code, response["Location"]) == (302, url("ledger", conference.pk))
    page = as_alice.get(response["Location"])
    assert "<h1>Invitation sent</h1>" in page.content.decode()
    assert "2 people invited" in text_of(page)
    assert set(Delivery.objects.values_list("address", flat=True)) == {"bob@example.org", "dan@example.org"}


def test_invite_reads_the_box_as_well(as_alice: Client, conference: Conference) -> None:
    press(as_alice, conference, to="bob@example.org", q="Dan Dee <dan@example.org>; eve@example.org")
    invited = Invitation.objects.values_list("name", "address")
    assert set(invited) == {("", "bob@example.org"), ("Dan Dee", "dan@example.org"), ("", "eve@example.org")}


def test_the_same_press_again_invites_nobody_twice(as_alice: Client, conference: Conference) -> None:
    form = {"submission_id": str(uuid.uuid4()), "q": "", "to": "bob@example.org"}
    for _ in range(2):
        assert as_alice.post(url("ledger", conference.pk), form).status_code == 302
    assert Delivery.objects.count() == 1


def test_the_same_press_with_other_people_asks_to_press_again(as_alice: Client, conference: Conference) -> None:
    press_id = str(uuid.uuid4())
    press(as_alice, conference, submission_id=press_id, to="bob@example.org")
    response = press(as_alice, conference, submission_id=press_id, to="dan@example.org")
    assert response.status_code == 409
    assert "You have sent this page before" in text_of(response)
    assert chips(response) == ["dan@example.org"]
    assert press_id not in response.content.decode()


def test_nobody_chosen_is_said_and_the_message_is_kept(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, message="Bring the figures")
    assert "Choose at least one person to invite." in text_of(response)
    assert "Bring the figures" in response.content.decode()
    assert "<title>Error:" in response.content.decode()
    assert not Invitation.objects.exists()


def test_a_bad_address_stays_in_the_box_and_the_good_ones_become_chips(
    as_alice: Client, conference: Conference
) -> None:
    response = press(as_alice, conference, to="bob@example.org", q="petra@@meridian, dan@example.org")
    assert "“petra@@meridian” is not an e-mail address. Remove it or correct it." in text_of(response)
    assert chips(response) == ["bob@example.org", "dan@example.org"]
    assert 'name="q" value="petra@@meridian"' in response.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("message", "error"),
    [("x" * 2001, "Message must be 2000 characters or shorter"), ("http://a.test " * 4, "Use at most 3 links")],
)
def test_a_message_has_limits(as_alice: Client, conference: Conference, message: str, error: str) -> None:
    response = press(as_alice, conference, to="bob@example.org", message=message)
    assert error in text_of(response)
    assert not Invitation.objects.exists()


def test_a_conference_that_is_off_invites_nobody(as_alice: Client, alice: User, conference: Conference) -> None:
    conference.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    response = press(as_alice, conference, to="bob@example.org")
    assert "nobody can be invited any more" in text_of(response)
    assert not Invitation.objects.exists()


def test_hidden_fields_of_others_change_nothing(as_alice: Client, charlie: User, conference: Conference) -> None:
    other = make_conference(charlie)
    extra = {"conference_id": other.pk, "state": "sent", "by": charlie.pk, "role": "moderator", "partstat": "ACCEPTED"}
    press(as_alice, conference, to="bob@example.org", **extra)
    invitation = Invitation.objects.get()
    assert (invitation.conference, invitation.partstat) == (conference, "NEEDS-ACTION")
    assert invitation.deliveries.get().state == "queued"


def test_of_a_doubled_field_the_last_value_counts(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, to="bob@example.org", message=["first", "last"])
    assert response.status_code == 302
    assert Invitation.objects.get().submission.message == "last"  # type: ignore[union-attr]


def test_500_people_in_one_press(as_alice: Client, conference: Conference) -> None:
    people = [f"person{n}@example.org" for n in range(500)]
    assert press(as_alice, conference, to=people).status_code == 302
    assert Delivery.objects.count() == 500


@pytest.mark.django_db(transaction=True)
def test_50_identical_presses_at_once_are_one(alice: User) -> None:
    conference = make_conference(alice)
    form = {"submission_id": str(uuid.uuid4()), "q": "", "to": ["bob@example.org", "dan@example.org"]}

    def press_again(_: int) -> int:
        client = Client()
        client.force_login(alice)
        return client.post(url("ledger", conference.pk), form).status_code

    assert in_parallel(50, press_again) == [302] * 50
    assert Invitation.objects.count() == Delivery.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_presses_for_the_same_person_at_once_write_one_letter(alice: User) -> None:
    conference = make_conference(alice)

    def press_elsewhere(_: int) -> int:
        client = Client()
        client.force_login(alice)
        return press(client, conference, to="bob@example.org").status_code

    assert in_parallel(8, press_elsewhere) == [302] * 8
    assert Invitation.objects.count() == Delivery.objects.count() == 1


@pytest.fixture
def other_writer() -> Iterator[sqlite3.Connection]:
    """Another process that is just writing."""
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one writer at a time")
def test_a_press_waits_for_another_writer_and_gives_up_in_words(
    as_alice: Client, conference: Conference, other_writer: sqlite3.Connection
) -> None:
    as_alice.raise_request_exception = False
    press_id = str(uuid.uuid4())
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    given_up = press(as_alice, conference, submission_id=press_id, to="bob@example.org")
    assert (given_up.status_code, given_up["Retry-After"]) == (503, "10")
    assert not Invitation.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20000")
    threading.Timer(0.5, other_writer.rollback).start()
    assert press(as_alice, conference, submission_id=press_id, to="bob@example.org").status_code == 302
    assert Delivery.objects.get().address == "bob@example.org"


def test_many_thousand_fields_are_refused(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, to=[f"p{n}@example.org" for n in range(2001)])
    assert response.status_code == 400


def test_too_many_people_in_the_box_are_refused_with_words(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, q=", ".join(f"p{n}@example.org" for n in range(2001)))
    assert "These are too many" in text_of(response)


def test_signed_out_a_press_gets_its_content_back(conference: Conference) -> None:
    response = press(Client(), conference, to="bob@example.org", message="Bring the figures")
    assert response.status_code == 403
    assert "Bring the figures" in response.content.decode()
    assert not Invitation.objects.exists()


def test_the_conference_page_offers_the_ways_while_they_make_sense(
    as_alice: Client, alice: User, conference: Conference
) -> None:
    ways = ("From the address book", "With your mail client", "With the direct link", "Add to calendar (.ics)")
    page = text_of(as_alice.get(conference.get_absolute_url()))
    assert all(way in page for way in ways)
    conference.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    page = text_of(as_alice.get(conference.get_absolute_url()))
    assert not any(way in page for way in ways[:3])


# GATHERING PEOPLE WITHOUT SCRIPT


def test_find_offers_tick_boxes(as_alice: Client, alice: User, conference: Conference, bob: Contact) -> None:
    response = press(as_alice, conference, find="1", q="bro", to="dan@example.org", message="Hello")
    page = response.content.decode()
    assert 'name="add" value="bob@example.org"' in page
    assert "Add chosen" in page
    assert chips(response) == ["dan@example.org"]
    assert "Hello" in page
    assert "Error" not in page
    assert not Invitation.objects.exists()


def test_find_says_when_nobody_matches(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, find="1", q="zzz")
    assert "No one matches “zzz”. Type a whole e-mail address to invite someone new." in text_of(response)


def test_find_takes_over_addresses(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, find="1", q="dan@example.org, nonsense")
    assert chips(response) == ["dan@example.org"]
    assert 'name="q" value="nonsense"' in response.content.decode()


def test_a_name_that_was_typed_with_its_address_is_kept(as_alice: Client, conference: Conference) -> None:
    response = press(as_alice, conference, find="1", q="Dee, Dan <dan@example.org>; eve@example.org")
    dan, eve = chips(response)
    assert (html.unescape(dan), eve) == ('"Dee, Dan" <dan@example.org>', "eve@example.org")
    assert chips(press(as_alice, conference, to=[html.unescape(dan), eve], remove=html.unescape(dan))) == [eve]
    press(as_alice, conference, to=[html.unescape(dan), eve])
    assert Invitation.objects.get(address="dan@example.org").name == "Dee, Dan"


def test_add_chosen_makes_chips_with_names(as_alice: Client, conference: Conference, bob: Contact) -> None:
    response = press(
        as_alice, conference, **{"add-chosen": "1"}, add=["bob@example.org"], to="dan@example.org", q="bro"
    )
    assert chips(response) == ["dan@example.org", "bob@example.org"]
    assert "Bob Brown" in text_of(response)


@pytest.mark.parametrize(("gone", "left"), [("bob@example.org", ["dan@example.org"]), ("all", [])])
def test_remove_takes_chips_off(as_alice: Client, conference: Conference, gone: str, left: list[str]) -> None:
    response = press(as_alice, conference, to=["bob@example.org", "dan@example.org"], remove=gone)
    assert chips(response) == left


def test_gathering_keeps_the_submission_id(as_alice: Client, conference: Conference) -> None:
    press_id = str(uuid.uuid4())
    response = press(as_alice, conference, submission_id=press_id, find="1", q="x")
    assert press_id in response.content.decode()


# THE LEDGER


def test_the_ledger_of_an_uninvited_conference_says_so(as_alice: Client, conference: Conference) -> None:
    assert "No one invited yet" in text_of(as_alice.get(url("ledger", conference.pk)))


def test_the_ledger_says_for_each_person_how_it_stands(as_alice: Client, conference: Conference) -> None:
    now = timezone.now()
    people: list[tuple[str, str, dict[str, Any]]] = [
        ("Ann", "sent", {}),
        ("Ben", "queued", {}),
        ("Cid", "failed", {"why": "refused", "reply": "550 5.1.1 No such <b>user</b>"}),
        ("Dot", "uncertain", {"why": "no-answer"}),
        ("Eva", "queued", {"deferrals": 1, "why": "later", "due_at": now + timedelta(minutes=9)}),
    ]
    for name, state, fields in people:
        letter(make_invitation(conference, f"{name.lower()}@example.org", name), state, **fields)
    accepted = make_invitation(conference, "fay@example.org", "Fay")
    letter(accepted)
    accepted.respond(PartStat.ACCEPTED, "With pleasure", now)
    page = as_alice.get(url("ledger", conference.pk))
    words = text_of(page)
    assert "6 people invited" in words
    assert "One address did not accept the message" in words
    assert re.findall(r'<bdi class="strong">(\w+)</bdi>', page.content.decode()) == [
        "Cid", "Dot", "Eva", "Fay", "Ann", "Ben",
    ]  # fmt: skip
    for expected in ("Not delivered", "Perhaps sent", "Waiting, next try", "Accepted", "Sent", "Queued"):
        assert expected in words
    assert "550 5.1.1 No such &lt;b&gt;user&lt;/b&gt;" in page.content.decode()
    assert "The mail server refused it" in words
    assert "“With pleasure”" in words
    assert 'data-refresh="2"' in page.content.decode()


@pytest.mark.parametrize(
    ("reply", "is_full"), [("552 too much", True), ("550 5.2.2 over quota", True), ("550 no such user", False)]
)
def test_the_ledger_says_what_to_do_about_a_full_mailbox(
    as_alice: Client, conference: Conference, reply: str, is_full: bool
) -> None:
    letter(make_invitation(conference), "failed", why="refused", reply=reply)
    assert ("Their mailbox may be full." in as_alice.get(url("ledger", conference.pk)).text) is is_full


def test_the_ledger_refreshes_the_less_often_the_longer_it_is_and_not_when_nothing_is_under_way(
    as_alice: Client, conference: Conference, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation = make_invitation(conference)
    waiting = letter(invitation, "queued", deferrals=1)
    assert 'data-refresh="30"' in as_alice.get(url("ledger", conference.pk)).content.decode()
    monkeypatch.setattr(ledger, "PEOPLE_A_SECOND", 1)
    monkeypatch.setattr(ledger, "PAUSES", {"waiting": 1})
    make_invitation(conference, "carol@example.org")
    assert 'data-refresh="2"' in as_alice.get(url("ledger", conference.pk)).content.decode()
    Delivery.objects.filter(pk=waiting.pk).update(state="sent")
    assert "data-refresh" not in as_alice.get(url("ledger", conference.pk)).content.decode()


def test_the_ledger_says_when_no_mail_can_leave_and_promises_nothing(
    as_alice: Client, alice: User, conference: Conference
) -> None:
    person = letter(make_invitation(conference), "queued")
    page = url("ledger", conference.pk)
    assert "in a few seconds" in text_of(as_alice.get(page))
    Channel.objects.create(pk=1, since=datetime(2026, 11, 24, 13, 5, tzinfo=UTC), reply="535 wrong password")
    stopped = as_alice.get(page)
    assert "Waiting for the mail server It has taken no mail since 14:05 on Tuesday 24 November 2026." in text_of(
        stopped
    )
    assert "in a few seconds" not in text_of(stopped)
    assert "wrong password" not in stopped.content.decode()
    assert 'data-refresh="30"' in stopped.content.decode()
    Delivery.objects.filter(pk=person.pk).update(state="sent")
    assert "Waiting for the mail server" not in text_of(as_alice.get(page))


@pytest.mark.parametrize("off", ["cancelled", "over"])
def test_the_ledger_of_what_is_off_offers_no_letters(
    as_alice: Client, alice: User, conference: Conference, off: str
) -> None:
    letter(make_invitation(conference))
    now = timezone.now() if off == "cancelled" else conference.ends_at
    if off == "cancelled":
        conference.cancel(alice, now, tell=Change.Tell.NOBODY)
    with time_machine.travel(now, tick=False):
        as_alice.force_login(alice)
        page = as_alice.get(url("ledger", conference.pk))
    assert "1 person invited" in text_of(page)
    for action in ("Send again", "Correct address", "Invite more people"):
        assert action not in text_of(page)


def test_the_ledger_leaves_out_who_was_withdrawn(as_alice: Client, conference: Conference) -> None:
    make_invitation(conference, withdrawn_at=timezone.now())
    assert "bob@example.org" not in as_alice.get(url("ledger", conference.pk)).content.decode()


def test_the_ledger_marks_answers_of_scanners(as_alice: Client, conference: Conference) -> None:
    invitation = make_invitation(conference)
    now = timezone.now()
    invitation.respond(PartStat.ACCEPTED, "", now)
    invitation.respond(PartStat.DECLINED, "", now + timedelta(seconds=1))
    assert "may come from a mail scanner" in text_of(as_alice.get(url("ledger", conference.pk)))


def test_the_ledger_pages(as_alice: Client, conference: Conference) -> None:
    for n in range(101):
        make_invitation(conference, f"p{n}@example.org", f"P{n}")
    first, second = (as_alice.get(url("ledger", conference.pk), {"page": n}).content.decode() for n in (1, 2))
    assert "101 people invited" in first
    assert (first.count('class="person"'), second.count('class="person"')) == (100, 1)


def test_the_ledger_costs_eight_queries_at_any_length(as_alice: Client, conference: Conference) -> None:
    counts = set()
    for n in range(3):
        letter(make_invitation(conference, f"p{n}@example.org", f"P{n}"))
        as_alice.get(url("ledger", conference.pk))
        with CaptureQueriesContext(connection) as captured:
            as_alice.get(url("ledger", conference.pk))
        counts.add(len(captured))
    assert counts == {8}


# ONE PERSON


def test_send_again_queues_another_letter(as_alice: Client, conference: Conference) -> None:
    invitation = make_invitation(conference)
    letter(invitation)
    response = as_alice.post(url("send-again", conference.pk, invitation.pk), follow=True)
    assert "The letter to Bob Brown is on its way again." in text_of(response)
    assert list(invitation.deliveries.order_by("pk").values_list("state", "ordinal")) == [("sent", 0), ("queued", 1)]


def test_correct_address_page(as_alice: Client, conference: Conference) -> None:
    invitation = make_invitation(conference, "bop@example.org")
    page = url("address", conference.pk, invitation.pk)
    assert "bop@example.org" in as_alice.get(page).content.decode()
    for wrong in ("bob@", "", "bop@example.org", "BOP@example.org"):
        response = as_alice.post(page, {"address": wrong})
        assert response.status_code == 200
        assert "<title>Error:" in response.content.decode()
    response = as_alice.post(page, {"address": " bob@example.org "}, follow=True)
    assert "The invitation goes to bob@example.org now." in text_of(response)
    assert Invitation.objects.standing().get().address == "bob@example.org"


def test_remove_asks_first(as_alice: Client, conference: Conference) -> None:
    invitation = make_invitation(conference)
    page = url("removal", conference.pk, invitation.pk)
    assert "Remove Bob Brown ?" in text_of(as_alice.get(page))
    assert Invitation.objects.standing().exists()
    assert "Bob Brown is no longer invited." in text_of(as_alice.post(page, follow=True))
    assert not Invitation.objects.standing().exists()


@pytest.mark.parametrize("name", ["send-again", "address", "removal"])
def test_a_second_press_after_the_first_leads_to_the_list_as_well(
    as_alice: Client, conference: Conference, name: str
) -> None:
    invitation = make_invitation(conference, withdrawn_at=timezone.now())
    response = as_alice.post(url(name, conference.pk, invitation.pk), {"address": "bob@example.net"})
    assert (response.status_code, response["Location"]) == (302, url("ledger", conference.pk))
    assert list(Invitation.objects.all()) == [invitation]
    assert not Delivery.objects.exists()


ORGANIZERS = ["ledger", "mail-client", "calendar-file", "draft-file", "qr-file", "send-again", "address", "removal"]


@pytest.mark.parametrize("name", ORGANIZERS)
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_strangers_find_nothing(as_charlie: Client, conference: Conference, name: str, method: str) -> None:
    invitation = make_invitation(conference)
    args = [conference.pk, invitation.pk] if name in ORGANIZERS[5:] else [conference.pk]
    before = Invitation.objects.values().get()
    response = getattr(as_charlie, method)(url(name, *args), {"client": "gmail", "to": "dan@example.org"})
    assert response.status_code in {404, 405}
    assert Invitation.objects.values().get() == before


@pytest.mark.parametrize("name", ["send-again", "address", "removal"])
def test_people_of_another_conference_are_not_found(as_alice: Client, alice: User, charlie: User, name: str) -> None:
    foreign = make_invitation(make_conference(charlie))
    own = make_conference(alice)
    assert as_alice.post(url(name, own.pk, foreign.pk)).status_code == 404
    assert as_alice.post(url(name, foreign.conference.pk, foreign.pk)).status_code == 404


@pytest.mark.parametrize("name", ["send-again", "address", "removal"])
def test_changing_needs_the_csrf_token(alice: User, conference: Conference, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    invitation = make_invitation(conference)
    assert client.post(url(name, conference.pk, invitation.pk)).status_code == 403
    assert client.post(url("ledger", conference.pk), {"to": "dan@example.org"}).status_code == 403


# MAIL CLIENT, FILES


def test_mail_client_that_an_administrator_hides_is_not_there(
    as_alice: Client, alice: User, conference: Conference, settings: Settings
) -> None:
    alice.mail_client = "gmail"
    alice.save()
    settings.HIDDEN_MAIL_CLIENTS = ["gmail"]
    offered = re.findall(r'<option value="([\w-]+)"[^>]* data-url', as_alice.get(conference.get_absolute_url()).text)
    assert offered == [slug for slug in CLIENTS if slug != "gmail"]
    response = as_alice.get(url("mail-client", conference.pk), {"client": "gmail"})
    assert response["Location"] == conference.get_absolute_url()


@pytest.mark.parametrize("slug", CLIENTS)
def test_mail_client_page(as_alice: Client, conference: Conference, slug: str) -> None:
    page = as_alice.get(url("mail-client", conference.pk), {"client": slug}).content.decode()
    assert f"<h1>Open {CLIENTS[slug].label}</h1>" in page
    (attributes,) = re.findall(r'<a class="btn btn-primary btn-lg" ([^>]+)>', page)
    assert (' target="_blank" rel="noopener noreferrer"' in attributes) == CLIENTS[slug].is_web
    assert "Open the message" in page
    assert "Nothing opens? Copy the text instead" in page
    assert join_url(conference) in page
    assert "harbour42" in page
    assert re.search(r"\b[\d,]+ of [\d,]+ characters", page)


def test_the_choice_of_the_mail_client_is_remembered(as_alice: Client, alice: User, conference: Conference) -> None:
    response = as_alice.post(url("mail-client", conference.pk), {"client": "gmail"})
    assert response["Location"] == f"{url('mail-client', conference.pk)}?client=gmail"
    alice.refresh_from_db()
    assert alice.mail_client == "gmail"
    page = press(as_alice, conference, find="1", q="x").content.decode()
    assert re.search(r'<option value="gmail"[^>]* selected', page)


def test_an_unknown_mail_client_leads_back(as_alice: Client, alice: User, conference: Conference) -> None:
    response = as_alice.post(url("mail-client", conference.pk), {"client": "<x>"})
    assert response["Location"] == conference.get_absolute_url()
    alice.refresh_from_db()
    assert alice.mail_client == ""


def test_page_says_which_calendars_only_import_the_file_and_links_to_their_own_pages(
    as_alice: Client, conference: Conference
) -> None:
    page = as_alice.get(conference.get_absolute_url())
    assert "The new Outlook and calendars on the web only import the file. For them:" in text_of(page)
    links = re.findall(r'href="(https://[^/"]+/calendar/[^"]+)" target="_blank" rel="noopener noreferrer"', page.text)
    assert [link.split("/")[2] for link in links] == [
        "calendar.google.com", "outlook.live.com", "outlook.office.com"
    ]  # fmt: skip


def test_calendar_file(as_alice: Client, conference: Conference) -> None:
    response = as_alice.get(url("calendar-file", conference.pk))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == (
        f'attachment; filename="conference-{conference.wall_start:%Y%m%d}-1000.ics"'
    )
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "no-store, private")
    calendar = Calendar.from_ical(response.content)
    (event,) = calendar.walk("VEVENT")
    assert {"METHOD", "ORGANIZER", "ATTENDEE"}.isdisjoint({*calendar, *event})
    assert event["UID"] == conference.uid.replace("@", "-d@")
    assert event["LOCATION"] == join_url(conference)
    assert [alarm["TRIGGER"].to_ical() for alarm in event.walk("VALARM")] == [b"-PT15M"]


def test_calendar_entry_keeps_its_identity_when_the_site_moves(
    as_alice: Client, conference: Conference, settings: Settings
) -> None:
    settings.SITE_HOST = "cabinet.example.org"
    (event,) = Calendar.from_ical(as_alice.get(url("calendar-file", conference.pk)).content).walk("VEVENT")
    assert event["UID"] == conference.uid.replace("@", "-d@")
    assert conference.uid.endswith("@localhost")
    assert make_conference(conference.organizer).uid.endswith("@cabinet.example.org")


def test_qr_code_holds_the_direct_link(as_alice: Client, conference: Conference) -> None:
    response = as_alice.get(url("qr-file", conference.pk))
    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")
    page = press(as_alice, conference, find="1", q="x").content.decode()
    (path,) = re.findall(r'<path stroke="#12211e" d="([^"]*)"', page)
    dark = sum(int(length) for length in re.findall(r"h(\d+)", path))
    assert dark == sum(map(sum, segno.make(join_url(conference), error="m").matrix))


def test_hostile_words_stay_words(as_alice: Client, alice: User) -> None:
    alice.name = f"Alice {HOSTILE}"
    alice.save()
    conference = make_conference(alice, topic=f"Topic {HOSTILE}", agenda=HOSTILE)
    make_contact(alice, f"Bob {HOSTILE}", "bob@example.org")
    press(as_alice, conference, to="bob@example.org", message=HOSTILE)
    Invitation.objects.get().respond(PartStat.TENTATIVE, HOSTILE, timezone.now())
    invitation = Invitation.objects.get()
    pages: list[Any] = [
        as_alice.get(url("ledger", conference.pk)),
        as_alice.get(url("address", conference.pk, invitation.pk)),
        as_alice.get(url("removal", conference.pk, invitation.pk)),
        as_alice.get(url("mail-client", conference.pk), {"client": "outlook"}),
        press(as_alice, conference, find="1", q=HOSTILE, to="bob@example.org", message=HOSTILE),
        press(as_alice, conference, q=HOSTILE),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert "&lt;script&gt;" in page.content.decode()
