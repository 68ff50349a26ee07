"""The demo agency, and past sales written in bulk: they must look like what the services leave."""

import json
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import ApiKey, User, digest
from agencies.models import Agency, Membership
from agencies.queries import local_today
from bookings.models import Booking, BookingItem
from bookings.services import Sale, confirm, reserve
from config.demo.people import PASSWORD
from config.demo.provider import store_file
from config.history import sell_in_bulk
from config.management.commands.seed_demo import keys_file
from config.tests import world
from config.tests.plain_words import past, programmers_words, shown_on
from config.tests.scenarios import house
from config.tests.servers import simulator
from config.tests.world import fee
from core import invariants
from core.ids import uuid7
from core.models import OutboxMessage
from core.tenancy import acting_for, as_system
from customers.services import remember_customer
from events.models import Event
from inventory.models import EventSeat
from inventory.services import SeatsTaken
from payments.adapters import ProviderRefused
from payments.ledger import post
from payments.models import (
    CAPTURED,
    Account,
    AccountCode,
    Dispute,
    Journal,
    LedgerEntry,
    Payment,
    Payout,
    PayoutLine,
    Refund,
)
from payments.providers import provider
from payments.services import request_refund, send_refund
from payments.simulator.store import Store
from promotions.models import Promotion
from suppliers.models import PurchaseOrder, PurchaseOrderLine
from tickets.models import Admission, Scan, Ticket


@pytest.fixture
def event(made_house):
    with acting_for(made_house["agency"]["id"]):
        yield Event.objects.select_related("layout", "venue").get()


@pytest.fixture
def buyer(event):
    return remember_customer(email="ada@post.example", name="Ada Verbeke")


def last_days(days):
    now = timezone.now()
    return now - timedelta(days=days), now


def sell(event, ordinals, buyer, **changes):
    given = {"bought_between": last_days(30), "party_sizes": {2: 1}, "chance": Random(1)}
    return sell_in_bulk(event, ordinals, customers=[buyer], **{**given, **changes})


def sell_through_the_services(event, ordinals, buyer):
    booking = reserve(event=event, ordinals=ordinals, sale=Sale(customer_id=buyer.pk))
    Ticket.objects.filter(items__booking=booking).update(holder_name=buyer.name)
    payments = Payment.objects.filter(reference=booking.pk)
    payments.update(
        status="PROCESSING", opened_at=Now(), provider_ref="cs_1", provider_payment_ref="pi_1"
    )
    payments.update(status="SUCCEEDED", settled_at=Now())
    payment = payments.get()
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        lines=[
            (Account.PROVIDER_CLEARING, payment.money),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )
    confirm(booking.pk, payment_id=payment.pk)
    payments.update(fee=0, fee_currency="EUR", charge_read_at=Now())  # as its provider says
    return booking.pk


CHOSEN = {
    "id",
    "number",
    "ordinal",
    "seat",
    "provider_ref",
    "provider_payment_ref",
    "memo",
}
MOMENTS = ("DateTimeField", "UUIDField", "BigAutoField", "ArrayField")


def shape(row):
    """A row without what differs between any two sales: keys and moments only as set or not."""
    return {
        field.name: bool(field.value_from_object(row))
        if field.is_relation or field.name in CHOSEN or field.get_internal_type() in MOMENTS
        else field.value_from_object(row)
        for field in row._meta.fields
    }


def everything_about(booking_id):
    payments = Payment.objects.filter(reference=booking_id)
    sources = [booking_id, *payments.values_list("pk", flat=True)]
    return [
        [shape(row) for row in rows]
        for rows in (
            Booking.objects.filter(pk=booking_id),
            BookingItem.objects.filter(booking=booking_id).order_by("position"),
            Ticket.objects.filter(items__booking=booking_id).order_by("ordinal"),
            EventSeat.objects.filter(claimed_by=booking_id).order_by("ordinal"),
            payments,
            Journal.objects.filter(source_id__in=sources).order_by("kind"),
            LedgerEntry.objects.filter(journal__source_id__in=sources).order_by(
                "journal__kind", "account"
            ),
        )
    ]


@pytest.mark.django_db
def test_a_past_sale_leaves_the_rows_that_a_sale_leaves(event, buyer):
    fee(percent=6)
    real = sell_through_the_services(event, [2, 3], buyer)
    (past,) = sell(event, [4, 5], buyer)
    assert everything_about(past) == everything_about(real)
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_past_sales_tell_nobody_and_admit_nobody(event, buyer):
    before = OutboxMessage.objects.count()
    sell(event, range(40), buyer)
    assert OutboxMessage.objects.count() == before
    assert Admission.objects.count() == 0
    assert EventSeat.objects.filter(status="SOLD").count() == 40


@pytest.mark.django_db
def test_past_sales_take_all_or_nothing_of_what_is_asked(event, buyer):
    sell(event, [7], buyer)
    with pytest.raises(SeatsTaken) as lost:
        sell(event, [6, 7, 8], buyer)
    assert lost.value.ordinals == [7]
    assert EventSeat.objects.filter(status="SOLD").count() == 1


@pytest.mark.django_db
def test_parties_are_neighbours_of_the_wanted_sizes(event, buyer):
    sell(event, [0, 1, 2, 3, 10, 20, 21, 22], buyer, party_sizes={3: 1})
    parties = Booking.objects.order_by("pk").values_list("ticket_count", flat=True)
    assert sorted(parties) == [1, 1, 3, 3]


@pytest.mark.django_db
def test_guests_of_a_past_night_were_admitted_once_at_a_gate_that_serves_them(event, buyer):
    sell(event, range(60), buyer, used=0.8)
    used = Ticket.objects.filter(status="USED").count()
    assert 35 < used < 60
    assert Admission.objects.count() == Scan.objects.filter(verdict="admitted").count() == used
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_most_past_sales_are_made_when_the_sale_opens(event, buyer):
    sell(event, range(400), buyer)
    first, _ = last_days(30)
    days = Counter(
        (at - first).days for at in Booking.objects.values_list("reserved_at", flat=True)
    )
    assert max(days, key=days.get) <= 1
    assert len(days) > 20
    assert not Booking.objects.filter(reserved_at__gt=timezone.now()).exists()


@pytest.mark.django_db
def test_a_scenario_has_exactly_the_first_places_sold():
    world = house(options={"sold": 123})
    with acting_for(world["agency"]["id"]):
        sold = EventSeat.objects.filter(status="SOLD").order_by("ordinal")
        assert list(sold.values_list("ordinal", flat=True)) == list(range(123))
    assert world["sold"] == 123
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_the_demo_is_not_made_beside_an_agency(event, capsys):
    call_command("seed_demo", json=True)
    assert json.loads(capsys.readouterr().out)["made"] is False
    with as_system():
        assert Agency.objects.count() == 1


@pytest.mark.parametrize("command", ["seed_demo", "demo_people"])
@pytest.mark.django_db
def test_known_passwords_never_reach_production(settings, command):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command(command)


def test_the_demo_is_a_working_agency(committed_db, capsys, settings, tmp_path):
    """Once, because it takes a while: everything there is, and nothing that breaks a rule."""
    connections.close_all()
    committed_db.recreate()  # what earlier tests rolled back has left statistics of empty tables
    settings.DATA_DIR = tmp_path / "demo"
    call_command("seed_demo")
    assert invariants.violations() == {}
    with as_system():
        assert OutboxMessage.objects.filter(done_at=None).count() == 0
        parterre, balcon = (Agency.objects.get(slug=slug) for slug in ("parterre", "balcon"))
    with acting_for(parterre.pk):
        has_a_believable_programme()
        has_stock_and_sales_in_every_state()
        speaks_of_the_trade(parterre)
        sends_money_back(settings)
    with acting_for(balcon.pk):
        assert Event.objects.get().seats.filter(status="SOLD").exists()
    tells_how_to_sign_in(capsys)


def has_a_believable_programme():
    events = Event.objects.all()
    assert set(events.values_list("status", flat=True)) == {
        *("DRAFT", "ON_SALE", "SOLD_OUT", "CANCELLED", "COMPLETED")
    }
    assert events.upcoming().public().count() >= 12
    assert events.values("venue").distinct().count() == 5
    assert {"EUR", "GBP"} == set(events.values_list("currency", flat=True))
    assert not events.exclude(status="DRAFT").filter(levels=None).exists()
    assert not EventSeat.objects.filter(level=None).exists()


def has_stock_and_sales_in_every_state():
    assert set(PurchaseOrder.objects.values_list("status", flat=True)) == {
        *("DRAFT", "PENDING", "CONFIRMED", "PARTIALLY_RECEIVED", "COMPLETED", "CANCELLED")
    }
    assert set(Booking.objects.values_list("status", flat=True)) == {
        *("RESERVED", "CONFIRMED", "EXPIRED", "REFUNDED")
    }
    gone_by = {"return_by__lt": local_today()}
    assert not PurchaseOrderLine.objects.exclude(order__status="COMPLETED").filter(**gone_by)
    assert Booking.objects.sold().dates("reserved_at", "day").count() > 50
    assert Refund.objects.get().status == "COMPLETED"
    assert Dispute.objects.get().payment.status == "DISPUTED"
    assert set(Payout.objects.values_list("status", flat=True)) == {"ARRIVED", "PAID"}
    assert [line.description for line in PayoutLine.objects.exclude(status="MATCHED")] == [
        "Correction 4471"
    ]
    assert set(Promotion.objects.values_list("status", flat=True)) == {"ACTIVE", "DRAFT"}
    assert set(AccountCode.objects.values_list("account", flat=True)) == set(Account.values)
    assert Ticket.objects.filter(status="USED").count() > 1000
    arena = Event.objects.filter(title="The Low Lanterns").order_by("starts_at")[1]
    assert arena.seats.count() == 12_000
    assert 0 < arena.seats.filter(ownership="OWNED").count() < 6000


def speaks_of_the_trade(agency):
    """Pages of bookings, orders and their money in every state, and what happened to them."""
    owner = world.client_of(Membership.objects.filter(role="OWNER")[0].user, agency)
    told = 0
    for model in (Booking, PurchaseOrder, Payment, Refund, Dispute, Payout, PayoutLine, Ticket):
        for status in model.objects.order_by().values_list("status", flat=True).distinct():
            thing = model.objects.filter(status=status).order_by("pk").last()
            page = owner.get(world.of(thing))
            told += len(past(page))
            assert programmers_words(shown_on(page)) == [], (thing, status)
    assert told > 60


def sends_money_back(settings):
    """Its payments are known where the provider looks, so they go back, and none of them twice."""
    store = Store(store_file())
    known = {each["id"]: each["amount"] for each in store.list("payment_intent")}
    store.close()
    taken = Payment.objects.filter(provider="simulated", status__in=CAPTURED)
    assert taken.count() > 1000
    assert all(known[each.provider_payment_ref] == each.charged.minor for each in taken)
    payment = taken.filter(status="SUCCEEDED", disputes=None).latest("settled_at")
    before = Refund.objects.get()
    with simulator(settings.DATA_DIR, store=store_file().name) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        with transaction.atomic():
            asked = request_refund(
                payment_id=payment.pk, money=payment.money, reason="FRAUD", request_key="demo"
            )
        assert send_refund(asked.pk).status == "COMPLETED"
        with pytest.raises(ProviderRefused):
            provider("simulated").refund(
                refund_id=uuid7(), attempt=1, payment_ref=before.payment.provider_payment_ref,
                amount=before.amount, currency=before.currency, idempotency_key="again",
            )  # fmt: skip


def tells_how_to_sign_in(capsys):
    capsys.readouterr()
    call_command("demo_people", json=True)
    told = json.loads(capsys.readouterr().out)
    assert {person["role"] for person in told["staff"]} == {
        *Membership.Role.labels,
        "Platform operator",
    } - {"Promoter"}
    for email in [told["promoter"], *(person["email"] for person in told["staff"])]:
        assert User.objects.get(email=email).check_password(PASSWORD)
    secret = next(iter(told["gates"][0]["keys"].values()))
    with as_system():
        assert ApiKey.objects.get(digest=digest(secret)).role == "gate"
    assert [buyer["email"] for buyer in told["buyers"]] == [
        "noor@post.example",
        "tomas@post.example",
    ]
    assert keys_file().stat().st_mode & 0o777 == 0o600
