"""Rules that hold whoever writes: forms say them in words, the database refuses the rest."""

from decimal import Decimal

import pgtrigger
import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from agencies.models import Agency
from core import outbox
from core.tenancy import acting_for
from events.models import Event, PriceLevel
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(made_house):
    with acting_for(made_house["agency"]["id"]):
        yield Event.objects.get()


def refused(change):
    """Whether the database refuses a change; it is undone."""
    try:
        with transaction.atomic():
            change()
            raise AssertionError("It was taken.")
    except IntegrityError:
        return True


@pytest.mark.parametrize("model", [Agency, Venue, Event])
@pytest.mark.parametrize("zone", ["Europe/Pariss", "Nowhere", "FOO+3", "Europe/", "", "../etc"])
def test_a_clock_that_does_not_exist_is_refused_by_form_and_database(event, model, zone):
    thing = model.objects.get()
    thing.time_zone = zone
    with pytest.raises(ValidationError) as problem:
        thing.full_clean(exclude=["address"])
    assert set(problem.value.message_dict) == {"time_zone"}
    assert refused(lambda: model.objects.update(time_zone=zone))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires"])
def test_clocks_that_exist_are_taken(event, zone):
    event.time_zone = zone
    event.full_clean()
    assert Event.objects.update(time_zone=zone) == 1


def test_a_price_level_is_in_the_currency_of_its_event(event):
    dollars = {"event": event, "name": "Dollars", "price": Decimal(1), "position": 2}
    assert refused(lambda: PriceLevel.objects.create(currency="USD", **dollars))
    assert refused(lambda: PriceLevel.objects.update(currency="USD"))
    assert refused(lambda: Event.objects.update(currency="USD"))
    event.currency = "USD"
    with pytest.raises(ValidationError, match="in another currency already"):
        event.full_clean()


MACHINES = [
    pytest.param(model, trigger, id=f"{model._meta.label}.{trigger.field}")
    for model in apps.get_models()
    for trigger in getattr(model._meta, "triggers", ())
    if isinstance(trigger, pgtrigger.FSM)
]
DEFINITION = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = %s"


@pytest.mark.parametrize(("model", "machine"), MACHINES)
def test_only_the_listed_moves_of_a_status_are_taken(model, machine):
    """Every move from every state, by the trigger itself on a table with nothing but the state."""
    states = model._meta.get_field(machine.field).choices
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE machine ({machine.field} text, note text)")
        cursor.execute(DEFINITION, [machine.get_pgid(model)])
        [(definition,)] = cursor.fetchall()
        cursor.execute(definition.replace(f" ON public.{model._meta.db_table} ", " ON machine "))
        taken = {
            (old, new)
            for old, _ in states
            for new, _ in states
            if old != new and moves(cursor, machine.field, old, new)
        }
        assert taken == {(str(old), str(new)) for old, new in machine.transitions}
        assert all(moves(cursor, machine.field, state, state) for state, _ in states)


def moves(cursor, field, old, new):
    """Whether a row in the state `old` can be brought to `new`."""
    cursor.execute("INSERT INTO machine VALUES (%s)", [old])
    try:
        with transaction.atomic():
            cursor.execute(f"UPDATE machine SET {field} = %s, note = 'moved'", [new])  # noqa: S608
    except DatabaseError as refused:
        if "Invalid transition" not in str(refused):
            raise
        return False
    finally:
        cursor.execute("DELETE FROM machine")
    return True


def test_every_fact_has_somebody_who_hears_it():
    """A fact nobody subscribes to is written for nobody; it comes with its first subscriber."""
    told = {
        f"{fact.__module__}.{fact.__qualname__}"
        for fact, handlers in outbox._handlers.items()
        if handlers
    }
    assert facts() <= told


def facts():
    from importlib import import_module
    from importlib.util import find_spec

    from django.conf import settings

    modules = [
        import_module(f"{app.name}.facts")
        for app in apps.get_app_configs()
        if app.path.startswith(str(settings.BASE_DIR)) and find_spec(f"{app.name}.facts")
    ]
    return {
        f"{module.__name__}.{name}"
        for module in modules
        for name, each in vars(module).items()
        if isinstance(each, type) and each.__module__ == module.__name__
    }
