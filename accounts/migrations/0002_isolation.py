"""Row-level security for keys. Users belong to no agency: their memberships do."""

from django.db import migrations

from core.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("core", "0003_isolation")]
    operations = [Isolate("ApiKey", agency_key=False)]
