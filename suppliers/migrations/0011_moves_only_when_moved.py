"""An update that leaves a status as it is does not ask whether it may move."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('suppliers', '0010_refused_invoices_may_come_again'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='paymentrun',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='purchaseorder',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='purchaseorderline',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='supplierinvoice',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='supplierreturn',
            name='status_moves',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='paymentrun',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{PROPOSED:APPROVED,PROPOSED:CANCELLED,APPROVED:CANCELLED,APPROVED:PAID}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='0a63fbe66f80ab871c7e2a971687af58014bbc2a', operation='UPDATE', pgid='pgtrigger_status_moves_2bbf2', table='suppliers_paymentrun', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='purchaseorder',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{DRAFT:CANCELLED,DRAFT:PENDING,PENDING:CANCELLED,PENDING:CONFIRMED,PENDING:DRAFT,CONFIRMED:CANCELLED,CONFIRMED:COMPLETED,CONFIRMED:PARTIALLY_RECEIVED,PARTIALLY_RECEIVED:COMPLETED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='9f5c91a1d448b80ea2e6de5f8543319600555fe2', operation='UPDATE', pgid='pgtrigger_status_moves_e531e', table='suppliers_purchaseorder', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='purchaseorderline',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{PENDING:CANCELLED,PENDING:CONFIRMED,CONFIRMED:CANCELLED,CONFIRMED:PARTIALLY_RECEIVED,CONFIRMED:PENDING,CONFIRMED:RECEIVED,PARTIALLY_RECEIVED:RECEIVED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='07b67bda00ad0894728dc3a520326c230644099d', operation='UPDATE', pgid='pgtrigger_status_moves_e80bd', table='suppliers_purchaseorderline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='supplierinvoice',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{EXCEPTION:ACCEPTED,EXCEPTION:MATCHED,EXCEPTION:REFUSED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='395aa0bf1b6227b62e85b7093ba6de960458bd33', operation='UPDATE', pgid='pgtrigger_status_moves_26b61', table='suppliers_supplierinvoice', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='supplierreturn',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{REQUESTED:ACCEPTED,REQUESTED:REFUSED,REQUESTED:WITHDRAWN,ACCEPTED:CREDITED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='a0c87498173dd7d9349f5d863e63dcc4cf758a18', operation='UPDATE', pgid='pgtrigger_status_moves_63936', table='suppliers_supplierreturn', when='BEFORE')),
        ),
    ]
