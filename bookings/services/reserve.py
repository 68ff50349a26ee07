"""Reserving: all places or none, the price frozen, tickets and the payment's row, in one
transaction. Whoever comes after a lapsed reservation takes its places over himself."""

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from agencies.queries import current_agency
from bookings.clients import ANYBODY, Client
from bookings.models import TOO_MANY_HOLDS, Booking, BookingItem, Channel, Status
from bookings.services.expire import expire_in
from core import failpoints
from core.errors import DomainError, Invalid
from core.ids import reference, uuid7
from core.money import Money, total
from core.postgres.rows import insert
from core.transactions import broken_constraint, use_case
from inventory import picker
from inventory.models import EventSeat
from inventory.services import SeatsTaken, claim, lapsed_claims
from payments.services import new_payment
from tickets.services import new_tickets

TRIES = 3


class NotOnSale(DomainError):
    """The event does not sell now."""

    code = "not_on_sale"


class TooMany(Invalid):
    """More places than one booking may hold, or none."""

    code = "wrong_quantity"


class TooManyHolds(DomainError):
    """The client has as many unpaid reservations as one may have."""

    code = TOO_MANY_HOLDS
    status = 429


@dataclass(frozen=True)
class Sale:
    """Through which channel and key places are sold, to which customer if that is known, and at
    whose call."""

    channel: str = Channel.WEB
    seller_key: UUID | None = None
    customer_id: UUID | None = None
    client: Client = ANYBODY


WEB_SALE = Sale()


def reserve(*, event, ordinals, sale=WEB_SALE):
    """Reserves these places of an event for one buyer; returns the Booking, its BookingItems with
    their tickets as `item_list`.

    Raises NotOnSale, TooMany, TooManyHolds, or SeatsTaken naming the places lost. Nothing is written
    then.
    """
    ordinals = _checked(event, ordinals)
    try:
        return _reserve(event, ordinals, sale, taking_over=())
    except SeatsTaken as taken:
        lapsed = lapsed_claims(event=event, ordinals=taken.ordinals)
        if not lapsed:
            raise
    return _reserve(event, ordinals, sale, taking_over=lapsed)


@dataclass(frozen=True)
class Wish:
    """What the best places should be like: `level` a PriceLevel id, `section` a label."""

    quantity: int
    level: UUID | None = None
    section: str | None = None
    together: bool = True
    wheelchair: bool = False


def reserve_best(*, event, wish, sale=WEB_SALE):
    """Chooses and reserves the best places for a Wish; raises NoSuchGroup when there are none.

    The choice is made again, at most three times, when somebody was faster.
    """
    _check_quantity(event, wish.quantity)
    for attempt in range(1, TRIES + 1):
        places = picker.free_places(event, level=wish.level, section=wish.section)
        chosen = picker.best(
            places,
            quantity=wish.quantity,
            focus=event.layout.plan["focal"],
            together=wish.together,
            wheelchair=wish.wheelchair,
        )
        try:
            return reserve(event=event, ordinals=[place.ordinal for place in chosen], sale=sale)
        except SeatsTaken:
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


def _checked(event, ordinals):
    """The wanted places, known to be a sensible set for an event that sells now."""
    ordinals = list(ordinals)
    _check_quantity(event, len(ordinals))
    if len(set(ordinals)) != len(ordinals):
        raise TooMany("The same place was asked for twice.")
    if not event.sells_at(timezone.now()):
        raise NotOnSale(f"{event} is not on sale at the moment.")
    return ordinals


def _check_quantity(event, quantity):
    if not 1 <= quantity <= event.max_per_booking:
        raise TooMany(f"One booking holds 1 to {event.max_per_booking} places of this event.")


@use_case
def _reserve(event, ordinals, sale, taking_over):
    if taking_over:
        seats = EventSeat.objects.at(event, ordinals).values_list("pk", flat=True)
        expire_in(taking_over, and_lock=seats)
    booking_id = uuid7()
    seats = claim(
        event=event, ordinals=ordinals, reference=booking_id, seconds=event.reservation_ttl
    )
    failpoints.reach("reserve.after_claim")
    booking = _write(booking_id, event, seats, sale)
    failpoints.reach("reserve.before_commit")
    return booking


def _write(booking_id, event, seats, sale):
    """Tickets, booking, payment and items in one statement: each round trip costs as much as the
    rows do."""
    tickets = new_tickets(event=event, seats=seats)
    items = _items(booking_id, seats, tickets)
    booking = _booking(booking_id, event, items, sale, until=seats[0].until)
    payments = [_payment(booking)] if booking.total else []
    try:
        insert(tickets, [booking], *([payment] for payment in payments), items)
    except IntegrityError as error:
        _refuse_hoarding(error, booking)
    booking.item_list = items
    return booking


def _booking(booking_id, event, items, sale, until):
    price, fee = _sum(items, "price", event), _sum(items, "fee", event)
    return Booking(
        id=booking_id,
        number=_number(),
        event=event,
        customer_id=sale.customer_id,
        channel=sale.channel,
        seller_key=sale.seller_key,
        client=sale.client.name,
        client_may_hold=sale.client.may_hold,
        status=Status.RESERVED,
        ticket_count=len(items),
        price=price.amount,
        fee=fee.amount,
        total=(price + fee).amount,
        currency=event.currency,
        reserved_until=until,
    )


def _refuse_hoarding(error, booking):
    """Raises TooManyHolds if that is what the database said, else the error."""
    if broken_constraint(error) != TOO_MANY_HOLDS:
        raise error
    raise TooManyHolds(
        f"You already have {booking.client_may_hold} unpaid reservations. Pay one or let it go, "
        "then reserve more. Nothing was reserved."
    ) from error


def _payment(booking):
    return new_payment(reference=booking.pk, money=booking.money, description=booking.in_words)


def _items(booking_id, seats, tickets):
    """The prices of this moment; what a seat costs the buyer never changes afterwards."""
    agency = current_agency()
    items = []
    for position, (seat, ticket) in enumerate(zip(seats, tickets, strict=True), start=1):
        price = Money(seat.price, seat.currency)
        fee = agency.fee_for(price)
        items.append(
            BookingItem(
                booking_id=booking_id,
                ticket=ticket,
                event_seat_id=seat.id,
                position=position,
                price=price.amount,
                fee=fee.amount,
                total=(price + fee).amount,
                cost=seat.cost,
                currency=seat.currency,
            )
        )
    return items


def _sum(items, field, event):
    return total((Money(getattr(item, field), event.currency) for item in items), event.currency)


def _number():
    """BCDF-2345: random, never sequential; readable aloud."""
    letters = reference(8)
    return f"{letters[:4]}-{letters[4:]}"
