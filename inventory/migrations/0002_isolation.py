"""Row-level security and same-agency keys, and the read-only views of schema qa."""

from django.db import migrations

from core.isolation import Isolate

VIEWS = """
CREATE VIEW qa.seats WITH (security_invoker = true) AS
SELECT event_id, ordinal, status, ownership, cost, price, currency,
       claimed_by AS booking_id, NULL::uuid AS hold_id
FROM inventory_eventseat;
"""
DROP_VIEWS = "DROP VIEW qa.seats;"


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
        ("agencies", "0002_isolation"),
    ]
    operations = [
        Isolate("EventSeat"),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
    ]
