"""The API of staff: the same rights as in the back office, the same services, nothing of others."""

import pytest
from django.test import Client

from accounts.models import ApiKey
from agencies.models import Membership
from bookings.models import Booking
from config.tests import world
from core.memory import Remembered
from core.tenancy import acting_for
from inventory.models import EventSeat
from suppliers.models import Supplier

pytestmark = pytest.mark.django_db
API = "/api/v1"
ROLES = sorted(Membership.Role.values)


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house


def caller(house, role="OWNER"):
    """A client with a staff key of the member with this role."""
    with acting_for(house.agency.pk):
        _, secret = ApiKey.objects.make(role="staff", name=role, user=house.people[role])
    return keyed(secret)


def keyed(secret):
    return Client(headers={"authorization": f"Bearer {secret}"})


def send(client, method, path, body=None):
    """(status, JSON or None) of a call."""
    ask = getattr(client, method)
    sent = {} if method == "get" else {"content_type": "application/json"}
    answer = ask(f"{API}{path}", body, **sent)
    return answer.status_code, answer.json() if answer.content else None


# Who may


@pytest.mark.parametrize("role", ROLES)
def test_a_staff_key_may_what_its_user_may_in_the_back_office(here, role):
    client = caller(here, role)
    may_see = role in ("OWNER", "PURCHASING", "FINANCE")
    may_make = role in ("OWNER", "PURCHASING")
    assert send(client, "get", "/suppliers")[0] == (200 if may_see else 403)
    made = send(client, "post", "/suppliers", {"name": f"By {role}"})[0]
    assert made == (201 if may_make else 403)
    assert Supplier.objects.filter(name=f"By {role}").exists() == may_make
    seats = send(client, "get", f"/inventory/events/{here.event.pk}/seats")[0]
    assert seats == (200 if role in ("OWNER", "PURCHASING", "BOX_OFFICE") else 403)


def test_nobody_and_other_keys_are_turned_away(here):
    partner = keyed(ApiKey.objects.make(role="partner", name="P")[1])
    for client in (Client(headers={"host": here.agency.host}), partner):
        assert send(client, "get", "/suppliers")[0] in (401, 403)
        assert send(client, "post", "/suppliers", {"name": "X"})[0] in (401, 403)
    assert not Supplier.objects.filter(name="X").exists()


def test_a_key_dies_with_the_membership_and_with_the_account(here):
    client = caller(here, "PURCHASING")
    person = here.people["PURCHASING"]
    Membership.objects.filter(user=person).delete()
    assert send(client, "get", "/suppliers")[0] == 403
    person.is_active = False
    person.save()
    Remembered.forget_everything()
    assert send(client, "get", "/suppliers")[0] == 401


def test_a_session_of_the_back_office_counts_with_its_token_only(here):
    browser = Client(headers={"host": here.agency.host}, enforce_csrf_checks=True)
    browser.force_login(here.people["OWNER"], backend="django.contrib.auth.backends.ModelBackend")
    assert send(browser, "get", "/suppliers")[0] == 200
    assert send(browser, "post", "/suppliers", {"name": "Forged"})[0] == 403
    assert not Supplier.objects.filter(name="Forged").exists()


def test_nothing_of_another_agency_is_seen_or_changed(here):
    other = world.small_house("balcon")
    theirs = other.rows["suppliers.supplier"]
    client = caller(here)
    assert send(client, "get", f"/suppliers/{theirs.pk}")[0] == 404
    assert send(client, "put", f"/suppliers/{theirs.pk}", {"name": "Ours"})[0] == 404
    assert send(client, "delete", f"/suppliers/{theirs.pk}")[0] == 404
    assert send(client, "get", f"/inventory/events/{other.event.pk}/seats")[0] == 404
    listed = send(client, "get", "/suppliers")[1]["results"]
    assert [one["id"] for one in listed] == [str(here.rows["suppliers.supplier"].pk)]


# Suppliers


def test_a_supplier_from_first_to_last(here):
    client = caller(here)
    status, made = send(
        client,
        "post",
        "/suppliers",
        {
            "name": "Halle Verdier",
            "supplier_type": "VENUE_OWNER",
            "contact_person": "Arnaud Cordier",
            "wholesale_discount_rate": "0.2",
            "credit_line": "10000.00",
            "payment_terms": "NET_60",
            "contract_start_date": "2026-01-01",
        },
    )
    assert (status, made["wholesale_discount_rate"]) == (201, "0.2000")
    kept = Supplier.objects.get(pk=made["id"])
    assert (kept.kind, kept.wholesale_discount, kept.payment_terms) == ("VENUE_OWNER", 20, "NET_60")
    status, changed = send(
        client, "put", f"/suppliers/{kept.pk}", {"contract_end_date": "2027-01-01"}
    )
    assert (status, changed["contact_person"]) == (200, "Arnaud Cordier")
    assert send(client, "delete", f"/suppliers/{kept.pk}")[0] == 204
    assert send(client, "get", "/suppliers?is_active=true&q=verdier")[1]["results"] == []
    assert send(client, "get", f"/suppliers/{kept.pk}")[1]["is_active"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "Quai Productions"}, "name"),
        ({"name": "N", "supplier_type": "BROKER"}, "supplier_type"),
        ({"name": "N", "wholesale_discount_rate": "20"}, "wholesale_discount_rate"),
        ({"name": "N", "credit_line": "-1"}, "credit_line"),
        ({"name": "N", "currency": "EURO"}, "currency"),
        ({"name": "N", "contract_start_date": "2026-02-30"}, "contract_start_date"),
        (
            {"name": "N", "contract_start_date": "2026-02-02", "contract_end_date": "2026-02-01"},
            "contract_end_date",
        ),
        ({"name": "N", "agency_id": "01890000-0000-7000-8000-000000000000"}, "agency_id"),
    ],
)
def test_a_supplier_that_makes_no_sense_is_refused_by_field(here, body, field):
    before = Supplier.objects.count()
    status, problem = send(caller(here), "post", "/suppliers", body)
    assert (status, list(problem["errors"])) == (400, [field])
    assert Supplier.objects.count() == before


# Seats


def test_the_seats_of_an_event_by_state(here):
    client, event = caller(here), f"/inventory/events/{here.event.pk}"
    owned = send(client, "get", f"{event}?limit=200")[1]["results"]
    free = send(client, "get", f"{event}/available?limit=200")[1]["results"]
    seats = EventSeat.objects.filter(event=here.event, ownership="OWNED")
    assert len(owned) == seats.count() == 20
    assert [seat["ordinal"] for seat in free] == free_ones(here)
    sold = next(seat for seat in owned if seat["ordinal"] == 0)
    assert (sold["status"], sold["cost"], sold["price"]) == ("SOLD", "25.00", "40.00")
    assert sold["booking"] == str(here.rows["bookings.booking"].pk)
    assert send(client, "get", f"{event}/seats/{sold['id']}")[1] == sold
    assert send(client, "get", f"{event}/seats/999999999")[0] == 404
    circle = send(client, "get", f"{event}/seats?section=Circle&limit=200")[1]["results"]
    assert {seat["ownership"] for seat in circle} == {"NOT_OWNED"}
    assert send(client, "get", f"{event}/seats?status=GONE")[0] == 400


def test_a_list_of_seats_pages_and_asks_a_fixed_number_of_questions(
    here, django_assert_max_num_queries
):
    client, path = caller(here), f"/inventory/events/{here.event.pk}/seats?limit=40"
    ordinals = []
    for _ in range(3):
        with django_assert_max_num_queries(8):
            answer = client.get(path if path.startswith("http") else f"{API}{path}").json()
        ordinals += [seat["ordinal"] for seat in answer["results"]]
        path = answer["next"]
    assert ordinals == list(range(90))
    assert path is None


# Reserving under the inventory's names


def free_ones(house):
    """The ordinals that can be bought, in map order."""
    seats = EventSeat.objects.of(house.event).sellable().order_by("ordinal")
    return list(seats.values_list("ordinal", flat=True))


def test_reserving_in_a_batch_is_all_or_nothing(here):
    buyer = keyed(ApiKey.objects.make(role="partner", name="P")[1])
    event, (one, two, three, *_) = str(here.event.pk), free_ones(here)
    wish = {
        "reservations": [{"event": event, "seats": [one, two]}, {"event": event, "seats": [two]}]
    }
    bookings = Booking.objects.count()
    status, problem = send(buyer, "post", "/inventory/reserve/batch", wish)
    assert (status, problem["code"], problem["lost"]) == (409, "seats_taken", [two])
    assert Booking.objects.count() == bookings
    assert EventSeat.objects.get(event=here.event, ordinal=one).status == "AVAILABLE"
    wish["reservations"][1]["seats"] = [three]
    status, made = send(buyer, "post", "/inventory/reserve/batch", wish)
    assert (status, [len(one["items"]) for one in made["reservations"]]) == (201, [2, 1])


def test_a_reservation_is_released_by_who_made_it(here):
    buyer, stranger = (keyed(ApiKey.objects.make(role="partner", name=n)[1]) for n in "PQ")
    ordinal = free_ones(here)[0]
    wish = {"event": str(here.event.pk), "seats": [ordinal]}
    made = send(buyer, "post", "/inventory/reserve", wish)[1]
    assert send(stranger, "post", "/inventory/release", {"booking": made["id"]})[0] == 404
    assert EventSeat.objects.get(event=here.event, ordinal=ordinal).status == "RESERVED"
    assert send(buyer, "post", "/inventory/release", {"booking": made["id"]})[0] == 204
    assert EventSeat.objects.get(event=here.event, ordinal=ordinal).status == "AVAILABLE"
