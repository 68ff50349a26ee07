"""New rows for hot paths: what bulk_create does, without building the statement anew each time."""

from functools import cache

from django.db import connection
from django.db.models.expressions import DatabaseDefault


def insert(rows):
    """Writes new instances of one model in one prepared statement; returns them as a list.

    Columns that the database fills (identity, db_default) are read back into the instances. All rows
    must leave the same columns to the database.
    """
    rows = list(rows)
    fields = _given_fields(rows[0])
    made = _made_fields(rows[0], fields)
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for row in rows
        for field in fields
    ]
    with connection.prepared_cursor() as cursor:
        cursor.execute(_statement(type(rows[0]), fields, made, len(rows)), values)
        answers = cursor.fetchall() if made else [()] * len(rows)
    for row, answer in zip(rows, answers, strict=True):
        for field, value in zip(made, answer, strict=True):
            setattr(row, field.attname, value)
        row._state.adding, row._state.db = False, connection.alias
    return rows


def _given_fields(row):
    """The fields whose value the instance brings along."""
    return tuple(
        field
        for field in row._meta.concrete_fields
        if not isinstance(value := getattr(row, field.attname), DatabaseDefault)
        and not (value is None and field.primary_key)
    )


def _made_fields(row, given):
    return tuple(field for field in row._meta.concrete_fields if field not in given)


@cache
def _statement(model, fields, made, count):
    names = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["(" + ", ".join(["%s"] * len(fields)) + ")"] * count)
    returning = ", ".join(f'"{field.column}"' for field in made)
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {places}'  # noqa: S608
    return f"{statement} RETURNING {returning}" if made else statement
