"""Administrators look at invitations and letters; they change nothing and see no links."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone

from cabinet.models import User
from invitations.models import Delivery, Invitation, PartStat
from tests.factories import make_invitation

urlpatterns = [path("admin/", admin.site.urls), path("", include("cabinet.urls"))]

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def as_staff(alice: User) -> Client:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def rows(alice: User) -> tuple[Invitation, Delivery]:
    invitation = make_invitation()
    invitation.respond(PartStat.ACCEPTED, "With pleasure", timezone.now())
    delivery = Delivery.objects.create(
        address=invitation.address,
        kind="invitation",
        conference=invitation.conference,
        invitation=invitation,
        message=b"secret message",
        message_id="<x@localhost>",
        give_up_at=timezone.now(),
    )
    return invitation, delivery


def test_administrators_see_rows_and_no_links(as_staff: Client, rows: tuple[Invitation, Delivery]) -> None:
    for row in rows:
        name = f"admin:invitations_{row._meta.model_name}"
        for page in (reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])):
            body = as_staff.get(page).content.decode()
            assert "bob@example.org" in body
            assert rows[0].token not in body
            assert "secret message" not in body
            assert 'name="_save"' not in body


@pytest.mark.parametrize("action", ["change", "delete", "add"])
def test_administrators_change_nothing(as_staff: Client, rows: tuple[Invitation, Delivery], action: str) -> None:
    before = [Invitation.objects.values().get(), Delivery.objects.values().get()]
    for row in rows:
        args = [] if action == "add" else [row.pk]
        page = reverse(f"admin:invitations_{row._meta.model_name}_{action}", args=args)
        assert as_staff.post(page, {"state": "sent", "partstat": "DECLINED", "post": "yes"}).status_code == 403
    assert [Invitation.objects.values().get(), Delivery.objects.values().get()] == before
