"""The places of an event, one row each, as its layout has them."""

from django.db import connection

from core.locks import lock_one
from core.transactions import take_time, use_case
from events.models import Event

# Which level covers each row of the layout: of several the one that names rows, then the last. Found
# once a row, not once a place.
COVERED = """
WITH covered AS MATERIALIZED (
  SELECT r.section_id, r.row, (
    SELECT l.id FROM events_pricelevel l JOIN events_pricearea a ON a.level_id = l.id
    WHERE l.event_id = %(event)s AND a.section_id = r.section_id
      AND (cardinality(a.rows) = 0 OR r.row = ANY (a.rows))
    ORDER BY cardinality(a.rows) DESC, l.position DESC, l.id LIMIT 1
  ) AS level_id
  FROM (
    SELECT DISTINCT section_id, row FROM venues_layoutseat WHERE layout_id = %(layout)s
  ) r
)
"""
# An event that has all its places is not gone through.
LAY_OUT = f"""
{COVERED}
INSERT INTO inventory_eventseat
  (agency_id, event_id, ordinal, seat_id, level_id, ownership, status, currency)
SELECT s.agency_id, %(event)s, s.ordinal, s.id, c.level_id, 'NOT_OWNED', 'AVAILABLE', %(currency)s
FROM venues_layoutseat s JOIN covered c ON c.section_id = s.section_id AND c.row = s.row
WHERE s.layout_id = %(layout)s AND s.ordinal NOT IN (
  SELECT ordinal FROM inventory_eventseat WHERE event_id = %(event)s
)
AND (SELECT count(*) FROM inventory_eventseat WHERE event_id = %(event)s)
  < (SELECT capacity FROM venues_layout WHERE id = %(layout)s)
"""  # noqa: S608 - constants only
# Places can be ordered before prices are set, and levels change while an event is a draft.
RELEVEL = f"""
{COVERED}
UPDATE inventory_eventseat e SET level_id = c.level_id
FROM venues_layoutseat s JOIN covered c ON c.section_id = s.section_id AND c.row = s.row
WHERE e.event_id = %(event)s AND s.id = e.seat_id AND e.status NOT IN ('RESERVED', 'SOLD')
  AND e.level_id IS DISTINCT FROM c.level_id
"""  # noqa: S608 - constants only


# Of rows just written PostgreSQL knows nothing: it would go through the rows of the house once a place.
NO_LOOPS = "SELECT set_config('enable_nestloop', %s, true)"
# Levels change while an event is a draft only; publishing lays it out once more. All places are written
# by one statement: where the last one is, none is missing.
IS_LAID_OUT = """
SELECT v.status <> 'DRAFT' AND EXISTS (
  SELECT FROM inventory_eventseat e WHERE e.event_id = v.id AND e.ordinal = l.capacity - 1
)
FROM events_event v JOIN venues_layout l ON l.id = v.layout_id WHERE v.id = %(event)s
"""


def ensure_laid_out(event):
    """Lays the event out unless that would change nothing: every line of an order asks for it."""
    with connection.cursor() as cursor:
        cursor.execute(IS_LAID_OUT, {"event": event.pk})
        [is_laid_out] = cursor.fetchone()
    if not is_laid_out:
        lay_out(event)


@use_case
def lay_out(event):
    """Gives the event one EventSeat per place of its layout, each with the level that covers it now.

    Repeating it adds what is missing and moves places that are not taken to the level that covers
    them. Of several who do it at once each waits for the others. Returns how many places were added.
    """
    take_time()
    lock_one(Event.objects.filter(pk=event.pk).only("pk"))
    names = {"event": event.pk, "layout": event.layout_id, "currency": event.currency}
    with connection.cursor() as cursor:
        cursor.execute(NO_LOOPS, ["off"])
        cursor.execute(RELEVEL, names)
        cursor.execute(LAY_OUT, names)
        added = cursor.rowcount
        cursor.execute(NO_LOOPS, ["on"])
    return added
