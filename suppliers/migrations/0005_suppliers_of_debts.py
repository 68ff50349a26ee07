"""Debts name their supplier themselves; the kinds of suppliers are those of the trade."""

from django.db import migrations

FILL = """
SELECT set_config('tessera.system', 'on', true);
UPDATE suppliers_accountspayable p SET supplier_id = o.supplier_id
FROM suppliers_purchaseorder o WHERE o.id = p.order_id;
UPDATE suppliers_supplier SET kind = CASE kind
  WHEN 'ORGANIZER' THEN 'EVENT_ORGANIZER' WHEN 'VENUE' THEN 'VENUE_OWNER'
  WHEN 'TEAM' THEN 'PRODUCTION_COMPANY' WHEN 'BROKER' THEN 'PROMOTER' ELSE kind END;
SELECT set_config('tessera.system', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("suppliers", "0004_buying_wing")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
