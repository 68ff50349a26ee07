from core.invariants import invariant

invariant(
    "only owned places are taken",
    """SELECT id, event_id, ordinal, ownership, status FROM inventory_eventseat
       WHERE status IN ('RESERVED', 'SOLD', 'HELD') AND ownership <> 'OWNED'""",
)
invariant(
    "an event has exactly the places of its layout",
    """SELECT e.id AS event_id, l.capacity, count(s.id) AS places
       FROM events_event e JOIN venues_layout l ON l.id = e.layout_id
       JOIN inventory_eventseat s ON s.event_id = e.id
       GROUP BY e.id, l.capacity HAVING count(s.id) <> l.capacity""",
)
invariant(
    "a held place is in an active hold of its event",
    """SELECT e.id, e.event_id, e.ordinal, h.id AS hold_id, h.status
       FROM inventory_eventseat e LEFT JOIN inventory_hold h ON h.id = e.hold_id
       WHERE e.status = 'HELD'
         AND (h.id IS NULL OR h.status <> 'ACTIVE' OR h.event_id <> e.event_id)""",
)
invariant(
    "pools of holds have no rings, are of one event, and outlive their parts",
    """WITH RECURSIVE up AS (
         SELECT id AS hold_id, pool_id, ARRAY[id] AS path, false AS is_ring FROM inventory_hold
         UNION ALL
         SELECT up.hold_id, h.pool_id, path || h.id, h.id = ANY (path)
         FROM up JOIN inventory_hold h ON h.id = up.pool_id WHERE NOT up.is_ring
       )
       SELECT hold_id, 'a ring' AS trouble FROM up WHERE is_ring
       UNION
       SELECT h.id, 'not like its pool' FROM inventory_hold h JOIN inventory_hold p ON p.id = h.pool_id
       WHERE h.event_id <> p.event_id
         OR (h.status = 'ACTIVE' AND (p.status <> 'ACTIVE' OR h.until > p.until
             OR (h.until IS NULL AND p.until IS NOT NULL)))""",
)
invariant(
    "an applied plan says place by place what it changed",
    """SELECT id AS plan_id FROM inventory_allocationplan
       WHERE cardinality(ordinals) <> cardinality(before) OR cardinality(ordinals) <> cardinality(after)
         OR (status = 'DRAFT' AND cardinality(ordinals) > 0)""",
)
invariant(
    "the seat ledger adds up to what is in stock",
    """SELECT s.id AS event_seat_id, e.stock, e.cost, e.listed
       FROM inventory_eventseat s
       LEFT JOIN events_pricelevel l ON l.id = s.level_id
       LEFT JOIN (SELECT event_seat_id, sum(stock) AS stock, sum(cost) AS cost,
                    sum(list_price) AS listed
                  FROM inventory_seatentry GROUP BY event_seat_id) e ON e.event_seat_id = s.id
       WHERE (coalesce(e.stock, 0), coalesce(e.cost, 0), coalesce(e.listed, 0)) <>
         CASE WHEN s.ownership = 'OWNED' AND s.status <> 'SOLD'
              THEN (1::bigint, s.cost, coalesce(s.price, l.price, 0))
              ELSE (0::bigint, 0::numeric, 0::numeric) END""",
)
