"""Django's admin: off unless switched on, and then for administrators alone."""

import pytest
from django.contrib import admin
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from cabinet.models import User
from invitations.models import Delivery
from tests.cabinet.test_sign_in import is_in, sign_in
from tests.factories import make_user

enabled = pytest.mark.urls("tests.cabinet.admin_urls")


@pytest.fixture
def as_admin(db: None) -> Client:
    client = Client()
    client.force_login(make_user("admin@example.org", is_staff=True, is_superuser=True))
    return client


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/admin/") -> list[str]:
    """Every address of the admin, with 1 for each variable part."""
    found = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, path)
        else:
            found.append(path.replace("<path:object_id>", "1").replace("<int:content_type_id>/<path:object_id>", "1/1"))
    return found


def test_off_by_default(as_admin: Client) -> None:
    assert as_admin.get("/admin/").status_code == 404


@enabled
@pytest.mark.parametrize("path", [path for path in routes(admin.site.urls[0]) if "(" not in path and "<" not in path])
def test_not_there_for_anybody_else(as_alice: Client, path: str) -> None:
    for client in (as_alice, Client()):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


@enabled
def test_no_second_way_to_sign_in_or_to_change_a_password(as_admin: Client) -> None:
    assert as_admin.get("/admin/login/").status_code == 404
    assert as_admin.get("/admin/password_change/").headers["Location"] == "/accounts/password/change/"


@enabled
def test_only_our_models(as_admin: Client) -> None:
    assert {model._meta.app_label for model in admin.site._registry} <= {
        "cabinet",
        "conferences",
        "addressbook",
        "invitations",
    }
    for model in admin.site._registry:
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert as_admin.get(path).status_code == 200
        assert as_admin.get(path, {"q": "a"}).status_code == 200


@enabled
def test_no_password_is_shown_or_set(as_admin: Client, alice: User) -> None:
    page = as_admin.get(f"/admin/cabinet/user/{alice.pk}/change/").text
    assert "alice@example.org" in page
    assert alice.password not in page
    assert 'type="password"' not in page
    fields = {
        "name": "Alice",
        "time_zone": "UTC",
        "language": "en",
        "is_active": "on",
        "password": "x",
        "email": "e@x.test",
    }
    as_admin.post(f"/admin/cabinet/user/{alice.pk}/change/", fields)
    before = alice.password
    alice.refresh_from_db()
    assert (alice.name, alice.email, alice.password) == ("Alice", "alice@example.org", before)
    assert as_admin.get(f"/admin/cabinet/user/{alice.pk}/delete/").status_code == 403


@enabled
def test_new_account_gets_its_password_by_mail(as_admin: Client, client: Client) -> None:
    fields = {"email": "New@Example.org", "name": "New", "time_zone": "Asia/Tokyo", "language": "en", "is_active": "on"}
    assert as_admin.post("/admin/cabinet/user/add/", fields).status_code == 302
    sign_in(client, "new@example.org", "")
    assert not is_in(client)
    client.post("/accounts/password/reset/", {"email": "new@example.org"})
    assert mail.outbox[-1].to == ["new@example.org"]


@enabled
def test_bad_address_is_an_error_at_the_field(as_admin: Client) -> None:
    fields = {"email": "new@@example.org", "name": "New", "time_zone": "UTC", "language": "en"}
    assert as_admin.post("/admin/cabinet/user/add/", fields).status_code == 200
    assert User.objects.count() == 1


@enabled
def test_outbox_is_to_look_at(as_admin: Client) -> None:
    for path in ("add/", "1/delete/"):
        assert as_admin.post(f"/admin/invitations/delivery/{path}").status_code in {302, 403}
    assert not Delivery.objects.exists()
