"""The seat ledger writes what a statement did to places at once, not place by place."""

from importlib import import_module

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

ONE_BY_ONE = import_module("inventory.migrations.0007_when_it_happened").WRITER
DROP = "DROP FUNCTION inventory_write_seat_entry(inventory_eventseat, inventory_eventseat);"


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0011_moves_only_when_moved'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='eventseat',
            name='seat_ledger',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='eventseat',
            trigger=pgtrigger.compiler.Trigger(name='seat_ledger', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nINSERT INTO inventory_seatentry (agency_id, event_id, event_seat_id, at, kind, stock, cost, list_price,\n  currency, price_before, price_after, reason, actor)\nSELECT agency_id, event_id, id,\n  coalesce(nullif(current_setting('tessera.at', true), '')::timestamptz, now()), kind,\n  stays - was,\n  stays * coalesce(cost_after, 0) - was * coalesce(cost_before, 0),\n  stays * coalesce(listed_after, 0) - was * coalesce(listed_before, 0),\n  currency, listed_before, listed_after,\n  left(coalesce(current_setting('tessera.reason', true), ''), 200),\n  left(coalesce(current_setting('tessera.actor', true), ''), 80)\nFROM (\n  SELECT a.agency_id, a.event_id, a.id, a.currency, b.cost AS cost_before, a.cost AS cost_after,\n    (b.ownership = 'OWNED' AND b.status <> 'SOLD')::integer AS was,\n    (a.ownership = 'OWNED' AND a.status <> 'SOLD')::integer AS stays,\n    coalesce(b.price, (SELECT price FROM events_pricelevel WHERE id = b.level_id)) AS listed_before,\n    coalesce(a.price, (SELECT price FROM events_pricelevel WHERE id = a.level_id)) AS listed_after,\n    CASE\n      WHEN b.ownership <> a.ownership AND a.ownership = 'OWNED' THEN 'BOUGHT'\n      WHEN b.ownership <> a.ownership THEN 'RETURNED'\n      WHEN b.status <> 'SOLD' AND a.status = 'SOLD' THEN 'SOLD'\n      WHEN b.status = 'SOLD' AND a.status <> 'SOLD' THEN 'UNSOLD'\n      WHEN a.status = 'BLOCKED' AND b.status <> 'BLOCKED' THEN 'BLOCKED'\n      WHEN b.status = 'BLOCKED' AND a.status <> 'BLOCKED' THEN 'UNBLOCKED'\n      WHEN a.status = 'HELD' AND (b.status <> 'HELD' OR b.hold_id IS DISTINCT FROM a.hold_id)\n        THEN 'HELD'\n      WHEN b.status = 'HELD' AND a.status IN ('AVAILABLE', 'RESERVED') THEN 'RELEASED'\n      WHEN b.cost IS DISTINCT FROM a.cost THEN 'COSTED'\n      ELSE 'REPRICED' END AS kind\n  FROM before b FULL JOIN after a ON a.id = b.id\n  WHERE (b.ownership = 'OWNED' OR a.ownership = 'OWNED') AND (\n    b.ownership <> a.ownership\n    OR b.price IS DISTINCT FROM a.price OR b.cost IS DISTINCT FROM a.cost\n    OR b.level_id IS DISTINCT FROM a.level_id\n    OR (b.hold_id IS DISTINCT FROM a.hold_id AND a.status = 'HELD')\n    OR (b.status = 'HELD' AND a.status = 'RESERVED' AND a.hold_id IS NULL)\n    OR (b.status <> a.status AND a.status <> 'RESERVED'\n        AND NOT (b.status = 'RESERVED' AND a.status IN ('AVAILABLE', 'HELD'))))\n  ORDER BY a.id\n) changed;\nRETURN NULL;\n", hash='95f0b9ba3e5cb68792b376c2e880dc22424305e3', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_seat_ledger_dedfa', referencing='REFERENCING OLD TABLE AS before  NEW TABLE AS after ', table='inventory_eventseat', when='AFTER')),
        ),
        migrations.RunSQL(DROP, ONE_BY_ONE),
    ]
