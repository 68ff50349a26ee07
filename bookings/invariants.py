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
       LEFT JOIN bookings_cancelleditem x ON x.item_id = i.id
       WHERE CASE CASE WHEN x.id IS NULL THEN b.status ELSE 'CANCELLED' END
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
    """SELECT p.id AS payment_id, covered.id AS booking_id, b.status
       FROM payments_payment p CROSS JOIN LATERAL unnest(p.covers) covered(id)
       LEFT JOIN bookings_booking b ON b.id = covered.id
       WHERE p.status IN ('SUCCEEDED', 'DISPUTED')
         AND coalesce(b.status, '') NOT IN ('CONFIRMED', 'PAID')
         AND NOT EXISTS (SELECT 1 FROM bookings_cancellation c WHERE c.booking_id = b.id)
         AND NOT EXISTS (SELECT 1 FROM payments_refund r
                         WHERE r.payment_id = p.id AND r.status <> 'FAILED'
                           AND r.request_key NOT LIKE 'cancellation:%'
                           AND r.request_key NOT LIKE 'paid-out:%')
         AND p.amount > (SELECT coalesce(sum(d.withdrawn), 0) FROM payments_dispute d
                         WHERE d.payment_id = p.id)
                      + (SELECT coalesce(sum(c.amount), 0) FROM payments_creditentry c
                         WHERE c.payment_id = p.id AND c.kind = 'BACK')
         AND NOT EXISTS (SELECT 1 FROM core_outboxmessage o
                         WHERE o.payload ->> 'payment_id' = p.id::text
                           AND o.done_at IS NULL AND o.failed_at IS NULL)""",
)
invariant(
    "INV-4 a sold booking was paid for once",
    """SELECT b.id AS booking_id, b.total, count(p.id) AS payments
       FROM bookings_booking b
       LEFT JOIN payments_payment p ON p.reference IN (b.id, b.order_id)
         AND b.id = ANY (p.covers) AND p.status IN ('SUCCEEDED', 'DISPUTED')
         AND NOT EXISTS (SELECT 1 FROM payments_refund r
                         WHERE r.payment_id = p.id
                           AND (r.request_key LIKE 'not-kept%'  -- if it failed, a person sends it
                             OR r.status <> 'FAILED' AND r.request_key NOT LIKE 'cancellation:%'
                               AND r.request_key NOT LIKE 'paid-out:%'))
         AND NOT EXISTS (SELECT FROM payments_creditentry c
                         WHERE c.payment_id = p.id AND c.key LIKE 'back:exchange:%')
       WHERE b.status IN ('CONFIRMED', 'PAID')
       GROUP BY b.id
       HAVING count(p.id) > 1 OR (count(p.id) = 0 AND b.total > 0)""",
)
invariant(
    "INV-4 what was kept of a payment is what its bookings cost",
    """SELECT p.id AS payment_id, p.amount, sum(b.total) AS sold
       FROM payments_payment p JOIN bookings_booking b ON b.id = ANY (p.covers)
       WHERE p.status IN ('SUCCEEDED', 'DISPUTED', 'REFUNDED') AND b.payment_id = p.id
       GROUP BY p.id HAVING sum(b.total) <> p.amount OR count(*) <> cardinality(p.covers)""",
)
invariant(
    "what is open to be paid names the order of all that it is for",
    """SELECT p.id AS payment_id, b.id AS booking_id
       FROM payments_payment p JOIN bookings_booking b ON b.id = ANY (p.covers)
       WHERE p.status IN ('PENDING', 'PROCESSING') AND b.status = 'RESERVED'
         AND p.reference <> coalesce(b.order_id, b.id)""",
)
invariant(
    "the bookings of an order are of one buyer",
    """SELECT o.id AS booking_id, o.order_id FROM bookings_booking o
       JOIN bookings_booking first ON first.id = o.order_id
       WHERE o.payment_id IS NOT NULL AND o.payment_id = first.payment_id
         AND (o.customer_id, o.currency) IS DISTINCT FROM (first.customer_id, first.currency)""",
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
invariant(
    "a cancellation is its tickets, and its refund and credit are what goes back",
    """SELECT c.id AS cancellation_id, c.refunded, c.credited, sum(x.refunded) AS items,
              r.amount AS refund, e.credit, e.paid_out
       FROM bookings_cancellation c
       LEFT JOIN bookings_cancelleditem x ON x.cancellation_id = c.id
       LEFT JOIN payments_refund r ON r.id = c.refund_id
       LEFT JOIN (SELECT reference, sum(amount) AS credit,
                    coalesce(-sum(amount) FILTER (WHERE kind = 'PAID_OUT'), 0) AS paid_out
                  FROM payments_creditentry
                  WHERE kind IN ('BACK', 'PAID_OUT') AND reference IS NOT NULL
                  GROUP BY reference) e
         ON e.reference = c.id
       GROUP BY c.id, r.amount, e.credit, e.paid_out
       HAVING c.refunded + c.credited IS DISTINCT FROM sum(x.refunded)
         OR c.ticket_count <> count(x.id)
         OR c.kept IS DISTINCT FROM sum(x.kept_of_ticket + x.kept_fee)
         OR c.refunded <> coalesce(r.amount, 0) + coalesce(e.paid_out, 0)
         OR c.credited <> coalesce(e.credit, 0)""",
)
invariant(
    "INV-5 of a ticket no more goes back than was paid for it",
    """SELECT i.id AS item_id, i.total, x.refunded, x.kept_of_ticket, x.kept_fee
       FROM bookings_cancelleditem x JOIN bookings_bookingitem i ON i.id = x.item_id
       WHERE x.refunded + x.kept_of_ticket + x.kept_fee <> i.total""",
)
invariant(
    "no place is held by a ticket that was given back",
    """SELECT s.id AS event_seat_id, s.claimed_by, x.item_id
       FROM bookings_cancelleditem x JOIN bookings_bookingitem i ON i.id = x.item_id
       JOIN inventory_eventseat s ON s.id = i.event_seat_id
       WHERE s.claimed_by = i.booking_id AND NOT EXISTS (
         SELECT FROM bookings_bookingitem other
         LEFT JOIN bookings_cancelleditem y ON y.item_id = other.id
         WHERE other.booking_id = i.booking_id AND other.event_seat_id = s.id AND y.id IS NULL)""",
)
invariant(
    "a booking is cancelled when its last ticket is, and refunded when its money is back",
    """SELECT b.id AS booking_id, b.status, count(i.id) AS items, count(x.id) AS cancelled
       FROM bookings_booking b
       JOIN bookings_bookingitem i ON i.booking_id = b.id
       LEFT JOIN bookings_cancelleditem x ON x.item_id = i.id
       GROUP BY b.id HAVING count(x.id) > 0
         AND (count(i.id) = count(x.id)) <> (b.status IN ('CANCELLED', 'REFUNDED'))""",
)
invariant(
    "INV-3 what was cancelled is in the ledger",
    """SELECT c.id AS cancellation_id, c.refunded, e.back, c.credited, e.credit, o.paid_out
       FROM bookings_cancellation c
       LEFT JOIN (
         SELECT j.source_id, -sum(e.amount) FILTER (WHERE e.account = 'customer_deposits') AS back,
           -sum(e.amount) FILTER (WHERE e.account = 'customer_credit') AS credit
         FROM payments_journal j LEFT JOIN payments_ledgerentry e ON e.journal_id = j.id
         WHERE j.source = 'cancellation' GROUP BY j.source_id) e ON e.source_id = c.id
       LEFT JOIN (SELECT reference, -sum(amount) AS paid_out FROM payments_creditentry
                  WHERE kind = 'PAID_OUT' GROUP BY reference) o ON o.reference = c.id
       WHERE e.source_id IS NULL OR c.refunded <> coalesce(e.back, 0) + coalesce(o.paid_out, 0)
         OR c.credited <> coalesce(e.credit, 0) - coalesce(o.paid_out, 0)""",
)
invariant(
    "nobody is forgotten when an event is cancelled",
    """SELECT b.id AS booking_id, b.status, c.id AS change_id
       FROM bookings_eventchange c JOIN bookings_booking b ON b.event_id = c.event_id
       LEFT JOIN bookings_changedbooking r ON r.change_id = c.id AND r.booking_id = b.id
       WHERE c.kind = 'CANCELLED' AND c.status = 'DONE' AND b.status IN ('CONFIRMED', 'PAID')
         AND coalesce(r.problem, '') = ''""",
)
