"""Database functions that tables of every app rely on."""

from django.db import migrations

FITS_CURRENCY = """
CREATE FUNCTION tessera_fits_currency(amount numeric, currency varchar) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT amount IS NULL OR amount = round(amount, CASE
    WHEN currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','VND','VUV',
                      'XAF','XOF','XPF') THEN 0
    WHEN currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 3
    ELSE 2 END)
$$;
"""
DROP_FITS_CURRENCY = "DROP FUNCTION tessera_fits_currency(numeric, varchar);"

# Behind core.audit.Audited: keeps only tracked columns, and of an update only those that changed.
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
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(FITS_CURRENCY, DROP_FITS_CURRENCY),
        migrations.RunSQL(AUDIT, DROP_AUDIT),
    ]
