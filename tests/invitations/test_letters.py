"""The words of letters, read back from the finished message by parsers that are not ours."""

import email
import email.policy
import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
import vobject
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cabinet.models import User
from conferences.models import Change, Conference
from invitations import letters, outbox
from invitations.inviting import invite, withdraw
from invitations.models import Delivery, Invitation, PartStat
from tests.factories import make_conference, make_contact

NOW = timezone.now()
KIND = Delivery.Kind
# What an attacker writes where a line of text is expected.
HOSTILE = [
    '"><script>alert(1)</script>',
    "=?utf-8?q?x=0D=0ABcc:_eve@example.org?=",
    "{{ 7|add:7 }} {% now 'Y' %} %(name)s %s {0}",
    "a;b,c:d\\n\\;END:VEVENT",
    "<a href=https://evil.test>Accept</a> https://evil.test",
    "עברית اسم 名前 Имя",
    "'); DROP TABLE invitations;--",
    "&lt;b&gt; &amp;amp; <!-- ]]>",
]


@dataclass
class Read:
    """A message as a mail program takes it apart."""

    message: EmailMessage
    text: str
    html: str
    calendar: Any  # vobject's component, or None

    @property
    def links(self) -> set[str]:
        return set(re.findall(r'href="([^"]*)"', self.html))


def read(delivery: Delivery) -> Read:
    """The message of `delivery`, parsed again."""
    message = email.message_from_bytes(letters.message(delivery, NOW), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    parts: dict[str, Any] = {part.get_content_type(): part for part in message.walk()}
    ics = parts.get("text/calendar")
    if ics:
        assert parts["application/ics"].get_payload(decode=True) == ics.get_payload(decode=True)
    return Read(
        message,
        parts["text/plain"].get_content().replace("\r\n", "\n"),
        parts["text/html"].get_content(),
        vobject.readOne(ics.get_payload(decode=True).decode()) if ics else None,
    )


class _Words(HTMLParser):
    """The visible words of an HTML part."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or tag in {"style", "title"} or "display:none" in (dict(attrs).get("style") or ""):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(self._hidden - 1, 0)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += words(data)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def html_words(html: str) -> list[str]:
    parser = _Words()
    parser.feed(html)
    return parser.words


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(
        alice, topic="Autumn budget review", start=datetime(2027, 12, 2, 14), duration=timedelta(minutes=45),
        agenda="We close the autumn numbers.\n\n1. Actuals", number="123-456-789", password="harbour42",
    )  # fmt: skip


def ask(conference: Conference, *people: tuple[str, str], message: str = "") -> list[Invitation]:
    people = people or (("Bob Brown", "bob@example.org"),)
    return invite(conference, people, by=conference.organizer, submission_id=uuid.uuid4(), message=message, now=NOW)


def sent(invitation: Invitation, kind: Delivery.Kind = KIND.INVITATION) -> Delivery:
    """The newest letter of a kind, as if it had left."""
    delivery = invitation.deliveries.filter(kind=kind).order_by("-pk")[0]
    Delivery.objects.filter(pk=delivery.pk).update(state="sent")
    return delivery


def owe(invitation: Invitation, kind: Delivery.Kind) -> Delivery:
    """A letter about the present state."""
    fresh = Invitation.objects.select_related("conference").get(pk=invitation.pk)
    outbox.queue([fresh], kind, now=NOW)
    return fresh.deliveries.filter(kind=kind).order_by("-pk")[0]


# THE FOUR LETTERS


def test_invitation(conference: Conference) -> None:
    (invitation,) = ask(conference, message="Please bring the figures.")
    letter = read(sent(invitation))
    link = invitation.personal_link
    assert (
        letter.text
        == f"""\
Personal Cabinet

Alice Adams invites you

Autumn budget review

Thursday 2 December 2027
14:00–14:45 (Berlin, UTC+1)

Message from Alice Adams (alice@example.org), not checked by Personal Cabinet
> Please bring the figures.

Will you take part?
  Accept: {link}?answer=accepted
  Tentative: {link}?answer=tentative
  Decline: {link}?answer=declined

Organizer: Alice Adams
Agenda:
> We close the autumn numbers.
>{" "}
> 1. Actuals
Join: {link}
Conference ID: 123-456-789
Password: harbour42
Calendar: The attached file adds the conference to your calendar.

Alice Adams sees these answers at once; buttons of your mail program answer by e-mail instead. If Gmail says that it \
does not know the sender, choose “I know the sender”: then the conference appears in your calendar.

--{" "}
Alice Adams sent this through Personal Cabinet to bob@example.org.
Write no more, another language, what this site knows about you: {link}you/
"""
    )
    message = letter.message
    assert message["Subject"] == "Invitation: Autumn budget review — Thu 2 Dec 2027 14:00 (Europe/Berlin)"
    assert message["From"] == "Alice Adams via Personal Cabinet <invite@localhost>"
    assert message["To"] == "Bob Brown <bob@example.org>"
    assert message["Reply-To"] == "Alice Adams <alice@example.org>"
    answers = {f"{link}?answer={word}" for word in ("accepted", "tentative", "declined")}
    assert letter.links == {link, invitation.you_link, *answers}


def test_invitation_as_calendar_object(conference: Conference) -> None:
    (invitation,) = ask(conference)
    calendar = read(sent(invitation)).calendar
    event = calendar.vevent
    assert calendar.method.value == "REQUEST"
    assert (event.uid.value, event.sequence.value) == (conference.uid, "0")
    assert event.summary.value == "Autumn budget review"
    assert (event.dtstart.value, event.dtend.value) == (conference.starts_at, conference.ends_at)
    assert event.valarm.trigger.value == timedelta(minutes=-15)
    assert event.organizer.value == "mailto:alice@example.org"
    assert [line.value for line in event.attendee_list] == ["mailto:bob@example.org"]
    assert event.attendee.params["PARTSTAT"] == ["NEEDS-ACTION"]
    assert event.location.value == event.url.value == invitation.personal_link
    assert invitation.personal_link in event.description.value.split("\n")
    assert "harbour42" in event.description.value


def test_update_says_what_changed_since_the_last_letter(conference: Conference, alice: User) -> None:
    (invitation,) = ask(conference)
    first = sent(invitation)
    edits: list[dict[str, Any]] = [
        {"topic": "First idea"},
        {"start_date": date(2027, 12, 9), "start_time": time(15), "topic": "Second idea", "record": True},
        {"agenda": "New words", "password": "", "opens_before": timedelta(minutes=30)},
    ]
    for sequence, fields in enumerate(edits):
        conference.change(alice, fields, seen_sequence=sequence, tell=Change.Tell.ALL, now=NOW)
    letter = read(owe(invitation, KIND.UPDATE))
    assert letter.message["Subject"] == "Updated: Second idea — Thu 9 Dec 2027 15:00 (Europe/Berlin)"
    assert letter.message["In-Reply-To"] == first.message_id
    assert (
        """
What changed
  Date: Thursday 9 December 2027 (was Thursday 2 December 2027)
  Time: 15:00–15:45 (was 14:00–14:45)
  Topic: Second idea (was Autumn budget review)
  Agenda or description: see below
  Password: none (was harbour42)
  Open the room before the start: 30 minutes (was 15 minutes)
  Record the conference: yes (was no)

Does the new time suit you?
"""
        in letter.text
    )
    assert "The attached file moves the conference in your calendar." in letter.text
    assert "(the same as before)" in letter.text
    assert letter.calendar.method.value == "REQUEST"
    assert letter.calendar.vevent.sequence.value == "3"
    assert letter.calendar.vevent.uid.value == conference.uid


def test_update_leaves_out_what_was_told_before_and_what_was_changed_back(conference: Conference, alice: User) -> None:
    (invitation,) = ask(conference)
    sent(invitation)
    conference.change(alice, {"topic": "Told"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    owe(invitation, KIND.UPDATE)
    sent(invitation, KIND.UPDATE)
    conference.change(
        alice, {"duration": timedelta(hours=2), "number": "1"}, seen_sequence=1, tell=Change.Tell.ALL, now=NOW
    )
    conference.change(alice, {"duration": timedelta(minutes=45)}, seen_sequence=2, tell=Change.Tell.ALL, now=NOW)
    text = read(owe(invitation, KIND.UPDATE)).text
    assert "What changed\n  Conference ID: 1 (was 123-456-789)\n\nWill you take part?" in text
    assert "brings your calendar up to date" in text


def test_update_names_the_places_when_the_zone_changed(conference: Conference, alice: User) -> None:
    (invitation,) = ask(conference)
    sent(invitation)
    conference.change(alice, {"time_zone": "Asia/Tokyo"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    text = read(owe(invitation, KIND.UPDATE)).text
    assert "Time: 14:00–14:45 Tokyo, UTC+9 (was 14:00–14:45 Berlin, UTC+1)" in text


def test_a_change_of_time_resets_the_answer_in_the_calendar_and_one_of_words_does_not(
    conference: Conference, alice: User
) -> None:
    (invitation,) = ask(conference)
    sent(invitation)
    invitation.respond(PartStat.ACCEPTED, "", NOW)
    conference.change(alice, {"topic": "Words"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    letter = read(owe(invitation, KIND.UPDATE))
    assert letter.calendar.vevent.attendee.params["PARTSTAT"] == ["ACCEPTED"]
    assert "Your answer: Accepted" in letter.text
    conference.change(alice, {"start_time": time(9)}, seen_sequence=1, tell=Change.Tell.ALL, now=NOW)
    letter = read(owe(invitation, KIND.UPDATE))
    assert letter.calendar.vevent.attendee.params["PARTSTAT"] == ["NEEDS-ACTION"]
    assert "Your answer" not in letter.text


def test_cancellation(conference: Conference, alice: User) -> None:
    (invitation,) = ask(conference)
    sent(invitation)
    conference.cancel(alice, NOW, tell=Change.Tell.ALL, message="The figures arrive a week late.")
    letter = read(owe(invitation, KIND.CANCELLATION))
    assert letter.message["Subject"] == "Cancelled: Autumn budget review — Thu 2 Dec 2027 14:00 (Europe/Berlin)"
    assert "Alice Adams cancelled this conference" in letter.text
    assert "not checked by Personal Cabinet\n> The figures arrive a week late.\n" in letter.text
    assert "The attached file removes the conference from your calendar." in letter.text
    assert letter.links == {invitation.you_link}
    event = letter.calendar.vevent
    assert (letter.calendar.method.value, event.status.value, event.sequence.value) == ("CANCEL", "CANCELLED", "1")
    assert event.attendee.value == "mailto:bob@example.org"
    assert event.dtstart.value == conference.starts_at


def test_withdrawal_takes_one_person_off(conference: Conference) -> None:
    (invitation,) = ask(conference)
    sent(invitation)
    withdraw(invitation, NOW)
    letter = read(sent(invitation, KIND.CANCELLATION))
    assert "Alice Adams withdrew your invitation" in letter.text
    assert letter.links == {"http://localhost:8000/i/"}
    assert (letter.calendar.method.value, letter.calendar.vevent.sequence.value) == ("CANCEL", "1")


def test_notice_names_who_was_not_reached_and_why(conference: Conference) -> None:
    ask(conference, ("Bob Brown", "bob@example.org"), ("", "dan@example.org"))
    Delivery.objects.update(state="failed", why="refused", reply="550 5.1.1 no <b>such</b> user")
    outbox.queue_notice(conference, list(Delivery.objects.all()), now=NOW)
    letter = read(Delivery.objects.get(kind=KIND.NOTICE))
    assert letter.message["Subject"] == "Not delivered: Autumn budget review — Thu 2 Dec 2027 14:00 (Europe/Berlin)"
    assert (letter.message["To"], letter.calendar) == ("alice@example.org", None)
    assert "2 letters have not arrived" in letter.text
    assert (
        "Bob Brown (bob@example.org):\n> The mail server refused it\n> 550 5.1.1 no <b>such</b> user\n" in letter.text
    )
    assert "dan@example.org:\n" in letter.text
    assert letter.links == {f"http://localhost:8000/conferences/{conference.pk}/invitations/"}


# WHOSE CLOCK, WHOSE EYES


def test_both_clocks_where_they_differ(conference: Conference, alice: User) -> None:
    make_contact(alice, "Bob", "bob@example.org", time_zone="Asia/Tokyo")
    make_contact(alice, "Dan", "dan@example.org", time_zone="Europe/Paris")
    bob, dan = ask(conference, ("", "bob@example.org"), ("", "dan@example.org"))
    line = "On your clock: Thursday 2 December 2027, 22:00–22:45 (Tokyo, UTC+9)"
    letter = read(sent(bob))
    assert line in letter.text
    assert line in letter.html
    assert "On your clock" not in read(sent(dan)).text


def test_a_language_that_the_site_does_not_speak_is_not_half_spoken(conference: Conference, alice: User) -> None:
    make_contact(alice, "Bob", "bob@example.org", language="fi")
    (invitation,) = ask(conference)
    assert "Thursday 2 December 2027" in read(sent(invitation)).text


def test_a_letter_is_written_in_the_language_of_its_reader(conference: Conference, alice: User) -> None:
    make_contact(alice, "Bob", "bob@example.org", language="ru")
    bob, dan = ask(conference, ("", "bob@example.org"), ("", "dan@example.org"))
    assert "четверг" in read(sent(bob)).text.lower()
    assert "Thursday" in read(sent(dan)).text


def test_an_end_on_another_day_says_so(alice: User) -> None:
    (invitation,) = ask(make_conference(alice, start=datetime(2027, 12, 2, 23, 30)))
    assert "23:30–00:30 (Fri 3 Dec) (Berlin, UTC+1)" in read(sent(invitation)).text


@pytest.mark.parametrize("kind", [KIND.INVITATION, KIND.UPDATE, KIND.CANCELLATION])
def test_no_letter_holds_anothers_name_or_address(conference: Conference, alice: User, kind: Delivery.Kind) -> None:
    bob, dan = ask(conference, ("Bob Brown", "bob@example.org"), ("Dan Dee", "dan@example.org"))
    sent(bob)
    conference.change(alice, {"topic": "Words"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    raw = letters.message(owe(bob, kind) if kind != KIND.INVITATION else sent(bob), NOW)
    parts = [part.get_payload(decode=True) or b"" for part in email.message_from_bytes(raw).walk()]
    for secret in (b"dan@example.org", b"Dan", dan.token.encode(), conference.join_token.encode()):
        assert secret not in raw
        assert all(secret not in part for part in parts)


def test_guests_see_each_other_where_the_organizer_says_so(conference: Conference, alice: User) -> None:
    conference.change(alice, {"guests_see_each_other": True}, seen_sequence=0, tell=Change.Tell.NOBODY, now=NOW)
    bob, dan, gone = ask(conference, ("Bob", "bob@example.org"), ("Dan", "dan@example.org"), ("Eve", "eve@example.org"))
    withdraw(gone, NOW)
    dan.respond(PartStat.TENTATIVE, "", NOW)
    letter = read(sent(bob))
    people = {line.value: line.params["PARTSTAT"][0] for line in letter.calendar.vevent.attendee_list}
    assert people == {"mailto:bob@example.org": "NEEDS-ACTION", "mailto:dan@example.org": "TENTATIVE"}
    assert dan.token not in letter.text + letter.html + letter.calendar.serialize()


def test_organizers_who_invite_themselves_get_no_request(conference: Conference) -> None:
    (invitation,) = ask(conference, ("Alice", "ALICE@example.org"))
    letter = read(sent(invitation))
    assert letter.calendar is None
    assert "calendar" not in [part.get_content_subtype() for part in letter.message.walk()]
    assert "The attached file" not in letter.text


# BOTH PARTS, EVERY TEXT


@pytest.mark.parametrize("kind", [KIND.INVITATION, KIND.UPDATE, KIND.CANCELLATION, KIND.NOTICE])
@pytest.mark.parametrize("other_clock", [False, True])
def test_text_and_html_say_the_same_words_in_the_same_order(
    conference: Conference, alice: User, kind: Delivery.Kind, other_clock: bool
) -> None:
    make_contact(alice, "Bob", "bob@example.org", time_zone="Asia/Tokyo" if other_clock else "")
    (invitation,) = ask(conference, message="Please\n\nbring <b>the</b> figures.")
    delivery = sent(invitation)
    if kind != KIND.INVITATION:
        fields = {"topic": "New topic", "start_time": time(16), "agenda": "New\n\nagenda", "record": True}
        conference.change(alice, fields, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
        invitation.respond(PartStat.ACCEPTED, "", NOW)
    if kind == KIND.CANCELLATION:
        conference.cancel(alice, NOW, tell=Change.Tell.ALL, message="Sorry,\nlate.")
    if kind == KIND.NOTICE:
        outbox.queue_notice(conference, [delivery], now=NOW)
        delivery = Delivery.objects.get(kind=kind)
    elif kind != KIND.INVITATION:
        delivery = owe(invitation, kind)
    letter = read(delivery)
    text = letter.text
    for url in letter.links - {invitation.personal_link}:
        text = text.replace(f": {url}\n", "\n")  # in HTML such a link is behind its words
    assert html_words(letter.html) == words(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_arrive_as_words_and_nowhere_else(alice: User, text: str) -> None:
    alice.name = text[:128]
    alice.save()
    conference = make_conference(alice, topic=text, agenda=f"{text}\n{text}", password=text[:32])
    (invitation,) = ask(conference, (text, "bob@example.org"), message=f"{text}\n{text}")
    letter = read(sent(invitation))
    plain = letter.text.replace("\u2068", "").replace("\u2069", "")
    assert f"\n{text}\n" in plain
    assert f"> {text}\n> {text}\n" in plain
    assert text in letter.message["Subject"].replace("\u2068", "").replace("\u2069", "")
    assert letter.message["To"].addresses[0].display_name == text
    assert letter.message["To"].addresses[0].addr_spec == "bob@example.org"
    assert set(letter.message) >= {"From", "To", "Subject", "Date", "Message-ID", "Reply-To"}
    assert "Bcc" not in letter.message
    assert "<script>alert" not in letter.html
    assert "evil.test" not in "".join(letter.links)
    assert len(letter.links) == 5
    assert letter.calendar.vevent.summary.value == text
    assert len(letter.calendar.vevent.attendee_list) == 1
    assert letter.calendar.vevent.organizer.value == "mailto:alice@example.org"


def test_right_to_left_words_do_not_turn_their_neighbours(alice: User) -> None:
    (invitation,) = ask(make_conference(alice, topic="اجتماع الميزانية"))
    letter = read(sent(invitation))
    assert "\u2068اجتماع الميزانية\u2069" in letter.text
    assert letter.message["Subject"].startswith("Invitation: \u2068اجتماع الميزانية\u2069 — ")


def test_the_longest_topic_leaves_the_time_in_the_subject(alice: User) -> None:
    conference = make_conference(alice, topic="Ж" * 200, time_zone="America/Argentina/ComodRivadavia")
    (invitation,) = ask(conference)
    subject = read(sent(invitation)).message["Subject"]
    assert len(subject) <= 250
    assert subject.endswith(" 10:00 (America/Argentina/ComodRivadavia)")
    assert "Ж…" in subject


@pytest.mark.parametrize("guests", [1, 40, 200])
def test_the_longest_letter_stays_under_100_kilobytes(alice: User, guests: int) -> None:
    conference = make_conference(
        alice, topic="Ж" * 200, agenda="Ж" * 5000, guests_see_each_other=True, password="x" * 32
    )
    people = [(f"Имя Отчество Фамилия {n}", f"person{n}@long-domain-name.example.org") for n in range(guests)]
    invitation = ask(conference, *people, message="Ж" * 2000)[0]
    assert len(letters.message(sent(invitation), NOW)) < 100_000


def test_writing_a_letter_takes_six_queries_and_an_update_seven(conference: Conference, alice: User) -> None:
    (invitation,) = ask(conference)
    delivery = sent(invitation)
    with CaptureQueriesContext(connection) as first:
        letters.compose(delivery, NOW)
    conference.change(alice, {"topic": "Words"}, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    update = owe(invitation, KIND.UPDATE)
    with CaptureQueriesContext(connection) as second:
        letters.compose(update, NOW)
    assert (len(first), len(second)) == (6, 7)


# BEFORE ANYBODY IS INVITED


def test_a_preview_shows_the_letter_of_somebody_who_is_not_invited(conference: Conference) -> None:
    person = Invitation(conference=conference, name="Bob Brown", address="bob@example.org", time_zone="Asia/Tokyo")
    shown = letters.preview(conference, person, kind=KIND.INVITATION, message="Bring figures.", now=NOW)
    make_contact(conference.organizer, "Bob Brown", "bob@example.org", time_zone="Asia/Tokyo")
    (invitation,) = ask(conference, message="Bring figures.")
    real = letters.compose(sent(invitation), NOW)
    assert shown.calendar
    assert real.calendar
    for said, instead in ((shown.text, real.text), (shown.html, real.html), (shown.subject, real.subject)):
        assert said == instead.replace(invitation.token, letters.NO_TOKEN)
    unfolded = [calendar.replace(b"\r\n ", b"") for calendar in (shown.calendar, real.calendar)]
    assert unfolded[0] == unfolded[1].replace(invitation.token.encode(), letters.NO_TOKEN.encode())


@pytest.mark.parametrize("kind", [KIND.INVITATION, KIND.UPDATE, KIND.CANCELLATION])
def test_a_preview_saves_nothing_and_leads_nowhere(conference: Conference, client: Client, kind: Delivery.Kind) -> None:
    person = Invitation(conference=conference, name="Bob Brown", address="bob@example.org")
    shown = letters.preview(conference, person, kind=kind, now=NOW)
    assert not Invitation.objects.exists()
    assert not Delivery.objects.exists()
    assert person.token not in shown.text + shown.html
    assert client.get(f"/i/{letters.NO_TOKEN}/").status_code == 404
