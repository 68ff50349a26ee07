"""An update that leaves a status as it is does not ask whether it may move."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0004_only_grows'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='ticket',
            name='status_moves',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{RESERVED:CANCELLED,RESERVED:CONFIRMED,CONFIRMED:CANCELLED,CONFIRMED:REFUNDED,CONFIRMED:TRANSFERRED,CONFIRMED:USED,TRANSFERRED:CANCELLED,TRANSFERRED:CONFIRMED,TRANSFERRED:REFUNDED,TRANSFERRED:USED,USED:REFUNDED,CANCELLED:REFUNDED,CANCELLED:RESERVED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='de6ce0fdec0454cd21707fd6ae280dbf896a5bcf', operation='UPDATE', pgid='pgtrigger_status_moves_1f357', table='tickets_ticket', when='BEFORE')),
        ),
    ]
