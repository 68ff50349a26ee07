"""Believable seat plans made by rule: for the demo, for tests, for load scenarios.

All are drawn at pitch 20 with the stage at the top, and come out sound and normalised.
"""

from venues.generators.arena import arena
from venues.generators.club import club
from venues.generators.grid import grid
from venues.generators.stadium import stadium
from venues.generators.theatre import theatre

__all__ = ["arena", "club", "grid", "stadium", "theatre"]
