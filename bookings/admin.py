"""Bookings with their money, seat by seat, beside what the ledger says about them."""

from django.contrib import admin
from django.db.models.functions import Now
from django.urls import reverse

from bookings.models import Booking, Status
from bookings.queries import profit_of
from bookings.services import abandon
from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    money_column,
    panel,
    pill,
    status_column,
    status_of,
    timeline,
    when,
)
from core.errors import DomainError
from core.money import Money
from events.models import Status as EventStatus
from payments.admin import entries_table, refunds_table
from payments.models import CAPTURED, Account, LedgerEntry, Payment, Refund, RefundStatus

RECENT = 20
LATEST = 8


class ReservedFilter(admin.SimpleListFilter):
    title = "reservation"
    parameter_name = "kept"

    def lookups(self, request, model_admin):
        return [("running", "Waiting for payment"), ("over", "Time is over")]

    def queryset(self, request, queryset):
        rules = {"running": {"reserved_until__gt": Now()}, "over": {"reserved_until__lte": Now()}}
        if self.value() not in rules:
            return queryset
        return queryset.filter(status=Status.RESERVED, **rules[self.value()])


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin):
    list_display = [
        *("number", "concert", "buyer", "tickets", money_column("total", "Total")),
        *(status_column(), "channel", "reserved"),
    ]
    list_filter = [
        *("status", ReservedFilter, "channel", ("event", admin.RelatedOnlyFieldListFilter)),
        ("reserved_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["event", "customer"]
    search_fields = ["number", "customer__email", "customer__name", "event__title"]
    search_help_text = "Number, guest or event"
    ordering = ["-reserved_at", "pk"]
    fields = [
        *("event_link", "buyer_link", "channel", "price_shown", "fee_shown"),
        *("total_shown", "reserved", "kept_until", "confirmed", "closed", "cancellation_reason"),
    ]
    readonly_fields = fields
    steps = ["give_up"]
    actions = ["give_up_selected"]
    export_columns = {
        "Number": "number",
        "Event": "event__title",
        "Starts": "event__starts_at",
        "Guest": "customer__name",
        "E-mail": "customer__email",
        "Tickets": "ticket_count",
        "Price": "price",
        "Fee": "fee",
        "Total": "total",
        "Currency": "currency",
        "Status": "status",
        "Channel": "channel",
        "Reserved": "reserved_at",
        "Confirmed": "confirmed_at",
    }

    # Columns and facts

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, booking):
        return booking.event.title

    @admin.display(description="Guest", ordering="customer__name")
    def buyer(self, booking):
        return booking.customer or "–"

    @admin.display(description="Tickets", ordering="ticket_count")
    def tickets(self, booking):
        return booking.ticket_count

    @admin.display(description="Event")
    def event_link(self, booking):
        return linked(booking.event)

    @admin.display(description="Guest")
    def buyer_link(self, booking):
        return linked(booking.customer)

    @admin.display(description="Price of the tickets")
    def price_shown(self, booking):
        return amount(booking.price, booking.currency)

    @admin.display(description="Fee")
    def fee_shown(self, booking):
        return amount(booking.fee, booking.currency)

    @admin.display(description="Total")
    def total_shown(self, booking):
        return amount(booking.total, booking.currency)

    @admin.display(description="Reserved", ordering="reserved_at")
    def reserved(self, booking):
        return when(booking.reserved_at)

    @admin.display(description="Kept until")
    def kept_until(self, booking):
        return when(booking.reserved_until)

    @admin.display(description="Confirmed")
    def confirmed(self, booking):
        return when(booking.confirmed_at)

    @admin.display(description="Closed")
    def closed(self, booking):
        return when(booking.closed_at)

    # The page

    def panels(self, request, booking):
        found = [_items(booking)]
        if self.admin_site.allows(request, "view", "payments.payment"):
            found += _money(booking)
        if self.admin_site.allows(request, "view", "payments.journal"):
            found.append(_books(booking))
        return found

    def history_of(self, request, booking):
        payments = Payment.objects.filter(reference=booking.pk)
        refunds = Refund.objects.filter(payment__reference=booking.pk)
        tickets = [item.ticket for item in booking.items.select_related("ticket")]
        return timeline([booking, *payments, *refunds, *tickets])

    @step(
        "Give up the reservation",
        when=lambda booking: booking.status == Status.RESERVED,
        tone="danger",
        says="Its seats go back on sale at once. If money still comes for it, it is paid back.",
    )
    def give_up(self, request, booking):
        abandon(booking.pk, reason="given up by the box office")
        return f"{booking} is given up; its seats are on sale again."

    def give_up_preview(self, request, booking):
        return [_items(booking)]

    @admin.action(description="Give up these reservations", permissions=["step"])
    def give_up_selected(self, request, bookings):
        """Says first what would happen; does it once that was confirmed."""
        chosen = list(bookings.order_by("-reserved_at", "pk"))
        if "confirmed" not in request.POST:
            return self.page(
                request,
                "admin/confirm_many.html",
                title="Give up these reservations?",
                action="give_up_selected",
                chosen=chosen,
                panels=[_chosen(chosen)],
            )
        given_up = [booking for booking in chosen if self._given_up(booking)]
        kept = len(chosen) - len(given_up)
        words = f"{len(given_up)} reservations are given up."
        self.message_user(request, f"{words} {kept} could not be." if kept else words)
        return None

    def _given_up(self, booking):
        try:
            return abandon(booking.pk, reason="given up by the box office")
        except DomainError:
            return None


def _chosen(bookings):
    rows = [
        [booking.number, booking.event.title, str(booking.customer or "–"), booking.ticket_count,
         booking.money.display(), status_of(booking)]
        for booking in bookings
    ]  # fmt: skip
    titles = columns("Booking", "Event", "Guest", "Seats#", "Total#", "State")
    return Panel("Chosen", Table(titles, rows), count=len(rows))


def _items(booking):
    """Every ticket with what it sold for, what it cost and what it brought."""
    rows, profit = profit_of(booking)
    cells = [
        [
            linked(item.ticket),
            item.ticket.place,
            status_of(item.ticket),
            *(
                amount(getattr(item, name), item.currency)
                for name in ("cost", "price", "fee", "total")
            ),
            brought.display(),
        ]
        for item, brought in rows
    ]
    cost = sum(item.cost for item, _ in rows)
    sums = [
        amount(each, booking.currency) for each in (cost, booking.price, booking.fee, booking.total)
    ]
    foot = [f"{len(rows)} tickets", "", "", *sums, profit.display()]
    titles = columns("Ticket", "Place", "State", "Cost#", "Price#", "Fee#", "Total#", "Profit#")
    return Panel("Tickets", Table(titles, cells, foot), count=len(rows))


def _money(booking):
    payments = Payment.objects.filter(reference=booking.pk).order_by("created_at", "pk")
    rows = [
        [when(payment.created_at), linked(payment, payment.money.display()), payment.provider,
         status_of(payment), payment.failure or "–"]
        for payment in payments
    ]  # fmt: skip
    titles = columns("Made", "Amount", "Provider", "State", "Problem")
    found = [Panel("Payments", Table(titles, rows, empty="Nothing is due."), count=len(rows))]
    refunds = list(
        Refund.objects.filter(payment__reference=booking.pk).order_by("created_at", "pk")
    )
    return (
        [*found, Panel("Refunds", refunds_table(refunds), count=len(refunds))] if refunds else found
    )


def _books(booking):
    """Its ledger entries, and per account whether they are what the booking says they must be."""
    entries = entries_of_booking(booking)
    said = ledger_sums(entries)
    due = expected_sums(booking)
    rows = []
    for account in Account:
        ours, theirs = due.get(account, 0), said.get(account, 0)
        if not ours and not theirs:
            continue
        agrees = pill("done", "agrees") if ours == theirs else pill("FAILED", "differs")
        rows.append([account.label, _signed(ours, booking), _signed(theirs, booking), agrees])
    titles = columns("Account", "By the booking#", "By the ledger#", "")
    context = {
        "check": Panel("", Table(titles, rows, empty="No money has moved.")),
        "entries": Panel("", entries_table(entries)),
        "agrees": all(said.get(account, 0) == due.get(account, 0) for account in Account),
    }
    return Panel("In the ledger", template="admin/books.html", context=context)


def _signed(value, booking):
    return Money(value, booking.currency).display() if value else "–"


def entries_of_booking(booking):
    """All entries about the booking, its payments and its refunds, oldest first."""
    payments = Payment.objects.filter(reference=booking.pk).values("pk")
    refunds = Refund.objects.filter(payment__reference=booking.pk).values("pk")
    entries = LedgerEntry.objects.select_related("journal")
    found = (
        entries.filter(journal__source="booking", journal__source_id=booking.pk)
        | entries.filter(journal__source="payment", journal__source_id__in=payments)
        | entries.filter(journal__source="refund", journal__source_id__in=refunds)
    )
    return list(found.order_by("journal__posted_at", "pk"))


def ledger_sums(entries):
    """{account: balance} of entries."""
    sums = {}
    for entry in entries:
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    return sums


def expected_sums(booking):
    """{account: balance} that must follow from the booking's own rows. Debits are positive."""
    payments = Payment.objects.filter(reference=booking.pk, status__in=CAPTURED)
    refunds = Refund.objects.filter(payment__reference=booking.pk, status=RefundStatus.COMPLETED)
    held = sum(payment.amount for payment in payments) - sum(refund.amount for refund in refunds)
    due = {Account.PROVIDER_CLEARING: held, Account.CUSTOMER_DEPOSITS: -held}
    if booking.confirmed_at:
        cost = sum(item.cost for item in booking.items.all())
        due[Account.CUSTOMER_DEPOSITS] += booking.total
        due |= {
            Account.TICKET_REVENUE: -booking.price,
            Account.FEE_REVENUE: -booking.fee,
            Account.COST_OF_SALES: cost,
            Account.INVENTORY: -cost,
        }
    return due


def _table_of(bookings, empty):
    rows = [
        [linked(booking), booking.event.title, when(booking.reserved_at), f"{booking.ticket_count}",
         amount(booking.total, booking.currency), status_of(booking)]
        for booking in bookings
    ]  # fmt: skip
    titles = columns("Booking", "Event", "Reserved", "Seats#", "Total#", "State")
    return Table(titles, rows, empty=empty)


@panel("customers.customer", needs="bookings.booking")
def bookings_of_customer(request, customer):
    latest = customer.bookings.select_related("event").order_by("-reserved_at", "pk")[:RECENT]
    return Panel("Bookings", _table_of(latest, "This guest has booked nothing yet."))


@panel("events.event", needs="bookings.booking")
def bookings_of_event(request, event):
    if event.status == EventStatus.DRAFT:
        return None
    latest = event.bookings.select_related("event").order_by("-reserved_at", "pk")[:LATEST]
    address = f"{reverse('admin:bookings_booking_changelist')}?event__id__exact={event.pk}"
    table = _table_of(latest, "Nothing was booked yet.")
    return Panel("Latest bookings", table, link=(address, "All its bookings"))


@panel("tickets.ticket", needs="bookings.booking")
def booking_of_ticket(request, ticket):
    found = Booking.objects.filter(items__ticket=ticket).select_related("event")
    return Panel("Booking", _table_of(found, "It belongs to no booking."))


@panel("payments.payment", needs="bookings.booking")
def booking_of_payment(request, payment):
    found = Booking.objects.filter(pk=payment.reference).select_related("event")
    return Panel("Booking", _table_of(found, "It is for no booking of ours."))
