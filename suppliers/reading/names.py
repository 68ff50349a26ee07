"""Names as suppliers write them: which section of a house or event of an order is meant, and how sure
that is.

Case, accents, kind words ("Sec", "Bloc") and leading zeros are spelling. A beginning ("Orch L") and a
small slip ("Partere") are guesses, which somebody must look at. Digits are never guessed.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher

WORDS_FOR_A_SECTION = (
    "section sections sect sec bloc block blocks blk secteur sektor sector settore seccion bereich"
)
KIND_WORDS = frozenset(WORDS_FOR_A_SECTION.split())
GENERAL_ADMISSION = frozenset(["ga", "general admission", "gen adm", "standing", "standing room"])
SPELLING, SHORTENED, TYPO, SEVERAL = "spelling", "shortened", "typo", "several"
GUESSES = (SHORTENED, TYPO)
# Comparing with every name takes time; a file of nonsense must not take minutes.
MOST_GUESSES = 500
MOST_CANDIDATES = 4
LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """The name that is meant, or None with names it may have been. `how` is empty for a name that is
    written as it is printed and for none, else spelling, shortened, typo, or several for too many."""

    name: str | None
    how: str = ""
    candidates: tuple = ()


class Names:
    """Finds names among those of a house. `standing` are those without seats: the only one is meant by
    general admission."""

    def __init__(self, names, standing=()):
        self.general = standing[0] if len(standing) == 1 else None
        self.names = list(dict.fromkeys(names))
        self._exact = {" ".join(name.casefold().split()): name for name in self.names}
        self._by_key = defaultdict(list)
        for name in self.names:
            self._by_key[key_of(name)].append(name)
        self._numbers = {n for key in self._by_key for n in re.findall(r"\d+", key)}
        self._found, self._sure, self._guessed = {}, {}, 0
        self.longest = max((len(name.split()) for name in self.names), default=1) + 1

    def find(self, written):
        """What is Found for a name; candidates are given when it is none, or more than one."""
        if written not in self._found:
            self._found[written] = self.sure(written) or self._guess(written)
        return self._found[written]

    def sure(self, written):
        """What is Found without guessing, or None."""
        if written not in self._sure:
            self._sure[written] = self._spelled(written)
        return self._sure[written]

    def _spelled(self, written):
        exact = self._exact.get(" ".join(written.casefold().split()))
        if exact:
            return Found(exact)
        alike = self._by_key.get(key_of(written), []) if written.strip() else []
        if len(alike) > 1:
            return Found(None, SEVERAL, tuple(alike[:MOST_CANDIDATES]))
        return Found(alike[0], SPELLING) if alike else None

    def _guess(self, written):
        key = key_of(written)
        has_foreign_number = any(n not in self._numbers for n in re.findall(r"\d+", key))
        if not key or has_foreign_number or self._guessed >= MOST_GUESSES:
            return Found(None)
        self._guessed += 1
        if key in GENERAL_ADMISSION and self.general:
            return Found(self.general, SHORTENED)
        for how, guess in ((SHORTENED, _is_short_for), (TYPO, _is_slip_of)):
            alike = (names for each, names in self._by_key.items() if guess(key, each))
            meant = [name for names in alike for name in names]
            if len(meant) > 1:
                return Found(None, SEVERAL, tuple(meant[:MOST_CANDIDATES]))
            if meant:
                return Found(meant[0], how)
        return Found(None, candidates=self._near(key))

    def _near(self, key):
        """The names that look most like it, for "did you mean"."""
        likeness = {
            name: SequenceMatcher(None, key, each).ratio()
            for each, names in self._by_key.items()
            for name in names
        }
        near = [name for name, ratio in likeness.items() if ratio > 0.6]
        return tuple(sorted(near, key=likeness.get, reverse=True)[:MOST_CANDIDATES])


def plain(text):
    """Lower case without accents."""
    return "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )


def key_of(name):
    """What a name comes down to: its words and numbers, without kind words and leading zeros."""
    words = [word.lstrip("0") or "0" for word in LETTERS_OR_DIGITS.findall(plain(name))]
    return " ".join([word for word in words if word not in KIND_WORDS] or words)


def _is_short_for(key, name):
    """Whether every word begins a word of the name, in the same order; numbers and what has fewer than
    three letters must be whole."""
    is_tiny = len(key.replace(" ", "")) < 3
    words = iter(name.split())
    return all(any(_begins(short, word, is_tiny) for word in words) for short in key.split())


def _begins(short, word, must_be_whole):
    return short == word if must_be_whole or short.isdecimal() else word.startswith(short)


def _is_slip_of(key, name):
    """Whether a letter or two (of eight and more) are wrong, missing, too many or swapped."""
    allowed = 2 if len(key) >= 8 else 1
    if len(key) < 4 or abs(len(key) - len(name)) > allowed:
        return False
    if re.findall(r"\d+", key) != re.findall(r"\d+", name):
        return False
    return _distance(key, name) <= allowed


def _distance(one, other):
    """How many letters to change, add, drop or swap with their neighbour until both are the same."""
    before, last = None, list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            steps = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if before and i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        before, last = last, row
    return last[-1]
