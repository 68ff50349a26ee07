"""Small drawings in other people's formats, to be bent by the importers' tests."""

import json
from pathlib import Path

from venues.importers import read
from venues.plan import PlanError

SAMPLES = Path(__file__).parent / "samples"


def sample(name):
    return (SAMPLES / name).read_bytes()


def seats(count, *, y=0, first=1, x=0, **more):
    """Seats of a seats.io row at pitch 20."""
    return [
        {"label": str(first + i), "x": x + 20 * i, "y": y, "uuid": f"uuid{i}", **more}
        for i in range(count)
    ]


def chart(**contents):
    """A seats.io chart whose subChart has these lists."""
    return {"name": "Hall", "categories": {"list": []}, "subChart": contents}


def plan_in(form):
    """The plan read from a JSON document."""
    return read("file.json", json.dumps(form))[1]


def problems_in(content, name="file.json"):
    """What a file (text, bytes or JSON document) is refused for; [] when it is taken."""
    content = content if isinstance(content, str | bytes) else json.dumps(content)
    try:
        read(name, content)
    except PlanError as refusal:
        return refusal.problems
    return []


def labels(row):
    return " ".join(seat.label for seat in row.seats)
