"""Is this installation well? Versions, services, roles, pending work, clock, disk, mail, provider."""

import re
import shutil
import socket
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

import django
import requests
from django.conf import settings
from django.core.cache import caches
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from core.commands import OperatorCommand
from core.models import OutboxMessage
from core.tenancy import as_system
from inventory.stream_reports import FORGOTTEN_AFTER, reports
from inventory.streams import BLIND
from payments.adapters.paypal_objects import takes_currency
from payments.adapters.square_objects import CURRENCIES as CURRENCIES_OF_SQUARE

ROLE = "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
CURRENCY = re.compile(r"[A-Z]{3}")
MOST_SKEW_SECONDS = 2
FAILURES = (OSError, DatabaseError, RedisError, requests.RequestException, ValueError)
LEAST_FREE_BYTES = 1 << 30


class Command(OperatorCommand):
    help = "Checks everything this installation stands on. Exit code 1 when something is wrong."

    def work(self, **options):
        checks = {
            name: _safely(check)
            for name, check in {
                "versions": _versions,
                "database": _database,
                "migrations": _migrations,
                "clock": _clock,
                "redis": _redis,
                "disk": _disk,
                "mail": _mail,
                "payment_provider": _payment_provider,
                "outbox": _outbox,
                "streams": _streams,
            }.items()
        }
        return {"ok": all(check["ok"] for check in checks.values()), "checks": checks}

    def lines(self, result):
        """One line a check: its mark, its name, what was found."""
        for name, found in result["checks"].items():
            told = ", ".join(_in_words(*each) for each in found.items() if each[0] != "ok")
            mark = "ok " if found["ok"] else "BAD"
            yield f"{mark}  {name.replace('_', ' '):17} {told}".rstrip()
        wrong = sum(not found["ok"] for found in result["checks"].values())
        total = len(result["checks"])
        yield f"\n{wrong} of {total} checks failed." if wrong else "\nAll is well."


def _in_words(name, value):
    """81.2 GB free; pending none; django 5.2"""
    if name == "error":
        return value
    if name == "free_bytes":
        return f"{value / (1 << 30):,.1f} GB free"
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, list):
        value = " ".join(value) or "none"
    return f"{name.replace('_', ' ')} {value}"


def _safely(check):
    """A check that raises has failed with the reason it raised for."""
    try:
        return check()
    except FAILURES as error:
        return {"ok": False, "error": str(error)[:300]}


def _versions():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0]
    return {
        "ok": sys.version_info >= (3, 11),
        "python": sys.version.split()[0],
        "django": django.get_version(),
        "postgresql": postgresql,
        "mode": settings.MODE,
    }


def _database():
    with connection.cursor() as cursor:
        cursor.execute(ROLE)
        user, bypasses = cursor.fetchone()
    return {"ok": not bypasses, "role": user, "can_bypass_row_level_security": bypasses}


def _migrations():
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {"ok": not plan, "pending": [str(migration) for migration, _ in plan]}


def _clock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        skew = abs((datetime.now(UTC) - cursor.fetchone()[0]).total_seconds())
    return {"ok": skew < MOST_SKEW_SECONDS, "skew_seconds": round(skew, 3)}


def _redis():
    client = caches["default"].client.get_client()
    return {"ok": bool(client.ping())}


def _disk():
    free = shutil.disk_usage(settings.BASE_DIR).free
    return {"ok": free > LEAST_FREE_BYTES, "free_bytes": free}


def _mail():
    backend = get_connection()
    opened = backend.open()
    backend.close()
    return {"ok": opened is not False, "backend": settings.EMAIL_BACKEND}


def _payment_provider():
    if settings.STRIPE_SECRET_KEY and not settings.STRIPE_WEBHOOK_SECRETS:
        raise ValueError("STRIPE_WEBHOOK_SECRETS is empty: no notice of Stripe would be believed")
    if settings.PAYPAL_CLIENT_ID:
        _check_paypal()
    if settings.SQUARE_ACCESS_TOKEN:
        _check_square()
    if not settings.PAYMENT_SIMULATOR_URL:
        return {"ok": bool(settings.PAYMENT_PROVIDER), "provider": settings.PAYMENT_PROVIDER}
    url = urlsplit(settings.PAYMENT_SIMULATOR_URL)
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    if not url.hostname or not port:
        raise ValueError("PAYMENT_SIMULATOR_URL is no address such as http://localhost:9100")
    with socket.create_connection((url.hostname, port), timeout=3):
        return {"ok": True, "provider": "simulated", "url": settings.PAYMENT_SIMULATOR_URL}


def _check_paypal():
    """Raises ValueError for what PayPal would not do, or we would not believe."""
    for name in ("PAYPAL_CLIENT_SECRET", "PAYPAL_WEBHOOK_IDS"):
        if not getattr(settings, name):
            raise ValueError(f"{name} is empty: PayPal cannot be asked, or no notice be believed")
    for where, names in settings.PAYMENT_PROVIDERS.items():
        currency = where.rpartition(" ")[2]
        if "paypal" in names and CURRENCY.fullmatch(currency) and not takes_currency(currency):
            raise ValueError(f"PAYMENT_PROVIDERS: PayPal does not take {currency}")


def _check_square():
    """Raises ValueError for what Square would not do, or we would not believe."""
    for name in ("SQUARE_LOCATION_ID", "SQUARE_WEBHOOK_SIGNATURE_KEYS"):
        if not getattr(settings, name):
            raise ValueError(
                f"{name} is empty: nothing can be sold by Square, or no notice believed"
            )
    ours = settings.SQUARE_CURRENCY
    if ours not in CURRENCIES_OF_SQUARE:
        raise ValueError(f"SQUARE_CURRENCY {ours!r} is none of a location at Square")
    for where, names in settings.PAYMENT_PROVIDERS.items():
        currency = where.rpartition(" ")[2]
        if "square" in names and CURRENCY.fullmatch(currency) and currency != ours:
            raise ValueError(
                f"PAYMENT_PROVIDERS: the location at Square takes {ours}, not {currency}"
            )


def _outbox():
    with as_system():
        failed = OutboxMessage.objects.failed().count()
        waiting = OutboxMessage.objects.due().count()
    return {"ok": not failed, "failed": failed, "waiting": waiting}


def _streams():
    """Maps poll where none are wanted; where they are, some process must say that it is well."""
    if not settings.STREAM_URL:
        return {"ok": True, "wanted": False}
    found = reports().values()
    if not found:
        return {"ok": False, "error": f"no process has reported for {FORGOTTEN_AFTER} s; maps poll"}
    last_look = max(report.last_look for report in found)
    return {
        "ok": last_look < BLIND and all(report.hears for report in found),
        "processes": len(found),
        "open": sum(report.streams for report in found),
        "events": sum(report.events for report in found),
        "last_look_seconds": last_look,
        "lag_seconds": max(report.lag for report in found),
        "hears_redis": all(report.hears for report in found),
    }
