"""What was in stock when, from the seat ledger: the sum of its entries before a moment is what was
owned and not sold then, at cost and at the retail price before fees. No later change alters it."""

from dataclasses import dataclass

from django.db import connection, transaction

from analytics.days import begin_of, end_of, zone
from analytics.queries.reading import rows_of

# A million places in one sort or hash; 4 MB would send them to the disk.
ROOMY = "SET LOCAL work_mem = '128MB'"
# Where the planner takes thousands of rows for two, as after a load, loops within loops take minutes.
WITHOUT_LOOPS = f"{ROOMY}; SET LOCAL enable_nestloop = off"
PLACE = "JOIN inventory_eventseat p ON p.id = e.event_seat_id"
# Whose seat it was at the time of the entry: the last delivery's before it, for a place can be bought
# again after it went back. Only few did, so that all others are joined without looking at the time. An
# entry has the moment its transaction began, a delivery that of its statement: hence the minute.
BOUGHT = """
LEFT JOIN (
  SELECT event_seat_id, supplier_id, line_id, '-infinity'::timestamptz AS since,
    'infinity'::timestamptz AS until
  FROM suppliers_acquisition only_one
  WHERE returned_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM suppliers_acquisition before
    WHERE before.event_seat_id = only_one.event_seat_id AND before.returned_at IS NOT NULL)
  UNION ALL
  SELECT q.event_seat_id, q.supplier_id, q.line_id, r.received_at - interval '1 minute',
    lead(r.received_at - interval '1 minute', 1, 'infinity')
      OVER (PARTITION BY q.event_seat_id ORDER BY r.received_at)
  FROM suppliers_acquisition q JOIN suppliers_deliveryreceipt r ON r.id = q.receipt_id
  WHERE q.event_seat_id IN (
    SELECT event_seat_id FROM suppliers_acquisition WHERE returned_at IS NOT NULL)
) a ON a.event_seat_id = e.event_seat_id AND e.at >= a.since AND e.at < a.until
"""
EVENT = ", v.title AS event, g.event_id, v.starts_at"
EVENTS = "JOIN events_event v ON v.id = g.event_id"


@dataclass(frozen=True)
class Dimension:
    """One way to divide the stock. `joins` and `keys` are of the entries e, `names` and `named` tell
    what the groups g are called."""

    keys: str
    names: str
    named: str
    joins: str = ""


DIMENSIONS = {
    "event": Dimension("e.event_id", f"v.title AS name, g.event_id AS name_id{EVENT}", EVENTS),
    "section": Dimension(
        "e.event_id, s.section_id",
        f"c.label AS name, g.section_id AS name_id{EVENT}",
        f"{EVENTS} JOIN venues_layoutsection c ON c.id = g.section_id",
        f"{PLACE} JOIN venues_layoutseat s ON s.id = p.seat_id",
    ),
    "level": Dimension(
        "e.event_id, p.level_id",
        f"coalesce(w.name, 'No level') AS name, g.level_id AS name_id{EVENT}",
        f"{EVENTS} LEFT JOIN events_pricelevel w ON w.id = g.level_id",
        PLACE,
    ),
    "supplier": Dimension(
        "a.supplier_id",
        "coalesce(u.name, 'Not known') AS name, g.supplier_id AS name_id",
        "LEFT JOIN suppliers_supplier u ON u.id = g.supplier_id",
        BOUGHT,
    ),
    "order": Dimension(
        "l.order_id",
        "coalesce(o.number, 'Not known') AS name, g.order_id AS name_id, u.name AS supplier,"
        " u.id AS supplier_id",
        "LEFT JOIN suppliers_purchaseorder o ON o.id = g.order_id"
        " LEFT JOIN suppliers_supplier u ON u.id = o.supplier_id",
        f"{BOUGHT} LEFT JOIN suppliers_purchaseorderline l ON l.id = a.line_id",
    ),
}
WHICH = {
    "all": "",
    "coming": "AND e.event_id IN (SELECT id FROM events_event WHERE starts_at >= %(until)s)",
    "over": "AND e.event_id IN (SELECT id FROM events_event WHERE starts_at < %(until)s)",
}
ONE_EVENT = "AND e.event_id = %(event)s"
VALUE = """
WITH g AS (
  SELECT {keys}, e.currency, sum(e.stock)::int AS seats, sum(e.cost) AS cost,
    sum(e.list_price) AS list
  FROM inventory_seatentry e {joins}
  WHERE e.at < %(until)s {which} {event}
  GROUP BY {keys}, e.currency
  HAVING sum(e.stock) <> 0 OR sum(e.cost) <> 0 OR sum(e.list_price) <> 0)
SELECT {names}, g.currency, g.seats, g.cost, g.list, g.list - g.cost AS gain
FROM g {named} ORDER BY g.currency, g.cost DESC, name, name_id
"""
IN_LEDGER = """
SELECT e.currency, sum(e.amount) FILTER (WHERE e.account = 'inventory') AS stock,
  -sum(e.amount) FILTER (WHERE e.account = 'consigned_stock') AS consigned
FROM payments_ledgerentry e JOIN payments_journal j ON j.id = e.journal_id
WHERE e.account IN ('inventory', 'consigned_stock') AND j.posted_at < %(until)s
GROUP BY e.currency
"""


def value(*, on, by="event", event=None, which="all"):
    """What was in stock at the end of a day: [{name, name_id, currency, seats, cost, list, gain, …}].

    `by` is one of DIMENSIONS; rows by event, section and level also have event, event_id and
    starts_at, rows by order their supplier. `which` events: all, coming or over on that day.
    """
    dimension = DIMENSIONS[by]
    sql = VALUE.format(
        keys=dimension.keys,
        joins=dimension.joins,
        names=dimension.names,
        named=dimension.named,
        which=WHICH[which],
        event=ONE_EVENT if event else "",
    )
    return read_whole(sql, {"until": end_of(on), "event": event})


def in_ledger(*, on):
    """{currency: {stock, consigned}}: what the books had in stock at the end of the day, and how much
    of it belongs to suppliers until it is sold."""
    rows = rows_of(IN_LEDGER, {"until": end_of(on)})
    return {row.pop("currency"): row for row in rows}


# Movement

MOVED = """
WITH moved AS (
  SELECT {event_id} AS event_id, {day} AS day, e.currency,
    coalesce(sum(e.stock) FILTER (WHERE e.at < %(since)s), 0) AS before,
    coalesce(sum(e.cost) FILTER (WHERE e.at < %(since)s), 0) AS cost_before,
    coalesce(sum(e.stock) FILTER (WHERE e.kind = 'BOUGHT' AND e.at >= %(since)s), 0) AS bought,
    coalesce(-sum(e.stock) FILTER (WHERE e.kind = 'RETURNED' AND e.at >= %(since)s), 0) AS returned,
    coalesce(-sum(e.stock) FILTER (WHERE e.kind = 'SOLD' AND e.at >= %(since)s), 0) AS sold,
    coalesce(sum(e.stock) FILTER (WHERE e.kind = 'UNSOLD' AND e.at >= %(since)s), 0) AS unsold,
    sum(e.stock) AS net, sum(e.cost) AS cost_net
  FROM inventory_seatentry e WHERE e.at < %(until)s {event}
  GROUP BY 1, 2, 3),
run AS (
  SELECT moved.*, sum(net) OVER so_far AS closing, sum(cost_net) OVER so_far AS closing_cost
  FROM moved WINDOW so_far AS (PARTITION BY event_id, currency ORDER BY day NULLS FIRST))
SELECT run.day, run.event_id, v.title AS event, v.starts_at, run.currency,
  (closing - net + before)::int AS opening, bought::int, returned::int, sold::int, unsold::int,
  closing::int, closing_cost - cost_net + cost_before AS opening_cost, closing_cost
FROM run LEFT JOIN events_event v ON v.id = run.event_id
WHERE {shown} ORDER BY run.currency, run.day, v.starts_at, run.event_id
"""
STEP = """CASE WHEN e.at >= %(since)s
  THEN date_trunc(%(step)s, e.at AT TIME ZONE %(zone)s)::date END"""
MOVING = "(bought <> 0 OR returned <> 0 OR sold <> 0 OR unsold <> 0 OR {also})"
TIMED = "run.day IS NOT NULL AND " + MOVING.format(also="cost_net <> 0")
UNTIMED = MOVING.format(also="closing <> 0 OR before <> 0")


def movement(*, since, until, step=None, per_event=True, event=None):
    """Seats in stock before, bought, sent back, sold, come back from buyers, and in stock after:
    [{day, event, event_id, currency, opening, bought, returned, sold, unsold, closing,
    opening_cost, closing_cost}].

    One row for the period, or for each day, week or month (`step`) in which something moved, of which
    `day` is the first; for each event, or for all together.
    """
    sql = MOVED.format(
        event_id="e.event_id" if per_event else "NULL::uuid",
        day=STEP if step else "NULL::date",
        shown=TIMED if step else UNTIMED,
        event=ONE_EVENT if event else "",
    )
    asked = {"since": begin_of(since), "until": end_of(until), "event": event}
    return read_whole(sql, asked | {"step": step, "zone": str(zone())})


# Age

OWNED_DAYS = [(30, "0 to 30 days"), (60, "31 to 60 days"), (90, "61 to 90 days")]
TO_EVENT_DAYS = [(-1, "Over"), (7, "Within 7 days"), (30, "8 to 30 days"), (90, "31 to 90 days")]
AGE = """
WITH place AS (
  SELECT e.event_id, e.currency, sum(e.cost) AS cost, sum(e.list_price) AS list,
    sum(e.stock)::int AS seats, max(e.at) FILTER (WHERE e.kind = 'BOUGHT') AS bought_at
  FROM inventory_seatentry e
  WHERE e.at < %(until)s {event}
  GROUP BY e.event_seat_id, e.event_id, e.currency HAVING sum(e.stock) > 0),
aged AS (
  SELECT place.*, {days} AS days FROM place JOIN events_event v ON v.id = place.event_id)
SELECT width_bucket(days, %(edges)s::int[]) AS bucket, currency, sum(seats)::int AS seats,
  sum(cost) AS cost, sum(list) AS list, sum(list) - sum(cost) AS gain
FROM aged GROUP BY bucket, currency ORDER BY currency, bucket
"""
DAYS = {
    "owned": "%(on)s::date - (place.bought_at AT TIME ZONE %(zone)s)::date",
    "to_event": "CASE WHEN v.starts_at < %(until)s AND "
    "(v.starts_at AT TIME ZONE %(zone)s)::date < %(on)s::date THEN -1 "
    "ELSE (v.starts_at AT TIME ZONE %(zone)s)::date - %(on)s::date END",
}
BUCKETS = {"owned": (OWNED_DAYS, "More than 90 days"), "to_event": (TO_EVENT_DAYS, "Later")}


def ageing(*, on, by="owned", event=None):
    """What was in stock at the end of a day by how long it was owned, or how far off its event was:
    [{bucket, name, currency, seats, cost, list, gain}]."""
    limits, rest = BUCKETS[by]
    asked = {
        "on": on,
        "until": end_of(on),
        "zone": str(zone()),
        "event": event,
        "edges": [last + 1 for last, _ in limits],
    }
    sql = AGE.format(days=DAYS[by], event=ONE_EVENT if event else "")
    names = [name for _, name in limits] + [rest]
    return [row | {"name": names[row["bucket"]]} for row in read_whole(sql, asked)]


def read_whole(sql, asked, *, planned=ROOMY):
    """The rows of a statement that goes through whole tables, planned with these settings."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(planned)
        return rows_of(sql, asked)
