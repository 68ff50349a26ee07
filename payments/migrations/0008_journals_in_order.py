"""The index behind files of journals: they are read in parts, in the order of posting."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0007_account_codes_isolation")]
    operations = [
        AddIndexConcurrently(
            model_name="journal",
            index=models.Index(fields=["posted_at", "id"], name="journals_in_order"),
        ),
    ]
