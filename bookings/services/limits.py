"""How many tickets of an event one person, and one card, may have. See docs/limits.md.

A person is counted by the database whenever he becomes known (the trigger one_person_one_share), a card
when money has come from it.
"""

from contextlib import contextmanager

from django.db import IntegrityError, connection

from bookings.cancelling.sources import went_into
from bookings.models import OVER_SHARE, SOLD, Alert, Booking, BookingItem, Channel, Concern, Status
from core.errors import DomainError
from core.locks import database_now, one_at_a_time
from core.transactions import broken_constraint
from core.words import many
from payments.models import Payment


class OverLimit(DomainError):
    """One person would have more tickets than the event allows, all his bookings together. `most` is
    what he may have, `left` what of it he has not; `asked` was wanted."""

    code = "over_customer_limit"

    def __init__(self, *, most, others, asked):
        left = max(most - others, 0)
        keep = (
            f"{left} of these {asked} can still be yours: let them go, and choose {left}."
            if left
            else "This e-mail has as many already."
        )
        super().__init__(
            f"One person may have {many(most, 'ticket')} for this event, all bookings together. {keep}",
            most=most,
            left=left,
        )


@contextmanager
def refused_in_words(booking):
    """What the database says about a person's share of tickets, said as OverLimit. The transaction can
    only be given up then."""
    try:
        yield
    except IntegrityError as error:
        if broken_constraint(error) != OVER_SHARE:
            raise
        most, others = map(int, error.__cause__.diag.message_detail.split())
        raise OverLimit(most=most, others=others, asked=booking.ticket_count) from error


def is_over_share(booking, together):
    """Whether a locked booking whose time was over, so that it did not count, would give its buyer more
    than his share by now, with those that are sold `together` with it. Nobody else buys for him until
    the transaction ends."""
    is_free = booking.customer_id is None or booking.channel == Channel.BOX_OFFICE
    if is_free or booking.event.max_per_customer is None:
        return False
    now = database_now()
    uncounted = [each for each in _of_event(booking, together) if not _counts(each, now)]
    if booking not in uncounted:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bookings_others_of_person(%s, %s, %s)",
            [booking.event_id, booking.customer_id, booking.pk],
        )
        others = cursor.fetchone()[0]
    return others + _tickets_of(uncounted) > booking.event.max_per_customer


def _counts(booking, now):
    return booking.status == Status.RESERVED and booking.reserved_until > now


def _of_event(booking, bookings):
    return [each for each in bookings if each.event_id == booking.event_id]


def _tickets_of(bookings):
    """How many tickets these bookings have together."""
    return sum(each.ticket_count for each in bookings)


def is_over_card(booking, together, payment):
    """Whether the card of a Payment (or none) would have paid for more than the event lets one card,
    with what it pays for `together`, and its money is to go back. Where the event only wants to know,
    an Alert is made.

    Nobody else confirms with this card until the transaction ends.
    """
    if payment is None or not payment.card or booking.event.max_per_card is None:
        return False
    one_at_a_time(f"card {booking.event_id} {payment.card}")
    others = _paid_with(payment.card, booking.event)
    asked = _tickets_of(_of_event(booking, together))
    if others + asked <= booking.event.max_per_card:
        return False
    if not booking.event.is_card_limit_strict:
        Alert.objects.get_or_create(booking=booking, concern=Concern.SAME_CARD)
        return False
    return True


def _paid_with(card, event):
    """Tickets of an event that were paid for with a card and not given back, or that such tickets
    were given for."""
    paid = Booking.objects.filter(
        event=event, payment_id__in=Payment.objects.filter(card=card).values("pk")
    )
    paid = set(paid.values_list("pk", flat=True))
    bookings = Booking.objects.filter(pk__in=paid | went_into(paid), status__in=SOLD)
    return BookingItem.objects.filter(booking__in=bookings, cancelled=None).count()
