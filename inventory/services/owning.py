"""How places become the agency's own."""

from functools import partial

from django.db import connection, transaction

from core.errors import DomainError
from core.locks import lock
from core.transactions import use_case
from inventory.models import EventSeat, Ownership
from inventory.pricing.writing import stamp_prices
from inventory.waking import wake

# Each place at its own cost: thousands at once.
TAKE_OWNERSHIP = """
UPDATE inventory_eventseat e
SET ownership = 'OWNED', cost = bought.cost, price = coalesce(%(price)s::numeric, e.price)
FROM unnest(%(seats)s::bigint[], %(costs)s::numeric[]) AS bought(id, cost)
WHERE e.id = bought.id
"""


class NotReceivable(DomainError):
    """Places that the agency already owns, or that are not part of the event, cannot come in."""

    code = "not_receivable"


@use_case
def take_ownership(*, event, costs, price=None):
    """The agency now owns these places: `costs` is {ordinal: Money}, what each was bought for, and
    `price` its own retail price (Money, before fees), if it has one. Returns {ordinal: EventSeat id};
    raises NotReceivable."""
    seats = EventSeat.objects.at(event, list(costs))
    seats = lock(seats.values_list("pk", "ordinal", "ownership", named=True))
    owned = [seat.ordinal for seat in seats if seat.ownership == Ownership.OWNED]
    missing = set(costs) - {seat.ordinal for seat in seats}
    if owned or missing:
        raise NotReceivable(
            f"{len(owned)} places are already owned and {len(missing)} are not part of this event.",
            owned=sorted(owned),
            missing=sorted(missing),
        )
    taken = {
        "seats": [seat.pk for seat in seats],
        "costs": [costs[seat.ordinal].amount for seat in seats],
        "price": None if price is None else price.amount,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE_OWNERSHIP, taken)
    transaction.on_commit(partial(stamp_prices, event.pk))
    wake(event.pk)
    return {seat.ordinal: seat.pk for seat in seats}
