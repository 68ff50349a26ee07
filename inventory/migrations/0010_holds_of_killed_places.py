"""Places that were taken off sale when a hold was killed learn which hold that was."""

from django.db import migrations

# Until now only the seat ledger's last word on them said it. Of several holds of one name and reason
# it is the one that ended in that moment, and of a pool and its parts the pool.
FILL = """
SELECT set_config('tessera.system', 'on', true);
WITH killed AS (
  SELECT DISTINCT ON (s.id) s.id, h.id AS hold_id
  FROM inventory_eventseat s
  CROSS JOIN LATERAL (
    SELECT e.at, e.reason FROM inventory_seatentry e
    WHERE e.event_seat_id = s.id AND e.kind IN ('BLOCKED', 'UNBLOCKED', 'RETURNED')
    ORDER BY e.id DESC LIMIT 1
  ) last
  JOIN inventory_hold h ON h.event_id = s.event_id AND h.status = 'KILLED'
    AND last.reason = left('Hold ' || h.name || ' killed: ' || h.release_reason, 200)
  WHERE s.status = 'BLOCKED'
  ORDER BY s.id, (h.released_at = last.at) DESC, h.pool_id NULLS FIRST, h.id
)
UPDATE inventory_eventseat s SET hold_id = killed.hold_id FROM killed WHERE killed.id = s.id;
SELECT set_config('tessera.system', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_killed_places_keep_their_hold")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
