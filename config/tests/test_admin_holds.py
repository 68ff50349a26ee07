"""Holds through the back office: made on the map, split, sold from, given back, killed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.models import Booking
from config.tests import world
from config.tests.world import address, of, problems, told
from inventory.models import EventSeat, Hold
from inventory.services import release_places

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    return event


def new(event):
    return f"{address('inventory.hold', 'add')}?event={event.pk}"


def held(hold):
    return list(hold.seats.filter(status="HELD").values_list("ordinal", flat=True))


@pytest.fixture
def hold(mireille, event):
    fields = {"places": "0-9", "kind": "PRESS", "name": "Press row"}
    assert mireille.post(new(event), fields).status_code == 302
    return Hold.objects.get()


def test_whose_places_is_asked_first_and_the_form_shows_the_house(mireille, event):
    asked = mireille.get(address("inventory.hold", "add"))
    assert new(event).encode() in asked.content
    page = mireille.get(new(event))
    assert page.context["map"].among == "0-49"
    assert ("stock-free", "Free", 50) in page.context["map"].legend
    assert page.context["map"].geometry.encode() in page.content


def test_a_hold_is_made_with_its_terms(mireille, event):
    until = timezone.localtime() + timedelta(days=3)
    page = mireille.post(
        new(event),
        {
            "section": event.layout.sections.get(label="Stalls").pk,
            "rows": "B",
            "quantity": "4",
            "order": "LAST",
            "kind": "ARTIST",
            "name": "The band",
            "until": f"{until:%Y-%m-%dT%H:%M}",
            "contact": "tour@post.example",
        },
    )
    hold = Hold.objects.get()
    assert page.url == of(hold)
    assert told(mireille, of(hold)) == ["4 places are held: The band."]
    assert held(hold) == [16, 17, 18, 19]
    assert hold.made_by.email == "owner@parterre.example"


def test_what_is_wrong_stands_on_the_form_and_nothing_typed_is_lost(mireille, event):
    page = mireille.post(new(event), {"places": "48-52", "kind": "ARTIST", "name": "The band"})
    assert problems(page) == ["3 of the chosen places are not free any more."]
    assert page.context["form"]["places"].value() == "48-52"
    page = mireille.post(new(event), {"kind": "ARTIST", "name": "The band"})
    assert problems(page) == [
        "Choose places on the map, name their section or level, or say how many."
    ]
    fields = {"places": "0", "kind": "ARTIST", "name": "x", "until": "2001-01-01T10:00"}
    assert problems(mireille.post(new(event), fields)) == ["The end of the hold is over already."]
    assert not Hold.objects.exists()


def test_a_part_takes_from_its_pool_on_the_map(mireille, hold):
    page = mireille.get(of(hold, "part"))
    assert page.context["map"].among == "0-9"
    mireille.post(of(hold, "part"), {"places": "0-2", "kind": "PRESS", "name": "Tribune"})
    part = hold.parts.get()
    assert (held(part), len(held(hold))) == ([0, 1, 2], 7)
    listed = mireille.get(address("inventory.hold")).context["cl"].result_list
    assert {each.name: each.held for each in listed} == {"Press row": 10, "Tribune": 3}
    for page in (of(part), of(part, "release_some")):
        shown = mireille.get(page).content.decode()
        assert f'<a href="{of(hold)}">Press row</a>' in shown
        assert "Tribune" in shown


def test_the_list_of_holds_has_no_list_of_what_is_none(mireille, hold):
    page = mireille.get(address("inventory.hold")).content.decode()
    assert '<div class="object-tools">' in page
    assert '<ul class="object-tools">' not in page


def test_places_are_given_away_after_a_second_look(mireille, hold):
    fields = {"places": "0-1", "name": "Ada", "email": "ada@post.example", "reason": "review"}
    look = mireille.post(of(hold, "give"), fields)
    assert ("places", "0-1") in look.context["fields"]
    assert not Booking.objects.exists()
    done = mireille.post(of(hold, "give"), {**fields, "previewed": "yes"})
    booking = Booking.objects.get()
    assert (done.url, booking.status, booking.total) == (of(booking), "CONFIRMED", 0)


def test_places_are_sold_after_a_look_at_the_bill(mireille, hold):
    fields = {"places": "0-1", "name": "Ada", "email": "ada@post.example", "hours": "4"}
    look = mireille.post(of(hold, "sell"), fields)
    assert "€84.80" in look.content.decode()
    mireille.post(of(hold, "sell"), {**fields, "previewed": "yes"})
    assert Booking.objects.get().total == Decimal("84.80")


def test_some_are_released_after_a_look_and_then_all(mireille, hold):
    fields = {"places": "0-2", "reason": "too many"}
    mireille.post(of(hold, "release_some"), fields)
    assert len(held(hold)) == 10
    mireille.post(of(hold, "release_some"), {**fields, "previewed": "yes"})
    assert "3 places are released." in told(mireille, of(hold))
    look = mireille.get(of(hold, "release"))
    assert look.context["panels"][0].count == 7
    mireille.post(of(hold, "release"))
    assert EventSeat.objects.filter(status="AVAILABLE", ownership="OWNED").count() == 50
    assert told(mireille, of(hold)) == ["7 places are released."]


def test_of_a_bare_number_the_last_are_released_and_the_best_are_sold(mireille, hold):
    fields = {"quantity": "2", "reason": "too many"}
    look = mireille.post(of(hold, "release_some"), fields)
    assert "<small>A 9-10</small>" in look.content.decode()
    assert ("places", "8-9") in look.context["fields"]
    mireille.post(of(hold, "release_some"), dict(look.context["fields"]) | {"previewed": "yes"})
    assert held(hold) == list(range(8))
    fields = {"quantity": "2", "name": "Ada", "email": "ada@post.example", "hours": "4"}
    look = mireille.post(of(hold, "sell"), fields)
    assert ("places", "0-1") in look.context["fields"]
    mireille.post(of(hold, "part"), {"quantity": "3", "kind": "PRESS", "name": "Tribune"})
    assert held(hold.parts.get()) == [0, 1, 2]
    mireille.post(of(hold, "release_some"), {"places": "7", "previewed": "yes"})
    assert told(mireille, of(hold))[-1] == "1 place is released."


def test_places_looked_at_and_gone_since_are_not_replaced_by_others(mireille, hold):
    look = mireille.post(of(hold, "release_some"), {"quantity": "2"})
    release_places(hold, ordinals=[9])
    sent = dict(look.context["fields"]) | {"previewed": "yes"}
    page = mireille.post(of(hold, "release_some"), sent)
    assert problems(page) == ["One of the chosen places is not held here any more."]
    assert held(hold) == list(range(9))


def test_a_killed_hold_takes_its_places_off_sale_until_they_are_sold_again(mireille, hold):
    page = mireille.post(of(hold, "kill"), {"reason": ""})
    assert page.context["form"].errors["reason"]
    mireille.post(of(hold, "kill"), {"reason": "camera"})
    assert EventSeat.objects.filter(status="BLOCKED").count() == 10
    mireille.post(of(hold, "free"), {"reason": "camera moved"})
    assert not EventSeat.objects.filter(status="BLOCKED").exists()


def test_a_hold_is_extended(mireille, hold):
    assert mireille.get(of(hold, "extend")).url == of(hold)
    assert told(mireille, of(hold)) == [
        "10 places are held: Press row.",
        "Extend is not possible now.",
    ]
    later = timezone.now() + timedelta(days=2)
    Hold.objects.update(until=later)
    new_end = timezone.localtime() + timedelta(days=3)
    mireille.post(of(hold, "extend"), {"until": f"{new_end:%Y-%m-%dT%H:%M}"})
    hold.refresh_from_db()
    assert hold.until > later


def test_the_box_office_holds_and_sells_but_finance_does_not_see_holds(agency, hold):
    page = of(hold)
    box_office = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    assert box_office.get(page).status_code == 200
    assert box_office.get(of(hold, "sell")).status_code == 200
    finance = world.client_of(world.staff(agency, "FINANCE"), agency)
    assert finance.get(page).status_code == 403


def test_the_event_shows_its_holds(mireille, hold):
    page = mireille.get(of(hold.event)).content.decode()
    assert new(hold.event) in page
    assert "Press row" in page
