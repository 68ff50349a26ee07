"""What only grows is changed by nobody who serves."""

from django.db import migrations

from core.isolation import only_grows


class Migration(migrations.Migration):
    dependencies = [("core", "0004_time_zones")]
    operations = [only_grows("core_auditentry")]
