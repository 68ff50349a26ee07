-- The two-seat reservation of bookings.services.reserve as one function, with everything the product
-- writes: what PostgreSQL itself needs for it, triggers, keys and row-level security included.
CREATE FUNCTION bench_reserve(wanted_event uuid, wanted_places integer[]) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
  agency uuid := current_setting('tessera.agency')::uuid;
  booking uuid := uuidv7();
  key_row bigint;
  sale record;
  money record;
  taken integer;
  deadline timestamptz;
BEGIN
  INSERT INTO core_idempotencykey (agency_id, caller, key, request_hash, body)
  VALUES (agency, 'key:bench', booking, repeat('0', 64), '')
  ON CONFLICT (agency_id, caller, key) DO NOTHING RETURNING id INTO key_row;

  SELECT title, currency INTO sale FROM events_event
  WHERE id = wanted_event AND status = 'ON_SALE' AND now() BETWEEN sale_starts_at AND sale_ends_at;

  PERFORM FROM inventory_eventseat
  WHERE event_id = wanted_event AND ordinal = ANY (wanted_places) ORDER BY id FOR NO KEY UPDATE;

  deadline := clock_timestamp() + interval '15 minutes';
  UPDATE inventory_eventseat
  SET status = 'RESERVED', claimed_by = booking, claimed_until = deadline
  WHERE event_id = wanted_event AND ordinal = ANY (wanted_places)
    AND ownership = 'OWNED' AND status = 'AVAILABLE';
  GET DIAGNOSTICS taken = ROW_COUNT;
  IF taken <> cardinality(wanted_places) THEN
    RAISE EXCEPTION 'taken';
  END IF;

  SELECT sum(coalesce(e.price, l.price)) AS price,
         sum(round(coalesce(e.price, l.price) * 0.06, 2)) AS fee INTO money
  FROM inventory_eventseat e JOIN events_pricelevel l ON l.id = e.level_id
  WHERE e.event_id = wanted_event AND e.ordinal = ANY (wanted_places);

  INSERT INTO tickets_ticket (id, agency_id, event_id, event_seat_id, ordinal, number, status,
    section, "row", seat, seat_kind, entrance, restricted_view, holder_name, generation)
  SELECT uuidv7(), agency, wanted_event, e.id, e.ordinal, left(gen_random_uuid()::text, 14),
         'RESERVED', c.label, s.row, s.label, s.kind, c.entrance, s.restricted_view, '', 0
  FROM inventory_eventseat e
  JOIN venues_layoutseat s ON s.id = e.seat_id JOIN venues_layoutsection c ON c.id = s.section_id
  WHERE e.event_id = wanted_event AND e.ordinal = ANY (wanted_places);

  INSERT INTO bookings_booking (id, agency_id, number, event_id, channel, status, ticket_count,
    price, fee, total, currency, reserved_until, cancellation_reason)
  VALUES (booking, agency, right(booking::text, 12), wanted_event, 'API', 'RESERVED', taken,
          money.price, money.fee, money.price + money.fee, sale.currency, deadline, '');

  INSERT INTO bookings_bookingitem (agency_id, booking_id, ticket_id, event_seat_id, position, price,
    fee, total, cost, currency)
  SELECT agency, booking, t.id, e.id, row_number() OVER (ORDER BY e.id), p.price, p.fee,
         p.price + p.fee, e.cost, sale.currency
  FROM inventory_eventseat e
  JOIN events_pricelevel l ON l.id = e.level_id
  JOIN tickets_ticket t ON t.event_seat_id = e.id AND t.status = 'RESERVED'
  CROSS JOIN LATERAL (SELECT coalesce(e.price, l.price) AS price,
                             round(coalesce(e.price, l.price) * 0.06, 2) AS fee) p
  WHERE e.event_id = wanted_event AND e.ordinal = ANY (wanted_places);

  INSERT INTO payments_payment (id, agency_id, reference, covers, description, provider,
    provider_ref, provider_payment_ref, provider_url, status, amount, currency, failure)
  VALUES (uuidv7(), agency, booking, ARRAY[booking], taken || ' tickets, ' || sale.title, 'simulated', '', '', '',
          'PENDING', money.price + money.fee, sale.currency, '');

  UPDATE core_idempotencykey SET status = 201, body = repeat('x', 700) WHERE id = key_row;
  RETURN booking;
END $$;
GRANT EXECUTE ON FUNCTION bench_reserve TO PUBLIC;
