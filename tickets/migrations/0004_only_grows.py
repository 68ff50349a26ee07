"""What only grows is changed by nobody who serves."""

from django.db import migrations

from core.isolation import only_grows


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_scan_code_digest")]
    operations = [only_grows("tickets_admission", "tickets_scan")]
