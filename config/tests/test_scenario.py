"""What load_scenario promises: every word does what it says, or is refused."""

import pytest

from agencies.models import Agency
from config.tests.scenarios import HOUSE, house
from core.errors import Invalid
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from inventory.services import look

pytestmark = pytest.mark.django_db
HALF_PRICED = {**HOUSE["event"], "levels": HOUSE["event"]["levels"][:1]}


def test_all_owned_is_all_of_it_and_what_has_no_price_is_not_on_sale():
    world = house(event=HALF_PRICED, options={"sold": 5})
    with acting_for(world["agency"]["id"]):
        assert set(EventSeat.objects.values_list("ownership", flat=True)) == {"OWNED"}
        assert set(EventSeat.objects.filter(level=None).values_list("cost", "status")) == {
            (0, "AVAILABLE")
        }
        states = look(Event.objects.get().pk, within=0).status
    assert (states.count(1), states.count(0), states.count(2)) == (5, 195, 300)


def test_owned_sections_are_owned_priced_or_not_and_must_exist():
    world = house(event=HALF_PRICED, owned={"sections": ["B"]})
    with acting_for(world["agency"]["id"]):
        owned = EventSeat.objects.filter(ownership="OWNED")
        assert set(owned.values_list("seat__section__label", flat=True)) == {"B"}
    with pytest.raises(Invalid, match="no section Z"):
        house(owned={"sections": ["Z"]})


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {"sould": 4}},
        {"options": {"rate_limits": "of"}},
        {"options": {"payment": "gold"}},
        {"options": {"sold": -1}},
        {"options": {"sold": "all"}},
        {"owned": "most"},
        {"owned": {"section": ["A"]}},
        {"own": "all"},
        {"agency": {"slug": "load", "fee": "6"}},
        {"event": {**HOUSE["event"], "starts": "tomorrow"}},
        {"event": {**HOUSE["event"], "levels": [{"name": "A", "sections": ["A"], "cots": "1"}]}},
    ],
)
def test_what_a_scenario_does_not_know_it_refuses(changes):
    with pytest.raises((Invalid, ValueError)):
        house(**changes)


def test_limits_and_payments_are_what_the_options_say():
    house(options={"rate_limits": "off", "payment": "simulated"})
    with as_system():
        assert not Agency.objects.get().has_limits
    house(options={"rate_limits": "on"})
    with as_system():
        assert Agency.objects.get().has_limits
