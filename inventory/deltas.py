"""What changed on the map between two versions, and the bytes that say so.

A version is a whole number that only grows. A Change leads from any version between `since` and
`version` to `version`: it names every place that changed after `since`, each with its state as of
`version`, so reading one twice, or from a later start, does no harm.

On the wire: varint since, varint version, then for each place, ascending, varint gap (places passed
over since the last one named) and varint state. A varint has seven bits a byte, the low ones first; all
bytes but the last have the high bit set.
"""

from dataclasses import dataclass
from itertools import chain, takewhile

BLOCK = 256  # places compared at once; most of a house has not changed


class Gone(LookupError):
    """What led on from this version is not kept any more, or there never was such a version."""


@dataclass(frozen=True, slots=True)
class Change:
    """{ordinal: state} of the places that are not as they were."""

    since: int
    version: int
    places: dict


def differing(before, after):
    """{ordinal: state after} where two status bytes of one length differ; of different length all of
    `after`."""
    if len(before) != len(after):
        return dict(enumerate(after))
    return {
        ordinal: after[ordinal]
        for start in range(0, len(after), BLOCK)
        if before[start : start + BLOCK] != after[start : start + BLOCK]
        for ordinal in range(start, min(start + BLOCK, len(after)))
        if before[ordinal] != after[ordinal]
    }


def following(changes, version):
    """Those of `changes` (ascending, each from where the one before it ended) that lead on from
    `version`; none when it is the last. Raises Gone."""
    if not changes or version > changes[-1].version:
        raise Gone
    wanted = [*takewhile(lambda change: change.version > version, reversed(changes))][::-1]
    if wanted and wanted[0].since > version:
        raise Gone
    return wanted


def merged(changes):
    """One Change that says what these, each from where the one before it ended, say together."""
    places = {}
    for change in changes:
        places |= change.places
    return Change(changes[0].since, changes[-1].version, places)


def packed(change):
    """A Change as bytes."""
    ordinals = sorted(change.places)
    gaps = (b - a - 1 for a, b in zip([-1, *ordinals], ordinals, strict=False))
    pairs = chain.from_iterable(
        (gap, change.places[ordinal]) for gap, ordinal in zip(gaps, ordinals, strict=True)
    )
    return b"".join(map(_varint, (change.since, change.version, *pairs)))


def unpacked(content):
    """The Change that these bytes are."""
    since, version, *pairs = _numbers(content)
    places, ordinal = {}, -1
    for gap, state in zip(pairs[::2], pairs[1::2], strict=True):
        ordinal += gap + 1
        places[ordinal] = state
    return Change(since, version, places)


def _varint(number):
    low = []
    while number > 127:
        low.append(number & 127 | 128)
        number >>= 7
    return bytes([*low, number])


def _numbers(content):
    number = shift = 0
    for byte in content:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
