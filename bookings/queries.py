"""Reads of bookings for pages: what to offer instead, what a booking brought."""

from inventory import picker
from inventory.models import StockChannel
from inventory.queries import named_places


def alternatives_for(event, ordinals, *, without=(), channel=StockChannel.WEB):
    """Up to three groups (lists of FreePlace) as large as the wanted one and as good, see
    picker.alternatives, and open to the `channel`; `without` ordinals that were just lost, though
    whoever is taking them may not have done yet. Empty when nothing fits."""
    wanted = named_places(event.pk, ordinals)
    if not wanted:
        return []
    free = picker.free_places(event, channel=channel)
    return picker.alternatives([place for place in free if place.ordinal not in without], wanted)


def profit_of(booking):
    """(rows of (item, profit), total profit) with tickets loaded; Money throughout."""
    items = list(booking.items.select_related("ticket").order_by("position"))
    return [(item, item.profit) for item in items], sum(
        (item.profit for item in items[1:]), items[0].profit
    )
