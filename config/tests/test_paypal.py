"""Selling through PayPal: a buyer approves, and his money is taken once, or never."""

import json
import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from importlib import import_module

import pytest
from django.conf import settings as configured
from django.db import close_old_connections, connection, transaction
from django.test import Client

from bookings.models import Booking
from bookings.services import abandon, contact, pay, reserve
from bookings.tasks import expire
from config.tests.selling_by_stripe import deliver_everything, end_time, lapse, payment_of, status
from core import failpoints, invariants
from core.money import Money
from core.tenancy import acting_for, as_system
from events.models import Event
from payments.adapters import ProviderDispute, ProviderUnavailable
from payments.models import Account, Dispute, InboxMessage, Journal, LedgerEntry, Payment, Refund
from payments.peers.paypal.objects import MERCHANT
from payments.services import (
    NoSuchWay,
    ProviderAway,
    close_payment,
    record_disputes,
    request_refund,
    send_refund,
    settle,
)
from payments.tasks import look_for_disputes, reconcile
from payments.tests.paypal_process import CLIENT_ID, PayPalPeer
from payments.tests.simulator_process import ROOT, running
from payments.tests.stripe_process import StripePeer
from tickets.models import Ticket

pytestmark = pytest.mark.crash
SETTLE = import_module(settle.__module__)
CAPTURE = "POST /v2/checkout/orders/*/capture"


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(PayPalPeer(tmp_path_factory.mktemp("paypal") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def paypal(peer, settings, tmp_path):
    peer.mend()
    peer.seen = len(peer.witness()["requests"]), {one["id"] for one in peer.events()}
    settings.PAYPAL_CLIENT_ID = CLIENT_ID
    settings.PAYPAL_CLIENT_SECRET = peer.secret
    settings.PAYPAL_WEBHOOK_IDS = peer.webhook_secrets
    settings.PAYPAL_API_BASE = peer.url
    settings.PAYPAL_MERCHANT_ID = MERCHANT
    settings.PAYMENT_PROVIDER = "paypal"
    settings.MAIL_DIR = tmp_path / "mail"
    return peer


@pytest.fixture
def event(committed_db, paypal, made_shop):
    world = made_shop
    with acting_for(world["agency"]["id"]):
        event = Event.objects.select_related("layout", "venue").get()
        event.buyers_key = world["tokens"]["buyer"]
        yield event


def at_paypal(event, *ordinals):
    """A buyer who is on PayPal's page."""
    booking = reserve(event=event, ordinals=list(ordinals) or [0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    pay(booking.pk)
    return booking


def approved(paypal, booking, account="good"):
    """The buyer has approved, and nobody has told us."""
    paypal.play(payment_of(booking).provider_ref, "lost_notice", account=account)
    return payment_of(booking)


def captures(paypal):
    """How often we tried to take money in this test."""
    asked = paypal.witness()["requests"][paypal.seen[0] :]
    return [one for one in asked if one["path"].endswith("/capture")]


def notices(paypal):
    """Bodies of all that PayPal has to tell since this test began, the oldest first."""
    return [
        json.dumps(event).encode()
        for event in reversed(paypal.events())
        if event["id"] not in paypal.seen[1]
    ]


def post(paypal, body, webhook_id="WH-NEW", at=None, **changed):
    signed = paypal.signed(body, webhook_id, at or time.time())
    return Client().post(
        "/webhooks/payments/paypal/",
        body,
        content_type="application/json",
        headers={**signed, **changed},
    )


def everything_is_sold_once(booking):
    deliver_everything()
    assert status(booking) == "CONFIRMED"
    assert Journal.objects.filter(source="payment").count() == 1
    assert not Refund.objects.exists()
    assert invariants.violations() == {}


# On the site


def held_on_the_site(event, ordinal=0):
    """(a buyer's browser on the checkout, his booking)."""
    buyer = Client()
    buyer.post(f"/events/{event.slug}/reserve/", {"seat": str(ordinal)})
    return buyer, Booking.objects.order_by("-reserved_at").first()


def goes_to_pay(buyer, booking, **chosen):
    return buyer.post(
        f"/checkout/{booking.pk}/pay/",
        {"name": "Noor Vance", "email": "noor@post.example", "phone": "", **chosen},
    )


def comes_back(buyer, booking):
    return buyer.get(f"/checkout/{booking.pk}/return/", follow=True).content.decode()


def test_a_buyer_pays_by_paypal_and_comes_back_to_his_tickets(paypal, event):
    buyer, booking = held_on_the_site(event)
    there = goes_to_pay(buyer, booking)
    assert there["Location"].startswith(f"{paypal.url}/pay/")
    (order,) = [one for one in paypal.objects("order") if one["id"] in there["Location"]]
    unit = order["purchase_units"][0]
    assert unit["amount"] == {"currency_code": "EUR", "value": str(booking.total.quantize(CENT))}
    paypal.play(order["id"], "lost_notice")
    assert "Paid and confirmed" in comes_back(buyer, booking)
    everything_is_sold_once(booking)
    payment = payment_of(booking)
    assert (payment.provider, payment.status) == ("paypal", "SUCCEEDED")
    assert unit["custom_id"] == str(payment.pk)
    assert [one["idempotency_key"] for one in captures(paypal)] == [f"{payment.pk}:capture"]


CENT = Decimal("0.01")


@pytest.mark.parametrize("account", ["declined", "refused"])
def test_who_is_declined_is_told_at_once_and_may_pay_again(paypal, event, account):
    buyer, booking = held_on_the_site(event)
    goes_to_pay(buyer, booking)
    approved(paypal, booking, account)
    assert "That payment did not go through" in comes_back(buyer, booking)
    assert payment_of(booking).status == "FAILED"
    goes_to_pay(buyer, booking)
    second = Payment.objects.get(reference=booking.pk, status="PROCESSING")
    paypal.play(second.provider_ref, "lost_notice")
    assert "Paid and confirmed" in comes_back(buyer, booking)
    everything_is_sold_once(booking)


def test_who_turns_back_is_charged_nothing(paypal, event):
    buyer, booking = held_on_the_site(event)
    goes_to_pay(buyer, booking)
    page = buyer.get(f"/checkout/{booking.pk}/").content.decode()
    assert "We have not heard of a payment yet" in page
    assert captures(paypal) == []


# Taken once, or never


def test_what_is_approved_after_the_places_were_let_go_is_never_taken(paypal, event):
    late, gone, lapsed = (at_paypal(event, number) for number in range(3))
    end_time(late)
    assert expire() == 1
    abandon(gone.pk)
    approved(paypal, lapsed)
    lapse(lapsed)
    assert expire() == 1
    approved(paypal, late)
    approved(paypal, gone)
    reconcile(everything=True)
    deliver_everything()
    assert [status(one) for one in (late, gone, lapsed)] == ["EXPIRED", "CANCELLED", "EXPIRED"]
    assert {payment.status for payment in Payment.objects.all()} == {"FAILED"}
    assert captures(paypal) == []
    assert invariants.violations() == {}


def test_control_while_it_is_wanted_the_same_approval_is_taken(paypal, event):
    booking = at_paypal(event)
    approved(paypal, booking)
    reconcile(everything=True)
    everything_is_sold_once(booking)
    assert len(captures(paypal)) == 1


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_a_capture_without_an_answer_is_looked_up_and_not_made_again(paypal, event, fault):
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    paypal.break_next(CAPTURE, fault)
    with pytest.raises(ProviderUnavailable):
        settle(payment.pk)
    assert status(payment) == "PROCESSING"
    assert reconcile(everything=True) == {"asked": 1, "unreachable": 0}
    everything_is_sold_once(booking)
    assert len(captures(paypal)) == 1


def test_a_capture_that_was_not_made_is_asked_for_again_with_its_key(paypal, event):
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    paypal.break_next(CAPTURE, "status_500")
    with pytest.raises(ProviderUnavailable):
        settle(payment.pk)
    settle(payment.pk)
    everything_is_sold_once(booking)
    assert {one["idempotency_key"] for one in captures(paypal)} == {f"{payment.pk}:capture"}


def test_who_dies_before_or_after_taking_leaves_it_to_the_next(paypal, event, settings):
    for number, place in enumerate(("settle.before_capture", "settle.before_record")):
        booking = at_paypal(event, number)
        payment = approved(paypal, booking)
        settings.FAIL_POINT = f"{place}=raise"
        with pytest.raises(failpoints.FailPointReached):
            settle(payment.pk)
        settings.FAIL_POINT = ""
        settle(payment.pk)
        deliver_everything()
        assert status(booking) == "CONFIRMED"
    assert len(captures(paypal)) == 2


def test_an_opening_without_an_answer_is_repeated_with_its_key_and_gives_the_same_page(
    paypal, event
):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    paypal.break_next("POST /v2/checkout/orders", "timeout_after_success")
    with pytest.raises(ProviderAway, match="nothing was charged"):
        pay(booking.pk)
    reconcile(everything=True)
    assert payment_of(booking).status == "PROCESSING"
    assert pay(booking.pk).endswith(paypal.objects("order")[0]["id"])
    ours = [
        one
        for one in paypal.objects("order")
        if one["purchase_units"][0]["custom_id"] == str(payment_of(booking).pk)
    ]
    assert len(ours) == 1


def test_money_under_review_comes_when_it_is_decided(paypal, event):
    booking = at_paypal(event)
    payment = approved(paypal, booking, "pending")
    settle(payment.pk)
    assert status(payment) == "PROCESSING"
    end_time(booking)
    assert expire() == 0  # the places are withheld while money is on its way
    paypal.decide_capture(payment.provider_payment_ref, "COMPLETED")
    for body in notices(paypal):
        assert post(paypal, body).status_code == 200
    everything_is_sold_once(booking)


@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize("way", ["approved", "taken unheard", "under review"])
def test_what_is_taken_after_the_time_while_nobody_sweeps_is_sold_or_goes_back(
    paypal, event, settings, way, is_gone
):
    """The reservation is long over and no worker has ended it. Whether its buyer approves only now, our
    process died after it had taken the money, or PayPal looked at it for so long: he gets his places,
    or, where somebody else has them meanwhile, all of his money."""
    booking = at_paypal(event)
    payment = payment_of(booking)
    if way == "taken unheard":
        approved(paypal, booking)
        settings.FAIL_POINT = "settle.before_record=raise"
        with pytest.raises(failpoints.FailPointReached):
            settle(payment.pk)
        settings.FAIL_POINT = ""
    if way == "under review":
        approved(paypal, booking, "pending")
        settle(payment.pk)
    lapse(booking)
    other = reserve(event=event, ordinals=[0]) if is_gone else None
    if way == "approved":
        approved(paypal, booking)
    if way == "under review":
        paypal.decide_capture(payment_of(booking).provider_payment_ref, "COMPLETED")
    for body in notices(paypal):
        assert post(paypal, body).status_code == 200
    reconcile(everything=True)
    deliver_everything()
    reconcile(everything=True)
    taken = [one for one in paypal.objects("capture") if one["custom_id"] == str(payment.pk)]
    if not is_gone:
        everything_is_sold_once(booking)
        assert [one["status"] for one in taken] == ["COMPLETED"]
        return
    assert status(other) == "RESERVED"
    assert status(booking) in ("EXPIRED", "REFUNDED")
    assert status(payment) in ("FAILED", "REFUNDED")
    assert {one["status"] for one in taken} <= {"REFUNDED"}
    assert on(Account.PROVIDER_CLEARING) == on(Account.CUSTOMER_DEPOSITS) == 0
    if way != "approved":  # that need not have been taken at all
        assert (status(booking), status(payment), len(taken)) == ("REFUNDED", "REFUNDED", 1)
    assert invariants.violations() == {}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"value": "1.00"}, "1.00 EUR"),
        ({"currency": "USD"}, "USD"),
        ({"custom_id": "another"}, "another"),
        ({"merchant_id": "SOMEBODYELSE77"}, "None"),
    ],
)
def test_an_order_that_is_not_ours_is_not_taken(paypal, event, changed, said):
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    paypal.change_session(payment.provider_ref, **changed)
    assert said in settle(payment.pk).failure
    assert (status(payment), captures(paypal)) == ("FAILED", [])


def test_other_money_than_was_asked_for_is_booked_by_nobody(paypal, event, settings):
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    settings.FAIL_POINT = "settle.before_record=raise"
    with pytest.raises(failpoints.FailPointReached):
        settle(payment.pk)
    settings.FAIL_POINT = ""
    paypal.change_session(payment.provider_ref, value="1.00")
    assert settle(payment.pk).needs_attention
    assert (status(booking), LedgerEntry.objects.filter(journal__source="payment").count()) == (
        *("RESERVED",),
        0,
    )


# Two at once


def in_another_process(act, *arguments):
    """Done over a connection of its own, as another process would; what it raises is returned."""
    agency = payment_agency()

    def run():
        close_old_connections()
        try:
            with acting_for(agency):
                return act(*arguments)
        except ProviderUnavailable as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def payment_agency():
    with as_system():
        return Payment.objects.values_list("agency_id", flat=True).first()


def while_taking(monkeypatch, act, *arguments):
    """Has another process act at the moment in which the money is being taken; returns the list in
    which what it said will stand."""
    reach, said = failpoints.reach, []

    def reached(name):
        if name == "settle.before_capture" and not said:
            said.append(None)
            said[0] = in_another_process(act, *arguments)
        return reach(name)

    monkeypatch.setattr("core.failpoints.reach", reached)
    return said


@pytest.mark.race
def test_nobody_gives_up_what_is_being_taken(paypal, event, monkeypatch):
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    said = while_taking(monkeypatch, close_payment, booking.pk)
    settle(payment.pk)
    assert isinstance(said[0], ProviderUnavailable)
    everything_is_sold_once(booking)


@pytest.mark.race
def test_two_notices_at_once_take_it_once(paypal, event, monkeypatch):
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    said = while_taking(monkeypatch, settle, payment.pk)
    settle(payment.pk)
    assert said[0].status == "PROCESSING"
    everything_is_sold_once(booking)
    assert len(captures(paypal)) == 1


@pytest.mark.race
def test_control_without_the_lock_it_is_given_up_and_taken(paypal, event, monkeypatch):
    monkeypatch.setattr(SETTLE, "alone", lambda name: nullcontext(True))
    booking = at_paypal(event)
    payment = approved(paypal, booking)
    said = while_taking(monkeypatch, close_payment, booking.pk)
    settle(payment.pk)
    assert said[0] is None
    moves = Payment.objects.get(pk=payment.pk)
    assert (moves.status, len(captures(paypal))) == ("SUCCEEDED", 1)
    assert moves.settled_at is not None


# Notices


@pytest.mark.parametrize("seed", range(2))
def test_five_times_everything_in_any_order_is_booked_once(paypal, event, seed):
    booking = at_paypal(event)
    approved(paypal, booking)
    paypal.play(payment_of(booking).provider_ref, "pay")
    assert post(paypal, notices(paypal)[0]).status_code == 200
    paypal.decide_capture(payment_of(booking).provider_payment_ref, "COMPLETED")
    shuffled = notices(paypal) * 5
    random.Random(seed).shuffle(shuffled)
    assert {post(paypal, body).status_code for body in shuffled} == {200}
    everything_is_sold_once(booking)
    assert set(InboxMessage.objects.values_list("state", flat=True)) == {"done"}
    assert len(captures(paypal)) == 1


def test_without_a_true_signature_nothing_is_written(paypal, event):
    booking = at_paypal(event)
    paypal.play(payment_of(booking).provider_ref)
    (body,) = notices(paypal)
    refused = [
        post(paypal, body, "WH-OF-NOBODY"),
        post(paypal, body, at=time.time() - 5 * 86_400),
        post(paypal, body, **{"PAYPAL-TRANSMISSION-SIG": "AAAA"}),
        post(paypal, body, **{"PAYPAL-CERT-URL": "https://evil.example/v1/notifications/certs/X"}),
    ]
    assert {answer.status_code for answer in refused} == {400}
    assert not InboxMessage.objects.exists()
    assert post(paypal, body, "WH-OLD").status_code == 200  # the control: only the signature was
    everything_is_sold_once(booking)


# Money back


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_a_refund_whose_answer_was_lost_is_paid_once(paypal, event, fault):
    booking = at_paypal(event)
    payment = settle(approved(paypal, booking).pk)
    deliver_everything()
    with transaction.atomic():
        refund = request_refund(
            payment_id=payment.pk, money=Money(20, "EUR"), reason="FRAUD", request_key="once"
        )
    paypal.break_next("POST /v2/payments/captures/*/refund", fault)
    deliver_everything()
    assert status(refund) == "PROCESSING"
    assert send_refund(refund.pk).status == "COMPLETED"
    sent = [one for one in paypal.objects("refund") if one["custom_id"] == f"{refund.pk}:1"]
    assert [one["amount"]["value"] for one in sent] == ["20.00"]
    for body in notices(paypal):
        assert post(paypal, body).status_code == 200
    assert Journal.objects.filter(source="refund").count() == 1


def test_a_claim_locks_the_tickets_until_it_is_won(paypal, event):
    booking = at_paypal(event)
    payment = settle(approved(paypal, booking).pk)
    deliver_everything()
    ref = paypal.dispute(payment.provider_payment_ref)["dispute_id"]
    for body in notices(paypal):
        assert post(paypal, body).status_code == 200
    deliver_everything()
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.withdrawn, status(payment)) == ("OPENED", 45, "DISPUTED")
    assert Ticket.objects.get(items__booking=booking).locked_because
    paypal.dispute(ref, outcome="RESOLVED_SELLER_FAVOUR")
    Dispute.objects.update(looked_up_at=None)
    look_for_disputes()  # its notice was lost
    deliver_everything()
    assert (status(dispute), status(payment)) == ("WON", "SUCCEEDED")
    assert not Ticket.objects.get(items__booking=booking).locked_because
    paypal.dispute(ref, outcome="RESOLVED_BUYER_FAVOUR")
    look_for_disputes(everything=True)
    assert (status(dispute), dispute.written_off, dispute.fee) == ("LOST", 45, 14)
    assert invariants.violations() == {}


SELLER, BUYER = "RESOLVED_SELLER_FAVOUR", "RESOLVED_BUYER_FAVOUR"


@pytest.mark.parametrize(
    ("moves", "fee", "result"),
    [
        ([{"outcome": SELLER}], 0, "WON"),
        ([{"fee": "charged"}, {"outcome": SELLER}], 14, "WON"),
        ([{"fee": "charged"}, {"outcome": SELLER, "fee": "given back"}], 0, "WON"),
        ([{"outcome": BUYER}], 14, "LOST"),
        ([{"fee": "charged"}, {"outcome": BUYER}], 14, "LOST"),
        ([{"outcome": BUYER}, {"fee": "given back"}], 0, "LOST"),
    ],
)
def test_the_fee_of_a_dispute_is_booked_as_paypal_took_it_and_gave_it_back(
    paypal, event, moves, fee, result
):
    payment = settle(approved(paypal, at_paypal(event)).pk)
    deliver_everything()
    ref = paypal.dispute(payment.provider_payment_ref)["dispute_id"]
    for moved in moves:
        paypal.dispute(ref, **moved)
        for _ in range(2):  # reading twice books once
            look_for_disputes(everything=True)
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.fee) == (result, fee)
    lost = 45 if result == "LOST" else 0
    assert (on(Account.PROVIDER_FEES), on(Account.DISPUTE_LOSSES)) == (fee, lost)
    assert on(Account.DISPUTED) == 0
    assert on(Account.PROVIDER_CLEARING) == 45 - lost - fee
    assert invariants.violations() == {}


def test_a_fee_in_another_currency_goes_back_in_that(paypal, event):
    payment = settle(approved(paypal, at_paypal(event)).pk)
    told = ProviderDispute(
        ref="PPD-1", payment_ref="", state="needs_response", reason="", amount=Decimal(45),
        currency="EUR", is_withdrawn=True, created_at=payment.settled_at, fee=Decimal(20),
        fee_currency="USD",
    )  # fmt: skip
    won = replace(told, state="won", is_withdrawn=False, fee=Decimal(0), fee_currency="EUR")
    for number, each in enumerate((told, won)):
        assert record_disputes(payment.pk, [each], read=number)
    fees = LedgerEntry.objects.filter(account=Account.PROVIDER_FEES)
    assert sorted(fees.values_list("amount", "currency")) == [(-20, "USD"), (20, "USD")]
    assert invariants.violations() == {}


def on(account):
    return sum(entry.amount for entry in LedgerEntry.objects.filter(account=account))


# A choice of providers


@pytest.fixture
def both(event, settings, tmp_path):
    """The event of a house that takes cards and PayPal, and its Stripe."""
    with running(StripePeer(tmp_path / "stripe.sqlite3")) as stripe:
        settings.STRIPE_SECRET_KEY = stripe.secret
        settings.STRIPE_WEBHOOK_SECRETS = stripe.webhook_secrets
        settings.STRIPE_API_BASE = stripe.url
        settings.PAYMENT_PROVIDERS = {"*": ["stripe", "paypal"]}
        yield stripe


def chosen_on(page):
    """(names to choose from, the one that is chosen) on a checkout."""
    inputs = re.findall(r'<input type="radio" name="provider" value="(\w+)"( checked)?>', page)
    return [name for name, _ in inputs], next((name for name, is_on in inputs if is_on), None)


def test_a_buyer_chooses_and_may_choose_again(paypal, event, both):
    buyer, booking = held_on_the_site(event)
    address = f"/checkout/{booking.pk}/"
    assert chosen_on(buyer.get(address).content.decode()) == (["stripe", "paypal"], "stripe")
    assert goes_to_pay(buyer, booking, provider="paypal")["Location"].startswith(paypal.url)
    first = payment_of(booking)
    assert first.provider == "paypal"
    assert chosen_on(buyer.get(address).content.decode())[1] == "paypal"
    assert goes_to_pay(buyer, booking, provider="stripe")["Location"].startswith(both.url)
    second = Payment.objects.get(reference=booking.pk, status="PROCESSING")
    assert (second.provider, status(first)) == ("stripe", "FAILED")
    paypal.play(first.provider_ref, "lost_notice")  # on the page he had left open
    both.play(second.provider_ref, "lost_notice")
    assert reconcile(everything=True) == {"asked": 2, "unreachable": 0}
    everything_is_sold_once(booking)
    assert captures(paypal) == []


def test_each_payment_is_settled_where_it_was_opened(paypal, event, both, settings):
    ours = []
    for number, name in enumerate(("paypal", "stripe")):
        booking = reserve(event=event, ordinals=[number])
        contact(booking.pk, email="noor@post.example", name="Noor Vance")
        pay(booking.pk, provider=name)
        ours.append(booking)
    settings.PAYMENT_PROVIDERS = {"*": ["stripe"]}  # from now on only cards
    approved(paypal, ours[0])
    both.play(payment_of(ours[1]).provider_ref, "lost_notice")
    reconcile(everything=True)
    deliver_everything()
    assert [status(booking) for booking in ours] == ["CONFIRMED", "CONFIRMED"]


def test_who_has_paid_on_the_first_page_does_not_pay_on_another(paypal, event, both):
    buyer, booking = held_on_the_site(event)
    goes_to_pay(buyer, booking, provider="stripe")
    both.play(payment_of(booking).provider_ref, "lost_notice")
    answer = goes_to_pay(buyer, booking, provider="paypal")
    assert "Paid and confirmed" in buyer.get(answer["Location"], follow=True).content.decode()
    everything_is_sold_once(booking)
    assert Payment.objects.count() == 1


def test_while_the_first_page_cannot_be_shut_no_other_is_opened(paypal, event, both):
    buyer, booking = held_on_the_site(event)
    goes_to_pay(buyer, booking, provider="stripe")
    both.break_next("POST /v1/checkout/sessions/*/expire", "status_500")
    goes_to_pay(buyer, booking, provider="paypal")
    page = buyer.get(f"/checkout/{booking.pk}/").content.decode()
    assert "could not be shut" in page
    assert chosen_on(page)[1] == "paypal"  # what was chosen is not lost
    assert Payment.objects.count() == 1


def test_what_is_not_offered_is_refused_by_name(paypal, event, both):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    for name in ("bank", "cheque", "simulated"):
        with pytest.raises(NoSuchWay, match="stripe, paypal"):
            pay(booking.pk, provider=name)
    assert payment_of(booking).status == "PENDING"


def test_a_partner_chooses_with_a_field(paypal, event, both):
    caller = Client(headers={"authorization": f"Api-Key {event.buyers_key}"})

    def sent(address, fields):
        return caller.post(f"/api/v1/bookings{address}", fields, content_type="application/json")

    who = {"name": "Noor Vance", "email": "noor@post.example"}
    made = sent("", {"event": str(event.pk), "seats": [0], "contact": who})
    booking = made.json()["id"]
    assert sent(f"/{booking}/pay", {}).json()["redirect_url"].startswith(both.url)
    chosen = sent(f"/{booking}/pay", {"provider": "paypal"})
    assert chosen.json()["redirect_url"].startswith(paypal.url)
    again = sent(f"/{booking}/pay", {})
    assert again.json() == chosen.json()
    refused = sent(f"/{booking}/pay", {"provider": "cheque"})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_such_way_to_pay")
    assert "stripe, paypal" in refused.json()["detail"]


def test_with_one_provider_there_is_nothing_to_choose(paypal, event):
    buyer, booking = held_on_the_site(event)
    page = buyer.get(f"/checkout/{booking.pk}/").content.decode()
    assert chosen_on(page) == ([], None)


# Settings

ASK = """
import django; from django.conf import settings
print(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"], settings.PAYMENT_PROVIDERS)
"""


def test_forms_may_end_on_paypals_page_only_where_paypal_is_set_up():
    def asked(**environment):
        run = subprocess.run(
            [sys.executable, "-c", ASK],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    assert "paypal" not in asked()
    assert "'https://www.paypal.com'" in asked(PAYPAL_CLIENT_ID="x")
    sandbox = {"PAYPAL_CLIENT_ID": "x", "PAYPAL_API_BASE": "https://api-m.sandbox.paypal.com"}
    assert "'https://www.sandbox.paypal.com'" in asked(**sandbox)
    assert configured.PAYMENT_PROVIDERS == {}
