"""What every part of the desk is made of."""

from dataclasses import dataclass

SHOWN = 8


@dataclass(frozen=True)
class Part:
    """The most urgent `rows` of a part, and how many there are in all."""

    rows: list
    count: int

    def __bool__(self):
        return bool(self.count)
