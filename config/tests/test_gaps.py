"""The map's hint of a gap says what the server will say: both judge many houses drawn by lot."""

import random
from pathlib import Path

import pytest
from django.conf import settings

from config.tests.browser import chromium
from inventory.picking import Split, left_odd
from inventory.picking.house import House, Place
from inventory.picking.states import OTHER, TAKEN

pytestmark = pytest.mark.browser

SCRIPTS = Path(settings.BASE_DIR, "static/js/seatmap")
PLACE = "http://map.test/"
CASES = 400
SPLITS = [Split("NO_SINGLES"), Split("PAIRS"), Split("CUSTOM", (2, 3)), Split("CUSTOM", (3, 5))]
KINDS = {"wheelchair": 1, "companion": 2}
HINT = """async (cases) => {
  const { gaps } = await import("/gaps.js");
  const { Seats } = await import("/state.js");
  return cases.map(({ rows, shapes, prices, status, mine, rule, sizes }) => {
    const section = { standing: false };
    const geo = { count: status.length, flags: new Map(), sections: [] };
    geo.rows = rows.map((row) => ({ ...row, section }));
    const levels = [{ price: 10, position: 1 }, { price: 20, position: 2 }];
    const seats = new Seats(geo, { levels, classes: prices.map((p) => [p, 1]) }, Number);
    Object.assign(seats, { status, shapes, mine: new Set(mine) });
    return gaps(geo, seats, { split: rule, splitSizes: sizes || undefined });
  });
}"""


@pytest.fixture
def hints():
    """What the map says of these cases: lists of ordinals."""
    with chromium() as browser:
        page = browser.new_page()
        page.route(f"{PLACE}**", lambda route: route.fulfill(**_answer(route.request.url)))
        page.goto(PLACE)
        yield lambda cases: page.evaluate(HINT, cases)


def _answer(address):
    path = address.removeprefix(PLACE)
    if not path:
        return {"body": "<title>Map</title>", "content_type": "text/html"}
    return {"path": SCRIPTS / path, "content_type": "text/javascript"}


def test_the_hint_of_a_gap_is_the_servers_judgement(hints):
    lot = random.Random(7)
    cases = [case for case in (_draw(lot) for _ in range(CASES)) if case["mine"]]
    said = [_judged(case) for case in cases]
    assert hints(cases) == said
    assert sum(map(bool, said)) > CASES / 10  # the lot draws gaps


def _draw(lot):
    """A house of two to four rows, some of it taken, and a choice in a number that is sold."""
    split, rows, first = lot.choice(SPLITS), [], 0
    for _ in range(lot.randint(2, 4)):
        count = lot.randint(5, 14)
        blocks = [0, *sorted(lot.sample(range(1, count), lot.randint(0, 1)))]
        rows.append({"first": first, "count": count, "blocks": blocks})
        first += count
    taken = lot.choice((0.1, 0.3, 0.6))
    status = [int(lot.random() < taken) for _ in range(first)]
    free = [at for at in range(first) if not status[at]]
    start, size = lot.randrange(len(free) or 1), lot.randint(1, 4)
    return {
        "rows": rows,
        "status": status,
        "shapes": [lot.choice((0,) * 12 + (1, 2)) for _ in range(first)],
        "prices": [lot.choice((0, 0, 1)) for _ in range(first)],
        "mine": free[start : start + size] if split.sells(len(free[start : start + size])) else [],
        "rule": split.rule,
        "sizes": ",".join(map(str, split.sizes)),
    }


def _judged(case):
    names = {number: name.upper() for name, number in KINDS.items()}
    places = [
        Place("A", str(nth), sum(start <= at for start in row["blocks"]), at, at, nth, kind=kind)
        for nth, row in enumerate(case["rows"])
        for at in range(row["count"])
        for kind in [names.get(case["shapes"][row["first"] + at], "STANDARD")]
    ]
    dearest = max(case["prices"][at] for at in case["mine"])
    stands = bytes(
        TAKEN if taken else OTHER if price > dearest else 0
        for taken, price in zip(case["status"], case["prices"], strict=True)
    )
    sizes = tuple(map(int, filter(None, case["sizes"].split(","))))
    return left_odd(House.of(places, (0, 0)), stands, case["mine"], Split(case["rule"], sizes))
