"""Cancelling as it was previewed: tickets die, places and money go back, all or nothing."""

from django.db.models.functions import Now

from bookings.cancelling.quoting import NotCancellable, Wish, preview, terms_of
from bookings.cancelling.sources import sources_of
from bookings.facts import BookingCancelled, TicketsCancelled
from bookings.models import Booking, BookingItem, Cancellation, CancelledItem, Grounds, Status
from core import failpoints
from core.audit import because
from core.errors import DomainError
from core.ids import uuid7
from core.locks import database_now, lock, lock_one
from core.outbox import record
from core.transactions import use_case
from inventory.services import block_sold, lock_seats, take_back
from payments.ledger import post
from payments.models import Account, CreditEntry, Payment, Refund
from payments.models import Status as PaymentStatus
from payments.services import give_back_as_credit, pay_out, request_refund
from promotions.services import give_back
from tickets.models import Status as TicketStatus
from tickets.services import end_offers_of, refund_tickets, void_tickets
from tickets.services.issue import lock_tickets


class QuoteChanged(DomainError):
    """What was previewed is not what would happen now; nothing was changed. `quote` is the new one."""

    code = "quote_changed"

    def __init__(self, quote):
        self.quote = quote
        super().__init__(
            f"What you would get back has changed since you looked: it is {quote.refunded.display()} "
            "now. Nothing was cancelled.",
            quote=quote.name,
            refunded=str(quote.refunded.amount),
        )


class NotPaidHere(NotCancellable):
    """The money did not come by a payment that can be refunded."""

    code = "not_paid_here"


@use_case
def cancel(booking_id, wish: Wish, *, seen):
    """Cancels what the Quote named `seen` said, once; returns the Cancellation.

    Asking again gives the same one. Raises QuoteChanged when time, or anybody, has changed what would
    go back, NotCancellable, or RefundTooHigh when other refunds took what was left of the payment.
    """
    booking = lock_one(Booking.objects.select_related("event", "terms").filter(pk=booking_id))
    known = booking.cancellations.filter(quote=seen).first()
    if known and wish.tickets in (frozenset(), _tickets_of(known)):
        return known
    lock_places(booking)
    lock_money(booking)
    quote = preview(booking, wish, now=database_now())
    if quote.name != seen:
        raise QuoteChanged(quote)
    failpoints.reach("cancel.after_lock")
    return carry_out(quote)


@use_case
def cancel_as_it_is(booking_id, wish: Wish):
    """Cancels what the Wish means now, for whoever decided over many bookings at once; returns the
    Cancellation, raises like `cancel`."""
    booking = lock_one(Booking.objects.select_related("event", "terms").filter(pk=booking_id))
    lock_places(booking)
    lock_money(booking)
    quote = preview(booking, wish, now=database_now())
    failpoints.reach("cancel.after_lock")
    return carry_out(quote)


def _tickets_of(cancellation):
    return frozenset(cancellation.items.values_list("item__ticket", flat=True))


def lock_places(booking):
    """Locks all places of a booking, then its tickets."""
    items = list(BookingItem.objects.filter(booking=booking))
    lock_seats([item.event_seat_id for item in items])
    lock_tickets([item.ticket_id for item in items])


def lock_money(booking, *others):
    """Locks the payment of a booking, those that its money stems from, and others (ids), in one go."""
    ids = [booking.payment_id, *others]
    payment = Payment.objects.filter(pk=booking.payment_id, credit__gt=0).first()
    if payment:
        ids += [source.pk for source in sources_of(payment)]
    lock(Payment.objects.filter(pk__in=ids))


def carry_out(quote):
    """Does what the Quote says, in the caller's transaction that has locked the booking, its places,
    its tickets and its money; returns the Cancellation."""
    _free(quote)
    cancellation = _write(quote)
    _book(cancellation, quote)
    if quote.is_whole:
        _close(quote)
    if quote.to_credit and not quote.to_card:
        _all_is_back(quote.booking, cancellation)
    record(TicketsCancelled(cancellation_id=cancellation.pk))
    failpoints.reach("cancel.before_commit")
    return cancellation


def _free(quote):
    """Places of tickets go back to stock, or to the hold they came from; those of people who were let
    in are blocked, for somebody sits there."""
    used = [line for line in quote.lines if line.item.ticket.status == TicketStatus.USED]
    others = [line for line in quote.lines if line not in used]
    because(f"Booking {quote.booking.number} cancelled: {quote.wish.reason}".strip(": "))
    void_tickets([line.item.ticket_id for line in others])
    offered = [line.item.ticket_id for line in others if line.item.ticket.offered_until]
    if offered:
        end_offers_of(offered, "The tickets were cancelled.")
    refund_tickets([line.item.ticket_id for line in used])
    reference = quote.booking.pk
    back = take_back(seat_ids=_places(others), reference=reference)
    if back + block_sold(seat_ids=_places(used), reference=reference) != len(quote.lines):
        raise NotCancellable("Some of these places are not this booking’s any more.")


def _places(lines):
    return [line.item.event_seat_id for line in lines]


def _write(quote):
    booking, wish, cancellation_id = quote.booking, quote.wish, uuid7()
    payment = refundable(quote) if quote.refunded else None
    refund = _refund(quote, payment, cancellation_id)
    if quote.becomes_credit:
        lot = give_back_as_credit(
            payment,
            quote.becomes_credit,
            key=f"cancellation:{cancellation_id}",
            customer_id=None if payment.credit else booking.customer_id,
            reference=cancellation_id,
        )
        for source, money in quote.paid_out:
            _pay_out(quote, lot, source, money)
    cancellation = Cancellation.objects.create(
        id=cancellation_id,
        booking=booking,
        quote=quote.name,
        grounds=wish.grounds,
        rule=wish.rule,
        ticket_count=len(quote.lines),
        kept=quote.kept.amount,
        refunded=quote.to_card.amount,
        credited=quote.to_credit.amount,
        currency=booking.currency,
        exchanged_for=wish.towards,
        refund=refund,
        reason=wish.reason.strip()[:200],
        made_by_id=wish.by,
    )
    CancelledItem.objects.bulk_create(
        CancelledItem(
            cancellation=cancellation,
            item=line.item,
            kept_of_ticket=line.kept_of_ticket.amount,
            kept_fee=line.kept_fee.amount,
            refunded=line.refunded.amount,
            currency=booking.currency,
        )
        for line in quote.lines
    )
    return cancellation


def refundable(quote):
    """The locked payment that the money comes out of. Of one that is disputed, or stems from one that
    is, a bank may have paid the buyer already: it becomes no credit either."""
    payment = Payment.objects.filter(pk=quote.booking.payment_id).first()
    if payment is None:
        raise NotPaidHere("This booking was not paid through us: its money cannot be sent back.")
    if is_disputed(quote.booking):
        raise NotPaidHere("Its payment is disputed: the money is with the buyer’s bank already.")
    return payment


def is_disputed(booking):
    """Whether the payment of a booking is disputed, or one that its money stems from."""
    payments = Payment.objects.filter(pk=booking.payment_id)
    paid_by = [each for payment in payments for each in (payment, *sources_of(payment))]
    return any(each.status == PaymentStatus.DISPUTED for each in paid_by)


def _refund(quote, payment, cancellation_id):
    """The Refund of what goes back by the booking's own payment, or None."""
    money = quote.refunded - quote.becomes_credit
    if not money:
        return None
    return request_refund(
        payment_id=payment.pk,
        money=money,
        reason=_reason(quote.wish),
        request_key=f"cancellation:{cancellation_id}",
    )


def _pay_out(quote, lot, source, money):
    """What became credit only because seats were changed goes back to where it was paid from."""
    pay_out(
        lot,
        source,
        money,
        because=_reason(quote.wish),
        request_key=f"cancellation:{lot.reference}",
        reference=lot.reference,
    )


def _reason(wish):
    if wish.refund_reason:
        return Refund.Reason(wish.refund_reason)
    by_event = wish.grounds == Grounds.EVENT
    return Refund.Reason.EVENT_CANCELLED if by_event else Refund.Reason.CUSTOMER_REQUEST


def _book(cancellation, quote):
    """What was earned with the tickets is taken back, but for what is kept; they are in stock again."""
    lines = [(line.item, line.kept_of_ticket, line.kept_fee) for line in quote.lines]
    credited = quote.becomes_credit
    post(
        source="cancellation",
        source_id=cancellation.pk,
        kind="cancelled",
        memo=quote.booking.number,
        lines=[
            *ledger_lines(lines, terms_of(quote.booking)),
            (Account.CUSTOMER_DEPOSITS, credited),
            (Account.CUSTOMER_CREDIT, -credited),
        ],
    )


def ledger_lines(lines, terms):
    """[(Account, Money)] for cancelled [(BookingItem, kept of the ticket, kept fee)] sold under Terms.

    The fee is kept as it was sold, with its tax; of the ticket nothing stays sold, and what is kept of
    it is earned for cancelling.
    """
    sums = {}

    def add(account, money):
        sums[account] = sums[account] + money if account in sums else money

    for item, kept_of_ticket, kept_fee in lines:
        fee, tax_in_fee = item.sum_of("fee"), item.sum_of("tax_in_fee")
        fee_tax = terms.tax_on_top_of(fee)
        add(Account.CUSTOMER_DEPOSITS, kept_of_ticket + kept_fee - item.sum_of("total"))
        add(Account.TICKET_REVENUE, item.tickets_earned)
        add(Account.DISCOUNTS, -item.sum_of("discount"))
        add(Account.FEE_REVENUE, item.sum_of("absorbed"))
        add(Account.TAXES_COLLECTED, item.sum_of("tax_in_price", "tax_on_top") - fee_tax)
        add(Account.CANCELLATION_FEES, -kept_of_ticket)
        if not kept_fee:
            add(Account.FEE_REVENUE, fee - tax_in_fee)
            add(Account.TAXES_COLLECTED, tax_in_fee + fee_tax)
        add(Account.INVENTORY, item.sum_of("cost"))
        add(Account.COST_OF_SALES, -item.sum_of("cost"))
    return list(sums.items())


def _close(quote):
    booking = quote.booking
    booking.move_to(Status.CANCELLED)
    reason = quote.wish.reason or Grounds(quote.wish.grounds).label
    Booking.objects.filter(pk=booking.pk).update(
        status=booking.status, closed_at=Now(), cancellation_reason=reason[:120]
    )
    give_back(booking.pk)
    record(BookingCancelled(booking_id=booking.pk))


@use_case
def money_is_back(refund_id):
    """The tickets of a cancellation are refunded once its money is back, and so is the booking when
    that was all of it. Harmless the second time, and for refunds of other kinds."""
    cancellation = Cancellation.objects.filter(pk=_cancelled_with(refund_id)).first()
    if cancellation is None:
        return
    booking = lock_one(Booking.objects.filter(pk=cancellation.booking_id))
    if cancellation.is_back:
        _all_is_back(booking, cancellation)


def _cancelled_with(refund_id):
    """The id of the Cancellation that a Refund is of, or None."""
    own = Cancellation.objects.filter(refund=refund_id).values_list("pk", flat=True).first()
    paid_out = CreditEntry.objects.filter(refund=refund_id).values_list("reference", flat=True)
    return own or paid_out.first()


def _all_is_back(booking, cancellation):
    tickets = cancellation.items.values_list("item__ticket", flat=True)
    lock_tickets(tickets)
    refund_tickets(tickets)
    made = booking.cancellations.select_related("refund")
    if booking.status == Status.CANCELLED and all(each.is_back for each in made):
        booking.move_to(Status.REFUNDED)
        Booking.objects.filter(pk=booking.pk).update(status=booking.status)
