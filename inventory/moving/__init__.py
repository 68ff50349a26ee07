"""Moving an event to another version of its layout, with everything that hangs on its places.

A place keeps its row, its owner, its buyer and its money; what changes is where it stands on the map,
perhaps what it is called, and its ordinal. `looking` says what would happen and what is in the way,
`carrying` does it in one transaction, `following` is how apps above this one take part.
"""

from inventory.moving.carrying import move_event
from inventory.moving.following import GONE, Follower, Obstacle, follower, follower_words
from inventory.moving.looking import CannotMove, Outlook, look_ahead

__all__ = [
    "GONE",
    "CannotMove",
    "Follower",
    "Obstacle",
    "Outlook",
    "follower",
    "follower_words",
    "look_ahead",
    "move_event",
]
