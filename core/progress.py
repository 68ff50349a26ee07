"""How far a worker is with what somebody asked for. Only a hint for whoever watches: what was done is
said by the rows, when all of it is."""

from django.core.cache import cache

KEPT_SECONDS = 3600


def teller(row):
    """A function for the work on this row of a tenant's: what it is called with is told."""
    key = _key(row)
    return lambda *how_far: cache.set(key, how_far, KEPT_SECONDS)


def told_of(row):
    """What the work on a row told last, as a tuple; empty when it told nothing for an hour."""
    return cache.get(_key(row)) or ()


def _key(row):
    return f"progress:{row._meta.label_lower}:{row.agency_id}:{row.pk}"
