from core.invariants import invariant

invariant(
    "INV-6 what a line received is what was acquired",
    """SELECT l.id AS line_id, l.received, l.returned, count(a.id) AS acquired
       FROM suppliers_purchaseorderline l
       LEFT JOIN suppliers_acquisition a ON a.line_id = l.id
       GROUP BY l.id HAVING l.received <> count(a.id)
         OR l.returned <> count(a.id) FILTER (WHERE a.returned_at IS NOT NULL)
         OR l.received > l.ordered""",
)
invariant(
    "INV-6 what is payable is what was received at its cost",
    """SELECT r.id AS receipt_id, r.amount, sum(a.unit_cost) AS cost, p.amount AS payable
       FROM suppliers_deliveryreceipt r
       JOIN suppliers_purchaseorder o ON o.id = r.order_id
       LEFT JOIN suppliers_acquisition a ON a.receipt_id = r.id
       LEFT JOIN suppliers_accountspayable p ON p.receipt_id = r.id AND p.kind = 'RECEIPT'
       GROUP BY r.id, o.basis, p.amount
       HAVING r.amount IS DISTINCT FROM sum(a.unit_cost) OR r.seats <> count(a.id)
         OR p.amount IS DISTINCT FROM CASE WHEN o.basis = 'FIRM' THEN r.amount END""",
)
invariant(
    "an owned place was bought, a bought one is owned",
    """SELECT s.id AS event_seat_id, s.ownership, s.cost, a.unit_cost
       FROM inventory_eventseat s
       FULL JOIN (SELECT * FROM suppliers_acquisition WHERE returned_at IS NULL) a
         ON a.event_seat_id = s.id
       WHERE (s.ownership = 'OWNED') <> (a.id IS NOT NULL)
          OR (s.ownership = 'OWNED' AND s.cost <> a.unit_cost)""",
)
invariant(
    "the ledger's stock is what is owned and not sold, at cost",
    """SELECT coalesce(l.agency_id, s.agency_id) AS agency_id, l.booked, s.counted
       FROM (SELECT agency_id, currency, sum(amount) AS booked FROM payments_ledgerentry
             WHERE account = 'inventory' GROUP BY agency_id, currency) l
       FULL JOIN (SELECT agency_id, currency, sum(cost) AS counted FROM inventory_eventseat
             WHERE ownership = 'OWNED' AND status <> 'SOLD' GROUP BY agency_id, currency) s
         ON s.agency_id = l.agency_id AND s.currency = l.currency
       WHERE coalesce(l.booked, 0) <> coalesce(s.counted, 0)""",
)
