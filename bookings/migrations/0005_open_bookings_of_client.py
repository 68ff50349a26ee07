"""The index behind the trigger nobody_hoards, built without stopping sales."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0004_client")]
    operations = [
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("status", "RESERVED"), models.Q(("client", ""), _negated=True)),
                fields=["client"],
                name="open_bookings_of_client",
            ),
        ),
    ]
