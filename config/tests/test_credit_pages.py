"""Credit where people meet it: the checkout, a guest's own page, giving tickets back, the desk."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiKey
from bookings.cancelling import Wish, cancel, preview
from bookings.links import mailed_key
from bookings.models import Booking, Cancellation
from bookings.services import contact, reserve
from bookings.views.credit import chosen_credit
from config.tests import world
from config.tests.test_cancelling import euros, policy
from core.locks import database_now
from core.memory import Remembered
from customers.links import mailed_key as own_key
from customers.services import remember_customer
from events.models import CancellationPolicy
from payments.models import CreditEntry, Payment
from payments.services import credit_of, give_credit, take_credit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
NOOR = {"name": "Noor Vance", "email": "noor@post.example"}
FULL = Decimal("84.80")


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    return event


@pytest.fixture
def noor(agency, ines):
    """A customer with 100 of credit."""
    made = remember_customer(**NOOR)
    give_credit(made.pk, euros(100), reason="For the long queue", by=ines)
    return made


@pytest.fixture
def booking(stocked, noor):
    made = reserve(event=stocked, ordinals=[0, 1])
    contact(made.pk, **NOOR)
    return made


@pytest.fixture
def guest(agency, booking):
    """A browser that holds the booking, and whose guest has proven nothing."""
    client = Client(headers={"host": agency.host})
    client.get(reverse("checkout", args=[booking.pk]), {"k": mailed_key(booking)})
    return client


@pytest.fixture
def proven(guest, noor):
    guest.get(reverse("mine"), {"k": own_key(noor)})
    return guest


def checkout(client, booking):
    return client.get(reverse("checkout", args=[booking.pk]))


def paid(client, booking, **fields):
    return client.post(reverse("pay", args=[booking.pk]), {**NOOR, "phone": "", **fields})


def problem_of(client, booking, **fields):
    assert paid(client, booking, **fields).status_code == 302
    return checkout(client, booking).context["problem"]


class TestAtTheCheckout:
    @pytest.mark.parametrize("credit", [FULL, Decimal(20)])
    def test_who_names_another_while_he_pays_does_not_spend_that_ones(
        self, agency, stocked, noor, monkeypatch, credit
    ):
        """Eve has proven her mailbox and has no credit; her second tab names Noor, whom she knows,
        while her first is being worked on."""
        eve = {"name": "Eve", "email": "eve@post.example"}
        booking = reserve(event=stocked, ordinals=[0, 1])
        contact(booking.pk, **eve)
        tab = Client(headers={"host": agency.host})
        tab.get(reverse("checkout", args=[booking.pk]), {"k": mailed_key(booking)})
        tab.get(reverse("mine"), {"k": own_key(remember_customer(**eve))})
        asked = chosen_credit

        def chosen(request, booking):
            answer = asked(request, booking)
            contact(booking.pk, **NOOR)
            return answer

        monkeypatch.setattr("bookings.views.checkout.chosen_credit", chosen)
        tab.post(reverse("pay", args=[booking.pk]), {**eve, "phone": "", "credit": str(credit)})
        assert checkout(tab, booking).context["problem"].startswith("This booking is under another")
        assert credit_of(noor.pk, "EUR") == euros(100)
        booking.refresh_from_db()
        assert booking.status == "RESERVED"

    def test_only_who_has_proven_his_mailbox_is_offered_his_credit(self, guest, booking, noor):
        assert checkout(guest, booking).context["credit"] is None
        guest.get(reverse("mine"), {"k": own_key(noor)})
        page = checkout(guest, booking)
        assert "Use my credit (€84.80)" in page.content.decode()
        assert not page.context["credit"]["is_chosen"]
        assert '<span data-pay="rest">Pay with my credit</span>' in page.content.decode()

    def test_a_part_is_offered_with_what_is_left(self, proven, booking, noor, ines):
        take_credit(noor.pk, euros(80), reason="Why", by=ines)
        page = checkout(proven, booking).content.decode()
        assert "Use my credit (€20.00)" in page
        assert "Then €64.80 is left to pay." in page
        assert '<span data-pay="all">Pay €84.80</span>' in page
        assert '<span data-pay="rest">Pay €64.80 and use my credit</span>' in page

    def test_ticked_it_pays_and_the_tickets_are_there(self, proven, booking, noor):
        answer = paid(proven, booking, credit="84.80")
        assert answer["Location"] == reverse("booking", args=[booking.pk])
        booking.refresh_from_db()
        assert booking.status == "CONFIRMED"
        assert credit_of(noor.pk, "EUR") == euros("15.20")
        assert Payment.objects.get().provider == "credit"

    def test_whoever_has_proven_nothing_spends_nothing(self, guest, booking, noor, settings):
        settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"
        paid(guest, booking, credit="84.80")
        assert credit_of(noor.pk, "EUR") == euros(100)
        assert not Payment.objects.exclude(credit=0).exists()

    def test_it_pays_for_nobody_else(self, proven, booking, noor):
        problem = problem_of(proven, booking, credit="84.80", email="omar@post.example")
        assert "bookings under noor@post.example" in problem
        assert credit_of(noor.pk, "EUR") == euros(100)
        assert checkout(proven, booking).context["form"]["name"].value()

    @pytest.mark.parametrize("said", ["-5", "0", "NaN", "1e99", "x", "84.801", "Infinity"])
    def test_what_the_page_does_not_say_is_refused(self, proven, booking, noor, said):
        assert problem_of(proven, booking, credit=said)
        assert credit_of(noor.pk, "EUR") == euros(100)

    def test_what_is_gone_meanwhile_is_said_and_the_tick_kept(self, proven, booking, noor, ines):
        take_credit(noor.pk, euros(50), reason="Spent elsewhere", by=ines)
        assert "less credit" in problem_of(proven, booking, credit="84.80")
        assert Booking.objects.get().status == "RESERVED"


def test_a_guest_reads_his_credit_on_his_own_page(proven):
    page = proven.get(reverse("mine")).content.decode()
    assert "My credit: €100.00" in page
    assert "Given by staff: For the long queue" in page


def entries_on(page):
    """The words of each line of credit on a guest's own page."""
    lines = re.findall(r"<div><dt>(.*?)</dd></div>", page.partition("My credit")[2], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]


def test_a_guest_reads_of_which_booking_each_entry_is_and_when(stocked, proven, noor, agency):
    policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
    sold = world.sold_booking(stocked, [10, 11])
    ticket = sold.items.order_by("position").values_list("ticket", flat=True)[0]
    wish = Wish(frozenset([ticket]))
    sold = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
    cancel(sold.pk, wish, seen=preview(sold, wish, now=database_now()).name)
    other = world.reservation(stocked, [5])
    world.pay_as_buyer(other.pk, credit=other.money)
    page = proven.get(reverse("mine")).content.decode()
    paid, back, given = entries_on(page)
    assert re.search(r", \d\d:\d\d Paid with", paid)
    assert f"{stocked.title}, booking {other.number} -€42.40" in paid.replace("−", "-")
    assert f"Came back of a payment {stocked.title}, booking {sold.number} €42.40" in back
    assert "booking" not in given
    for booking in (sold, other):
        link = f'<a href="{reverse("booking", args=[booking.pk])}">booking <span class="num">'
        assert f"{link}{booking.number}</span></a>" in page
        assert proven.get(reverse("booking", args=[booking.pk])).status_code in (200, 302)


def test_it_asks_as_much_for_many_entries_as_for_few(stocked, proven, noor):
    policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
    counts = []
    proven.get(reverse("mine"))  # what is asked once is known then
    for ordinals in ([3], [4, 5], [6, 7, 8]):
        for ordinal in ordinals:
            sold = world.sold_booking(stocked, [ordinal])
            sold = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
            cancel(sold.pk, Wish(), seen=preview(sold, Wish(), now=database_now()).name)
        with CaptureQueriesContext(connection) as asked:
            proven.get(reverse("mine"))
        counts.append(len(asked))
    assert len(set(counts)) == 1, counts


class TestGivingBack:
    @pytest.fixture
    def sold(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        return world.sold_booking(stocked, [0, 1])

    @pytest.fixture
    def buyer(self, agency, sold):
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        return client

    def test_the_buyer_chooses_credit_and_reads_where_it_goes(self, buyer, sold):
        page = reverse("cancel_tickets", args=[sold.pk])
        tickets = list(sold.items.values_list("ticket", flat=True))
        assert "Credit for later bookings" in buyer.get(page).content.decode()
        preview = buyer.get(page, {"ticket": tickets, "to": "CREDIT"})
        assert "€84.80 becomes your credit for later bookings, at once." in preview.content.decode()
        said = {"ticket": tickets, "to": "CREDIT", "seen": preview.context["quote"].name}
        done = buyer.post(page, said, follow=True).content.decode()
        assert "€84.80 is your credit now." in done
        assert "given as credit" in done
        assert credit_of(sold.customer_id, "EUR") == euros(FULL)

    def test_what_was_looked_at_is_what_happens(self, buyer, sold):
        page = reverse("cancel_tickets", args=[sold.pk])
        tickets = list(sold.items.values_list("ticket", flat=True))
        card = buyer.get(page, {"ticket": tickets, "to": "CARD"}).context["quote"].name
        answer = buyer.post(page, {"ticket": tickets, "to": "CREDIT", "seen": card})
        assert answer.status_code == 409
        assert not Cancellation.objects.exists()
        assert buyer.get(page, {"ticket": tickets, "to": "ELSEWHERE"}).status_code == 404

    def test_over_the_api(self, agency, sold):
        key, token = ApiKey.objects.make(role="buyer", name="Partner")
        Booking.objects.filter(pk=sold.pk).update(seller_key=key.pk)
        client = Client(headers={"host": agency.host, "authorization": f"Api-Key {token}"})
        page = f"/api/v1/bookings/{sold.pk}/cancellation"
        told = client.get(page, {"to": "CREDIT"}).json()
        assert (told["refunded"], told["credited"]) == ("84.80", "84.80")
        assert client.get(page, {"to": "NOWHERE"}).status_code == 400


class TestAtTheDesk:
    def test_an_owner_gives_and_takes_back(self, mireille, noor):
        page = world.address("payments.creditentry", "add")
        shown = mireille.get(page, {"email": NOOR["email"]})
        key = shown.context["form"]["key"].value()
        said = {
            "email": NOOR["email"],
            "what": "take",
            "amount": "30",
            "reason": "Typed twice",
            "key": key,
        }
        for _ in range(2):
            assert mireille.post(page, said).status_code == 302
        assert credit_of(noor.pk, "EUR") == euros(70)
        guest = mireille.get(world.of(noor)).content.decode()
        assert "Credit: €70.00" in guest
        assert "Typed twice" in guest

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"email": "nobody@post.example"}, "Nobody has booked under nobody@post.example."),
            ({"what": "take", "amount": "101"}, "more credit than there is"),
            ({"amount": "0"}, "more than nothing"),
            ({"amount": "1.001"}, "too many decimals"),
        ],
    )
    def test_what_cannot_be_is_said_and_nothing_written(self, mireille, noor, wrong, says):
        page = world.address("payments.creditentry", "add")
        said = {"email": NOOR["email"], "what": "give", "amount": "5", "reason": "Why"}
        key = "01a200fc-9525-72c9-892a-c2078c86a86a"
        answer = mireille.post(page, {**said, "key": key, **wrong})
        assert says in " ".join(world.problems(answer))
        assert CreditEntry.objects.count() == 1

    def test_the_cashier_uses_it_first(self, agency, booking, noor, ines):
        take_credit(noor.pk, euros(80), reason="Why", by=ines)
        cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
        page = world.of(booking, "take_cash")
        asks = cashier.get(page).content.decode()
        assert "€20.00 is there. €64.80 is left to take then." in asks
        assert "Take €84.80, or €64.80 beside the credit" in asks
        cashier.post(page, {"given": "70", "with_credit": "on", "credit": "20", "due": "84.80"})
        booking.refresh_from_db()
        assert booking.status == "CONFIRMED"
        assert credit_of(noor.pk, "EUR") == euros(0)
        assert "differs" not in cashier.get(world.of(booking)).content.decode()

    def test_the_cashier_takes_no_other_sum_than_he_read(self, agency, booking, noor, ines):
        """The terminal has taken what was left beside a credit that is spent by now."""
        cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
        take_credit(noor.pk, euros(70), reason="Spent on the site meanwhile", by=ines)
        said = {"reference": "4711", "with_credit": "on", "credit": "40", "due": "84.80"}
        answer = cashier.post(world.of(booking, "take_card"), said)
        assert "€30.00 of credit by now, not €40.00" in answer.content.decode()
        booking.refresh_from_db()
        assert (booking.status, credit_of(noor.pk, "EUR")) == ("RESERVED", euros(30))

    def test_all_of_it_with_one_step(self, mireille, booking, noor):
        page = world.of(booking, "pay_by_credit")
        assert mireille.get(page).status_code == 200
        mireille.post(page)
        booking.refresh_from_db()
        assert booking.status == "CONFIRMED"
        assert "differs" not in mireille.get(world.of(booking)).content.decode()

    def test_a_policy_says_where_money_goes(self, mireille):
        page = world.address("events.cancellationpolicy", "add")
        said = {"name": "Kind", "is_partial": "on", "back_to": "CREDIT", "until_1": "14 days"}
        assert mireille.post(page, said).status_code == 302
        made = CancellationPolicy.objects.get()
        Remembered.forget_everything()
        assert made.back_to == "CREDIT"
        assert "credit for later bookings" in mireille.get(world.of(made)).content.decode()


class TestAddingSeats:
    @pytest.fixture
    def buyer(self, agency, stocked):
        sold = world.sold_booking(stocked, [4, 5])
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        return client, sold

    def test_seats_near_ones_own_are_held_with_one_press(self, buyer, stocked):
        client, sold = buyer
        page = client.get(reverse("booking", args=[sold.pk]))
        assert "Seats near yours" in page.content.decode()
        said = {"near": page.context["near"], "together": "on", "quantity": "2"}
        answer = client.post(reverse("reserve", args=[stocked.slug]), said)
        added = Booking.objects.get(status="RESERVED")
        assert answer["Location"] == reverse("checkout", args=[added.pk])
        places = set(added.items.values_list("event_seat__ordinal", flat=True))
        beside, behind = {2, 3, 6, 7}, {13, 14, 15, 16}
        assert places <= beside | behind

    def test_they_are_not_offered_where_nothing_is_sold(self, buyer, stocked):
        client, sold = buyer
        type(stocked).objects.filter(pk=stocked.pk).update(sale_ends_at=Now())
        assert client.get(reverse("booking", args=[sold.pk])).context["near"] is None
