"""Reads of bookings for pages: what to offer instead, what a booking brought."""

from functools import partial

from bookings.models import Booking, BookingItem, CancelledItem
from core.money import Money, total
from core.postgres.fixed import Fixed
from inventory.models import StockChannel
from inventory.picking import alternatives, house_of, stands
from inventory.picking.states import TAKEN
from inventory.queries import named_places


def _items(booking):
    return BookingItem.objects.filter(booking=booking).select_related("ticket").order_by("position")


TOLD = Fixed(
    lambda booking: Booking.objects.filter(pk=booking).select_related(
        "event__venue", "customer", "terms"
    )
)
ITEMS = Fixed(_items)


def told_booking(booking_id):
    """The Booking with all that is told of it: event, venue, customer, terms. Raises
    Booking.DoesNotExist."""
    return TOLD.one(booking_id)


def items_with_tickets(booking):
    """[BookingItem] of a Booking in their order, with their tickets."""
    return ITEMS(booking.pk)


def alternatives_for(event, ordinals, *, without=(), channel=StockChannel.WEB):
    """Up to three groups (lists of NamedPlace) as large as the wanted one and as good, see
    picking.alternatives, and open to the `channel`; `without` ordinals that were just lost, though
    whoever is taking them may not have done yet. Empty when nothing fits."""
    wanted = named_places(event.pk, ordinals)
    if not wanted:
        return []
    dearest = max(place.price or 0 for place in wanted)
    now = bytearray(stands(event, at_most=dearest, channel=channel))
    for ordinal in without:
        if ordinal < len(now):  # who asks may have made it up
            now[ordinal] = TAKEN
    return alternatives(
        house_of(event.layout_id), now, wanted, named=partial(named_places, event.pk)
    )


def profit_of(booking):
    """(rows of (item, what was given back of it, profit), total profit) with tickets loaded; Money
    throughout. A ticket that was cancelled brings what was kept of it."""
    gone = CancelledItem.objects.filter(item__booking=booking).select_related("item")
    gone = {each.item_id: each for each in gone}
    nothing = Money(0, booking.currency)
    rows = []
    for item in items_with_tickets(booking):
        lost = gone.get(item.pk)
        rows.append((item, *((lost.money, lost.earned) if lost else (nothing, item.profit))))
    return rows, total((profit for *_, profit in rows), booking.currency)
