"""A place that was taken off sale when its hold was killed keeps that hold until it is freed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0005_level_currency'),
        ('inventory', '0008_level_repriced_locks'),
        ('venues', '0003_time_zone'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='eventseat',
            name='held_seats_have_a_hold',
        ),
        migrations.AddConstraint(
            model_name='eventseat',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('hold__isnull', False), ('status', 'HELD')), ('status__in', ('RESERVED', 'SOLD', 'BLOCKED')), models.Q(('hold', None), ('status', 'AVAILABLE')), _connector='OR'), name='held_seats_have_a_hold'),
        ),
    ]
