"""Rows for hot paths, in prepared statements: what bulk_create and get do, without building the
statement anew each time. For models whose fields PostgreSQL's driver understands as they are."""

from functools import lru_cache
from itertools import count

from django.db import connection
from django.db.models.expressions import DatabaseDefault

from core.postgres.base import NumberedCursor

PLAIN = {
    "ArrayField",
    "BigAutoField",
    "BooleanField",
    "CharField",
    "DateTimeField",
    "DecimalField",
    "IntegerField",
    "BigIntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "SlugField",
    "SmallIntegerField",
    "TextField",
    "UUIDField",
}
STATEMENTS = 500


def insert(*groups):
    """Writes new instances in one statement; each group is a list of rows of one model.

    Columns that the database fills (identity, db_default) are read back into the last group; of the
    others they are loaded when somebody asks. Rows of a group must leave the same columns to the
    database: TypeError otherwise. Returns the last group.
    """
    groups = [list(rows) for rows in groups]
    if connection.execute_wrappers:  # they may put statements before ours, which cannot be prepared
        return [type(rows[0])._base_manager.bulk_create(rows) for rows in groups][-1]
    shapes = tuple((type(rows[0]), _given(rows[0]), len(rows)) for rows in groups)
    for rows, (_, names, _) in zip(groups, shapes, strict=True):
        _check_alike(rows, names)
    values = [
        row.__dict__[name]
        for rows, (_, names, _) in zip(groups, shapes, strict=True)
        for row in rows
        for name in names
    ]
    with connection.prepared_cursor(NumberedCursor) as cursor:
        cursor.execute(_insertion(shapes), values)
        answers = cursor.fetchall() if cursor.description else [()] * len(groups[-1])
    for rows, (model, names, _) in zip(groups, shapes, strict=True):
        _mark_written(rows, _made(model, names))
    for row, answer in zip(groups[-1], answers, strict=True):
        row.__dict__.update(zip(_made(*shapes[-1][:2]), answer, strict=True))
    return groups[-1]


def read(model, names=(), *, for_update=False, **keys):
    """The instance with these values, or None. With `names` only these fields are loaded.

    `for_update` locks the row and reads it after the lock; then it must be in a transaction.
    """
    loaded, statement = _selection(model, tuple(names), tuple(keys), for_update)
    with connection.prepared_cursor(NumberedCursor) as cursor:
        cursor.execute(statement, list(keys.values()))
        row = cursor.fetchone()
    return row and model.from_db(connection.alias, loaded, row)


def _given(row):
    """The columns whose value the instance brings along."""
    values = row.__dict__
    return tuple(
        name
        for name, is_key in _columns(type(row))
        if not isinstance(value := values[name], DatabaseDefault) and not (value is None and is_key)
    )


def _check_alike(rows, names):
    """The first row says which columns are written; another row's own value must not get lost."""
    for row in rows[1:]:
        if _given(row) != names:
            raise TypeError(
                f"Rows of {type(row).__name__} leave different columns to the database."
            )


def _mark_written(rows, made):
    """What the database filled is read when it is asked for, like any deferred field."""
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
        for name in made:
            row.__dict__.pop(name, None)


@lru_cache(STATEMENTS)
def _columns(model):
    """((attribute, whether it is the key), …) of a model all of whose fields are plain."""
    for field in model._meta.concrete_fields:
        _check_plain(field)
    return tuple((field.attname, field.primary_key) for field in model._meta.concrete_fields)


def _check_plain(field):
    if not field.is_relation and field.get_internal_type() not in PLAIN:
        raise TypeError(f"{field} cannot be read or written by core.postgres.rows.")


@lru_cache(STATEMENTS)
def _made(model, given):
    return tuple(name for name, _ in _columns(model) if name not in given)


@lru_cache(STATEMENTS)
def _insertion(shapes):
    """One INSERT, or several as parts of one statement: PostgreSQL checks keys at its end."""
    *first, last = shapes
    numbers = count(1)
    parts = [f"w{n} AS ({_insert(*shape, numbers)})" for n, shape in enumerate(first)]
    made = ", ".join(_column(last[0], name) for name in _made(*last[:2]))
    returning = f" RETURNING {made}" if made else ""
    before = f"WITH {', '.join(parts)} " if parts else ""
    return f"{before}{_insert(*last, numbers)}{returning}"


def _insert(model, names, rows, numbers):
    columns = ", ".join(_column(model, name) for name in names)
    places = ", ".join(
        "(" + ", ".join(f"${next(numbers)}" for _ in names) + ")" for _ in range(rows)
    )
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {places}'  # noqa: S608


@lru_cache(STATEMENTS)
def _selection(model, names, keys, for_update):
    """(attributes in the order of the model, statement)."""
    every = model._meta.concrete_fields
    fields = [field for field in every if field.attname in names or not names]
    for field in fields:
        _check_plain(field)
    if names and len(fields) != len(names):
        raise TypeError(f"{model} has not all of {names}.")
    columns = ", ".join(f'"{field.column}"' for field in fields)
    where = " AND ".join(f"{_column(model, key)} = ${n}" for n, key in enumerate(keys, start=1))
    end = " FOR NO KEY UPDATE" if for_update else ""
    statement = f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {where}{end}'  # noqa: S608
    return tuple(field.attname for field in fields), statement


def _column(model, name):
    return f'"{model._meta.get_field(name).column}"'
