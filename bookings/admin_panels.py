"""What stands on the pages of bookings, and of what they belong to: tickets, money, books."""

from django.db.models import Q
from django.urls import reverse

from bookings.cancelling.carrying_out import ledger_lines
from bookings.cancelling.quoting import terms_of
from bookings.models import Booking, Cancellation, CancelledItem
from bookings.orders import order_of, payments_of
from bookings.queries import profit_of
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    panel,
    pill,
    status_of,
    when,
)
from core.money import Money, total
from core.words import many
from events.models import Status as EventStatus
from payments.admin import RefundAdmin, refunds_table
from payments.admin_ledger import entries_table
from payments.ledger import refunded_from, source_of
from payments.models import CAPTURED, Account, CreditEntry, LedgerEntry, Refund, RefundStatus
from tickets.admin_states import pills_of

LATEST = 8
RECENT = 20
MOST_FOUND = 200
ITEM_COLUMNS = {
    "cost": "Cost",
    "price": "Price",
    "discount": "Discount",
    "fee": "Fee",
    "tax_on_top": "Tax on top",
    "total": "Total",
}


def chosen_panel(bookings):
    rows = [
        [booking.number, booking.event.title, str(booking.customer or "–"), booking.ticket_count,
         booking.money.display(), status_of(booking)]
        for booking in bookings
    ]  # fmt: skip
    titles = columns("Booking", "Event", "Guest", "Seats#", "Total#", "State")
    return Panel("Chosen", Table(titles, rows), count=len(rows))


def items_panel(booking, *, with_costs):
    """Every ticket with what it sold for and, `with_costs`, what it cost and brought: a guest may look
    over the shoulder of whoever must not see these."""
    rows, profit = profit_of(booking)
    names = [name for name in ITEM_COLUMNS if with_costs or name != "cost"]
    states = pills_of([item.ticket for item, *_ in rows]) | _states_of_changed(booking)
    cells = [
        [
            linked(item.ticket),
            item.ticket.place,
            states[item.ticket_id],
            *(amount(getattr(item, name), item.currency) for name in names),
            back.display() if back else "–",
            *([brought.display()] if with_costs else []),
        ]
        for item, back, brought in rows
    ]
    sums = [
        amount(sum(getattr(item, name) for item, *_ in rows), booking.currency) for name in names
    ]
    sums.append(total((back for _, back, _ in rows), booking.currency).display())
    foot = [many(len(rows), "ticket"), "", "", *sums, *([profit.display()] if with_costs else [])]
    titles = columns(
        *("Ticket", "Place", "State", *(f"{ITEM_COLUMNS[name]}#" for name in names)),
        *("Given back#", *(["Profit#"] if with_costs else [])),
    )
    return Panel("Tickets", Table(titles, cells, foot), count=len(rows))


def _states_of_changed(booking):
    """{ticket's id: the pill Changed for <booking>} of those that were given for other seats."""
    given = CancelledItem.objects.filter(
        item__booking=booking, cancellation__exchanged_for__isnull=False
    ).values_list("item__ticket_id", "cancellation__exchanged_for__number")
    return {ticket: pill("REFUNDED", f"Changed for {number}") for ticket, number in given}


def came_back(booking):
    """What came back of it in words: money, credit, and the credit that other seats were paid with."""
    made = list(booking.cancellations.select_related("exchanged_for"))
    told = [money] if (money := _sum_of(made, "refunded", booking)) else []
    credit = _sum_of([each for each in made if not each.exchanged_for_id], "credited", booking)
    told += [f"{credit} as credit"] if credit else []
    told += [
        f"{each.credited_money.display()} of credit for the change to {each.exchanged_for.number}"
        for each in made
        if each.exchanged_for_id and each.credited
    ]
    return ", ".join(told) or Money(0, booking.currency).display()


def _sum_of(cancellations, name, booking):
    """€18.25; empty for nothing."""
    value = sum(getattr(each, name) for each in cancellations)
    return Money(value, booking.currency).display() if value else ""


def money_panels(booking):
    payments = payments_of(booking).order_by("created_at", "pk")
    rows = [
        [when(payment.created_at), linked(payment, payment.money.display()), payment.provider,
         payment.by_credit.display() if payment.credit else "–", status_of(payment),
         payment.problem or "–"]
        for payment in payments
    ]  # fmt: skip
    titles = columns("Made", "Amount", "Provider", "Of it credit#", "State", "Problem")
    found = [Panel("Payments", Table(titles, rows, empty="Nothing is due."), count=len(rows))]
    refunds = list(
        Refund.objects.filter(payment__in=payments_of(booking)).order_by("created_at", "pk")
    )
    return (
        [*found, Panel("Refunds", refunds_table(refunds), count=len(refunds))] if refunds else found
    )


def books_panel(booking):
    """The ledger entries of its order, for one payment may be for several bookings, and per account
    whether they are what these bookings say they must be."""
    bookings = list(order_of(booking))
    entries = entries_of(bookings)
    said = ledger_sums(entries)
    due = expected_sums(bookings)
    rows = []
    for account in Account:
        ours, theirs = due.get(account, 0), said.get(account, 0)
        if not ours and not theirs:
            continue
        agrees = pill("done", "agrees") if ours == theirs else pill("FAILED", "differs")
        rows.append([account.label, _signed(ours, booking), _signed(theirs, booking), agrees])
    whose = "order" if len(bookings) > 1 else "booking"
    titles = columns("Account", f"By the {whose}#", "By the ledger#", "")
    context = {
        "check": Panel("", Table(titles, rows, empty="No money has moved.")),
        "entries": Panel("", entries_table(entries)),
        "agrees": all(said.get(account, 0) == due.get(account, 0) for account in Account),
    }
    return Panel("In the ledger", template="admin/books.html", context=context)


def order_panel(booking):
    """What is, or was to be, paid together with a booking; None for one that stands alone."""
    bookings = list(order_of(booking).select_related("event"))
    return Panel("Paid together", _table_of(bookings, "")) if len(bookings) > 1 else None


def _signed(value, booking):
    return Money(value, booking.currency).display() if value else "–"


def entries_of(bookings):
    """All entries about the bookings of an order, their payments and refunds, oldest first."""
    payments = payments_of(*bookings).values("pk")
    refunds = Refund.objects.filter(payment__in=payments).values("pk")
    cancellations = Cancellation.objects.filter(booking__in=bookings).values("pk")
    became_credit = CreditEntry.objects.filter(payment__in=payments).values("pk")
    ids = [booking.pk for booking in bookings]
    entries = LedgerEntry.objects.select_related("journal")
    found = (
        entries.filter(journal__source="booking", journal__source_id__in=ids)
        | entries.filter(journal__source="payment", journal__source_id__in=payments)
        | entries.filter(journal__source="refund", journal__source_id__in=refunds)
        | entries.filter(journal__source="cancellation", journal__source_id__in=cancellations)
        | entries.filter(journal__source="credit", journal__source_id__in=became_credit)
    )
    return list(found.order_by("journal__posted_at", "pk"))


def ledger_sums(entries):
    """{account: balance} of entries."""
    sums = {}
    for entry in entries:
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    return sums


def _given_back(booking):
    """{account: balance} that its cancellations must have left."""
    given_back = CancelledItem.objects.filter(item__booking=booking).select_related("item")
    lines = [
        (each.item, Money(each.kept_of_ticket, each.currency), Money(each.kept_fee, each.currency))
        for each in given_back
    ]
    return {account: money.amount for account, money in ledger_lines(lines, terms_of(booking))}


def expected_sums(bookings):
    """{account: balance} that must follow from the rows of an order's bookings. Debits are positive."""
    payments = payments_of(*bookings).filter(status__in=CAPTURED)
    refunds = Refund.objects.filter(
        payment__in=payments_of(*bookings), status=RefundStatus.COMPLETED
    ).select_related("payment")
    moved = [(source_of(payment.provider), payment.charged.amount) for payment in payments]
    moved += [(Account.CUSTOMER_CREDIT, payment.credit) for payment in payments]
    became_credit = CreditEntry.objects.filter(kind__in=CreditEntry.CAME_BACK, payment__in=payments)
    moved += [(Account.CUSTOMER_CREDIT, -entry.amount) for entry in became_credit]
    moved += [(refunded_from(refund), -refund.amount) for refund in refunds]
    due = {Account.CUSTOMER_DEPOSITS: 0}
    for lies_in, amount_moved in moved:
        _add(due, {lies_in: amount_moved, Account.CUSTOMER_DEPOSITS: -amount_moved})
    for booking in bookings:
        if booking.confirmed_at:
            _add(due, _sums_of_sale(booking))
            _add(due, _given_back(booking))
    return due


def _sums_of_sale(booking):
    cost = sum(item.cost for item in booking.items.all())
    return {
        Account.CUSTOMER_DEPOSITS: booking.total,
        Account.DISCOUNTS: booking.discount,
        Account.TICKET_REVENUE: -booking.tickets_earned.amount,
        Account.FEE_REVENUE: -booking.fees_earned.amount,
        Account.TAXES_COLLECTED: -booking.taxes.amount,
        Account.COST_OF_SALES: cost,
        Account.INVENTORY: -cost,
    }


def _add(sums, more):
    for account, balance in more.items():
        sums[account] = sums.get(account, 0) + balance


def _table_of(bookings, empty):
    rows = [
        [linked(booking), booking.event.title, when(booking.reserved_at), f"{booking.ticket_count}",
         amount(booking.total, booking.currency), status_of(booking)]
        for booking in bookings
    ]  # fmt: skip
    titles = columns("Booking", "Event", "Reserved", "Seats#", "Total#", "State")
    return Table(titles, rows, empty=empty)


def payments_by_words(words):
    """The Payments (a queryset) for bookings of this number, or of guests called so."""
    meant = Q(number__istartswith=words) | Q(customer__name__icontains=words)
    meant |= Q(customer__email__istartswith=words)
    return payments_of(*Booking.objects.filter(meant).order_by("-reserved_at", "pk")[:MOST_FOUND])


# The list of refunds is of an app below, which knows no bookings.
RefundAdmin.payments_by_words.append(payments_by_words)


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
    found = Booking.objects.filter(pk__in=payment.covers).select_related("event")
    return Panel("Booking", _table_of(found, "It is for no booking of ours."))


@panel("payments.dispute", needs="bookings.booking")
def booking_of_dispute(request, dispute):
    found = list(Booking.objects.filter(pk__in=dispute.payment.covers).select_related("event"))
    if not found:
        return None
    pack = reverse("admin:bookings_booking_evidence", args=[found[0].pk])
    table = _table_of(found, "")
    return Panel("Booking", table, link=(pack, "Get the evidence pack"))


@panel("bookings.booking", needs="agencies.termsofsale")
def consents_panel(request, booking):
    """Which terms of sale its buyer accepted."""
    rows = [
        [when(one.accepted_at), linked(one.terms), one.get_channel_display(), one.network or "–"]
        for one in booking.consents.select_related("terms")
    ]
    titles = columns("Accepted", "Version", "Through", "From the network")
    return Panel("Terms of sale", Table(titles, rows), count=len(rows)) if rows else None
