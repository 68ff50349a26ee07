"""Row-level security for the kernel's tables, and the schema of read-only views."""

from django.db import migrations

from core.isolation import Isolate, readable_in_qa

# Whoever may log in to read the views reads through row-level security like everybody else; the
# role tessera_qa has the system scope as its default, an ordinary role has none.
SCHEMA = """
CREATE SCHEMA qa;
GRANT USAGE ON SCHEMA qa TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA qa GRANT SELECT ON TABLES TO PUBLIC;
"""
DROP_SCHEMA = """
ALTER DEFAULT PRIVILEGES IN SCHEMA qa REVOKE SELECT ON TABLES FROM PUBLIC;
DROP SCHEMA qa;
"""
VIEWS = """
CREATE VIEW qa.outbox WITH (security_invoker = true) AS
SELECT id, handler, done_at, attempts FROM core_outboxmessage;
CREATE VIEW qa.audit WITH (security_invoker = true) AS
SELECT id, at, actor, action, table_name, row_id, before, after FROM core_auditentry;
"""
DROP_VIEWS = "DROP VIEW qa.outbox, qa.audit;"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_initial")]
    operations = [
        Isolate("OutboxMessage", agency_key=False),
        Isolate("IdempotencyKey", agency_key=False),
        Isolate("NumberSeries", agency_key=False),
        Isolate("AuditEntry", agency_key=False),
        migrations.RunSQL(SCHEMA, DROP_SCHEMA),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        readable_in_qa("core_outboxmessage", "core_auditentry"),
    ]
