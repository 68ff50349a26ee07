"""Bookings over the API: who sees and changes which, what their lists, tickets and sums say, looking
for seats, and orders."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from django.utils import timezone
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from agencies.models import Membership
from bookings.models import Booking, Cancellation
from bookings.services import confirm
from config.tests import world
from config.tests.api_callers import API, NOOR, calling, member, partner
from config.tests.scenarios import asks, with_rule
from config.tests.test_cancelling import policy
from config.tests.test_tenancy import FOREIGN, RANDOM
from core import invariants
from core.ids import uuid7
from core.memory import Remembered
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from payments.models import Payment, Refund
from promotions.tests.factories import running
from tickets.models import Gate, Ticket
from tickets.services import Recipient, accept_transfer, admit, begin_transfer, code_of

pytestmark = pytest.mark.django_db
NOBODY = "01a1fc84-1111-7000-8000-000000000000"


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house
        assert invariants.violations() == {}


@pytest.fixture
def seller(here):
    return partner(here)


@pytest.fixture
def owner(here):
    return member(here)


def paid(made):
    """What money that came in makes of a reservation."""
    payment = Payment.objects.get(reference=made["order"])
    world.received(payment)
    return confirm(Booking.objects.get(pk=made["id"]).order_key, payment_id=payment.pk)


def numbers(page):
    return [booking["number"] for booking in page["results"]]


def amount(told, *names):
    return sum(Decimal(told[name]) for name in names)


# Who sees which


def test_a_partner_lists_what_he_sold_and_staff_all_of_the_agency(here, seller, owner):
    other = partner(here)
    mine, theirs = seller.reserve(here.event, 2), other.reserve(here.event, 3)
    sold = here.rows["bookings.booking"]
    assert numbers(seller.get("/bookings")[1]) == [mine["number"]]
    assert numbers(other.get("/bookings")[1]) == [theirs["number"]]
    assert numbers(owner.get("/bookings")[1]) == [theirs["number"], mine["number"], sold.number]
    row = seller.get("/bookings")[1]["results"][0]
    assert row["customer"]["email"] == "noor@post.example"
    assert (row["status"], row["channel"], row["ticket_count"]) == ("RESERVED", "API", 1)
    assert amount(row, "price", "fee", "tax") - amount(row, "discount") == amount(row, "total")


def test_the_list_is_narrowed_and_what_makes_no_sense_is_refused(here, seller, owner):
    first, second = seller.reserve(here.event, 2), seller.reserve(here.event, 3, contact=None)
    paid(first)
    customer = Booking.objects.get(pk=first["id"]).customer_id
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat().replace("+", "%2B")

    def found(query):
        return numbers(seller.get(f"/bookings?{query}")[1])

    assert found("status=CONFIRMED") == [first["number"]]
    assert found(f"customer={customer}") == [first["number"]]
    assert found(f"event={here.event.pk}") == [second["number"], first["number"]]
    assert found(f"event={NOBODY}") == found(f"since={tomorrow}") == []
    assert len(found(f"until={tomorrow}")) == 2
    for wrong in ("status=GONE", "event=x", "since=yesterday", "customer=1"):
        assert seller.get(f"/bookings?{wrong}")[0] == 400, wrong


def test_the_list_pages_and_asks_as_much_for_many_as_for_few(here, seller):
    made = [seller.reserve(here.event, place)["number"] for place in range(2, 8)]
    seller.get("/bookings")
    path, listed = "/bookings?limit=4", []
    while path:
        with asks(1):
            page = seller.get(path)[1]
        listed += numbers(page)
        path = page["next"] and f"/bookings?{urlsplit(page['next']).query}"
    assert listed == made[::-1]
    with asks(4):  # the orders, what was put to them, their payments, what of these went back
        assert len(seller.get("/orders?limit=2")[1]["results"]) == 2
    with asks(4):
        assert len(seller.get("/orders?limit=6")[1]["results"]) == 6


def test_a_customers_list_is_for_staff_and_for_his_own_key(here, seller, owner):
    booking = here.rows["bookings.booking"]
    customer = booking.customer_id
    his, path = calling(here, role="buyer", customer_id=customer), f"/bookings/customer/{customer}"
    forged = seller.reserve(here.event, 2)  # names him, and is not his until it is bought
    assert numbers(owner.get(path)[1]) == [forged["number"], booking.number]
    assert numbers(his.get(path)[1]) == numbers(his.get("/bookings")[1]) == [booking.number]
    assert numbers(owner.get(f"{path}?status=CONFIRMED")[1]) == [booking.number]
    for stranger in (seller, calling(here, role="buyer"), owner):
        assert stranger.get(f"/bookings/customer/{NOBODY}")[0] == 404
    assert seller.get(path) == seller.get(f"/bookings/customer/{NOBODY}")


READS = ["", "/tickets", "/summary"]


@pytest.mark.parametrize("path", READS)
def test_who_may_look_at_a_booking(here, seller, path):
    booking = seller.reserve(here.event, 2)
    at = f"/bookings/{booking['id']}{path}"
    assert seller.get(at)[0] == 200
    assert partner(here).get(at) == partner(here).get(f"/bookings/{NOBODY}{path}")
    assert partner(here).get(at)[0] == 404
    for role in Membership.Role.values:
        may = role in ("OWNER", "BOX_OFFICE", "FINANCE")
        assert member(here, role).get(at)[0] == (200 if may else 403), role
    assert calling(here).get(at)[0] == 401
    for role in ("gate", "promoter"):
        assert calling(here, role=role).get(at)[0] == 403


def test_what_a_customer_bought_elsewhere_he_may_look_at_and_not_change(here):
    booking = here.rows["bookings.booking"]
    his = calling(here, role="buyer", customer_id=booking.customer_id)
    at = f"/bookings/{booking.pk}"
    assert [his.get(f"{at}{path}")[0] for path in READS] == [200, 200, 200]
    assert his.ask("PUT", at, {"contact": NOOR})[0] == 404
    assert his.ask("DELETE", at)[0] == 404
    assert his.get(f"{at}/cancellation")[0] == 404
    other = world.small_house("balcon")
    for path in READS:
        assert member(other).get(f"{at}{path}")[0] == 404


@pytest.mark.parametrize("role", Membership.Role.values)
def test_only_who_may_sell_at_the_desk_changes_bookings_over_the_api(here, seller, role):
    policy((2, 0, 0))
    made, staff = seller.reserve(here.event, 2), member(here, role)
    sold = here.rows["bookings.booking"]
    may = role in ("OWNER", "BOX_OFFICE")
    contact = {"contact": {"email": "ida@post.example", "name": "Ida"}}
    assert staff.ask("PUT", f"/bookings/{made['id']}", contact)[0] == (200 if may else 403)
    assert staff.post(f"/bookings/{sold.pk}/tickets/cancel")[0] == (400 if may else 403)
    assert staff.ask("DELETE", f"/bookings/{sold.pk}")[0] == (409 if may else 403)
    assert staff.ask("DELETE", f"/bookings/{made['id']}")[0] == (204 if may else 403)
    reason = Booking.objects.get(pk=made["id"]).cancellation_reason
    assert reason == ("given up by the box office" if may else "")
    assert staff.post("/bookings", {"event": str(here.event.pk), "seats": [5]})[0] == 403
    assert staff.post("/orders", {"items": []})[0] == 403


# Saying it again


def test_contact_and_attendees_are_said_in_one_call(here, seller):
    made = seller.reserve(here.event, 2, 3, contact=None)
    one, two = (item["ticket"] for item in made["items"])
    said = {
        "contact": NOOR,
        "attendees": [{"ticket": two, "attendee_name": "Ada", "attendee_phone": "+33 1"}],
    }
    status, told = seller.ask("PUT", f"/bookings/{made['id']}", said)
    assert (status, told["id"]) == (200, made["id"])
    booking = Booking.objects.get(pk=made["id"])
    assert booking.customer.email == "noor@post.example"
    names = dict(Ticket.objects.filter(pk__in=[one, two]).values_list("pk", "holder_name"))
    assert {str(key): name for key, name in names.items()} == {one: "Noor Vance", two: "Ada"}
    only = {"attendees": [{"ticket": two, "attendee_email": "ada@post.example"}]}
    assert seller.ask("PATCH", f"/bookings/{made['id']}", only)[0] == 200
    ticket = Ticket.objects.get(pk=two)
    assert (ticket.holder_name, ticket.holder_phone) == ("Ada", "+33 1")
    assert ticket.holder_email == "ada@post.example"


def test_all_of_it_is_said_or_nothing(here, seller):
    made, other = seller.reserve(here.event, 2, contact=None), seller.reserve(here.event, 3)
    ticket, strange = (each["items"][0]["ticket"] for each in (made, other))
    named = {"ticket": ticket, "attendee_name": "Ada"}
    at = f"/bookings/{made['id']}"
    for foreign in (strange, NOBODY):
        said = {"contact": NOOR, "attendees": [named, {"ticket": foreign, "attendee_name": "B"}]}
        assert seller.ask("PUT", at, said)[0] == 404
    assert Booking.objects.get(pk=made["id"]).customer is None
    assert Ticket.objects.get(pk=ticket).holder_name == ""
    for wrong in (
        {},
        {"status": "CONFIRMED"},
        {"contact": NOOR, "total": "0.01"},
        {"attendees": []},
        {"attendees": [named, named]},
        {"attendees": [{"attendee_name": "Ada"}]},
        {"attendees": [{**named, "seat": 1}]},
    ):
        assert seller.ask("PUT", at, wrong)[0] == 400, wrong


def test_a_paid_booking_keeps_its_buyer_and_its_guests_may_still_be_named(here, seller):
    made = seller.reserve(here.event, 2)
    paid(made)
    at, ticket = f"/bookings/{made['id']}", made["items"][0]["ticket"]
    status, problem = seller.ask("PUT", at, {"contact": {**NOOR, "email": "ida@post.example"}})
    assert (status, problem["code"]) == (409, "already_paid")
    guests = {"attendees": [{"ticket": ticket, "attendee_name": "Ada"}]}
    assert seller.ask("PUT", at, guests)[0] == 200
    used(ticket)
    guests["attendees"][0]["attendee_name"] = "Bo"
    status, problem = seller.ask("PUT", at, guests)
    assert (status, problem["code"]) == (409, "ticket_not_nameable")
    assert Ticket.objects.get(pk=ticket).holder_name == "Ada"


def used(ticket_id):
    """Somebody came in with this ticket."""
    ticket = Ticket.objects.select_related("event", "signing_key").get(pk=ticket_id)
    gate, _ = Gate.objects.get_or_create(event=ticket.event, name="Gate A")
    found = admit(code=code_of(ticket), gate=gate, device_id=uuid7(), nonce=str(ticket.pk))
    assert found.verdict == "admitted"


# Ending it


def test_an_unpaid_booking_is_let_go(here, seller):
    made = seller.reserve(here.event, 2)
    assert seller.ask("DELETE", f"/bookings/{made['id']}") == (204, None)
    assert Booking.objects.get(pk=made["id"]).status == "CANCELLED"
    assert EventSeat.objects.get(ordinal=2).status == "AVAILABLE"
    assert seller.ask("DELETE", f"/bookings/{made['id']}")[0] == 409


def test_a_paid_booking_ends_by_its_policy_as_it_was_quoted_and_only_so(here, seller):
    policy((2, 50, 0))
    made = seller.reserve(here.event, 2, 3)
    paid(made)
    at = f"/bookings/{made['id']}"
    status, problem = seller.ask("DELETE", at)
    assert (status, problem["code"], problem["refunded"]) == (409, "quote_missing", "40.00")
    assert seller.ask("DELETE", f"{at}?quote=0123")[1]["code"] == "quote_changed"
    assert seller.ask("DELETE", f"{at}?quote=%00")[0] == 400
    assert not Cancellation.objects.exists()
    assert seller.get(f"{at}/cancellation")[1]["quote"] == problem["quote"]
    ended = seller.ask("DELETE", f"{at}?quote={problem['quote']}")
    assert (ended[0], ended[1]["refunded"], ended[1]["kept"]) == (200, "40.00", "44.80")
    assert seller.ask("DELETE", f"{at}?quote={problem['quote']}") == ended
    assert Refund.objects.get().amount == 40
    assert Booking.objects.get(pk=made["id"]).status == "CANCELLED"


def test_staff_cancel_by_the_policy_and_the_books_name_them(here, seller, owner):
    policy((2, 0, 0), fees_refundable=True)
    made = seller.reserve(here.event, 2, 3)
    paid(made)
    at, ticket = f"/bookings/{made['id']}", made["items"][0]["ticket"]
    quote = owner.get(f"{at}/cancellation?ticket={ticket}")[1]
    body = {"tickets": [ticket], "quote": quote["quote"]}
    replies = [owner.post(f"{at}/tickets/cancel", body, once="c-1") for _ in range(2)]
    assert replies[0] == replies[1]
    assert (replies[0][0], replies[0][1]["refunded"]) == (200, "42.40")
    made_by = Cancellation.objects.get()
    assert (made_by.grounds, made_by.made_by) == ("STAFF", here.people["OWNER"])


def test_what_was_sold_for_good_is_not_ended(here, seller):
    made = seller.reserve(here.event, 2)
    paid(made)
    status, problem = seller.ask("DELETE", f"/bookings/{made['id']}")
    assert (status, problem["code"]) == (409, "not_cancellable")
    assert Booking.objects.get(pk=made["id"]).status == "CONFIRMED"


# Tickets and sums


def test_codes_are_told_to_whom_the_tickets_belong_and_only_once_they_are_valid(
    here, seller, owner
):
    made = seller.reserve(here.event, 2, 3)
    at = f"/bookings/{made['id']}/tickets"
    assert {ticket["code"] for ticket in seller.get(at)[1]} == {None}
    booking = paid(made)
    his = calling(here, role="buyer", customer_id=booking.customer_id)
    tickets = [item.ticket for item in booking.items.select_related("ticket").order_by("position")]
    codes = [code_of(each) for each in tickets]
    assert [each["code"] for each in seller.get(at)[1]] == codes
    assert [each["code"] for each in his.get(at)[1]] == codes
    assert {ticket["code"] for ticket in owner.get(at)[1]} == {None}
    used(tickets[0].pk)
    came = seller.get(at)[1][0]
    assert (came["status"], came["code"]) == ("USED", None)
    assert came["number"] == tickets[0].number
    Event.objects.filter(pk=here.event.pk).update(status="CANCELLED")
    assert {ticket["code"] for ticket in seller.get(at)[1]} == {None}


def test_what_was_passed_on_is_told_to_nobody_but_who_has_it(here, seller):
    policy((2, 0, 0), fees_refundable=True)
    made = seller.reserve(here.event, 2, 3)
    buyer = paid(made).customer
    ids, at = [item["ticket"] for item in made["items"]], f"/bookings/{made['id']}"

    def given(giver, email, holder=None):
        return begin_transfer([ids[1]], Recipient("Ida", email), giver=giver, holder=holder)

    def told():
        ticket = seller.get(f"{at}/tickets")[1][1]
        is_hidden = [ticket[name] is None for name in ("code", "number", "attendee")]
        return ticket["status"], is_hidden, len(seller.get(f"{at}/summary")[1]["offer"]["lines"])

    Event.objects.filter(pk=here.event.pk).update(is_transferable=True)
    offer = given(buyer, "ida@post.example")
    assert told() == ("CONFIRMED", [True, True, True], 1)
    ida = accept_transfer(offer.pk, name="Ida").recipient
    assert told() == ("TRANSFERRED", [True, True, True], 1)
    accept_transfer(given(ida, buyer.email, holder=ida.pk).pk, name="Noor Vance")
    assert told() == ("CONFIRMED", [False, False, False], 2)


def test_a_summary_adds_up_before_and_after_a_ticket_is_given_back(here, seller):
    policy((2, 50, 0))
    world.fee(name="Order fee", per="BOOKING", amount=1)
    running("EARLY")
    Remembered.forget_everything()
    made = seller.reserve(here.event, 2, 3, 4, code="EARLY")
    at = f"/bookings/{made['id']}/summary"
    before = seller.get(at)[1]
    assert (before["paid"], before["offer"]) == ("0.00", None)
    assert before["stays"] == "Only tickets of a paid booking can be cancelled."
    paid(made)
    told = seller.get(at)[1]
    for name in ("price", "discount", "fee", "tax", "total"):
        of_lines = sum(Decimal(line[name]) for line in told["lines"])
        assert of_lines == Decimal(told["booking"][name]) == Decimal(made[name]), name
    assert told["booking"]["discount"] == "12.00"
    assert told["paid"] == told["left"] == told["payments"][0]["amount"] == made["total"]
    assert told["payments"][0]["status"] == "SUCCESS"
    offer = told["offer"]
    assert amount(offer, "kept", "refunded") == amount(offer, "paid")
    ticket = made["items"][0]["ticket"]
    quote = seller.get(f"/bookings/{made['id']}/cancellation?ticket={ticket}")[1]
    back = {"tickets": [ticket], "quote": quote["quote"]}
    assert seller.post(f"/bookings/{made['id']}/tickets/cancel", back)[0] == 200
    after = seller.get(at)[1]
    assert after["lines"][0]["is_cancelled"]
    assert after["lines"][0]["given_back"] == after["given_back"] == quote["refunded"]
    assert (after["kept"], after["booking"]["total"]) == (quote["kept"], made["total"])
    assert amount(after, "left", "given_back") == amount(after, "paid")
    assert [refund["amount"] for refund in after["refunds"]] == [quote["refunded"]]
    assert len(after["offer"]["lines"]) == 2
    used(made["items"][1]["ticket"])
    assert len(seller.get(at)[1]["offer"]["lines"]) == 1
    used(made["items"][2]["ticket"])
    assert seller.get(at)[1]["stays"].endswith("was used at the gate.")


def test_tickets_and_sums_ask_as_much_for_many_tickets_as_for_few(here, seller):
    few, many = seller.reserve(here.event, 2), seller.reserve(here.event, *range(3, 11))
    for made in (few, many):
        paid(made)
    for path, statements in (("", 2), ("/tickets", 3), ("/summary", 8)):
        seller.get(
            f"/bookings/{few['id']}{path}"
        )  # the terms it was sold under are known from here
        for made in (few, many):
            with asks(statements):
                assert seller.get(f"/bookings/{made['id']}{path}")[0] == 200


# Looking for seats


def test_looking_at_seats_says_what_reserving_them_costs_and_takes_none(here, seller):
    world.fee(name="Order fee", per="BOOKING", amount=1)
    asked = {"seats": [5, 4, 19]}
    status, told = seller.post(f"/events/{here.event.pk}/seats/validate", asked)
    assert (status, told["valid"], told["problems"]) == (200, True, [])
    assert [seat["seat"] for seat in told["seats"]] == [4, 5, 19]
    assert not EventSeat.objects.filter(status="RESERVED").exists()
    made = seller.reserve(here.event, 5, 4, 19)
    for name in ("price", "fee", "tax", "total"):
        assert told[name] == made[name], name
        assert sum(Decimal(seat[name]) for seat in told["seats"]) == Decimal(told[name])
    assert {item["ordinal"]: item["total"] for item in made["items"]} == {
        seat["seat"]: seat["total"] for seat in told["seats"]
    }


def test_looking_at_seats_says_why_they_cannot_be_had(here, seller):
    look = f"/events/{here.event.pk}/seats/validate"
    partner(here).reserve(here.event, 4)

    def problems(*seats):
        told = seller.post(look, {"seats": list(seats)})[1]
        assert told["valid"] == (not told["problems"])
        return [(each["code"], each["seats"]) for each in told["problems"]], told

    found, told = problems(3, 4, 0)  # free, reserved, sold
    assert found == [("seats_taken", [0, 4])]
    assert [seat["seat"] for seat in told["seats"]] == [3]
    assert all(len(group) == 3 for group in told["alternatives"])
    assert len(told["alternatives"]) == 3
    assert problems(55)[0] == [("seats_taken", [55])]  # not owned
    assert problems(9_999)[0] == [("seats_taken", [9_999])]
    assert problems(5, 5)[0] == [("wrong_quantity", [])]
    with_rule(here.event, "NO_SINGLES")
    assert problems(6, 7)[0] == [("leaves_places_alone", [5])]
    assert problems(5, 6)[0] == []
    Event.objects.filter(pk=here.event.pk).update(max_per_booking=2)
    assert problems(10, 11, 12)[0] == [("wrong_quantity", [])]
    Event.objects.filter(pk=here.event.pk).update(sale_starts_at=timezone.now() + timedelta(1))
    assert problems(10)[0] == [("not_on_sale", [])]
    draft = world.draft_event(here.event.layout, title="Not announced")
    assert seller.post(f"/events/{draft.pk}/seats/validate", {"seats": [10]})[0] == 404


def test_places_that_do_not_exist_are_refused_like_taken_ones(here, seller):
    wish = {"event": str(here.event.pk), "seats": [2, 9_999]}
    status, problem = seller.post("/bookings", wish)
    assert (status, problem["code"], problem["lost"]) == (409, "seats_taken", [9_999])


def test_the_best_seats_are_those_that_reserving_them_gives(here, seller):
    at = f"/events/{here.event.pk}/seats"
    status, told = seller.post(f"{at}/best-available", {"quantity": 3})
    assert (status, len(told["groups"])) == (200, 1)
    places = [seat["seat"] for seat in told["groups"][0]["seats"]]
    assert places == list(range(places[0], places[0] + 3))
    assert (
        seller.post(f"{at}/validate", {"seats": places})[1]["total"] == (told["groups"][0]["total"])
    )
    status, problem = seller.post(f"{at}/best-available", {"quantity": 11})
    assert (status, problem["code"]) == (422, "wrong_quantity")
    Event.objects.filter(pk=here.event.pk).update(max_per_booking=20)
    status, problem = seller.post(f"{at}/best-available", {"quantity": 11})
    assert (status, problem["code"]) == (409, "no_such_group")
    apart = {"quantity": 11, "together": False}
    assert seller.post(f"{at}/best-available", apart)[0] == 200
    assert seller.post(f"{at}/best-available", {"quantity": 2, "section": "Gods"})[0] == 409
    assert seller.post(f"{at}/best-available", {"quantity": 2, "level": "Gods"})[0] == 422


def test_seats_side_by_side_are_offered_in_groups_that_share_none(here, seller):
    world.received_order(here.event, section="Floor", quantity=20)
    at = f"/events/{here.event.pk}/seats/find-adjacent"
    groups = seller.post(at, {"quantity": 4, "groups": 10})[1]["groups"]
    places = [[seat["seat"] for seat in group["seats"]] for group in groups]
    assert len(places) == 4  # two in each row: two seats of the first are sold
    assert all(group == list(range(group[0], group[0] + 4)) for group in places)
    assert len({seat for group in places for seat in group}) == 16
    assert {seat["row"] for seat in groups[0]["seats"]} in ({"A"}, {"B"})
    assert len(seller.post(at, {"quantity": 4})[1]["groups"]) == 3
    assert seller.post(at, {"quantity": 4, "section": "Floor"})[1]["code"] == "no_such_group"
    assert seller.post(at, {"quantity": 4, "groups": 11})[0] == 400


@pytest.mark.parametrize("which", ["validate", "best-available", "find-adjacent"])
def test_only_sellers_look_for_seats_over_the_api(here, which):
    path = f"/events/{here.event.pk}/seats/{which}"
    assert calling(here).post(path)[0] == 401
    for caller in (member(here), calling(here, role="gate")):
        assert caller.post(path)[0] == 403


# Orders


def order_of(event, *items, **more):
    return {"items": [{"event": str(event.pk), **item} for item in items], "contact": NOOR, **more}


def test_an_order_of_several_items_is_one_to_pay_for(here, seller):
    wish = order_of(here.event, {"tier": "Stalls", "quantity": 2}, {"seats": [15]})
    replies = [seller.post("/orders", wish, once="o-1") for _ in range(2)]
    assert replies[0] == replies[1]
    status, order = replies[0]
    assert (status, order["status"], order["payment_status"]) == (201, "RESERVED", "PENDING")
    assert [len(booking["items"]) for booking in order["bookings"]] == [2, 1]
    assert {booking["order"] for booking in order["bookings"]} == {order["id"]}
    assert amount(order, "total") == sum(amount(each, "total") for each in order["bookings"])
    payment = Payment.objects.get(reference=order["id"], status="PENDING")
    assert str(payment.amount.quantize(Decimal("0.01"))) == order["total"]
    second = order["bookings"][1]["id"]
    assert seller.get(f"/orders/{second}") == seller.get(f"/orders/{order['id']}") == (200, order)
    listed = seller.get("/orders")[1]["results"]
    assert [(each["id"], len(each["bookings"])) for each in listed] == [(order["id"], 2)]
    world.received(payment)
    status, told = seller.post(f"/orders/{order['id']}/confirm")
    assert (status, told["status"], told["payment_status"]) == (200, "CONFIRMED", "COMPLETED")


def test_an_order_is_reserved_whole_or_not_at_all(here, seller):
    before = Booking.objects.count()
    status, problem = seller.post(
        "/orders", order_of(here.event, {"tier": "Stalls", "quantity": 2}, {"seats": [0]})
    )
    assert (status, problem["code"]) == (409, "seats_taken")
    assert Booking.objects.count() == before
    for wrong in (
        {"items": []},
        order_of(here.event, {}),
        order_of(here.event, {"quantity": 1, "seats": [3]}),
        order_of(here.event, {"quantity": 1, "tier": "Stalls", "level": "Stalls"}),
        order_of(here.event, {"quantity": 1, "price": "0.01"}),
        {**order_of(here.event, {"quantity": 1}), "status": "CONFIRMED"},
    ):
        assert seller.post("/orders", wrong)[0] == 400, wrong


def test_a_code_is_taken_into_every_item_that_it_is_good_for(here, seller):
    running("EARLY")
    items = {"tier": "Stalls", "quantity": 1}, {"seats": [15]}
    order = seller.post("/orders", order_of(here.event, *items, code="EARLY"))[1]
    assert [booking["discount"] for booking in order["bookings"]] == ["4.00", "4.00"]
    assert seller.post("/orders", order_of(here.event, *items, code="NONE"))[0] == 409


def test_an_order_is_seen_by_who_sold_it_and_by_staff(here, seller, owner):
    order = seller.post("/orders", order_of(here.event, {"seats": [3]}))[1]
    assert owner.get(f"/orders/{order['id']}")[1]["id"] == order["id"]
    link = order["bookings"][0]["payment_url"]
    assert "?k=" in link  # whoever has it is the buyer
    for path in (f"/orders/{order['id']}", f"/bookings/{order['bookings'][0]['id']}"):
        assert link in str(seller.get(path)[1])
        assert "?k=" not in str(owner.get(path)[1])
    assert partner(here).get(f"/orders/{order['id']}")[0] == 404
    assert partner(here).post(f"/orders/{order['id']}/confirm")[0] == 404
    assert partner(here).get("/orders")[1]["results"] == []
    assert owner.post(f"/orders/{order['id']}/confirm")[0] == 403


def test_an_order_says_how_it_ended(here, seller):
    policy((2, 0, 0), fees_refundable=True)
    kept, gone, free = (seller.reserve(here.event, place) for place in (2, 3, 4))
    paid(gone)
    quote = seller.get(f"/bookings/{gone['id']}/cancellation")[1]["quote"]
    seller.ask("DELETE", f"/bookings/{gone['id']}?quote={quote}")
    seller.ask("DELETE", f"/bookings/{free['id']}")
    told = {each["id"]: each for each in seller.get("/orders")[1]["results"]}
    assert [told[each["id"]]["status"] for each in (kept, gone, free)] == [
        *("RESERVED", "CANCELLED", "CANCELLED")
    ]
    assert told[gone["id"]]["payment_status"] == "COMPLETED"  # the money is on its way
    assert (told[gone["id"]]["total"], told[free["id"]]["total"]) == ("42.40", "0.00")


# Other addresses


def test_every_address_of_the_api_is_also_there_without_its_version(here):
    """One router: what asks without a key is told the same at both, whatever it asks for."""
    assert resolve("/api/bookings").func == resolve("/api/nothing").func
    nobody = calling(here)
    for method, path in FOREIGN:
        if path.startswith(API):
            path = path.removeprefix(API).format(**RANDOM)
            assert nobody.ask(method, path, api="/api") == nobody.ask(method, path), path


def test_both_addresses_give_the_same_answer(here, seller, owner):
    made = seller.reserve(here.event, 2)
    payment = Payment.objects.get(reference=made["id"])
    paths = [
        *("/bookings", f"/bookings/{made['id']}", f"/bookings/{made['id']}/tickets"),
        *("/orders", f"/orders/{made['id']}", f"/payments/{payment.pk}", "/events"),
        *(
            f"/events/{here.event.pk}/availability",
            f"/bookings/{NOBODY}",
            "/nothing",
            "/bookings?x",
        ),
        *(
            "/schema/",
            "/promotions",
            "/inventory/holds",
            "/bookings?limit=1",
            "/v1",
            "/v2/bookings",
        ),
    ]
    for caller in (seller, owner, calling(here)):
        for path in paths:
            assert caller.get(path, api="/api") == caller.get(path), path
    assert seller.get("/bookings", api="/api")[0] == 200
    assert owner.get("/promotions", api="/api")[0] == 200


def test_what_is_done_at_one_address_is_done_at_the_other(here, seller):
    wish = {"event": str(here.event.pk), "seats": [2]}
    first = seller.post("/bookings", wish, once="k-1", api="/api")
    assert first[0] == 201
    assert seller.post("/bookings", wish, once="k-1") == first
    assert seller.post("/bookings", {**wish, "seats": [3]}, once="k-1", api="/api")[0] == 422
    assert Booking.objects.filter(seller_key=seller.key.pk).count() == 1
    page = seller.reserve(here.event, 3) and seller.get("/bookings?limit=1", api="/api")[1]
    assert urlsplit(page["next"]).path == f"{API}/bookings"
    assert seller.ask("DELETE", f"/bookings/{first[1]['id']}", api="/api") == (204, None)
    assert seller.get(f"/bookings/{first[1]['id']}")[1]["status"] == "CANCELLED"


def test_the_schema_names_every_address_and_no_two_shapes_alike(capsys):
    GENERATOR_STATS.reset()
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    assert "identical names" not in capsys.readouterr().err
    described = {
        "/api/v1/bookings": ["get", "post"],
        "/api/v1/bookings/{booking_id}": ["get", "put", "patch", "delete"],
        "/api/v1/bookings/customer/{customer_id}": ["get"],
        "/api/v1/orders/{order_id}/confirm": ["post"],
        "/api/v1/payments/{transaction_id}/refund": ["post"],
        "/api/v1/events/{event_id}/seats/validate": ["post"],
    }
    for path, methods in described.items():
        assert list(paths[path]) == methods
        for method in methods:
            assert paths[path][method]["description"], (path, method)
