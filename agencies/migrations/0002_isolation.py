"""An agency sees itself and its own people; the tables below agencies get their key to it."""

from django.db import migrations

from core.isolation import AGENCY_KEY, Isolate

BELOW = [
    "core_outboxmessage",
    "core_idempotencykey",
    "core_numberseries",
    "core_auditentry",
    "accounts_apikey",
]
OWN_ROW = """
ALTER TABLE agencies_agency ENABLE ROW LEVEL SECURITY;
ALTER TABLE agencies_agency FORCE ROW LEVEL SECURITY;
CREATE POLICY agencies_agency_agency ON agencies_agency
  USING (id = (SELECT nullif(current_setting('tessera.agency', true), '')::uuid)
         OR (SELECT current_setting('tessera.system', true) = 'on'))
  WITH CHECK (id = (SELECT nullif(current_setting('tessera.agency', true), '')::uuid)
         OR (SELECT current_setting('tessera.system', true) = 'on'));
"""
DROP_OWN_ROW = """
DROP POLICY agencies_agency_agency ON agencies_agency;
ALTER TABLE agencies_agency NO FORCE ROW LEVEL SECURITY;
ALTER TABLE agencies_agency DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0001_initial"),
        ("core", "0003_isolation"),
        ("accounts", "0002_isolation"),
    ]
    operations = [
        migrations.RunSQL(OWN_ROW, DROP_OWN_ROW),
        *[
            migrations.RunSQL(
                AGENCY_KEY.format(table=table),
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_agency_fk;",
            )
            for table in BELOW
        ],
        Isolate("Membership"),
        Isolate("Organizer"),
    ]
