\set k :k + 1
\set place (:client_id * :share + :k) * 2 + :first
SELECT uuidv7() AS booking, uuidv7() AS ticket_a, uuidv7() AS ticket_b, uuidv7() AS payment,
       '2 tickets, ' || title AS words, currency
FROM events_event
WHERE id = :event::uuid AND status = 'ON_SALE' AND now() BETWEEN sale_starts_at AND sale_ends_at \gset
BEGIN;
INSERT INTO core_idempotencykey (agency_id, caller, key, request_hash, body)
VALUES (:agency::uuid, 'key-bench', :booking, repeat('0', 64), '')
ON CONFLICT (agency_id, caller, key) DO NOTHING RETURNING id AS key_row \gset
WITH wanted AS (
  SELECT id FROM inventory_eventseat
  WHERE event_id = :event::uuid AND ordinal IN (:place::int, :place::int + 1) ORDER BY id FOR NO KEY UPDATE
), claimed AS (
  UPDATE inventory_eventseat e
  SET status = 'RESERVED', claimed_by = :booking::uuid,
      claimed_until = clock_timestamp() + interval '15 minutes'
  FROM wanted, venues_layoutseat s, venues_layoutsection c, events_pricelevel l
  WHERE e.id = wanted.id AND s.id = e.seat_id AND c.id = s.section_id AND l.id = e.level_id
    AND e.ownership = 'OWNED' AND e.status = 'AVAILABLE'
  RETURNING e.id, coalesce(e.price, l.price) AS price, e.cost, e.claimed_until, s.row, s.label,
            c.label AS section
)
SELECT min(id) AS seat_a, max(id) AS seat_b, min(price) AS price, min(cost) AS cost,
       min(claimed_until) AS until, min(row) AS row, min(label) AS label, min(section) AS section
FROM claimed \gset
INSERT INTO tickets_ticket (id, agency_id, event_id, event_seat_id, ordinal, number, status,
  section, "row", seat, seat_kind, entrance, restricted_view, holder_name, generation)
VALUES (:ticket_a::uuid, :agency::uuid, :event::uuid, :seat_a::bigint, :place::int, left(md5(:ticket_a::text), 14), 'RESERVED', :section,
        :row, :label, 'STANDARD', '', false, '', 0),
       (:ticket_b::uuid, :agency::uuid, :event::uuid, :seat_b::bigint, :place::int + 1, left(md5(:ticket_b::text), 14), 'RESERVED',
        :section, :row, :label, 'STANDARD', '', false, '', 0);
INSERT INTO bookings_booking (id, agency_id, number, event_id, channel, status, ticket_count,
  price, fee, total, currency, reserved_until, cancellation_reason)
VALUES (:booking::uuid, :agency::uuid, left(md5(:booking::text), 12), :event::uuid, 'API', 'RESERVED', 2, :price::numeric * 2,
        2.00, :price::numeric * 2 + 2.00, :currency, :until::timestamptz, '');
INSERT INTO bookings_bookingitem (agency_id, booking_id, ticket_id, event_seat_id, position, price,
  fee, total, cost, currency)
VALUES (:agency::uuid, :booking::uuid, :ticket_a::uuid, :seat_a::bigint, 1, :price::numeric, 1.00, :price::numeric + 1.00, :cost::numeric,
        :currency),
       (:agency::uuid, :booking::uuid, :ticket_b::uuid, :seat_b::bigint, 2, :price::numeric, 1.00, :price::numeric + 1.00, :cost::numeric,
        :currency);
INSERT INTO payments_payment (id, agency_id, reference, covers, description, provider,
  provider_ref, provider_payment_ref, provider_url, status, amount, currency, failure)
VALUES (:payment::uuid, :agency::uuid, :booking::uuid, ARRAY[:booking::uuid], :words, 'simulated', '', '', '', 'PENDING',
        :price::numeric * 2 + 2.00, :currency, '');
UPDATE core_idempotencykey SET status = 201, body = repeat('x', 700) WHERE id = :key_row::bigint;
COMMIT;
