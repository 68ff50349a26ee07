"""What one line of the input asks for, before anything is looked up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything in the supplier's words; empty is what he left out. `rest` is rows and seats in one,
    such as F 1-12. `quantity` of a line that `is_block` means any so many of its places; otherwise it
    is what the line itself counts."""

    number: int
    text: str
    section: str = ""
    rows: str = ""
    seats: str = ""
    rest: str = ""
    quantity: str = ""
    is_block: bool = False
    is_cell: bool = False
    event: str = ""
    codes: str = ""
    file: str = ""
    cost: str = ""
    in_hand: str = ""
