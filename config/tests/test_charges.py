"""Fees and taxes from the first price to the ledger: what is shown is what is paid."""

import gzip
import json
import re
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from bookings.models import Booking
from bookings.receipt import receipt_of
from bookings.services import Sale, confirm, contact, reserve
from config.tests.world import fee, received
from core import invariants
from core.memory import Remembered
from core.tenancy import acting_for
from events.charges import terms_of
from events.models import Channel, Event, FeeRule, Per, TaxedAs, TaxRule
from payments.models import Account, LedgerEntry, Payment
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(made_shop):
    return made_shop


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        Venue.objects.update(country="FR", region="")
        yield Event.objects.select_related("venue").get()
        assert invariants.violations() == {}


def tax(percent, **fields):
    made = TaxRule.objects.create(
        **{"name": "VAT", "country": "FR", "percent": Decimal(percent), **fields}
    )
    Remembered.forget_everything()
    return made


def sold(booking):
    contact(booking.pk, email="noor@post.example", name="Noor")
    payment = Payment.objects.get(reference=booking.pk)
    received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def books():
    """{account: what stands on it} of sales."""
    entries = LedgerEntry.objects.filter(journal__source="booking")
    found = dict.fromkeys(entries.values_list("account", flat=True), Decimal(0))
    for entry in entries:
        found[entry.account] += entry.amount
    return found


def euros(text):
    return re.findall(r"€[\d.]+", text)


def test_a_sale_with_fees_and_contained_taxes_is_parted_in_the_ledger(event):
    fee(amount=Decimal("6.00"))
    tax("5.5")
    tax("20", on=TaxedAs.SERVICE)
    booking = sold(reserve(event=event, ordinals=[0, 1]))
    # of 45.00 are 2.35 tax (45 × 5.5 / 105.5), of a fee of 6.00 one euro (6 × 20 / 120)
    assert (booking.total, booking.tax_in_price, booking.tax_in_fee) == (
        Decimal(102),
        Decimal("4.70"),
        Decimal(2),
    )
    found = books()
    assert found[Account.TICKET_REVENUE] == Decimal("-85.30")
    assert found[Account.FEE_REVENUE] == Decimal(-10)
    assert found[Account.TAXES_COLLECTED] == Decimal("-6.70")
    assert found[Account.CUSTOMER_DEPOSITS] == Decimal(102)


def test_a_tax_on_top_is_in_every_price_a_buyer_reads(event):
    tax("8.875", is_contained=False)
    visitor = Client()
    page = visitor.get(f"/events/{event.slug}/")
    assert page.context["price_high"].display() == "€48.99"  # 45.00 and 3.99375
    told = visitor.get(f"/api/v1/events/{event.pk}/availability").json()
    assert {level["name"]: level["price"] for level in told["levels"]}["Front"] == "48.99"
    prices = gzip.decompress(visitor.get(page.context["map"]["prices_url"]).content)
    assert "48.99" in {level["price"] for level in json.loads(prices)["levels"]}
    answer = visitor.post(f"/events/{event.slug}/reserve/", {"seat": ["0", "1"]})
    checkout = visitor.get(answer.url).content.decode()
    assert euros(checkout.split('class="total"')[1])[0] == "€97.98"
    assert "VAT 8.875 %" in checkout
    assert Booking.objects.get().total == Decimal("97.98")


def test_a_fee_once_a_booking_is_named_beside_the_prices_and_in_the_sum_of_the_checkout(event):
    fee(name="Post", per=Per.BOOKING, amount=Decimal("4.00"))
    visitor = Client()
    page = " ".join(visitor.get(f"/events/{event.slug}/").content.decode().split())
    assert "all fees in but Post €4.00 once a booking" in page
    assert "And Post €4.00 once a booking." in page
    answer = visitor.post(f"/events/{event.slug}/reserve/", {"seat": ["0", "1", "2"]})
    receipt = visitor.get(answer.url).context["receipt"]
    assert [(words, amount.display()) for words, amount in receipt.rows] == [
        ("3 tickets", "€135.00"),
        ("Post", "€4.00"),
    ]
    fees = Booking.objects.get().items.values_list("fee", flat=True)
    assert sorted(fees) == [Decimal("1.33"), Decimal("1.33"), Decimal("1.34")]


def test_the_closest_fees_count(event):
    fee(percent=6)
    fee(name="Theirs", event=event, percent=3)
    fee(name="At the door", event=event, channel=Channel.BOX_OFFICE, amount=1)
    names = {channel: [each.name for each in terms_of(event, channel).fees] for channel in Channel}
    assert names == {
        Channel.WEB: ["Theirs"],
        Channel.API: ["Theirs"],
        Channel.BOX_OFFICE: ["At the door"],
    }


def test_a_tax_counts_where_the_venue_is(event):
    tax("5.5")
    tax("2", name="Island", region="Corse")
    tax("19", name="German", country="DE")
    tax("1", name="Matches", kinds=["SPORTS"])
    tax("9", name="Once", until="2020-01-01")

    def names():
        Remembered.forget_everything()
        found = Event.objects.select_related("venue").get()
        return [each.name for each in terms_of(found, Channel.WEB).taxes]

    assert names() == ["VAT"]
    Venue.objects.update(region="Corse")
    assert names() == ["VAT", "Island"]


def test_who_reserved_before_a_fee_rose_pays_what_he_was_told(event):
    rule = fee(percent=6)
    first = reserve(event=event, ordinals=[0])
    FeeRule.objects.filter(pk=rule.pk).update(percent=20)
    Remembered.forget_everything()
    second = reserve(event=event, ordinals=[1])
    assert (first.fee, second.fee) == (Decimal("2.70"), Decimal(9))
    rows = receipt_of(first, list(first.items.all())).rows
    assert [amount.display() for _, amount in rows] == ["€45.00", "€2.70"]
    assert first.terms_id != second.terms_id
    assert reserve(event=event, ordinals=[2]).terms_id == second.terms_id


def test_what_is_given_away_bears_no_fee_and_no_tax(event):
    fee(amount=2)
    tax("5.5")
    given = reserve(event=event, ordinals=[0], sale=Sale(is_complimentary=True))
    assert (given.total, given.fee, given.taxes.amount) == (0, 0, 0)


def test_the_api_tells_fee_discount_and_tax_apart(world, event):
    fee(amount=2)
    tax("10", is_contained=False)
    answer = Client().post(
        "/api/v1/bookings",
        json.dumps({"event": str(event.pk), "seats": [0]}),
        content_type="application/json",
        headers={"authorization": f"Bearer {world['tokens']['buyer']}"},
    )
    told = answer.json()
    names = ("price", "discount", "fee", "tax", "total")
    assert [told[name] for name in names] == ["45.00", "0.00", "2.00", "4.50", "51.50"]
    assert [told["items"][0][name] for name in names] == [told[name] for name in names]


def test_the_database_refuses_what_does_not_add_up(event):
    booking = reserve(event=event, ordinals=[0])
    for column in ("discount", "tax_on_top", "fee"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(**{column: 1})
