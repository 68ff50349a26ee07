"""An event with all its bookings is cancelled: jobs of bench.inside."""

from bookings import changing
from bookings.models import Booking, EventChange
from core import invariants
from core.tenancy import acting_for, as_system
from events.models import Event
from notifications.models import Message
from payments.models import Payment


def taken(wanted):
    """What was paid for an event: [{"ref", "amount" in minor units, "currency"}], for a provider to
    know."""
    with acting_for(wanted["agency"]):
        bookings = Booking.objects.filter(event=wanted["event"])
        payments = Payment.objects.filter(pk__in=bookings.values("payment_id"))
        return [
            {
                "ref": each.provider_payment_ref,
                "amount": each.money.minor,
                "currency": each.currency,
            }
            for each in payments
        ]


def call_off(wanted):
    """Begins to cancel an event; the workers go on. Returns how many bookings have tickets."""
    with acting_for(wanted["agency"]):
        event = Event.objects.get(pk=wanted["event"])
        kind = EventChange.Kind.CANCELLED
        change = changing.propose(event=event, kind=kind, message="Measured", by=None)
        changing.begin(change.pk, by=None)
        return change.bookings.count()


def called_off(wanted):
    """{"mails": the Message-ID of each mail that had to be sent, "violations": what the books say}."""
    with acting_for(wanted["agency"]):
        told = Message.objects.filter(kind="tickets_cancelled", status=Message.Status.SENT)
        mails = [str(pk) for pk in told.values_list("pk", flat=True)]
    with as_system():
        return {"mails": mails, "violations": invariants.violations()}
