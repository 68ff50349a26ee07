"""The seat ledger keeps when something happened, if whoever writes it down says so (core.audit.because)."""

from django.db import migrations

WRITER = """
CREATE OR REPLACE FUNCTION inventory_write_seat_entry(before inventory_eventseat, after inventory_eventseat)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  was boolean := before.ownership = 'OWNED' AND before.status <> 'SOLD';
  stays boolean := after.ownership = 'OWNED' AND after.status <> 'SOLD';
  listed_before numeric := before.price;
  listed_after numeric := after.price;
BEGIN
  IF listed_before IS NULL THEN
    SELECT price INTO listed_before FROM events_pricelevel WHERE id = before.level_id;
  END IF;
  IF after.price IS NULL AND before.price IS NULL AND before.level_id IS NOT DISTINCT FROM after.level_id
  THEN
    listed_after := listed_before;
  ELSIF listed_after IS NULL THEN
    SELECT price INTO listed_after FROM events_pricelevel WHERE id = after.level_id;
  END IF;
  INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, at, kind, stock, cost, list_price,
    currency, price_before, price_after, reason, actor)
  VALUES (after.agency_id, after.event_id, after.id,
    coalesce(nullif(current_setting('tessera.at', true), '')::timestamptz, now()),
    CASE
      WHEN before.ownership <> after.ownership AND after.ownership = 'OWNED' THEN 'BOUGHT'
      WHEN before.ownership <> after.ownership THEN 'RETURNED'
      WHEN before.status <> 'SOLD' AND after.status = 'SOLD' THEN 'SOLD'
      WHEN before.status = 'SOLD' AND after.status <> 'SOLD' THEN 'UNSOLD'
      WHEN after.status = 'BLOCKED' AND before.status <> 'BLOCKED' THEN 'BLOCKED'
      WHEN before.status = 'BLOCKED' AND after.status <> 'BLOCKED' THEN 'UNBLOCKED'
      WHEN after.status = 'HELD' AND (before.status <> 'HELD'
        OR before.hold_id IS DISTINCT FROM after.hold_id) THEN 'HELD'
      WHEN before.status = 'HELD' AND after.status IN ('AVAILABLE', 'RESERVED') THEN 'RELEASED'
      WHEN before.cost IS DISTINCT FROM after.cost THEN 'COSTED'
      ELSE 'REPRICED' END,
    stays::integer - was::integer,
    stays::integer * coalesce(after.cost, 0) - was::integer * coalesce(before.cost, 0),
    stays::integer * coalesce(listed_after, 0) - was::integer * coalesce(listed_before, 0),
    after.currency, listed_before, listed_after,
    left(coalesce(current_setting('tessera.reason', true), ''), 200),
    left(coalesce(current_setting('tessera.actor', true), ''), 80));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_buyers_of_lapsed_holds")]
    operations = [migrations.RunSQL(WRITER, migrations.RunSQL.noop)]
