"""For machines that watch: alive, ready, and figures of the outbox."""

from datetime import datetime
from functools import cache
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Max, Min
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from invitations.models import Bookmark, Channel, Delivery

FORWARDING = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_HOST", "HTTP_VIA")
WAITING = (Delivery.State.QUEUED, Delivery.State.SENDING, Delivery.State.UNCERTAIN)


def is_from_here(request: HttpRequest) -> bool:
    """Whether the request was made on this machine itself, and not passed on by a proxy that runs here."""
    try:
        loopback = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return loopback and not any(name in request.META for name in FORWARDING)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if the database answers and its tables are those of this version, else 503. A slow mail server is neither."""
    try:
        if not migrations_in_step():
            return JsonResponse({"ready": False, "database": True, "migrations": False}, status=503)
        oldest = oldest_waiting(timezone.now())
    except DatabaseError:
        return JsonResponse({"ready": False, "database": False}, status=503)
    return JsonResponse({"ready": True, "database": True, "migrations": True, "oldest_waiting_seconds": oldest})


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of every migration of the installed code."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def migrations_in_step() -> bool:
    """Whether all migrations of the installed code have been applied."""
    return known_migrations() <= MigrationRecorder(connection).applied_migrations().keys()


def oldest_waiting(now: datetime) -> int:
    """Age in seconds of the oldest message that is due and still here, 0 if there is none."""
    oldest = Delivery.objects.filter(state__in=WAITING, due_at__lte=now).aggregate(at=Min("created_at"))["at"]
    return int((now - oldest).total_seconds()) if oldest else 0


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges in the text format of Prometheus, for this machine or with METRICS_TOKEN as bearer token."""
    expected, given = f"Bearer {settings.METRICS_TOKEN}", request.headers.get("Authorization", "")
    by_token = bool(settings.METRICS_TOKEN) and constant_time_compare(given, expected)
    if not (by_token or is_from_here(request)):
        raise Http404
    lines = [f"# TYPE {name} gauge\n{samples}" for name, samples in gauges().items()]
    return HttpResponse("".join(lines), content_type="text/plain; version=0.0.4; charset=utf-8")


def gauges() -> dict[str, str]:
    """Name -> its lines with present values; instants are seconds since 1970, 0 if there was none."""
    counts = dict(Delivery.objects.values_list("state").annotate(Count("pk")))
    deferred = Delivery.objects.filter(state=Delivery.State.QUEUED, attempts__gt=0).count()
    lease = Delivery.objects.filter(state=Delivery.State.SENDING).aggregate(at=Min("leased_until"))["at"]
    last = Delivery.objects.filter(state=Delivery.State.SENT).aggregate(at=Max("state_at"))["at"]
    read = Bookmark.objects.aggregate(at=Max("read_at"))["at"]
    paused = Channel.objects.aggregate(until=Max("paused_until"))["until"]
    single = {
        "cabinet_deliveries_deferred": deferred,
        "cabinet_oldest_waiting_seconds": oldest_waiting(timezone.now()),
        "cabinet_oldest_lease_ends_timestamp": seconds(lease),
        "cabinet_last_sent_timestamp": seconds(last),
        "cabinet_mailbox_read_timestamp": seconds(read),
        "cabinet_channel_paused_until_timestamp": seconds(paused),
    }
    states = [f'cabinet_deliveries{{state="{state}"}} {counts.get(state, 0)}\n' for state in Delivery.State.values]
    return {"cabinet_deliveries": "".join(states), **{name: f"{name} {value}\n" for name, value in single.items()}}


def seconds(at: datetime | None) -> int:
    """Seconds since 1970, 0 for never."""
    return int(at.timestamp()) if at else 0
