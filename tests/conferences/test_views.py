"""The organizer's pages as a browser sees them, without scripts."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from cabinet.models import User
from conferences.models import Change, Conference, Occurrence, Template
from tests.conferences.test_forms import sent
from tests.factories import make_conference, make_invitation

NOW = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)  # a Tuesday, 13:10 in Berlin
NEW = "/conferences/new/"


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def press(**changed: Any) -> dict[str, Any]:
    """What the button “Schedule conference” sends."""
    return sent(submission_id=str(uuid4()), **changed)


def presses_at_once(user: User, data: dict[str, Any], number: int) -> list[str]:
    """The same form sent so many times, by eight browsers of `user`: where each is led."""

    def one(_n: int) -> str:
        try:
            client = Client()
            client.force_login(user)
            return client.post(NEW, data)["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as browsers:
        return list(browsers.map(one, range(number)))


def text_of(response: HttpResponseBase) -> str:
    """What a person reads: the page without tags, white space collapsed."""
    body = re.sub(r"(?s)<(script|style|template).*?</\1>", " ", response.content.decode())  # type: ignore[attr-defined]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


# SCHEDULE


def test_schedule_leads_to_the_page_of_the_conference(as_alice: Client, alice: User) -> None:
    answer = as_alice.post(NEW, press())
    conference = Conference.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/conferences/{conference.pk}/")
    assert conference.organizer == alice
    page = text_of(as_alice.get(answer["Location"]))
    assert "You have scheduled a conference Now invite people: choose any of the four ways below." in page
    assert "Thursday 3 December 2026 14:00 – 14:45 Berlin, UTC+1" in page
    assert "Conference ID 123-456-789" in page


def test_the_same_press_again_leads_to_the_same_conference(as_alice: Client) -> None:
    data = press()
    first = as_alice.post(NEW, data)
    with time_machine.travel(NOW + timedelta(days=30)):
        as_alice.force_login(User.objects.get())
        again = as_alice.post(NEW, data)
    assert again["Location"] == first["Location"]
    assert Conference.objects.count() == 1


def test_the_same_form_with_other_content_is_an_error_and_then_a_second_conference(as_alice: Client) -> None:
    data = press()
    as_alice.post(NEW, data)
    answer = as_alice.post(NEW, data | {"topic": "Other topic"})
    assert answer.status_code == 409
    assert "You have already scheduled “Autumn budget review” with this form." in text_of(answer)
    form = answer.context["form"]
    assert form["topic"].value() == "Other topic"
    retry = {name: form[name].value() or "" for name in form.fields if form[name].value() is not False}
    assert as_alice.post(NEW, retry).status_code == 302
    assert Conference.objects.count() == 2


@pytest.mark.parametrize("submission_id", ["", "nonsense", "\x00", "1", str(uuid4()) * 3])
def test_a_broken_submission_id_only_loses_its_protection(as_alice: Client, submission_id: str) -> None:
    assert as_alice.post(NEW, sent(submission_id=submission_id)).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_fifty_presses_at_once_schedule_once() -> None:
    alice = User.objects.create_user("alice@example.org", name="Alice", time_zone="Europe/Berlin")
    data = press()

    assert len(set(presses_at_once(alice, data, 50))) == 1
    assert Conference.objects.count() == Occurrence.objects.count() == Change.objects.count() == 1


def test_errors_stand_at_the_fields_and_nothing_typed_is_lost(as_alice: Client) -> None:
    typed = {"topic": "", "agenda": "1. <Figures> & more", "minutes": "0", "duration": "other", "password": "abc"}
    answer = as_alice.post(NEW, press(**typed))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<title>Error: Schedule conference" in page
    for words in (
        "Enter a topic, for example “Autumn budget review”",
        "Duration must be between 5 and 1440 minutes",
        "Password must have at least 6 characters",
    ):
        assert page.count(words) == 2  # in the summary and at the field
    assert escape(typed["agenda"]) in page
    assert 'value="abc"' in page


def test_suggested_password_needs_no_script(as_alice: Client) -> None:
    answer = as_alice.post(NEW, press(topic="Half", date="", suggest="password"))
    form = answer.context["form"]
    assert re.fullmatch("[a-z2-9]{10}", form["password"].value())
    assert (form["topic"].value(), form.errors) == ("Half", {})
    assert not Conference.objects.exists()


def test_template_is_saved_and_the_form_stays_as_it_was(as_alice: Client, alice: User) -> None:
    answer = as_alice.post(NEW, press(topic="", record="on", template="1"))
    assert "Saved. New conferences start with these settings." in text_of(answer)
    assert answer.context["form"].errors == {}
    assert not Conference.objects.exists()
    assert as_alice.get(NEW).context["form"].initial["record"] is True


def test_start_now_lands_on_the_page_with_start(as_alice: Client) -> None:
    answer = as_alice.post(NEW, press(topic="", date="", start="", now="1"), follow=True)
    conference = Conference.objects.get()
    assert (conference.topic, conference.starts_at) == ("Ad hoc conference", NOW)
    assert f'action="/conferences/{conference.pk}/start/"' in answer.content.decode()
    assert "Ad hoc conference Going on now" in text_of(answer)


def test_start_now_from_the_home_page_takes_the_defaults_and_starts_once(as_alice: Client, alice: User) -> None:
    Template.objects.remember(alice, "", {"duration": 30, "mute_on_entry": True, "opens_before": 5})
    data = {"submission_id": str(uuid4())}
    first, again = (as_alice.post("/conferences/ad-hoc/", data) for _ in range(2))
    conference = Conference.objects.get()
    assert first["Location"] == again["Location"] == conference.get_absolute_url()
    assert (conference.duration, conference.mute_on_entry) == (timedelta(minutes=30), True)


def test_notices_come_along(as_alice: Client) -> None:
    page = text_of(as_alice.post(NEW, press(date="2027-10-31", start="02:30"), follow=True))
    assert "02:30 happens twice. We take the first." in page


# THE PAGE OF A CONFERENCE


def test_strangers_find_nothing(as_charlie: Client, alice: User) -> None:
    conference = make_conference(alice)
    for name in ("conference", "edit", "cancellation"):
        url = reverse(f"conferences:{name}", args=[conference.pk])
        assert as_charlie.get(url).status_code == 404
        assert as_charlie.post(url, press()).status_code in {404, 405}
    assert as_charlie.post(reverse("conferences:start", args=[conference.pk])).status_code == 404
    assert "Quarterly planning" not in text_of(as_charlie.get("/conferences/"))
    assert Conference.objects.get().sequence == 0


@pytest.mark.parametrize("pk", ["0", "99999", str(2**63), "9" * 40])
def test_numbers_nobody_has_are_not_found(as_alice: Client, pk: str) -> None:
    assert as_alice.get(f"/conferences/{pk}/").status_code == 404


@pytest.mark.parametrize(
    ("hours", "heading", "starts"),
    [
        (24, "You have scheduled a conference", True),
        (-0.5, "Quarterly planning", True),
        (-30, "Quarterly planning", False),
    ],
)
def test_heading_follows_the_clock(as_alice: Client, alice: User, hours: float, heading: str, starts: bool) -> None:
    start = (NOW + timedelta(hours=hours)).replace(tzinfo=None)
    page = as_alice.get(make_conference(alice, start=start, time_zone="UTC").get_absolute_url()).content.decode()
    assert re.search(r"<h1[^>]*>([^<]+)</h1>", page)[1] == heading  # type: ignore[index]
    assert ("/start/" in page) == starts


def test_page_of_a_cancelled_conference_says_so_and_invites_nobody(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    conference.cancel(alice, NOW, tell=Change.Tell.NOBODY, message="Figures are late.")
    page = as_alice.get(conference.get_absolute_url()).content.decode()
    assert "Cancelled" in page
    assert "Figures are late." in page
    for gone in ("/start/", "/edit/", "/cancellation/", "You have scheduled", "From the address book"):
        assert gone not in page


def test_other_cities_can_be_checked(as_alice: Client, alice: User) -> None:
    url = make_conference(alice, start=datetime(2026, 12, 3, 14)).get_absolute_url()
    page = text_of(as_alice.get(f"{url}?city=Auckland"))
    assert "Auckland UTC+13 · Friday 02:00" in page
    assert "There is no “Atlantis” among the time zones." in text_of(as_alice.get(f"{url}?city=Atlantis"))


def test_history_tells_what_was_and_what_is(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, topic="Budget", start=datetime(2026, 12, 3, 14))
    fields = {"topic": "Budget 2027", "record": True, "duration": timedelta(minutes=90)}
    conference.change(alice, fields, seen_sequence=0, tell=Change.Tell.NOBODY, now=NOW)
    page = text_of(as_alice.get(conference.get_absolute_url()))
    assert "Topic: was Budget now Budget 2027" in page
    assert "Duration: was 1 hour now 1 h 30" in page
    assert "Record the conference: was no now yes" in page
    assert "Alice Adams scheduled the conference" in page


@pytest.mark.parametrize(
    "hostile", ['<script>alert("x")</script>', "{{ 7|add:7 }}{% debug %}", "\u202eevil\u2066", '"><img src=x>']
)
def test_what_people_typed_is_shown_and_never_run(as_alice: Client, hostile: str) -> None:
    answer = as_alice.post(NEW, press(topic=hostile, agenda=hostile, password="harbour42"), follow=True)
    conference = Conference.objects.get()
    pages = [answer, as_alice.get("/conferences/"), as_alice.get(f"/conferences/{conference.pk}/edit/")]
    for page in (page.content.decode() for page in pages):
        assert escape(conference.topic) in page
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "\u202e" not in page


# EDIT


def edit(conference: Conference, **changed: Any) -> dict[str, Any]:
    return sent(number=conference.number, seen_sequence=str(conference.sequence), tell="all", **changed)


def test_edit_saves_and_remembers_whom_to_tell(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    make_invitation(conference)
    url = f"/conferences/{conference.pk}/edit/"
    page = text_of(as_alice.get(url))
    assert "1 person is invited. On the next page you see who will be told what." in page
    data = edit(conference, start="15:00") | {"tell": "nobody"}
    assert as_alice.post(url, data)["Location"] == f"/conferences/{conference.pk}/"
    change = conference.changes.first()
    assert change is not None
    assert (change.tell, change.by, change.after["start_time"]) == ("nobody", alice, "15:00:00")


def test_edit_without_guests_asks_nothing(as_alice: Client, alice: User) -> None:
    page = text_of(as_alice.get(f"/conferences/{make_conference(alice).pk}/edit/"))
    assert "On the next page" not in page
    assert "Continue" not in page


def test_edit_sent_twice_is_one_change(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    data = edit(conference, topic="New topic")
    first, again = (as_alice.post(f"/conferences/{conference.pk}/edit/", data) for _ in range(2))
    assert (first.status_code, again.status_code) == (302, 302)
    assert conference.changes.count() == 2


def test_stale_edit_shows_both_versions_and_saves_at_the_second_press(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, topic="Budget")
    url = f"/conferences/{conference.pk}/edit/"
    mine = edit(conference, topic="Mine")
    as_alice.post(url, edit(conference, topic="Theirs"))
    answer = as_alice.post(url, mine)
    assert answer.status_code == 409
    page = text_of(answer)
    words = "Someone changed this conference while you were editing. Your changes are below; check them and save again."
    assert words in page
    assert "Topic: Budget Theirs" in page
    form = answer.context["form"]
    assert (form["topic"].value(), Conference.objects.get().topic) == ("Mine", "Theirs")
    assert as_alice.post(url, mine | {"seen_sequence": form["seen_sequence"].value()}).status_code == 302
    assert Conference.objects.get().topic == "Mine"


def test_edit_to_a_taken_number_in_a_race_is_an_error_at_the_field(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    conference = make_conference(alice)
    make_conference(alice, number="555-555-555")
    monkeypatch.setattr("conferences.forms.ConferenceForm.clean_number", lambda form: form.cleaned_data["number"])
    answer = as_alice.post(f"/conferences/{conference.pk}/edit/", edit(conference) | {"number": "555555555"})
    assert answer.context["form"].errors == {"number": ["Another conference has this ID. Choose another one."]}


def test_cancelled_conferences_cannot_be_edited(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    conference.cancel(alice, NOW, tell=Change.Tell.NOBODY)
    url = f"/conferences/{conference.pk}/edit/"
    for answer in (as_alice.get(url, follow=True), as_alice.post(url, edit(conference), follow=True)):
        assert "This conference was cancelled. It cannot be changed any more." in text_of(answer)


# CANCEL


def test_cancelling_asks_first_and_keeps_the_message(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    make_invitation(conference)
    url = f"/conferences/{conference.pk}/cancellation/"
    page = text_of(as_alice.get(url))
    assert "Cancel this conference?" in page
    assert "1 person gets a cancellation by e-mail and it disappears from their calendar." in page
    assert Conference.objects.get().cancelled_at is None
    as_alice.post(url, {"message": "Figures are late.", "tell": "on"})
    change = Change.objects.get(kind="cancelled")
    assert (change.message, change.tell) == ("Figures are late.", "all")


@pytest.mark.parametrize(("ticked", "tell"), [({"tell": "on"}, "all"), ({}, "nobody")])
def test_cancelling_tells_only_if_asked_to(as_alice: Client, alice: User, ticked: dict[str, str], tell: str) -> None:
    conference = make_conference(alice)
    for _ in range(2):
        as_alice.post(f"/conferences/{conference.pk}/cancellation/", ticked)
    assert Change.objects.get(kind="cancelled").tell == tell


def test_what_is_over_cannot_be_cancelled(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 11, 23, 10))
    as_alice.post(f"/conferences/{conference.pk}/cancellation/", {"tell": "on"})
    assert Conference.objects.get().cancelled_at is None


# START, HEADERS


def at(alice: User, hours: float, topic: str, **fields: Any) -> Conference:
    start = (NOW + timedelta(hours=hours)).replace(tzinfo=None)
    return make_conference(alice, start=start, time_zone="UTC", topic=topic, **fields)


def test_start_leads_into_the_room_as_moderator_and_opens_it(as_alice: Client, alice: User) -> None:
    conference = at(alice, 0.2, "Now", organizer_first=True)
    answer = as_alice.post(f"/conferences/{conference.pk}/start/")
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"https://meet.jit.si/{conference.occurrences.get().room_name}#")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert Occurrence.objects.get().organizer_joined_at == NOW


def test_start_after_the_end_is_refused_in_words(as_alice: Client, alice: User) -> None:
    conference = at(alice, -30, "Over")
    answer = as_alice.post(f"/conferences/{conference.pk}/start/", follow=True)
    assert "This conference is over or was cancelled already." in text_of(answer)


def test_pages_with_start_may_lead_to_the_room_and_nowhere_else(as_alice: Client, alice: User) -> None:
    url = at(alice, 0.2, "Now").get_absolute_url()
    for page in (url, "/conferences/"):
        policy = as_alice.get(page)["Content-Security-Policy"]
        assert "form-action 'self' https://meet.jit.si;" in policy + ";"
        assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["new/", "ad-hoc/", "{pk}/edit/", "{pk}/cancellation/", "{pk}/start/"])
def test_forged_requests_change_nothing(alice: User, path: str) -> None:
    conference = make_conference(alice)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(f"/conferences/{path.format(pk=conference.pk)}", press()).status_code == 403
    assert (Conference.objects.count(), Change.objects.count()) == (1, 1)


@pytest.mark.parametrize("path", ["", "new/", "{pk}/", "{pk}/edit/", "{pk}/cancellation/"])
def test_looking_changes_nothing(as_alice: Client, alice: User, path: str) -> None:
    conference = make_conference(alice)
    before = Conference.objects.values().get(), Occurrence.objects.values().get(), Change.objects.count()
    url = f"/conferences/{path.format(pk=conference.pk)}"
    assert {as_alice.get(url).status_code, as_alice.head(url).status_code} == {200}
    assert before == (Conference.objects.values().get(), Occurrence.objects.values().get(), Change.objects.count())


# SIGNED OUT MEANWHILE


@pytest.mark.parametrize("path", ["", "new/", "{pk}/", "{pk}/edit/", "{pk}/cancellation/"])
def test_signed_out_people_are_led_to_the_sign_in_page(client: Client, alice: User, path: str) -> None:
    url = f"/conferences/{path.format(pk=make_conference(alice).pk)}"
    answer = client.get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("path", ["new/", "{pk}/edit/"])
def test_nothing_typed_is_lost_when_the_session_has_ended(client: Client, alice: User, path: str) -> None:
    url = f"/conferences/{path.format(pk=make_conference(alice).pk)}"
    data = press(agenda='1. "Figures" <b>\n2. More')
    answer = client.post(url, data)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert 'href="/accounts/login/" target="_blank"' in page
    assert f'action="{url}"' in page
    for name, value in data.items():
        assert f'<input type="hidden" name="{name}" value="{escape(value)}">' in page
    assert Conference.objects.count() == 1


def test_what_was_typed_can_be_sent_again_after_signing_in(client: Client, alice: User) -> None:
    data = press()
    kept = dict(client.post(NEW, data).context["sent"])
    client.force_login(alice)
    assert client.post(NEW, kept).status_code == 302
    assert Conference.objects.get().topic == "Autumn budget review"


def token_in(response: HttpResponseBase) -> str:
    return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', response.content.decode())[0]  # type: ignore[attr-defined]


def test_signing_in_makes_the_token_old_and_the_form_comes_back_with_a_new_one(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"Sec-Fetch-Site": "same-origin"})
    browser.force_login(alice)
    data = press(csrfmiddlewaretoken=token_in(browser.get(NEW)))
    browser.cookies.pop("session")
    data["csrfmiddlewaretoken"] = token_in(browser.post(NEW, data))
    browser.cookies.pop("csrf")  # signing in gives another one
    browser.force_login(alice)
    browser.get(NEW)
    answer = browser.post(NEW, data)
    assert (answer.status_code, dict(answer.context["sent"])["topic"]) == (403, "Autumn budget review")
    data["csrfmiddlewaretoken"] = token_in(answer)
    assert browser.post(NEW, data).status_code == 302
    assert Conference.objects.get().topic == "Autumn budget review"
