"""A buyer who takes a place of a hold that ran out releases it: the seat ledger says so."""

from importlib import import_module

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


BEFORE = import_module("inventory.migrations.0005_holds_allocation_pricing_isolation").WRITER.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
AFTER = BEFORE.replace(
    "before.status = 'HELD' AND after.status = 'AVAILABLE' THEN 'RELEASED'",
    "before.status = 'HELD' AND after.status IN ('AVAILABLE', 'RESERVED') THEN 'RELEASED'",
)


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0006_price_jobs'),
    ]

    operations = [
        migrations.RunSQL(AFTER, BEFORE),
        pgtrigger.migrations.RemoveTrigger(
            model_name='eventseat',
            name='seat_ledger',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='eventseat',
            trigger=pgtrigger.compiler.Trigger(name='seat_ledger', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (\n        (OLD.ownership = 'OWNED' OR NEW.ownership = 'OWNED') AND (\n          OLD.ownership <> NEW.ownership\n          OR OLD.price IS DISTINCT FROM NEW.price OR OLD.cost IS DISTINCT FROM NEW.cost\n          OR OLD.level_id IS DISTINCT FROM NEW.level_id\n          OR (OLD.hold_id IS DISTINCT FROM NEW.hold_id AND NEW.status = 'HELD')\n          OR (OLD.status = 'HELD' AND NEW.status = 'RESERVED' AND NEW.hold_id IS NULL)\n          OR (OLD.status <> NEW.status AND NEW.status <> 'RESERVED'\n              AND NOT (OLD.status = 'RESERVED' AND NEW.status IN ('AVAILABLE', 'HELD'))))\n    )", func='PERFORM inventory_write_seat_entry(OLD, NEW); RETURN NULL;', hash='9d2471c84078d486f17a04f6adf60a96b3cbd989', operation='UPDATE', pgid='pgtrigger_seat_ledger_dedfa', table='inventory_eventseat', when='AFTER')),
        ),
    ]
