"""What a seat cost and costs is in the currency of its event: held as a key, like a level's."""

from django.db import migrations

KEY = """
ALTER TABLE inventory_eventseat ADD CONSTRAINT inventory_eventseat_currency_fk
  FOREIGN KEY (event_id, currency) REFERENCES events_event (id, currency)
  ON DELETE RESTRICT DEFERRABLE INITIALLY IMMEDIATE;
"""
DROP_KEY = "ALTER TABLE inventory_eventseat DROP CONSTRAINT inventory_eventseat_currency_fk;"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_isolation"), ("events", "0005_level_currency")]
    operations = [migrations.RunSQL(KEY, DROP_KEY)]
