"""The jobs of bench.inside; Django is set up before this is imported."""

import os
import time
from collections import defaultdict
from datetime import timedelta

from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils import timezone

from bench import processor
from bench.allocation import allocate
from bench.cancelling import call_off, called_off, taken
from bench.house import build_house, move_house
from bench.pages import pages
from bench.paying import go_to_pay
from bench.pricing import bulk_price
from bench.stock import build_stock, value
from bookings.links import SESSION_KEY
from config import history, scenario
from core.money import Money
from core.tenancy import acting_for
from customers.models import Customer
from events.models import Event
from suppliers.models import Supplier
from suppliers.services import (
    add_line,
    confirm_order,
    draft_order,
    receive_delivery,
    submit_order,
)
from tickets.models import Status, Ticket
from tickets.services import code_of
from venues.drafts import start_draft
from venues.generators import grid, stadium
from venues.models import Venue

__all__ = [
    "allocate",
    "build_house",
    "build_stock",
    "bulk_price",
    "call_off",
    "called_off",
    "codes",
    "draft",
    "go_to_pay",
    "load",
    "load_stadium",
    "move_house",
    "pages",
    "receive",
    "taken",
    "ticket",
    "value",
]


def load(scenarios):
    """{name: what load_scenario answers} of {name: scenario}."""
    return {name: scenario.load(wanted) for name, wanted in scenarios.items()}


def load_stadium(wanted):
    """{"stadium": what load_scenario answers} of a scenario whose levels are the plan's."""
    sections = defaultdict(list)
    for section in stadium(wanted["venue"]["places"]).sections:
        sections[section.category].append(section.label)
    levels = [
        {"name": name, "sections": labels, "price": f"{60 - 10 * n}.00", "cost": "30.00"}
        for n, (name, labels) in enumerate(sections.items())
    ]
    return {"stadium": scenario.load(wanted | {"event": {**wanted["event"], "levels": levels}})}


def draft(wanted):
    """A draft of these sections, as a grid lays them out: {"address", "user", "password"}, and in plan
    units {"box", "sections"}, the whole of it and the seats of each."""
    made = scenario.load(wanted["scenario"])
    with acting_for(made["agency"]["id"]):
        plan = grid(wanted["sections"])
        drawn = start_draft(venue=Venue.objects.get(), name="Bench", by=None, plan=plan)
    address = f"/admin/venues/layoutdraft/{drawn.pk}/draw/"
    parts = [
        [(seat.x, seat.y) for row in section.rows for seat in row.seats]
        for section in plan.sections
    ]
    outlines = [point for section in plan.sections for point in section.outline]
    shapes = [point for shape in plan.shapes for point in _corners(shape)]
    whole = [*outlines, *shapes, *(seat for part in parts for seat in part)]
    boxes = {"box": _box(whole), "sections": [_box(part) for part in parts]}
    return {"address": address, **made["staff"], **boxes}


def _corners(shape):
    return shape.points or [(shape.x, shape.y), (shape.x + shape.w, shape.y + shape.h)]


def _box(points):
    xs, ys = zip(*points, strict=True)
    return [min(xs), min(ys), max(xs), max(ys)]


def codes(wanted):
    """The codes of all tickets of `event` that nobody has shown yet."""
    with acting_for(wanted["agency"]):
        tickets = Ticket.objects.filter(event=wanted["event"], status=Status.CONFIRMED)
        return [code_of(ticket) for ticket in tickets.select_related("event", "signing_key")]


def ticket(wanted):
    """A browser's session that may open the booking of one ticket: {"session", "booking"}."""
    now = timezone.now()
    with acting_for(wanted["agency"]):
        event = Event.objects.get(pk=wanted["event"])
        free = event.seats.sellable().order_by("ordinal").values_list("ordinal", flat=True)[:1]
        [booking_id] = history.sell_in_bulk(
            event,
            list(free),
            customers=[Customer.objects.first()],
            bought_between=(now - timedelta(days=1), now),
            party_sizes={1: 1},
        )
    session = SessionStore()
    session[SESSION_KEY] = [str(booking_id)]
    session.save()
    return {"session": session.session_key, "booking": str(booking_id)}


def receive(wanted):
    """Receives an order of two sections of a new event, so many `rounds`; one sample each.

    `groups` are the processes of the database. The services run in this process: it is the web.
    """
    samples = []
    groups = {"web": [os.getpid()], **wanted["groups"]}
    for _ in range(wanted["rounds"]):
        event_id = scenario.load({**wanted["scenario"], "owned": {"sections": []}})["event"]["id"]
        with acting_for(wanted["agency"]):
            order = _order(Event.objects.select_related("layout").get(pk=event_id))
            before, begun = processor.used(groups), time.perf_counter()
            receipt = receive_delivery(order=order, delivery_reference="bench")
            seconds = time.perf_counter() - begun
            samples.append(
                {
                    "seconds": seconds,
                    "milliseconds": [1000 * seconds],
                    "cpu": processor.between(before, processor.used(groups), 1),
                    "seats": receipt.seats,
                }
            )
    return samples


def _order(event):
    """A confirmed order for the first two sections."""
    supplier, _ = Supplier.objects.get_or_create(name="Scenario supplier")
    order = draft_order(supplier=supplier, currency=event.currency)
    for section in event.layout.sections.order_by("position")[:2]:
        add_line(order=order, event=event, section=section, unit_cost=Money("30.00", "EUR"))
    submit_order(order=order, by=None)
    confirm_order(order=order, by=None)
    return order
