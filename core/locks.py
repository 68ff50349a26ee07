"""The one way to lock rows: by ascending key, evaluated at once, inside a transaction.

Order of tables for the whole system: publication of a layout, delivery, supplier return, its lines,
purchase order, its lines, supplier, event, booking, hold, allocation plan, seats, tickets,
transfer, payment, refund, customer (for his credit and points), draw, its entries, promotion,
consignment sales, supplier invoice, payment run, debts, credit notes, payments to suppliers, bank
line, payout, its lines. Who needs several rows of a table locks them in one call: two calls are two
orders. What is locked only by who has locked something else before, as an order's invoices and
advances by who has the order, stands in its place. A service that starts from a later table reads
the ids unlocked, locks in order, and reads again.
"""

import hashlib
from contextlib import contextmanager

from django.db import connection


def lock(queryset):
    """Locks the rows of `queryset` in key order and returns them as a list, read after the lock."""
    if not connection.in_atomic_block:
        raise RuntimeError("Locks live in a transaction.")
    return list(queryset.order_by("pk").select_for_update(no_key=True, of=("self",)))


def lock_one(queryset):
    """Locks and returns the only row of `queryset`; raises the model's DoesNotExist."""
    rows = lock(queryset)
    if not rows:
        raise queryset.model.DoesNotExist
    return rows[0]


@contextmanager
def alone(name):
    """Whether nobody else is within this block for `name` now; for what is done outside of any
    transaction. Held by the connection: a process that dies gives it up."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_first = cursor.fetchone()[0]
    try:
        yield is_first
    finally:
        if is_first:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def one_at_a_time(name):
    """Waits until no other transaction that named this is open; holds until the end of ours."""
    if not connection.in_atomic_block:
        raise RuntimeError("Locks live in a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def database_now():
    """The database's clock, after whatever was waited for: it alone decides what has expired."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
