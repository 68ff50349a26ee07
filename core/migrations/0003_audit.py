"""The function behind core.audit.Audited: keeps only tracked columns, and of an update only those
that changed."""

from django.db import migrations

AUDIT = """
CREATE FUNCTION tessera_audit(
  target text, operation text, tracked text[], old_row jsonb, new_row jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  before jsonb;
  after jsonb;
  base jsonb := coalesce(new_row, old_row);
BEGIN
  SELECT jsonb_object_agg(c, old_row -> c), jsonb_object_agg(c, new_row -> c) INTO before, after
  FROM unnest(tracked) AS c
  WHERE operation <> 'UPDATE' OR old_row -> c IS DISTINCT FROM new_row -> c;
  IF operation = 'UPDATE' AND before IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO core_auditentry (agency_id, actor, action, table_name, row_id, before, after)
  VALUES (coalesce(base ->> 'agency_id', base ->> 'id')::uuid,
          coalesce(current_setting('tessera.actor', true), ''), operation, target, base ->> 'id',
          CASE WHEN operation <> 'INSERT' THEN before END,
          CASE WHEN operation <> 'DELETE' THEN after END);
END $$;
"""
DROP_AUDIT = "DROP FUNCTION tessera_audit(text, text, text[], jsonb, jsonb);"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_initial")]
    operations = [migrations.RunSQL(AUDIT, DROP_AUDIT)]
