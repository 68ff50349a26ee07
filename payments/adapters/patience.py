"""How long a call waits for a provider. Where money moves we wait for its answer; a buyer who looks at
a page is better told soon that the provider is silent, and what only looks or shuts is asked again."""

from contextlib import contextmanager
from contextvars import ContextVar

LONG = (3, 10)  # seconds to connect, seconds to wait for an answer
SHORT = (1, 2)

_allowed = ContextVar("patience", default=LONG)


def time_out():
    """(seconds to connect, seconds to wait for an answer) of a call made now."""
    return _allowed.get()


@contextmanager
def patience(allowed):
    """Calls in here wait as long as this: LONG or SHORT."""
    before = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(before)
