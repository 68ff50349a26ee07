"""Choosing places for a party: side by side near the focus, or near a place just lost.

A House says who sits beside whom and never changes; how its places stand comes as one byte a place.
Choosing takes nothing: what was chosen is claimed, and whoever comes too late chooses again.
"""

from inventory.picking.choosing import MOST_COMPANY, NoSuchGroup, Party, choose
from inventory.picking.instead import alternatives
from inventory.picking.reading import house_of, stands
from inventory.picking.splits import Split, left_odd

__all__ = [
    "MOST_COMPANY",
    "NoSuchGroup",
    "Party",
    "Split",
    "alternatives",
    "choose",
    "house_of",
    "left_odd",
    "stands",
]
