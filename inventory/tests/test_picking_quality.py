"""The bar of the picker, on houses sold to the last by chance: nothing invalid, nobody parted or left
alone without need, near the best there was."""

import pytest

from inventory.picking.reading import house_in
from inventory.picking.states import SPACE
from inventory.tests.judge import SMALLEST, at, sell_out
from venues import geometry
from venues.generators import arena, theatre


@pytest.mark.parametrize(
    ("plan", "every"), [(theatre(), 6), (arena(6_000), 200)], ids=["theatre", "arena"]
)
def test_a_house_is_sold_to_the_last_with_hardly_anybody_parted(plan, every):
    house = house_in(geometry.encode(plan))
    verdict = sell_out(house, seed=11, judged_every=every)
    assert verdict.parties > 300
    assert (verdict.invalid, verdict.avoidable_splits, verdict.avoidable_singles) == (0, 0, 0)
    assert verdict.share_together >= 0.98
    assert at(verdict.distances, 0.95) <= 1.10
    assert verdict.left < house.special.count(SPACE) + SMALLEST  # nobody of these asked for a space
