"""A booking that is not wanted any more, paid or not."""

from bookings.cancelling import Wish, cancel, preview
from bookings.models import Booking
from bookings.services.expire import abandon
from core.errors import DomainError
from core.locks import database_now

BY_BUYER, BY_STAFF = "given up by the buyer", "given up by the box office"


class QuoteMissing(DomainError):
    """Nobody gives paid tickets back without having seen what it brings; `quote` names what it is."""

    code = "quote_missing"

    def __init__(self, quote):
        super().__init__(
            f"This booking is paid: all of it given back brings {quote.refunded.display()} of "
            f"{quote.paid.display()}. Ask again with the quote. Nothing was cancelled.",
            quote=quote.name,
            refunded=str(quote.refunded.amount),
        )


def give_up(booking_id, *, wish=None, seen=""):
    """Ends a booking: an unpaid one is let go, and all tickets of a paid one are cancelled as the quote
    `seen` said; returns the Cancellation, or None.

    Raises QuoteMissing without a quote for what is paid, and as `abandon` and `cancel` do.
    """
    booking = Booking.objects.select_related("event").get(pk=booking_id)
    wish = wish or Wish()
    if not (booking.is_sold or seen):
        abandon(booking_id, reason=BY_STAFF if wish.by else BY_BUYER)
        return None
    if not seen:
        raise QuoteMissing(preview(booking, wish, now=database_now()))
    return cancel(booking_id, wish, seen=seen)
