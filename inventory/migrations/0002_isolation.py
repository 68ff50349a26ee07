"""Row-level security and same-agency keys, and the read-only views of schema qa."""

from django.db import migrations

from core.isolation import Isolate, readable_in_qa

VIEWS = """
CREATE VIEW qa.seats WITH (security_invoker = true) AS
SELECT e.event_id, e.ordinal, e.status, e.ownership, e.cost, coalesce(e.price, l.price) AS price,
       e.currency, e.claimed_by AS booking_id, NULL::uuid AS hold_id
FROM inventory_eventseat e LEFT JOIN events_pricelevel l ON l.id = e.level_id;
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
        readable_in_qa("inventory_eventseat", "events_pricelevel"),
    ]
