"""The site's own words: an administrator's alone, seen before they count, and never anything but text (T12)."""

from email import message_from_bytes
from email.policy import default
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cabinet.models import User
from invitations import letters, own_words
from invitations.inviting import invite
from invitations.models import Delivery, Invitation
from invitations.press import Press
from invitations.wordings import Wording
from tests.factories import make_conference, make_user
from tests.parallel import in_parallel

LEAD = "{organizer} asks you to {topic} on {day}, {time} ({zone}), through {site}"
KINDS = list(letters.WRITERS)


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin@example.org", name="Ada Admin", is_staff=True)


@pytest.fixture
def as_admin(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def path() -> str:
    return reverse("invitations:wording", args=["invitation", "en"])


def lead_of(user: User, language: str = "en", **fields: str) -> str:
    """The text of an invitation to one of the user's conferences."""
    conference = make_conference(user, topic=fields.pop("topic", "Planning"), **fields)  # type: ignore[arg-type]
    reader = Invitation(name="Bob", address="bob@example.org", language=language)
    return letters.preview(conference, reader, kind=Delivery.Kind.INVITATION, now=timezone.now()).text


def test_words_count_only_after_they_were_seen(as_admin: Client, admin: User, path: str) -> None:
    typed = {"lead": "{organizer} asks you kindly", "paragraph": "Doors", "closing": "Ltd."}
    shown = as_admin.post(path, typed, follow=True)
    assert "Ada Admin asks you kindly" in shown.text
    assert "asks you kindly" in as_admin.get(f"{path}html/").text
    assert "asks you kindly" not in lead_of(admin)
    as_admin.post(f"{path}preview/")
    text = lead_of(admin)
    assert text.splitlines()[2] == "Ada Admin asks you kindly"
    assert "\nDoors\n" in text
    assert text.endswith("\nLtd.\n")
    assert "asks you kindly" not in lead_of(admin, "de")


def test_back_to_ours(as_admin: Client, admin: User, path: str) -> None:
    own_words.use("invitation", "en", {"lead": "Come"}, admin)
    own_words.use("invitation", "de", {"lead": "Komm"}, admin)
    assert "Back to ours" in as_admin.get(path).text
    as_admin.post(path, {"ours": "1"})
    assert list(Wording.objects.values_list("language", flat=True)) == ["de"]
    assert "Ada Admin invites you" in lead_of(admin)


def test_other_words_take_the_place_of_the_former_ones(admin: User) -> None:
    own_words.use("invitation", "en", {"lead": "Come", "closing": "Ltd."}, admin)
    before = Wording.objects.get(part="lead").at
    own_words.use("invitation", "en", {"lead": "Do come", "closing": ""}, admin)
    (row,) = Wording.objects.all()
    assert (row.part, row.text) == ("lead", "Do come")
    assert row.at > before, "the press notices by that"


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once(admin: User) -> None:
    done = in_parallel(4, lambda number: own_words.use("invitation", "en", {"lead": f"Come {number}"}, admin))
    assert done == [None] * 4
    assert Wording.objects.count() == 1


def test_what_was_typed_comes_back_to_be_changed(as_admin: Client, path: str) -> None:
    as_admin.post(path, {"closing": "Example Ltd."})
    assert 'value="Example Ltd."' in as_admin.get(path).text
    assert not Wording.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ru", "de"])
def test_every_letter_has_a_sample_in_every_language(as_admin: Client, kind: str, language: str) -> None:
    path = reverse("invitations:wording", args=[kind, language])
    page = as_admin.post(path, {"paragraph": "Of {topic}"}, follow=True)
    assert page.status_code == 200
    assert "Of " in page.text
    assert as_admin.get(f"{path}html/").headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7|add:1 }}", "{organizer.__class__}", "{organizer!r}", "{0}", "{", "{}", "{% now 'Y' %}", "{secret}",
        "{{organizer}}", "http://evil.example", "www.evil.example", "MAILTO:eve@evil.example", "ftp://x",
    ],
)  # fmt: skip
def test_what_is_no_plain_text_is_refused(as_admin: Client, path: str, text: str) -> None:
    with pytest.raises(ValidationError):
        own_words.check(text)
    page = as_admin.post(path, {"paragraph": text})
    assert page.status_code == 200
    assert "There is a problem" in page.text


@pytest.mark.parametrize("text", ["%s and %(organizer)s", "<b>bold</b>", "$organizer", "\\g<1>", "100 %"])
def test_other_signs_stand_there_as_they_are(admin: User, text: str) -> None:
    own_words.check(text)
    own_words.use("invitation", "en", {"lead": text}, admin)
    assert lead_of(admin).splitlines()[2] == text


def test_what_a_placeholder_brings_is_not_looked_at_again(admin: User) -> None:
    own_words.use("invitation", "en", {"lead": "About {topic}"}, admin)
    assert "About {site} {{ 7 }} %s" in lead_of(admin, topic="{site} {{ 7 }} %s")


def test_html_shows_them_as_text(admin: User) -> None:
    own_words.use("invitation", "en", {"paragraph": "<script>alert(1)</script>"}, admin)
    conference = make_conference(admin)
    bob = Invitation(address="bob@example.org")
    letter = letters.preview(conference, bob, kind=Delivery.Kind.INVITATION, now=timezone.now())
    assert "&lt;script&gt;" in letter.html
    assert "<script>" not in letter.html


def test_all_placeholders(admin: User) -> None:
    own_words.use("invitation", "en", {"lead": LEAD}, admin)
    lead = lead_of(admin).splitlines()[2]
    assert lead.startswith("Ada Admin asks you to Planning on ")
    assert ", 10:00–11:00 (Berlin, UTC+" in lead
    assert lead.endswith("through Personal Cabinet")


def test_letters_that_are_filled_in_say_them_too_and_follow_when_they_change(admin: User) -> None:
    conference = make_conference(admin)
    people = [(f"Person {number}", f"person{number}@example.org") for number in range(4)]
    invite(conference, people, by=admin, submission_id=uuid4(), now=timezone.now())
    letters_to_all, press = list(Delivery.objects.select_related("invitation", "conference").order_by("pk")), Press()
    for words in ("Come", "Komm"):
        own_words.use("invitation", "en", {"lead": words}, admin)
        press.load(letters_to_all)
        written = [message_from_bytes(press.message(each, timezone.now()), policy=default) for each in letters_to_all]
        texts = [part.get_content() for part in (each.get_body(("plain",)) for each in written) if part]
        assert [text.splitlines()[2] for text in texts] == [words] * 4


def test_a_sentence_with_a_date_is_ours_where_there_is_none(admin: User) -> None:
    own_words.use("invitation", "en", {"lead": LEAD, "closing": "Example Ltd."}, admin)
    text = lead_of(admin, permanent=True)  # type: ignore[arg-type]
    assert text.splitlines()[2] == "Ada Admin invites you"
    assert text.endswith("\nExample Ltd.\n")


def test_updates_keep_the_sentence_that_says_what_happened() -> None:
    assert "lead" in own_words.parts("invitation")
    assert not [kind for kind in ("update", "cancellation", "reminder") if "lead" in own_words.parts(kind)]


def test_only_administrators_find_it(as_alice: Client, as_admin: Client, path: str) -> None:
    pages = [reverse("invitations:wordings"), path, f"{path}preview/", f"{path}html/"]
    assert [as_alice.get(page).status_code for page in pages] == [404] * 4
    assert [as_alice.post(page, {"lead": "x"}).status_code for page in pages] == [404] * 4
    assert "Words of letters" not in as_alice.get("/").text
    assert "Words of letters" in as_admin.get("/").text
    assert not Wording.objects.exists()


@pytest.mark.parametrize("path", ["invitation/xx", "account/en", "x/en"])
def test_what_there_is_not_is_not_found(as_admin: Client, path: str) -> None:
    assert as_admin.get(f"/wordings/{path}/").status_code == 404
