from bookings.models.bookings import (
    AMOUNTS,
    MOVES,
    SOLD,
    TOO_MANY_HOLDS,
    Amounts,
    Booking,
    BookingItem,
    Status,
)
from bookings.models.cancelling import Cancellation, CancelledItem, Grounds, Rule
from bookings.models.changing import ChangedBooking, ChangeStatus, EventChange
from bookings.models.invoices import Invoice
from events.models import Channel

__all__ = [
    "AMOUNTS",
    "MOVES",
    "SOLD",
    "TOO_MANY_HOLDS",
    "Amounts",
    "Booking",
    "BookingItem",
    "Cancellation",
    "CancelledItem",
    "ChangeStatus",
    "ChangedBooking",
    "Channel",
    "EventChange",
    "Grounds",
    "Invoice",
    "Rule",
    "Status",
]
