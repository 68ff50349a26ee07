"""Names a reader knows for what the audit trail keeps as ids and codes: who acted, on which row, what a
column points to, what a status is called."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst

from core.money import Money

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
    if keys:
        known = {f"key:{key}": name for key, name in _keys_named(keys).items()}
        keys |= {actor: name for actor, name in known.items() if actor in keys}
    commands = {actor: _command(actor) for actor in actors if actor.startswith("command:")}
    return {**keys, **names, **commands}


_key_namers = []


def names_keys(function):
    """Decorates function([key id as text]) → {id: what the key's holder is called}, of apps above."""
    _key_namers.append(function)
    return function


def _keys_named(actors):
    ids = [actor.removeprefix("key:") for actor in actors]
    return {key: name for namer in _key_namers for key, name in namer(ids).items()}


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


@dataclass(frozen=True)
class Change:
    """What a teller is told: an audit entry with the `names` of rows in it, and its `row` (a model) as
    it is now, if that is at hand."""

    entry: object
    names: dict
    row: object = None

    @property
    def is_new(self):
        return self.entry.action == "INSERT"

    @property
    def after(self):
        return self.entry.after or {}

    def was(self, column):
        return (self.entry.before or {}).get(column)

    def became(self, column):
        """The value that the column was given; None if it was not touched."""
        return self.after.get(column)

    def label(self, column):
        """What a choice that was made is called."""
        return value_name(self.entry.table, column, self.after.get(column), self.names)

    def name(self, column):
        """What the row that a column points to now is called."""
        return self.label(column)

    def old_name(self, column):
        return value_name(self.entry.table, column, self.was(column), self.names)

    def others(self, *said):
        """The columns that changed beside those that are `said`, by their names."""
        rest = (_change(self.entry, each, self.names) for each in self.after if each not in said)
        return ", ".join(filter(None, rest))

    def money(self, column):
        return self._money(self.after.get(column))

    def old_money(self, column):
        return self._money(self.was(column))

    def _money(self, value):
        """€1,234.50; only the figure where no currency is known."""
        currency = self.after.get("currency") or getattr(self.row, "currency", "")
        value = Decimal(str(value))
        return Money.rounded(value, currency).display() if currency else f"{value:,.2f}"


_tellers = {}


def tells(model):
    """Decorates function(Change, row or None) that says what happened to rows of a model in the words
    of the trade; it returns nothing for what only the machine reads."""

    def register(function):
        _tellers[model._meta.db_table] = function
        return function

    return register


def in_words(entry, names, row=None):
    """An audit entry as a phrase, told by the model's own teller or by its columns: Purchase order:
    confirmed, was draft. Empty when all that changed are figures that only the machine reads."""
    thing = capfirst(thing_name(entry.table))
    if entry.action == "DELETE":
        return f"{thing} deleted"
    if entry.table in _tellers:
        return capfirst(_tellers[entry.table](Change(entry, names, row), row))
    if entry.action == "INSERT":
        return f"{thing} made"
    changes = [_change(entry, column, names) for column in entry.after or {}]
    told = ", ".join(filter(None, changes))
    return f"{thing}: {told}" if told else ""


def clock(moment):
    """14:20 on the clock of the page."""
    return f"{timezone.localtime(moment):%H:%M}"


def _change(entry, column, names):
    """customer Noor Vance; confirmed, was draft; expected on taken out; is not held any more; or
    nothing."""
    if column in MACHINES:
        return ""
    before, after = ((values or {}).get(column) for values in (entry.before, entry.after))
    name = column_name(entry.table, column)
    if isinstance(after, bool):
        return name if after else _not(name)
    if isinstance(after, list | dict):
        return f"{name} changed"
    was, became = (value_name(entry.table, column, value, names) for value in (before, after))
    if column == "status":
        return became.lower() if before in EMPTY else f"{became.lower()}, was {was.lower()}"
    return _from_to(name, was, became, before, after)


def _from_to(name, was, became, before, after):
    if was == became:
        return ""  # such as seconds, where minutes are shown
    if before in EMPTY:
        return f"{name} {became}"
    return f"{name} taken out" if after in EMPTY else f"{name} {was} → {became}"


def _not(name):
    """is not held any more"""
    verb, _, rest = name.partition(" ")
    return f"{verb} not {rest} any more" if verb in ("is", "has", "needs") else f"not {name}"


def column_name(table, column):
    """What a column is called on forms; in lower case, for it stands in a sentence."""
    field = _field(table, column)
    name = str(field.verbose_name) if field else column.removesuffix("_id").replace("_", " ")
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def value_name(table, column, value, names):
    """A value of a column as a reader says it."""
    if value in EMPTY:
        return "nothing"
    target = _target(table, column)
    if target:
        return names.get((target, str(value))) or short(value)
    field = _field(table, column)
    if isinstance(value, list):
        base = getattr(field, "base_field", None)
        known = dict(base.flatchoices) if base and base.choices else {}
        return ", ".join(str(known.get(each, short(each))) for each in value)
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
