"""Row-level security and same-agency keys, and the read-only views of schema qa."""

from django.db import migrations

from core.isolation import Isolate, readable_in_qa

VIEWS = """
CREATE VIEW qa.scans WITH (security_invoker = true) AS
SELECT s.id, s.ticket_id, g.name AS gate, s.verdict, s.at
FROM tickets_scan s JOIN tickets_gate g ON g.id = s.gate_id;
"""
DROP_VIEWS = "DROP VIEW qa.scans;"

# At commit a seat is what its tickets say: taken with exactly one live ticket, free with none.
SEATS_AGREE = """
CREATE FUNCTION tickets_seat_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  seat record;
  live integer;
BEGIN
  SELECT status INTO seat FROM inventory_eventseat
    WHERE id = CASE WHEN TG_TABLE_NAME = 'inventory_eventseat' THEN (to_jsonb(NEW) ->> 'id')::bigint
               ELSE (to_jsonb(NEW) ->> 'event_seat_id')::bigint END;
  SELECT count(*) INTO live FROM tickets_ticket
    WHERE event_seat_id = CASE WHEN TG_TABLE_NAME = 'inventory_eventseat'
                          THEN (to_jsonb(NEW) ->> 'id')::bigint
                          ELSE (to_jsonb(NEW) ->> 'event_seat_id')::bigint END
      AND status IN ('RESERVED', 'CONFIRMED', 'TRANSFERRED', 'USED');
  IF live <> (seat.status IN ('RESERVED', 'SOLD'))::integer THEN
    RAISE EXCEPTION 'seat is % but has % live tickets', seat.status, live
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER seats_agree_with_tickets
  AFTER UPDATE ON inventory_eventseat DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tickets_seat_agrees();
CREATE CONSTRAINT TRIGGER tickets_agree_with_seats
  AFTER UPDATE ON tickets_ticket DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tickets_seat_agrees();
"""
DROP_SEATS_AGREE = """
DROP TRIGGER seats_agree_with_tickets ON inventory_eventseat;
DROP TRIGGER tickets_agree_with_seats ON tickets_ticket;
DROP FUNCTION tickets_seat_agrees();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0001_initial"),
        ("agencies", "0002_isolation"),
    ]
    operations = [
        Isolate("SigningKey"),
        Isolate("Ticket"),
        Isolate("Gate"),
        Isolate("Admission"),
        Isolate("Scan"),
        migrations.RunSQL(SEATS_AGREE, DROP_SEATS_AGREE),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        readable_in_qa("tickets_scan", "tickets_gate"),
    ]
