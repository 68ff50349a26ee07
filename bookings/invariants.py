from core.invariants import invariant

invariant(
    "a booking is the sum of its items",
    """SELECT b.id AS booking_id, b.total, sum(i.total) AS items, b.ticket_count, count(i.id)
       FROM bookings_booking b LEFT JOIN bookings_bookingitem i ON i.booking_id = b.id
       GROUP BY b.id HAVING b.ticket_count <> count(i.id)
         OR ARRAY[b.price, b.discount, b.fee, b.tax_on_top, b.total, b.tax_in_price, b.tax_in_fee,
                  b.absorbed] IS DISTINCT FROM
            ARRAY[sum(i.price), sum(i.discount), sum(i.fee), sum(i.tax_on_top), sum(i.total),
                  sum(i.tax_in_price), sum(i.tax_in_fee), sum(i.absorbed)]""",
)
invariant(
    "an item costs its price less discount, with fee and tax",
    """SELECT id AS item_id, booking_id, total FROM bookings_bookingitem
       WHERE total <> price - discount + fee + tax_on_top""",
)
invariant(
    "tickets are what their booking says",
    """SELECT b.id AS booking_id, b.status AS booking, t.id AS ticket_id, t.status AS ticket
       FROM bookings_booking b
       JOIN bookings_bookingitem i ON i.booking_id = b.id
       JOIN tickets_ticket t ON t.id = i.ticket_id
       WHERE CASE b.status
         WHEN 'RESERVED' THEN t.status <> 'RESERVED'
         WHEN 'CONFIRMED' THEN t.status NOT IN ('CONFIRMED', 'TRANSFERRED', 'USED')
         WHEN 'PAID' THEN t.status NOT IN ('CONFIRMED', 'TRANSFERRED', 'USED')
         ELSE t.status NOT IN ('CANCELLED', 'REFUNDED') END""",
)
invariant(
    "a claimed place belongs to the booking that claims it",
    """SELECT s.id AS event_seat_id, s.claimed_by, b.status
       FROM inventory_eventseat s LEFT JOIN bookings_booking b ON b.id = s.claimed_by
       WHERE s.claimed_by IS NOT NULL AND (b.id IS NULL OR b.event_id <> s.event_id
         OR b.status NOT IN ('RESERVED', 'CONFIRMED', 'PAID'))""",
)
invariant(
    "INV-4 money received is a confirmed booking, a refund, or still being worked",
    """SELECT p.id AS payment_id, p.reference, b.status
       FROM payments_payment p LEFT JOIN bookings_booking b ON b.id = p.reference
       WHERE p.status IN ('SUCCEEDED', 'DISPUTED')
         AND coalesce(b.status, '') NOT IN ('CONFIRMED', 'PAID')
         AND NOT EXISTS (SELECT 1 FROM payments_refund r
                         WHERE r.payment_id = p.id AND r.status <> 'FAILED')
         AND NOT EXISTS (SELECT 1 FROM core_outboxmessage o
                         WHERE o.payload ->> 'payment_id' = p.id::text
                           AND o.done_at IS NULL AND o.failed_at IS NULL)""",
)
invariant(
    "INV-4 a sold booking was paid for once",
    """SELECT b.id AS booking_id, b.total, count(p.id) AS payments, coalesce(sum(p.amount), 0)
       FROM bookings_booking b
       LEFT JOIN payments_payment p ON p.reference = b.id
         AND p.status IN ('SUCCEEDED', 'DISPUTED')
         AND NOT EXISTS (SELECT 1 FROM payments_refund r
                         WHERE r.payment_id = p.id AND r.status <> 'FAILED')
       WHERE b.status IN ('CONFIRMED', 'PAID')
       GROUP BY b.id HAVING coalesce(sum(p.amount), 0) <> b.total""",
)
invariant(
    "INV-3 a sold booking's revenue and cost are in the ledger",
    """SELECT b.id AS booking_id, b.total, sum(e.amount) FILTER (WHERE e.account = 'customer_deposits')
       FROM bookings_booking b
       LEFT JOIN payments_journal j ON j.source = 'booking' AND j.source_id = b.id AND j.kind = 'sold'
       LEFT JOIN payments_ledgerentry e ON e.journal_id = j.id
       WHERE b.status IN ('CONFIRMED', 'PAID')
       GROUP BY b.id
       HAVING coalesce(sum(e.amount) FILTER (WHERE e.account = 'customer_deposits'), 0) <> b.total
         OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'discounts'), 0) <> b.discount
         OR coalesce(sum(e.amount) FILTER (WHERE e.account = 'taxes_collected'), 0)
            <> -(b.tax_on_top + b.tax_in_price + b.tax_in_fee)""",
)
invariant(
    "a booking holds or keeps the uses of promotions it is reckoned with",
    """SELECT b.id AS booking_id, b.status, b.discount, b.waived, used.discount AS used_discount,
              used.waived AS used_waived
       FROM bookings_booking b
       LEFT JOIN LATERAL (
         SELECT coalesce(sum(u.discount), 0) AS discount, coalesce(sum(u.waived), 0) AS waived,
           count(*) FILTER (WHERE u.status = 'KEPT') AS kept,
           count(*) FILTER (WHERE u.status = 'HELD' AND u.held_until > clock_timestamp()) AS live,
           count(*) AS uses
         FROM promotions_use u WHERE u.reference = b.id AND NOT u.is_dropped) used ON true
       WHERE b.discount <> used.discount OR b.waived <> used.waived
         OR CASE WHEN b.status IN ('CONFIRMED', 'PAID') THEN used.kept <> used.uses
                 WHEN b.status = 'RESERVED' THEN used.kept > 0
                   OR (b.reserved_until > clock_timestamp() AND used.live <> used.uses)
                 ELSE used.kept > 0 OR used.live > 0 END""",
)
