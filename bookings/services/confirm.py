"""Money has come: the places become sold, the tickets valid. If the reservation was lost meanwhile:
the same places if all are free, else all the money back. Nothing else is allowed."""

import logging

from django.db.models.functions import Now

from bookings.facts import BookingConfirmed, LateMoneyRefunded
from bookings.models import Booking, BookingItem, Status
from bookings.services.expire import close, expire_in
from bookings.services.limits import is_over_card, is_over_share
from core import failpoints
from core.locks import database_now, lock
from core.money import Money, total
from core.outbox import record
from core.status import WrongState
from core.transactions import use_case
from inventory.models import EventSeat
from inventory.models import Status as SeatStatus
from inventory.services import claim, lock_seats, sell
from payments.ledger import post
from payments.models import Account, Payment, Refund
from payments.services import send_back
from promotions.presales import presale_of
from promotions.services import keep
from tickets.services import confirm_tickets, reopen_tickets
from tickets.services.issue import lock_tickets

log = logging.getLogger(__name__)
LOST = {
    Refund.Reason.TOO_LATE: "an offer of it was used up by others",
    Refund.Reason.OVER_LIMIT: "more than one person or card may have",
}


@use_case
def confirm(booking_id, *, payment_id=None):
    """Confirms a paid (or free) booking; safe to repeat. Returns the Booking.

    A payment that comes for a booking already sold, for places or offers that are gone, for more than
    one person or card may have, or of another amount than is due, is refunded in full.
    """
    booking, rivals = _lock_with_rivals(booking_id)
    items = list(BookingItem.objects.filter(booking=booking).order_by("position"))
    seats = _lock_seats(booking, items, rivals)
    lock_tickets([item.ticket_id for item in items])
    if booking.confirmed_at:
        return _paid_again(booking, payment_id)
    payment = payment_id and Payment.objects.get(pk=payment_id)
    if payment and payment.money != booking.money:
        _refund(booking, payment_id, Refund.Reason.WRONG_AMOUNT)
        return booking
    is_over = is_over_share(booking) or is_over_card(booking, payment)
    if is_over or not _hold(booking, items, seats):
        if payment_id is None:
            raise WrongState("The time for this booking is over; its places are free again.")
        reasons = Refund.Reason
        return _give_back(
            booking, items, payment_id, reasons.OVER_LIMIT if is_over else reasons.TOO_LATE
        )
    failpoints.reach("confirm.after_lock")
    _sell(booking, items, payment_id)
    failpoints.reach("confirm.before_commit")
    return booking


def _lock_with_rivals(booking_id):
    """(the booking, ids of those whose reservation of its places is over), all locked by key."""
    rivals = EventSeat.objects.filter(
        items__booking=booking_id, status=SeatStatus.RESERVED, claimed_until__lte=Now()
    ).exclude(claimed_by=booking_id)
    wanted = {booking_id, *rivals.values_list("claimed_by", flat=True)}
    locked = {booking.pk: booking for booking in lock(Booking.objects.filter(pk__in=wanted))}
    if booking_id not in locked:
        raise Booking.DoesNotExist
    return locked.pop(booking_id), list(locked)


def _lock_seats(booking, items, rivals):
    """The booking's places, locked, and free of rivals who did not pay in time."""
    seat_ids = [item.event_seat_id for item in items]
    if rivals and booking.status == Status.EXPIRED:
        expire_in(rivals, and_lock=seat_ids)
    return lock_seats(seat_ids)


def _hold(booking, items, seats):
    """Whether the places and the offers it was promised are still, or again, this booking's."""
    if booking.status == Status.RESERVED:
        return keep(booking.pk)
    if booking.status != Status.EXPIRED or not _free_again(booking, seats):
        return False
    if not keep(booking.pk):
        return False
    claim(
        event=booking.event,
        ordinals=[seat.ordinal for seat in seats],
        reference=booking.pk,
        seconds=booking.event.reservation_ttl,
        channel=None,
    )
    reopen_tickets([item.ticket_id for item in items])
    return True


def _free_again(booking, seats):
    """Whether its places can be its own again: in the sale to all, or in the presale it was made in."""
    now, event = database_now(), booking.event
    if not event.sells_at(now):
        event.presale_id = presale_of(booking.pk)
    is_sold = event.presale_id or event.sells_at(now)
    return all(seat.is_free_at(now) for seat in seats) and bool(is_sold)


def _sell(booking, items, payment_id):
    sold = sell(seat_ids=[item.event_seat_id for item in items], reference=booking.pk)
    confirmed = confirm_tickets([item.ticket_id for item in items])
    if not sold == confirmed == len(items):
        raise WrongState(
            f"Of {len(items)} places of booking {booking.number} {sold} were still its own, "
            f"of its tickets {confirmed} were reserved. Nothing was sold."
        )
    booking.move_to(Status.CONFIRMED)
    booking.confirmed_at, booking.payment_id = Now(), payment_id
    booking.save(update_fields=["status", "confirmed_at", "payment_id"])
    _book(booking, items)
    record(BookingConfirmed(booking_id=booking.pk))


def _book(booking, items):
    """Deposits become revenue and what is owed to tax offices; stock becomes cost of sales."""
    cost = total((Money(item.cost, item.currency) for item in items), booking.currency)
    lines = [
        (Account.CUSTOMER_DEPOSITS, booking.money),
        (Account.DISCOUNTS, booking.sum_of("discount")),
        (Account.TICKET_REVENUE, -booking.tickets_earned),
        (Account.FEE_REVENUE, -booking.fees_earned),
        (Account.TAXES_COLLECTED, -booking.taxes),
        (Account.COST_OF_SALES, cost),
        (Account.INVENTORY, -cost),
    ]
    post(
        source="booking",
        source_id=booking.pk,
        kind="sold",
        memo=booking.number,
        lines=lines,
    )


def _paid_again(booking, payment_id):
    """The same payment told twice changes nothing, even when its tickets were cancelled since; any
    other payment goes back."""
    if payment_id not in (None, booking.payment_id):
        _refund(booking, payment_id, Refund.Reason.DUPLICATE)
    return booking


def _give_back(booking, items, payment_id, reason):
    if booking.status == Status.RESERVED:
        close(booking, items, Status.EXPIRED, LOST[reason])
    refund = _refund(booking, payment_id, reason)
    if booking.can_move_to(Status.REFUNDED):
        booking.move_to(Status.REFUNDED)
        booking.closed_at = Now()
        booking.save(update_fields=["status", "closed_at"])
        if refund:  # else his bank has taken the money back already
            record(LateMoneyRefunded(booking_id=booking.pk, refund_id=refund.pk))
    return booking


def _refund(booking, payment_id, reason):
    """The Refund that is sent, or None when a bank holds all the money."""
    log.warning("booking %s: payment %s goes back, %s", booking.number, payment_id, reason)
    return send_back(payment_id=payment_id, reason=reason, request_key="not-kept")
