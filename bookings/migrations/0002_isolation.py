"""Row-level security and same-agency keys, and the read-only views of schema qa."""

from django.db import migrations

from core.isolation import Isolate, readable_in_qa

VIEWS = """
CREATE VIEW qa.bookings WITH (security_invoker = true) AS
SELECT id, number, event_id, status, total, currency, reserved_until FROM bookings_booking;
CREATE VIEW qa.tickets WITH (security_invoker = true) AS
SELECT t.id, t.event_id, t.ordinal, i.booking_id, t.status, t.generation AS code_generation
FROM tickets_ticket t
JOIN bookings_bookingitem i ON i.ticket_id = t.id;
"""
DROP_VIEWS = "DROP VIEW qa.bookings, qa.tickets;"


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0001_initial"),
        ("agencies", "0002_isolation"),
    ]
    operations = [
        Isolate("Booking"),
        Isolate("BookingItem"),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        readable_in_qa("bookings_booking", "bookings_bookingitem", "tickets_ticket"),
    ]
