"""What is offered for seats just lost is never worse without a word."""

from dataclasses import replace
from decimal import Decimal

from bookings.offers import signs
from bookings.refusals import _offer
from inventory.picking import alternatives
from inventory.picking.house import House, Place
from inventory.queries import NamedPlace


def place(ordinal, *, row=1, price=45, kind="STANDARD", restricted_view=False):
    return NamedPlace(
        ordinal=ordinal,
        section="A",
        row=str(row),
        label=str(ordinal),
        kind=kind,
        restricted_view=restricted_view,
        price=Decimal(price),
        x=20 * ordinal,
        y=20 * row,
    )


def instead(free, wanted):
    """The alternatives in a house of these free places alone; what is too dear is not asked for."""
    free = sorted(free, key=lambda place: place.ordinal)
    house = House.of(
        [
            Place(
                "A",
                place.row,
                0,
                place.ordinal,
                place.x,
                place.y,
                place.kind,
                "",
                "",
                place.restricted_view,
            )
            for place in free
        ],
        (0, 0),
    )
    dearest = max(place.price for place in wanted)
    stands = bytes(2 * (place.price > dearest) for place in free)
    numbered = [replace(place, ordinal=at) for at, place in enumerate(free)]
    groups = alternatives(
        house, stands, wanted, named=lambda positions: [numbered[at] for at in positions]
    )
    return [[free[place.ordinal] for place in group] for group in groups]


def row_of(count, **signs):
    return [place(ordinal, **signs) for ordinal in range(count)]


WANTED = [place(100, row=2), place(101, row=2)]


def ordinals(groups):
    return [[place.ordinal for place in group] for group in groups]


def test_a_restricted_view_is_no_match_for_a_full_one():
    free = [*row_of(4, restricted_view=True), place(4), place(5)]
    assert ordinals(instead(free, WANTED)) == [[4, 5]]
    assert instead(row_of(4, restricted_view=True), WANTED) == []


def test_whoever_chose_a_restricted_view_gets_no_more_of_it_and_is_told():
    half = [replace(WANTED[0], restricted_view=True), WANTED[1]]
    free = [*row_of(4, restricted_view=True), place(4)]
    assert ordinals(instead(free, half)) == [[3, 4]]
    assert signs(free[3:]) == ["1 with restricted view"]
    assert signs(free[:2]) == ["restricted view"]


def test_a_companion_seat_is_offered_only_to_company():
    assert instead(row_of(4, kind="COMPANION"), WANTED) == []


def test_a_wheelchair_space_is_replaced_by_one():
    wanted = [replace(WANTED[0], kind="WHEELCHAIR"), WANTED[1]]
    spaces = [place(9, kind="WHEELCHAIR"), place(19, kind="WHEELCHAIR")]
    found = instead([*row_of(8), *spaces, place(10, kind="COMPANION")], wanted)
    assert ordinals(found) == [[9, 10], [7, 19]]
    assert signs(found[0]) == ["1 wheelchair space", "companion seat"]
    assert instead(row_of(8), wanted) == []


def test_standing_instead_of_seats_is_called_so():
    standing = row_of(5, kind="STANDING")
    found = instead(standing, WANTED)
    assert len(found) == 1
    assert "As good" not in _offer(WANTED, found)
    assert "As good" in _offer(standing[:2], instead(standing, standing[:2]))
    assert len(instead([*standing, *(place(at) for at in range(10, 14))], WANTED)) == 2


def test_a_group_costs_no_more_by_place_or_in_all():
    wanted = [WANTED[0], replace(WANTED[1], price=Decimal(20))]
    assert instead(row_of(4, price=40), wanted) == []
    assert len(instead(row_of(4, price=32), wanted)) == 2
    assert instead([place(0, price=10), place(1, price=46)], wanted) == []
