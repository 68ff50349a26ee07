"""What the stock asks for: holds and return windows that run out, events that sell slowly or fast."""

from dataclasses import dataclass

from analytics.queries import hot_events, slow_events
from analytics.queries import paces as every_pace
from config.desk.parts import SHOWN, Part
from inventory.withheld import holds_running_out
from suppliers.returnable import returns_running_out

OF_EACH = 4


def holds(agency):
    """Holds that end within a week, the first first."""
    return Part(*holds_running_out(SHOWN))


def windows(agency):
    """Seats that may still go back to their supplier, the shortest window first."""
    rows = returns_running_out(SHOWN)
    return Part(rows, len(rows))


@dataclass(frozen=True)
class Paces:
    """Events on sale with their evidence: what stays unsold at this pace, what runs out early."""

    slow: list
    hot: list

    def __bool__(self):
        return bool(self.slow or self.hot)


def paces(agency):
    found = every_pace()
    return Paces(slow_events(OF_EACH, found), hot_events(OF_EACH, found))
