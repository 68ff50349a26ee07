"""The terms of sale, accepted for a booking before anybody pays for it."""

from agencies.queries import current_terms
from bookings.models import Channel, Consent
from bookings.orders import lock_order, still_due
from core.errors import Invalid
from core.transactions import use_case


class TermsNotAccepted(Invalid):
    """Nobody buys here without having accepted the terms of sale as they are now."""

    code = "terms_not_accepted"


@use_case
def accept_terms(booking_id, *, network, channel=Channel.WEB, digest=None):
    """Notes that the buyer of a booking, and of those of its order, accepts the terms of sale, those of
    `digest` where it is known which text he saw; returns the booking's Consent, or None where none are
    asked for. Harmless the second time.

    Raises TermsNotAccepted when the text has changed since he saw it.
    """
    terms = current_terms()
    if terms is None:
        return None
    if digest not in (None, terms.digest):
        raise TermsNotAccepted("The terms of sale have changed. Please read and accept them again.")
    bookings = lock_order(booking_id)
    said = {"channel": channel, "network": network}
    consents = [
        Consent.objects.get_or_create(booking=each, terms=terms, defaults=said)[0]
        for each in {
            booking.pk: booking for booking in [bookings[0], *still_due(bookings)]
        }.values()
    ]
    return consents[0]


def has_accepted(booking, terms):
    """Whether these TermsOfSale were accepted for a booking."""
    return Consent.objects.filter(booking=booking.pk, terms=terms).exists()


def check_accepted(booking):
    """Raises TermsNotAccepted unless the terms of this moment are accepted, or none are asked for."""
    terms = current_terms()
    if terms and not has_accepted(booking, terms):
        raise TermsNotAccepted("Please accept the terms of sale first.", terms="/terms/")
