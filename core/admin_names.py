"""Names a reader knows for what the audit trail keeps as ids and codes: who acted, on which row, what a
column points to, what a status is called."""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone

# The first of these that a model has, and that is filled in, is what its rows are called.
CALLED = ("number", "title", "name", "label", "description", "email")
# Columns that are kept for the machine's sake and say nothing to a reader.
MACHINES = {"provider_ref", "event_seat_id", "signing_key_id", "key_id", "agency_id", "version"}
EMPTY = (None, "")
LAST = 6  # letters of an id that stand for a row without a name


def names_of(actors):
    """{actor as the audit trail writes it: a name a reader knows}."""
    actors = set(actors)
    ids = [actor.removeprefix("user:") for actor in actors if actor.startswith("user:")]
    users = get_user_model().objects.filter(pk__in=[UUID(pk) for pk in ids])
    names = {f"user:{user.pk}": str(user) for user in users}
    keys = {actor: "an API key" for actor in actors if actor.startswith("key:")}
    commands = {actor: _command(actor) for actor in actors if actor.startswith("command:")}
    return {**keys, **names, **commands}


def _command(actor):
    name = actor.removeprefix("command:")
    return "demo data" if name == "seed_demo" else f"the command {name}"


def rows_in(entries):
    """{(table, id): name} of the rows these audit entries are about or point to: a query a table."""
    wanted = defaultdict(set)
    for entry in entries:
        wanted[entry.table].add(entry.row_id)
        for values in filter(None, (entry.before, entry.after)):
            for column, value in values.items():
                target = _target(entry.table, column)
                if target and value is not None:
                    wanted[target].add(str(value))
    return {
        (table, str(pk)): name for table, ids in wanted.items() for pk, name in _named(table, ids)
    }


def row_name(entry, names):
    """What the row of an audit entry is called."""
    return names.get((entry.table, entry.row_id)) or short(entry.row_id)


def thing_name(table):
    """purchase order, for the table of purchase orders."""
    model = model_of(table)
    return model._meta.verbose_name if model else table


def in_words(entry, names):
    """An audit entry as a phrase: purchase order: status Draft → Pending. Empty when all that changed
    are figures that only the machine reads."""
    thing = thing_name(entry.table)
    if entry.action == "INSERT":
        return f"{thing} made"
    if entry.action == "DELETE":
        return f"{thing} deleted"
    changes = [_change(entry, column, names) for column in entry.after or {}]
    told = ", ".join(filter(None, changes))
    return f"{thing}: {told}" if told else ""


def _change(entry, column, names):
    """customer Noor Vance; status Draft → Pending; expected on taken out; or nothing."""
    if column in MACHINES:
        return ""
    before, after = ((values or {}).get(column) for values in (entry.before, entry.after))
    if column == "generation":
        return "a new code replaces the old one" if before else ""
    was, became = (value_name(entry.table, column, value, names) for value in (before, after))
    name = column_name(column)
    if before in EMPTY:
        return "" if after in EMPTY else f"{name} {became}"
    return f"{name} taken out" if after in EMPTY else f"{name} {was} → {became}"


def column_name(column):
    return column.removesuffix("_id").replace("_", " ")


def value_name(table, column, value, names):
    """A value of a column as a reader says it."""
    if value in EMPTY:
        return "nothing"
    target = _target(table, column)
    if target:
        return names.get((target, str(value))) or short(value)
    field = _field(table, column)
    if field and field.choices:
        return dict(field.flatchoices).get(value, value)
    return _plainly(field, value)


def _plainly(field, value):
    """Moments, days, amounts and flags as they stand on every page."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        if isinstance(field, models.DateTimeField):
            moment = timezone.localtime(datetime.fromisoformat(value))
            return f"{moment:%-d %b %Y, %H:%M}"
        if isinstance(field, models.DateField):
            return f"{date.fromisoformat(value):%-d %b %Y}"
    except (TypeError, ValueError):
        return value
    if isinstance(field, models.DecimalField):
        figure = Decimal(str(value))
        return f"{figure:.2f}" if figure == round(figure, 2) else f"{figure.normalize():f}"
    return value


def short(key):
    """…4f09ac, for a row that has no name."""
    key = str(key)
    return f"…{key[-LAST:]}" if len(key) > LAST else key


def model_of(table):
    """The model of a table, or None."""
    return _models().get(table)


@cache
def _models():
    return {model._meta.db_table: model for model in apps.get_models()}


@cache
def _field(table, column):
    model = model_of(table)
    if model is None:
        return None
    try:
        field = model._meta.get_field(column.removesuffix("_id"))
    except FieldDoesNotExist:
        return None
    return field if field.concrete else None


def _target(table, column):
    """The table that a column points to, or None."""
    field = _field(table, column)
    return field.related_model._meta.db_table if field and field.many_to_one else None


def _named(table, ids):
    """(id, name) of the rows that have one."""
    model = model_of(table)
    known = {field.name for field in model._meta.concrete_fields} if model else set()
    columns = [name for name in CALLED if name in known]
    if not columns:
        return []
    rows = model._base_manager.filter(pk__in=ids).values_list("pk", *columns)
    return [(pk, next(filter(None, names), "")) for pk, *names in rows]
