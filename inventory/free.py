"""Which places are free, said once: SQL about `inventory_eventseat e`.

A place can be taken as it is when it is owned and available, or held by a hold that has run out. What
a buyer did not pay in time is free as well, unless it comes from a hold, to which it goes back; who
takes it ends that reservation first. A place set aside for a channel is free to this channel only; one
set aside for presales is everybody's as soon as the last presale that covers it is over.
"""

AS_IT_IS = """e.ownership = 'OWNED' AND (e.status = 'AVAILABLE'
  OR (e.status = 'HELD' AND e.claimed_until <= clock_timestamp()))"""
FREE = """e.ownership = 'OWNED' AND (e.status = 'AVAILABLE'
  OR (e.status = 'HELD' AND e.claimed_until <= clock_timestamp())
  OR (e.status = 'RESERVED' AND e.claimed_until <= clock_timestamp() AND e.hold_id IS NULL))"""
# Whether the presale p is for a place, and the end of p, which is of the event v.
COVERS = """(cardinality(p.levels) = 0 OR e.level_id = ANY (p.levels))
  AND (NOT p.is_by_place OR EXISTS (
    SELECT FROM inventory_presaleplace q WHERE q.presale_id = p.id AND q.seat_id = e.id))"""
END = "least(coalesce(p.ends_at, v.sale_starts_at), p.ended_at)"
PRESALE_IS_OVER = f"""(e.channel = 'PRESALE' AND (
  SELECT max({END}) FROM inventory_presale p JOIN events_event v ON v.id = p.event_id
  WHERE p.event_id = e.event_id AND p.status <> 'DRAFT' AND {COVERS}) <= clock_timestamp())"""  # noqa: S608
# The website's; buyers see what is set aside for others as taken.
PUBLIC = f"(e.channel IN ('', 'WEB') OR {PRESALE_IS_OVER})"
# A channel's, or everybody's when it is null.
OPEN_TO = f"""(%(channel)s::text IS NULL OR e.channel IN ('', %(channel)s)
  OR {PRESALE_IS_OVER})"""
# What a presale's buyer finds at this moment. The clock is read once: a presale without an end of
# its own is over in the very moment in which the sale to all begins.
DOOR = f"""door AS MATERIALIZED (
  SELECT p.id, p.levels, p.is_by_place,
    v.status IN ('ON_SALE', 'SOLD_OUT') AND v.sale_starts_at <= m.now AND m.now < v.sale_ends_at
      AS sells_to_all,
    v.status IN ('ON_SALE', 'SOLD_OUT') AND p.status <> 'DRAFT' AND p.starts_at <= m.now
      AND m.now < {END} AND m.now < v.starts_at AS runs
  FROM (SELECT clock_timestamp() AS now OFFSET 0) m, inventory_presale p
  JOIN events_event v ON v.id = p.event_id
  WHERE p.id = %(presale)s AND p.event_id = %(event)s
)"""  # noqa: S608 - constants only
# Open to who has come in by it; a statement that says so begins with DOOR.
OPEN_BY_DOOR = f"""EXISTS (
  SELECT FROM door p WHERE (p.sells_to_all AND {OPEN_TO})
    OR (p.runs AND e.channel IN ('', %(channel)s, 'PRESALE') AND {COVERS}))"""
# What it never opens to him. The rest is open, taken, or set aside for others.
SHUT_BY_DOOR = f"NOT EXISTS (SELECT FROM door p WHERE p.sells_to_all OR ({COVERS}))"
