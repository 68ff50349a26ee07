"""An update that leaves a status as it is does not ask whether it may move."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0008_journals_in_order'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='payment',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='refund',
            name='status_moves',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{PENDING:FAILED,PENDING:PROCESSING,PROCESSING:FAILED,PROCESSING:SUCCEEDED,SUCCEEDED:DISPUTED,SUCCEEDED:REFUNDED,FAILED:SUCCEEDED,DISPUTED:REFUNDED,DISPUTED:SUCCEEDED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='aec93e21229a4a090a042a277ca346d3f1241c05', operation='UPDATE', pgid='pgtrigger_status_moves_38771', table='payments_payment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='refund',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{PENDING:COMPLETED,PENDING:FAILED,PENDING:PROCESSING,PROCESSING:COMPLETED,PROCESSING:FAILED,FAILED:PROCESSING}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='5a1234233c3505ffa513163ce49c5e3a6d747954', operation='UPDATE', pgid='pgtrigger_status_moves_5b763', table='payments_refund', when='BEFORE')),
        ),
    ]
