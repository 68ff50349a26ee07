"""The reports of inventory over the API: the figures of the back office, for the same people."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import ApiKey
from agencies.queries import local_today
from config.tests import world
from core.tenancy import acting_for

pytestmark = pytest.mark.django_db
VALUE, MOVEMENT = "/api/v1/inventory/reports/value", "/api/v1/inventory/reports/movement"


@pytest.fixture
def here():
    """Row A and B of the stalls, 20 seats for 25 each to sell at 40, two of them sold."""
    made = world.agency()
    roles = ("OWNER", "PURCHASING", "FINANCE", "BOX_OFFICE")
    people = {role: world.staff(made, role) for role in roles}
    with acting_for(made.pk):
        _, layout = world.venue()
        event = world.event_on_sale(layout)
        world.received_order(event, rows="A-B")
        world.sold_booking(event, [0, 1])
        yield world.House(made, people, event, rows={})


def caller(house, role="OWNER"):
    _, secret = ApiKey.objects.make(role="staff", name=role, user=house.people[role])
    return Client(headers={"authorization": f"Bearer {secret}"})


def test_the_value_of_the_stock_by_section_with_its_sums(here):
    answer = caller(here).get(VALUE, {"by": "section"}).json()
    assert answer["by"] == "section"
    [row] = answer["rows"]
    figures = {name: row[name] for name in ("name", "seats", "cost", "list", "currency", "event")}
    assert figures == {
        **{"name": "Stalls", "seats": 18, "cost": "450.00", "list": "720.00", "currency": "EUR"},
        "event": here.event.title,
    }
    assert answer["totals"] == [
        {"currency": "EUR", "seats": 18, "cost": "450.00", "list": "720.00"}
    ]


def test_the_value_of_a_past_day_is_what_it_was_then(here):
    yesterday = local_today() - timedelta(days=1)
    answer = caller(here).get(VALUE, {"on": yesterday}).json()
    assert (answer["on"], answer["rows"]) == (yesterday.isoformat(), [])


def test_movement_by_day_and_for_the_period(here):
    [row] = caller(here).get(MOVEMENT).json()["rows"]
    assert (row["opening"], row["bought"], row["sold"], row["closing"]) == (0, 20, 2, 18)
    assert (row["day"], row["event_id"]) == (None, str(here.event.pk))
    assert (row["opening_cost"], row["closing_cost"]) == ("0.00", "450.00")
    [row] = caller(here).get(MOVEMENT, {"by": "day", "each": "all"}).json()["rows"]
    assert (row["day"], row["event"]) == (local_today().isoformat(), None)


@pytest.mark.parametrize(
    ("path", "asked", "wrong"),
    [
        (VALUE, {"by": "moon"}, "by"),
        (VALUE, {"on": "2026-13-01"}, "on"),
        (VALUE, {"event": "7"}, "event"),
        (VALUE, {"event": "01890000-0000-7000-8000-000000000000"}, "event"),
        (MOVEMENT, {"since": "2026-11-02", "until": "2026-11-01"}, "until"),
        (MOVEMENT, {"by": "year"}, "by"),
        (MOVEMENT, {"since": "-5000-01-01"}, "since"),
    ],
)
def test_a_bad_question_is_a_problem_document_that_names_it(here, path, asked, wrong):
    answer = caller(here).get(path, asked)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert list(answer.json()["errors"]) == [wrong]


def test_who_may_not_see_the_stock_in_the_back_office_may_not_here(here):
    for role, status in (("PURCHASING", 200), ("FINANCE", 200), ("BOX_OFFICE", 403)):
        for path in (VALUE, MOVEMENT):
            assert caller(here, role).get(path).status_code == status, role
    partner = ApiKey.objects.make(role="partner", name="P")[1]
    strangers = Client(headers={"authorization": f"Bearer {partner}"})
    assert strangers.get(VALUE).status_code == 403
    assert Client(headers={"host": here.agency.host}).get(VALUE).status_code in (401, 403)


def test_another_agencys_event_is_no_event_here(here):
    other = world.agency("elsewhere")
    with acting_for(other.pk):
        _, layout = world.venue()
        theirs = world.event_on_sale(layout)
    answer = caller(here).get(VALUE, {"event": theirs.pk})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["event"])


def test_what_the_api_can_be_asked_stands_in_its_document(here):
    paths = caller(here).get("/api/v1/schema/").json()["paths"]
    names = {p["name"] for p in paths["/api/v1/inventory/reports/value"]["get"]["parameters"]}
    assert names == {"on", "by", "which", "event"}
