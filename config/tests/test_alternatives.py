"""What is offered for seats just lost is never worse without a word."""

from decimal import Decimal

from bookings.refusals import _offer, _signs
from inventory.picker import FreePlace, alternatives


def place(ordinal, *, row=1, price=45, kind="STANDARD", restricted_view=False):
    return FreePlace(
        ordinal=ordinal,
        section_position=0,
        section="A",
        row_position=row,
        row=str(row),
        label=str(ordinal),
        block=0,
        index=ordinal,
        x=20 * ordinal,
        y=20 * row,
        kind=kind,
        restricted_view=restricted_view,
        price=Decimal(price),
        level_id=None,
    )


def row_of(count, **signs):
    return [place(ordinal, **signs) for ordinal in range(count)]


WANTED = [place(100, row=2), place(101, row=2)]


def ordinals(groups):
    return [[place.ordinal for place in group] for group in groups]


def test_a_restricted_view_is_no_match_for_a_full_one():
    free = [*row_of(4, restricted_view=True), place(4), place(5)]
    assert ordinals(alternatives(free, WANTED)) == [[4, 5]]
    assert alternatives(row_of(4, restricted_view=True), WANTED) == []


def test_whoever_chose_a_restricted_view_gets_no_more_of_it_and_is_told():
    half = [WANTED[0]._replace(restricted_view=True), WANTED[1]]
    free = [*row_of(4, restricted_view=True), place(4)]
    assert ordinals(alternatives(free, half)) == [[3, 4]]
    assert _signs(free[3:]) == ["1 with restricted view"]
    assert _signs(free[:2]) == ["restricted view"]


def test_a_companion_seat_is_offered_only_to_company():
    assert alternatives(row_of(4, kind="COMPANION"), WANTED) == []


def test_a_wheelchair_space_is_replaced_by_one():
    wanted = [WANTED[0]._replace(kind="WHEELCHAIR"), WANTED[1]]
    spaces = [place(9, kind="WHEELCHAIR"), place(19, kind="WHEELCHAIR")]
    found = alternatives([*row_of(8), *spaces, place(10, kind="COMPANION")], wanted)
    assert ordinals(found) == [[19, 10], [9, 7]]
    assert _signs(found[0]) == ["1 wheelchair space", "companion seat"]
    assert alternatives(row_of(8), wanted) == []


def test_standing_instead_of_seats_is_called_so():
    standing = row_of(5, kind="STANDING")
    found = alternatives(standing, WANTED)
    assert len(found) == 1
    assert "As good" not in _offer(WANTED, found)
    assert "As good" in _offer(standing[:2], alternatives(standing, standing[:2]))
    assert len(alternatives([*standing, *row_of(4)], WANTED)) == 2


def test_a_group_costs_no_more_by_place_or_in_all():
    wanted = [WANTED[0], WANTED[1]._replace(price=Decimal(20))]
    assert alternatives(row_of(4, price=40), wanted) == []
    assert len(alternatives(row_of(4, price=32), wanted)) == 2
    assert alternatives([place(0, price=10), place(1, price=46)], wanted) == []
