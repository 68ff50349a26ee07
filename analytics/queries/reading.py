"""Reading the rows of a report: one statement, each row as {name of a column: value}."""

from django.db import connection


def rows_of(sql, parameters):
    """The rows of a statement as dicts; `parameters` is a dict for its %(names)s."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
