"""Reads of bookings for pages: what to offer instead, what a booking brought."""

from functools import partial

from inventory.models import StockChannel
from inventory.picking import alternatives, house_of, stands
from inventory.picking.states import TAKEN
from inventory.queries import named_places


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
        now[ordinal] = TAKEN
    return alternatives(
        house_of(event.layout_id), now, wanted, named=partial(named_places, event.pk)
    )


def profit_of(booking):
    """(rows of (item, profit), total profit) with tickets loaded; Money throughout."""
    items = list(booking.items.select_related("ticket").order_by("position"))
    return [(item, item.profit) for item in items], sum(
        (item.profit for item in items[1:]), items[0].profit
    )
