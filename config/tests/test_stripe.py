"""Selling through Stripe: it is silent, lies, repeats itself, comes late. One charge, one booking,
or all the money back."""

import json
import random
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from bookings.models import Booking
from bookings.services import abandon, contact, expire_lapsed, pay, reserve
from bookings.services.expire import GRACE
from bookings.tasks import expire
from config.tests.scenarios import house
from core import failpoints, invariants, outbox
from core.models import OutboxMessage
from core.money import Money
from core.status import WrongState
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from inventory.services import SeatsTaken
from notifications.models import Message
from payments.adapters import ProviderUnavailable
from payments.models import InboxMessage, Journal, Payment, Refund
from payments.services import ProviderAway, request_refund, send_refund, settle
from payments.services.start import NothingToPay
from payments.tasks import reconcile, work_inbox
from payments.tests.contract import wish
from payments.tests.simulator_process import running
from payments.tests.stripe_process import StripePeer
from payments.webhook_signature import sign

pytestmark = pytest.mark.crash
OPEN, EXPIRE = "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/*/expire"
REFUND = "POST /v1/refunds"


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
def event(committed_db, stripe):
    world = house()
    with acting_for(world["agency"]["id"]):
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


# DEP-1: time-outs after success, sticky errors


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_a_page_that_was_opened_without_our_hearing_is_found_when_the_buyer_tries_again(
    stripe, event, fault
):
    booking = reserved(event)
    stripe.break_next(OPEN, fault)
    with pytest.raises(ProviderAway, match="nothing was charged"):
        pay(booking.pk)
    assert pay(booking.pk) == sessions(stripe)[0]["url"]
    paid_unheard(stripe, booking)
    assert reconcile(everything=True) == {"asked": 1, "unreachable": 0}
    everything_is_sold_once(stripe, booking)
    assert keys_of(stripe, "/v1/checkout/sessions") == {f"{payment_of(booking).pk}:open"}


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_one_that_nobody_asks_for_again_is_found_by_reconciliation(stripe, event, fault):
    booking = reserved(event)
    stripe.break_next(OPEN, fault)
    with pytest.raises(ProviderAway):
        pay(booking.pk)
    reconcile(everything=True)
    assert payment_of(booking).provider_ref == sessions(stripe)[0]["id"]
    paid_unheard(stripe, booking)
    reconcile(everything=True)
    everything_is_sold_once(stripe, booking)
    assert len(keys_of(stripe, "/v1/checkout/sessions")) == 1


def test_while_stripe_only_says_500_no_other_key_is_tried_and_nothing_is_charged(stripe, event):
    booking = reserved(event)
    stripe.break_next(OPEN, "sticky_500")
    for _ in range(3):
        with pytest.raises(ProviderAway):
            pay(booking.pk)
    reconcile(everything=True)
    assert len(keys_of(stripe, "/v1/checkout/sessions")) == 1
    assert sessions(stripe) == []
    lapse(booking)
    assert expire() == 1
    assert (status(booking), payment_of(booking).status) == ("EXPIRED", "FAILED")


def test_control_another_key_opens_another_page(stripe, event):
    """What the tests above would see if somebody tried blindly."""
    adapter, wanted = stripe.adapter(), wish()
    for key in ("one", "two"):
        adapter.open_session(**{**wanted, "idempotency_key": key})
    assert len(sessions(stripe)) == len(keys_of(stripe, "/v1/checkout/sessions")) == 2


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_a_refund_whose_answer_was_lost_is_paid_once(stripe, event, fault):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    payment = settle(payment_of(booking).pk)
    deliver_everything()
    with transaction.atomic():
        refund = request_refund(
            payment_id=payment.pk, money=Money(20, "EUR"), reason="FRAUD", request_key="once"
        )
    stripe.break_next(REFUND, fault)
    deliver_everything()
    assert status(refund) == "PROCESSING"
    assert send_refund(refund.pk).status == "COMPLETED"
    assert [one["amount"] for one in stripe.objects("refunds")] == [2000]
    assert keys_of(stripe, "/v1/refunds") == {f"{refund.pk}:refund:1"}


# DEP-2: events repeated, shuffled, late, early, never


def notices(stripe, *, age=timedelta()):
    """Bodies of all that Stripe has to tell, the oldest first, told as of so long ago."""
    told = reversed(stripe.events())
    earlier = int(age.total_seconds())
    return [json.dumps({**one, "created": one["created"] - earlier}).encode() for one in told]


def post(body, secret="whsec_new", at=None, **headers):  # noqa: S107 - of a test
    signature = sign(body, secret, time.time() if at is None else at)
    return Client(HTTP_HOST="127.0.0.1").post(
        "/webhooks/payments/stripe/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature, **headers},
    )


@pytest.mark.parametrize("seed", range(4))
def test_five_times_everything_in_any_order_is_booked_once(stripe, event, seed):
    booking = at_stripe(event)
    ref = payment_of(booking).provider_ref
    stripe.play(ref, "decline")
    paid_unheard(stripe, booking)
    shuffled = notices(stripe) * 5
    random.Random(seed).shuffle(shuffled)
    assert {post(body).status_code for body in shuffled} == {200}
    everything_is_sold_once(stripe, booking)
    done = InboxMessage.objects.values_list("state", flat=True)
    assert set(done) == {"done"}
    assert InboxMessage.objects.count() <= len(stripe.events())


def test_what_is_told_half_an_hour_late_still_gets_the_seats_if_they_are_free(stripe, event):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    lapse(booking)
    for body in notices(stripe, age=timedelta(minutes=30)):
        assert post(body).status_code == 200
    everything_is_sold_once(stripe, booking)


def test_what_is_told_before_stripe_has_answered_us_is_understood(stripe, event, settings):
    booking = reserved(event)
    settings.FAIL_POINT = "pay.after_provider=raise"
    with pytest.raises(failpoints.FailPointReached):
        pay(booking.pk)
    settings.FAIL_POINT = ""
    assert payment_of(booking).provider_ref == ""
    stripe.play(sessions(stripe)[0]["id"], "lost_notice")
    for body in notices(stripe):
        assert post(body).status_code == 200
    everything_is_sold_once(stripe, booking)


def test_what_is_never_told_is_found(stripe, event):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    assert reconcile(everything=True) == {"asked": 1, "unreachable": 0}
    everything_is_sold_once(stripe, booking)


def test_a_notice_waits_in_the_inbox_while_stripe_does_not_answer(stripe, event):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    stripe.break_next("GET /v1/checkout/sessions/*", "status_500")
    [body] = [one for one in notices(stripe) if b'"checkout.session.completed"' in one]
    assert post(body).status_code == 200
    assert InboxMessage.objects.get().state == "received"
    InboxMessage.objects.update(due_at=Now())
    assert work_inbox() == 1
    everything_is_sold_once(stripe, booking)


def test_notices_about_somebody_else_are_answered_and_forgotten(stripe, event):
    shirt = {**SHIRT, "expires_at": int(time.time()) + 2000}
    stripe.call("POST", "/v1/checkout/sessions", shirt)
    stripe.play(sessions(stripe)[0]["id"], "lost_notice")
    assert {post(body).status_code for body in notices(stripe)} == {200}
    assert not InboxMessage.objects.exists()


SHIRT = {
    "mode": "payment",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": 900,
    "line_items[0][price_data][product_data][name]": "A shirt of another shop of ours",
    "line_items[0][quantity]": 1,
    "success_url": "http://shop.example/",
    "cancel_url": "http://shop.example/",
}


# DEP-3: signatures


def completed(stripe):
    [body] = [one for one in notices(stripe) if b'"checkout.session.completed"' in one]
    return body


def test_without_a_true_and_young_signature_nothing_is_written(stripe, event, settings):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    body, now = completed(stripe), time.time()
    refused = [
        post(body, **{"Stripe-Signature": ""}),
        post(body, **{"Stripe-Signature": "t=1,v1=00"}),
        post(body, "whsec_of_nobody"),
        post(body, at=now - 301),
        post(body, at=now + 302),
        post(body.replace(b"4500", b"4501"), **{"Stripe-Signature": sign(body, "whsec_new", now)}),
    ]
    assert {answer.status_code for answer in refused} == {400}
    assert not InboxMessage.objects.exists()
    assert payment_of(booking).status == "PROCESSING"
    settings.STRIPE_WEBHOOK_SECRETS = [*settings.STRIPE_WEBHOOK_SECRETS, "whsec_of_nobody"]
    assert (
        post(body, "whsec_of_nobody").status_code == 200
    )  # the control: only the secret was wrong
    assert InboxMessage.objects.count() == 1


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
def test_either_of_two_live_secrets_counts(stripe, event, secret):
    booking = at_stripe(event)
    paid_unheard(stripe, booking)
    assert post(completed(stripe), secret).status_code == 200
    everything_is_sold_once(stripe, booking)


# The end of a page, and money that comes late


def end_time(*bookings):
    """The time to pay is over; what keeps places from others is not."""
    for booking in bookings:
        Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())


def lapse(booking):
    """The time to pay is long over, and so is the grace."""
    end_time(booking)
    Booking.objects.filter(pk=booking.pk).update(reserved_until=F("reserved_until") - GRACE)
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())


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
    lapse(first)
    assert expire_lapsed(first.pk)
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
