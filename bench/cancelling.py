"""An event of 10,000 bookings is cancelled: everything given back but sending it. A job of
bench.inside."""

import os
import time

from bench import processor
from bookings import changing
from bookings.models import Cancellation, EventChange
from config import scenario
from core.tenancy import acting_for
from events.models import Event
from payments.models import Refund

A_RUN = 500


def cancel_event(wanted):
    """Cancels a new event so many `rounds`; a sample each. The worker is this process."""
    return [_round(wanted) for _ in range(wanted["rounds"])]


def _round(wanted):
    event_id = scenario.load(wanted["scenario"])["event"]["id"]
    groups = {"web": [os.getpid()], **wanted["groups"]}
    with acting_for(wanted["agency"]):
        event = Event.objects.get(pk=event_id)
        kind = EventChange.Kind.CANCELLED
        change = changing.propose(event=event, kind=kind, message="Measured", by=None)
        before, begun = processor.used(groups), time.perf_counter()
        change = changing.begin(change.pk, by=None)
        count, runs = 0, []
        while done := _timed(change, runs):
            count += done
        seconds = time.perf_counter() - begun
        _check(event, change, count)
    return {
        "bookings": count,
        "seconds": seconds,
        "milliseconds": runs,
        "cpu": processor.between(before, processor.used(groups), count),
    }


def _timed(change, runs):
    """How many bookings a run of the worker dealt with; each counts with its share of the time."""
    begun = time.perf_counter()
    done = changing.carry_on(change.pk, limit=A_RUN, seconds=600)
    runs += [1000 * (time.perf_counter() - begun) / done] * done if done else []
    return done


def _check(event, change, count):
    change.refresh_from_db()
    cancelled = Cancellation.objects.filter(booking__event=event)
    refunds = Refund.objects.filter(cancellations__in=cancelled)
    if not change.status == "DONE" or not cancelled.count() == refunds.count() == count:
        raise RuntimeError(f"{count} bookings, {cancelled.count()} of them given back")
