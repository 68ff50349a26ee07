"""One use case is one transaction; a transaction PostgreSQL gave up on is tried again, whole."""

import random
import time
from functools import wraps

from django.db import OperationalError, connection, transaction

SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
LOCK_TIMEOUT = "55P03"
TRIES = 5


def take_time():
    """Lets each statement of this transaction take up to five minutes: a stadium takes longer than
    those of a page may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '5min', true)")


def sqlstate(error):
    """The five-character SQLSTATE of a database error, or an empty string."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def is_lock_timeout(error):
    """Whether a row was held by somebody else for longer than anyone waits."""
    return isinstance(error, OperationalError) and sqlstate(error) == LOCK_TIMEOUT


def broken_constraint(error):
    """The name of the constraint that a database error speaks of, or an empty string."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def use_case(function):
    """Runs a service in one transaction; retries it on a serialization failure or deadlock.

    Inside an outer transaction it only opens a savepoint: whoever began the transaction retries it.
    """

    @wraps(function)
    def run(*args, **kwargs):
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        return retrying(lambda: _in_transaction(function, args, kwargs))

    return run


def _in_transaction(function, args, kwargs):
    with transaction.atomic():
        return function(*args, **kwargs)


def retrying(attempt):
    """Calls `attempt` until no deadlock or serialization failure undoes it, 5 times at most."""
    for number in range(1, TRIES + 1):
        try:
            return attempt()
        except OperationalError as error:
            if number == TRIES or sqlstate(error) not in {SERIALIZATION_FAILURE, DEADLOCK}:
                raise
            time.sleep(random.uniform(0.005, 0.02) * 2**number)  # noqa: S311 - jitter, no secret
    raise AssertionError("unreachable")
