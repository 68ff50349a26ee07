"""What was earned, how suppliers did, and which events sell slowly or fast: worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agencies.queries import local_today
from analytics.queries import hot_events, slow_events, stock
from analytics.queries.profit import profit
from analytics.queries.suppliers import performance
from analytics.reports import REPORTS
from bookings.models import Booking
from config.tests import world
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment
from suppliers.models import Acquisition, PurchaseOrder, ReturnLine, SupplierReturn

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    made = world.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def event(agency):
    _, layout = world.venue()
    return world.event_on_sale(layout)


def ago(days):
    return local_today() - timedelta(days=days)


def by_name(rows):
    return {row["name"]: row for row in rows}


# Profit


@pytest.fixture
def sales(event):
    """Ten stalls for 25, four circle seats for 12.50; sold two for 40 and one for 30, fee 6 %."""
    world.received_order(event, rows="A")
    world.received_order(event, section="Circle", cost="12.50", rows="A", seats="1-4")
    world.sold_booking(event, [0, 1])
    return world.sold_booking(event, [50])


def test_profit_is_revenue_without_fees_less_what_the_sold_seats_cost(sales, event):
    [row] = profit(since=ago(0), until=ago(0))
    assert (row["seats"], row["revenue"], row["cost"], row["profit"], row["fees"]) == (
        3,
        Decimal("110.00"),
        Decimal("62.50"),
        Decimal("47.50"),
        Decimal("6.60"),
    )
    assert (row["name"], row["owned"], row["sold_of_owned"]) == (event.title, 14, 3)
    assert profit(since=ago(9), until=ago(1)) == []


def test_what_providers_took_stands_beside_it_by_whatever_it_is_divided(sales, event):
    took = Payment.objects.filter(pk=sales.payment_id)
    took.update(fee=Decimal("1.10"), fee_currency="EUR")
    for by in stock.DIMENSIONS:
        rows = profit(since=ago(0), until=ago(0), by=by)
        assert sum(row["payment_costs"] for row in rows) == Decimal("1.10")
    both = Payment.objects.exclude(pk=sales.payment_id)
    both.update(fee=Decimal("2.22"), fee_currency="GBP")  # not in the money of the sale
    sections = by_name(profit(since=ago(0), until=ago(0), by="section"))
    assert {name: row["payment_costs"] for name, row in sections.items()} == {
        "Stalls": 0,
        "Circle": Decimal("1.10"),
    }


def test_profit_adds_up_the_same_by_whatever_it_is_divided(sales):
    for by in stock.DIMENSIONS:
        rows = profit(since=ago(0), until=ago(0), by=by)
        assert sum(row["profit"] for row in rows) == Decimal("47.50"), by
        assert sum(row["owned"] for row in rows) == 14, by
    sections = by_name(profit(since=ago(0), until=ago(0), by="section"))
    assert {name: row["profit"] for name, row in sections.items()} == {
        "Stalls": Decimal("30.00"),
        "Circle": Decimal("17.50"),
    }
    orders = profit(since=ago(0), until=ago(0), by="order")
    assert sorted((row["sold_of_owned"], row["owned"]) for row in orders) == [(1, 4), (2, 10)]


def test_a_sale_that_was_given_back_earns_nothing(sales):
    Booking.objects.filter(pk=sales.pk).update(status="REFUNDED", closed_at=timezone.now())
    [row] = profit(since=ago(0), until=ago(0))
    assert (row["seats"], row["given_back"]) == (2, 1)
    assert (row["gross"], row["refunded"], row["revenue"]) == (110, 30, 80)
    assert (row["cost"], row["profit"], row["fees"]) == (50, 30, Decimal("4.80"))


def test_percentages_of_the_sums_are_made_of_the_sums(sales):
    report = REPORTS["profit"]
    chosen = report.form({"since": ago(0), "by": "section"})
    assert chosen.is_valid()
    found = report.look(chosen.cleaned_data)
    [sums] = found.sums
    shares = {c.title: c.value(sums) for c in report.columns_for(chosen.cleaned_data) if c.ratio}
    assert shares == {"Margin": Decimal("43.2"), "Sold of owned": Decimal("21.4")}


# Suppliers


def test_a_supplier_is_measured_by_what_he_was_to_deliver_by_now(event):
    came = world.received_order(event, rows="A").order
    missing, coming = (world.confirmed_order(event, rows=rows) for rows in "BC")
    for order, day in ((came, ago(5)), (missing, ago(2)), (coming, ago(-10))):
        PurchaseOrder.objects.filter(pk=order.pk).update(expected_on=day)
    world.sold_booking(event, [0, 1])
    sent_back(came, {5: "TAKEN_BACK", 6: "KEPT", 7: "OPEN"})
    [row] = performance(since=ago(0), until=ago(0))
    assert (row["orders"], row["ordered"], row["received"], row["due"]) == (3, 30, 10, 20)
    assert (row["late"], row["overdue"], row["days_late"]) == (20, 10, Decimal("5.0"))
    assert (row["bad"], row["taken_back"], row["refused"]) == (3, 1, 1)
    assert (row["sold"], row["revenue"], row["profit"]) == (2, 80, 30)
    assert round(row["days_to_sell"]) == 0
    columns = {
        column.title: column.value(row) for column in REPORTS["supplier-performance"].columns
    }
    assert (columns["Filled"], columns["Late"]) == (Decimal("50.0"), Decimal("100.0"))
    assert (columns["Bad"], columns["Returned"]) == (Decimal("30.0"), Decimal("10.0"))
    assert columns["Margin"] == Decimal("37.5")


def sent_back(order, states):
    """A return of seats of an order, with the supplier's answer for each ordinal."""
    back = SupplierReturn.objects.create(number="RT-1", supplier=order.supplier, currency="EUR")
    for ordinal, state in states.items():
        ReturnLine.objects.create(
            supplier_return=back,
            acquisition=Acquisition.objects.get(event_seat__ordinal=ordinal),
            cost=25,
            currency="EUR",
            state=state,
        )


def test_what_was_withdrawn_or_is_only_drafted_counts_against_nobody(event):
    receipt = world.received_order(event, rows="A")
    world.drafted_order(event, rows="B")
    sent_back(receipt.order, {5: "OPEN"})
    SupplierReturn.objects.update(status="WITHDRAWN")
    [row] = performance(since=ago(0), until=ago(0))
    assert (row["ordered"], row["due"], row["bad"], row["late"]) == (10, 10, 0, 0)
    assert row["days_late"] is None


# Demand


def sold(event, ordinals, days_ago):
    booking = world.sold_booking(event, ordinals)
    at = timezone.now() - timedelta(days=days_ago)
    Booking.objects.filter(pk=booking.pk).update(confirmed_at=at)


def on_sale_for(event, days):
    Event.objects.filter(pk=event.pk).update(sale_starts_at=timezone.now() - timedelta(days=days))


def test_a_slow_event_is_told_with_the_figures_that_say_so(event):
    """50 seats for 25 in 20 days; four sold ten days ago, two today."""
    on_sale_for(event, 60)
    world.received_order(event)
    sold(event, [0, 1, 2, 3], days_ago=10)
    sold(event, [4, 5], days_ago=0)
    [slow] = slow_events(5)
    assert (slow.unsold, slow.sold_7, slow.sold_28, slow.left_over) == (44, 2, 6, 38)
    assert slow.evidence == (
        "44 of 50 seats unsold, 20 days to go; 0.3 a day sold in the last 7 days, 0.2 in 28. "
        "At this pace 38 stay unsold."
    )
    # (50 × 25 − 6 × 40) ÷ 44 = 22.954…
    assert slow.hint.startswith("€22.96 a seat, before fees, pays for the event")
    assert hot_events(5) == []


def test_a_hot_event_sells_out_in_less_than_half_the_time_left(event):
    on_sale_for(event, 60)
    world.received_order(event, rows="A")
    sold(event, [0, 1, 2, 3], days_ago=2)
    sold(event, [4, 5, 6, 7], days_ago=0)
    [hot] = hot_events(5)
    assert hot.evidence == (
        "2 of 10 seats unsold, 20 days to go; 1.1 a day sold in the last 7 days, 0.3 in 28. "
        "Sold out in 2 days at this pace."
    )
    assert hot.hint == ""
    assert slow_events(5) == []


def test_an_event_that_is_new_on_sale_is_measured_by_the_days_it_was(event):
    """Two of twenty sold on its only day: twenty more such days would sell it twice."""
    world.received_order(event, rows="A-B")
    sold(event, [0, 1], days_ago=0)
    assert slow_events() == []


def test_what_is_over_sold_out_or_not_on_sale_is_neither_slow_nor_hot(event):
    on_sale_for(event, 60)
    world.received_order(event, rows="A", seats="1-2")
    assert [pace.unsold for pace in slow_events()] == [2]
    sold(event, [0, 1], days_ago=0)
    assert slow_events() == hot_events() == []
    other = world.event_on_sale(event.layout, title="Over")
    world.received_order(other, rows="A")
    began = timezone.now() - timedelta(minutes=5)
    Event.objects.filter(pk=other.pk).update(starts_at=began, sale_ends_at=began)
    assert slow_events() == []


def test_the_most_money_at_risk_comes_first(event):
    cheap = world.event_on_sale(event.layout, title="Cheap")
    for each, cost in ((cheap, "5.00"), (event, "25.00")):
        on_sale_for(each, 60)
        world.received_order(each, rows="A", cost=cost)
    assert [pace.title for pace in slow_events()] == [event.title, "Cheap"]
    assert [pace.title for pace in slow_events(1)] == [event.title]
    assert slow_events(1)[0].hint.startswith("€25.00 a seat")
