"""An order: bookings that are paid together. Most have one; each is of one event and keeps its own
state, tickets and papers. Payments name the order, and which of its bookings they are for."""

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce, Now

from bookings.models import Booking, BookingItem, Status
from core.locks import database_now, lock
from core.money import total
from core.postgres.fixed import Fixed, Locking
from inventory.services import lock_seats
from payments.models import CAPTURED, OPEN, Payment, Refund
from payments.models import Status as PaymentStatus
from payments.services import PaymentBegun

NOT_KEPT = "not-kept"
"""What the refund of a payment is asked under that nothing could be sold for."""


def _first(booking_id):
    asked = Booking.objects.filter(pk=booking_id).order_by()
    first = Booking.objects.filter(pk=asked.values(key=Coalesce("order_id", "pk"))[:1])
    return first.only("order_id")


def _of_order(key):
    return Booking.objects.of_order(key).select_related("event", "customer")


def _due(key):
    due = Booking.objects.of_order(key).filter(status=Status.RESERVED, reserved_until__gt=Now())
    return due.select_related("event__venue", "customer").order_by("reserved_at", "pk")


def _items(bookings):
    items = BookingItem.objects.filter(booking__among=bookings)
    return items.order_by("booking_id", "position")


def _payments(keys, bookings):
    return Payment.objects.filter(reference__among=keys, covers__overlap=bookings)


def _paid_with(key, payment):
    paid = Booking.objects.of_order(key).filter(payment_id=payment)
    return paid.select_related("event__venue", "customer", "terms").order_by("reserved_at", "pk")


PAID_WITH = Fixed(_paid_with)
FIRST, OF_ORDER, DUE = Locking(_first), Locking(_of_order), Fixed(_due)
ITEMS, PAYMENTS, LOCKED_PAYMENTS = Fixed(_items), Fixed(_payments), Locking(_payments)


def order_of(booking):
    """All bookings of this booking's order (a queryset), the first first."""
    return Booking.objects.of_order(booking.order_key).order_by("reserved_at", "pk")


def paid_with(booking):
    """[Booking]: the others that the same payment was for, with events and customers."""
    if booking.payment_id is None:
        return []
    paid = PAID_WITH(booking.order_key, booking.payment_id)
    return [each for each in paid if each.pk != booking.pk]


def due_of(booking):
    """[Booking] of this booking's order that can still be paid, with their events and customers."""
    return DUE(booking.order_key)


def lock_order(booking_id):
    """[Booking] of the order that this booking belongs to, locked by key, the one asked for first.
    Raises Booking.DoesNotExist.

    Whoever changes what belongs to an order has locked its first booking, which is its oldest.
    """
    first = FIRST.one(booking_id)
    if first.order_id:
        return lock_order(booking_id)
    bookings = OF_ORDER(first.pk)
    return sorted(bookings, key=lambda each: each.pk != booking_id)


def lock_places(bookings):
    """[(Booking, the ids of its EventSeats)], all locked in one go."""
    items = items_of(bookings)
    lock_seats([item.event_seat_id for item in items])
    return [
        (booking, [item.event_seat_id for item in items if item.booking_id == booking.pk])
        for booking in bookings
    ]


def items_of(bookings):
    """[BookingItem] of these Bookings, booking by booking."""
    return ITEMS([each.pk for each in bookings])


def still_due(bookings, now=None):
    """Those of these locked Bookings that can be paid now, or at this moment after they were locked."""
    now = now or database_now()
    return [
        each for each in bookings if each.status == Status.RESERVED and each.reserved_until > now
    ]


def sum_of(bookings):
    """What these Bookings of one order cost together, as Money."""
    return total((each.money for each in bookings), bookings[0].currency)


def in_words(bookings):
    """What is paid for (their events are read)."""
    return "; ".join(each.in_words for each in bookings)[:200]


def paid_for(payment):
    """[Booking] that a payment is for, or was, by the dates of their events (which are read)."""
    found = Booking.objects.filter(pk__in=payment.covers).select_related("event__venue", "customer")
    return list(found.order_by("event__starts_at", "pk"))


def payments_of(*bookings):
    """The Payments (a queryset) that are, or were, for any of these Bookings."""
    keys, covers = _keys_of(bookings)
    return Payment.objects.filter(reference__in=keys, covers__overlap=covers)


def lock_payments_of(bookings):
    """[Payment], locked, that are, or were, for any of these Bookings."""
    return LOCKED_PAYMENTS(*_keys_of(bookings))


def _keys_of(bookings):
    """(ids that payments name, ids that they may cover)."""
    keys = {key for each in bookings for key in (each.pk, each.order_key)}
    return list(keys), [each.pk for each in bookings]


def arrived_for(*bookings):
    """Those of their payments whose money is there and is not on its way back whole."""
    return _kept(payments_of(*bookings)).filter(status=PaymentStatus.SUCCEEDED)


def present_payment(booking):
    """The payment that a booking's buyer has to do with now, or None: the one that is open or has come,
    else the last that came to nothing, and of these that of the order, if it was put to one."""
    found = PAYMENTS(*_keys_of([booking]))
    if len(found) < 2:  # nearly always, and what became of it makes no difference then
        return found[0] if found else None
    live = {each.pk for each in _kept(payments_of(booking)) if each.status in (*OPEN, *CAPTURED)}
    return max(
        found,
        key=lambda each: (each.pk in live, each.reference == booking.order_key, each.created_at),
    )


def _kept(payments):
    """Without those that nothing was sold for, whose money goes back whole."""
    sent_back = Refund.objects.filter(payment=OuterRef("pk"), request_key__startswith=NOT_KEPT)
    return payments.exclude(Exists(sent_back))


def unbegun_payment(bookings):
    """The open payment, locked, for these locked Bookings of one order that nobody has begun, or None.
    Raises PaymentBegun when somebody is at a provider's page, or has paid, for any of them."""
    payments = lock(_kept(payments_of(*bookings)).exclude(status=PaymentStatus.FAILED))
    if any(payment.status != PaymentStatus.PENDING for payment in payments):
        raise PaymentBegun("This is being paid, so its price cannot change any more.")
    return payments[0] if payments else None
