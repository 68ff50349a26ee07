"""How rows and seats of a drawing get their names when it has none, or others are wanted."""

from dataclasses import dataclass
from itertools import count, islice
from string import ascii_uppercase

from core.errors import Invalid

KEEP, LETTERS, NUMBERS = "KEEP", "LETTERS", "NUMBERS"
ALL, ODD, EVEN, SPLIT = "ALL", "ODD", "EVEN", "SPLIT"
FRONT, BACK = "FRONT", "BACK"
LEFT, RIGHT = "LEFT", "RIGHT"


class WrongNumbering(Invalid):
    """The first label is not one that the rule could make."""

    code = "wrong_numbering"


@dataclass(frozen=True)
class Numbering:
    """The names of a section's rows and seats.

    `rows` is KEEP (as drawn), LETTERS or NUMBERS from `first_row` on, counted from the FRONT or the
    BACK; letters in `skipped` are left out. `seats` is KEEP, ALL (1, 2, 3), ODD, EVEN, or SPLIT: odd
    numbers from the middle of the row to one side, even ones to the other. `seats_from` is LEFT or
    RIGHT as the drawing shows it; for SPLIT it is the side of the odd numbers.
    """

    rows: str = KEEP
    rows_from: str = FRONT
    first_row: str = ""
    skipped: str = ""
    seats: str = KEEP
    seats_from: str = LEFT
    first_seat: int = 1


def row_labels(numbering, quantity):
    """The labels of so many rows, front to back. Raises WrongNumbering."""
    made = _letters(numbering) if numbering.rows == LETTERS else _numbers(numbering)
    labels = list(islice(made, quantity))
    return labels[::-1] if numbering.rows_from == BACK else labels


def seat_labels(numbering, quantity):
    """The labels of so many seats, left to right."""
    first = numbering.first_seat
    if numbering.seats == SPLIT:
        labels = _split(quantity)
    elif numbering.seats == ALL:
        labels = list(range(first, first + quantity))
    else:
        first += first % 2 != (numbering.seats == ODD)
        labels = list(range(first, first + 2 * quantity, 2))
    if numbering.seats_from == RIGHT:
        labels.reverse()
    return [str(label) for label in labels]


def _split(quantity):
    """… 5 3 1 2 4 6 …"""
    odd = (quantity + 1) // 2
    return [*range(2 * odd - 1, 0, -2), *range(2, 2 * (quantity - odd) + 1, 2)]


def _numbers(numbering):
    text = numbering.first_row or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise WrongNumbering(f"Rows that are numbered begin with a number, not with “{text}”.")
    return map(str, count(int(text)))


def _letters(numbering):
    """A … Z, AA … AZ, BA …, without the skipped letters."""
    skipped = set(numbering.skipped.upper())
    alphabet = [letter for letter in ascii_uppercase if letter not in skipped]
    text = (numbering.first_row or (alphabet or ["A"])[0]).upper()
    if not alphabet or not text or len(text) > 3 or set(text) - set(alphabet):
        raise WrongNumbering(f"Rows with letters cannot begin with “{text}”.")
    start = 0
    for letter in text:
        start = start * len(alphabet) + alphabet.index(letter) + 1
    return (_spelled(number, alphabet) for number in count(start))


def _spelled(number, alphabet):
    label = ""
    while number:
        number, letter = divmod(number - 1, len(alphabet))
        label = alphabet[letter] + label
    return label
