"""A large house from its file to its sale, and moved to another version. Jobs of bench.inside."""

import os
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from django.utils import timezone

from bench import processor
from core.money import Money
from core.tenancy import acting_for
from events.models import Event
from events.services import free_slug, price_sections, publish
from inventory.moving import carrying, move_event
from suppliers.models import Supplier
from suppliers.services import (
    add_line,
    confirm_order,
    draft_order,
    receive_delivery,
    submit_order,
)
from venues import importers
from venues.exporters import tessera
from venues.generators import stadium
from venues.models import Venue
from venues.plan import PlanRow, PlanSeat, PlanSection, normalise
from venues.services import publish_layout


class Watch:
    """Samples of steps: their time, and the processor time of this process and of the database."""

    def __init__(self, groups, places):
        self.groups = {"web": [os.getpid()], **groups}
        self.places = places
        self.samples = []

    @contextmanager
    def step(self, words):
        before, begun = processor.used(self.groups), time.perf_counter()
        yield
        seconds = time.perf_counter() - begun
        self.samples.append(
            {
                "words": words,
                "places": self.places,
                "seconds": seconds,
                "milliseconds": [1000 * seconds],
                "cpu": processor.between(before, processor.used(self.groups), 1),
            }
        )


def build_house(wanted):
    """From a file of so many `places` to an event whose every place is ours and priced: a sample for
    each step. `groups` are the processes of the database; the services run in this process: it is the
    web."""
    drawn = stadium(wanted["places"])
    file = tessera.write(drawn)
    watch = Watch(wanted["groups"], drawn.places)
    with acting_for(wanted["agency"]):
        with watch.step("import"):
            _, plan = importers.read("house.json", file)
        layout = _published(watch, plan)
        event = _draft(layout)
        with watch.step("price"):
            _price(event, layout)
        with watch.step("lay out"):
            publish(event.pk)
        with watch.step("order"):
            order = _order(event)
        with watch.step("receive"):
            receive_delivery(order=order, delivery_reference="bench")
    return watch.samples


def move_house(wanted):
    """Moves the event of a house of so many `places`, all ours and a fifth sold, to one with other
    names and ordinals: samples of the whole move and of its locked part."""
    plan = stadium(wanted["places"])
    watch = Watch(wanted["groups"], plan.places)
    locked = carrying._move
    with acting_for(wanted["agency"]):
        event = Event.objects.get(pk=wanted["event"])
        layout, _ = publish_layout(venue=event.venue, plan=_rebuilt(plan), name="House")

        def timed(**given):
            with watch.step("move, locked"):
                return locked(**given)

        with patch.object(carrying, "_move", timed), watch.step("move, whole"):
            move_event(event=event, layout=layout, reason="Measured")
    return watch.samples


def _rebuilt(plan):
    """The plan with a box before everything else and other names for every second stand: all ordinals
    change, and what is printed on half of the tickets."""
    box = PlanSection("Royal box", "SEATS", (PlanRow("", (PlanSeat("1", 0, 0),)),))
    stands = [
        replace(each, label=f"Stand {each.label}") if number % 2 and each.kind == "SEATS" else each
        for number, each in enumerate(plan.sections)
    ]
    return normalise(replace(plan, sections=(box, *stands)))


def _published(watch, plan):
    venue = Venue.objects.create(name=f"House {timezone.now()}")
    with watch.step("publish"):
        layout, _ = publish_layout(venue=venue, plan=plan, name="House")
    return layout


def _draft(layout):
    now = timezone.now()
    starts_at = now + timedelta(days=30)
    return Event.objects.create(
        slug=free_slug("Night", starts_at),
        title="Night",
        venue=layout.venue,
        layout=layout,
        starts_at=starts_at,
        sale_starts_at=now,
        sale_ends_at=starts_at,
        currency="EUR",
        time_zone=layout.venue.time_zone,
    )


def _price(event, layout):
    """A level for each category of the plan."""
    by_category = {}
    for section in layout.sections.order_by("position"):
        by_category.setdefault(section.categories[0], []).append((section, []))
    for position, (name, areas) in enumerate(by_category.items(), start=1):
        price = Money(Decimal(70 - 10 * position), "EUR")
        price_sections(event=event, name=name, price=price, position=position, areas=areas)


def _order(event):
    """A confirmed order for every section."""
    supplier, _ = Supplier.objects.get_or_create(name="Bench supplier")
    order = draft_order(supplier=supplier, currency=event.currency)
    for section in event.layout.sections.order_by("position"):
        add_line(order=order, event=event, section=section, unit_cost=Money("30.00", "EUR"))
    submit_order(order=order, by=None)
    confirm_order(order=order, by=None)
    return order
