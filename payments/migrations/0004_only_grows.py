"""What only grows is changed by nobody who serves."""

from django.db import migrations

from core.isolation import only_grows


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_refund_looked_up_at")]
    operations = [only_grows("payments_journal", "payments_ledgerentry")]
