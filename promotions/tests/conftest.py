import pytest

from core import invariants
from core.tenancy import acting_for
from promotions.tests import factories


@pytest.fixture
def agency():
    """An agency acted for; whatever a story did, its uses are counted right afterwards."""
    made = factories.agency()
    with acting_for(made.pk):
        yield made
        assert invariants.violations() == {}
