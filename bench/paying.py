"""Buyers whom a provider asks for their money: a job of bench.inside."""

from bookings.services import contact, pay, reserve
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment


def go_to_pay(wanted):
    """{booking id: the provider's reference} of so many buyers who are on the provider's page."""
    found = {}
    with acting_for(wanted["agency"]):
        event = Event.objects.select_related("layout", "venue").get(pk=wanted["event"])
        for place in range(wanted["count"]):
            booking = reserve(event=event, ordinals=[place])
            contact(booking.pk, name="Ada Verbeke", email=f"ada{place}@post.example")
            pay(booking.pk)
            found[str(booking.pk)] = Payment.objects.get(reference=booking.pk).provider_ref
    return found
