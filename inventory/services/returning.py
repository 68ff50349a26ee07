"""Places that go back to who sold them to us: off sale while he is asked, not ours when he agrees."""

from inventory.models import EventSeat, Ownership, Status
from inventory.services.claiming import lock_seats
from inventory.waking import wake


def take_off_sale(seat_ids):
    """Takes places off sale that nobody has or is kept for; returns the ids of those that were free,
    by key. Reserved, sold and held ones stay as they are."""
    free = [
        seat.pk
        for seat in lock_seats(seat_ids)
        if seat.ownership == Ownership.OWNED and seat.status == Status.AVAILABLE
    ]
    EventSeat.objects.filter(pk__in=free).update(status=Status.BLOCKED)
    _wake(free)
    return free


def put_on_sale(seat_ids):
    """Blocked places return to sale; returns how many did."""
    _wake(seat_ids)
    return EventSeat.objects.filter(pk__in=seat_ids, status=Status.BLOCKED).update(
        status=Status.AVAILABLE
    )


def give_back(seat_ids):
    """Blocked places stop being ours and leave the map; returns how many did."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, status=Status.BLOCKED, ownership=Ownership.OWNED
    ).update(status=Status.AVAILABLE, ownership=Ownership.RETURNED_TO_SUPPLIER, channel="")


def _wake(seat_ids):
    for event_id in (
        EventSeat.objects.filter(pk__in=seat_ids).order_by().values_list("event_id").distinct()
    ):
        wake(*event_id)
