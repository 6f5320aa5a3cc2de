"""Who may do what: one row for every address of the site. An address without a row fails the build.

Four people try every method: nobody (not signed in, no link), the organizer, another organizer, and the guest, who has
no account but holds the link. Whoever holds the token of a link is asked no more questions: there nobody is the guest.
"""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.db.models import Q
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Attempt, Conference, Occurrence, Template
from invitations.address_keys import AddressKey
from invitations.feeds import Feed
from invitations.models import Delivery, Invitation
from tests.factories import make_conference, make_contact, make_invitation, make_key

SIGN_IN = 302  # to the page where one signs in; `leads` tells it from other redirects
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "TRACE")
# Django's form views, which allauth's pages are, take PUT for POST, with the same checks.
LIKE_POST = "account_"


@dataclass(frozen=True)
class Row:
    """Expected statuses of GET and HEAD, and of an empty POST, by who asks; 405 says that there is no such method."""

    get: tuple[int, int, int]  # nobody, the organizer, another organizer
    post: tuple[int, int, int]
    arguments: str = ""
    is_open: bool = False  # needs no account


def private(get: int, post: int, arguments: str = "") -> Row:
    """An organizer's own thing: others do not find it, nobody is asked to sign in."""
    return Row((SIGN_IN, get, 404), (SIGN_IN, post, 405 if post == 405 else 404), arguments)


def signed_in(get: int, post: int) -> Row:
    """Everybody with an account has one of their own."""
    return Row((SIGN_IN, get, get), (SIGN_IN, post, post))


def public(get: int, post: int, arguments: str = "") -> Row:
    """Open to all who have the address."""
    return Row((get, get, get), (post, post, post), arguments, is_open=True)


WORDING = ("wording", "wording-preview", "wording-html")
TABLE = {
    "home": signed_in(200, 405),
    "welcome": public(404, 404),
    "profile": signed_in(200, 200),
    "account_login": Row((200, 302, 302), (200, 302, 302), is_open=True),
    "account_logout": Row((302, 200, 200), (302, 302, 302), is_open=True),
    "account_signup": Row((200, 302, 302), (200, 302, 302), is_open=True),  # says that it is closed
    "account_email_verification_sent": public(200, 405),
    "account_confirm_email": public(200, 404, "e-mail-key"),
    "account_inactive": public(200, 405),
    "account_reauthenticate": signed_in(200, 200),
    "account_change_password": signed_in(200, 200),
    "account_reset_password": public(200, 200),
    "account_reset_password_done": public(200, 405),
    "account_reset_password_from_key": public(200, 200, "key"),
    "account_reset_password_from_key_done": public(200, 405),
    "outbox": signed_in(404, 404),
    "outbox-letter": Row((SIGN_IN, 404, 404), (SIGN_IN, 404, 404), "letter"),
    "outbox-html": Row((SIGN_IN, 404, 404), (SIGN_IN, 404, 404), "letter"),
    "healthz": public(200, 405),
    "readyz": public(200, 405),
    "metrics": public(200, 405),
    "conferences:list": signed_in(200, 405),
    "conferences:new": Row((SIGN_IN, 200, 200), (403, 200, 200)),  # signed out: what was typed is kept
    "conferences:dates": signed_in(405, 200),
    "conferences:clocks": signed_in(405, 200),
    "conferences:their-dates": Row((SIGN_IN, 405, 405), (SIGN_IN, 200, 404), "conference"),
    "conferences:their-clocks": Row((SIGN_IN, 405, 405), (SIGN_IN, 200, 404), "conference"),
    "conferences:templates": signed_in(200, 405),
    "conferences:template": private(200, 200, "template"),
    "conferences:template-deletion": private(200, 302, "template"),
    "conferences:save-as-template": private(200, 302, "conference"),
    "conferences:ad-hoc": signed_in(405, 302),
    "conferences:conference": private(200, 405, "conference"),
    "conferences:edit": Row((SIGN_IN, 200, 404), (403, 200, 404), "conference"),
    "conferences:cancellation": private(200, 302, "conference"),
    "conferences:co-organizers": private(200, 200, "conference"),
    "conferences:deputies": signed_in(200, 200),
    "conferences:recordings": private(200, 405, "conference"),
    "conferences:start": Row((SIGN_IN, 405, 405), (SIGN_IN, 303, 404), "conference"),
    "conferences:waiting": private(200, 302, "conference"),
    "conferences:arrivals-file": private(200, 405, "conference"),
    "conferences:join-by-number": public(200, 200),
    "conferences:join-waiting": public(405, 204, "direct-link"),
    "conferences:join": public(200, 303, "direct-link"),  # too early: back to the countdown
    "addressbook:contacts": signed_in(200, 405),
    "addressbook:add": signed_in(200, 200),
    "addressbook:edit": private(200, 200, "contact"),
    "addressbook:delete": private(200, 302, "contact"),
    "invitations:ledger": Row((SIGN_IN, 200, 404), (403, 200, 404), "conference"),
    "invitations:message": Row((SIGN_IN, 200, 404), (403, 200, 404), "conference"),
    "invitations:questions": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "conference"),
    "invitations:preview": Row((SIGN_IN, 200, 404), (403, 200, 404), "conference"),
    "invitations:preview-html": private(200, 405, "conference"),
    "invitations:before-inviting": Row((SIGN_IN, 405, 405), (SIGN_IN, 200, 404), "conference"),
    "invitations:test-letter": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "conference"),
    "invitations:send-again": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "invitation"),
    "invitations:address": private(200, 200, "invitation"),
    "invitations:role": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "invitation"),
    "invitations:decision": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "mail"),
    "invitations:deletion": private(200, 302, "conference"),
    "invitations:removal": private(200, 302, "invitation"),
    "invitations:mail-client": private(200, 302, "conference"),
    "invitations:calendar-file": private(200, 405, "conference"),
    "invitations:way": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "invitation"),
    "invitations:by-hand": Row((SIGN_IN, 200, 404), (403, 200, 404), "conference"),
    "invitations:told": Row((SIGN_IN, 405, 405), (SIGN_IN, 302, 404), "conference"),
    "invitations:draft-file": private(200, 405, "conference"),
    "invitations:qr-file": private(200, 405, "conference"),
    "invitations:wordings": signed_in(404, 404),  # administrators: tests/invitations/test_own_words.py
    **{f"invitations:{name}": Row((SIGN_IN, 404, 404), (SIGN_IN, 404, 404), "wording") for name in WORDING},
    "invitations:feed-address": signed_in(200, 302),
    "invitations:feed": public(200, 405, "feed"),
    "invitations:direct-calendar-file": public(200, 405, "direct-link"),
    "invitations:personal": public(200, 200, "personal-link"),
    "invitations:answer": public(302, 405, "personal-link"),
    "invitations:dates": public(405, 302, "personal-link"),  # one date: back to the page
    "invitations:room": public(405, 302, "personal-link"),  # too early: back to the page
    "invitations:waiting": public(405, 204, "personal-link"),
    "invitations:personal-calendar-file": public(200, 405, "personal-link"),
    "invitations:lost-link": public(200, 200),
    "invitations:link-sent": public(200, 405),
    "invitations:you": public(200, 302, "personal-link"),
    "invitations:your-links": public(200, 302, "personal-link"),
    "invitations:your-letters": public(200, 302, "personal-link"),
    "invitations:your-data": public(200, 405, "personal-link"),
    "invitations:your-data-file": public(200, 405, "data-file"),
    "invitations:erasure": Row((200, 200, 200), (302, 404, 404), "personal-link", is_open=True),  # the link ends
    "invitations:erased": public(200, 405),
    "invitations:report": public(200, 302, "personal-link"),
    "invitations:address-data": public(200, 302, "address-key"),
    "invitations:address-data-file": public(200, 405, "address-file"),
    "invitations:address-letters": public(200, 302, "address-key"),
    "invitations:address-erasure": Row((200, 200, 200), (302, 404, 404), "address-key", is_open=True),  # the key ends
}


def addresses(patterns: list[Any], space: str = "") -> Iterator[str]:
    """The names of all addresses that the site has, namespaces included."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}"


def test_every_address_has_a_row() -> None:
    assert set(addresses(get_resolver().url_patterns)) == set(TABLE)


@dataclass
class Scene:
    """What there is to be reached."""

    conference: Conference
    contact: Contact
    invitation: Invitation
    template: Template
    key: AddressKey

    def path(self, name: str) -> str:
        """The address `name` of Alice's things."""
        arguments: dict[str, list[Any]] = {
            "": [],
            "conference": [self.conference.pk],
            "contact": [self.contact.pk],
            "template": [self.template.pk],
            "invitation": [self.conference.pk, self.invitation.pk],
            "mail": [self.conference.pk, self.conference.incoming_mail.get().pk],
            "direct-link": [self.conference.join_token],
            "personal-link": [self.invitation.token],
            "data-file": [self.invitation.token, "json"],
            "address-key": [self.key.token],
            "address-file": [self.key.token, "json"],
            "feed": [Feed.objects.get(user=self.conference.organizer).token],
            "letter": ["some-letter"],
            "wording": ["invitation", "en"],
            "key": ["1", "set-password"],
            "e-mail-key": ["unknown"],
        }
        return reverse(name, args=arguments[TABLE[name].arguments])


@pytest.fixture
def scene(alice: User) -> Scene:
    conference = make_conference(alice)
    contact = make_contact(alice, "Bob Brown", "bob@example.org")
    template = Template.objects.create(owner=alice, name="Board", values={})
    Feed.objects.renew(alice)
    conference.incoming_mail.create(kind="words", address="bob@example.org", received_at=timezone.now())
    return Scene(conference, contact, make_invitation(conference), template, make_key())


@pytest.fixture
def people(alice: User, charlie: User) -> list[Client]:
    """Nobody, the organizer, another organizer."""
    clients = [Client() for _ in range(3)]
    clients[1].force_login(alice)
    clients[2].force_login(charlie)
    return clients


def snapshot() -> str:
    """A fingerprint of every row, but for sessions and limits, which reading may touch."""
    rows = hashlib.sha256()
    for model in apps.get_models():
        if model._meta.label not in {"sessions.Session", "conferences.Attempt"}:
            rows.update(serializers.serialize("json", model._default_manager.order_by("pk")).encode())
    return rows.hexdigest()


@pytest.mark.parametrize("name", TABLE)
def test_reading_gives_everybody_what_the_table_says_and_changes_nothing(
    name: str, scene: Scene, people: list[Client]
) -> None:
    before = snapshot()
    for client, status in zip(people, TABLE[name].get, strict=True):
        for method in ("GET", "HEAD", "OPTIONS"):
            response = client.generic(method, scene.path(name))
            if method == "OPTIONS":
                assert response.status_code in {200, 405, 404, 302}
            else:
                assert response.status_code == status, (method, response.headers.get("Location"))
            if status == SIGN_IN and client.session.is_empty() and not TABLE[name].is_open:
                assert response.headers["Location"].startswith(reverse("account_login"))
    assert snapshot() == before


@pytest.mark.parametrize("name", TABLE)
def test_writing_is_for_those_whom_the_table_names(name: str, scene: Scene, people: list[Client]) -> None:
    path = scene.path(name)
    nobody, organizer, other = people
    before = snapshot()
    assert (nobody.post(path).status_code, other.post(path).status_code) == TABLE[name].post[::2]
    if not TABLE[name].is_open and name not in {"conferences:ad-hoc", "invitations:feed-address"}:
        assert snapshot() == before
    assert organizer.post(path).status_code == TABLE[name].post[1]


@pytest.mark.parametrize("name", TABLE)
def test_other_methods_do_nothing_for_anybody(name: str, scene: Scene, people: list[Client]) -> None:
    before = snapshot()
    for client in people:
        for method in OTHER_METHODS:
            allowed = {302, 404, 405} | ({200} if name.startswith(LIKE_POST) else set())
            assert client.generic(method, scene.path(name)).status_code in allowed
    assert snapshot() == before


@pytest.mark.parametrize("name", TABLE)
def test_no_post_is_taken_without_the_token_of_the_form(name: str, scene: Scene, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = snapshot()
    assert client.post(scene.path(name)).status_code in ({403, 405} if TABLE[name].post[1] == 405 else {403})
    assert snapshot() == before


# The HTML of a letter stands in a frame and has a policy of its own: tests/invitations/test_preview.py.
@pytest.mark.parametrize("name", [name for name in TABLE if name != "invitations:preview-html"])
def test_every_answer_carries_the_headers_that_keep_pages_private(
    name: str, scene: Scene, people: list[Client]
) -> None:
    for client in people:
        headers = client.get(scene.path(name)).headers
        # What calendars ask for again and again may be kept by them, and has to be asked for each time.
        assert ("no-cache" if name == "invitations:feed" else "no-store") in headers["Cache-Control"]
        assert "private" in headers["Cache-Control"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        if any(part in scene.path(name) for part in ("/join/", "/i/", "/you/", "/feeds/")):
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in headers["X-Robots-Tag"]


def test_a_link_opens_only_what_it_was_made_for(scene: Scene, client: Client) -> None:
    """Every token in the place of every other one: the same 404 as for a token that nobody has."""
    personal = ("personal", "answer", "personal-calendar-file", "you", "your-letters", "your-data", "erasure")
    of_address = ("address-data", "address-letters", "address-erasure")
    purposes = {
        scene.conference.join_token: ["conferences:join"],
        scene.invitation.token: [f"invitations:{name}" for name in personal],
        Feed.objects.get().token: ["invitations:feed"],
        scene.key.token: [f"invitations:{name}" for name in of_address],
    }
    unknown = client.get(reverse("conferences:join", args=["a" * 26]))
    for name in [name for names in purposes.values() for name in names]:
        Attempt.objects.all().delete()  # of the network's misses
        for token in (token for token, names in purposes.items() if name not in names):
            response = client.get(reverse(name, args=[token]))
            assert (response.status_code, response.content) == (404, unknown.content)


def test_a_withdrawn_invitation_is_as_unknown_as_one_that_never_was(scene: Scene, client: Client) -> None:
    path = scene.path("invitations:personal")
    assert client.get(path).status_code == 200
    Invitation.objects.update(withdrawn_at=timezone.now())
    unknown = client.get(reverse("invitations:personal", args=["b" * 26]))
    assert client.get(path).content == unknown.content
    assert client.post(path, {"answer": "ACCEPTED"}).status_code == 404


CONFERENCE = {"topic": "Mine", "date": "2030-12-03", "start": "14:00", "duration": "45", "time_zone": "Europe/Berlin"}
# What each form takes, so that it does save.
FILLED: dict[str, dict[str, Any]] = {
    "profile": {"name": "Alice", "time_zone": "Europe/Berlin", "language": "en"},
    "addressbook:add": {"name": "Dan Dee", "address": "dan@example.org"},
    "addressbook:edit": {"name": "Bob B", "address": "bob@example.org"},
    "conferences:new": CONFERENCE,
    "conferences:template": {"name": "Board meeting", "is_default": "on"},
    "conferences:edit": CONFERENCE | {"seen_sequence": 0, "tell": "all"},
    "invitations:ledger": {"q": "dan@example.org", "submission_id": str(uuid.uuid4())},
    "invitations:address": {"address": "dan@example.org"},
    "invitations:personal": {"answer": "accepted", "sequence": 0},
    "invitations:you": {"language": "de", "time_zone": "Asia/Tokyo"},
}
# Columns that come from nowhere but the code, and a rule that no conference has yet.
FOREIGN = {
    "is_staff": "on", "is_superuser": "on", "is_active": "", "state": "sent", "priority": 9, "kind": "notice",
    "token": "x" * 26, "join_token": "x" * 26, "sequence": 9, "uid": str(uuid.UUID(int=9)), "room_name": "x" * 26,
    "partstat": "DECLINED", "withdrawn_at": "2026-01-01", "cancelled_at": "2026-01-01", "announced_sequence": 9,
    "rule": "FREQ=SECONDLY;COUNT=1000000000", "rrule": "FREQ=DAILY;INTERVAL=0",
}  # fmt: skip


@pytest.mark.parametrize("name", FILLED)
def test_fields_that_no_form_has_change_nothing(
    name: str, as_alice: Client, scene: Scene, alice: User, charlie: User
) -> None:
    """Mass assignment: everything is saved that the form asks for, and nothing else that came along."""
    owners = dict.fromkeys(("owner", "organizer", "by", "user"), charlie.pk) | {"id": 10**9, "pk": 10**9}
    if name == "conferences:new":
        del owners["organizer"]  # which deputies may say; refused aloud where one is none
    before = snapshot()
    assert as_alice.post(scene.path(name), FOREIGN | owners | FILLED[name]).status_code == 302
    assert snapshot() != before
    for users in (User.objects.filter(is_staff=True), User.objects.filter(is_active=False)):
        assert not users.exists()
    assert not Contact.objects.exclude(owner=alice).exists()
    assert not Conference.objects.exclude(organizer=alice, cancelled_at=None, sequence__lt=9).exists()
    assert Occurrence.objects.count() == Conference.objects.count()
    assert not Invitation.objects.filter(Q(partstat="DECLINED") | Q(announced_sequence=9)).exists()
    assert not Delivery.objects.exclude(state="queued", kind="invitation", priority=0).exists()
    for rows in (Conference.objects, Occurrence.objects, Invitation.objects, Contact.objects):
        assert "x" * 26 not in str(list(rows.values()))
        assert not rows.filter(pk=10**9).exists()


def test_the_default_is_to_ask_who_is_there() -> None:
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
