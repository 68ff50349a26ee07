"""Row-level security, same-agency keys and append-only tables of the buying wing."""

import django.db.models.deletion
from django.db import migrations, models

from core.isolation import Isolate, IsolateKeys, only_grows


class Migration(migrations.Migration):
    dependencies = [
        ("suppliers", "0005_suppliers_of_debts"),
        ("inventory", "0005_holds_allocation_pricing_isolation"),
    ]
    operations = [
        migrations.AlterField(
            model_name="accountspayable",
            name="supplier",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payables",
                to="suppliers.supplier",
            ),
        ),
        Isolate("LandedCost"),
        Isolate("SupplierCode"),
        Isolate("DeliveryDocument"),
        Isolate("SupplierInvoice"),
        Isolate("InvoiceLine"),
        Isolate("SettlementStatement"),
        Isolate("ConsignmentSale"),
        Isolate("PaymentRun"),
        Isolate("PaymentRunLine"),
        Isolate("SupplierPayment"),
        Isolate("CreditNote"),
        Isolate("Allocation"),
        Isolate("SupplierReturn"),
        Isolate("ReturnLine"),
        IsolateKeys("PurchaseOrderLine", "level"),
        IsolateKeys("AccountsPayable", "supplier", "statement", "invoice"),
        only_grows(
            "suppliers_deliverydocument",
            "suppliers_invoiceline",
            "suppliers_settlementstatement",
            "suppliers_allocation",
        ),
    ]
