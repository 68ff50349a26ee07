"""Payments over the API: the way to the provider's page, what became of the money, and giving it back;
the addresses at which providers tell us."""

import json
import time
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.test import Client

from agencies.models import Membership
from bookings.models import Booking, Cancellation
from bookings.services import confirm, contact, join, reserve
from config.tests import world
from config.tests.api_callers import NOOR, calling, member, partner
from config.tests.servers import simulator
from config.tests.test_booking_api import NOBODY, paid
from config.tests.test_cancelling import completed, policy
from config.tests.test_several_events import second_night
from core import invariants
from core.money import Money
from core.tenancy import acting_for, as_system
from inventory.models import EventSeat
from payments.models import InboxMessage, Payment, Refund
from payments.services import request_refund
from payments.webhook_signature import sign
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house
        assert invariants.violations() == {}


@pytest.fixture
def provider(tmp_path, settings):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def seller(here):
    return partner(here)


@pytest.fixture
def finance(here):
    return member(here, "FINANCE")


def payment_of(made):
    return Payment.objects.get(reference=made["order"])


def status_of(made):
    return Booking.objects.get(pk=made["id"]).status


# The way to the provider's page


def test_processing_a_payment_opens_one_page_however_often_it_is_said(here, seller, provider):
    made = seller.reserve(here.event, 2, 3)
    replies = [
        seller.post("/payments/process", {"booking": made["id"]}, once=key)
        for key in ("p-1", "p-1", "p-2", "")
    ]
    assert all(reply == replies[0] for reply in replies)
    status, told = replies[0]
    assert (status, told["payment"]["status"]) == (200, "PROCESSING")
    assert (told["payment"]["amount"], told["payment"]["bookings"]) == (made["total"], [made["id"]])
    assert told["redirect_url"].startswith(provider.url)
    assert len(provider.objects("checkout/sessions")) == 1
    assert seller.post(f"/bookings/{made['id']}/pay")[1]["redirect_url"] == told["redirect_url"]
    assert Payment.objects.filter(reference=made["id"]).count() == 1


def test_what_cannot_be_paid_is_not_processed(here, seller):
    def code(booking, **more):
        status, problem = seller.post("/payments/process", {"booking": booking, **more})
        return status, problem["code"]

    nameless = seller.reserve(here.event, 2, contact=None)
    named, sold = seller.reserve(here.event, 3), seller.reserve(here.event, 4)
    paid(sold)
    assert code(nameless["id"]) == (422, "contact_missing")
    assert code(named["id"], provider="cheque") == (422, "no_such_way_to_pay")
    assert code(sold["id"]) == (409, "already_paid")
    assert code(NOBODY) == code(here.rows["bookings.booking"].pk.hex) == (404, "not_found")
    for wrong in ({}, {"booking": "1"}, {"booking": named["id"], "amount": "0.01"}):
        assert seller.post("/payments/process", wrong)[0] == 400
    for other in (member(here), calling(here, role="gate")):
        assert other.post("/payments/process", {"booking": named["id"]})[0] == 403
    assert calling(here).post("/payments/process", {"booking": named["id"]})[0] == 401


# What became of it


def test_a_payment_is_seen_by_who_sold_what_it_is_for_and_by_who_may_see_the_books(here, seller):
    made = seller.reserve(here.event, 2)
    at = f"/payments/{payment_of(made).pk}"
    status, told = seller.get(at)
    assert (status, told["status"], told["processed_at"]) == (200, "PENDING", None)
    assert (told["amount"], told["currency"], told["refunds"]) == (made["total"], "EUR", [])
    paid(made)
    assert seller.get(at)[1]["status"] == "SUCCESS"
    assert partner(here).get(at) == partner(here).get(f"/payments/{NOBODY}")
    assert partner(here).get(at)[0] == 404
    for role in Membership.Role.values:
        may = role in ("OWNER", "FINANCE")
        assert member(here, role).get(at)[0] == (200 if may else 403), role
    assert member(world.small_house("balcon")).get(at)[0] == 404
    assert calling(here).get(at)[0] == 401


def test_nothing_is_confirmed_without_money(here, seller, provider):
    made = seller.reserve(here.event, 2)
    path = f"/orders/{made['id']}/confirm"
    not_begun = seller.post(path)
    seller.post("/payments/process", {"booking": made["id"]})
    begun = seller.post(path)
    provider.pay(payment_of(made).provider_ref, "decline")
    for status, problem in (not_begun, begun, seller.post(path)):
        assert (status, problem["code"]) == (409, "not_paid")
        assert problem["booking_status"] == "RESERVED"
    assert status_of(made) == "RESERVED"
    assert EventSeat.objects.get(ordinal=2).status == "RESERVED"


def test_what_was_paid_and_not_told_is_confirmed_by_asking(here, seller, provider):
    made = seller.reserve(here.event, 2)
    seller.post("/payments/process", {"booking": made["id"]})
    provider.pay(payment_of(made).provider_ref, "lost_notice")
    assert status_of(made) == "RESERVED"
    replies = [seller.post(f"/orders/{made['id']}/confirm") for _ in range(2)]
    assert replies[0] == replies[1]
    status, told = replies[0]
    assert (status, told["status"], told["payment_status"]) == (200, "CONFIRMED", "COMPLETED")
    assert told["bookings"][0]["status"] == status_of(made) == "CONFIRMED"
    assert not Refund.objects.exists()


def test_while_the_provider_is_silent_nothing_is_said_of_the_money(here, seller, provider):
    made = seller.reserve(here.event, 2)
    seller.post("/payments/process", {"booking": made["id"]})
    provider.pay(payment_of(made).provider_ref, "lost_notice")
    provider.process.terminate()
    provider.process.wait(20)
    status, problem = seller.post(f"/orders/{made['id']}/confirm")
    assert (status, problem["code"]) == (503, "payment_provider_unavailable")
    assert (status_of(made), payment_of(made).status) == ("RESERVED", "PROCESSING")


def test_money_that_comes_too_late_confirms_nothing_and_goes_back(here, seller, provider):
    made = seller.reserve(here.event, 2)
    seller.post("/payments/process", {"booking": made["id"]})
    provider.pay(payment_of(made).provider_ref, "lost_notice")
    Booking.objects.filter(pk=made["id"]).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=made["id"]).update(claimed_until=Now())
    partner(here).reserve(here.event, 2)
    status, problem = seller.post(f"/orders/{made['id']}/confirm")
    assert (status, problem["code"], problem["booking_status"]) == (409, "not_paid", "REFUNDED")
    assert Refund.objects.get().amount == payment_of(made).amount
    assert seller.get(f"/orders/{made['id']}")[1]["payment_status"] == "REFUNDED"
    assert [
        each["reason"] for each in seller.get(f"/bookings/{made['id']}/summary")[1]["refunds"]
    ] == ["TOO_LATE"]


def test_what_costs_nothing_is_confirmed_at_once_if_somebody_has_it(here, seller):
    EventSeat.objects.filter(ordinal__in=[2, 3]).update(price=0)
    nameless, named = seller.reserve(here.event, 2, contact=None), seller.reserve(here.event, 3)
    status, problem = seller.post(f"/orders/{nameless['id']}/confirm")
    assert (status, problem["code"]) == (422, "contact_missing")
    status, told = seller.post(f"/orders/{named['id']}/confirm")
    assert (status, told["status"], told["payment_status"]) == (200, "CONFIRMED", "COMPLETED")
    assert [status_of(nameless), status_of(named)] == ["RESERVED", "CONFIRMED"]
    seller.ask("PUT", f"/bookings/{nameless['id']}", {"contact": NOOR})
    status, told = seller.post("/payments/process", {"booking": nameless["id"]})
    assert (status, told["payment"], status_of(nameless)) == (200, None, "CONFIRMED")


# Giving it back


@pytest.fixture
def sold(here, seller):
    """Two seats for 84.80, sold for good by their policy."""
    made = seller.reserve(here.event, 2, 3)
    paid(made)
    return made


def tickets_of(made):
    return [item["ticket"] for item in made["items"]]


def refund(caller, made, once="", **body):
    path = f"/payments/{payment_of(made).pk}/refund"
    return caller.post(path, {"reason": "CUSTOMER_REQUEST", **body}, once=once)


MONEY = ("paid", "kept", "refunded", "credited")


def test_a_dry_run_changes_nothing_and_is_what_comes_of_it(sold, finance):
    status, looked = refund(finance, sold, dry_run=True)
    assert (status, looked["refunded"], looked["refunds"]) == (200, "84.80", [])
    assert not Cancellation.objects.exists()
    assert status_of(sold) == "CONFIRMED"
    replies = [refund(finance, sold, "r-1", quote=looked["quote"]) for _ in range(2)]
    assert replies[0] == replies[1]
    status, done = replies[0]
    assert (status, done["quote"]) == (201, looked["quote"])
    assert [done[name] for name in (*MONEY, "lines")] == [
        looked[name] for name in (*MONEY, "lines")
    ]
    [sent] = done["refunds"]
    assert (sent["amount"], sent["reason"], sent["status"]) == (
        *("84.80", "CUSTOMER_REQUEST", "PENDING"),
    )
    made = Cancellation.objects.get()
    assert (made.rule, made.grounds, str(made.made_by)) == ("ALL_BACK", "STAFF", "Finance")
    assert set(EventSeat.objects.filter(ordinal__in=[2, 3]).values_list("status", flat=True)) == {
        "AVAILABLE"
    }
    completed(Refund.objects.get())
    assert (status_of(sold), payment_of(sold).status) == ("REFUNDED", "REFUNDED")
    told = finance.get(f"/payments/{payment_of(sold).pk}")[1]
    assert [each["status"] for each in told["refunds"]] == ["COMPLETED"]


@pytest.mark.parametrize("role", Membership.Role.values)
def test_only_who_decides_on_refunds_gives_money_back(here, sold, role):
    may = role in ("OWNER", "FINANCE")
    for body in ({"dry_run": True}, {}):
        status, _ = refund(member(here, role), sold, "r-1", **body)
        assert status in ((200, 201) if may else (403,))
    assert Cancellation.objects.exists() == may


def test_nobody_else_gives_money_back(here, seller, sold):
    for caller in (seller, calling(here, role="gate")):
        assert refund(caller, sold, "r-1")[0] == 403
    assert refund(calling(here), sold, "r-1")[0] == 401
    stranger = member(world.small_house("balcon"))
    path = f"/payments/{payment_of(sold).pk}/refund"
    assert stranger.post(path, {"reason": "FRAUD"}, once="r")[0] == 404
    assert not Cancellation.objects.exists()


@pytest.mark.parametrize("reason", ["CUSTOMER_REQUEST", "EVENT_CANCELLED", "DUPLICATE", "FRAUD"])
def test_the_refund_names_its_reason(finance, sold, reason):
    assert refund(finance, sold, "r-1", reason=reason, note="They called.")[0] == 201
    assert Refund.objects.get().reason == reason
    assert Cancellation.objects.get().reason == "They called."


def test_some_tickets_are_refunded_and_the_others_stay_valid(finance, sold):
    one, two = tickets_of(sold)
    status, done = refund(finance, sold, "r-1", tickets=[two], amount="42.40")
    assert (status, done["refunded"]) == (201, "42.40")
    assert [line["ticket"] for line in done["lines"]] == [two]
    states = dict(Ticket.objects.filter(pk__in=[one, two]).values_list("pk", "status"))
    assert {str(key): state for key, state in states.items()} == {
        one: "CONFIRMED",
        two: "CANCELLED",
    }
    assert refund(finance, sold, "r-2", tickets=[two])[1]["code"] == "not_cancellable"
    assert refund(finance, sold, "r-3")[1]["refunded"] == "42.40"
    assert refund(finance, sold, "r-4")[1]["code"] == "not_cancellable"
    assert sum(Refund.objects.values_list("amount", flat=True)) == Decimal("84.80")


def test_by_the_policy_what_it_keeps_is_kept(here, seller, finance):
    policy((2, 50, 0))
    made = seller.reserve(here.event, 2, 3)
    paid(made)
    status, done = refund(finance, made, "r-1", rule="POLICY", tickets=tickets_of(made)[:1])
    assert (status, done["refunded"], done["kept"]) == (201, "20.00", "22.40")
    assert Cancellation.objects.get().rule == "POLICY"


def test_what_is_not_paid_for_or_makes_no_sense_is_not_refunded(here, seller, finance, sold):
    unpaid = seller.reserve(here.event, 5)
    other = tickets_of(unpaid)

    def code(made, once="r-1", **body):
        status, problem = refund(finance, made, once, **body)
        return status, problem["code"]

    assert code(sold, once="") == (422, "invalid")
    assert code(sold, amount="84.79") == (422, "amount_not_of_tickets")
    assert code(sold, amount="84.79", dry_run=True) == (422, "amount_not_of_tickets")
    assert code(sold, amount="84.801") == (422, "wrong_scale")
    assert code(sold, tickets=[*tickets_of(sold), *other]) == (409, "not_cancellable")
    assert code(sold, tickets=[NOBODY], dry_run=True) == (409, "not_cancellable")
    assert code(sold, quote="0" * 32) == (409, "quote_changed")
    assert code(sold, rule="POLICY") == (409, "not_cancellable")
    assert code(unpaid) == (409, "not_cancellable")
    for wrong in (
        {"reason": "TOO_LATE"},
        {"reason": ""},
        {"rule": "NOTHING_BACK"},
        {"amount": "-1"},
        {"amount": "many"},
        {"tickets": []},
        {"tickets": ["x"]},
        {"to": "BANK"},
        {"status": "COMPLETED"},
    ):
        assert refund(finance, sold, "r-1", **wrong)[0] == 400, wrong
    assert not Cancellation.objects.exists()
    assert not Refund.objects.exists()


def test_the_same_key_is_for_the_same_refund(finance, sold):
    one, two = tickets_of(sold)
    assert refund(finance, sold, "r-1", tickets=[one])[0] == 201
    status, problem = refund(finance, sold, "r-1", tickets=[two])
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert Refund.objects.count() == 1


def test_no_more_goes_back_than_is_left_of_the_payment(here, seller, finance):
    made = seller.reserve(here.event, 2, 3)
    payment = payment_of(made)
    world.received(payment)
    early = Money(Decimal("42.40"), "EUR")
    paid_before = request_refund(
        payment_id=payment.pk, money=early, reason="FRAUD", request_key="cancellation:by hand"
    )
    confirm(payment.reference, payment_id=payment.pk)
    for body in ({"dry_run": True}, {}):
        status, problem = refund(finance, made, "r-1", **body)
        assert (status, problem["code"]) == (409, "refund_too_high")
    assert status_of(made) == "CONFIRMED"
    assert not Cancellation.objects.exists()
    status, done = refund(finance, made, "r-1", tickets=tickets_of(made)[:1])
    assert (status, done["refunded"]) == (201, "42.40")
    assert Refund.objects.exclude(pk=paid_before.pk).get().amount == Decimal("42.40")


def test_what_a_bank_has_taken_back_is_not_sent_as_well(finance, sold):
    Payment.objects.filter(pk=payment_of(sold).pk).update(status="DISPUTED")
    for body in ({"dry_run": True}, {}):
        status, problem = refund(finance, sold, "r-1", **body)
        assert (status, problem["code"]) == (409, "not_paid_here")
    assert status_of(sold) == "CONFIRMED"
    Payment.objects.filter(pk=payment_of(sold).pk).update(status="SUCCEEDED")


def test_a_payment_for_two_events_is_given_back_whole_or_by_tickets_of_either(here, finance):
    first = reserve(event=here.event, ordinals=[2, 3])
    contact(first.pk, **NOOR)
    second = reserve(event=second_night(here.event), ordinals=[4])
    join(second.pk, to=first.pk)
    payment = Payment.objects.get(reference=first.pk, status="PENDING")
    made = {"order": str(first.pk), "id": str(first.pk)}
    assert set(payment.covers) == {first.pk, second.pk}
    world.received(payment)
    confirm(first.pk, payment_id=payment.pk)
    path = f"/payments/{payment.pk}/refund"
    asked = {"reason": "CUSTOMER_REQUEST"}
    tickets = [str(each) for each in first.items.values_list("ticket", flat=True)][:1]
    status, done = finance.post(path, {**asked, "tickets": tickets}, once="r-1")
    assert (status, done["refunded"]) == (201, "42.40")
    looked = finance.post(path, {**asked, "dry_run": True})[1]
    assert Decimal(looked["refunded"]) == payment.amount - Decimal("42.40")
    status, done = finance.post(path, {**asked, "quote": looked["quote"]}, once="r-2")
    assert (status, done["refunded"], len(done["refunds"])) == (201, looked["refunded"], 2)
    assert sum(Refund.objects.values_list("amount", flat=True)) == payment.amount
    assert status_of(made) == Booking.objects.get(pk=second.pk).status == "CANCELLED"


# What providers tell


ADDRESSES = [
    "/webhooks/payments/simulated/",
    f"{API}/payments/webhooks/simulated",
    "/api/payments/webhooks/simulated",
]


def told(provider, made):
    """The body of the notice that a booking was paid."""
    provider.pay(payment_of(made).provider_ref, "lost_notice")
    events = provider.objects("events")
    (notice,) = [each for each in events if each["type"] == "checkout.session.completed"]
    return json.dumps(notice).encode()


def tell(address, body, signature):
    headers = {"Stripe-Signature": signature, "host": "nobodys.example"}
    return Client(headers=headers).post(address, body, content_type="application/json")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_signed_notice_is_taken_once_at_whichever_address(
    here, seller, provider, settings, address
):
    world.agency("balcon")  # so the host, which is nobody's, says nothing of whom it is about
    made = seller.reserve(here.event, 2)
    seller.post("/payments/process", {"booking": made["id"]})
    body, secret, now = told(provider, made), settings.PAYMENT_WEBHOOK_SECRETS[0], time.time()
    for bad in ("", "t=1,v1=00", sign(body, "another", now), sign(body, secret, now - 400)):
        assert tell(address, body, bad).status_code == 400
    assert not InboxMessage.objects.exists()
    for again in (address, *ADDRESSES, address):
        assert tell(again, body, sign(body, secret, now)).status_code == 200
    with as_system():
        assert InboxMessage.objects.get().state == "done"
    assert payment_of(made).status == "SUCCEEDED"
    assert seller.post(f"/orders/{made['id']}/confirm")[1]["status"] == "CONFIRMED"


@pytest.mark.parametrize(
    ("name", "status"), [("stripe", 400), ("paypal", 400), ("bank", 400), ("nobody", 404)]
)
def test_both_addresses_of_a_provider_refuse_alike(settings, name, status):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_x", ["whsec_x"]
    settings.PAYPAL_CLIENT_ID, settings.PAYPAL_CLIENT_SECRET = "id", "secret"
    answers = [
        tell(address, b'{"id": "evt_1"}', "t=1,v1=00")
        for address in (
            f"/webhooks/payments/{name}/",
            f"{API}/payments/webhooks/{name}",
            f"/api/payments/webhooks/{name}",
        )
    ]
    told = [(answer.status_code, answer.content) for answer in answers]
    assert told[0] == told[1] == told[2]
    assert told[0][0] == status
    assert Client().get(f"{API}/payments/webhooks/{name}").status_code == 405
