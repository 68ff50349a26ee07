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
