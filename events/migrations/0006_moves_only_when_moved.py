"""An update that leaves a status as it is does not ask whether it may move."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0005_level_currency'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='event',
            name='status_moves',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{DRAFT:CANCELLED,DRAFT:PUBLISHED,PUBLISHED:CANCELLED,PUBLISHED:COMPLETED,PUBLISHED:DRAFT,PUBLISHED:ON_SALE,ON_SALE:CANCELLED,ON_SALE:COMPLETED,ON_SALE:PUBLISHED,ON_SALE:SOLD_OUT,SOLD_OUT:CANCELLED,SOLD_OUT:COMPLETED,SOLD_OUT:ON_SALE}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='5cf2fa4bbec2395b2b8330d95b35a35b2d2e0221', operation='UPDATE', pgid='pgtrigger_status_moves_3d37d', table='events_event', when='BEFORE')),
        ),
    ]
