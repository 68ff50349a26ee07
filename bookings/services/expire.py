"""The end of reservations: by time, by the next buyer, or because the buyer gave up."""

import logging
from datetime import timedelta

from django.db.models.functions import Now

from bookings.facts import BookingCancelled, BookingExpired
from bookings.models import Booking, BookingItem, Status
from bookings.orders import arrived_for, payments_of
from core.locks import database_now, lock, lock_one
from core.outbox import record
from core.status import WrongState
from core.transactions import use_case
from inventory.services import keep, lock_seats, release
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import Status as PaymentStatus
from payments.services import close_payment
from promotions.services import give_back
from tickets.services import cancel_tickets
from tickets.services.issue import lock_tickets

log = logging.getLogger(__name__)
GRACE = timedelta(minutes=10)
"""How long after its time a reservation keeps its places while its provider does not say that nobody
can pay for them any more."""


def expire_in(booking_ids, *, and_lock=()):
    """Ends those of these reservations whose time is over, inside the caller's transaction. One whose
    money has arrived is about to be confirmed and keeps its places.

    Locks bookings, then all their places together with the EventSeat ids of `and_lock` in one go, so
    that the buyer who takes places over keeps the order of locks. The uses of their codes ended with
    their time; promotions, which are locked last, are tidied later. Returns the ended ids.
    """
    bookings = lock(Booking.objects.filter(pk__in=booking_ids, status=Status.RESERVED))
    items = list(BookingItem.objects.filter(booking__in=bookings))
    lock_seats([*and_lock, *(item.event_seat_id for item in items)])
    over, paid = _lapsed(bookings)
    for booking in paid:
        keep(seat_ids=_seats(booking, items), reference=booking.pk)
    for booking in over:
        close(booking, _of(booking, items), Status.EXPIRED, "not paid in time")
        record(BookingExpired(booking_id=booking.pk))
    return [booking.pk for booking in over]


def _lapsed(bookings):
    """(those whose time is over and that nobody paid, those that were paid) of these bookings."""
    now = database_now()
    lapsed = [booking for booking in bookings if booking.reserved_until <= now]
    arrived = arrived_for(*lapsed).values_list("covers", flat=True)
    paid_for = {covered for covers in arrived for covered in covers}
    paid = [booking for booking in lapsed if booking.pk in paid_for]
    return [booking for booking in lapsed if booking.pk not in paid_for], paid


def _of(booking, items):
    return [item for item in items if item.booking_id == booking.pk]


def _seats(booking, items):
    return [item.event_seat_id for item in _of(booking, items)]


def close(booking, items, status, reason):
    """Ends a locked reservation: its places are free, its tickets void."""
    tickets = [item.ticket_id for item in items]
    lock_tickets(tickets)
    booking.move_to(status)
    Booking.objects.filter(pk=booking.pk).update(
        status=status, closed_at=Now(), cancellation_reason=reason
    )
    cancel_tickets(tickets)
    release(seat_ids=[item.event_seat_id for item in items], reference=booking.pk)


def expire_lapsed(booking_id):
    """Ends one reservation if its time is over, as soon as nobody can pay for it any more; returns
    whether it did. Raises ProviderUnavailable when its payment page cannot be shut."""
    booking = Booking.objects.lapsed().filter(pk=booking_id).first()
    if booking is None:
        return False
    close_page_of(booking)
    return _expire_lapsed(booking_id)


def expire_unheard(booking_id):
    """Ends one reservation whose payment page could not be shut for so long that its places need wait
    no more; returns whether it did."""
    over = Booking.objects.lapsed().filter(reserved_until__lte=Now() - GRACE)
    booking = over.filter(pk=booking_id).first()
    if booking is None:
        return False
    log.error("booking %s ends, though its payment page may be open", booking.number)
    return _expire_lapsed(booking_id)


@use_case
def _expire_lapsed(booking_id):
    ended = expire_in([booking_id])
    if ended:
        give_back(booking_id)
    return bool(ended)


def close_page_of(booking):
    """Nobody can pay for this booking on a provider's page any more, nor for others together with it:
    they are asked for anew. Raises ProviderUnavailable as long as that is not certain."""
    close_payment(booking.order_key, covering=booking.pk)


def abandon(booking_id, *, reason="given up by the buyer"):
    """The buyer lets an unpaid reservation go; its places are free at once. Raises WrongState when
    the money has arrived after all."""
    booking = Booking.objects.get(pk=booking_id)
    _check_transfer(booking)
    try:
        close_page_of(booking)
    except (ProviderUnavailable, ProviderRefused):
        log.warning("booking %s is given up before its payment page is shut", booking_id)
    return _abandon(booking_id, reason)


def _check_transfer(booking):
    """What was mailed to be transferred for several bookings stays as it is until it is over: a part of
    it would arrive as less, or as too much."""
    awaited = payments_of(booking).filter(provider="bank", status=PaymentStatus.PROCESSING)
    if awaited.filter(covers__len__gt=1).exists():
        raise WrongState(
            "This is awaited by bank transfer together with others, under one reference. It ends by "
            "itself if the money does not come."
        )


@use_case
def _abandon(booking_id, reason):
    booking = lock_one(Booking.objects.filter(pk=booking_id))
    if booking.status != Status.RESERVED:
        raise WrongState("Only an unpaid reservation can be given up.")
    if arrived_for(booking).exists():
        raise WrongState("The payment has arrived; the tickets are on their way.")
    items = list(booking.items.all())
    lock_seats([item.event_seat_id for item in items])
    close(booking, items, Status.CANCELLED, reason)
    give_back(booking_id)
    record(BookingCancelled(booking_id=booking_id))
    return booking
