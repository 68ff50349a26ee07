"""What else knows places by their ordinal. Apps above inventory register here and are asked in turn, so
that nothing below has to know them."""

from dataclasses import dataclass
from uuid import UUID

GONE = 1_000_000
"""Added to the ordinal of a place that a closed record names and no layout has any more: above all
ordinals there can be."""

_followers = []


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an event cannot be moved now. `ordinals` are the places it is about, in the old version; none
    when it is about the event."""

    reason: str
    ordinals: tuple = ()


@dataclass(frozen=True)
class Move:
    """What a follower needs: the id of the LayoutMove to be, the event (pinned to the new version
    already), {old ordinal: new ordinal} of the places that stay, and {old section id: new
    LayoutSection} of the sections that do."""

    id: UUID
    event: object
    ordinals: dict
    sections: dict


class Follower:
    """Takes part in a move. Every method may be left as it is."""

    def lock(self, event):
        """Locks rows that come before the event in the order of locks."""

    def wanted(self, event):
        """Ordinals that must not vanish, beside those that are owned."""
        return set()

    def obstacles(self, event, gone):
        """Obstacles, given the set of ordinals that would vanish."""
        return []

    def holders(self, event, ordinals):
        """{ordinal: who holds it, in words}, for the list of whom a change touches."""
        return {}

    def follow(self, move):
        """Carries the app's own rows along; returns how many tickets got another name."""
        return 0


def follower(kind):
    """Decorates a Follower class; import it from the app's `handlers` so that it is known."""
    _followers.append(kind())
    return kind


def followers():
    return tuple(_followers)


def follower_words(event, ordinals):
    """{ordinal: who holds it, in words} of places of the event, as all followers know it."""
    found = {}
    for each in followers():
        for ordinal, words in each.holders(event, list(ordinals)).items():
            found[ordinal] = f"{found[ordinal]}; {words}" if ordinal in found else words
    return found
