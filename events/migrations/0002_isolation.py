"""Row-level security and same-agency keys."""

from django.db import migrations

from core.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_initial"),
        ("agencies", "0002_isolation"),
    ]
    operations = [
        Isolate("Event"),
        Isolate("PriceLevel"),
        Isolate("PriceArea"),
    ]
