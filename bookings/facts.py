"""What has happened to bookings."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class BookingConfirmed:
    booking_id: UUID


@dataclass(frozen=True)
class BookingExpired:
    booking_id: UUID


@dataclass(frozen=True)
class BookingCancelled:
    booking_id: UUID


@dataclass(frozen=True)
class TicketsCancelled:
    """Some or all tickets of a paid booking were given back."""

    cancellation_id: UUID


@dataclass(frozen=True)
class BookingChanged:
    """The event of a booking was put off or moved; its buyer may choose."""

    changed_id: UUID


@dataclass(frozen=True)
class MoneySentBack:
    """Money came that nothing could be sold for, and is on its way back whole."""

    refund_id: UUID


@dataclass(frozen=True)
class BookingSought:
    """A guest asked for the link to his booking; each request is answered once."""

    booking_id: UUID
    request_id: UUID


@dataclass(frozen=True)
class PaymentAsked:
    """Staff reserved places for somebody, who is to pay by a link in his mail."""

    booking_id: UUID


@dataclass(frozen=True)
class TransferAsked:
    """Staff let a buyer pay by bank transfer; his places are kept until then."""

    booking_id: UUID


@dataclass(frozen=True)
class ProofAsked:
    """Somebody wants to do what needs a fresh proof of who he is; the link leads back to `page`, a path
    of ours."""

    customer_id: UUID
    page: str
    request_id: UUID
