"""A plan as JSON: its canonical form, marked as such."""

import json

from venues.importers.tessera import MARK
from venues.plan import canonical


def write(plan):
    """The text of a JSON document; `venues.importers` reads the very same plan from it."""
    form = {"format": MARK, **canonical(plan)}
    return json.dumps(form, ensure_ascii=False, separators=(",", ":")) + "\n"
