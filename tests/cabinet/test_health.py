"""What machines that watch are told."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from cabinet.health import known_migrations
from invitations.models import Delivery


def make_delivery(**fields: object) -> Delivery:
    until = timezone.now() + timedelta(hours=48)
    return Delivery.objects.create(address="bob@example.org", kind=Delivery.Kind.ACCOUNT, give_up_at=until, **fields)


@pytest.mark.django_db
def test_ready_with_an_empty_queue(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": True, "migrations": True, "oldest_waiting_seconds": 0}


@pytest.mark.django_db
def test_oldest_message_that_is_due_counts(client: Client) -> None:
    now = timezone.now()
    ages = {"queued": 300, "sent": 900, "failed": 900}
    for state, age in ages.items():
        delivery = make_delivery(state=state, due_at=now)
        Delivery.objects.filter(pk=delivery.pk).update(created_at=now - timedelta(seconds=age))
    later = make_delivery(due_at=now + timedelta(hours=1))
    Delivery.objects.filter(pk=later.pk).update(created_at=now - timedelta(seconds=900))
    assert 300 <= client.get("/readyz").json()["oldest_waiting_seconds"] <= 310


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client: Client) -> None:
    assert ("cabinet", "0001_initial") in known_migrations()
    MigrationRecorder.Migration.objects.filter(app="invitations").delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] is False


@pytest.mark.django_db
def test_not_ready_without_a_database(client: Client) -> None:
    with patch("cabinet.health.MigrationRecorder.applied_migrations", side_effect=OperationalError):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": False})


def test_alive_asks_nobody(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_figures_count_every_state(client: Client) -> None:
    make_delivery()
    make_delivery(attempts=2)
    make_delivery(state="failed")
    lines = client.get("/metrics").text.splitlines()
    assert 'cabinet_deliveries{state="queued"} 2' in lines
    assert 'cabinet_deliveries{state="failed"} 1' in lines
    assert 'cabinet_deliveries{state="sent"} 0' in lines
    assert "cabinet_deliveries_deferred 1" in lines
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) == 7


@pytest.mark.django_db
@pytest.mark.parametrize(
    "elsewhere", [{"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, {"HTTP_FORWARDED": "for=x"}]
)
def test_figures_are_for_this_machine_or_the_token(
    client: Client, settings: Settings, elsewhere: dict[str, str]
) -> None:
    assert client.get("/metrics", **elsewhere).status_code == 404  # type: ignore[arg-type]
    assert client.get("/metrics", headers={"authorization": "Bearer "}, **elsewhere).status_code == 404  # type: ignore[arg-type]
    settings.METRICS_TOKEN = "figures"
    right, wrong = {"authorization": "Bearer figures"}, {"authorization": "Bearer figure"}
    assert client.get("/metrics", headers=right, **elsewhere).status_code == 200  # type: ignore[arg-type]
    assert client.get("/metrics", headers=wrong, **elsewhere).status_code == 404  # type: ignore[arg-type]
