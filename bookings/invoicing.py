"""Invoices and credit notes: issued once each, with numbers that have no gaps, from what was sold."""

from agencies.queries import current_agency, local_today
from bookings.cancelling import policy_of
from bookings.cancelling.exchanging import kept_apart
from bookings.cancelling.quoting import terms_of
from bookings.changed_from import changed_from
from bookings.models import Booking, Cancellation, Invoice
from bookings.queries import items_with_tickets
from bookings.receipt import receipt_of
from core.money import total
from core.numbering import next_number
from core.postgres.fixed import Locking
from core.transactions import use_case

LETTERS = {Invoice.Kind.INVOICE: "F", Invoice.Kind.CREDIT_NOTE: "A"}


@use_case
def issue_invoice(booking_id):
    """The Invoice of a sold booking, issued now unless it was before; None when nothing was paid."""
    booking = BOOKING.one(booking_id)
    known = booking.invoices.filter(kind=Invoice.Kind.INVOICE).first()
    if known or booking.confirmed_at is None or not booking.total:
        return known
    items = items_with_tickets(booking)
    receipt, changed = receipt_of(booking, items), changed_from(booking)
    said = {
        "lines": [_line(item.ticket.place, item.sum_of("total")) for item in items],
        "rows": [_line(*row) for row in receipt.rows],
        "contained": [_line(*row) for row in receipt.contained],
        "notes": [changed.in_words] if changed else [],
        "of": "",
    }
    return _issue(Invoice.Kind.INVOICE, booking, booking.money, said)


@use_case
def issue_credit_note(cancellation_id):
    """The credit note of a Cancellation, issued now unless it was before, after the invoice it takes
    back; None when nothing went back."""
    cancellation = Cancellation.objects.get(pk=cancellation_id)
    invoice = issue_invoice(cancellation.booking_id)
    booking = BOOKING.one(cancellation.booking_id)
    known = cancellation.credit_notes.first()
    if known or invoice is None or not cancellation.back:
        return known
    items = list(cancellation.items.select_related("item__ticket").order_by("item__position"))
    paid = total((each.item.sum_of("total") for each in items), cancellation.currency)
    said = {
        "lines": [_line(each.item.ticket.place, each.money) for each in items],
        "rows": [
            _line("Paid for these tickets", paid),
            *_kept(cancellation, [each.item for each in items], policy_of(booking)),
            *_credited(cancellation),
        ],
        "contained": [],
        "notes": _taxes_back(items, terms_of(booking), cancellation),
        "of": invoice.number,
    }
    return _issue(Invoice.Kind.CREDIT_NOTE, booking, cancellation.back, said, cancellation)


def _kept(cancellation, items, policy):
    """What stayed with the agency; where seats were changed the fee for it, and the part of what the
    new ones cost less."""
    rows = [("Kept by the terms of sale", cancellation.kept_money)]
    if cancellation.exchanged_for_id and cancellation.kept:
        fees, of_rest = kept_apart(cancellation, items, policy)
        rows = [("Kept for changing seats", fees)] if fees else []
        rows += [("Kept of what the new seats cost less", of_rest)] if of_rest else []
    return [_line(words, -money) for words, money in rows]


def _credited(cancellation):
    """What of it is not paid out."""
    credited, new = cancellation.credited_money, cancellation.exchanged_for
    used = min(credited, new.money) if new else credited - credited
    rows = [(f"Of it towards booking {new.number}", used)] if used else []
    rows += [("Of it credit for later bookings", credited - used)] if credited > used else []
    return [_line(*row) for row in rows]


BOOKING = Locking(
    lambda booking: Booking.objects.filter(pk=booking).select_related("event", "customer", "terms")
)


def _taxes_back(items, terms, cancellation):
    """A sentence about the taxes that are taken back: all that were in the tickets, for what is kept of
    them is no price of anything; those of a fee that is kept stay where they are."""
    tax = total((_tax_back(each, terms) for each in items), cancellation.currency)
    if not tax:
        return []
    words = f"Taxes of {tax.display()} that were in what was paid are taken back."
    kept = any(each.kept_of_ticket for each in items)
    return [f"{words} What is kept of the tickets bears no tax." if kept else words]


def _tax_back(cancelled, terms):
    item = cancelled.item
    if not cancelled.kept_fee:
        return item.sum_of("tax_in_price", "tax_in_fee", "tax_on_top")
    return item.sum_of("tax_in_price", "tax_on_top") - terms.tax_on_top_of(item.sum_of("fee"))


def _line(words, money):
    return [words, str(money.amount)]


def _issue(kind, booking, money, said, cancellation=None):
    agency, customer, year = current_agency(), booking.customer, local_today().year
    content = said | {
        "seller": [agency.name, *agency.address.splitlines(), agency.tax_number],
        "buyer": [customer.name, customer.email] if customer else [],
        "booking": booking.number,
        "event": f"{booking.event.title}, {booking.event.local_start:%-d %B %Y, %H:%M}",
    }
    series = f"{LETTERS[kind]}-{year}"
    return Invoice.objects.create(
        kind=kind,
        number=f"{series}-{next_number(series):06}",
        booking=booking,
        cancellation=cancellation,
        total=money.amount,
        currency=money.currency,
        content=content,
    )
