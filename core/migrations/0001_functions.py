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


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(FITS_CURRENCY, DROP_FITS_CURRENCY)]
