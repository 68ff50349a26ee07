"""Selling through Stripe: it is silent, lies, repeats itself, comes late. One charge, one booking,
or all the money back."""

import json
import random
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client

from bookings.services import pay
from bookings.tasks import expire
from config.tests.selling_by_stripe import (
    at_stripe,
    deliver_everything,
    event,
    everything_is_sold_once,
    keys_of,
    lapse,
    paid_unheard,
    payment_of,
    reserved,
    sessions,
    status,
    stripe,
)
from core import failpoints
from core.money import Money
from payments.models import InboxMessage
from payments.services import ProviderAway, request_refund, send_refund, settle
from payments.tasks import reconcile, work_inbox
from payments.tests.contract import wish
from payments.webhook_signature import sign

__all__ = ["event", "stripe"]  # fixtures
pytestmark = pytest.mark.crash
OPEN, EXPIRE = "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/*/expire"
REFUND = "POST /v1/refunds"


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


@pytest.mark.parametrize("named", [None, "order 7", "018f0000-0000-7000-8000-000000000000"])
def test_notices_about_what_another_shop_sells_are_answered_and_forgotten(stripe, event, named):
    ours = {"expires_at": int(time.time()) + 2000, "metadata[payment_id]": named}
    shirt = {**SHIRT, **{name: value for name, value in ours.items() if value}}
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
