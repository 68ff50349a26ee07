"""The end of a page at Stripe, and money that comes late or is other money than was asked for."""

import pytest
from django.db.models.functions import Now

from bookings.services import abandon, expire_lapsed, pay, reserve
from bookings.tasks import expire
from config.tests.selling_by_stripe import (
    at_stripe,
    deliver_everything,
    end_time,
    event,
    everything_is_sold_once,
    lapse,
    paid_unheard,
    payment_of,
    reserved,
    sessions,
    status,
    stripe,
)
from core import invariants, outbox
from core.models import OutboxMessage
from core.status import WrongState
from core.tenancy import as_system
from inventory.models import EventSeat
from inventory.services import SeatsTaken
from notifications.models import Message
from payments.adapters import ProviderUnavailable
from payments.models import Journal, Payment, Refund
from payments.services import settle
from payments.services.start import NothingToPay

__all__ = ["event", "stripe"]  # fixtures
pytestmark = pytest.mark.crash
OPEN, EXPIRE = "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/*/expire"


def test_a_page_is_shut_before_its_places_return_to_sale(stripe, event):
    booking = at_stripe(event)
    end_time(booking)
    stripe.break_next(EXPIRE, "status_500")
    assert expire() == 0
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])
    assert sessions(stripe)[0]["status"] == "open"
    assert expire() == 1
    assert sessions(stripe)[0]["status"] == "expired"
    assert reserve(event=event, ordinals=[0]).status == "RESERVED"
    assert (status(booking), payment_of(booking).status) == ("EXPIRED", "FAILED")


def test_one_who_has_paid_at_the_last_moment_keeps_his_places(stripe, event):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    end_time(booking)
    assert expire() == 0
    assert payment_of(booking).status == "SUCCEEDED"
    everything_is_sold_once(stripe, booking)


def test_places_whose_buyer_turned_to_no_page_lapse_at_once(stripe, event):
    """The control: only who may be paying holds them longer."""
    booking = reserved(event)
    end_time(booking)
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
    assert reserve(event=event, ordinals=[0]).status == "RESERVED"


def test_a_silent_provider_holds_places_back_for_a_while_and_no_longer(stripe, event, caplog):
    first, second = at_stripe(event, 0), at_stripe(event, 1)
    end_time(first, second)
    stripe.break_next(EXPIRE, "status_500", times=99)
    with pytest.raises(ProviderUnavailable):
        expire_lapsed(first.pk)
    assert expire() == 0
    lapse(first)
    assert expire() == 1
    assert "its payment page may be open" in caplog.text
    assert (status(first), status(second)) == ("EXPIRED", "RESERVED")
    stripe.mend()
    with as_system():
        outbox.deliver(limit=50)
    deliver_everything()
    assert payment_of(first).status == "FAILED"


def test_one_silence_is_enough_for_a_run_and_holds_up_nobody_else(stripe, event):
    paying = [at_stripe(event, number) for number in range(3)]
    idle = reserved(event, 5)
    end_time(*paying, idle)
    stripe.break_next(EXPIRE, "status_500")
    asked = len(stripe.witness()["requests"])
    assert expire() == 1
    assert (status(idle), len(stripe.witness()["requests"])) == ("EXPIRED", asked + 1)
    assert expire() == 3


def test_money_on_a_page_that_could_not_be_shut_goes_back_when_the_places_are_sold(stripe, event):
    late = at_stripe(event, 0, 1)
    lapse(late)
    quick = reserve(event=event, ordinals=[1])
    assert status(late) == "EXPIRED"
    paid_unheard(stripe, late)
    settle(payment_of(late).pk)
    deliver_everything()
    refund = Refund.objects.get()
    assert (status(late), payment_of(late).status) == ("REFUNDED", "REFUNDED")
    assert (refund.status, refund.amount, refund.reason) == ("COMPLETED", 90, "TOO_LATE")
    assert [one["amount"] for one in stripe.objects("refunds")] == [9000]
    assert EventSeat.objects.get(ordinal=1).claimed_by == quick.pk
    assert Message.objects.get(kind="payment_refunded").status == "SENT"
    assert invariants.violations() == {}


def test_who_lets_go_leaves_no_page_behind_on_which_he_could_still_pay(stripe, event, settings):
    booking = at_stripe(event)
    abandon(booking.pk)
    assert (status(booking), sessions(stripe)[0]["status"]) == ("CANCELLED", "expired")
    paid = at_stripe(event)
    paid_unheard(stripe, paid)
    settings.FAIL_POINT = "confirm.after_lock=raise"
    with pytest.raises(WrongState, match="payment has arrived"):
        abandon(paid.pk)
    settings.FAIL_POINT = ""
    with as_system():
        OutboxMessage.objects.filter(done_at=None).update(due_at=Now())
    everything_is_sold_once(stripe, paid)


def test_a_page_that_has_ended_is_not_shown_again(stripe, event):
    booking = at_stripe(event)
    payment = payment_of(booking)
    Payment.objects.filter(pk=payment.pk).update(provider_url="", provider_ref="")
    stripe.call("POST", f"/v1/checkout/sessions/{payment.provider_ref}/expire")
    with pytest.raises(NothingToPay, match="come to its end"):
        pay(booking.pk)
    assert payment_of(booking).status == "FAILED"
    assert pay(booking.pk) == sessions(stripe)[0]["url"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount_total": "100"}, "The provider says 1.00 EUR"),
        ({"currency": "usd"}, "45.00 USD"),
        ({"metadata": '{"payment_id": "another"}'}, "names payment another"),
    ],
)
def test_other_money_than_was_asked_for_confirms_nothing(stripe, event, changed, said):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    stripe.change_session(payment_of(booking).provider_ref, **changed)
    settle(payment_of(booking).pk)
    deliver_everything()
    payment = payment_of(booking)
    assert said in payment.failure
    assert (status(booking), payment.status, payment.needs_attention) == (
        *("RESERVED", "PROCESSING"),
        True,
    )
    assert not Journal.objects.filter(source="payment").exists()
