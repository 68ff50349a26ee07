"""The index behind a partner's list of what he sold, built without stopping sales."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0021_suspicious_sales")]
    operations = [
        AddIndexConcurrently(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("seller_key__isnull", False)),
                fields=["seller_key", "id"],
                name="bookings_of_key",
            ),
        ),
    ]
