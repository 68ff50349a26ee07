"""An event is cancelled whose seats were bought, and changed for dearer ones, at a provider: each
payment has its money back there, once, whatever is lost on the way."""

from datetime import timedelta

import pytest

from bookings import changing
from bookings.models import Booking, EventChange
from bookings.services import contact, pay, reserve
from bookings.services.exchange import pay_difference
from config.tests import world
from config.tests.servers import simulator
from config.tests.test_cancelling import policy
from config.tests.test_exchanging import CIRCLE, STALLS, looked_at, tickets_of
from config.tests.test_several_events import deliver_everything
from core import failpoints
from core.locks import database_now
from payments.models import Payment, Refund
from payments.services import send_refund, settle
from payments.tasks import reconcile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


@pytest.fixture
def provider(tmp_path, settings):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    world.received_order(event, section="Circle", rows="A")
    policy((2, 50, 0))
    return event


def paid_at(provider, booking):
    payment = Payment.objects.get(reference=booking.pk, status="PROCESSING")
    provider.pay(payment.provider_ref)
    settle(payment.pk)
    deliver_everything()
    return Payment.objects.get(pk=payment.pk)


@pytest.fixture
def payments(stocked, provider):
    """The Payments of a seat of the circle, and of what the stalls' seat costs more."""
    cheap = reserve(event=stocked, ordinals=[50])
    contact(cheap.pk, name="Noor Vance", email="noor@post.example")
    pay(cheap.pk)
    first = paid_at(provider, cheap)
    new, tickets = reserve(event=stocked, ordinals=[0]), tickets_of(cheap, 1)
    seen = looked_at(new, cheap, tickets).name
    pay_difference(new.pk, booking_id=cheap.pk, tickets=tickets, seen=seen)
    more = paid_at(provider, new)
    assert Booking.objects.get(pk=new.pk).status == "CONFIRMED"
    return first, more


def called_off(event):
    kind = EventChange.Kind.CANCELLED
    change = changing.propose(event=event, kind=kind, message="The tenor is ill", by=None)
    change = changing.begin(change.pk, by=None)
    while changing.carry_on(change.pk):
        pass


def sent_at(provider, payments):
    """What the provider has sent back of each payment, in cents."""
    listed = [
        provider.objects(f"refunds?payment_intent={payment.provider_payment_ref}")
        for payment in payments
    ]
    return [[refund["amount"] for refund in refunds] for refunds in listed]


def test_the_provider_sends_each_payment_its_money(stocked, payments, provider):
    called_off(stocked)
    deliver_everything()
    assert sent_at(provider, payments) == [[int(CIRCLE * 100)], [int((STALLS - CIRCLE) * 100)]]
    assert set(Refund.objects.values_list("status", flat=True)) == {"COMPLETED"}
    assert set(Payment.objects.values_list("status", flat=True)) == {"REFUNDED"}
    assert Booking.objects.latest("reserved_at").status == "REFUNDED"


def test_who_dies_after_asking_does_not_ask_twice(stocked, payments, provider, settings):
    called_off(stocked)
    settings.FAIL_POINT = "refund.after_provider=raise"
    for refund in Refund.objects.all():
        with pytest.raises(failpoints.FailPointReached):
            send_refund(refund.pk)
    settings.FAIL_POINT = ""
    assert set(Refund.objects.values_list("status", flat=True)) == {"PROCESSING"}
    Refund.objects.update(created_at=database_now() - timedelta(minutes=1))
    reconcile(everything=True)
    assert set(Refund.objects.values_list("status", flat=True)) == {"COMPLETED"}
    assert sent_at(provider, payments) == [[int(CIRCLE * 100)], [int((STALLS - CIRCLE) * 100)]]
    deliver_everything()
    assert Booking.objects.latest("reserved_at").status == "REFUNDED"


def test_the_dry_run_says_it(stocked, payments, mireille):
    kind = EventChange.Kind.CANCELLED
    change = changing.propose(event=stocked, kind=kind, message="The tenor is ill", by=None)
    page = mireille.get(world.of(change)).content.decode()
    assert "Customer credit" not in page
    [way] = changing.ways_of(stocked)
    assert (way.name, way.bookings, way.money.amount) == ("simulated", 1, STALLS)
