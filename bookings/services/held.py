"""Selling out of a hold: staff choose the places and name the buyer, who pays by a mailed link or, if
the tickets are complimentary, not at all."""

from functools import partial

from bookings.facts import PaymentAsked
from bookings.models import Channel
from bookings.services.confirm import confirm
from bookings.services.reserve import Sale, TooMany, claim_and_write
from core.audit import because
from core.errors import Invalid
from core.outbox import record
from core.transactions import use_case
from customers.services import remember_customer
from inventory.models import Hold, StockChannel
from inventory.services import claim_held
from tickets.services import name_holder

LONGEST_HOURS = 24  # a payment page stays open no longer
MOST = 200
FOR_NOTHING = (Hold.Kind.COMPLIMENTARY, Hold.Kind.PRESS)


class NotForNothing(Invalid):
    """Only complimentary and press holds give tickets away, and only with a reason."""

    code = "not_for_nothing"


@use_case
def sell_held(*, hold, ordinals, email, name, hours=LONGEST_HOURS):
    """Reserves places of a hold for a buyer at their prices and mails him the link to pay within so
    many hours; what he does not pay goes back to the hold. Returns the Booking.

    Raises SeatsTaken when some are not in the hold any more, NotOnSale, or TooMany.
    """
    if not 1 <= hours <= LONGEST_HOURS:
        raise Invalid(f"A payment link is open for 1 to {LONGEST_HOURS} hours.")
    booking = _reserved(hold, ordinals, email, name, seconds=hours * 3600)
    if not booking.total:
        return confirm(booking.pk)
    record(PaymentAsked(booking_id=booking.pk))
    return booking


@use_case
def give_held(*, hold, ordinals, email, name, reason):
    """Gives places of a complimentary or press hold to somebody for nothing: confirmed at once, with
    tickets and mail. Returns the Booking; raises like `sell_held`, or NotForNothing."""
    if hold.kind not in FOR_NOTHING or not reason.strip():
        raise NotForNothing(
            "Tickets are given for nothing out of complimentary and press holds, with a reason."
        )
    because(f"Hold {hold.name}, given for nothing: {reason}")
    booking = _reserved(hold, ordinals, email, name, is_complimentary=True)
    return confirm(booking.pk)


def _reserved(hold, ordinals, email, name, **how):
    if not 1 <= len(ordinals) <= MOST:
        raise TooMany(f"One sale out of a hold is 1 to {MOST} places.")
    customer = remember_customer(email=email, name=name)
    sale = Sale(
        channel=Channel.BOX_OFFICE,
        customer_id=customer.pk,
        stock=StockChannel.BOX_OFFICE,
        **how,
    )
    claimed = partial(claim_held, hold=hold, ordinals=ordinals)
    booking = claim_and_write(hold.event, claimed, sale)
    name_holder([item.ticket_id for item in booking.item_list], name)
    return booking
