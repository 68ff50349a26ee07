"""What may still go back to suppliers, until when, and why it should."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from agencies.queries import local_today
from core.money import Money

DAYS_OF_SALES = 14
# Seats whose window is open, or that are not firm, at events to come; for each order line.
STOCK = """
WITH stock AS (
  SELECT a.line_id, a.supplier_id, a.currency, s.event_id,
         count(*) FILTER (WHERE s.status = 'AVAILABLE') AS free,
         count(*) FILTER (WHERE s.status IN ('HELD', 'BLOCKED')) AS kept,
         sum(a.unit_cost) FILTER (WHERE s.status = 'AVAILABLE') AS cost,
         min(a.return_by) AS return_by, min(r.received_at) AS since,
         array_agg(DISTINCT s.level_id) FILTER (WHERE s.level_id IS NOT NULL) AS levels
  FROM suppliers_acquisition a
  JOIN suppliers_deliveryreceipt r ON r.id = a.receipt_id
  JOIN suppliers_purchaseorder o ON o.id = r.order_id
  JOIN inventory_eventseat s ON s.id = a.event_seat_id
  JOIN events_event e ON e.id = s.event_id
  WHERE a.returned_at IS NULL AND s.ownership = 'OWNED' AND e.starts_at > now()
    AND (a.return_by >= %(today)s OR (a.return_by IS NULL AND o.basis <> 'FIRM'))
    AND (%(supplier)s::uuid IS NULL OR a.supplier_id = %(supplier)s)
    AND (%(event)s::uuid IS NULL OR s.event_id = %(event)s)
    AND (%(within)s::int IS NULL OR a.return_by <= %(today)s + %(within)s::int)
  GROUP BY a.line_id, a.supplier_id, a.currency, s.event_id
  HAVING count(*) FILTER (WHERE s.status = 'AVAILABLE') > 0
)
SELECT stock.line_id, l.description, o.id, o.number, o.basis, stock.supplier_id, p.name,
       stock.event_id, e.title, e.starts_at, stock.free, stock.kept, stock.cost, stock.currency,
       stock.return_by, stock.since, left_over.seats, sold.seats
FROM stock
JOIN suppliers_purchaseorderline l ON l.id = stock.line_id
JOIN suppliers_purchaseorder o ON o.id = l.order_id
JOIN suppliers_supplier p ON p.id = stock.supplier_id
JOIN events_event e ON e.id = stock.event_id
CROSS JOIN LATERAL (
  SELECT count(*) AS seats FROM inventory_eventseat s
  WHERE s.event_id = stock.event_id AND s.level_id = ANY (stock.levels)
    AND s.ownership = 'OWNED' AND s.status = 'AVAILABLE'
) left_over
CROSS JOIN LATERAL (
  SELECT coalesce(sum(CASE n.kind WHEN 'SOLD' THEN 1 ELSE -1 END), 0) AS seats
  FROM inventory_seatentry n JOIN inventory_eventseat s ON s.id = n.event_seat_id
  WHERE n.event_id = stock.event_id AND n.kind IN ('SOLD', 'UNSOLD')
    AND n.at > now() - make_interval(days => %(days)s) AND s.level_id = ANY (stock.levels)
) sold
ORDER BY stock.return_by NULLS LAST, stock.cost DESC, stock.line_id
LIMIT %(limit)s
"""
RUNNING_OUT = """
SELECT s.event_id, e.title, e.starts_at, a.supplier_id, p.name, a.currency, a.return_by,
       count(*), sum(a.unit_cost)
FROM suppliers_acquisition a
JOIN inventory_eventseat s ON s.id = a.event_seat_id
JOIN events_event e ON e.id = s.event_id
JOIN suppliers_supplier p ON p.id = a.supplier_id
WHERE a.returned_at IS NULL AND a.return_by >= %(today)s
  AND s.ownership = 'OWNED' AND s.status IN ('AVAILABLE', 'HELD')
GROUP BY s.event_id, e.title, e.starts_at, a.supplier_id, p.name, a.currency, a.return_by
ORDER BY a.return_by, sum(a.unit_cost) DESC, s.event_id, a.supplier_id
LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Proposal:
    """Seats of an order line that may go back: `free` of them now, `kept` held or blocked. `left` and
    `sold` (in the last 14 days) are of all seats of the same price levels at the event."""

    line_id: UUID
    line: str
    order_id: UUID
    order: str
    basis: str
    supplier_id: UUID
    supplier: str
    event_id: UUID
    event: str
    starts_at: datetime
    free: int
    kept: int
    cost: Decimal
    currency: str
    return_by: date | None
    since: datetime
    left: int
    sold: int

    @property
    def at_stake(self):
        """What the free seats cost, as Money."""
        return Money(self.cost, self.currency)

    @property
    def velocity(self):
        """Seats sold a day."""
        return Decimal(max(self.sold, 0)) / DAYS_OF_SALES

    def days_to_event(self, now):
        return max((self.starts_at - now).days, 0)

    def days_owned(self, now):
        return (now - self.since).days

    def days_left(self, today):
        """In the window; None where there is none."""
        return None if self.return_by is None else (self.return_by - today).days

    def unsold(self, now):
        """How many of the level's seats are left over at the event if it goes on selling like this, at
        most those that are free here."""
        surplus = self.left - int(self.velocity * self.days_to_event(now))
        return min(max(surplus, 0), self.free)


def proposals(*, supplier_id=None, event_id=None, within=None, limit=500):
    """Proposals of order lines that may go back, the shortest window first, at most `limit`; only of a
    supplier, of an event, or whose window closes `within` so many days."""
    return [
        Proposal(*row)
        for row in _rows(
            STOCK,
            supplier=supplier_id,
            event=event_id,
            within=within,
            days=DAYS_OF_SALES,
            limit=limit,
        )
    ]


@dataclass(frozen=True)
class RunningOut:
    """Seats of one supplier at one event that may go back until one day: `value` is what they cost."""

    event_id: UUID
    event: str
    starts_at: datetime
    supplier_id: UUID
    supplier: str
    value: Money
    return_by: date
    seats: int
    days_left: int


def returns_running_out(limit):
    """RunningOut of all unsold seats that may go back, the shortest window first, at most `limit`."""
    today = local_today()
    return [
        RunningOut(*who, Money(value, currency), return_by, seats, (return_by - today).days)
        for *who, currency, return_by, seats, value in _rows(RUNNING_OUT, limit=limit)
    ]


def _rows(sql, **values):
    with connection.cursor() as cursor:
        cursor.execute(sql, {"today": local_today(), **values})
        return cursor.fetchall()
