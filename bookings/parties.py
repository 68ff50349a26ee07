"""For how many a form offers places, and what it says about how rows may be parted."""

from events.models import SplitRule
from inventory.picking import Split

USUAL = (*range(1, 11), 12, 15, 20, 30, 50, 100)


def quantities_of(event):
    """The numbers of places that the event's forms offer, ascending."""
    split = Split.of(event)
    numbers = sorted({*USUAL, *event.split_sizes})
    return [n for n in numbers if n <= event.most_in_a_booking and split.sells(n)]


def usual_of(quantities):
    """The number that stands in a form before anybody has said one."""
    return next((n for n in quantities if n >= 2), quantities[0] if quantities else 1)


def numbers_in_words(event):
    """In which numbers the event sells; nothing where it sells in any."""
    numbers = Split.of(event).in_numbers
    return f"This date is sold {numbers}." if numbers else ""


def parting_in_words(event):
    """What whoever chooses places himself should mind; nothing where anything goes."""
    if event.split_rule == SplitRule.ANY:
        return ""
    if event.split_rule == SplitRule.NO_SINGLES:
        return "Please leave no single seat between yours and the next: nobody could use it."
    return f"{numbers_in_words(event)} Please leave beside yours what can be sold like that."
