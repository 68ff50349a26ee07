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
invariant(
    "an open offer is of valid tickets, and only its tickets are offered",
    """SELECT t.id AS ticket_id, t.status, t.offered_until, o.id AS transfer_id, o.expires_at
       FROM tickets_ticket t
       FULL JOIN (SELECT r.ticket_id, r.generation, f.id, f.expires_at, f.event_id
                  FROM tickets_transferredticket r JOIN tickets_transfer f ON f.id = r.transfer_id
                  WHERE f.status = 'PENDING') o ON o.ticket_id = t.id
       WHERE t.offered_until IS DISTINCT FROM o.expires_at
         OR o.expires_at > clock_timestamp() AND (t.status NOT IN ('CONFIRMED', 'TRANSFERRED')
           OR t.generation <> o.generation OR t.event_id <> o.event_id)""",
)
invariant(
    "a ticket has a new code for each pair of hands, and its last taker holds it",
    """SELECT t.id AS ticket_id, t.status, t.holder_id, t.generation, last.recipient_id, first.giver_id
       FROM tickets_ticket t
       JOIN LATERAL (SELECT f.recipient_id, r.generation, f.id
                     FROM tickets_transferredticket r JOIN tickets_transfer f ON f.id = r.transfer_id
                     WHERE r.ticket_id = t.id AND f.status = 'ACCEPTED'
                     ORDER BY r.generation DESC LIMIT 1) last ON true
       JOIN LATERAL (SELECT f.giver_id
                     FROM tickets_transferredticket r JOIN tickets_transfer f ON f.id = r.transfer_id
                     WHERE r.ticket_id = t.id AND f.status = 'ACCEPTED'
                     ORDER BY r.generation LIMIT 1) first ON true
       WHERE t.generation <= last.generation
         OR t.holder_id IS DISTINCT FROM nullif(last.recipient_id, first.giver_id)""",
)
invariant(
    "who holds a ticket that he did not buy has accepted it",
    """SELECT t.id AS ticket_id, t.holder_id FROM tickets_ticket t
       WHERE t.holder_id IS NOT NULL AND NOT EXISTS (
         SELECT FROM tickets_transferredticket r JOIN tickets_transfer f ON f.id = r.transfer_id
         WHERE r.ticket_id = t.id AND f.status = 'ACCEPTED' AND f.recipient_id = t.holder_id)""",
)
