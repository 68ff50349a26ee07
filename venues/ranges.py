"""Places as ranges of ordinals, such as "0-41,50", as a map in the browser writes them."""

import re

from core.errors import Invalid

RANGE = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")


class NotRanges(Invalid):
    """The text is not what the map writes."""

    code = "not_ranges"


def spelled(ordinals):
    """Ordinals in any order as the shortest text."""
    runs = []
    for ordinal in sorted(set(ordinals)):
        if runs and ordinal == runs[-1][1] + 1:
            runs[-1][1] = ordinal
        else:
            runs.append([ordinal, ordinal])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def read(text, *, count):
    """The ordinals below `count` that the text means, ascending; raises NotRanges."""
    found = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        ends = RANGE.fullmatch(part)
        first, last = (int(end) for end in (ends[1], ends[2] or ends[1])) if ends else (1, 0)
        if not first <= last < count:
            raise NotRanges(f"“{part[:40]}” is not a range of this house's {count:,} places.")
        found.update(range(first, last + 1))
    return sorted(found)
