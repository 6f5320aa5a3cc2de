"""Robots read mail before people do: they open every link, and some press what they find. Nobody is answered for.

Every kind of letter is sent by a worker to files; what is opened is what stands in them.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from pytest_django import Settings

from cabinet import settings as ours
from cabinet.environ import Mail
from cabinet.models import User
from conferences.models import Change, Conference
from invitations import links, outbox
from invitations.announcing import announce, report
from invitations.messages import Message
from invitations.models import Delivery, IncomingMail, Invitation, PartStat, Reply
from invitations.passing_on import pass_on
from tests.factories import make_conference, make_invitation, make_user
from tests.invitations.deliveries import change
from tests.test_access import snapshot

ROBOTS = (
    "Mozilla/5.0 (compatible; MSIE 11.0; Windows NT 10.0; SafeLinks)",
    "Mozilla/5.0 (compatible; BarracudaCentral/1.0)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
)
ALL = Change.Tell.ALL


@pytest.fixture
def sent(alice: User, settings: Settings, tmp_path: Path) -> list[EmailMessage]:
    """Every kind of letter that there is, from single conferences and from series."""
    settings.MAIL = Mail("file", tmp_path)
    settings.OUTBOX = settings.OUTBOX | {"UPDATE_DELAY": 0, "REPORT_AFTER": 0}
    settings.MAILERS = ours.MAILERS  # pytest puts a mailbox of its own in the place of every back-end
    settings.ALLOW_SIGNUP, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    now = timezone.now()
    single, off = make_conference(alice, topic="Single", password="harbour42"), make_conference(alice, topic="Off")
    series = make_conference(alice, topic="Series", rule="FREQ=WEEKLY;COUNT=8")
    people = [make_invitation(conference) for conference in (single, off, series)]
    for person in people:
        outbox.queue([person], Delivery.Kind.INVITATION, now=now)
    post()
    write_besides(people[0])
    links.ask("bob@example.org", now)
    change(single, start_time=datetime(2026, 1, 1, 15).time())
    change(series, topic="Series, renamed")
    series.refresh_from_db()
    series.occurrences.order_by("starts_at")[3].cancel(alice, now, tell=ALL)
    off.cancel(alice, now, tell=ALL)
    fail(make_invitation(single, "nobody@example.org"))
    announce(timezone.now())
    report(timezone.now() + timedelta(minutes=1))
    mail_of_accounts()
    post()
    return [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(tmp_path.glob("*.eml"))]


def post() -> None:
    call_command("worker", once=True)


def write_besides(person: Invitation) -> None:
    """What asks, reminds and tells beside the conference itself."""
    conference, now = person.conference, timezone.now()
    row = conference.occurrences.get()
    says = Message.objects.create(conference=conference, text="Bring your figures.")
    outbox.queue([person], Delivery.Kind.QUESTION, now=now)
    outbox.queue([person], Delivery.Kind.MESSAGE, now=now, says=says)
    about = {"original_date": row.original_date, "reminds_of": row.starts_at, "ordinal": 60}
    outbox.queue([person], Delivery.Kind.REMINDER, now=now, **about)  # type: ignore[arg-type]
    IncomingMail.objects.create(
        conference=conference, kind="words", address="bob@example.org", text="I bring them.",
        received_at=now - timedelta(hours=1),
    )  # fmt: skip
    pass_on(now)
    post()


def fail(person: Invitation) -> None:
    outbox.queue([person], Delivery.Kind.INVITATION, now=timezone.now())
    person.deliveries.update(state="failed", due_at=None, why="refused", state_at=timezone.now() - timedelta(hours=1))


def mail_of_accounts() -> None:
    """Somebody signs up, somebody has forgotten the password."""
    dora = {"email": "dora@example.org", "name": "Dora", "password1": "correct horse staple", "time_zone": "Asia/Tokyo"}
    Client().post(reverse("account_signup"), dora)
    erin = make_user("erin@example.org")
    EmailAddress.objects.create(user=erin, email=erin.email, verified=True, primary=True)
    Client().post(reverse("account_reset_password"), {"email": erin.email})


def texts(part: EmailMessage) -> Iterator[str]:
    """What a part says, in lines as long as they were written."""
    match part.get_content_type():
        case "text/plain" | "text/html":
            yield part.get_content()
        case "text/calendar" | "application/ics":
            for component in Calendar.from_ical(bytes(part.get_payload(decode=True))).walk():
                yield from (str(value) for _name, value in component.property_items())


def addresses_in(messages: list[EmailMessage]) -> list[str]:
    """All addresses of this site in any part, each once."""
    said = [text for message in messages for part in message.walk() for text in texts(part)]
    found = {link.rstrip(".,)") for text in said for link in re.findall(r'https?://[^\s<>"\']+', text)}
    ours = {link.replace("&amp;", "&").removeprefix(site.SITE_URL) for link in found if link.startswith(site.SITE_URL)}
    foreign = {link for link in found if not link.startswith(site.SITE_URL)}
    assert not foreign
    assert any(link.startswith("/you/") for link in ours)
    return sorted(
        ours | {"/i/"}
    )  # to which letters lead that withdraw somebody, whose other links end: test_letters.py


def open_all(addresses: list[str]) -> dict[str, str]:
    """Open each as robots do, and follow where it leads; the page behind each."""
    pages = {}
    for address in addresses:
        for robot in ROBOTS:
            client = Client(HTTP_USER_AGENT=robot)
            assert client.head(address).status_code < 400, address
            answer = client.get(address, follow=True)
            assert answer.status_code == 200, address
            pages[address] = answer.content.decode(errors="replace")
    return pages


@pytest.mark.django_db(transaction=True)
def test_opening_every_link_of_every_letter_changes_nothing_and_uses_nothing_up(sent: list[EmailMessage]) -> None:
    assert set(Delivery.objects.filter(state="sent").values_list("kind", flat=True)) == set(Delivery.Kind)
    assert Delivery.objects.filter(state="sent", original_date__isnull=False).exists()
    assert len(sent) == Delivery.objects.filter(state="sent").count()
    addresses = addresses_in(sent)
    before = snapshot()  # of all rows but sessions (a link to a new password puts its key there) and counters of tries
    open_all(addresses)
    assert snapshot() == before
    check_that_links_still_work(addresses)


def check_that_links_still_work(addresses: list[str]) -> None:
    """Those that can be used up: the address of an account, and a new password."""
    (confirmation,) = [address for address in addresses if "confirm-email" in address]
    assert Client().post(confirmation).status_code == 302
    assert EmailAddress.objects.get(email="dora@example.org").verified
    (reset,) = [address for address in addresses if "password/reset/key" in address]
    erin = Client()
    page = erin.get(reset, follow=True)
    erin.post(page.redirect_chain[-1][0], {"password1": "a new harbour of 42"})
    assert User.objects.get(email="erin@example.org").check_password("a new harbour of 42")


# PRESSED


class Forms(HTMLParser):
    """The forms of a page that are sent by POST: where to, and what each press of a button would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str], list[tuple[str, str]]]] = []
        self._is_in = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name, value = said.get("name", ""), said.get("value", "")
        if tag == "form":
            self._is_in = said.get("method", "") == "post"
            if self._is_in:
                self.forms.append((said.get("action", ""), {}, []))
        elif self._is_in and tag == "input" and said.get("type") == "radio":
            self.forms[-1][2].append((name, value))
        elif self._is_in and tag == "input" and name:
            self.forms[-1][1][name] = value
        elif self._is_in and tag == "button" and said.get("type") != "button":
            self.forms[-1][2].append((name, value))

    def handle_endtag(self, tag: str) -> None:
        self._is_in = self._is_in and tag != "form"


def press_all(addresses: list[str]) -> int:
    """Open each as a robot that also sends every form, with every choice that it has; how many presses."""
    presses = 0
    for address in addresses:
        client: Any = Client(HTTP_USER_AGENT=ROBOTS[0], enforce_csrf_checks=True)
        page = client.get(address, follow=True)
        here = page.redirect_chain[-1][0] if page.redirect_chain else address
        for action, fields, choices in Forms(page.content.decode(errors="replace")).forms:
            for name, value in choices:
                answer = client.post(action or here, fields | ({name: value} if name else {}))
                assert answer.status_code < 500
                presses += 1
    return presses


@pytest.mark.django_db(transaction=True)
def test_after_a_robot_that_presses_everything_the_persons_own_answer_is_final(sent: list[EmailMessage]) -> None:
    addresses = addresses_in(sent)
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        assert press_all(addresses) > 30
    standing = Conference.objects.get(topic="Single").invitations.get(address="bob@example.org")
    reply = standing.replies.latest("pk")
    assert reply.looks_automatic
    page = Client()
    page.force_login(standing.conference.organizer)
    said = page.get(reverse("invitations:ledger", args=[standing.conference_id])).text
    assert "Two different answers within seconds" in said
    assert not Invitation.objects.exclude(withdrawn_at=None).exists()

    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=False):
        own = {"sequence": standing.conference.sequence, "answer": "tentative", "comment": "from me"}
        Client().post(standing.get_absolute_url(), own)
    standing.refresh_from_db()
    assert (standing.partstat, standing.comment) == (PartStat.TENTATIVE, "from me")
    own_reply = Reply.objects.latest("pk")
    assert (own_reply.partstat, own_reply.looks_automatic) == (PartStat.TENTATIVE, False)
