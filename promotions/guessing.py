"""How many codes that do not exist one caller may try in an hour. A limit of tries, not the truth: it
lives in the cache, and is lost with it."""

from contextlib import contextmanager

from django.conf import settings
from django.core.cache import cache

from agencies.queries import current_agency
from core.errors import DomainError

WRONG_AT_MOST = 30
SECONDS = 3600


class TooManyGuesses(DomainError):
    """Somebody tries codes until one fits."""

    code = "too_many_guesses"
    status = 429


@contextmanager
def counted_guesses(caller, codes, *, at_most=WRONG_AT_MOST):
    """Within this block somebody tries codes: `caller` names him, such as key:<id> or a digest of his
    address. Yields a function to be told of the Refused; codes that exist are not counted.

    Raises TooManyGuesses before anything is looked up. Tries are counted first, so that many at one
    moment are as many as one after another.
    """
    if not (settings.RATE_LIMITS and current_agency().has_limits):
        yield lambda refused: None
        return
    key = f"guesses:{current_agency().pk}:{caller}"
    cache.add(key, 0, SECONDS)
    if _changed(key, len(codes)) > at_most:
        raise TooManyGuesses("Too many codes that do not exist. Try again in an hour.")
    wrong = []
    yield wrong.extend
    _changed(key, -(len(codes) - sum(each.why == "unknown" for each in wrong)))


def _changed(key, by):
    """The count after it; nothing where the cache is away or has just forgotten it."""
    try:
        return cache.incr(key, by) or 0
    except ValueError:
        return 0
