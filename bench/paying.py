"""How soon a provider's word becomes tickets: jobs of bench.inside."""

from bookings.models import Booking
from bookings.services import contact, pay, reserve
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment

GUEST = {"name": "Ada Verbeke", "email": "ada@post.example", "phone": ""}


def go_to_pay(wanted):
    """{booking id: the provider's reference} of so many buyers who are on the provider's page."""
    found = {}
    with acting_for(wanted["agency"]):
        event = Event.objects.select_related("layout", "venue").get(pk=wanted["event"])
        for place in range(wanted["count"]):
            booking = reserve(event=event, ordinals=[place])
            contact(booking.pk, **GUEST)
            pay(booking.pk)
            found[str(booking.pk)] = Payment.objects.get(reference=booking.pk).provider_ref
    return found


def confirmed(wanted):
    """{booking id: when it was confirmed, in seconds since 1970} of those that are."""
    with acting_for(wanted["agency"]):
        rows = Booking.objects.filter(pk__in=wanted["bookings"], confirmed_at__isnull=False)
        return {str(pk): at.timestamp() for pk, at in rows.values_list("pk", "confirmed_at")}
