"""Several events in one order: paid once, a booking each, sold together or not at all."""

import json

import pypdfium2
import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.test import Client
from django.utils.html import strip_tags

from accounts.models import ApiKey
from bookings import services
from bookings.desk_receipt import slip_of
from bookings.links import mailed_key
from bookings.models import Booking, Grounds, Rule
from bookings.orders import due_of, payments_of
from bookings.services import NotTogether, confirm, contact, expire_lapsed, join, pay
from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals, simulator, without_locks
from core import invariants, outbox
from core.money import Money
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from payments.models import Dispute, LedgerEntry, Payment, Refund
from payments.services import PaymentBegun, settle
from promotions.tests.factories import running
from tickets.models import Ticket

GUEST = {"name": "Noor Vance", "email": "noor@post.example", "phone": ""}


def second_night(event):
    """Another event in the same house, a week later, with the stalls' first rows in stock."""
    other = world.event_on_sale(event.layout, title="The Second Night", days=27)
    world.received_order(other, rows="A-B")
    return other


@pytest.fixture
def nights(event):
    world.received_order(event, rows="A-B")
    return event, second_night(event)


def reserved(night, ordinals):
    return services.reserve(event=night, ordinals=ordinals)


def two_in_one(nights):
    """(a booking, the one that was put to it), of two events."""
    first, other = reserved(nights[0], [0, 1]), reserved(nights[1], [2])
    contact(first.pk, **GUEST)
    join(other.pk, to=first.pk)
    return [Booking.objects.get(pk=each.pk) for each in (first, other)]


def the_open_payment(booking):
    return payments_of(booking).exclude(status="FAILED").get()


def paid(booking):
    payment = the_open_payment(booking)
    world.received(payment)
    confirm(payment.reference, payment_id=payment.pk)
    return payment


def paid_at_the_desk(booking):
    """The DeskTaking of a cashier who is given 500."""
    cashier = world.person("desk@parterre.example")
    return services.pay_at_desk(booking.pk, way="CASH", by=cashier, given=500)


def states(*bookings):
    return [Booking.objects.get(pk=each.pk).status for each in bookings]


def lapse(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())


def words_of(paper):
    return pypdfium2.PdfDocument(paper)[0].get_textpage().get_text_bounded()


def balance(account):
    return sum(entry.amount for entry in LedgerEntry.objects.filter(account=account))


@pytest.mark.django_db
class TestAnOrder:
    def test_two_events_are_asked_for_with_one_payment_and_sold_with_it(self, nights):
        first, other = two_in_one(nights)
        payment = the_open_payment(other)
        assert payment.reference == first.pk
        assert payment.covers == [first.pk, other.pk]
        assert payment.amount == first.total + other.total
        assert payment.description == "2 tickets, The Low Lanterns; 1 ticket, The Second Night"
        assert other.customer == first.customer
        paid(first)
        assert states(first, other) == ["CONFIRMED", "CONFIRMED"]
        assert Ticket.objects.filter(status="CONFIRMED").count() == 3
        assert set(Ticket.objects.values_list("holder_name", flat=True)) == {"Noor Vance"}
        assert balance("customer_deposits") == 0
        assert balance("provider_clearing") == payment.amount
        assert invariants.violations() == {}

    def test_the_same_payment_told_twice_changes_nothing(self, nights):
        first, other = two_in_one(nights)
        payment = paid(first)
        confirm(first.pk, payment_id=payment.pk)
        confirm(other.pk, payment_id=payment.pk)
        assert not Refund.objects.exists()
        assert invariants.violations() == {}

    def test_what_cannot_be_sold_whole_is_paid_back_whole_and_the_rest_stays_held(self, nights):
        first, other = two_in_one(nights)
        payment = the_open_payment(first)
        Payment.objects.filter(pk=payment.pk).update(status="PROCESSING", opened_at=Now())
        lapse(other)
        taken = reserved(nights[1], [2])  # takes the place over
        world.received(payment)
        confirm(payment.reference, payment_id=payment.pk)
        assert states(first, other, taken) == ["RESERVED", "REFUNDED", "RESERVED"]
        refund = Refund.objects.get()
        assert (refund.amount, refund.reason) == (payment.amount, "TOO_LATE")
        assert due_of(first) == [first]
        assert paid_at_the_desk(first).amount == first.total
        assert states(first) == ["CONFIRMED"]

    def test_late_money_gets_all_the_same_places_again_where_they_are_free(self, nights):
        first, other = two_in_one(nights)
        payment = the_open_payment(first)
        Payment.objects.filter(pk=payment.pk).update(status="FAILED", settled_at=Now())
        for booking in (first, other):
            lapse(booking)
            assert expire_lapsed(booking.pk)
        Payment.objects.filter(pk=payment.pk).update(status="SUCCEEDED")
        confirm(payment.reference, payment_id=payment.pk)
        assert states(first, other) == ["CONFIRMED", "CONFIRMED"]
        assert EventSeat.objects.filter(claimed_by__in=[first.pk, other.pk]).count() == 3

    def test_nothing_is_held_again_when_the_second_is_lost(self, nights):
        """The first is free again and is taken back; the second is not: all of it is undone."""
        first, other = two_in_one(nights)
        payment = the_open_payment(first)
        Payment.objects.filter(pk=payment.pk).update(status="FAILED", settled_at=Now())
        for booking in (first, other):
            lapse(booking)
            assert expire_lapsed(booking.pk)
        reserved(nights[1], [2])
        Payment.objects.filter(pk=payment.pk).update(status="SUCCEEDED")
        confirm(payment.reference, payment_id=payment.pk)
        assert states(first, other) == ["REFUNDED", "REFUNDED"]
        assert not EventSeat.objects.filter(claimed_by=first.pk).exists()
        assert not Ticket.objects.filter(items__booking=first, status="RESERVED").exists()

    def test_money_for_less_than_is_due_goes_back(self, nights):
        first, other = two_in_one(nights)
        payment = the_open_payment(first)
        with transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(amount=first.total)
        world.received(Payment.objects.get(pk=payment.pk))
        confirm(first.pk, payment_id=payment.pk)
        assert Refund.objects.get().reason == "WRONG_AMOUNT"
        assert states(first, other) == ["RESERVED", "RESERVED"]

    def test_what_lapses_falls_out_and_the_rest_is_asked_for_anew(self, nights):
        first, other = two_in_one(nights)
        before = the_open_payment(first)
        lapse(first)
        assert expire_lapsed(first.pk)
        before.refresh_from_db()
        assert before.status == "FAILED"
        assert due_of(first) == due_of(other) == [other]
        paid_at_the_desk(other)
        payment = the_open_payment(other)
        assert (payment.reference, payment.covers) == (first.pk, [other.pk])
        assert payment.amount == other.total
        assert states(first, other) == ["EXPIRED", "CONFIRMED"]
        assert invariants.violations() == {}

    def test_what_is_given_up_falls_out(self, nights):
        first, other = two_in_one(nights)
        services.abandon(other.pk)
        assert states(first, other) == ["RESERVED", "CANCELLED"]
        paid_at_the_desk(first)
        assert the_open_payment(first).covers == [first.pk]
        assert invariants.violations() == {}

    def test_a_free_one_is_sold_with_what_is_paid(self, nights):
        first = reserved(nights[0], [0])
        free = services.reserve(
            event=nights[1], ordinals=[0], sale=services.Sale(is_complimentary=True)
        )
        contact(first.pk, **GUEST)
        join(free.pk, to=first.pk)
        paid(first)
        assert states(first, free) == ["CONFIRMED", "CONFIRMED"]
        assert invariants.violations() == {}

    def test_one_event_is_given_back_alone(self, nights):
        first, other = two_in_one(nights)
        payment = paid(first)
        other.refresh_from_db()
        wish = world.GivingBack(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
        seen = world.preview(other, wish, now=world.timezone.now()).name
        world.cancel(other.pk, wish, seen=seen)
        assert Refund.objects.get().amount == other.total < payment.amount
        assert states(first, other) == ["CONFIRMED", "CANCELLED"]
        assert invariants.violations() == {}

    def test_time_is_prolonged_for_all_of_it_once(self, nights):
        first, other = two_in_one(nights)
        until = [first.reserved_until, other.reserved_until]
        services.renew(other.pk)
        ends = [Booking.objects.get(pk=each.pk).reserved_until for each in (first, other)]
        assert all(end > before for end, before in zip(ends, until, strict=True))
        with pytest.raises(services.RenewedAlready):
            services.renew(first.pk)

    def test_a_code_is_taken_into_all_that_it_is_good_for(self, nights):
        first, other = two_in_one(nights)
        running("TENTH", name="A tenth")
        running("ONCE", name="Once", usage_limit=1, is_stackable=True)
        services.enter_code(first.pk, "TENTH")
        for booking in (first, other):
            booking.refresh_from_db()
            assert booking.discount == booking.price / 10
        assert the_open_payment(first).amount == first.total + other.total
        services.take_out_code(other.pk, "TENTH")
        services.enter_code(other.pk, "ONCE")
        first.refresh_from_db()
        other.refresh_from_db()
        assert (first.discount, bool(other.discount)) == (0, True)
        assert the_open_payment(first).amount == first.total + other.total
        paid(first)
        assert invariants.violations() == {}

    def test_a_dispute_locks_the_tickets_of_all_of_it(self, nights):
        first, _other = two_in_one(nights)
        payment = paid(first)
        Dispute.objects.create(
            payment=payment, provider_ref="dp_1", status="OPENED", amount=payment.amount,
            currency="EUR", withdrawn=0, opened_at=world.timezone.now(),
        )  # fmt: skip
        services.follow_disputes(payment.pk)
        assert Ticket.objects.exclude(locked_because="").count() == 3

    def test_the_desk_takes_what_all_of_it_costs_and_its_slip_says_so(self, nights):
        first, other = two_in_one(nights)
        taking = paid_at_the_desk(other)
        assert taking.amount == first.total + other.total
        first.refresh_from_db()
        words = words_of(slip_of(first, [taking]))
        for said in (first.number, other.number, "The Second Night", "Paid together"):
            assert said in words
        assert invariants.violations() == {}


@pytest.mark.django_db
class TestWhatIsNotPutTogether:
    def test_what_is_being_paid(self, nights):
        first, other = reserved(nights[0], [0]), reserved(nights[1], [0])
        Payment.objects.filter(reference=first.pk).update(status="PROCESSING", opened_at=Now())
        with pytest.raises(PaymentBegun):
            join(other.pk, to=first.pk)
        assert Booking.objects.get(pk=other.pk).order is None

    def test_what_two_buyers_reserved(self, nights):
        first, other = reserved(nights[0], [0]), reserved(nights[1], [0])
        contact(first.pk, **GUEST)
        contact(other.pk, **(GUEST | {"email": "ines@post.example"}))
        with pytest.raises(NotTogether):
            join(other.pk, to=first.pk)

    def test_what_is_over_and_what_was_sold_by_others(self, nights):
        first, other = reserved(nights[0], [0]), reserved(nights[1], [0])
        Booking.objects.filter(pk=other.pk).update(channel="BOX_OFFICE")
        with pytest.raises(NotTogether):
            join(other.pk, to=first.pk)
        lapse(first)
        with pytest.raises(services.NotYours):
            join(other.pk, to=first.pk)

    def test_one_order_is_not_put_into_another(self, nights):
        two_in_one(nights)
        more = [reserved(night, [5]) for night in nights]
        join(more[1].pk, to=more[0].pk)
        with pytest.raises(NotTogether):
            join(more[1].pk, to=Booking.objects.order_by("pk").first().pk)

    def test_the_database_keeps_orders_flat_and_paid_sums_as_they_were(self, nights):
        first, other = two_in_one(nights)
        third = reserved(nights[0], [7])
        for change in (
            lambda: Booking.objects.filter(pk=third.pk).update(order=other.pk),
            lambda: Booking.objects.filter(pk=first.pk).update(order=third.pk),
            lambda: Booking.objects.filter(pk=third.pk).update(order=third.pk),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()
        payment = the_open_payment(first)
        Payment.objects.filter(pk=payment.pk).update(status="PROCESSING", opened_at=Now())
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(covers=[first.pk])


@pytest.mark.django_db
class TestOnTheSite:
    @pytest.fixture
    def buyer(self, nights):
        return Client()

    @staticmethod
    def hold(buyer, night, ordinal):
        page = buyer.post(f"/events/{night.slug}/reserve/", {"seat": [ordinal]})
        assert page.status_code == 302, page.content
        return page.headers["Location"]

    @staticmethod
    def words(page):
        return " ".join(strip_tags(page.content.decode()).split())

    def test_what_a_browser_holds_is_one_order(self, nights, buyer):
        self.hold(buyer, nights[0], 0)
        checkout = self.hold(buyer, nights[1], 1)
        said = self.words(buyer.get(checkout))
        whole = sum(each.total for each in Booking.objects.all())
        in_all = Money(whole, "EUR").display()
        for words in ("The Low Lanterns", "The Second Night", in_all, "Add another event"):
            assert words in said, words
        assert said.count("Let these seats go") == 2
        assert the_open_payment(Booking.objects.first()).amount == whole

    def test_one_of_them_is_let_go_and_the_buyer_goes_on_with_the_other(self, nights, buyer):
        first = self.hold(buyer, nights[0], 0)
        other = self.hold(buyer, nights[1], 1)
        gone_on = buyer.post(f"{other}release/")
        assert gone_on.headers["Location"] == first
        assert "The Second Night" not in self.words(buyer.get(first))

    def test_the_mailed_link_of_one_opens_the_other(self, nights):
        first, other = two_in_one(nights)
        paid(first)
        browser = Client()
        browser.get(f"/bookings/{first.pk}/?k={mailed_key(first)}")
        page = browser.get(f"/bookings/{first.pk}/")
        assert other.number in self.words(page)
        assert browser.get(f"/bookings/{other.pk}/").status_code == 200
        assert Client().get(f"/bookings/{other.pk}/").status_code == 404

    def test_a_code_typed_before_counts_for_what_is_added(self, nights, buyer):
        running("TENTH", name="A tenth")
        first = self.hold(buyer, nights[0], 0)
        buyer.post(f"{first}code/", {"code": "TENTH"})
        self.hold(buyer, nights[1], 1)
        for booking in Booking.objects.all():
            assert booking.discount == booking.price / 10
        whole = sum(each.total for each in Booking.objects.all())
        assert the_open_payment(Booking.objects.first()).amount == whole
        assert invariants.violations() == {}

    def test_a_code_that_is_used_up_is_left_out_of_what_is_added(self, nights, buyer):
        running("ONCE", name="Once", usage_limit=1)
        first = self.hold(buyer, nights[0], 0)
        buyer.post(f"{first}code/", {"code": "ONCE"})
        checkout = self.hold(buyer, nights[1], 1)
        before, added = Booking.objects.order_by("reserved_at")
        assert (bool(before.discount), added.discount) == (True, 0)
        assert "ONCE" in self.words(buyer.get(checkout))
        assert the_open_payment(before).covers == [before.pk, added.pk]
        assert invariants.violations() == {}

    def test_a_phone_number_typed_before_stands_in_the_checkout_of_what_is_added(
        self, nights, buyer, settings
    ):
        settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"
        first = self.hold(buyer, nights[0], 0)
        buyer.post(f"{first}pay/", GUEST | {"phone": "+33 6 12 34 56 78"})
        buyer.get(first)  # says once why it did not go on
        Payment.objects.update(status="FAILED", settled_at=Now())
        other = self.hold(buyer, nights[1], 1)
        form = buyer.get(other).context["form"]
        assert form["name"].value() == GUEST["name"]
        assert form["phone"].value() == "+33 6 12 34 56 78"

    def test_who_paid_two_events_reads_so_above_his_tickets(self, nights):
        first, other = two_in_one(nights)
        payment = paid(first)
        browser = Client()
        browser.get(f"/bookings/{first.pk}/?k={mailed_key(first)}")
        page = browser.get(f"/bookings/{first.pk}/").content.decode()
        top, _, rest = page.partition('class="tickets"')
        assert f'href="/bookings/{other.pk}/">The Second Night' in top
        assert f"On your bank statement it is one sum: {payment.money.display()}." in top
        assert "Paid together" not in rest
        alone = world.sold_booking(nights[0], [9])
        browser.get(f"/bookings/{alone.pk}/?k={mailed_key(alone)}")
        assert "Paid together" not in self.words(browser.get(f"/bookings/{alone.pk}/"))

    def test_staff_see_what_is_paid_together_and_that_the_books_agree(self, nights, mireille):
        first, other = two_in_one(nights)
        paid(first)
        for booking in (first, other):
            said = self.words(mireille.get(world.of(booking)))
            assert "Paid together" in said
            assert other.number in said
            assert "differs" not in said


@pytest.mark.django_db
def test_a_partner_sells_two_events_as_one_order(nights):
    _, key = ApiKey.objects.make(role="partner", name="Kiosk")

    def call(path, **body):
        return Client().post(
            f"/api/v1/{path}", json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )  # fmt: skip

    first = call("bookings", event=str(nights[0].pk), seats=[0], contact=GUEST).json()
    other = call("bookings", event=str(nights[1].pk), seats=[0], order=first["id"]).json()
    assert (first["order"], other["order"]) == (first["id"], first["id"])
    assert the_open_payment(Booking.objects.get(pk=first["id"])).covers == [
        Booking.objects.get(pk=each["id"]).pk for each in (first, other)
    ]
    unknown = call(
        "bookings", event=str(nights[1].pk), seats=[3], order=str(nights[0].pk), contact=GUEST
    )
    assert (unknown.status_code, Booking.objects.count()) == (404, 2)


def deliver_everything():
    while sum(outbox.deliver(limit=50)):
        pass


@pytest.fixture
def houses(committed_db, tmp_path, settings):
    """(agency id, the two nights) in a database to commit in."""
    with simulator(tmp_path) as provider:
        settings.PAYMENT_SIMULATOR_URL = provider.url
        settings.MAIL_DIR = tmp_path / "mail"
        agency = shop()["agency"]["id"]
        with acting_for(agency):
            event = Event.objects.select_related("layout", "venue").get()
            yield agency, event, provider


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_many_put_to_one_order_at_once_are_all_asked_for(houses, monkeypatch, is_guarded):
    """Without the lock on the order each reads the sum of before, and the last one's is asked for."""
    agency, event, _ = houses
    first, *others = [reserved(event, [ordinal]) for ordinal in range(6)]
    contact(first.pk, **GUEST)
    if not is_guarded:
        without_locks(monkeypatch, "bookings.orders")
    results = at_once(agency, *[lambda each=each: join(each.pk, to=first.pk) for each in others])
    together = [first, *others]
    joined = len(results) - len(refusals(results))
    asked = payments_of(first).filter(status="PENDING").first()
    whole = sum(each.total for each in together)
    if is_guarded:
        assert joined == 5
        assert (set(asked.covers), asked.amount) == ({b.pk for b in together}, whole)
    else:
        assert asked is None or asked.amount < whole


@pytest.mark.race
def test_who_adds_an_event_while_he_pays_is_asked_for_both_or_pays_for_one(houses):
    agency, event, provider = houses
    for number in range(4):
        first, other = (reserved(event, [10 * number + n]) for n in (0, 1))
        contact(first.pk, **GUEST)
        at_once(agency, lambda: join(other.pk, to=first.pk), lambda: pay(first.pk))  # noqa: B023
        payment = payments_of(first).get(status="PROCESSING")
        provider.pay(payment.provider_ref, "pay")
        settle(payment.pk)
        deliver_everything()
        is_one = Booking.objects.get(pk=other.pk).order_id is not None
        sold = [first.pk, other.pk] if is_one else [first.pk]
        assert payment.covers == sold
        assert set(Booking.objects.sold().filter(pk__in=[first.pk, other.pk])) == set(
            Booking.objects.filter(pk__in=sold)
        )
    assert invariants.violations() == {}
