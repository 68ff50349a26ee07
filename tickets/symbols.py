"""The modules of QR symbols. What all symbols of a size have in common is drawn once, by a library; of
each text only its bits are worked out, which takes a tenth of the time.

A text of digits, capitals and ` $%*+-./:` is written in QR's alphanumeric mode, any other in bytes.
Error correction is level M.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, cycle, islice, zip_longest

import qrcode
from qrcode.base import Polynomial, gexp, glog, rs_blocks
from qrcode.util import BIT_LIMIT_TABLE, length_in_bits

LEVEL = qrcode.ERROR_CORRECT_M
# Trying all eight masks costs five times the work. For codes of our kind this one has the lowest
# mean and worst penalty, and tests read it back small, turned and blurred.
MASK = 2
LARGEST = 40

ALPHANUMERIC, BYTES = 2, 4
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
VALUES = {letter: value for value, letter in enumerate(LETTERS)}
IN_LETTERS = re.compile(f"[{re.escape(LETTERS)}]*")
PADDING = (0b11101100, 0b00010001)


def matrix(text):
    """The modules of the symbol, row by row: a square of bools (True is dark), no quiet zone.

    Raises ValueError for a text that no symbol holds.
    """
    mode, count, bits = _written(text)
    form = _form(_version(mode, count, len(bits)))
    head = f"{mode:04b}{count:0{length_in_bits(mode, form.version)}b}"
    cells = bytearray(form.cells)
    for place, bit in zip(form.places, _all_bits(head + bits, form.blocks), strict=False):
        if bit == "1":
            cells[place] ^= 1
    side = form.side
    return [list(map(bool, cells[at : at + side])) for at in range(0, side * side, side)]


def _written(text):
    """(mode, how many characters or bytes, their bits as text)."""
    if not IN_LETTERS.fullmatch(text):
        data = text.encode()
        return BYTES, len(data), "".join(f"{byte:08b}" for byte in data)
    values = [VALUES[letter] for letter in text]
    pairs = zip(values[::2], values[1::2], strict=False)
    last = f"{values[-1]:06b}" if len(values) % 2 else ""
    return ALPHANUMERIC, len(text), "".join(f"{a * 45 + b:011b}" for a, b in pairs) + last


@lru_cache(256)
def _version(mode, count, bits):
    """The smallest version that holds so much."""
    for version in range(1, LARGEST + 1):
        size = length_in_bits(mode, version)
        if count < 1 << size and 4 + size + bits <= BIT_LIMIT_TABLE[LEVEL][version]:
            return version
    raise ValueError("This text is too long for a QR symbol.")


@dataclass(frozen=True)
class Form:
    """What all symbols of a version share. `cells` are its modules row by row, the mask alone where
    data goes; `places` are the cells of each bit in its order; `blocks` are (codewords of data,
    codewords of correction)."""

    version: int
    side: int
    cells: bytes
    places: tuple
    blocks: tuple


class _Empty(qrcode.QRCode):
    """A symbol that notes where data goes, and has none."""

    def map_data(self, data, mask_pattern):
        self.is_free = [module is None for row in self.modules for module in row]
        super().map_data([], mask_pattern)


@lru_cache(LARGEST)
def _form(version):
    drawn = _Empty(version, error_correction=LEVEL, border=0, mask_pattern=MASK)
    drawn.data_cache = []
    drawn.makeImpl(False, MASK)
    side = drawn.modules_count
    return Form(
        version=version,
        side=side,
        cells=bytes(chain.from_iterable(drawn.modules)),
        places=tuple(place for place in _zigzag(side) if drawn.is_free[place]),
        blocks=tuple(
            (block.data_count, block.total_count - block.data_count)
            for block in rs_blocks(version, LEVEL)
        ),
    )


def _zigzag(side):
    """Cells in the order of the data: up and down in pairs of columns, around that of the timing."""
    upwards = range(side - 1, -1, -1)
    for number, right in enumerate(range(side - 1, 0, -2)):
        right -= right <= 6
        for row in upwards if number % 2 == 0 else reversed(upwards):
            yield row * side + right
            yield row * side + right - 1


def _all_bits(bits, blocks):
    """The bits of a symbol in their order: padded, corrected, the blocks dealt out in turn."""
    words = _padded(bits, sum(data for data, _ in blocks))
    parts, corrections = [], []
    for data, correction in blocks:
        part, words = words[:data], words[data:]
        parts.append(part)
        corrections.append(_correction(part, correction))
    dealt = bytes(
        word
        for turn in (*zip_longest(*parts), *zip_longest(*corrections))
        for word in turn
        if word is not None
    )
    return f"{int.from_bytes(dealt):0{8 * len(dealt)}b}"


def _padded(bits, count):
    """These bits as so many bytes."""
    bits += "0" * min(4, 8 * count - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8)
    return data + bytes(islice(cycle(PADDING), count - len(data)))


def _correction(data, count):
    """So many Reed-Solomon codewords for these."""
    multiples = _multiples(count)
    left, first, all_but_first = 0, 8 * (count - 1), (1 << 8 * (count - 1)) - 1
    for word in data:
        left = (left & all_but_first) << 8 ^ multiples[word ^ left >> first]
    return left.to_bytes(count)


@lru_cache
def _multiples(count):
    """The generator of so many codewords, without its leading one, times each byte: as one number."""
    generator = Polynomial([1], 0)
    for power in range(count):
        generator *= Polynomial([1, gexp(power)], 0)
    tail = list(generator)[1:]
    return tuple(
        int.from_bytes(gexp(glog(byte) + glog(factor)) if byte and factor else 0 for factor in tail)
        for byte in range(256)
    )
