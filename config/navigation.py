"""The side bar of the back office: what each role can open, in the order of a day's work."""

from django.contrib import admin
from django.urls import reverse
from django.utils.text import slugify

from analytics.reports import REPORTS
from analytics.reports import groups as groups_of_reports
from analytics.views import may_see
from core.models import OutboxMessage
from core.tenancy import acting_for
from suppliers.admin_orders import WAITING_FOR_US
from suppliers.models import PurchaseOrder

# group → (model label, title, icon); a title of None stands for the model's own plural.
GROUPS = {
    "Sell": [
        ("events.event", "Events", "theater_comedy"),
        ("events.pricelevel", "Price levels", "sell"),
        ("events.cancellationpolicy", "Cancellation policies", "assignment_return"),
        ("inventory.eventseat", "Seats", "event_seat"),
        ("inventory.pricechange", "Price changes", "price_change"),
        ("inventory.pricingrule", "Pricing rules", "auto_mode"),
        ("inventory.seatentry", "Seat history", "manage_history"),
        ("inventory.hold", "Holds", "front_hand"),
        ("inventory.allocationplan", "Allocation plans", "pie_chart"),
        ("inventory.layoutmove", "Layout moves", "move_up"),
        ("promotions.promotion", "Promotions", "loyalty"),
        ("promotions.code", "Codes", "qr_code_2"),
        ("promotions.use", "Uses of codes", "local_offer"),
        ("inventory.presale", "Presales", "lock_clock"),
        ("customers.draw", "Draws", "casino"),
        ("customers.drawentry", "Entries of draws", "how_to_reg"),
        ("customers.buyerlist", "Buyer lists", "playlist_add_check"),
        ("customers.listedbuyer", "Listed addresses", "alternate_email"),
        ("bookings.booking", "Bookings", "confirmation_number"),
        ("bookings.alert", "Alerts", "notification_important"),
        ("bookings.cancellation", "Cancellations", "event_busy"),
        ("bookings.invoice", "Invoices", "receipt_long"),
        ("bookings.eventchange", "Changes of events", "event_repeat"),
        ("customers.customer", "Guests", "person"),
        ("payments.creditentry", "Credit of guests", "redeem"),
        ("customers.pointentry", "Points of guests", "stars"),
        ("customers.programme", "Loyalty programme", "workspace_premium"),
        ("tickets.ticket", "Tickets", "local_activity"),
        ("tickets.transfer", "Tickets given", "move_down"),
    ],
    "Buy": [
        ("suppliers.purchaseorder", "Purchase orders", "shopping_bag"),
        ("suppliers.deliveryreceipt", "Receipts", "inventory_2"),
        ("suppliers.suppliercode", "Supplier codes", "barcode"),
        ("suppliers.deliverydocument", "Supplier files", "draft"),
        ("suppliers.supplierreturn", "Returns", "assignment_return"),
        ("suppliers.supplier", "Suppliers", "handshake"),
    ],
    "Money": [
        ("payments.payment", "Payments", "payments"),
        ("payments.refund", "Refunds", "undo"),
        ("payments.dispute", "Disputes", "gavel"),
        ("payments.bankline", "Bank transfers", "account_balance_wallet"),
        ("payments.payout", "Payouts", "account_balance"),
        ("payments.payoutline", "Payout lines", "format_list_bulleted"),
        ("payments.bankstatement", "Bank statements", "description"),
        ("payments.desktaking", "Cash desk", "point_of_sale"),
        ("payments.cashcount", "Cash counts", "calculate"),
        ("suppliers.accountspayable", "Accounts payable", "receipt_long"),
        ("suppliers.supplierinvoice", "Supplier invoices", "request_quote"),
        ("suppliers.paymentrun", "Payment runs", "send_money"),
        ("suppliers.supplierpayment", "Supplier payments", "account_balance"),
        ("suppliers.creditnote", "Credit notes", "redeem"),
        ("suppliers.settlementstatement", "Settlements", "summarize"),
        ("payments.journal", "Ledger", "menu_book"),
        ("payments.ledgerentry", "Ledger entries", "format_list_bulleted"),
        ("payments.accountcode", "Account codes", "tag"),
        ("events.feerule", "Fees", "add_card"),
        ("events.taxrule", "Taxes", "percent"),
        ("payments.inboxmessage", "Provider notices", "inbox"),
    ],
    "Gate": [
        ("tickets.gate", "Gates and devices", "door_front"),
        ("tickets.scan", "Scans", "qr_code_scanner"),
        ("tickets.admission", "Admissions", "how_to_reg"),
    ],
    "House": [
        ("venues.venue", "Venues", "stadium"),
        ("venues.layout", "Layouts", "grid_view"),
        ("venues.layoutdraft", "Drafts of layouts", "draw"),
        ("agencies.termsofsale", "Terms of sale", "contract"),
        ("agencies.organizer", "Organizers", "campaign"),
        ("agencies.membership", "Members", "group"),
        ("agencies.invitation", "Invitations", "person_add"),
        ("accounts.apikey", "Keys", "key"),
        ("tickets.signingkey", "Signing keys", "verified_user"),
        ("agencies.agency", "Agency", "storefront"),
        ("notifications.message", "Messages", "mail"),
        ("core.outboxmessage", "Outbox", "outbox"),
        ("core.auditentry", "Audit trail", "history"),
    ],
    "Platform": [
        ("accounts.user", "Users", "manage_accounts"),
        ("axes.accessattempt", "Failed sign-ins", "lock"),
    ],
}


REPORT_ICONS = {
    "Stock": "inventory",
    "Profit": "trending_up",
    "Suppliers": "fact_check",
    "Demand": "speed",
    "Books": "account_balance",
}


def address(label):
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def sidebar(request):
    """The groups with what this reader may open."""
    desk = {"title": "Desk", "icon": "dashboard", "link": reverse("admin:index")}
    counts = _counts(request)
    groups = [{"title": "Today", "items": [desk]}]
    for title, items in GROUPS.items():
        shown = [
            {"title": name, "icon": icon, "link": address(label), "badge": counts.get(label, "")}
            for label, name, icon in items
            if admin.site.allows(request, "view", label)
        ]
        groups.append({"title": title, "items": shown})
        if title == "Money":
            groups.append({"title": "Reports", "items": _reports(request)})
    return [group for group in groups if group["items"]]


def _reports(request):
    """The groups of reports that the reader may see; the one that is open is marked."""
    home = reverse("admin:reports")
    asked = REPORTS.get(request.path.removeprefix(home).split("/")[0])
    return [
        {
            "title": group,
            "icon": REPORT_ICONS[group],
            "link": f"{home}#{slugify(group)}",
            "active": asked is not None and asked.group == group,
        }
        for group, found in groups_of_reports().items()
        if any(may_see(request, report) for report in found)
    ]


def _counts(request):
    """{model label: how many wait for somebody}, for the agency of the request only."""
    if request.agency is None:
        return {}
    with acting_for(request.agency.pk):
        waiting = {
            "suppliers.purchaseorder": PurchaseOrder.objects.filter(WAITING_FOR_US),
            "core.outboxmessage": OutboxMessage.objects.failed(),
        }
        found = {
            label: rows.count()
            for label, rows in waiting.items()
            if admin.site.allows(request, "view", label)
        }
    return {label: str(count) for label, count in found.items() if count}
