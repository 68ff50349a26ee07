"""A house that sells through Stripe, for tests: fixtures `stripe` and `event`, buyers, and what to
look at afterwards."""

import pytest
from django.db.models import F
from django.db.models.functions import Now

from bookings.models import Booking
from bookings.services import contact, pay, reserve
from bookings.services.expire import GRACE
from core import invariants, outbox
from core.money import Money
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from notifications.models import Message
from payments.models import Journal, Payment, Refund
from payments.tests.simulator_process import running
from payments.tests.stripe_process import StripePeer


@pytest.fixture
def stripe(tmp_path, settings):
    with running(StripePeer(tmp_path / "stripe.sqlite3")) as peer:
        settings.STRIPE_SECRET_KEY = peer.secret
        settings.STRIPE_WEBHOOK_SECRETS = peer.webhook_secrets
        settings.STRIPE_API_BASE = peer.url
        settings.PAYMENT_PROVIDER = "stripe"
        settings.MAIL_DIR = tmp_path / "mail"
        yield peer


@pytest.fixture
def event(committed_db, stripe, made_house):
    with acting_for(made_house["agency"]["id"]):
        yield Event.objects.select_related("layout", "venue").get()


def reserved(event, *ordinals):
    booking = reserve(event=event, ordinals=list(ordinals) or [0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    return booking


def at_stripe(event, *ordinals):
    """A buyer who is on Stripe's page."""
    booking = reserved(event, *ordinals)
    pay(booking.pk)
    return booking


def payment_of(booking):
    return Payment.objects.get(reference=booking.pk)


def paid_unheard(stripe, booking, card="visa"):
    """The buyer has paid and Stripe tells nobody."""
    stripe.play(payment_of(booking).provider_ref, "lost_notice", card=card)


def deliver_everything():
    with as_system():
        while sum(outbox.deliver(limit=50)):
            pass


def status(thing):
    thing.refresh_from_db()
    return thing.status


def sessions(stripe):
    return stripe.objects("checkout/sessions")


def keys_of(stripe, path):
    """The idempotency keys of all POSTs to a path."""
    asked = stripe.witness()["requests"]
    return {
        one["idempotency_key"] for one in asked if (one["method"], one["path"]) == ("POST", path)
    }


def everything_is_sold_once(stripe, booking):
    """Our books, Stripe's and the buyer's agree: one charge, one booking, one mail."""
    deliver_everything()
    assert status(booking) == "CONFIRMED"
    charges = [one for one in sessions(stripe) if one["payment_status"] == "paid"]
    assert [one["amount_total"] for one in charges] == [Money(booking.total, "EUR").minor]
    assert Journal.objects.filter(source="payment").count() == 1
    assert Message.objects.count() == 1
    assert not Refund.objects.exists()
    assert invariants.violations() == {}


def end_time(*bookings):
    """The time to pay is over; what keeps places from others is not."""
    for booking in bookings:
        Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())


def lapse(booking):
    """The time to pay is long over, and so is the grace."""
    end_time(booking)
    Booking.objects.filter(pk=booking.pk).update(reserved_until=F("reserved_until") - GRACE)
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
