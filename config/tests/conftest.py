"""The agency that stories of the back office play in, its people, and an event of its."""

import pytest

from config.tests import world
from config.tests.worlds import (
    half_owned_house,
    made_house,
    made_shop,
    parterre,
    small_parterre,
)
from core import invariants
from core.tenancy import acting_for


@pytest.fixture
def agency():
    made = world.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def mireille(agency):
    return world.client_of(world.staff(agency, "OWNER"), agency)


@pytest.fixture
def event(agency):
    """On sale in a house of its own, of which nothing is bought yet."""
    _, layout = world.venue()
    return world.event_on_sale(layout)


@pytest.fixture
def ines(agency):
    return world.person("ines@parterre.example", name="Ines")


@pytest.fixture
def omar(agency):
    """An owner, who approves any amount."""
    return world.staff(agency, "OWNER")


@pytest.fixture
def right_books(agency):
    """Whatever a story did, the books are right afterwards."""
    yield
    assert invariants.violations() == {}


__all__ = ["half_owned_house", "made_house", "made_shop", "parterre", "small_parterre"]
