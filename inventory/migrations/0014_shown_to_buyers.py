"""What buyers are shown of an event's places, in numbered versions."""

import core.tenancy
import django.db.models.deletion
from django.db import migrations, models

from core.isolation import Isolate


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0007_split_rule'),
        ('inventory', '0013_layout_moves'),
        ('venues', '0004_drafts_and_notes'),
    ]

    operations = [
        migrations.CreateModel(
            name='HouseChange',
            fields=[
                ('agency_id', models.UUIDField(default=core.tenancy.current_agency_id, editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('version', models.BigIntegerField()),
                ('content', models.BinaryField()),
                ('event', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='events.event')),
            ],
            options={
                'ordering': ['event', 'version'],
                'constraints': [models.UniqueConstraint(fields=('event', 'version'), name='one_change_to_a_version')],
            },
        ),
        migrations.CreateModel(
            name='HouseState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agency_id', models.UUIDField(default=core.tenancy.current_agency_id, editable=False)),
                ('version', models.BigIntegerField()),
                ('status', models.BinaryField()),
                ('looked_at', models.DateTimeField()),
                ('event', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='events.event')),
                ('layout', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='venues.layout')),
            ],
            options={
                'ordering': ['event'],
                'constraints': [models.UniqueConstraint(fields=('event',), name='one_state_of_a_house')],
            },
        ),
        Isolate("HouseChange"),
        Isolate("HouseState"),
    ]
