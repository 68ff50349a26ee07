"""What promotions gave and what the sales under them brought."""

from analytics.days import begin_of, end_of
from analytics.queries.reading import rows_of

# A sale under several promotions stands in the row of each, with what all of them took off it.
PERFORMANCE = """
WITH used AS (
  SELECT u.promotion_id, u.reference, u.currency, u.waived, left_of.tickets, left_of.discount,
    NOT EXISTS (SELECT FROM bookings_booking o WHERE o.customer_id = b.customer_id
                AND o.confirmed_at < b.confirmed_at) AS is_new
  FROM promotions_use u JOIN bookings_booking b ON b.id = u.reference
  CROSS JOIN LATERAL (
    SELECT count(*) AS tickets, sum(u.amounts[i.position]) AS discount
    FROM bookings_bookingitem i WHERE i.booking_id = b.id
      AND NOT EXISTS (SELECT FROM bookings_cancelleditem x WHERE x.item_id = i.id)) left_of
  WHERE u.status = 'KEPT' AND left_of.tickets > 0
    AND b.confirmed_at >= %(since)s AND b.confirmed_at < %(until)s),
sale AS (
  SELECT i.booking_id, sum(i.price - i.tax_in_price - i.absorbed) AS price,
    sum(i.cost) AS cost
  FROM bookings_bookingitem i WHERE i.booking_id IN (SELECT reference FROM used)
    AND NOT EXISTS (SELECT FROM bookings_cancelleditem x WHERE x.item_id = i.id)
  GROUP BY i.booking_id),
off AS (
  SELECT reference, sum(discount) AS discount, sum(waived) AS waived FROM used GROUP BY reference),
g AS (
  SELECT used.promotion_id, used.currency, count(*) AS uses, count(*) FILTER (WHERE is_new) AS new,
    sum(used.tickets) AS tickets, sum(used.discount) AS discount, sum(used.waived) AS waived,
    sum(sale.price - off.discount) AS revenue, sum(sale.cost) AS cost,
    sum(sale.price - off.discount - sale.cost - off.waived) AS margin,
    sum(CASE WHEN is_new THEN sale.price - off.discount - sale.cost - off.waived
             ELSE - used.discount - used.waived END) AS incremental
  FROM used JOIN sale ON sale.booking_id = used.reference
  JOIN off ON off.reference = used.reference GROUP BY used.promotion_id, used.currency)
SELECT p.name, p.id AS name_id, p.status, g.* FROM g
JOIN promotions_promotion p ON p.id = g.promotion_id AND p.type <> 'PRESALE'
ORDER BY g.currency, incremental DESC, p.name
"""


def performance(*, since, until):
    """Promotions under which something was sold on these days and not cancelled, ticket by ticket:
    [{name, name_id, currency, uses, new, tickets, discount, waived, revenue, cost, margin,
    incremental}].

    `revenue` is without taxes and the agency's fees, `margin` that less the cost of the seats and the
    waived fees. `incremental` takes buyers who had bought before for those who would have bought
    anyway, at full price: of their sales it counts what they were given as lost, of a `new` buyer's
    the whole margin as won.
    """
    return rows_of(PERFORMANCE, {"since": begin_of(since), "until": end_of(until)})
