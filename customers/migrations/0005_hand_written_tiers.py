"""Lists of a tier that were written by hand keep their addresses as lists of who is invited: from now
on a list of a tier has none, for who has a tier follows from points."""

from django.db import migrations

INVITED = """
SELECT set_config('tessera.system', 'on', true);
UPDATE customers_buyerlist SET kind = 'INVITED' WHERE kind = 'TIER';
SELECT set_config('tessera.system', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_lists")]
    operations = [migrations.RunSQL(INVITED, migrations.RunSQL.noop)]
