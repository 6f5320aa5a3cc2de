"""Shared contacts in the administration: only they are there, and they pass the same form."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import include, path, reverse

from addressbook.models import Contact
from tests.factories import make_contact, make_user

urlpatterns = [path("admin/", admin.site.urls), path("", include("cabinet.urls"))]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def as_admin(db: None) -> Client:
    """A browser in which the administrator of everything is signed in."""
    client = Client()
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))
    return client


def test_the_administration_holds_the_shared_book_only(as_admin: Client, bob: Contact) -> None:
    shared = make_contact(None, "Андрей Щукин", "and@example.org")
    listed = as_admin.get(reverse("admin:addressbook_contact_changelist"), {"q": "SHCHUKIN\x1b"})
    assert [contact.name for contact in listed.context["cl"].result_list] == ["Андрей Щукин"]
    assert as_admin.get(reverse("admin:addressbook_contact_change", args=[shared.pk])).status_code == 200
    assert as_admin.get(reverse("admin:addressbook_contact_change", args=[bob.pk])).status_code == 302


def test_contacts_added_there_are_shared_and_checked(as_admin: Client) -> None:
    url = reverse("admin:addressbook_contact_add")
    as_admin.post(url, {"name": "Ann", "address": "a@b.test\u200b"})
    assert not Contact.objects.exists()
    as_admin.post(url, {"name": "Ann", "address": "Ann@Bücher.example"})
    assert list(Contact.objects.values_list("owner", "address")) == [(None, "Ann@xn--bcher-kva.example")]
