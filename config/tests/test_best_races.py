"""Many who want the best places, or the same ones, at one moment: who may be refused, and how soon."""

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.db.models.functions import Now
from django.test import Client

from bookings.models import Booking
from bookings.queries import alternatives_for
from bookings.services import NotOnSale, Wish, reserve, reserve_best
from bookings.tasks import expire
from config.tests import world
from config.tests.scenarios import HOUSE, house
from config.tests.servers import together
from core import invariants
from core.tenancy import acting_for
from events.models import Event
from inventory import picking
from inventory.models import EventSeat
from inventory.overview import read_overview
from inventory.picking import NoSuchGroup, Party, choose, stands
from inventory.services import SeatsTaken, look
from payments.models import Payment
from venues.generators import grid
from venues.models import Venue
from venues.services import publish_layout

pytestmark = pytest.mark.race


def house_of(*sections):
    """A committed house with these sections, all owned; returns (event, API token of a buyer)."""
    price = {"price": "45.00", "cost": "30.00"}
    level = {"name": "One price", "sections": [section["name"] for section in sections], **price}
    made = house(
        venue={"name": "Arena", "sections": list(sections)},
        event={**HOUSE["event"], "levels": [level]},
    )
    with acting_for(made["agency"]["id"]):
        event = Event.objects.select_related("layout").get()
        assert event.layout.plan
    return event, made["tokens"]["buyer"]


@pytest.fixture
def event(committed_db):
    found, _ = house_of({"name": "A", "rows": 2, "seats": 10}, {"name": "Floor", "standing": 20})
    with acting_for(found.agency_id):
        yield found


def told(event, work):
    """What a buyer who does this in his own thread is told."""

    def run():
        try:
            with acting_for(event.agency_id):
                work()
        except (SeatsTaken, NoSuchGroup, NotOnSale) as refused:
            return refused.code
        finally:
            connections.close_all()
        return "reserved"

    return run


def ask_for_the_best(event, buyers, **wish):
    """How often each answer was given when so many ask at one moment."""
    wish = Wish(**{"quantity": 2, **wish})
    return Counter(together([told(event, lambda: reserve_best(event=event, wish=wish))] * buyers))


def free_places(event):
    with acting_for(event.agency_id):
        return [ordinal for ordinal, state in enumerate(stands(event)) if state == 0]


def bookings_side_by_side(event):
    """How many bookings are of two adjacent places of one row."""
    with acting_for(event.agency_id):
        pairs = [
            list(booking.items.order_by("event_seat").values_list(
                "event_seat__seat__section", "event_seat__seat__row", "event_seat__seat__index"
            ))
            for booking in Booking.objects.all()
        ]  # fmt: skip
    return sum(a[:2] == b[:2] and b[2] - a[2] == 1 for a, b in pairs)


def test_of_a_nearly_empty_house_nobody_who_wants_two_together_is_refused(committed_db):
    event, _ = house_of({"name": "A", "rows": 25, "seats": 20})
    assert ask_for_the_best(event, 60) == {"reserved": 60}
    assert bookings_side_by_side(event) == 60


def test_as_many_pairs_as_there_are_seats_for_fill_the_house_to_the_last(committed_db):
    event, _ = house_of({"name": "A", "rows": 6, "seats": 20})
    assert ask_for_the_best(event, 60) == {"reserved": 60}
    assert free_places(event) == []
    assert bookings_side_by_side(event) == 60
    assert invariants.violations() == {}


def test_rows_of_an_odd_length_keep_one_seat_each_that_no_pair_can_have(committed_db):
    event, _ = house_of({"name": "A", "rows": 6, "seats": 15})
    answers = ask_for_the_best(event, 50)
    assert answers["reserved"] == 42
    assert answers["no_such_group"] + answers["seats_taken"] == 8
    assert len(free_places(event)) == 6
    with acting_for(event.agency_id), pytest.raises(NoSuchGroup):
        choose(picking.house_of(event.layout_id), stands(event), Party(size=2, together=True))
    assert invariants.violations() == {}


def test_when_the_seats_are_gone_pairs_stand(event):
    assert ask_for_the_best(event, 24) == {"reserved": 20, "no_such_group": 4}
    assert free_places(event) == []
    assert invariants.violations() == {}


def test_of_100_standing_places_50_pairs_get_all(committed_db):
    event, _ = house_of({"name": "Floor", "standing": 100})
    assert ask_for_the_best(event, 50, section="Floor") == {"reserved": 50}
    with acting_for(event.agency_id):
        assert Booking.objects.filter(status="RESERVED", ticket_count=2).count() == 50
        assert EventSeat.objects.filter(status="RESERVED").count() == 100
    assert invariants.violations() == {}


def stalls_with_wheelchair_spaces(count):
    """An event whose first row starts with so many wheelchair spaces; the other seats are usual."""
    house = world.agency()
    with acting_for(house.pk):
        plan = grid(world.SECTIONS)
        stalls, *others = plan.sections
        first, *rows = stalls.rows
        spaces = [replace(seat, kind="WHEELCHAIR") for seat in first.seats[:count]]
        first = replace(first, seats=(*spaces, *first.seats[count:]))
        plan = replace(plan, sections=(replace(stalls, rows=(first, *rows)), *others))
        hall = Venue.objects.create(name="Halle", city="Lyon", kind="ARENA")
        layout, _ = publish_layout(venue=hall, plan=plan, name="Halle")
        event = world.event_on_sale(layout)
        world.received_order(event)
        event.layout.refresh_from_db()
    return event


def test_every_wheelchair_space_finds_its_guest_and_one_each(committed_db):
    event = stalls_with_wheelchair_spaces(4)
    assert ask_for_the_best(event, 7, wheelchair=True) == {"reserved": 4, "no_such_group": 3}
    with acting_for(event.agency_id):
        kinds = [
            sorted(booking.items.values_list("ticket__seat_kind", flat=True))
            for booking in Booking.objects.all()
        ]
    assert kinds == [["STANDARD", "WHEELCHAIR"]] * 4


def test_parties_that_may_be_parted_take_the_last_single_seats(committed_db):
    event, _ = house_of({"name": "A", "rows": 6, "seats": 5})
    assert ask_for_the_best(event, 18, together=False) == {"reserved": 15, "no_such_group": 3}
    assert free_places(event) == []


def the_former_way(event, tries=3):
    """What the wider draw replaces: always among the four nearest, three times."""
    chosen = choose(picking.house_of(event.layout_id), stands(event), Party(size=2), spread=4)
    try:
        reserve(event=event, ordinals=chosen)
    except SeatsTaken:
        if tries == 1:
            raise
        the_former_way(event, tries - 1)


def test_control_who_draws_from_the_nearest_only_is_refused_before_a_nearly_empty_house(
    committed_db,
):
    event, _ = house_of({"name": "A", "rows": 25, "seats": 20})
    answers = Counter(together([told(event, lambda: the_former_way(event))] * 60))
    assert answers["seats_taken"] > 0
    assert len(free_places(event)) > 380


def test_of_40_who_choose_the_same_three_seats_one_gets_them(event):
    for row in range(3):
        wanted = [3 * row, 3 * row + 1, 3 * row + 2]
        answers = together(
            [
                told(event, lambda o=wanted[:: (-1) ** n]: reserve(event=event, ordinals=o))
                for n in range(40)
            ]
        )
        assert Counter(answers) == {"reserved": 1, "seats_taken": 39}


def held_by_somebody(copy, *ordinals):
    """A connection whose open transaction has these places."""
    somebody = psycopg.connect(copy.admin_url)
    somebody.execute("SELECT set_config('tessera.system', 'on', false)")
    somebody.execute(
        "SELECT 1 FROM inventory_eventseat WHERE ordinal = ANY (%s) FOR UPDATE", [list(ordinals)]
    )
    return somebody


def test_a_chosen_place_that_somebody_is_at_is_refused_at_once_and_it_alone(committed_db, event):
    with held_by_somebody(committed_db, 1):
        began = time.monotonic()
        with pytest.raises(SeatsTaken) as lost:
            reserve(event=event, ordinals=[0, 1, 2])
    assert lost.value.ordinals == [1]
    assert time.monotonic() - began < 1
    assert reserve(event=event, ordinals=[0, 1, 2]).ticket_count == 3


def test_a_key_whose_request_met_somebody_may_be_used_again(committed_db):
    event, token = house_of({"name": "A", "rows": 2, "seats": 10})
    client = Client(
        headers={"host": "127.0.0.1", "authorization": f"Api-Key {token}", "idempotency-key": "k"}
    )
    body = json.dumps({"event": str(event.pk), "seats": [4, 5]})
    with held_by_somebody(committed_db, 5):
        refused = client.post("/api/v1/bookings", body, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "seats_taken")
    assert refused.json()["lost"] == [5]
    assert client.post("/api/v1/bookings", body, content_type="application/json").status_code == 201


def test_who_wants_the_best_goes_around_what_somebody_is_at(committed_db, event):
    with held_by_somebody(committed_db, *range(10), *range(20, 38)):
        seats = reserve_best(event=event, wish=Wish(quantity=2))
        standing = reserve_best(event=event, wish=Wish(quantity=2, section="Floor"))
        began = time.monotonic()
        with pytest.raises(SeatsTaken):
            reserve_best(event=event, wish=Wish(quantity=2, section="Floor"))
        assert time.monotonic() - began < 6
    ordinals = {item.ticket.ordinal for item in seats.item_list}
    assert ordinals <= set(range(10, 20))
    assert {item.ticket.ordinal for item in standing.item_list} == {38, 39}


def test_what_somebody_is_at_is_not_offered_instead_of_itself(event):
    offered = alternatives_for(event, [4, 5], without=[5])
    assert [place.ordinal for place in offered[0]] == [3, 4]
    assert not any(place.ordinal == 5 for group in offered for place in group)


def lapse(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())


def test_standing_places_that_were_let_lapse_are_taken_over(event):
    wish = Wish(quantity=10, section="Floor")
    slow, _ = (reserve_best(event=event, wish=wish) for _ in range(2))
    with pytest.raises(NoSuchGroup):
        reserve_best(event=event, wish=Wish(quantity=1, section="Floor"))
    lapse(slow)
    reserve_best(event=event, wish=wish)
    slow.refresh_from_db()
    assert slow.status == "EXPIRED"
    assert invariants.violations() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "PUBLISHED"},
        {"sale_ends_at": Now()},
        {"sale_starts_at": Now() + timedelta(seconds=60)},
    ],
)
def test_a_sale_that_was_stopped_refuses_requests_on_their_way(event, change):
    """They read the event when it was still on sale."""
    Event.objects.update(**change)
    with pytest.raises(NotOnSale):
        reserve(event=event, ordinals=[0])
    with pytest.raises(NotOnSale):
        reserve_best(event=event, wish=Wish(quantity=2))
    with pytest.raises(NotOnSale):
        reserve_best(event=event, wish=Wish(quantity=2, section="Floor"))
    assert not EventSeat.objects.exclude(status="AVAILABLE").exists()


def test_a_place_whose_money_has_come_is_not_shown_as_free_while_it_waits_to_be_sold(event):
    paid = reserve(event=event, ordinals=[0])
    lapse(reserve(event=event, ordinals=[1]))
    Payment.objects.filter(reference=paid.pk).update(status="PROCESSING")
    Payment.objects.filter(reference=paid.pk).update(status="SUCCEEDED")
    lapse(paid)
    assert expire() == 1
    assert look(event.pk, within=0).status[:3] == b"\x01\x00\x00"
    left = read_overview(event).sections.values()
    assert {each.count for each in left} == {19, 20}
    assert 0 not in free_places(event)
