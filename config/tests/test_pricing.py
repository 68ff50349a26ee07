"""Retail prices changed in one go: looked at, done, undone; a buyer's price stays what it was."""

from decimal import Decimal

import pytest
from django.core.cache import cache

from agencies.models import Agency
from bookings.models import BookingItem
from bookings.views.prices import prices_of
from config.tests import world
from core.errors import Invalid
from core.memory import Remembered
from core.tenancy import acted_by, acting_for
from inventory.models import EventSeat, PriceChange, PriceJob, SeatEntry
from inventory.pricing import writing
from inventory.pricing.changing import (
    BelowCost,
    PricesMoved,
    ask_for_change,
    carry_out,
    change_prices,
    written_by,
)
from inventory.pricing.looking import Wish, look
from inventory.pricing.selecting import Selection
from inventory.pricing.setting import Setting, Way
from inventory.pricing.undoing import undo_change, undoable
from inventory.pricing.writing import NothingToChange, price_stamp

pytestmark = pytest.mark.django_db
STALLS = "0-49"


@pytest.fixture
def event(agency):
    """Stalls at €40 a seat, rows A and B owned (places 0 to 19) at €25 each."""
    _, layout = world.venue()
    event = world.event_on_sale(layout)
    world.received_order(event, rows="A-B")
    return event


def wish(way, value=0, *, places=STALLS, reason="Spring prices", why="", rounding="", **rules):
    setting = Setting(way, Decimal(str(value)), rounding)
    return Wish(Selection(places=places, **rules), setting, reason, why)


def change(event, *words, **rules):
    return change_prices(event=event, wish=wish(*words, **rules), by=None)


def own(event, ordinal):
    return event.seats.get(ordinal=ordinal).price


def test_a_look_says_what_would_change_and_writes_nothing(event):
    world.reservation(event, [0, 1])
    found = look(event, wish(Way.PERCENT, -10))
    (move,) = found.moves
    assert (move.cohort.present, move.price, move.count) == (40, 36, 18)
    assert (found.before, found.after) == (Decimal(720), Decimal(648))
    assert (found.left.taken, found.left.not_ours, found.same) == (2, 30, 0)
    assert not PriceChange.objects.exists()
    assert set(event.seats.values_list("price", flat=True)) == {None}


def test_what_a_look_said_is_what_is_done_and_the_ledger_keeps_why(event, agency):
    with acted_by("user:mireille"):
        made = change(event, Way.PERCENT, -10, places="0-9", reason="Slow week")
    assert (made.seats, made.ordinals, made.source) == (10, list(range(10)), "STAFF")
    assert (set(made.before), set(made.after)) == ({None}, {Decimal(36)})
    entry = SeatEntry.objects.filter(kind="REPRICED").first()
    assert (entry.price_before, entry.price_after, entry.list_price) == (40, 36, -4)
    assert (entry.reason, entry.actor) == ("Slow week", "user:mireille")
    assert SeatEntry.objects.filter(kind="REPRICED").count() == 10
    assert own(event, 10) is None


@pytest.mark.parametrize(
    ("words", "price"),
    [
        ((Way.TO, 39), 39),
        ((Way.PLUS, "2.50"), "42.50"),
        ((Way.PLUS, "-2.50"), "37.50"),
        ((Way.PERCENT, "12.5"), 45),
        ((Way.MARKUP, 30), "32.50"),
    ],
)
def test_every_way_to_a_price(event, words, price):
    change(event, *words, places="0")
    assert own(event, 0) == Decimal(str(price))


def test_back_to_the_level_takes_the_own_price_away(event):
    change(event, Way.TO, 39, places="0-4")
    assert change(event, Way.LEVEL).seats == 5
    assert own(event, 0) is None


@pytest.mark.parametrize(
    ("rules", "places"),
    [
        ({"words": "stalls b"}, range(10, 20)),
        ({"words": "nowhere"}, ()),
        ({"cost_from": Decimal("25.01")}, ()),
        ({"cost_to": Decimal(25)}, range(20)),
        ({"status": "HELD"}, ()),
        ({"owned_days_from": 1}, ()),
        ({"owned_days_to": 1}, range(20)),
        ({"level": "none"}, ()),
    ],
)
def test_conditions_that_all_must_hold(event, rules, places):
    found = look(event, wish(Way.TO, 50, **rules))
    assert [n for move in found.moves for n in move.cohort.ordinals] == list(places)


def test_a_price_below_cost_and_fees_needs_a_reason(event, agency):
    Agency.objects.update(sale_cost_percent=Decimal(2), sale_cost_fixed=Decimal("0.25"))
    Remembered.forget_everything()
    # 25.00 + 0.25 is 98 % of 25.7653…: at 25.76 a cent is missing.
    with pytest.raises(BelowCost, match="20 places would sell below cost"):
        change(event, Way.TO, "25.76")
    assert not PriceChange.objects.exists()
    assert change(event, Way.TO, "25.77").seats == 20
    made = change(event, Way.TO, "12", reason="Last night", why="Better than empty")
    assert made.reason == "Last night (below cost: Better than empty)"


def test_a_look_that_is_out_of_date_writes_nothing(event):
    as_of = look(event, wish(Way.TO, 50)).as_of
    change(event, Way.TO, 44, places="3")
    with pytest.raises(PricesMoved):
        change_prices(event=event, wish=wish(Way.TO, 50), by=None, as_of=as_of)
    assert PriceChange.objects.count() == 1


def test_prices_that_cannot_be_are_refused(event):
    for words in ((Way.PLUS, -41), (Way.PERCENT, -101), (Way.TO, 10**12)):
        with pytest.raises(Invalid, match="cannot be a price"):
            change(event, *words)
    with pytest.raises(NothingToChange):
        change(event, Way.TO, 40)


def test_a_buyers_price_is_frozen_when_he_reserves(event):
    booking = world.reservation(event, [0, 1])
    assert change(event, Way.PERCENT, 50).seats == 18
    items = BookingItem.objects.filter(booking=booking)
    assert set(items.values_list("price", "fee", "total")) == {
        (Decimal(40), Decimal("2.40"), Decimal("42.40"))
    }
    assert own(event, 0) is None
    later = world.reservation(event, [2], email="ida@post.example")
    assert later.price == 60


def test_undoing_gives_back_exactly_what_still_is_as_it_was_made(event):
    change(event, Way.TO, 44, places="0-1")
    made = change(event, Way.TO, 50, places="0-5")
    change(event, Way.TO, 47, places="3")
    world.reservation(event, [4])
    world.sold_booking(event, [5])
    found = undoable(made)
    assert found.rest == {3: "priced again since", 4: "reserved since", 5: "sold since"}
    undone = undo_change(change=made, by=None)
    assert (undone.ordinals, undone.undoes, undone.source) == ([0, 1, 2], made, "UNDO")
    assert [own(event, n) for n in range(6)] == [44, 44, None, 47, 50, 50]
    with pytest.raises(NothingToChange, match="already"):
        undo_change(change=made, by=None)


def test_the_map_of_the_buyer_follows_at_once(event, django_capture_on_commit_callbacks):
    before = prices_of(event)
    with django_capture_on_commit_callbacks(execute=True):
        change(event, Way.TO, 50, places="0")
    after = prices_of(event)
    assert after.content_hash != before.content_hash
    assert after.content["levels"][0]["price"] == "53.00"
    cache.clear()


def test_a_large_change_is_left_to_a_worker_and_done_once(event, agency, monkeypatch):
    monkeypatch.setattr(writing, "AT_ONCE", 8)  # three statements for twenty places
    asked = wish(Way.PERCENT, -10, cost_to=Decimal("30.00"))
    user = world.staff(agency, "OWNER")
    job = ask_for_change(event=event, wish=asked, by=user, found=look(event, asked))
    assert (PriceChange.objects.count(), written_by(job)) == (0, 0)
    for _ in range(2):
        carry_out(job.pk)
    assert written_by(job) == 20
    job.refresh_from_db()
    assert (job.change.seats, job.problem, job.change.made_by) == (20, "", user)
    entry = SeatEntry.objects.filter(kind="REPRICED").first()
    assert (entry.actor, entry.reason) == (f"user:{user.pk}", "Spring prices")


def test_a_worker_that_may_not_go_on_says_why(event):
    asked = wish(Way.PERCENT, -10)
    job = ask_for_change(event=event, wish=asked, by=None, found=look(event, asked))
    change(event, Way.TO, 44, places="3")
    carry_out(job.pk)
    assert "have changed since you looked" in PriceJob.objects.get().problem
    cheap = wish(Way.TO, 1)
    found = look(event, cheap)
    with pytest.raises(BelowCost):
        ask_for_change(event=event, wish=cheap, by=None, found=found)


def test_a_change_takes_as_many_queries_for_many_places_as_for_one(
    event, django_assert_num_queries
):
    for places in ("0", "1-19"):
        # levels kept, cohorts, last entry, left alone, lock, two reasons, the write, the change,
        # and the savepoint around them.
        with django_assert_num_queries(11):
            change(event, Way.TO, 55, places=places)


def test_prices_of_another_agency_are_out_of_reach(event):
    other = world.agency("balcon")
    with acting_for(other.pk), pytest.raises(NothingToChange):
        change(event, Way.TO, 55)
    assert set(EventSeat.objects.filter(event=event).values_list("price", flat=True)) == {None}
    assert price_stamp(event.pk) is None
