"""How the places of a house stand for one request: one byte a place, in layers over each other."""

from functools import reduce
from operator import or_

# FREE fits the request. OTHER is free, but not what was asked for. A SPACE is a wheelchair's, a
# COMPANION the seat beside one. Anything that is TAKEN as well is that and nothing else.
FREE, TAKEN, OTHER, SPACE, COMPANION = 0, 1, 2, 4, 8


def over_each_other(*layers):
    """Layers of equal length as one."""
    whole = reduce(or_, (int.from_bytes(layer, "little") for layer in layers))
    return whole.to_bytes(len(layers[0]), "little")


def _reading(companion):
    """What each sum of layers means to a buyer to whom companion seats are `companion`."""
    meanings = {SPACE: SPACE, COMPANION: companion, FREE: FREE}
    return bytes(TAKEN if each & TAKEN else meanings.get(each, OTHER) for each in range(256))


FOR_ANYBODY = _reading(OTHER)
FOR_LACK_OF_OTHERS = _reading(FREE)
FOR_COMPANY = _reading(COMPANION)
