"""A price level is in the currency of its event: held as a key, so that neither can change alone."""

from django.db import migrations

KEY = """
CREATE UNIQUE INDEX events_event_currency_key ON events_event (id, currency);
ALTER TABLE events_pricelevel ADD CONSTRAINT events_pricelevel_currency_fk
  FOREIGN KEY (event_id, currency) REFERENCES events_event (id, currency)
  ON DELETE RESTRICT DEFERRABLE INITIALLY IMMEDIATE;
"""
DROP_KEY = """
ALTER TABLE events_pricelevel DROP CONSTRAINT events_pricelevel_currency_fk;
DROP INDEX events_event_currency_key;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0004_time_zone")]
    operations = [migrations.RunSQL(KEY, DROP_KEY)]
