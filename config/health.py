"""Probes. Alive needs nothing; ready needs the database and every migration."""

from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis.exceptions import RedisError

from core.tenancy import as_system
from inventory.stream_reports import reports


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
SELECT 'outbox', extract(epoch FROM now() - min(created_at)) FROM core_outboxmessage
  WHERE done_at IS NULL AND failed_at IS NULL
UNION ALL
SELECT 'inbox', extract(epoch FROM now() - min(received_at)) FROM payments_inboxmessage
  WHERE state = 'received'
UNION ALL
SELECT 'holds_past_due', extract(epoch FROM now() - min(reserved_until)) FROM bookings_booking
  WHERE status = 'RESERVED' AND reserved_until < now()
UNION ALL
SELECT 'payments_in_flight', extract(epoch FROM now() - min(opened_at)) FROM payments_payment
  WHERE status = 'PROCESSING'
UNION ALL
SELECT 'refunds', extract(epoch FROM now() - min(created_at)) FROM payments_refund
  WHERE status IN ('PENDING', 'PROCESSING')
"""
FAILED = """
SELECT 'outbox', count(*) FROM core_outboxmessage WHERE failed_at IS NOT NULL
UNION ALL
SELECT 'inbox', count(*) FROM payments_inboxmessage WHERE state = 'failed'
UNION ALL
SELECT 'refunds', count(*) FROM payments_refund WHERE status = 'FAILED'
UNION ALL
SELECT 'payments', count(*) FROM payments_payment WHERE needs_attention
UNION ALL
SELECT 'payout_lines', count(*) FROM payments_payoutline WHERE status = 'OPEN'
"""


def metrics(request):
    """How long what waits longest has waited, and how much was given up, for Prometheus."""
    if not _may_read(request):
        return HttpResponse(status=404)
    registry = CollectorRegistry()
    with as_system():
        _measure(registry, "tessera_oldest_seconds", "Age of the oldest that waits", AGES)
        _measure(registry, "tessera_failed", "Given up, until a person tries it again", FAILED)
    _measure_streams(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _measure(registry, name, words, sql):
    """A gauge with a value for each queue; nothing waiting is 0."""
    gauge = Gauge(name, words, ["queue"], registry=registry)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        for queue, value in cursor:
            gauge.labels(queue).set(value or 0)


STREAMS = {
    "streams": ("tessera_streams", "Open streams of changes of the map"),
    "last_look": ("tessera_streams_last_look_seconds", "Since the look that is longest ago"),
    "lag": ("tessera_streams_lag_seconds", "From a change to the viewers, the slowest lately"),
}


def _measure_streams(registry):
    """What each stream process says of itself; while Redis is away, nothing."""
    with suppress(RedisError):
        found = reports()
        for field, (name, words) in STREAMS.items():
            gauge = Gauge(name, words, ["process"], registry=registry)
            for process, report in found.items():
                gauge.labels(process).set(getattr(report, field))
