"""What the pages of one event cost in a process of the web: the first one, then each of them when
nothing is remembered of its places, and when it is. Runs inside the product, see bench.inside."""

import os
import time
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from bench import processor
from core.memory import Remembered
from core.tenancy import acting_for
from inventory.models import HouseState

TIMES = 10
PAGES = {
    "event page": "/events/{slug}/",
    "list of sections": "/events/{slug}/seats/",
    "a section": "/events/{slug}/seats/5/",
    "the field to stand on": "/events/{slug}/seats/0/",
    "static picture": "/events/{slug}/seats.svg",
    "which prices": "/events/{id}/prices/",
    "availability": "/api/v1/events/{id}/availability",
    "status": "/api/v1/events/{id}/status",
}


def pages(wanted):
    """Samples of every page of the `event` {"id", "slug"} of an `agency`, which has so many `places`;
    `groups` are the processes of the database."""
    groups = {"web": [os.getpid()], **wanted["groups"]}
    visitor = Client(headers={"host": "127.0.0.1", "accept-encoding": "br"})
    addresses = {name: path.format(**wanted["event"]) for name, path in PAGES.items()}

    def sample(words, name, times, prepare):
        spent, used = [], dict.fromkeys(groups, 0)
        for _ in range(times):
            prepare()
            before, begun = processor.used(groups), time.perf_counter()
            answer = visitor.get(addresses[name])
            spent.append(1000 * (time.perf_counter() - begun))
            cost = processor.between(before, processor.used(groups), times)
            used = {group: used[group] + cost[group] for group in groups}
            if answer.status_code != 200:
                raise RuntimeError(f"{addresses[name]} answered {answer.status_code}")
        return {
            "words": words,
            "places": wanted["places"],
            "milliseconds": spent,
            "seconds": sum(spent) / 1000,
            "cpu": used,
        }

    def forget():
        Remembered.forget_everything()
        with acting_for(wanted["agency"]):
            HouseState.objects.update(looked_at=timezone.now() - timedelta(minutes=1))

    samples = [sample("event page, first in a process", "event page", 1, lambda: None)]
    for name in PAGES:
        visitor.get(addresses[name])
        samples.append(sample(f"{name}, nothing remembered", name, TIMES, forget))
        samples.append(sample(f"{name}, remembered", name, TIMES, lambda: None))
    return samples
