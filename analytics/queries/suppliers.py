"""How suppliers did: what became of the orders that were confirmed in a period."""

from agencies.queries import local_today
from analytics.days import begin_of, end_of, zone
from analytics.queries.stock import WITHOUT_LOOPS, read_whole

PERFORMANCE = """
WITH ordered AS (
  SELECT o.supplier_id, o.currency, o.id AS order_id, l.id AS line_id, l.status, l.ordered,
    l.received, l.cancelled, coalesce(l.expected_on, o.expected_on) AS due_on
  FROM suppliers_purchaseorder o JOIN suppliers_purchaseorderline l ON l.order_id = o.id
  WHERE o.status IN ('CONFIRMED', 'PARTIALLY_RECEIVED', 'COMPLETED')
    AND o.confirmed_at >= %(since)s AND o.confirmed_at < %(until)s),
lines AS (
  SELECT supplier_id, currency, count(DISTINCT order_id) AS orders, sum(ordered) AS ordered,
    sum(received) AS received,
    sum(CASE WHEN due_on < %(today)s OR status NOT IN ('PENDING', 'CONFIRMED') THEN ordered
        ELSE received END) AS due,
    sum(CASE WHEN due_on < %(today)s THEN ordered - received - cancelled ELSE 0 END) AS overdue
  FROM ordered GROUP BY supplier_id, currency),
came AS (
  SELECT x.supplier_id, x.currency, sum(q.quantity) AS late,
    sum(q.quantity * ((r.received_at AT TIME ZONE %(zone)s)::date - x.due_on)) AS days_late
  FROM ordered x JOIN suppliers_receiptline q ON q.line_id = x.line_id
  JOIN suppliers_deliveryreceipt r ON r.id = q.receipt_id
  WHERE (r.received_at AT TIME ZONE %(zone)s)::date > x.due_on
  GROUP BY x.supplier_id, x.currency),
sold AS (
  SELECT x.supplier_id, x.currency, count(*) AS sold, 
    sum(i.price - i.discount - i.tax_in_price - i.absorbed) AS revenue, sum(i.cost) AS cost,
    avg(extract(epoch FROM b.confirmed_at - r.received_at) / 86400) AS days_to_sell
  FROM ordered x JOIN suppliers_acquisition a ON a.line_id = x.line_id
  JOIN suppliers_deliveryreceipt r ON r.id = a.receipt_id
  JOIN bookings_bookingitem i ON i.event_seat_id = a.event_seat_id
  JOIN bookings_booking b ON b.id = i.booking_id AND b.status IN ('CONFIRMED', 'PAID')
    AND NOT EXISTS (SELECT FROM bookings_cancelleditem k WHERE k.item_id = i.id)
    AND b.confirmed_at >= r.received_at
    AND (a.returned_at IS NULL OR b.confirmed_at < a.returned_at)
  GROUP BY x.supplier_id, x.currency),
back AS (
  SELECT x.supplier_id, x.currency, count(*) AS bad,
    count(*) FILTER (WHERE n.state = 'TAKEN_BACK') AS taken_back,
    count(*) FILTER (WHERE n.state = 'KEPT') AS refused
  FROM ordered x JOIN suppliers_acquisition a ON a.line_id = x.line_id
  JOIN suppliers_returnline n ON n.acquisition_id = a.id
  JOIN suppliers_supplierreturn t ON t.id = n.supplier_return_id AND t.status <> 'WITHDRAWN'
  GROUP BY x.supplier_id, x.currency)
SELECT u.name, u.id AS name_id, lines.*, coalesce(late, 0) + overdue AS late,
  round(days_late::numeric / nullif(late, 0), 1) AS days_late, coalesce(sold, 0) AS sold,
  coalesce(revenue, 0) AS revenue, coalesce(cost, 0) AS cost,
  coalesce(revenue, 0) - coalesce(cost, 0) AS profit, days_to_sell, coalesce(bad, 0) AS bad,
  coalesce(taken_back, 0) AS taken_back, coalesce(refused, 0) AS refused
FROM lines LEFT JOIN came USING (supplier_id, currency) LEFT JOIN sold USING (supplier_id, currency)
LEFT JOIN back USING (supplier_id, currency)
JOIN suppliers_supplier u ON u.id = lines.supplier_id
ORDER BY lines.currency, lines.ordered DESC, u.name, u.id
"""


def performance(*, since, until):
    """What became of the orders confirmed on these days, by supplier and currency: [{name, orders,
    ordered, due, received, overdue, late, days_late, sold, revenue, cost, profit, days_to_sell, bad,
    taken_back, refused}].

    `due` are the seats that should be here by now, `late` those that came after the day they were
    expected or are still missing, `days_late` the average of those that came. `bad` are the seats the
    supplier was asked to take back, `taken_back` and `refused` what he answered.
    """
    asked = {"since": begin_of(since), "until": end_of(until)}
    asked |= {"today": local_today(), "zone": str(zone())}
    return read_whole(PERFORMANCE, asked, planned=WITHOUT_LOOPS)
