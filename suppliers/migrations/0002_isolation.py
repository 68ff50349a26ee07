"""Row-level security and same-agency keys, and the read-only views of schema qa."""

from django.db import migrations

from core.isolation import Isolate, readable_in_qa

VIEWS = """
CREATE VIEW qa.purchase_lines WITH (security_invoker = true) AS
SELECT id, order_id AS po_id, ordered, received, returned, unit_cost
FROM suppliers_purchaseorderline;
CREATE VIEW qa.payables WITH (security_invoker = true) AS
SELECT id, order_id AS po_id, amount, paid, status FROM suppliers_accountspayable;
"""
DROP_VIEWS = "DROP VIEW qa.purchase_lines, qa.payables;"


class Migration(migrations.Migration):
    dependencies = [
        ("suppliers", "0001_initial"),
        ("agencies", "0002_isolation"),
    ]
    operations = [
        Isolate("Supplier"),
        Isolate("PurchaseOrder"),
        Isolate("PurchaseOrderLine"),
        Isolate("DeliveryReceipt"),
        Isolate("ReceiptLine"),
        Isolate("Acquisition"),
        Isolate("AccountsPayable"),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        readable_in_qa("suppliers_purchaseorderline", "suppliers_accountspayable"),
    ]
