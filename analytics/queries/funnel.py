"""How far carts come: reservations by what became of them. Nobody is followed: a cart is a booking, and
what it says is what was written down to sell it."""

from analytics.days import begin_of, end_of, zone
from analytics.queries.reading import rows_of

# A buyer who has come so far has come through all that lies before it.
FUNNEL = """
WITH cart AS (
  SELECT b.event_id, b.currency, b.ticket_count, b.total, {day} AS day,
    b.customer_id IS NOT NULL AS is_named, b.confirmed_at IS NOT NULL AS is_confirmed,
    b.confirmed_at IS NULL
      AND (b.status <> 'RESERVED' OR b.reserved_until <= clock_timestamp()) AS is_left,
    EXISTS (SELECT FROM payments_payment p
            WHERE p.reference = coalesce(b.order_id, b.id)
              AND b.id = ANY (p.covers) AND p.opened_at IS NOT NULL) AS is_opened
  FROM bookings_booking b
  WHERE b.reserved_at >= %(since)s AND b.reserved_at < %(until)s {of_event} {of_channel})
SELECT {names} cart.currency, cart.day, count(*) AS started,
  count(*) FILTER (WHERE is_named OR is_opened OR is_confirmed) AS named,
  count(*) FILTER (WHERE is_opened OR is_confirmed) AS opened,
  count(*) FILTER (WHERE is_confirmed) AS confirmed,
  count(*) FILTER (WHERE is_left) AS left_behind,
  coalesce(sum(ticket_count) FILTER (WHERE is_left), 0) AS seats,
  coalesce(sum(total) FILTER (WHERE is_left), 0) AS value
FROM cart {joins}
GROUP BY {keys} cart.currency, cart.day
ORDER BY cart.day DESC NULLS LAST, started DESC, cart.currency {then}
"""
DAY = "(b.reserved_at AT TIME ZONE %(zone)s)::date"


def funnel(*, since, until, each="both", event=None, channel=""):
    """Carts started on these days: [{currency, day, started, named, opened, confirmed, left_behind,
    seats, value}], for each event (with name, name_id, starts_at), each day, or both.

    `named` have said who buys, `opened` were at the payment, `left_behind` ran out or were given up,
    with so many seats of so much value; the rest are running.
    """
    by_event = each != "day"
    sql = FUNNEL.format(
        day="NULL::date" if each == "event" else DAY,
        names="v.title AS name, v.id AS name_id, v.starts_at," if by_event else "",
        joins="JOIN events_event v ON v.id = cart.event_id" if by_event else "",
        keys="v.id, v.title, v.starts_at," if by_event else "",
        then=", v.title, v.starts_at, v.id" if by_event else "",
        of_event="AND b.event_id = %(event)s" if event else "",
        of_channel="AND b.channel = %(channel)s" if channel else "",
    )
    asked = {"since": begin_of(since), "until": end_of(until), "zone": str(zone())}
    return rows_of(sql, asked | {"event": event, "channel": channel})
