from core.invariants import invariant

LIVE = "('RESERVED', 'CONFIRMED', 'TRANSFERRED', 'USED')"

invariant(
    "INV-1 no place has two live tickets",
    f"""SELECT event_seat_id, count(*) FROM tickets_ticket WHERE status IN {LIVE}
        GROUP BY event_seat_id HAVING count(*) > 1""",  # noqa: S608
)
invariant(
    "INV-2 a place is what its live ticket says",
    f"""SELECT s.id AS event_seat_id, s.status AS seat, t.status AS ticket
        FROM inventory_eventseat s
        LEFT JOIN tickets_ticket t ON t.event_seat_id = s.id AND t.status IN {LIVE}
        WHERE s.status IS DISTINCT FROM CASE
            WHEN t.status = 'RESERVED' THEN 'RESERVED'
            WHEN t.status IS NOT NULL THEN 'SOLD'
            WHEN s.status IN ('RESERVED', 'SOLD') THEN 'no ticket'
            ELSE s.status END""",  # noqa: S608
)
invariant(
    "INV-2 live tickets stand on the agency's own places",
    f"""SELECT t.id AS ticket_id FROM tickets_ticket t
        JOIN inventory_eventseat s ON s.id = t.event_seat_id
        WHERE t.status IN {LIVE} AND (s.ownership <> 'OWNED' OR s.agency_id <> t.agency_id)""",  # noqa: S608
)
invariant(
    "a used ticket was admitted once, no other was",
    """SELECT t.id AS ticket_id, t.status, count(a.id) AS admissions
       FROM tickets_ticket t LEFT JOIN tickets_admission a ON a.ticket_id = t.id
       WHERE t.status <> 'REFUNDED'
       GROUP BY t.id, t.status HAVING count(a.id) <> (t.status = 'USED')::int""",
)
