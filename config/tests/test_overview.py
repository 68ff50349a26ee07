"""What pages say is left, against what the database says when it is asked plainly."""

import random
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connection
from django.db.models.functions import Now

from bookings.services import reserve
from config.tests.scenarios import house
from core.memory import Remembered
from core.tenancy import acting_for
from events.models import Event, PriceLevel
from inventory import overview
from inventory.models import EventSeat
from inventory.overview import prices_now, read_overview
from inventory.pricing.writing import stamp_prices
from inventory.queries import SELLABLE, Left, section_seats, wheelchair_spaces_by_event
from inventory.services import look, take_off_sale

pytestmark = pytest.mark.django_db
THEATRE = ("Stalls", "Dress circle", "Balcony", "Boxes left", "Boxes right")
PLAIN = """
SELECT {key}, min(coalesce(e.price, l.price)), max(coalesce(e.price, l.price)), count(*)
FROM inventory_eventseat e JOIN events_pricelevel l ON l.id = e.level_id
JOIN venues_layoutseat s ON s.id = e.seat_id JOIN venues_layoutsection c ON c.id = s.section_id
WHERE e.event_id = %s AND {which} GROUP BY 1
"""


@pytest.fixture
def event():
    """A theatre of which the boxes are nobody's, with own prices, places without one, places set aside,
    taken off sale, reserved and let lapse, wherever chance has it."""
    levels = [
        {"name": name, "sections": [name], "price": f"{60 - 7 * n}.00", "cost": "20.00"}
        for n, name in enumerate(THEATRE)
    ]
    made = house(
        venue={"name": "Theatre", "house": "theatre"},
        event={"title": "Play", "starts_in_days": 30, "levels": levels},
        owned={"sections": list(THEATRE[:4])},
    )
    with acting_for(made["agency"]["id"]):
        event = Event.objects.select_related("layout").get()
        _mix(event, random.Random(7))
        yield event


def _mix(event, chance):
    def some(count):
        free = event.seats.sellable().exclude(level=None).order_by("ordinal")
        return chance.sample(list(free), count)

    def change(seats, **fields):
        EventSeat.objects.filter(pk__in=[seat.pk for seat in seats]).update(**fields)

    change(some(150), price=Decimal(33))
    change(some(150), level=None)
    change(some(150), channel="PARTNER")
    take_off_sale([seat.pk for seat in some(80)])
    taken, lapsed = some(10), some(10)
    for seats in (taken, lapsed):
        reserve(event=event, ordinals=[seat.ordinal for seat in seats])
    change(lapsed, claimed_until=Now())


def plainly(event, key, which):
    with connection.cursor() as cursor:
        cursor.execute(PLAIN.format(key=key, which=which), [event.pk])
        return {name: Left(*figures) for name, *figures in cursor}


def longest(seats):
    """The most free seats side by side, counted one by one."""
    most = run = 0
    for before, seat in pairwise([None, *seats]):
        joins = before and (before.row_position, before.block) == (seat.row_position, seat.block)
        run = 0 if not (seat.is_free and seat.level) else run + 1 if joins else 1
        most = max(most, run)
    return most


def test_what_is_left_is_what_the_database_counts(event):
    found = read_overview(event)
    assert found.sections == plainly(event, "c.label", SELLABLE)
    assert found.levels == plainly(event, "e.level_id", SELLABLE)
    assert found.our_sections == plainly(event, "c.label", "e.ownership = 'OWNED'")
    assert found.our_levels == plainly(event, "e.level_id", "e.ownership = 'OWNED'")
    assert {"whole": found.left} == plainly(event, "'whole'", SELLABLE)
    assert found.spaces.total() == wheelchair_spaces_by_event([event.pk])[event.pk] > 0
    sections = event.layout.sections.all()
    runs = {section.label: longest(section_seats(event, section.pk)) for section in sections}
    assert found.together == {label: length for label, length in runs.items() if length}


def test_prices_are_told_in_runs_that_cover_every_place(event):
    priced = event.seats.order_by("ordinal").values_list("level_id", "level__price", "price")
    plain = [(level, own if own is not None else usual) for level, usual, own in priced]
    runs = prices_now(event).runs
    told = [(run.level_id, run.price) for run in runs for _ in range(run.places)]
    assert told == plain
    assert len(runs) < len(plain)


def test_a_price_that_staff_change_is_not_remembered(event):
    before = read_overview(event)
    PriceLevel.objects.filter(event=event).update(price=Decimal(99))
    overview._levels.forget()  # some seconds later
    assert {left.high for left in read_overview(event).levels.values()} == {Decimal(99)}
    EventSeat.objects.filter(event=event).update(price=Decimal(12))
    stamp_prices(event.pk)
    found = read_overview(event)
    assert {left.low for left in found.sections.values()} == {Decimal(12)}
    assert [left.count for left in found.sections.values()] == [
        left.count for left in before.sections.values()
    ]


def test_an_event_whose_places_are_being_laid_out_is_counted_as_it_is_then(event):
    """The bytes that were seen a moment ago, and the prices, are not of the same places."""
    look(event.pk, within=0)
    EventSeat.objects.filter(event=event, ownership="NOT_OWNED").delete()  # the last section
    Remembered.forget_everything()
    found = read_overview(event)
    assert found.our_sections == plainly(event, "c.label", "e.ownership = 'OWNED'")
