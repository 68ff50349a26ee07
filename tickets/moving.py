"""Tickets go with their places to another version of the layout."""

from django.db import connection

from core.outbox import record
from inventory.moving import Follower, follower
from tickets.facts import TicketRenamed
from tickets.models import LIVE, Ticket

# A ticket that still admits bears the name that stands on the seat; one that is over what was sold. No
# ticket is written twice: the second time each of its keys would be checked anew.
RENAME = """
UPDATE tickets_ticket t SET ordinal = e.ordinal, view_note = c.view_note, section = c.label,
  row = s.row, seat = s.label, seat_kind = s.kind, entrance = c.entrance,
  restricted_view = s.restricted_view, disclosure = s.disclosure
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
WHERE t.event_id = %(event)s AND e.id = t.event_seat_id AND t.status = ANY (%(live)s)
  AND (t.section, t.row, t.seat, t.seat_kind, t.entrance, t.restricted_view, t.disclosure)
    IS DISTINCT FROM (c.label, s.row, s.label, s.kind, c.entrance, s.restricted_view, s.disclosure)
RETURNING t.id, t.generation > 0
"""
# Nobody needs his ticket again because a section's view is told in other words.
RENUMBER = """
UPDATE tickets_ticket t SET ordinal = e.ordinal,
  view_note = CASE WHEN t.status = ANY (%(live)s) THEN c.view_note ELSE t.view_note END
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
WHERE t.event_id = %(event)s AND e.id = t.event_seat_id
  AND (t.ordinal <> e.ordinal OR (t.status = ANY (%(live)s) AND t.view_note <> c.view_note))
"""


@follower
class Tickets(Follower):
    def holders(self, event, ordinals):
        live = Ticket.objects.filter(event=event, ordinal__in=ordinals, status__in=LIVE)
        return {t.ordinal: f"ticket {t.number} {t.holder_name}".strip() for t in live}

    def follow(self, move):
        values = {"event": move.event.pk, "live": [str(status) for status in LIVE]}
        with connection.cursor() as cursor:
            cursor.execute(RENAME, values)
            renamed = cursor.fetchall()
            cursor.execute(RENUMBER, values)
        # An unpaid reservation has no code: it shows its places whenever it is looked at.
        told = [ticket_id for ticket_id, has_code in renamed if has_code]
        record(*(TicketRenamed(ticket_id=each, move_id=move.id) for each in told))
        return len(renamed)
