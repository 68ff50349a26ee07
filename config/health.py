"""Probes. Alive needs nothing; ready needs the database and every migration."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from core.models import OutboxMessage
from core.tenancy import as_system


def alive(request):
    """200 while the process answers."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request):
    """200 when the database answers and no migration is pending, else 503 with the reason."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"ready": False, "reason": "database"}, status=503)
    if pending:
        return JsonResponse({"ready": False, "reason": "migrations"}, status=503)
    return JsonResponse({"ready": True})


def _may_read(request):
    """With METRICS_TOKEN set, its bearer; without one everybody, but nobody in production."""
    if not settings.METRICS_TOKEN:
        return not settings.PRODUCTION
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return constant_time_compare(given, settings.METRICS_TOKEN)


AGES = """
SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM core_outboxmessage
  WHERE done_at IS NULL AND failed_at IS NULL
UNION ALL
SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0) FROM payments_inboxmessage
  WHERE state = 'received'
UNION ALL
SELECT coalesce(extract(epoch FROM now() - min(reserved_until)), 0) FROM bookings_booking
  WHERE status = 'RESERVED' AND reserved_until < now()
UNION ALL
SELECT coalesce(extract(epoch FROM now() - min(opened_at)), 0) FROM payments_payment
  WHERE status = 'PROCESSING'
"""
NAMES = ("outbox", "inbox", "holds_past_due", "payments_in_flight")


def metrics(request):
    """Ages in seconds of what waits longest, and how many facts were given up, for Prometheus."""
    if not _may_read(request):
        return HttpResponse(status=404)
    registry = CollectorRegistry()
    age = Gauge("tessera_oldest_seconds", "Age of the oldest", ["queue"], registry=registry)
    failed = Gauge("tessera_outbox_failed", "Facts given up", registry=registry)
    with as_system(), connection.cursor() as cursor:
        cursor.execute(AGES)
        for name, (seconds,) in zip(NAMES, cursor.fetchall(), strict=True):
            age.labels(name).set(seconds)
        failed.set(OutboxMessage.objects.failed().count())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
