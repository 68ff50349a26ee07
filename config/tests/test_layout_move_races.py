"""The house is moved to another version of its layout while buyers take places in it."""

import pytest
from django.db import connections

from config.tests import world
from config.tests.servers import together
from config.tests.test_layout_moves import names, version
from core import invariants
from core.errors import DomainError
from core.tenancy import acting_for
from events.models import Event
from inventory.models import LayoutMove
from inventory.moving import move_event
from inventory.services import Redrawn, claiming
from tickets.models import Ticket

pytestmark = pytest.mark.race

BUYERS, ROUNDS = 6, 4


@pytest.fixture
def event(committed_db):
    house = world.agency()
    with acting_for(house.pk):
        event = world.event_on_sale(world.venue()[1])
        world.received_order(event, rows="B-E")
        yield event


def alone(event, work):
    """The work in a thread of its own: its result, or "refused"."""

    def run():
        try:
            with acting_for(event.agency_id):
                return work()
        except DomainError:
            return "refused"
        finally:
            connections.close_all()

    return run


def test_a_buyer_gets_the_place_he_saw_or_none_while_the_house_is_moved(event):
    """Every ordinal shifts back and forth by two; a place taken under the wrong one would show."""
    first = event.layout
    second = version(first, without={("A", "1"), ("A", "2")})
    got = 0
    for number in range(ROUNDS):
        event = Event.objects.select_related("layout").get(pk=event.pk)
        target = second if event.layout == first else first
        seen = names(event)
        free = [o for o, name in seen.items() if name[1] == "BCDE"[number]][:BUYERS]
        buys = [alone(event, lambda o=o, e=event: world.reservation(e, [o])) for o in free]
        moving = alone(
            event, lambda e=event, t=target: move_event(event=e, layout=t, reason="Back")
        )
        moved, *bookings = together([moving, *buys])
        assert isinstance(moved, LayoutMove), moved
        for ordinal, booking in zip(free, bookings, strict=True):
            if booking != "refused":
                ticket = Ticket.objects.get(items__booking=booking)
                assert (ticket.section, ticket.row, ticket.seat) == seen[ordinal]
                assert names(event)[ticket.ordinal] == seen[ordinal]
                got += 1
        assert invariants.violations() == {}
    assert LayoutMove.objects.count() == ROUNDS
    assert Ticket.objects.count() == got


@pytest.mark.parametrize("is_guarded", [True, False])
def test_control_without_a_look_at_the_layout_a_late_buyer_gets_another_place(
    event, monkeypatch, is_guarded
):
    late = Event.objects.get(pk=event.pk)
    wanted = names(event)[20]
    move_event(event=event, layout=version(event.layout, without={("A", "1")}), reason="Camera")
    if not is_guarded:
        for name in ("CLAIM_CHOSEN", "CLAIM_UNLOCKED"):
            blind = getattr(claiming, name).replace(
                "layout_id = %(layout)s", "%(layout)s::uuid IS NOT NULL"
            )
            monkeypatch.setattr(claiming, name, blind)
        ticket = Ticket.objects.get(items__booking=world.reservation(late, [20]))
        assert (ticket.section, ticket.row, ticket.seat) != wanted
    else:
        with pytest.raises(Redrawn):
            world.reservation(late, [20])


def test_of_two_who_move_an_event_at_once_one_does(event):
    second = version(event.layout, without={("A", "1")})
    third = version(event.layout, without={("A", "2")})
    answers = together(
        [
            alone(event, lambda t=target: move_event(event=event, layout=t, reason="Race"))
            for target in (second, third)
        ]
    )
    assert sorted(isinstance(each, LayoutMove) for each in answers) == [False, True]
    assert LayoutMove.objects.count() == 1
    assert invariants.violations() == {}
