"""Points where people meet them: a guest's own page, the checkout, the back office."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from bookings.links import mailed_key
from bookings.models import Booking
from bookings.services import contact, reserve
from config.tests import world
from config.tests.test_cancelling import euros
from config.tests.test_points import lot, spent, written
from core.locks import database_now
from core.tenancy import acting_for
from customers.links import mailed_key as own_key
from customers.models import BuyerList, PointEntry, Programme
from customers.points import adjust, points_of
from customers.services import remember_customer
from payments.services import credit_of, give_credit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
NOOR = {"name": "Noor Vance", "email": "noor@post.example"}
FULL = Decimal("84.80")
HOSTILE = ["", "-5", "0", "x", "NaN", "Infinity", "1e99", "9" * 400, "\0", "0.001"]


@pytest.fixture
def programme(agency):
    return world.loyal(point_days=365, silver_from=100, gold_from=200, platinum_from=30_000)


@pytest.fixture
def noor(agency, programme):
    """A customer with 10,000 points, worth 100 euros."""
    made = remember_customer(**NOOR)
    lot(made, 10_000, days=30)
    return made


@pytest.fixture
def booking(event, noor):
    world.received_order(event, rows="A-B")
    made = reserve(event=event, ordinals=[0, 1])
    contact(made.pk, **NOOR)
    return made


@pytest.fixture
def guest(agency):
    """A browser whose guest has proven nothing."""
    return Client(headers={"host": agency.host})


@pytest.fixture
def proven(guest, noor):
    guest.get(reverse("mine"), {"k": own_key(noor)})
    return guest


@pytest.fixture
def buyer(proven, booking):
    """Noor, at her checkout."""
    proven.get(reverse("checkout", args=[booking.pk]), {"k": mailed_key(booking)})
    return proven


def mine(client, **query):
    return client.get(reverse("mine"), query)


def checkout(client, booking):
    return client.get(reverse("checkout", args=[booking.pk]))


def words(answer):
    return " ".join(answer.content.decode().split())


def said(offer, **changed):
    """What the page's form sends for this offer."""
    fields = {"number": offer["points"], "worth": offer["money"].amount, "key": offer["key"]}
    return {f"points_{name}": value for name, value in {**fields, **changed}.items()}


def pressed(client, offer, **changed):
    return client.post(reverse("own_points"), said(offer, **changed), follow=True)


class TestOnHisOwnPage:
    def test_a_guest_reads_what_he_has(self, proven, noor):
        page = words(mine(proven))
        assert "My points: 10,000" in page
        assert "€100.00" in page
        assert "10,000 of them lapse" in page
        assert "Gold" in page
        assert "20,000 more make Platinum" in page

    def test_one_press_turns_them_into_credit(self, proven, noor):
        answer = pressed(proven, mine(proven).context["points"]["offer"])
        assert "€100.00 is your credit now." in words(answer)
        assert "My points: 0" in words(answer)
        assert credit_of(noor.pk, "EUR") == euros(100)
        assert "is your credit now" not in words(mine(proven))

    def test_pressed_twice_is_once(self, proven, noor, ines):
        offer = mine(proven).context["points"]["offer"]
        pressed(proven, offer)
        adjust(noor.pk, 10_000, reason="Why", by=ines)
        pressed(proven, offer)
        assert credit_of(noor.pk, "EUR") == euros(100)
        assert points_of(noor.pk) == 10_000

    def test_what_was_spent_elsewhere_is_said(self, proven, noor):
        offer = mine(proven).context["points"]["offer"]
        spent(noor, 5000)
        assert "more than there are" in words(pressed(proven, offer))
        assert points_of(noor.pk) == 5000

    def test_who_has_proven_nothing_spends_nothing(self, guest, noor):
        offer = {"points": 100, "money": euros(1), "key": "0" * 32}
        answer = guest.post(reverse("own_points"), said(offer))
        assert answer["Location"] == reverse("find_booking")
        assert points_of(noor.pk) == 10_000

    @pytest.mark.parametrize("name", ["number", "worth", "key"])
    def test_what_the_page_does_not_say_is_refused(self, proven, noor, name):
        for word in HOSTILE:
            offer = mine(proven).context["points"]["offer"]
            told = pressed(proven, offer, **{name: word}).context["points"]["told"]
            assert told["problem"], word
        assert points_of(noor.pk) == 10_000

    def test_another_agency_knows_nothing_of_them(self, proven, noor):
        other = world.agency("balcon")
        with acting_for(other.pk):
            world.loyal()
            theirs = remember_customer(**NOOR)
            assert points_of(theirs.pk) == points_of(noor.pk) == 0
        assert points_of(noor.pk) == 10_000

    def test_nothing_is_said_where_no_programme_runs(self, proven, noor):
        Programme.objects.update(is_on=False)
        assert "My points" not in words(mine(proven))

    def test_entries_come_a_page_at_a_time(self, proven, noor, ines):
        for number in range(11):
            adjust(noor.pk, 1, reason=f"Why {number}", by=ines)
        assert "Page 1 of 2" in words(mine(proven))
        page = words(mine(proven, points=2))
        assert "Why 0" in page
        assert "Why 5" not in page
        assert mine(proven, points="x\0").status_code == 200

    def test_what_is_owed_is_said(self, proven, noor):
        from customers.points import keep_share

        entry = PointEntry.objects.get()
        spent(noor, 4000)
        keep_share(entry.reference, lambda: 0)
        page = words(mine(proven))
        assert "My points: -4,000" in page
        assert "make up for them" in page


class TestAtTheCheckout:
    def test_as_many_as_are_needed_become_credit_and_are_ticked(self, buyer, booking, noor):
        page = checkout(buyer, booking)
        assert "Turn 8,480 points into €84.80 of credit" in words(page)
        fields = said(page.context["points"], x="")
        typed = {"name": "Noor V.", "email": NOOR["email"], "phone": ""}
        answer = buyer.post(
            reverse("points_to_pay", args=[booking.pk]), {**fields, **typed}, follow=True
        )
        assert "€84.80 is your credit now. It is ticked above." in words(answer)
        assert answer.context["credit"]["is_chosen"]
        assert answer.context["form"]["name"].value() == "Noor V."
        assert answer.context["points"] is None
        assert points_of(noor.pk) == 10_000 - 8480
        paid = buyer.post(
            reverse("pay", args=[booking.pk]),
            {**typed, "credit": answer.context["credit"]["value"]},
        )
        assert paid["Location"] == reverse("booking", args=[booking.pk])
        assert Booking.objects.get(pk=booking.pk).status == "CONFIRMED"

    def test_beside_credit_only_the_rest_is_offered(self, buyer, booking, noor, ines):
        give_credit(noor.pk, euros(80), reason="Why", by=ines)
        assert "Turn 480 points into €4.80 of credit" in words(checkout(buyer, booking))
        give_credit(noor.pk, euros(10), reason="Why", by=ines)
        assert checkout(buyer, booking).context["points"] is None

    def test_who_has_proven_nothing_is_offered_nothing(self, guest, booking, noor):
        guest.get(reverse("checkout", args=[booking.pk]), {"k": mailed_key(booking)})
        assert checkout(guest, booking).context["points"] is None
        offer = {"points": 100, "money": euros(1), "key": "0" * 32}
        guest.post(reverse("points_to_pay", args=[booking.pk]), said(offer))
        assert points_of(noor.pk) == 10_000

    def test_a_refusal_is_said_and_nothing_typed_is_lost(self, buyer, booking, noor):
        offer = checkout(buyer, booking).context["points"]
        spent(noor, 5000)
        answer = buyer.post(
            reverse("points_to_pay", args=[booking.pk]),
            {**said(offer), "name": "Noor V.", "email": NOOR["email"]},
            follow=True,
        )
        assert "more than there are" in words(answer)
        assert answer.context["form"]["name"].value() == "Noor V."
        assert answer.context["points"]["points"] == 3480


class TestInTheBackOffice:
    def adjusted(self, client, **fields):
        page = world.address("customers.pointentry", "add")
        said = {"email": NOOR["email"], "points": "25", "reason": "A long queue", "key": "5" * 32}
        return client.post(page, {**said, **fields})

    def test_points_are_looked_at_before_they_are_given(self, mireille, noor):
        looked = self.adjusted(mireille)
        assert "nothing is written yet" in words(looked)
        assert "10,025" in words(looked)
        assert points_of(noor.pk) == 10_000
        done = self.adjusted(mireille, seen="on")
        assert world.told(mireille, done["Location"]) == ["Noor Vance has 10,025 points now."]
        self.adjusted(mireille, seen="on")
        assert points_of(noor.pk) == 10_025

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"points": "-10001"}, "more than there are"),
            ({"points": "0"}, "Say how many points"),
            ({"email": "nobody@post.example"}, "Nobody has booked under"),
        ],
    )
    def test_what_cannot_be_is_refused_with_what_was_typed(self, mireille, noor, fields, problem):
        answer = self.adjusted(mireille, **fields)
        assert problem in world.problems(answer)[0]
        assert answer.context["form"]["reason"].value() == "A long queue"
        assert points_of(noor.pk) == 10_000

    def test_only_owners_and_finance_adjust(self, agency, noor):
        clerk = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
        assert clerk.get(world.address("customers.pointentry")).status_code == 200
        assert self.adjusted(clerk, seen="on").status_code == 403
        finance = world.client_of(world.staff(agency, "FINANCE"), agency)
        assert self.adjusted(finance, seen="on").status_code == 302

    def test_the_list_is_exported(self, mireille, noor):
        page = mireille.get(world.address("customers.pointentry"))
        assert "10,000" in words(page)
        file = mireille.post(
            world.address("customers.pointentry", "export"), {"format": "0", "resource": ""}
        )
        assert b"noor@post.example" in file.content

    def test_a_guests_page_says_his_tier_and_points(self, mireille, noor):
        page = words(mireille.get(world.of(noor)))
        assert "Points: 10,000, worth €100.00. Gold: 10,000 earned in 365 days" in page

    def test_the_menu_leads_to_the_one_programme(self, mireille, agency):
        menu = world.address("customers.programme")
        assert mireille.get(menu)["Location"] == world.address("customers.programme", "add")
        assert "Save" in words(mireille.get(menu, follow=True))
        fields = {
            "points_per_unit": "1", "worth": "1,50", "point_days": "", "silver_from": "100",
            "gold_from": "200", "platinum_from": "300",
        }  # fmt: skip
        made = mireille.post(world.address("customers.programme", "add"), fields)
        assert "does not run" in world.told(mireille, made["Location"])[0]
        there = Programme.objects.get()
        assert (there.is_on, there.worth, there.currency) == (False, Decimal("1.5"), "EUR")
        assert mireille.get(menu)["Location"] == world.of(there)
        done = mireille.post(world.of(there), {**fields, "is_on": "on"})
        assert world.told(mireille, done["Location"]) == ["This holds from now on."]
        assert mireille.get(world.address("customers.programme", "add"))["Location"] == world.of(
            there
        )

    @pytest.mark.parametrize(
        ("wrong", "problem"),
        [
            ({"gold_from": "50"}, "Each tier begins at more points"),
            ({"worth": "1.005"}, "too many decimals for EUR"),
            ({"points_per_unit": "0"}, "greater than or equal to 0.001"),
        ],
    )
    def test_a_programme_that_cannot_be_is_refused(self, mireille, programme, wrong, problem):
        fields = {
            "points_per_unit": "1", "worth": "1", "point_days": "", "silver_from": "100",
            "gold_from": "200", "platinum_from": "300",
        }  # fmt: skip
        answer = mireille.post(world.of(programme), {**fields, **wrong})
        assert problem in words(answer)
        programme.refresh_from_db()
        assert programme.gold_from == 200

    def test_the_programme_says_what_is_there(self, mireille, programme, noor):
        page = words(mireille.get(world.of(programme)))
        assert "Guests have 10,000 points to spend, worth €100.00" in page

    def test_finance_reads_the_programme(self, agency, programme):
        finance = world.client_of(world.staff(agency, "FINANCE"), agency)
        page = finance.get(world.address("customers.programme"), follow=True)
        assert page.status_code == 200
        assert finance.post(world.of(programme), {"worth": "5"}).status_code == 403

    def test_a_list_of_a_tier_is_made_and_has_no_addresses(self, mireille, noor):
        page = world.address("customers.buyerlist", "add")
        mireille.post(page, {"name": "Our best", "kind": "TIER", "tier": "SILVER"})
        best = BuyerList.objects.get()
        assert "1 guest now" in words(mireille.get(world.of(best)))
        step = mireille.get(world.of(best, "import_addresses"))
        assert step.status_code == 302
        wrong = mireille.post(page, {"name": "Other", "kind": "INVITED", "tier": "SILVER"})
        assert "says which one" in words(wrong)

    def test_a_list_with_addresses_becomes_no_list_of_a_tier(self, mireille, agency):
        friends = BuyerList.objects.create(name="Friends")
        friends.buyers.create(email="a@b.example", mailbox="a@b.example")
        fields = {"name": "Friends", "kind": "TIER", "tier": "GOLD"}
        assert "It has addresses" in words(mireille.post(world.of(friends), fields))


def test_the_day_they_lapse_is_the_agencys(proven, noor):
    until = database_now() + timedelta(days=30)
    assert f"{until.astimezone().year}" in words(mine(proven))
    assert written() == [("EARNED", 10_000)]
