"""What the stock was worth, when, and how it moved: figures worked out by hand."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from agencies.queries import current_zone, local_today
from analytics.queries import stock
from analytics.reports import REPORTS
from config.tests import world
from core.tenancy import acting_for
from inventory.models import SeatEntry
from suppliers.models import Acquisition, DeliveryReceipt, PurchaseOrder
from suppliers.services import confirm_order, receive_delivery, submit_order

pytestmark = pytest.mark.django_db

FIGURES = ("seats", "cost", "list")
FLOW = ("opening", "bought", "returned", "sold", "unsold", "closing")


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


def moment(days_ago):
    """Noon there and then: clocks are put back between some days."""
    return datetime.combine(ago(days_ago), time(12), tzinfo=current_zone())


def told(event, ordinal, days_ago, kind, *, seats=0, cost=0, listed=0):
    """An entry of the seat ledger of so many days ago."""
    return SeatEntry.objects.create(
        event=event,
        event_seat=event.seats.get(ordinal=ordinal),
        at=moment(days_ago),
        kind=kind,
        stock=seats,
        cost=cost,
        list_price=listed,
        currency="EUR",
    )


@pytest.fixture
def story(event):
    """Three seats bought for 25 to sell at 40; one sold, one repriced, one back, one sent back."""
    for ordinal in range(3):
        told(event, ordinal, 40, "BOUGHT", seats=1, cost=25, listed=40)
    told(event, 0, 20, "SOLD", seats=-1, cost=-25, listed=-40)
    told(event, 1, 10, "REPRICED", listed=5)
    told(event, 0, 5, "UNSOLD", seats=1, cost=25, listed=40)
    told(event, 2, 3, "RETURNED", seats=-1, cost=-25, listed=-40)
    return event


def figures(rows, names=FIGURES):
    return [tuple(int(row[name]) for name in names) for row in rows]


# Value


@pytest.mark.parametrize(
    ("days_ago", "worth"),
    [
        (41, []),
        (40, [(3, 75, 120)]),
        (15, [(2, 50, 80)]),
        (7, [(2, 50, 85)]),
        (4, [(3, 75, 125)]),
        (0, [(2, 50, 85)]),
    ],
)
def test_the_stock_of_any_day_is_the_sum_of_what_happened_until_then(story, days_ago, worth):
    assert figures(stock.value(on=ago(days_ago))) == worth


def test_what_the_stock_was_worth_never_changes_afterwards(story):
    before = stock.value(on=ago(4))
    world.received_order(story, rows="C")
    world.sold_booking(story, [20])
    level = story.levels.get(name="Stalls")
    type(level).objects.filter(pk=level.pk).update(price=99)
    assert stock.value(on=ago(4)) == before
    assert stock.value(on=ago(0)) != before


def test_stock_through_the_services_agrees_with_the_books_by_whatever_it_is_divided(event):
    world.received_order(event, rows="A")  # 10 for 25 to sell at 40
    world.received_order(event, section="Circle", cost="12.50", rows="A", seats="1-4")
    world.sold_booking(event, [0, 1])
    for by in stock.DIMENSIONS:
        rows = stock.value(on=ago(0), by=by)
        assert sum(row["seats"] for row in rows) == 12, by
        assert sum(row["cost"] for row in rows) == Decimal(250), by
        assert sum(row["list"] for row in rows) == Decimal(8 * 40 + 4 * 30), by
    assert stock.in_ledger(on=ago(0)) == {"EUR": {"stock": Decimal(250), "consigned": None}}
    sections = {row["name"]: row["seats"] for row in stock.value(on=ago(0), by="section")}
    levels = {row["name"]: row["seats"] for row in stock.value(on=ago(0), by="level")}
    assert sections == levels == {"Stalls": 8, "Circle": 4}
    [supplier] = stock.value(on=ago(0), by="supplier")
    assert (supplier["name"], supplier["gain"]) == ("Quai Productions", Decimal(190))
    orders = {row["name"]: row["cost"] for row in stock.value(on=ago(0), by="order")}
    assert sorted(orders.values()) == [Decimal(50), Decimal(200)]
    assert set(orders) == set(PurchaseOrder.objects.values_list("number", flat=True))


def test_the_report_says_whether_the_books_agree_and_what_is_the_suppliers(event):
    world.received_order(event, rows="A")
    order = world.drafted_order(event, rows="B", seats="1-2")
    PurchaseOrder.objects.filter(pk=order.pk).update(basis="CONSIGNMENT")
    order.refresh_from_db()
    submit_order(order=order, by=None)
    receive_delivery(order=confirm_order(order=order, by=None))
    told_all = notes("stock-value")
    assert told_all == [
        ("ok", "The books have the same €300.00 in stock."),
        ("", "€50.00 of it is consigned: the suppliers' until it is sold."),
    ]
    told(event, 30, 0, "COSTED", cost=1)
    assert notes("stock-value")[0] == (
        "bad",
        "The books have €300.00 in stock; the seats differ by €1.00.",
    )


def notes(name):
    """What a report says about its usual answer."""
    report = REPORTS[name]
    form = report.form({})
    assert form.is_valid()
    return report.look(form.cleaned_data).notes


def test_a_seat_bought_again_counts_for_whom_it_was_bought_from_at_the_time(event):
    """Bought from Quai 40 days ago, sent back 20 days ago, bought from Elsewhere 10 days ago."""
    quai, other = world.supplier(), world.supplier("Elsewhere")
    bought_from(quai, event, days_ago=40, back=20)
    bought_from(other, event, days_ago=10)
    told(event, 0, 40, "BOUGHT", seats=1, cost=25, listed=40)
    told(event, 0, 20, "RETURNED", seats=-1, cost=-25, listed=-40)
    told(event, 0, 10, "BOUGHT", seats=1, cost=31, listed=40)

    def owed_to(days_ago):
        rows = stock.value(on=ago(days_ago), by="supplier")
        return {row["name"]: int(row["cost"]) for row in rows}

    assert owed_to(30) == {"Quai Productions": 25}
    assert owed_to(15) == {}
    assert owed_to(0) == {"Elsewhere": 31}


def bought_from(supplier, event, *, days_ago, back=None):
    """The acquisition of the first seat so many days ago, and its return."""
    order = world.drafted_order(event, rows="A", seats=str(days_ago // 10))
    receipt = DeliveryReceipt.objects.create(
        number=f"GR-{days_ago}",
        order=order,
        received_at=moment(days_ago) + timedelta(seconds=5),  # its transaction began before
        seats=1,
        amount=25,
        currency="EUR",
    )
    return Acquisition.objects.create(
        event_seat=event.seats.get(ordinal=0),
        line=order.lines.get(),
        receipt=receipt,
        supplier=supplier,
        unit_cost=25,
        currency="EUR",
        returned_at=back and moment(back),
    )


def test_stock_of_events_that_are_over_is_told_apart(event, agency):
    past = world.event_on_sale(event.layout, title="Last spring")
    told(event, 0, 40, "BOUGHT", seats=1, cost=25, listed=40)
    told(past, 0, 40, "BOUGHT", seats=1, cost=7, listed=40)
    type(past).objects.filter(pk=past.pk).update(starts_at=timezone.now() - timedelta(days=2))
    assert figures(stock.value(on=ago(0), which="over"), ["cost"]) == [(7,)]
    assert figures(stock.value(on=ago(0), which="coming"), ["cost"]) == [(25,)]
    assert figures(stock.value(on=ago(3), which="over"), ["cost"]) == []
    assert figures(stock.value(on=ago(0), event=event.pk), ["cost"]) == [(25,)]


# Movement


def test_movement_leads_from_the_opening_stock_to_the_closing_one(story):
    [row] = stock.movement(since=ago(20), until=ago(0))
    assert figures([row], FLOW) == [(3, 0, 1, 1, 1, 2)]
    assert (row["opening_cost"], row["closing_cost"]) == (Decimal(75), Decimal(50))
    assert figures(stock.movement(since=ago(50), until=ago(30)), FLOW) == [(0, 3, 0, 0, 0, 3)]
    assert stock.movement(since=ago(60), until=ago(50)) == []


def test_day_by_day_the_closing_of_one_is_the_opening_of_the_next(story):
    rows = stock.movement(since=ago(20), until=ago(0), step="day")
    assert [row["day"] for row in rows] == [ago(20), ago(5), ago(3)]
    assert figures(rows, FLOW) == [(3, 0, 0, 1, 0, 2), (2, 0, 0, 0, 1, 3), (3, 0, 1, 0, 0, 2)]
    assert [row["closing_cost"] for row in rows] == [Decimal(50), Decimal(75), Decimal(50)]


def test_the_chart_of_days_has_the_days_on_which_nothing_moved_too(story):
    def sold(by):
        report = REPORTS["stock-movement"]
        form = report.form({"since": ago(20), "until": ago(0), "by": by})
        assert form.is_valid()
        return [seats for _, seats, _ in report.look(form.cleaned_data).chart.points]

    assert sold("day") == [1] + [0] * 20
    assert (sum(sold("week")), sum(sold("month"))) == (1, 1)
    assert len(sold("week")) in (3, 4)


def test_all_events_together_move_as_the_sum_of_each(story):
    other = world.event_on_sale(story.layout, title="Another")
    told(other, 0, 20, "BOUGHT", seats=1, cost=10, listed=30)
    together = stock.movement(since=ago(25), until=ago(0), step="day", per_event=False)
    assert figures(together[:1], FLOW) == [(3, 1, 0, 1, 0, 3)]
    apart = stock.movement(since=ago(25), until=ago(0), step="day")
    assert {row["event"] for row in apart} == {str(story.title), "Another"}
    for name in ("bought", "returned", "sold", "unsold"):
        assert sum(row[name] for row in apart) == sum(row[name] for row in together)


# Age


def test_age_is_counted_from_the_day_a_place_became_ours(story):
    told(story, 7, 61, "BOUGHT", seats=1, cost=9, listed=40)
    told(story, 8, 200, "BOUGHT", seats=1, cost=3, listed=40)
    rows = stock.ageing(on=ago(0))
    assert [(row["name"], row["seats"], int(row["cost"])) for row in rows] == [
        ("31 to 60 days", 2, 50),
        ("61 to 90 days", 1, 9),
        ("More than 90 days", 1, 3),
    ]
    assert [row["name"] for row in stock.ageing(on=ago(35))] == [
        "0 to 30 days",
        "More than 90 days",
    ]


def test_stock_is_counted_by_how_far_off_its_event_is(story):
    """The event is in 20 days."""
    assert [row["name"] for row in stock.ageing(on=ago(0), by="to_event")] == ["8 to 30 days"]
    assert [row["name"] for row in stock.ageing(on=ago(20), by="to_event")] == ["31 to 90 days"]
    type(story).objects.filter(pk=story.pk).update(starts_at=timezone.now() - timedelta(days=1))
    assert [row["name"] for row in stock.ageing(on=ago(0), by="to_event")] == ["Over"]


def test_the_ages_of_all_places_add_up_to_the_value(story):
    [worth] = stock.value(on=ago(0))
    for by in stock.BUCKETS:
        rows = stock.ageing(on=ago(0), by=by)
        for name in FIGURES:
            assert sum(row[name] for row in rows) == worth[name], (by, name)
