"""The bar of the picker, on houses sold to the last by chance: nothing invalid, nobody parted or left
alone without need, near the best there was."""

import pytest

from inventory.picking import accessible
from inventory.picking.reading import house_in
from inventory.picking.states import SPACE
from inventory.tests.judge import ANYWHERE, SMALLEST, WHEELCHAIR, at, sell_out
from venues import geometry
from venues.generators import arena, theatre


@pytest.mark.parametrize(
    ("plan", "every"), [(theatre(), 6), (arena(6_000), 100)], ids=["theatre", "arena"]
)
def test_a_house_is_sold_to_the_last_with_hardly_anybody_parted(plan, every):
    house = house_in(geometry.encode(plan))
    verdicts, left = sell_out(house, seed=11, judged_every=every)
    assert sum(verdict.parties for verdict in verdicts.values()) > 300
    for wish, verdict in verdicts.items():
        assert verdict.parties > 5, wish
        assert (verdict.invalid, verdict.falsely) == (0, 0), wish
        assert (verdict.avoidable_splits, verdict.avoidable_singles) == (0, 0), wish
        assert at(verdict.distances, 0.95) <= 1.10, wish
    assert verdicts[ANYWHERE].share_together >= 0.98
    assert at(verdicts[WHEELCHAIR].distances, 1) == 1
    assert left < house.special.count(SPACE) + SMALLEST  # few of these asked for a space


@pytest.mark.parametrize("way", ["_nearest_spaces", "_beside"])
def test_a_picker_that_is_careless_with_wheelchairs_is_found_out(way, monkeypatch):
    """Once with the farthest space first, once with company that need not be beside it."""
    careful = getattr(accessible, way)
    careless = {"_nearest_spaces": lambda *given: careful(*given)[::-1], "_beside": lambda *_: []}
    monkeypatch.setattr(accessible, way, careless[way])
    house = house_in(geometry.encode(theatre()))
    found = sell_out(house, seed=11, judged_every=len(house))[0][WHEELCHAIR]
    assert found.avoidable_splits or at(found.distances, 1) > 1
