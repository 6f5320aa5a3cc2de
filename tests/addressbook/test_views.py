"""The pages of the address book: whose people they show, what they take, what they refuse."""

import re
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from addressbook.forms import ContactForm
from addressbook.models import Contact
from cabinet.models import User
from tests.factories import make_contact, make_user

LIST = reverse("addressbook:contacts")
NEW = reverse("addressbook:add")
DORA = {"name": "Dora Dahl", "address": "dora@example.org", "organisation": "", "phone": "", "note": ""}


@pytest.fixture
def as_staff(db: None) -> Client:
    """A browser in which an administrator is signed in."""
    client = Client()
    client.force_login(make_user("staff@example.org", is_staff=True))
    return client


def people_on(client: Client, url: str) -> list[str]:
    """Names in the table of a page, from top to bottom."""
    rows = re.findall(r'<td role="cell">\s*<(?:a|span) class="person".*?</td>', page(client, url), re.DOTALL)
    return [unescape(re.findall(r"<bdi[^>]*>(.*?)</bdi>", row)[0]) for row in rows]


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.text


def test_the_list_shows_own_and_shared_people_by_book(as_alice: Client, bob: Contact, charlie: User) -> None:
    make_contact(charlie, "Zed of Charlie", "zed@example.org")
    make_contact(None, "Ann of all", "ann@example.org")
    assert people_on(as_alice, LIST) == ["Ann of all", "Bob Brown"]
    assert people_on(as_alice, f"{LIST}?book=personal") == ["Bob Brown"]
    assert people_on(as_alice, f"{LIST}?book=shared") == ["Ann of all"]
    assert people_on(as_alice, f"{LIST}?q=an") == ["Ann of all"]
    assert people_on(as_alice, f"{LIST}?q=b&book=shared") == []
    assert people_on(as_alice, f"{LIST}?book=nonsense&page=9999999999999999999999") == ["Ann of all", "Bob Brown"]


def test_the_list_comes_in_pages_of_fifty(as_alice: Client, alice: User) -> None:
    Contact.objects.bulk_create(
        Contact(owner=alice, name=f"Person {n:02}", address=f"p{n}@example.org") for n in range(53)
    )
    assert people_on(as_alice, LIST) == [f"Person {n:02}" for n in range(50)]
    assert people_on(as_alice, f"{LIST}?page=2") == ["Person 50", "Person 51", "Person 52"]
    assert "1–50 of 53" in page(as_alice, LIST)
    assert len(people_on(as_alice, f"{LIST}?q=person")) == 20


@pytest.mark.parametrize("query", ["", "?book=shared", "?q=person", "?q=person&options=1"])
def test_pages_ask_the_database_as_often_for_three_people_as_for_one(
    as_alice: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries, query: str
) -> None:
    as_alice.get(LIST)  # The first request of a session also notes its time.
    for number in range(3):
        make_contact(None, f"Person {number}", f"p{number}@example.org")
        make_contact(alice, f"Person {number}", f"p{number}@example.org")
        if number != 1:
            with django_assert_num_queries({"": 5, "?book=shared": 5, "?q=person": 4}.get(query, 3)):
                as_alice.get(LIST + query)


def test_empty_books_say_what_to_do(as_alice: Client, as_staff: Client) -> None:
    assert "No contacts yet" in page(as_alice, LIST)
    make_contact(None, "Ann of all", "ann@example.org")
    assert "No contacts yet" not in page(as_alice, LIST)
    assert "No contacts yet" in page(as_alice, f"{LIST}?book=personal")


def test_nobody_found_offers_to_add_what_was_typed(as_alice: Client, bob: Contact) -> None:
    text = page(as_alice, f"{LIST}?q=kovalenko")
    assert "No one matches “kovalenko”" in text
    link = unescape(re.search(r'href="([^"]*)">Add “kovalenko”', text)[1])  # type: ignore[index]
    assert 'value="kovalenko"' in page(as_alice, link)
    assert 'name="address" value="k@example.org"' in page(as_alice, f"{NEW}?name=k@example.org")


def test_options_are_a_bare_fragment_of_the_twenty_best(as_alice: Client, alice: User) -> None:
    for number in range(25):
        make_contact(alice, f"Mara {number:02}", f"mara{number}@example.org", organisation="R&D <b>")
    options = page(as_alice, f"{LIST}?options=1&q=mar")
    assert re.findall(r'data-name="(.*?)"', options) == [f"Mara {number:02}" for number in range(20)]
    assert options.lstrip().startswith('<li role="option"')
    assert options.rstrip().endswith("</li>")
    assert "R&amp;D &lt;b&gt;" in options
    assert page(as_alice, f"{LIST}?options=1&q=zzz").strip() == ""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("new@example.org", ["new@example.org"]),
        ("new@bücher.example", ["new@xn--bcher-kva.example"]),
        ("BOB@example.org", ["bob@example.org"]),
        ("bob@example", ["bob@example.org"]),
        ("new@", []),
    ],
)
def test_options_offer_a_new_address_unless_a_contact_has_it(
    as_alice: Client, bob: Contact, typed: str, offered: list[str]
) -> None:
    response = as_alice.get(LIST, {"options": "1", "q": typed})
    assert re.findall(r'data-address="(.*?)"', response.text) == offered


def test_add_edit_delete(as_alice: Client, alice: User) -> None:
    response = as_alice.post(NEW, {**DORA, "address": " Dora@Bücher.example "})
    dora = Contact.objects.get()
    assert (response.url, dora.owner, dora.address) == (LIST, alice, "Dora@xn--bcher-kva.example")  # type: ignore[attr-defined]
    assert [str(message) for message in get_messages(response.wsgi_request)] == ["\u2068Dora Dahl\u2069 added."]

    url = reverse("addressbook:edit", args=[dora.pk])
    assert "Dora@bücher.example" in page(as_alice, url)
    as_alice.post(url, {**DORA, "organisation": "Library", "note": "First line\r\nsecond"})
    dora.refresh_from_db()
    assert (dora.address, dora.organisation, dora.note) == ("dora@example.org", "Library", "First line\nsecond")
    assert people_on(as_alice, f"{LIST}?q=libr") == ["Dora Dahl"]

    url = reverse("addressbook:delete", args=[dora.pk])
    assert "Delete this contact?" in page(as_alice, url)
    as_alice.post(url)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["addressbook:edit", "addressbook:delete"])
def test_strangers_and_the_shared_book_are_closed(
    as_charlie: Client, as_staff: Client, bob: Contact, name: str, method: str
) -> None:
    shared = make_contact(None, "Ann of all", "ann@example.org")
    for client, contact in [(as_charlie, bob), (as_charlie, shared), (as_staff, bob)]:
        assert getattr(client, method)(reverse(name, args=[contact.pk]), DORA).status_code == 404
    assert as_staff.get(reverse(name, args=[shared.pk])).status_code == 200
    assert reverse("addressbook:edit", args=[shared.pk]) not in page(as_charlie, LIST)
    assert reverse("addressbook:edit", args=[shared.pk]) in page(as_staff, LIST)
    assert set(Contact.objects.values_list("name", flat=True)) == {"Bob Brown", "Ann of all"}


def test_only_administrators_add_to_the_shared_book(as_staff: Client, as_alice: Client) -> None:
    as_staff.post(NEW, {**DORA, "book": "shared"})
    as_alice.post(NEW, {**DORA, "address": "d@example.org", "book": "shared"})
    assert set(Contact.objects.values_list("address", "owner__email")) == {
        ("dora@example.org", None),
        ("d@example.org", "alice@example.org"),
    }


def test_posted_owner_and_other_columns_do_nothing(as_alice: Client, alice: User, bob: Contact, charlie: User) -> None:
    extra = {"owner": charlie.pk, "owner_id": charlie.pk, "id": 77, "pk": 77, "folded": "x", "is_staff": 1}
    as_alice.post(NEW, {**DORA, **extra})
    as_alice.post(reverse("addressbook:edit", args=[bob.pk]), {**DORA, **extra, "address": "bob@example.org"})
    assert {contact.owner for contact in Contact.objects.all()} == {alice}
    assert not Contact.objects.filter(pk=77).exists()
    assert set(Contact.objects.values_list("folded", flat=True)) == {
        " dora dahl dora example org", " dora dahl bob example org",
    }  # fmt: skip


def test_an_address_stands_once_in_a_book(as_alice: Client, as_charlie: Client, as_staff: Client, bob: Contact) -> None:
    again = {**DORA, "address": "BOB@example.org"}
    response = as_alice.post(NEW, again)
    assert response.context["form"].errors == {"address": ["You already have Bob Brown with this address"]}
    as_charlie.post(NEW, again)
    as_staff.post(NEW, {**again, "book": "shared"})
    assert Contact.objects.count() == 3
    response = as_staff.post(NEW, {**again, "book": "shared"})
    assert response.context["form"].errors == {
        "address": ["The shared contacts already hold Dora Dahl with this address"]
    }
    assert as_alice.post(reverse("addressbook:edit", args=[bob.pk]), again).status_code == 302


def test_two_tabs_that_save_the_same_address_at_once_meet_an_error_and_no_crash(alice: User) -> None:
    forms = [ContactForm(DORA, instance=Contact(owner=alice)) for _ in range(2)]
    assert [form.is_valid() for form in forms] == [True, True]
    assert [form.store() for form in forms] == [True, False]
    assert forms[1].errors == {"address": ["You already have Dora Dahl with this address"]}
    assert Contact.objects.count() == 1


HOSTILE_NAMES = {
    "\u202eevil\u202c": "evil",
    "Zero\u200bWidth": "Zero\u200bWidth",
    "👩\u200d🚀 Ann": "👩\u200d🚀 Ann",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "{{ name }} %s ${x}": "{{ name }} %s ${x}",
    "=?utf-8?q?Bob?=": "=?utf-8?q?Bob?=",
    "  Ann \t  Lee  ": "Ann Lee",
    "Ann\u00a0Lee": "Ann Lee",
    "e\u0301va": "éva",
    "n" * 128: "n" * 128,
    "n" * 129: None,
    "n" * 10_000: None,
    "Ann\nLee": None,
    "Ann\r\nBcc: c@example.org": None,
    "Ann\u2028Lee": None,
    "Ann\x00": None,
    "Ann\x1b[31m": None,
    "Ann\x85": None,
    "Ann\ufffe": None,
    "\u200b": None,
    "\u202e": None,
    "   ": None,
    "\u0301": None,
}


@pytest.mark.parametrize(("typed", "stored"), HOSTILE_NAMES.items())
def test_hostile_names_are_stored_clean_or_refused_at_the_field(
    as_alice: Client, typed: str, stored: str | None
) -> None:
    response = as_alice.post(NEW, {**DORA, "name": typed})
    assert response.status_code == (302 if stored else 200)
    assert list(Contact.objects.values_list("name", flat=True)) == ([stored] if stored else [])
    if stored:
        assert people_on(as_alice, LIST) == [stored]
        assert "<script>alert" not in page(as_alice, LIST)
    else:
        assert set(response.context["form"].errors) == {"name"}
        assert "There is a problem" in response.text


@pytest.mark.parametrize("field", ["organisation", "phone", "note"])
@pytest.mark.parametrize("text", ["x" * 10_000, "a\x00b\n\u2029", "\u202e<b>", "a\r\nb"])
def test_other_fields_never_crash_and_never_hold_control_characters(as_alice: Client, field: str, text: str) -> None:
    response = as_alice.post(NEW, {**DORA, field: text})
    if response.status_code == 200:
        assert set(response.context["form"].errors) == {field}
    else:
        assert re.search("[\x00-\x09\x0b-\x1f\u2028\u2029\u202a-\u202e]", getattr(Contact.objects.get(), field)) is None


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_form_shows_any_text_again(name: str, address: str) -> None:
    form = ContactForm({**DORA, "name": name, "address": f"{address}@@"}, instance=Contact())
    assert "address" in form.errors
    assert form.as_p()


def test_options_mark_what_was_typed_in_either_script(as_alice: Client, alice: User) -> None:
    make_contact(alice, "Ольга <Щукина>", "olga@xn--bcher-kva.example")
    options = page(as_alice, f"{LIST}?options=1&q=shchuk+ol")
    assert "<mark>Ол</mark>ьга &lt;<mark>Щук</mark>ина&gt;" in options
    assert "<mark>ol</mark>ga@bücher.example" in options
