"""An update that leaves a status as it is does not ask whether it may move."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0005_open_bookings_of_client'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='booking',
            name='status_moves',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{PENDING:CANCELLED,PENDING:RESERVED,RESERVED:CANCELLED,RESERVED:CONFIRMED,RESERVED:EXPIRED,CONFIRMED:CANCELLED,CONFIRMED:PAID,CONFIRMED:REFUNDED,PAID:CANCELLED,PAID:REFUNDED,EXPIRED:CONFIRMED,EXPIRED:REFUNDED,CANCELLED:REFUNDED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='9ca8e870598ba2f5176621af5daf68166a940be1', operation='UPDATE', pgid='pgtrigger_status_moves_7565a', table='bookings_booking', when='BEFORE')),
        ),
    ]
