-- The places of another event as those of this one: owned, acquired, in the seat ledger.
INSERT INTO inventory_eventseat (agency_id, event_id, ordinal, seat_id, level_id, ownership, status,
  currency, price, cost, channel)
SELECT s.agency_id, %(event)s, s.ordinal, s.seat_id, m.copy, s.ownership, s.status, s.currency,
  s.price, s.cost, s.channel
FROM inventory_eventseat s
JOIN unnest(%(levels)s::uuid[], %(level_copies)s::uuid[]) AS m(original, copy)
  ON m.original = s.level_id
WHERE s.event_id = %(original)s ORDER BY s.ordinal;

INSERT INTO suppliers_acquisition (agency_id, event_seat_id, line_id, receipt_id, supplier_id,
  unit_cost, landed, currency)
SELECT a.agency_id, n.id, m.copy, %(receipt)s, %(supplier)s, a.unit_cost, a.landed, a.currency
FROM suppliers_acquisition a
JOIN inventory_eventseat s ON s.id = a.event_seat_id AND s.event_id = %(original)s
JOIN inventory_eventseat n ON n.event_id = %(event)s AND n.ordinal = s.ordinal
JOIN unnest(%(lines)s::uuid[], %(line_copies)s::uuid[]) AS m(original, copy) ON m.original = a.line_id
ORDER BY n.id;

-- Bought for its level's price; every other place has been repriced since.
INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, at, kind, stock, cost, list_price,
  currency, price_after, reason, actor)
SELECT s.agency_id, s.event_id, s.id, %(at)s, 'BOUGHT', 1, s.cost, l.price, s.currency, l.price, '', ''
FROM inventory_eventseat s JOIN events_pricelevel l ON l.id = s.level_id
WHERE s.event_id = %(event)s ORDER BY s.id;

INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, at, kind, stock, cost, list_price,
  currency, price_before, price_after, reason, actor)
SELECT s.agency_id, s.event_id, s.id, %(at)s + interval '1 day', 'REPRICED', 0, 0, 1, s.currency,
  l.price, l.price + 1, '', ''
FROM inventory_eventseat s JOIN events_pricelevel l ON l.id = s.level_id
WHERE s.event_id = %(event)s AND s.ordinal %% 2 = 0 ORDER BY s.id
