"""Row-level security and same-agency keys of holds, plans and prices; the seat ledger's writer."""

from django.db import migrations

from core.isolation import Isolate, IsolateKeys, only_grows, readable_in_qa

# What a place is worth while it is in stock: owned and not sold.
WRITER = """
CREATE FUNCTION inventory_write_seat_entry(before inventory_eventseat, after inventory_eventseat)
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
  INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, kind, stock, cost, list_price,
    currency, price_before, price_after, reason, actor)
  VALUES (after.agency_id, after.event_id, after.id,
    CASE
      WHEN before.ownership <> after.ownership AND after.ownership = 'OWNED' THEN 'BOUGHT'
      WHEN before.ownership <> after.ownership THEN 'RETURNED'
      WHEN before.status <> 'SOLD' AND after.status = 'SOLD' THEN 'SOLD'
      WHEN before.status = 'SOLD' AND after.status <> 'SOLD' THEN 'UNSOLD'
      WHEN after.status = 'BLOCKED' AND before.status <> 'BLOCKED' THEN 'BLOCKED'
      WHEN before.status = 'BLOCKED' AND after.status <> 'BLOCKED' THEN 'UNBLOCKED'
      WHEN after.status = 'HELD' AND (before.status <> 'HELD'
        OR before.hold_id IS DISTINCT FROM after.hold_id) THEN 'HELD'
      WHEN before.status = 'HELD' AND after.status = 'AVAILABLE' THEN 'RELEASED'
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
DROP_WRITER = """
DROP FUNCTION inventory_write_seat_entry(inventory_eventseat, inventory_eventseat);
"""
# A level's price is the price of every place of it that has none of its own.
LEVEL_REPRICED = """
CREATE FUNCTION inventory_level_repriced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, kind, stock, cost, list_price,
    currency, price_before, price_after, reason, actor)
  SELECT agency_id, event_id, id, 'REPRICED', 0, 0,
    CASE WHEN status = 'SOLD' THEN 0 ELSE NEW.price - OLD.price END, currency, OLD.price, NEW.price,
    left(coalesce(current_setting('tessera.reason', true), ''), 200),
    left(coalesce(current_setting('tessera.actor', true), ''), 80)
  FROM inventory_eventseat
  WHERE level_id = NEW.id AND price IS NULL AND ownership = 'OWNED' ORDER BY ordinal;
  RETURN NULL;
END $$;
CREATE TRIGGER inventory_level_repriced AFTER UPDATE OF price ON events_pricelevel
FOR EACH ROW WHEN (OLD.price <> NEW.price) EXECUTE FUNCTION inventory_level_repriced();
"""
DROP_LEVEL_REPRICED = """
DROP TRIGGER inventory_level_repriced ON events_pricelevel;
DROP FUNCTION inventory_level_repriced();
"""
# What was owned before there was a ledger begins in it now.
OPENING = """
SELECT set_config('tessera.system', 'on', true);
INSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, kind, stock, cost, list_price,
  currency, price_after, reason, actor)
SELECT e.agency_id, e.event_id, e.id, 'BOUGHT', 1, e.cost, coalesce(e.price, l.price, 0), e.currency,
       coalesce(e.price, l.price), 'opening balance', ''
FROM inventory_eventseat e LEFT JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.ownership = 'OWNED' AND e.status <> 'SOLD' ORDER BY e.id;
SELECT set_config('tessera.system', '', true);
"""
SEATS = """
CREATE OR REPLACE VIEW qa.seats WITH (security_invoker = true) AS
SELECT e.event_id, e.ordinal, e.status, e.ownership, e.cost, coalesce(e.price, l.price) AS price,
       e.currency, e.claimed_by AS booking_id, {hold} AS hold_id
FROM inventory_eventseat e LEFT JOIN events_pricelevel l ON l.id = e.level_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0004_holds_allocation_pricing"),
        ("agencies", "0005_buying"),
    ]
    operations = [
        Isolate("Hold"),
        Isolate("AllocationPlan"),
        Isolate("AllocationShare"),
        Isolate("PricingRule"),
        Isolate("PriceChange"),
        Isolate("SeatEntry"),
        IsolateKeys("EventSeat", "hold"),
        only_grows("inventory_pricechange", "inventory_seatentry"),
        migrations.RunSQL(WRITER, DROP_WRITER),
        migrations.RunSQL(LEVEL_REPRICED, DROP_LEVEL_REPRICED),
        migrations.RunSQL(OPENING, migrations.RunSQL.noop),
        migrations.RunSQL(SEATS.format(hold="e.hold_id"), SEATS.format(hold="NULL::uuid")),
        readable_in_qa("inventory_eventseat"),
    ]
