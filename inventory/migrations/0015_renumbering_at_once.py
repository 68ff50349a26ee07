"""A house can be renumbered by one statement: ordinals are looked at when it ends."""

import django.db.models.constraints
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0008_a_booking_holds_a_pair'),
        ('inventory', '0014_shown_to_buyers'),
        ('venues', '0006_tracing_pictures'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='eventseat',
            name='one_event_seat_per_ordinal',
        ),
        migrations.AddConstraint(
            model_name='eventseat',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], fields=('event', 'ordinal'), name='one_event_seat_per_ordinal'),
        ),
    ]
