"""How a seat was bought. What is bought, owed and sent back has modules of its own."""

from core.admin_parts import Panel, Table, amount, columns, day, linked, panel
from suppliers.admin_consignment import SettlementStatementAdmin
from suppliers.admin_credits import CreditNoteAdmin
from suppliers.admin_invoices import SupplierInvoiceAdmin
from suppliers.admin_orders import PurchaseOrderAdmin
from suppliers.admin_payables import AccountsPayableAdmin
from suppliers.admin_receipts import DeliveryReceiptAdmin
from suppliers.admin_returns import SupplierReturnAdmin
from suppliers.admin_runs import PaymentRunAdmin
from suppliers.admin_supplier_payments import SupplierPaymentAdmin
from suppliers.admin_suppliers import SupplierAdmin
from suppliers.models import Acquisition

__all__ = [
    "AccountsPayableAdmin",
    "CreditNoteAdmin",
    "DeliveryReceiptAdmin",
    "PaymentRunAdmin",
    "PurchaseOrderAdmin",
    "SettlementStatementAdmin",
    "SupplierAdmin",
    "SupplierInvoiceAdmin",
    "SupplierPaymentAdmin",
    "SupplierReturnAdmin",
]


@panel("inventory.eventseat", needs="suppliers.purchaseorder")
def bought(request, seat):
    found = Acquisition.objects.filter(event_seat=seat).select_related(
        "line__order", "receipt", "supplier"
    )
    rows = [
        [linked(each.supplier), linked(each.line.order), linked(each.receipt),
         amount(each.unit_cost, each.currency), day(each.in_hand_on), day(each.return_by)]
        for each in found
    ]  # fmt: skip
    titles = columns("From", "Order", "Receipt", "Cost#", "In hand on", "Returnable until")
    return Panel("How it was bought", Table(titles, rows, empty="It was never bought."))
