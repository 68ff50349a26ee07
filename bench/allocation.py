"""Applying an allocation plan to a house of which every place is owned and free."""

import os
import time

from bench import processor
from config import scenario
from core.tenancy import acting_for
from events.models import Event
from inventory.models import AllocationPlan
from inventory.services import apply_plan, undo_plan


def allocate(wanted):
    """Applies a plan for all places of a new event so many `rounds`, undoing it between; one sample
    each. `groups` are the processes of the database; this process is the web."""
    event_id = scenario.load(wanted["scenario"])["event"]["id"]
    groups = {"web": [os.getpid()], **wanted["groups"]}
    samples = []
    with acting_for(wanted["agency"]):
        plan = _plan(Event.objects.get(pk=event_id))
        for _ in range(wanted["rounds"]):
            before, begun = processor.used(groups), time.perf_counter()
            seats = apply_plan(plan)
            seconds = time.perf_counter() - begun
            samples.append(
                {
                    "seconds": seconds,
                    "milliseconds": [1000 * seconds],
                    "cpu": processor.between(before, processor.used(groups), 1),
                    "seats": seats,
                }
            )
            undo_plan(plan)
    return samples


def _plan(event):
    plan = AllocationPlan.objects.create(event=event, name="All of it")
    for position, channel in enumerate(("WEB", "PARTNER", "BOX_OFFICE", "GROUP"), start=1):
        plan.shares.create(position=position, channel=channel, percent=25)
    return plan
