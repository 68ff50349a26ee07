"""Promotions over the API: what codes take off, and their terms for staff."""

import json

import pytest
from django.test import Client

from accounts.models import ApiKey
from config.tests import world
from core.tenancy import acting_for
from inventory.models import EventSeat
from promotions.guessing import WRONG_AT_MOST
from promotions.models import Code, Promotion
from promotions.tests.factories import applied, running, tickets, used

pytestmark = pytest.mark.django_db
API = "/api/v1/promotions"


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house


def keyed(house, **fields):
    with acting_for(house.agency.pk):
        _, secret = ApiKey.objects.make(name="A key", **fields)
    host = {"host": house.agency.host, "Authorization": f"Api-Key {secret}"}
    return Client(headers=host)


@pytest.fixture
def buyer(here):
    return keyed(here, role="buyer")


@pytest.fixture
def owner(here):
    return keyed(here, role="staff", user=here.people["OWNER"])


def send(client, method, path, body):
    answer = client.generic(method, path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def validate(client, event, *codes, seats=(10, 11), **more):
    body = {"event": str(event.pk), "seats": list(seats), "codes": list(codes), **more}
    return send(client, "POST", f"{API}/validate", body)


# What codes take off


def test_a_code_says_what_it_takes_off_each_place(here, buyer):
    running("EARLY", name="Early bird", events=[here.event.pk])
    assert validate(buyer, here.event, "early") == (
        200,
        {
            "valid": True,
            "currency": "EUR",
            "discount": "8.00",
            "codes": [
                {
                    "code": "EARLY",
                    "valid": True,
                    "promotion": "Early bird",
                    "discount": "8.00",
                    "reason": "",
                    "message": "",
                }
            ],
            "seats": [
                {"seat": 10, "price": "40.00", "discount": "4.00"},
                {"seat": 11, "price": "40.00", "discount": "4.00"},
            ],
        },
    )


def test_a_place_may_have_a_price_of_its_own_even_nothing(here, buyer):
    running("EARLY")
    EventSeat.objects.filter(ordinal=10).update(price=0)
    EventSeat.objects.filter(ordinal=11).update(price="25.00")
    told = validate(buyer, here.event, "EARLY")[1]["seats"]
    assert [(seat["price"], seat["discount"]) for seat in told] == [
        ("0.00", "0.00"),
        ("25.00", "2.50"),
    ]


def test_it_says_why_a_code_takes_nothing_off(here, buyer):
    running("ONCE", usage_limit_per_customer=1)
    used("ONCE", email="noor@post.example")
    status, told = validate(buyer, here.event, "ONCE", "NOSUCH", email="noor@post.example")
    assert (status, told["valid"], told["discount"]) == (200, False, "0.00")
    assert [(code["code"], code["reason"], code["message"]) for code in told["codes"]] == [
        ("ONCE", "used_by_you", "You have used this code as often as one may."),
        ("NOSUCH", "unknown", "There is no such code."),
    ]


def test_who_guesses_is_stopped_and_who_has_a_code_is_not(here, buyer):
    running("EARLY")
    for n in range(WRONG_AT_MOST - 1):
        assert validate(buyer, here.event, f"GUESS-{n}", "EARLY")[0] == 200
    status, problem = validate(buyer, here.event, "GUESS-X", "GUESS-Y")
    assert (status, problem["code"]) == (429, "too_many_guesses")
    assert validate(keyed(here, role="partner"), here.event, "EARLY")[0] == 200


def test_known_codes_are_no_guesses(here, buyer):
    running("EARLY")
    for _ in range(WRONG_AT_MOST + 2):
        assert validate(buyer, here.event, "EARLY")[1]["valid"]


HOSTILE = [
    {"seats": []},
    {"seats": [10, 10]},
    {"seats": [999]},
    {"seats": [-1]},
    {"codes": []},
    {"codes": ["X"] * 6},
    {"codes": ["x" * 121]},
    {"codes": "EARLY"},
    {"codes": [{"$ne": ""}]},
    {"email": "nobody"},
    {"price": "0.01"},
]


@pytest.mark.parametrize("changed", HOSTILE, ids=str)
def test_what_makes_no_sense_is_refused(here, buyer, changed):
    asked = {"event": str(here.event.pk), "seats": [10], "codes": ["EARLY"], **changed}
    status, problem = send(buyer, "POST", f"{API}/validate", asked)
    assert status in (400, 422)
    assert problem["code"] == "invalid"


def test_an_event_of_another_agency_is_none(here, buyer):
    other = world.small_house("balcon")
    assert validate(buyer, other.event, "EARLY")[0] == 404
    assert send(Client(headers={"host": here.agency.host}), "POST", f"{API}/validate", {})[0] == 401


# Staff


TERMS = {
    "name": "Summer",
    "promotion_type": "PERCENTAGE_DISCOUNT",
    "discount_value": "20",
    "max_discount_amount": "50.00",
    "applicable_event_types": ["CONCERT"],
    "usage_limit": 100,
    "code": "SUMMER2024",
    "is_active": True,
}


def test_a_promotion_is_made_with_its_code_and_works(here, owner):
    status, made = send(owner, "POST", API, TERMS)
    assert (status, made["status"], made["discount_value"]) == (201, "ACTIVE", "20.000")
    assert applied("summer2024", items=tickets("100.00")).discount.amount == 20
    page = owner.get(API).json()
    assert [each["id"] for each in page["results"]] == [made["id"]]
    assert owner.get(f"{API}/{made['id']}").json()["usage_limit"] == 100


def test_limits_change_and_terms_do_not_once_it_was_active(here, owner):
    made = send(owner, "POST", API, TERMS)[1]
    path = f"{API}/{made['id']}"
    assert send(owner, "PUT", path, {"usage_limit": 5, "is_active": False})[1]["status"] == "PAUSED"
    status, problem = send(owner, "PUT", path, {"discount_value": "90"})
    assert (status, problem["code"]) == (422, "invalid")
    assert "final: discount_value" in problem["detail"]
    assert Promotion.objects.get().percent == 20


WRONG = [
    ({"discount_value": None}, "discount_value"),
    ({"discount_value": "101"}, "discount_value"),
    ({"discount_value": "12.345"}, "discount_value"),
    ({"promotion_type": "FIXED_DISCOUNT", "discount_value": "0.001"}, "discount_value"),
    ({"promotion_type": "FREE_LUNCH"}, "promotion_type"),
    ({"promotion_type": "BUY_ONE_GET_ONE", "buy": 1}, "get"),
    ({"end_date": "2020-01-01T00:00:00Z", "start_date": "2021-01-01T00:00:00Z"}, "end_date"),
    ({"applicable_events": ["01a1fc84-0000-7000-8000-000000000001"]}, "applicable_events"),
    ({"usage_limit": 0}, "usage_limit"),
    ({"taken": 5}, "taken"),
    ({"status": "ACTIVE"}, "status"),
]


@pytest.mark.parametrize(("changed", "field"), WRONG)
def test_terms_that_make_no_sense_are_refused_by_name(here, owner, changed, field):
    status, problem = send(owner, "POST", API, TERMS | changed)
    if field == "status":  # told, never taken
        assert Promotion.objects.count() == (status == 201)
        return
    assert status == 400
    assert field in problem["errors"]
    assert not Promotion.objects.exists()


def test_a_code_that_exists_leaves_no_promotion_behind(here, owner):
    running("SUMMER-2024")
    status, problem = send(owner, "POST", API, TERMS)
    assert (status, problem["code"]) == (409, "code_taken")
    assert not Promotion.objects.filter(name="Summer").exists()
    assert Code.objects.count() == 1


@pytest.mark.parametrize("role", ["FINANCE", "BOX_OFFICE", "GATE_MANAGER"])
def test_only_who_may_makes_promotions(here, role):
    client = keyed(here, role="staff", user=here.people[role])
    assert send(client, "POST", API, TERMS)[0] == 403
    assert not Promotion.objects.exists()
