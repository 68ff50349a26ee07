"""What sales brought: the items of confirmed bookings, divided like the stock."""

from analytics.days import begin_of, end_of
from analytics.queries.stock import DIMENSIONS, read_whole

# Sold places with the money of the sale, and beside them the places that are owned, as of last. Of a
# ticket given back there stays what was kept of it, which counts among the fees.
PROFIT = """
WITH e AS (
  SELECT b.event_id, i.event_seat_id, b.confirmed_at AS at, i.currency,
    i.price - i.discount - i.tax_in_price - i.absorbed AS price,
    i.fee + i.absorbed - i.tax_in_fee AS fee, i.cost,
    CASE WHEN x.kept_fee > 0 THEN i.fee - i.tax_in_fee ELSE 0 END + x.kept_of_ticket AS retained,
    CASE WHEN p.fee_currency = i.currency THEN p.fee * i.total / p.amount ELSE 0 END
      + coalesce(dearer.fee * i.total / nullif(b.total, 0), 0) AS taken,
    b.status IN ('CONFIRMED', 'PAID') AND x.id IS NULL AS kept, 0 AS owned, 0 AS gone
  FROM bookings_bookingitem i JOIN bookings_booking b ON b.id = i.booking_id
  LEFT JOIN bookings_cancelleditem x ON x.item_id = i.id
  LEFT JOIN payments_payment p ON p.id = b.payment_id
  LEFT JOIN LATERAL (
    SELECT sum(d.fee) AS fee FROM payments_payment d WHERE d.fee_currency = b.currency
      AND d.id IN (SELECT payment_id FROM bookings_plannedexchange WHERE new_id = b.id)
  ) dearer ON b.instead_of_id IS NOT NULL
  WHERE b.confirmed_at >= %(since)s AND b.confirmed_at < %(until)s {of_booking}
  UNION ALL
  SELECT event_id, id, '9999-12-31', currency, 0, 0, 0, 0, 0, NULL, 1, (status = 'SOLD')::int
  FROM inventory_eventseat WHERE ownership = 'OWNED' {of_seat}),
g AS (
  SELECT {keys}, e.currency, count(*) FILTER (WHERE e.kept) AS seats,
    count(*) FILTER (WHERE NOT e.kept) AS given_back,
    coalesce(sum(e.price) FILTER (WHERE e.kept IS NOT NULL), 0) AS gross,
    coalesce(sum(e.price) FILTER (WHERE NOT e.kept), 0) AS refunded,
    coalesce(sum(e.price) FILTER (WHERE e.kept), 0) AS revenue,
    coalesce(sum(e.fee) FILTER (WHERE e.kept), 0) + coalesce(sum(e.retained), 0) AS fees,
    coalesce(sum(e.cost) FILTER (WHERE e.kept), 0) AS cost,
    round(coalesce(sum(e.taken), 0), 3) AS payment_costs,
    sum(e.owned) AS owned, sum(e.gone) AS sold_of_owned
  FROM e {joins} GROUP BY {keys}, e.currency HAVING count(e.kept) > 0)
SELECT {names}, g.currency, g.seats, g.given_back, g.gross, g.refunded, g.revenue, g.fees, g.cost,
  g.payment_costs, g.revenue - g.cost AS profit, g.owned, g.sold_of_owned
FROM g {named} ORDER BY g.currency, profit DESC, name, name_id
"""


def profit(*, since, until, by="event", event=None):
    """What was sold on these days: [{name, name_id, currency, seats, given_back, gross, refunded,
    revenue, fees, payment_costs, cost, profit, owned, sold_of_owned, …}].

    `revenue` is the price of the seats without discounts, taxes and the agency's fees, less what was
    given back; `fees` are the agency's with what was kept of tickets that came back; `payment_costs`
    what providers took for the payments, ticket by ticket, as far as they have said it; `profit` is
    revenue less what these seats cost. `owned` and `sold_of_owned` are as of now. `by` is one of
    DIMENSIONS, with the same further columns as `stock.value`.
    """
    dimension = DIMENSIONS[by]
    sql = PROFIT.format(
        keys=dimension.keys,
        joins=dimension.joins,
        names=dimension.names,
        named=dimension.named,
        of_booking="AND b.event_id = %(event)s" if event else "",
        of_seat="AND event_id = %(event)s" if event else "",
    )
    return read_whole(sql, {"since": begin_of(since), "until": end_of(until), "event": event})
