from bookings.models.alerts import Alert, AlertStatus, Concern
from bookings.models.bookings import (
    AMOUNTS,
    MOVES,
    OVER_SHARE,
    SOLD,
    TOO_MANY_HOLDS,
    Amounts,
    Booking,
    BookingItem,
    Status,
)
from bookings.models.cancelling import Cancellation, CancelledItem, GoesTo, Grounds, Rule
from bookings.models.changing import ChangedBooking, ChangeStatus, EventChange
from bookings.models.consents import Consent, Reminder
from bookings.models.exchanging import PlannedExchange
from bookings.models.invoices import Invoice
from events.models import Channel

__all__ = [
    "AMOUNTS",
    "MOVES",
    "OVER_SHARE",
    "SOLD",
    "TOO_MANY_HOLDS",
    "Alert",
    "AlertStatus",
    "Amounts",
    "Booking",
    "BookingItem",
    "Cancellation",
    "CancelledItem",
    "ChangeStatus",
    "ChangedBooking",
    "Channel",
    "Concern",
    "Consent",
    "EventChange",
    "GoesTo",
    "Grounds",
    "Invoice",
    "PlannedExchange",
    "Reminder",
    "Rule",
    "Status",
]
