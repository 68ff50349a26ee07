"""Statements that are parsed and planned once a connection instead of each time."""

from contextlib import contextmanager

from django.db import connection


@contextmanager
def prepared():
    """Within this block, or in the function it decorates, the ORM's statements are prepared. It halves
    what they cost the database, most of which is the planning of wide tables under row-level security.

    For paths that are gone all day and find rows by keys. The plan is made once, whatever the values,
    so a partial index is found only by what stands in the statement itself, and each wording is kept:
    not for statements that are never the same twice.
    """
    before = connection.is_preparing
    connection.is_preparing = True
    try:
        yield
    finally:
        connection.is_preparing = before
