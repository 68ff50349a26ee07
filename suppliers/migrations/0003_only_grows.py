"""What only grows is changed by nobody who serves."""

from django.db import migrations

from core.isolation import only_grows


class Migration(migrations.Migration):
    dependencies = [("suppliers", "0002_isolation")]
    operations = [only_grows("suppliers_deliveryreceipt", "suppliers_receiptline")]
