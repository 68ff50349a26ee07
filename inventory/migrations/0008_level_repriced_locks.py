"""A new price of a level waits for the sales of its places, and they for it: otherwise a place that is
sold in the same moment leaves the stock at one price and is repriced to another."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION inventory_level_repriced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, kind, stock, cost, list_price,
    currency, price_before, price_after, reason, actor)
  SELECT agency_id, event_id, id, 'REPRICED', 0, 0,
    CASE WHEN status = 'SOLD' THEN 0 ELSE NEW.price - OLD.price END, currency, OLD.price, NEW.price,
    left(coalesce(current_setting('tessera.reason', true), ''), 200),
    left(coalesce(current_setting('tessera.actor', true), ''), 80)
  FROM {seats};
  RETURN NULL;
END $$;
"""
THEY_ARE = "WHERE level_id = NEW.id AND price IS NULL AND ownership = 'OWNED'"
LOCKED = f"(SELECT * FROM inventory_eventseat {THEY_ARE} ORDER BY id FOR NO KEY UPDATE) locked"
AS_THEY_ARE = f"inventory_eventseat {THEY_ARE} ORDER BY ordinal"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_when_it_happened")]
    operations = [
        migrations.RunSQL(FUNCTION.format(seats=LOCKED), FUNCTION.format(seats=AS_THEY_ARE)),
    ]
