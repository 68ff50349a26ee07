"""Events that were moved to another version of their layout."""

import core.ids
import core.tenancy
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from core.isolation import Isolate, only_grows


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0006_moves_only_when_moved'),
        ('inventory', '0012_seat_ledger_by_statement'),
        ('venues', '0004_drafts_and_notes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LayoutMove',
            fields=[
                ('agency_id', models.UUIDField(default=core.tenancy.current_agency_id, editable=False)),
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=200)),
                ('kept', models.PositiveIntegerField()),
                ('renamed', models.PositiveIntegerField()),
                ('added', models.PositiveIntegerField()),
                ('removed', models.PositiveIntegerField()),
                ('tickets_renamed', models.PositiveIntegerField()),
                ('moved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('after', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='venues.layout')),
                ('before', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='venues.layout')),
                ('event', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='layout_moves', to='events.event')),
                ('moved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'layout move',
                'ordering': ['-moved_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='layout_move_has_a_reason')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='layoutmove',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP;", hash='e3a39bbfb2646fa961938a3d8491eb75a587b108', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_6bb4d', table='inventory_layoutmove', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='layoutmove',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP;", hash='4ae19a26d2f83da0ff2244ad996999f608d3ba9f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_e9104', table='inventory_layoutmove', when='BEFORE')),
        ),
        Isolate('LayoutMove'),
        only_grows('inventory_layoutmove'),
    ]
