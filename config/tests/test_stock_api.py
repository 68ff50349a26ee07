"""Prices, holds and plans over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.tests.test_staff_api import caller, free_ones, send
from core.tenancy import acting_for
from inventory.models import AllocationPlan, EventSeat, Hold, PriceChange, SeatEntry

pytestmark = pytest.mark.django_db
FREE = -1


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house


def seat(house, ordinal):
    """The place with this ordinal; FREE: one that can be bought."""
    ordinal = free_ones(house)[-1] if ordinal == FREE else ordinal
    return EventSeat.objects.get(event=house.event, ordinal=ordinal)


# Prices


def test_the_price_of_a_seat_is_set_and_taken_back(here):
    client, changes = caller(here, "PURCHASING"), PriceChange.objects.count()
    path = f"/inventory/events/{here.event.pk}/seats/{seat(here, FREE).pk}/price"
    status, changed = send(client, "put", path, {"price": "52.50", "reason": "Aisle"})
    assert (status, changed["price"], changed["has_own_price"]) == (200, "52.50", True)
    entry = SeatEntry.objects.filter(event_seat=seat(here, FREE)).latest("pk")
    assert (entry.kind, entry.reason, entry.price_before, entry.price_after) == (
        "REPRICED", "Aisle", 40, entry.price_after,
    )  # fmt: skip
    assert entry.actor == f"user:{here.people['PURCHASING'].pk}"
    again = send(client, "put", path, {"price": "52.50", "reason": "Aisle"})
    assert (again[0], PriceChange.objects.count()) == (200, changes + 1)
    status, changed = send(client, "put", path, {"price": None, "reason": "As all"})
    assert (status, changed["price"], changed["has_own_price"]) == (200, "40.00", False)


@pytest.mark.parametrize(
    ("ordinal", "body", "status"),
    [
        (FREE, {"price": "52.505", "reason": "R"}, 400),
        (FREE, {"price": "-1", "reason": "R"}, 400),
        (FREE, {"price": "1e40", "reason": "R"}, 400),
        (FREE, {"price": "52.50"}, 400),
        (FREE, {"price": "3.00", "reason": "Below cost"}, 409),
        (0, {"price": "52.50", "reason": "Sold"}, 409),
        (60, {"price": "52.50", "reason": "Not ours"}, 409),
    ],
)
def test_a_price_that_cannot_be_is_refused(here, ordinal, body, status):
    place, changes = seat(here, ordinal), PriceChange.objects.count()
    path = f"/inventory/events/{here.event.pk}/seats/{place.pk}/price"
    answer, problem = send(caller(here), "put", path, body)
    assert (answer in (status, 422), bool(problem["detail"])) == (True, True), problem
    assert seat(here, ordinal).price == place.price
    assert PriceChange.objects.count() == changes


# Holds


def test_a_hold_from_its_making_to_its_release(here):
    client, held = caller(here, "PURCHASING"), EventSeat.objects.filter(status="HELD").count()
    seats, until = free_ones(here)[:3], (timezone.now() + timedelta(days=3)).isoformat()
    status, hold = send(
        client,
        "post",
        "/inventory/holds",
        {
            "event": str(here.event.pk),
            "hold_type": "ARTIST",
            "name": "The band",
            "seats": seats,
            "hold_until": until,
        },
    )
    assert (status, hold["seats"], hold["held"], hold["is_active"]) == (201, seats, 3, True)
    part = {
        "event": str(here.event.pk),
        "hold_type": "ARTIST",
        "name": "The drummer",
        "quantity": 1,
        "pool": hold["id"],
    }
    status, drummer = send(client, "post", "/inventory/holds", part)
    assert (status, drummer["pool"], drummer["held"]) == (201, hold["id"], 1)
    path = f"/inventory/holds/{hold['id']}"
    status, after = send(client, "put", f"{path}/release", {"quantity": 1, "reason": "Fewer"})
    assert (status, after["held"]) == (200, 1)
    listed = send(client, "get", f"/inventory/holds?event={here.event.pk}")[1]["results"]
    found = {one["name"]: one["held"] for one in listed}
    assert (found["The band"], found["The drummer"]) == (1, 1)
    assert send(client, "delete", path)[0] == 204
    assert send(client, "get", path)[1]["is_active"] is False
    assert EventSeat.objects.filter(status="HELD").count() == held


def test_places_that_somebody_has_cannot_be_held(here):
    body = {
        "event": str(here.event.pk),
        "hold_type": "PRESS",
        "name": "Critics",
        "seats": [0, free_ones(here)[0]],
    }
    holds = Hold.objects.count()
    status, problem = send(caller(here), "post", "/inventory/holds", body)
    assert (status, problem["code"], problem["lost"]) == (409, "not_holdable", [0])
    assert Hold.objects.count() == holds
    assert seat(here, body["seats"][1]).status == "AVAILABLE"
    for wrong in ({"hold_type": "FRIENDS"}, {"seats": []}, {"quantity": 2}, {"hold_until": "soon"}):
        assert send(caller(here), "post", "/inventory/holds", {**body, **wrong})[0] == 400


def test_ordinals_of_another_layout_are_neither_held_nor_released(here):
    client, drawn = caller(here, "PURCHASING"), here.event.layout.content_hash
    body = {
        "event": str(here.event.pk),
        "hold_type": "PRESS",
        "name": "Critics",
        "seats": free_ones(here)[:2],
    }
    held = EventSeat.objects.filter(status="HELD").count()
    status, problem = send(client, "post", "/inventory/holds", {**body, "drawn": drawn[::-1]})
    assert (status, problem["code"]) == (409, "map_redrawn")
    assert EventSeat.objects.filter(status="HELD").count() == held
    status, hold = send(client, "post", "/inventory/holds", {**body, "drawn": drawn})
    assert (status, hold["held"]) == (201, 2)
    path = f"/inventory/holds/{hold['id']}/release"
    some = {"seats": hold["seats"][:1]}
    status, problem = send(client, "put", path, {**some, "drawn": drawn[::-1]})
    assert (status, problem["code"]) == (409, "map_redrawn")
    assert send(client, "put", path, {**some, "drawn": drawn})[1]["held"] == 1


# Allocation plans


def plan_of(house, *shares, name="Half and half"):
    return {"event": str(house.event.pk), "name": name, "shares": list(shares)}


def test_a_plan_from_its_draft_to_its_use(here):
    client = caller(here, "PURCHASING")
    web = {"channel": "WEB", "section": "Stalls", "percent": "50"}
    partner = {"channel": "PARTNER", "quantity": 30, "order": "LAST"}
    status, plan = send(client, "post", "/inventory/allocation/plan", plan_of(here, web, partner))
    assert (status, plan["status"], plan["changed"]) == (201, "DRAFT", 0)
    path = f"/inventory/allocation/plans/{plan['id']}"
    picture = send(client, "get", f"/inventory/allocation/visualization?plan={plan['id']}")[1]
    totals = {each["channel"]: each["places"] for each in picture["totals"]}
    free = len(free_ones(here))
    assert totals == {"WEB": free // 2, "PARTNER": free - free // 2}
    misfits = [(each["wanted"], each["given"]) for each in picture["misfits"]]
    assert misfits == [(30, free - free // 2)]
    assert not EventSeat.objects.exclude(channel="").exists()
    changed = send(client, "put", path, {"shares": [web]})[1]
    assert [share["channel"] for share in changed["shares"]] == ["WEB"]
    applied = send(client, "post", "/inventory/allocation/apply", {"plan": plan["id"]})[1]
    assert (applied["status"], applied["changed"]) == ("APPLIED", free // 2)
    assert EventSeat.objects.filter(channel="WEB").count() == free // 2
    assert send(client, "put", path, {"shares": [partner]})[0] == 409
    listed = send(client, "get", "/inventory/allocation/plans?status=APPLIED")[1]["results"]
    assert [one["id"] for one in listed] == [plan["id"]]


def test_a_plan_that_makes_no_sense_is_refused_whole(here):
    client = caller(here)
    good = {"channel": "WEB", "quantity": 1}
    wrong = [
        {**good, "percent": "10"},
        {"channel": "WEB"},
        {"channel": "WEB", "percent": "101"},
        {"channel": "WEB", "percent": "0"},
        {"channel": "WEB", "quantity": -5},
        {**good, "channel": "RADIO"},
        {**good, "section": "Gods"},
        {**good, "price_level": "01a1fc84-7777-7000-8000-000000000000"},
    ]
    for share in wrong:
        status, problem = send(
            client, "post", "/inventory/allocation/plan", plan_of(here, good, share)
        )
        assert status in (400, 422), problem
    assert not AllocationPlan.objects.exists()
    assert send(client, "post", "/inventory/allocation/plan", plan_of(here, good))[0] == 201
    assert send(client, "post", "/inventory/allocation/plan", plan_of(here, good))[0] == 422
