"""An update that leaves a status as it is does not ask whether it may move."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0010_holds_of_killed_places'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='allocationplan',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='eventseat',
            name='ownership_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='eventseat',
            name='status_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='hold',
            name='status_moves',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='allocationplan',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{DRAFT:APPLIED,APPLIED:UNDONE,UNDONE:APPLIED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='77356648ff62187d302637281c3e0c3f7c1b720a', operation='UPDATE', pgid='pgtrigger_status_moves_ff414', table='inventory_allocationplan', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='eventseat',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{AVAILABLE:BLOCKED,AVAILABLE:HELD,AVAILABLE:RESERVED,RESERVED:AVAILABLE,RESERVED:HELD,RESERVED:SOLD,SOLD:AVAILABLE,SOLD:BLOCKED,SOLD:HELD,BLOCKED:AVAILABLE,HELD:AVAILABLE,HELD:BLOCKED,HELD:RESERVED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='4a6384b4fe68398260fbcb4c8e745ba95349769f', operation='UPDATE', pgid='pgtrigger_status_moves_c661f', table='inventory_eventseat', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='eventseat',
            trigger=pgtrigger.compiler.Trigger(name='ownership_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ownership" IS DISTINCT FROM (NEW."ownership"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."ownership", \':\', NEW."ownership") = ANY(\'{NOT_OWNED:OWNED,OWNED:RETURNED_TO_SUPPLIER,RETURNED_TO_SUPPLIER:OWNED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."ownership" IS DISTINCT FROM NEW."ownership") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "ownership" from "%" to "%" on table %\', OLD."ownership", NEW."ownership", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='fc0e645e143d22b5f9752aeeeb9d9cf833238719', operation='UPDATE', pgid='pgtrigger_ownership_moves_e7509', table='inventory_eventseat', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='hold',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))', declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{ACTIVE:EXPIRED,ACTIVE:KILLED,ACTIVE:RELEASED}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='498426d4e863fb1ef33254e9a6eaa960fca8a41f', operation='UPDATE', pgid='pgtrigger_status_moves_57350', table='inventory_hold', when='BEFORE')),
        ),
    ]
