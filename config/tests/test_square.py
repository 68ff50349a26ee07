"""Selling through Square: a page that never ends by itself, and an order behind it that is paid."""

import json
import random
import time
from datetime import timedelta

import pytest
import requests
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from bookings.services import abandon, contact, pay, reserve
from bookings.tasks import expire
from config.tests.selling_by_stripe import (
    deliver_everything,
    end_time,
    lapse,
    payment_of,
    status,
)
from core import failpoints, invariants
from core.money import Money
from core.tenancy import acting_for
from events.models import Event
from payments.adapters import ProviderUnavailable
from payments.models import Account, Dispute, InboxMessage, Journal, LedgerEntry, Payment, Refund
from payments.peers.square.objects import MERCHANT
from payments.services import ProviderAway, read_card, request_refund, send_refund, settle
from payments.tasks import reconcile, work_inbox
from payments.tests.simulator_process import running
from payments.tests.square_process import CURRENCY, LOCATION, SquarePeer
from payments.tests.stripe_process import StripePeer

pytestmark = pytest.mark.crash
ADDRESS = "https://tickets.example/webhooks/payments/square/"
LINKS = "/v2/online-checkout/payment-links"


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(SquarePeer(tmp_path_factory.mktemp("square") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def square(peer, settings, tmp_path):
    peer.mend()
    peer.seen = {one["event_id"] for one in peer.events()}
    peer.webhook_url = ADDRESS  # what it signs; the tests themselves carry the notices
    settings.SQUARE_ACCESS_TOKEN = peer.secret
    settings.SQUARE_WEBHOOK_SIGNATURE_KEYS = peer.webhook_secrets
    settings.SQUARE_LOCATION_ID, settings.SQUARE_CURRENCY = LOCATION, CURRENCY
    settings.SQUARE_MERCHANT_ID = MERCHANT
    settings.SQUARE_NOTIFICATION_URL = ADDRESS
    settings.SQUARE_API_BASE = peer.url
    settings.PAYMENT_PROVIDER = "square"
    settings.MAIL_DIR = tmp_path / "mail"
    return peer


@pytest.fixture
def event(committed_db, square, made_shop):
    with acting_for(made_shop["agency"]["id"]):
        yield Event.objects.select_related("layout", "venue").get()


def at_square(event, *ordinals):
    """A buyer who is on Square's page."""
    booking = reserve(event=event, ordinals=list(ordinals) or [0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    pay(booking.pk)
    return booking


def paid_unheard(square, booking, outcome="lost_notice", card="visa"):
    """The buyer has paid and Square tells nobody."""
    square.play(payment_of(booking).provider_ref, outcome, card=card)
    return payment_of(booking)


def order_of(square, payment):
    ref = payment.provider_ref.partition(":")[0]
    return square.ask("GET", f"/v2/orders/{ref}").json()["order"]


def press(payment, card):
    """A button on Square's page: the address it leads to."""
    answer = requests.post(
        payment.provider_url, data={"card": card}, allow_redirects=False, timeout=10
    )
    return answer.headers["Location"]


def shown_on(payment):
    return requests.get(payment.provider_url, timeout=10).text


def notices(square):
    """Bodies of all that Square has to tell since this test began, the oldest first."""
    new = [one for one in reversed(square.events()) if one["event_id"] not in square.seen]
    return [json.dumps(one).encode() for one in new]


def told_of(square, kind):
    """The body of the first notice of this kind."""
    return next(body for body in notices(square) if json.loads(body)["type"] == kind)


def post(square, body, key="key-new", **headers):
    return Client().post(
        reverse("payments:webhook", args=["square"]),
        body,
        content_type="application/json",
        headers={**square.signed(body, key, time.time()), **headers},
    )


def on(account):
    return sum(entry.amount for entry in LedgerEntry.objects.filter(account=account))


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


def comes_back(buyer, address):
    return buyer.get("/" + address.split("/", 3)[3], follow=True).content.decode()


def test_a_buyer_is_declined_pays_on_squares_page_and_comes_back_to_his_tickets(square, event):
    buyer, booking = held_on_the_site(event)
    there = goes_to_pay(buyer, booking)
    payment = payment_of(booking)
    assert there["Location"] == payment.provider_url
    assert payment.provider_url.startswith(f"{square.url}/pay/")
    assert press(payment, "declined").startswith("/pay/")
    assert "declined" in shown_on(payment)
    back = press(payment, "visa")
    assert back.startswith(f"http://testserver/checkout/{booking.pk}/return/?")
    assert "Paid and confirmed" in comes_back(buyer, back)
    everything_is_sold_once(booking)
    order = order_of(square, payment)
    money = {"amount": Money(booking.total, "EUR").minor, "currency": "EUR"}
    assert (order["total_money"], order["location_id"]) == (money, LOCATION)
    assert order["reference_id"] == str(booking.pk)
    assert order["metadata"] == {"payment_id": str(payment.pk), "reference": str(booking.pk)}
    assert status(payment) == "SUCCEEDED"


def test_who_turns_back_is_charged_nothing_and_may_go_on_on_the_same_page(square, event):
    buyer, booking = held_on_the_site(event)
    first = goes_to_pay(buyer, booking)["Location"]
    page = buyer.get(f"/checkout/{booking.pk}/").content.decode()
    assert "We have not heard of a payment yet" in page
    assert goes_to_pay(buyer, booking)["Location"] == first


@pytest.fixture
def both(event, settings, tmp_path):
    """The event of a house that sells by Stripe and by Square, and its Stripe."""
    with running(StripePeer(tmp_path / "stripe.sqlite3")) as stripe:
        settings.STRIPE_SECRET_KEY = stripe.secret
        settings.STRIPE_WEBHOOK_SECRETS = stripe.webhook_secrets
        settings.STRIPE_API_BASE = stripe.url
        settings.PAYMENT_PROVIDERS = {"*": ["stripe", "square"]}
        yield stripe


def test_a_buyer_who_chooses_another_leaves_no_page_behind(square, event, both):
    buyer, booking = held_on_the_site(event)
    page = buyer.get(f"/checkout/{booking.pk}/").content.decode()
    assert 'name="provider" value="square"' in page
    assert "Card or wallet by Square" in page
    assert goes_to_pay(buyer, booking, provider="square")["Location"].startswith(square.url)
    first = payment_of(booking)
    assert goes_to_pay(buyer, booking, provider="stripe")["Location"].startswith(both.url)
    assert status(first) == "FAILED"
    assert "not available any more" in shown_on(first)
    press(first, "visa")
    assert "payments" not in order_of(square, first)
    assert order_of(square, first)["state"] == "CANCELED"


def test_another_currency_than_the_locations_is_not_offered(square, event, both, settings):
    settings.SQUARE_CURRENCY = "USD"
    buyer, booking = held_on_the_site(event)
    assert 'value="square"' not in buyer.get(f"/checkout/{booking.pk}/").content.decode()
    goes_to_pay(buyer, booking, provider="square")
    assert not [one for one in Payment.objects.all() if one.provider == "square"]


# The end of a page


@pytest.mark.parametrize("tried", [False, True])
def test_a_page_is_shut_before_its_places_return_to_sale(square, event, tried):
    """Also one on which a card has failed, which Square leaves open when its link is deleted."""
    booking = at_square(event)
    payment = payment_of(booking)
    if tried:
        press(payment, "declined")
    end_time(booking)
    square.break_next(f"DELETE {LINKS}/*", "status_500")
    assert expire() == 0
    assert order_of(square, payment)["state"] == ("OPEN" if tried else "DRAFT")
    assert expire() == 1
    assert order_of(square, payment)["state"] == "CANCELED"
    press(payment, "visa")
    assert reconcile(everything=True) == {"asked": 1, "unreachable": 0}
    assert (status(booking), status(payment)) == ("EXPIRED", "FAILED")
    assert on(Account.PROVIDER_CLEARING) == 0
    assert reserve(event=event, ordinals=[0]).status == "RESERVED"


def test_a_page_whose_order_cannot_be_cancelled_is_not_shut(square, event):
    """The link is gone, the order is not: who has it open could pay, so his places wait."""
    booking = at_square(event)
    payment = payment_of(booking)
    press(payment, "declined")
    end_time(booking)
    square.break_next("PUT /v2/orders/*", "status_500")
    assert expire() == 0
    assert status(payment) == "PROCESSING"
    press(payment, "visa")
    assert expire() == 0
    everything_is_sold_once(booking)


def test_one_who_has_paid_at_the_last_moment_keeps_his_places(square, event):
    booking = at_square(event)
    paid_unheard(square, booking)
    end_time(booking)
    assert expire() == 0
    everything_is_sold_once(booking)


def test_who_lets_go_leaves_no_page_behind_on_which_he_could_still_pay(square, event):
    booking = at_square(event)
    abandon(booking.pk)
    assert status(booking) == "CANCELLED"
    assert order_of(square, payment_of(booking))["state"] == "CANCELED"


def test_a_process_that_dies_while_it_shuts_a_page_leaves_it_to_the_next(square, event):
    booking = at_square(event)
    payment = payment_of(booking)
    press(payment, "declined")
    link = payment.provider_ref.partition(":")[2]
    assert "cancelled_order_id" not in square.ask("DELETE", f"{LINKS}/{link}").json()
    end_time(booking)
    assert expire() == 1
    assert order_of(square, payment)["state"] == "CANCELED"


def test_money_under_way_is_waited_for_and_comes_when_it_is_decided(square, event):
    booking = at_square(event)
    payment = paid_unheard(square, booking, card="pending")
    settle(payment.pk)
    assert status(payment) == "PROCESSING"
    end_time(booking)
    assert expire() == 0
    square.decide_payment(payment.provider_payment_ref, "COMPLETED")
    assert post(square, notices(square)[-1]).status_code == 200
    everything_is_sold_once(booking)


def test_money_under_way_that_never_comes_leaves_the_page_to_be_shut(square, event):
    booking = at_square(event)
    payment = paid_unheard(square, booking, card="pending")
    settle(payment.pk)
    payment.refresh_from_db()
    square.decide_payment(payment.provider_payment_ref, "FAILED")
    end_time(booking)
    assert expire() == 1
    assert (status(payment), on(Account.PROVIDER_CLEARING)) == ("FAILED", 0)


@pytest.mark.parametrize("is_gone", [False, True])
def test_money_that_comes_on_a_page_that_was_shut_gets_its_places_or_goes_back(
    square, event, is_gone
):
    booking = at_square(event)
    end_time(booking)
    assert expire() == 1
    other = reserve(event=event, ordinals=[0]) if is_gone else None
    payment = paid_unheard(square, booking, "late_money")
    for body in notices(square):
        assert post(square, body).status_code == 200
    if not is_gone:
        everything_is_sold_once(booking)
        return
    deliver_everything()
    assert (status(other), status(booking), status(payment)) == (
        *("RESERVED", "REFUNDED"),
        "REFUNDED",
    )
    (sent,) = square.ask("GET", f"/v2/payments/{payment.provider_payment_ref}").json()["payment"][
        "refund_ids"
    ]
    made = square.ask("GET", f"/v2/refunds/{sent}").json()["refund"]
    assert made["amount_money"]["amount"] == Money(booking.total, "EUR").minor
    assert on(Account.PROVIDER_CLEARING) == on(Account.CUSTOMER_DEPOSITS) == 0
    assert invariants.violations() == {}


def test_money_on_a_page_that_nobody_could_shut_goes_back_when_the_places_are_sold(square, event):
    booking = at_square(event)
    square.break_next(f"DELETE {LINKS}/*", "status_500", times=9)
    lapse(booking)
    expire()
    other = reserve(event=event, ordinals=[0])
    payment = paid_unheard(square, booking)
    reconcile(everything=True)
    deliver_everything()
    assert (status(other), status(booking), status(payment)) == (
        *("RESERVED", "REFUNDED"),
        "REFUNDED",
    )
    assert on(Account.PROVIDER_CLEARING) == on(Account.CUSTOMER_DEPOSITS) == 0


# No answer


def test_an_opening_without_an_answer_is_found_and_not_made_twice(square, event):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    square.break_next(f"POST {LINKS}", "sticky_500_after_success")
    with pytest.raises(ProviderAway, match="nothing was charged"):
        pay(booking.pk)
    assert pay(booking.pk).startswith(f"{square.url}/pay/")
    payment = payment_of(booking)
    named = [one.get("metadata", {}).get("payment_id") for one in square.objects("order")]
    assert named.count(str(payment.pk)) == 1
    paid_unheard(square, booking)
    assert reconcile(everything=True) == {"asked": 1, "unreachable": 0}
    everything_is_sold_once(booking)


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_a_refund_without_an_answer_is_looked_up_and_sent_once(square, event, fault):
    booking = at_square(event)
    payment = paid_unheard(square, booking)
    settle(payment.pk)
    deliver_everything()
    with transaction.atomic():
        refund = request_refund(
            payment_id=payment.pk, money=Money(20, "EUR"), reason="FRAUD", request_key="once"
        )
    square.break_next("POST /v2/refunds", fault)
    deliver_everything()
    assert status(refund) == "PROCESSING"
    assert send_refund(refund.pk).status == "COMPLETED"
    made = [one for one in square.objects("refund") if one["reason"] == f"{refund.pk}:1"]
    assert [one["amount_money"]["amount"] for one in made] == [2000]


def test_a_refund_that_takes_time_is_done_when_square_says_so(square, event):
    booking = at_square(event)
    payment = paid_unheard(square, booking, card="slow_refund")
    settle(payment.pk)
    deliver_everything()
    with transaction.atomic():
        refund = request_refund(
            payment_id=payment.pk, money=Money(20, "EUR"), reason="FRAUD", request_key="once"
        )
    assert send_refund(refund.pk).status == "PROCESSING"
    refund.refresh_from_db()
    square.decide_refund(refund.provider_ref, "succeeded")
    assert send_refund(refund.pk).status == "COMPLETED"  # as reconciliation asks


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": 100}, "The provider says 1.00 EUR"),
        ({"currency": "USD"}, "USD"),
        ({"payment_id": "another"}, "names payment another"),
        ({"location_id": "LOCATIONOFOTHERS"}, "names payment None"),
    ],
)
def test_other_money_than_was_asked_for_confirms_nothing(square, event, changed, said):
    booking = at_square(event)
    payment = paid_unheard(square, booking)
    square.change_session(payment.provider_ref, **changed)
    settled = settle(payment.pk)
    assert settled.needs_attention
    assert said in settled.failure
    assert status(booking) == "RESERVED"
    assert not LedgerEntry.objects.filter(journal__source="payment").exists()


# Notices


@pytest.mark.parametrize("seed", range(3))
def test_five_times_everything_in_any_order_is_booked_once(square, event, seed):
    booking = at_square(event)
    square.play(payment_of(booking).provider_ref, "decline")
    paid_unheard(square, booking)
    shuffled = notices(square) * 5
    random.Random(seed).shuffle(shuffled)
    assert {post(square, body).status_code for body in shuffled} == {200}
    everything_is_sold_once(booking)
    assert set(InboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_what_is_told_before_square_has_answered_us_is_understood(square, event, settings):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    settings.FAIL_POINT = "pay.after_provider=raise"
    with pytest.raises(failpoints.FailPointReached):
        pay(booking.pk)
    settings.FAIL_POINT = ""
    assert payment_of(booking).provider_ref == ""
    square.play(square.objects("order")[0]["id"], "lost_notice")
    for body in notices(square):
        assert post(square, body).status_code == 200
    everything_is_sold_once(booking)


def test_while_square_is_silent_a_first_notice_is_asked_for_again(square, event):
    booking = at_square(event)
    paid_unheard(square, booking)
    body = told_of(square, "payment.updated")
    square.break_next("GET /v2/orders/*", "status_500")
    assert post(square, body).status_code == 503
    assert not InboxMessage.objects.exists()
    assert post(square, body).status_code == 200
    everything_is_sold_once(booking)


def test_a_notice_has_square_asked_whose_it_is_once_and_what_it_says_once(square, event):
    booking = at_square(event)
    paid_unheard(square, booking)
    body, before = told_of(square, "payment.updated"), len(square.witness()["requests"])
    assert post(square, body).status_code == 200
    asked = [one["path"].split("/")[2] for one in square.witness()["requests"][before:]]
    assert asked == ["orders", "payments", "orders", "payments"]
    assert InboxMessage.objects.get().session_ref == payment_of(booking).provider_ref
    everything_is_sold_once(booking)


def test_a_later_notice_waits_in_the_inbox_while_square_is_silent(square, event):
    booking = at_square(event)
    payment = paid_unheard(square, booking, card="pending")
    settle(payment.pk)
    payment.refresh_from_db()
    square.decide_payment(payment.provider_payment_ref, "COMPLETED")
    square.break_next("GET /v2/orders/*", "status_500")
    assert post(square, notices(square)[-1]).status_code == 200
    assert InboxMessage.objects.get().state == "received"
    InboxMessage.objects.update(due_at=Now())
    assert work_inbox() == 1
    everything_is_sold_once(booking)


def test_what_others_sell_at_square_is_answered_and_forgotten(square, event):
    for changed in ({"location_id": "LOCATIONOFOTHERS"}, {"payment_id": "order 7"}):
        booking = at_square(event, len(Booking.objects.all()))
        payment = payment_of(booking)
        square.change_session(payment.provider_ref, **changed)
        Payment.objects.filter(pk=payment.pk).update(provider_ref="")
        square.play(payment.provider_ref, "lost_notice")
    assert {post(square, body).status_code for body in notices(square)} == {200}
    assert not InboxMessage.objects.exists()


@pytest.mark.parametrize("key", ["key-new", "key-old"])
def test_either_of_two_live_keys_counts(square, event, key):
    booking = at_square(event)
    paid_unheard(square, booking)
    assert post(square, told_of(square, "payment.updated"), key).status_code == 200
    everything_is_sold_once(booking)


def test_without_a_true_signature_of_a_young_notice_nothing_is_written(square, event, settings):
    booking = at_square(event)
    paid_unheard(square, booking)
    body = told_of(square, "payment.updated")
    header = "x-square-hmacsha256-signature"
    old = square.dated(body, time.time() - timedelta(days=4, seconds=1).total_seconds())
    others = body.replace(MERCHANT.encode(), b"MERCHANTOFOTHERS")
    refused = [
        post(square, body, **{header: ""}),
        post(square, body, **{header: "bm9uZQ=="}),
        post(square, body, **{header: "\xff\xfe"}),
        post(square, body, "key-of-nobody"),
        post(square, body.replace(b"COMPLETED", b"FAILED"), **square.signed(body, "key-new", 0)),
        post(square, old),
        post(square, others),
    ]
    assert {answer.status_code for answer in refused} == {400}
    settings.SQUARE_NOTIFICATION_URL = ADDRESS.replace("tickets", "others")
    assert post(square, body).status_code == 400
    assert not InboxMessage.objects.exists()
    assert status(payment_of(booking)) == "PROCESSING"
    settings.SQUARE_NOTIFICATION_URL = ADDRESS
    assert post(square, body).status_code == 200  # the control
    assert InboxMessage.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\x00\xff", b"{}", b'{"type": "order.updated"}', b"[" * 60_000],
)
def test_whatever_a_stranger_sends_is_refused_and_changes_nothing(square, event, body):
    """With Square's signature under it what cannot be read is refused, too."""
    address = reverse("payments:webhook", args=["square"])
    stranger = Client().post(address, body, content_type="application/json")
    assert (stranger.status_code, Client().get(address).status_code) == (400, 405)
    assert post(square, body).status_code == 400
    assert not InboxMessage.objects.exists()


# Disputes, cards


def test_a_dispute_takes_the_money_and_gives_it_back(square, event):
    booking = at_square(event)
    payment = paid_unheard(square, booking)
    settle(payment.pk)
    payment.refresh_from_db()
    seen, ref = [], payment.provider_payment_ref
    for state in ("INQUIRY_PROCESSING", "EVIDENCE_REQUIRED", "WON"):
        ref = square.dispute(ref, state)["id"]
        assert post(square, notices(square)[-1]).status_code == 200
        seen.append((Dispute.objects.get().status.lower(), on(Account.DISPUTED)))
    total = booking.total
    assert seen == [("inquiry", 0), ("opened", total), ("won", 0)]
    assert invariants.violations() == {}


def test_of_a_card_only_what_stands_for_it_is_kept(square, event):
    booking = at_square(event)
    payment = paid_unheard(square, booking, card="another")
    settle(payment.pk)
    card = read_card(payment.pk)
    assert len(card) == 64
    assert "another-card" not in card
    (made,) = [one for one in square.objects("payment") if one["order_id"] in payment.provider_ref]
    assert made["card_details"]["card"]["fingerprint"] not in str(
        Payment.objects.filter(pk=payment.pk).values()
    )


def test_an_unreachable_square_is_said_and_nothing_is_lost(square, event):
    booking = at_square(event)
    square.break_next("GET /v2/orders/*", "close")
    with pytest.raises(ProviderUnavailable):
        settle(payment_of(booking).pk)
    assert status(booking) == "RESERVED"
