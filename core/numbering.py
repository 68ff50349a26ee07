"""Numbers without gaps, for receipts and orders: given out inside the transaction that uses them."""

from django.db import connection

from core.tenancy import current_agency_id

NEXT = """
INSERT INTO core_numberseries (agency_id, name, last) VALUES (%s, %s, 1)
ON CONFLICT (agency_id, name) DO UPDATE SET last = core_numberseries.last + 1
RETURNING last
"""


def next_number(series):
    """The next number of the current agency's series, e.g. `receipt-2026`. Holds the series' row
    until the transaction ends, so that a rollback leaves no gap."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [str(current_agency_id()), series])
        return cursor.fetchone()[0]
