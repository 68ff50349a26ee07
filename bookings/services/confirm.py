"""Money has come: the places become sold, the tickets valid. If the reservation was lost meanwhile:
the same places if all are free, else all the money back. Nothing else is allowed."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from bookings.facts import BookingConfirmed, MoneySentBack
from bookings.models import Booking, Status
from bookings.orders import NOT_KEPT, due_of, items_of, sum_of
from bookings.services.expire import close, expire_in
from bookings.services.limits import is_over_card, is_over_share
from core import failpoints
from core.locks import database_now
from core.money import Money, total
from core.outbox import record
from core.postgres.fixed import Fixed, FixedUpdate, Locking
from core.postgres.rows import read
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


def _rivals(wanted):
    lapsed = EventSeat.objects.filter(status=SeatStatus.RESERVED, claimed_until__lte=Now())
    wanted_by_both = lapsed.filter(items__booking__among=wanted)
    return wanted_by_both.exclude(claimed_by__among=wanted).only("claimed_by").order_by("pk")


RIVALS = Fixed(_rivals)
BOOKINGS = Locking(lambda ids: Booking.objects.filter(pk__among=ids).select_related("event"))
SOLD = FixedUpdate(
    lambda booking, payment: (
        Booking.objects.filter(pk=booking),
        {"status": Status.CONFIRMED, "confirmed_at": Now(), "payment_id": payment},
    )
)


@use_case
def confirm(booking_id, *, payment_id=None):
    """Confirms a paid (or free) booking, and all that its payment is for; safe to repeat. Returns the
    Booking, or the first that was paid for where it is not one of them.

    A payment that comes for a booking already sold, for places or offers that are gone, for more than
    one person or card may have, or of another amount than is due, is refunded in full: what is paid
    together is sold together or not at all.
    """
    payment = payment_id and read(Payment, id=payment_id)
    wanted = payment.covers if payment else _for_nothing(booking_id)
    bookings, rivals = _lock_with_rivals(wanted)
    items = items_of(bookings)
    seats = _lock_seats(bookings, items, rivals)
    lock_tickets([item.ticket_id for item in items])
    _confirm([_Part.of(booking, items, seats) for booking in bookings], payment)
    return next((each for each in bookings if each.pk == booking_id), bookings[0])


def _for_nothing(booking_id):
    """Ids of what is sold together with a free booking: all of its order that can still be paid."""
    due = due_of(Booking.objects.get(pk=booking_id))
    return list({booking_id, *(each.pk for each in due)})


@dataclass(frozen=True)
class _Part:
    """A locked booking of what is paid for, with its items and the EventSeats they are of."""

    booking: Booking
    items: list
    seats: list

    @classmethod
    def of(cls, booking, items, seats):
        own = [item for item in items if item.booking_id == booking.pk]
        ids = {item.event_seat_id for item in own}
        return cls(booking, own, [seat for seat in seats if seat.pk in ids])


def _confirm(parts, payment):
    bookings = [part.booking for part in parts]
    if any(booking.confirmed_at for booking in bookings):
        return _paid_again(bookings, payment)
    if payment and payment.money != sum_of(bookings):
        return _refund(bookings, payment, Refund.Reason.WRONG_AMOUNT)
    if payment is None and sum_of(bookings):
        raise WrongState("There is something to pay by now. Nothing was confirmed.")
    parts.sort(key=lambda part: part.booking.event_id)  # persons and cards are locked in this order
    over = next((part for part in parts if _is_over(part.booking, bookings, payment)), None)
    lost = over or _hold_all(parts)
    if lost:
        reasons = Refund.Reason
        return _give_back(parts, lost, payment, reasons.OVER_LIMIT if over else reasons.TOO_LATE)
    failpoints.reach("confirm.after_lock")
    for part in parts:
        _sell(part.booking, part.items, payment and payment.pk)
    return failpoints.reach("confirm.before_commit")


def _is_over(booking, bookings, payment):
    """Whether one person or card would have more of an event than it allows."""
    return is_over_share(booking, bookings) or is_over_card(booking, bookings, payment)


def _lock_with_rivals(wanted):
    """(the bookings, ids of those whose reservation of their places is over), all locked by key."""
    known = {*wanted, *(seat.claimed_by for seat in RIVALS(list(wanted)))}
    locked = BOOKINGS(list(known))
    ours = [booking for booking in locked if booking.pk in wanted]
    if len(ours) != len(wanted):
        raise Booking.DoesNotExist
    return ours, [booking.pk for booking in locked if booking.pk not in wanted]


def _lock_seats(bookings, items, rivals):
    """The bookings' places, locked, and free of rivals who did not pay in time."""
    seat_ids = [item.event_seat_id for item in items]
    if rivals and any(booking.status == Status.EXPIRED for booking in bookings):
        expire_in(rivals, and_lock=seat_ids)
    return lock_seats(seat_ids)


class _Lost(Exception):
    pass


def _hold_all(parts):
    """Holds the places and offers of all, or of none; returns the _Part that has lost its own, or
    None."""
    if len(parts) == 1:
        return None if _hold(parts[0]) else parts[0]
    try:
        with transaction.atomic():
            for part in parts:
                if not _hold(part):
                    raise _Lost(part)
    except _Lost as lost:
        return lost.args[0]
    return None


def _hold(part):
    """Whether the places and the offers a booking was promised are still, or again, its own."""
    booking = part.booking
    if booking.status == Status.RESERVED:
        return keep(booking.pk)
    if booking.status != Status.EXPIRED or not _free_again(booking, part.seats):
        return False
    if not keep(booking.pk):
        return False
    claim(
        event=booking.event,
        ordinals=[seat.ordinal for seat in part.seats],
        reference=booking.pk,
        seconds=booking.event.reservation_ttl,
        channel=None,
    )
    reopen_tickets([item.ticket_id for item in part.items])
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
    SOLD(booking.pk, payment_id)
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


def _paid_again(bookings, payment):
    """The same payment told twice changes nothing, even when its tickets were cancelled since; any
    other payment goes back."""
    if payment and any(booking.payment_id != payment.pk for booking in bookings):
        _refund(bookings, payment, Refund.Reason.DUPLICATE)


def _give_back(parts, lost, payment, reason):
    """The money goes back whole, and of what it was for only that ends which is lost: the rest is kept
    for the buyer as long as it was."""
    if payment is None:
        raise WrongState("The time for this booking is over; its places are free again.")
    if lost.booking.status == Status.RESERVED:
        close(lost.booking, lost.items, Status.EXPIRED, LOST[reason])
    bookings = [part.booking for part in parts]
    _refund(bookings, payment, reason)
    for booking in bookings:
        if booking.can_move_to(Status.REFUNDED):
            booking.move_to(Status.REFUNDED)
            booking.closed_at = Now()
            booking.save(update_fields=["status", "closed_at"])


def _refund(bookings, payment, reason):
    """All of it goes back, and its buyer is told; not when a bank has taken it back already."""
    numbers = ", ".join(booking.number for booking in bookings)
    log.warning("booking %s: payment %s goes back, %s", numbers, payment.pk, reason)
    refund = send_back(payment_id=payment.pk, reason=reason, request_key=NOT_KEPT)
    if refund:
        record(MoneySentBack(refund_id=refund.pk))
