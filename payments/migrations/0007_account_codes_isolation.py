"""Row-level security of the account codes."""

from django.db import migrations

from core.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_accounts_of_buying")]
    operations = [Isolate("AccountCode")]
