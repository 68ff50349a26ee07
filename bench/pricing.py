"""New prices for all places of a large house, and the old ones back. A job of bench.inside."""

import os
import time
from decimal import Decimal

from bench import processor
from config import scenario
from core.tenancy import acting_for
from events.models import Event
from inventory.pricing.changing import change_prices
from inventory.pricing.looking import Wish, look
from inventory.pricing.selecting import Selection
from inventory.pricing.setting import Setting, Way
from inventory.pricing.undoing import undo_change


def bulk_price(wanted):
    """Looks at, writes and undoes a change of every place of a new event, so many `rounds`; three
    samples each. The services run in this process: it is the worker."""
    event_id = scenario.load(wanted["scenario"])["event"]["id"]
    groups = {"web": [os.getpid()], **wanted["groups"]}
    samples = []
    with acting_for(wanted["agency"]):
        event = Event.objects.select_related("layout").get(pk=event_id)
        for number in range(1, wanted["rounds"] + 1):
            wish = Wish(Selection(), Setting(Way.TO, Decimal(50 + number)), "Measured")
            made = {}
            steps = {
                "look": lambda wish=wish: look(event, wish).count,
                "write": lambda wish=wish, made=made: (
                    made.setdefault("change", change_prices(event=event, wish=wish, by=None)).seats
                ),
                "undo": lambda made=made: undo_change(change=made["change"], by=None).seats,
            }
            samples += [_measured(name, step, groups) for name, step in steps.items()]
    return samples


def _measured(name, step, groups):
    before, begun = processor.used(groups), time.perf_counter()
    seats = step()
    seconds = time.perf_counter() - begun
    return {
        "words": name,
        "seats": seats,
        "seconds": seconds,
        "milliseconds": [1000 * seconds],
        "cpu": processor.between(before, processor.used(groups), 1),
    }
