"""The agency that stories of the back office play in, and its owner in a browser."""

import pytest

from config.tests import world
from core.tenancy import acting_for


@pytest.fixture
def agency():
    made = world.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def mireille(agency):
    return world.client_of(world.staff(agency, "OWNER"), agency)
