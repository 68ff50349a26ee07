"""Names a reader knows for what the audit trail keeps as ids and codes: who acted, on which row, what a
column points to, what a status is called."""

from collections import defaultdict
from functools import cache
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist

# The first of these that a model has, and that is filled in, is what its rows are called.
CALLED = ("number", "title", "name", "label", "description", "email")
LAST = 6  # letters of an id that stand for a row without a name


def names_of(actors):
    """{actor as the audit trail writes it: a name a reader knows}."""
    actors = set(actors)
    ids = [actor.removeprefix("user:") for actor in actors if actor.startswith("user:")]
    users = get_user_model().objects.filter(pk__in=[UUID(pk) for pk in ids])
    names = {f"user:{user.pk}": str(user) for user in users}
    keys = {actor: "an API key" for actor in actors if actor.startswith("key:")}
    commands = {
        actor: f"the command {actor.removeprefix('command:')}"
        for actor in actors
        if actor.startswith("command:")
    }
    return {**keys, **names, **commands}


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
    """An audit entry as a phrase: purchase order: status Draft → Pending."""
    thing = thing_name(entry.table)
    if entry.action == "INSERT":
        return f"{thing} made"
    if entry.action == "DELETE":
        return f"{thing} deleted"
    changes = (
        f"{column_name(column)} {_said(entry, column, entry.before, names)} → "
        f"{_said(entry, column, entry.after, names)}"
        for column in entry.after or {}
    )
    return f"{thing}: {', '.join(changes)}"


def _said(entry, column, values, names):
    return value_name(entry.table, column, (values or {}).get(column), names)


def column_name(column):
    return column.removesuffix("_id").replace("_", " ")


def value_name(table, column, value, names):
    """A value of a column as a reader says it."""
    if value in (None, ""):
        return "nothing"
    target = _target(table, column)
    if target:
        return names.get((target, str(value))) or short(value)
    field = _field(table, column)
    return dict(field.flatchoices).get(value, value) if field and field.choices else value


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
