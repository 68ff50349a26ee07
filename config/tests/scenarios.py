"""Small worlds for whole-system tests, made like an operator makes them."""

from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from config import scenario
from events.models import Event

HOUSE = {
    "agency": {"slug": "load", "host": "127.0.0.1", "currency": "EUR"},
    "venue": {
        "name": "Arena",
        "sections": [
            {"name": "A", "rows": 10, "seats": 20},
            {"name": "B", "rows": 10, "seats": 20},
            {"name": "Floor", "standing": 100},
        ],
    },
    "event": {
        "title": "Night",
        "starts_in_days": 30,
        "levels": [
            {"name": "Front", "sections": ["A"], "price": "45.00", "cost": "30.00"},
            {"name": "Back", "sections": ["B"], "price": "35.00", "cost": "20.00"},
            {"name": "Standing", "sections": ["Floor"], "price": "25.00", "cost": "10.00"},
        ],
    },
}


def house(**changes):
    """Loads the house with parts replaced; returns what load_scenario prints."""
    return scenario.load({**HOUSE, **changes})


def shop(**changes):
    """The house at the address that Django's test client visits."""
    return house(agency={**HOUSE["agency"], "host": "testserver"}, **changes)


def with_rule(event, rule, *sizes):
    """The event with another rule of how its rows may be parted."""
    Event.objects.filter(pk=event.pk).update(split_rule=rule, split_sizes=list(sizes))
    event.refresh_from_db()
    return event


BOUNDS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")


@contextmanager
def asks(statements):
    """Fails unless the block asks the database exactly so many things."""
    with CaptureQueriesContext(connection) as captured:
        yield
    asked = [query["sql"] for query in captured if not query["sql"].startswith(BOUNDS)]
    assert len(asked) == statements, "\n".join([f"It asked {len(asked)} things:", *asked])
