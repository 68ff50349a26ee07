"""A value-moving POST said twice with one Idempotency-Key happens once."""

import hashlib
import json

from django.db import connection, transaction

from core.errors import DomainError, Invalid
from core.models import IdempotencyKey
from core.tenancy import current_agency_id
from core.transactions import retrying

LONGEST_KEY = 200
CLAIM = """
INSERT INTO core_idempotencykey (agency_id, caller, key, request_hash, body)
VALUES (%s, %s, %s, %s, '')
ON CONFLICT (agency_id, caller, key) DO NOTHING RETURNING id
"""
KEEP = "UPDATE core_idempotencykey SET status = %s, body = %s WHERE id = %s"


class KeyReused(DomainError):
    """The key belongs to another request; nothing was done."""

    code = "idempotency_key_reused"
    status = 422


class KeyUnreadable(Invalid):
    """The key is too long or has letters that cannot be printed; nothing was done."""

    code = "idempotency_key_invalid"


def once(*, caller, key, request, work):
    """Runs `work() -> (status, JSON-able body)` once per (caller, key); later calls get that reply.

    `request` is the JSON-able request; another request under the same key raises KeyReused.
    The key is stored in the transaction of the work, so a failed attempt leaves no trace and
    may be tried again. Without a key `work` just runs. Raises KeyUnreadable for what is no key.
    """
    if not key:
        return work()
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise KeyUnreadable(
            f"An Idempotency-Key has at most {LONGEST_KEY} characters, all of them printable."
        )
    return retrying(lambda: _once(caller, key, _digest(request), work))


def _once(caller, key, digest, work):
    with transaction.atomic():
        claimed = _claim(caller, key, digest)
        if claimed is None:
            return _stored(caller, key, digest)
        status, body = work()
        _keep(claimed, status, json.dumps(body))
        return status, body


def _claim(caller, key, digest):
    with connection.prepared_cursor() as cursor:
        cursor.execute(CLAIM, [current_agency_id(), caller, key, digest])
        row = cursor.fetchone()
    return row and row[0]


def _keep(claimed, status, body):
    with connection.prepared_cursor() as cursor:
        cursor.execute(KEEP, [status, body, claimed])


def _stored(caller, key, digest):
    reply = IdempotencyKey.objects.get(caller=caller, key=key)
    if reply.request_hash != digest:
        raise KeyReused("This Idempotency-Key was used for another request.")
    return reply.status, json.loads(reply.body)


def _digest(request):
    canonical = json.dumps(request, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
