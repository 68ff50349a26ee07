"""Queries of the ORM for hot paths, built and compiled once instead of each time, which costs more than
sending them. What they find is what the ORM finds: instances, with what select_related names."""

from functools import cached_property
from inspect import signature

from django.db import connection, transaction
from django.db.models import Field, ForeignObject, Lookup
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery


class Given(Expression):
    """A place in a fixed query that each call fills with its value of this number."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def as_sql(self, compiler, connection):
        return "%s", [self]


@Field.register_lookup
@ForeignObject.register_lookup
class Among(Lookup):
    """`field__among=values`: one of a list. As it is one value, the statement is the same however many
    there are."""

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value, connection):
        return "%s", [list(value)]

    def as_sql(self, compiler, connection):
        column, column_params = self.process_lhs(compiler, connection)
        values, params = self.process_rhs(compiler, connection)
        return f"{column} = ANY({values})", [*column_params, *params]


class Fixed:
    """A query that is compiled once. `make` is called with a Given for each of its parameters and
    returns a queryset of instances; calling this with values returns its list of them.

    Values go to the driver as they are: keys, not instances; text, not the members of an enumeration.
    """

    def __init__(self, make):
        self._make = make

    def __call__(self, *values):
        found = self._compiled
        with connection.prepared_cursor() as cursor:
            cursor.execute(found.statement, _filled(found.params, values))
            rows = cursor.fetchall()
        return found.instances(rows)

    def first(self, *values):
        """The first instance, or None."""
        return next(iter(self(*values)), None)

    def one(self, *values):
        """The only instance; raises the model's DoesNotExist."""
        found = self.first(*values)
        if found is None:
            raise self._compiled.model.DoesNotExist
        return found

    @cached_property
    def _compiled(self):
        return _Compiled(self._queryset())

    def _queryset(self):
        return self._make(*_places(self._make))


class Locking(Fixed):
    """A Fixed whose rows are locked in key order, as `core.locks.lock` does, and read after that."""

    def __call__(self, *values):
        if not connection.in_atomic_block:
            raise RuntimeError("Locks live in a transaction.")
        return super().__call__(*values)

    def _queryset(self):
        return super()._queryset().order_by("pk").select_for_update(no_key=True, of=("self",))


class FixedUpdate:
    """An UPDATE that is compiled once. `make` is called with a Given for each of its parameters and
    returns (queryset, {field: value}); calling this with values returns how many rows it changed."""

    def __init__(self, make):
        self._make = make

    def __call__(self, *values):
        statement, params = self._compiled
        with transaction.mark_for_rollback_on_error(), connection.prepared_cursor() as cursor:
            cursor.execute(statement, _filled(params, values))
            return cursor.rowcount

    @cached_property
    def _compiled(self):
        queryset, values = self._make(*_places(self._make))
        query = queryset.order_by().query.chain(UpdateQuery)
        query.add_update_values(values)
        query.clear_select_clause()
        return query.get_compiler(using=connection.alias).as_sql()


class _Compiled:
    """A statement with the places in it, and how its rows become instances: what the ORM's
    ModelIterable finds out anew for each query."""

    def __init__(self, queryset):
        self._compiler = compiler = queryset.query.get_compiler(using=connection.alias)
        self.statement, self.params = compiler.as_sql()
        if compiler.annotation_col_map:
            raise TypeError("A fixed query finds instances, without anything annotated.")
        columns = compiler.klass_info["select_fields"]
        self._own = slice(columns[0], columns[-1] + 1)
        self._names = [column.target.attname for column, *_ in compiler.select[self._own]]
        self.model = compiler.klass_info["model"]
        self._related = get_related_populators(
            compiler.klass_info, compiler.select, connection.alias
        )
        self._converters = compiler.get_converters([column for column, *_ in compiler.select])

    def instances(self, rows):
        """[instance] of these rows, with what belongs to each."""
        if self._converters:
            rows = self._compiler.apply_converters(rows, self._converters)
        return [self._instance(row) for row in rows]

    def _instance(self, row):
        made = self.model.from_db(connection.alias, self._names, row[self._own])
        for each in self._related:
            each.populate(row, made)
        return made


def _places(make):
    return [Given(number) for number in range(len(signature(make).parameters))]


def _filled(params, values):
    return [values[each.number] if isinstance(each, Given) else each for each in params]
