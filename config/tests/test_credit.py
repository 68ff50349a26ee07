"""Credit of customers: given, lapsed, paid with, given back; the books agree, whatever happens."""

from datetime import timedelta
from decimal import Decimal
from time import sleep
from uuid import uuid4

import pgtrigger
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from bookings.cancelling import NotCancellable, Wish, cancel, preview
from bookings.invoicing import issue_credit_note
from bookings.models import Booking, GoesTo, Grounds, Rule
from bookings.services import abandon, confirm, contact, expire_lapsed, pay, pay_at_desk, reserve
from bookings.services.pay import buy_with_credit
from config.tests import world
from config.tests.servers import simulator
from config.tests.test_cancelling import completed, euros, policy
from config.tests.world import pay_as_buyer
from core import outbox
from core.errors import Invalid
from core.locks import database_now
from core.tenancy import as_system
from customers.services import remember_customer
from events.cancelling import Policy
from inventory.models import EventSeat
from payments.models import CreditEntry, Dispute, LedgerEntry, Payment, Refund
from payments.services import (
    NotEnoughCredit,
    credit_of,
    expire_credit,
    give_back_as_credit,
    give_credit,
    request_refund,
    retry_refund,
    settle,
    take_credit,
)
from payments.services.credit import lapsed_credit
from payments.services.refund import RefundTooHigh
from payments.tasks import let_credit_lapse, reconcile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
NOOR = {"name": "Noor Vance", "email": "noor@post.example"}
FULL = Decimal("84.80")  # two seats of the stalls with their fee
HALF = FULL / 2


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    return event


@pytest.fixture
def noor(agency):
    return remember_customer(**NOOR)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def provider(running, settings):
    settings.PAYMENT_SIMULATOR_URL = running.url
    return running


@pytest.fixture
def rich(noor, ines):
    """Noor with 30 of credit."""
    give_credit(noor.pk, euros(30), reason="For the long queue", by=ines)
    return noor


def held(stocked, ordinals=(0, 1)):
    booking = reserve(event=stocked, ordinals=list(ordinals))
    contact(booking.pk, **NOOR)
    return booking


def has(customer):
    return credit_of(customer.pk, "EUR").amount


def balance(account):
    return sum(entry.amount for entry in LedgerEntry.objects.filter(account=account))


def kinds():
    return list(CreditEntry.objects.order_by("made_at", "pk").values_list("kind", "amount"))


def paid_with(stocked, amount, provider, ordinals=(0, 1)):
    """A booking of which so much was paid with credit and the rest at the provider."""
    booking = held(stocked, ordinals)
    pay_as_buyer(booking.pk, credit=euros(amount))
    payment = Payment.objects.get(reference=booking.pk, status="PROCESSING")
    provider.pay(payment.provider_ref)
    settle(payment.pk)
    confirm(booking.pk, payment_id=payment.pk)
    return Booking.objects.select_related("event", "terms").get(pk=booking.pk)


def written(**change):
    """The payment changed as if its transaction ended here."""
    Payment.objects.update(**change)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def give_back(booking, wanted):
    booking = Booking.objects.select_related("event", "terms").get(pk=booking.pk)
    quote = preview(booking, wanted, now=database_now())
    return cancel(booking.pk, wanted, seen=quote.name)


def lapse(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())


def two_days_go_by(monkeypatch):
    """What lapses within two days has lapsed."""
    by_then = database_now() + timedelta(days=2)
    over = Q(kind__in=CreditEntry.COMES, expires_at__lte=by_then)
    monkeypatch.setattr("payments.services.credit.LAPSED", over)


class TestEntries:
    def test_staff_give_and_take_back_with_a_reason(self, noor, ines):
        give_credit(noor.pk, euros(30), reason="For the long queue", by=ines)
        take_credit(noor.pk, euros(10), reason="Typed 30 for 20", by=ines)
        assert has(noor) == 20
        assert balance("customer_credit") == -20
        assert balance("credit_given") == 20

    def test_the_same_key_gives_once(self, noor, ines):
        for _ in range(2):
            give_credit(noor.pk, euros(30), reason="Once", by=ines, key="one")
        assert has(noor) == 30
        assert balance("customer_credit") == -30

    @pytest.mark.parametrize(("amount", "reason"), [(0, "Why not"), (-5, "Why not"), (5, "  ")])
    def test_nothing_and_no_reason_are_refused(self, noor, ines, amount, reason):
        with pytest.raises(Invalid):
            give_credit(noor.pk, euros(amount), reason=reason, by=ines)
        assert not CreditEntry.objects.exists()

    def test_nobody_loses_more_than_he_has(self, rich, ines):
        with pytest.raises(NotEnoughCredit):
            take_credit(rich.pk, euros("30.01"), reason="Too much", by=ines)
        assert has(rich) == 30

    def test_the_database_refuses_less_than_nothing(self, rich, ines):
        wanted = {"customer": rich, "currency": "EUR", "made_by": ines, "reason": "Directly"}
        with pytest.raises(IntegrityError, match="has 30"), transaction.atomic():
            CreditEntry.objects.create(kind="TAKEN", amount=-31, key="a", **wanted)
        with pytest.raises(IntegrityError, match="has 0 JPY"), transaction.atomic():
            CreditEntry.objects.create(
                **{**wanted, "currency": "JPY"}, kind="TAKEN", amount=-1, key="b"
            )

    def test_the_database_refuses_changes_of_entries(self, rich):
        for change in (
            lambda: CreditEntry.objects.update(amount=99),
            lambda: CreditEntry.objects.all().delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
            with pytest.raises(DatabaseError), transaction.atomic(), pgtrigger.ignore():
                change()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "GIVEN", "amount": -1},
            {"kind": "TAKEN", "amount": 1},
            {"kind": "GIVEN", "amount": 1, "reason": ""},
            {"kind": "HELD", "amount": -1},
            {"kind": "BACK", "amount": 1},
            {"kind": "GIVEN", "amount": "0.001"},
        ],
    )
    def test_the_database_refuses_entries_that_make_no_sense(self, rich, ines, wrong):
        sound = {"customer": rich, "currency": "EUR", "made_by": ines, "reason": "Why", "key": "x"}
        with pytest.raises(IntegrityError), transaction.atomic():
            CreditEntry.objects.create(**{**sound, **wrong})


class TestLapsing:
    @pytest.fixture
    def for_a_year(self, agency):
        with as_system():
            agency.credit_days = 365
            agency.save()

    def given(self, noor, ines, amount, *, days=None):
        """Credit that lapses so many days from now, or never."""
        until = days and database_now() + timedelta(days=days)
        entry = CreditEntry.objects.create(
            customer=noor, kind="GIVEN", amount=amount, currency="EUR", made_by=ines, reason="Why",
            key=f"given {CreditEntry.objects.count()}", expires_at=until,
        )  # fmt: skip
        from payments.services.credit import _book

        _book(entry)
        return entry

    def test_credit_lasts_as_long_as_the_agency_says(self, noor, ines, for_a_year):
        entry = give_credit(noor.pk, euros(5), reason="Why", by=ines)
        assert timedelta(days=364) < entry.expires_at - database_now() <= timedelta(days=365)

    def test_what_lapsed_pays_for_nothing_and_is_taken_away(self, noor, ines):
        self.given(noor, ines, 10, days=-1)
        self.given(noor, ines, 5)
        assert has(noor) == 5
        assert let_credit_lapse() == 1
        assert has(noor) == 5
        assert kinds()[-1] == ("EXPIRED", -10)
        assert balance("customer_credit") == -5
        assert let_credit_lapse() == 0

    def test_what_lapses_first_is_spent_first(self, noor, ines):
        self.given(noor, ines, 5)
        self.given(noor, ines, 10, days=1)
        take_credit(noor.pk, euros(8), reason="Why", by=ines)
        assert has(noor) == 7
        assert expire_credit(noor.pk, "EUR") is None

    def test_what_was_spent_before_it_came_is_not_spent_of_it(self, noor, ines):
        self.given(noor, ines, 10)
        take_credit(noor.pk, euros(10), reason="Why", by=ines)
        sleep(0.002)  # ids of one millisecond are as if of one moment
        self.given(noor, ines, 10, days=-1)
        assert has(noor) == 0
        assert let_credit_lapse() == 1
        assert kinds()[-1] == ("EXPIRED", -10)

    def test_what_was_spent_of_it_before_it_lapsed_lapses_not_again(self, noor, ines, monkeypatch):
        self.given(noor, ines, 10, days=1)
        self.given(noor, ines, 10)
        take_credit(noor.pk, euros(10), reason="Why", by=ines)
        two_days_go_by(monkeypatch)
        assert (has(noor), let_credit_lapse()) == (10, 0)

    def test_what_is_returned_is_as_if_it_had_not_been_held(
        self, stocked, noor, ines, provider, monkeypatch
    ):
        self.given(noor, ines, 10, days=1)
        self.given(noor, ines, 10)
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(10))
        two_days_go_by(monkeypatch)
        assert has(noor) == 10
        lapse(booking)
        assert expire_lapsed(booking.pk)
        assert has(noor) == 10
        assert (let_credit_lapse(), kinds()[-1]) == (1, ("EXPIRED", -10))

    def test_of_many_guests_those_are_found_of_whom_something_lapsed(self, noor, agency, ines):
        eve = remember_customer(name="Eve", email="eve@post.example")
        self.given(noor, ines, 10, days=-1)
        self.given(eve, ines, 10)
        with as_system():
            assert lapsed_credit() == [((noor.pk, "EUR"), agency.pk)]

    def test_what_lapsed_is_not_revived_by_spending_the_rest(self, noor, ines):
        self.given(noor, ines, 10, days=-1)
        self.given(noor, ines, 10)
        take_credit(noor.pk, euros(10), reason="Why", by=ines)
        assert has(noor) == 0
        with pytest.raises(NotEnoughCredit):
            take_credit(noor.pk, euros(1), reason="Why", by=ines)


class TestPaying:
    def test_a_part_is_held_and_the_provider_is_asked_for_the_rest(self, stocked, rich, provider):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        payment = Payment.objects.get()
        assert (payment.amount, payment.credit) == (FULL, 30)
        assert payment.charged == euros("54.80")
        assert has(rich) == 0
        [session] = provider.objects(f"checkout/sessions?client_reference_id={payment.pk}")
        assert session["amount_total"] == 5480
        provider.pay(payment.provider_ref)
        assert settle(payment.pk).status == "SUCCEEDED"
        confirm(booking.pk, payment_id=payment.pk)
        assert Booking.objects.get().status == "CONFIRMED"
        assert balance("provider_clearing") == Decimal("54.80")
        assert balance("customer_credit") == 0
        assert balance("customer_deposits") == 0
        assert kinds() == [("GIVEN", 30), ("HELD", -30)]

    def test_all_of_it_needs_no_provider(self, stocked, noor, ines):
        give_credit(noor.pk, euros(100), reason="Generous", by=ines)
        booking = held(stocked)
        assert pay_as_buyer(booking.pk, credit=euros(FULL)) == f"/bookings/{booking.pk}/"
        payment = Payment.objects.get()
        assert (payment.status, payment.provider, payment.credit) == ("SUCCEEDED", "credit", FULL)
        assert Booking.objects.get().status == "CONFIRMED"
        assert has(noor) == 100 - FULL
        assert reconcile(everything=True)["asked"] == 0

    def test_who_comes_back_goes_to_the_same_page(self, stocked, rich, provider):
        booking = held(stocked)
        assert (
            pay_as_buyer(booking.pk, credit=euros(30))
            == pay_as_buyer(booking.pk, credit=euros(30))
            == pay(booking.pk)
        )
        assert kinds() == [("GIVEN", 30), ("HELD", -30)]

    def test_who_takes_the_tick_away_gets_another_page(self, stocked, rich, provider):
        booking = held(stocked)
        first = pay_as_buyer(booking.pk, credit=euros(30))
        second = pay_as_buyer(booking.pk, credit=euros(0))
        assert first != second
        assert list(Payment.objects.order_by("created_at").values_list("status", "credit")) == [
            ("FAILED", 30),
            ("PROCESSING", 0),
        ]
        assert has(rich) == 30

    def test_more_than_there_is_is_refused_and_nothing_begun(self, stocked, rich, provider):
        booking = held(stocked)
        with pytest.raises(NotEnoughCredit):
            pay_as_buyer(booking.pk, credit=euros(31))
        assert Payment.objects.get().status == "PENDING"
        assert kinds() == [("GIVEN", 30)]
        with pytest.raises(NotEnoughCredit):
            pay_as_buyer(booking.pk, credit=euros(FULL))
        assert Payment.objects.get().status == "PENDING"

    @pytest.mark.parametrize("end", [abandon, None])
    def test_what_is_not_paid_gives_the_credit_back(self, stocked, rich, provider, end):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        if end:
            end(booking.pk)
        else:
            lapse(booking)
            assert expire_lapsed(booking.pk)
        while sum(outbox.deliver()):
            pass
        assert Payment.objects.get().status == "FAILED"
        assert has(rich) == 30
        assert kinds() == [("GIVEN", 30), ("HELD", -30), ("RETURNED", 30)]

    def test_money_that_comes_after_all_takes_the_credit_again(self, stocked, rich, provider):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        payment = Payment.objects.get()
        provider.pay(payment.provider_ref)
        from payments.services.settle import _give_up

        _give_up(payment.pk)
        assert has(rich) == 30
        assert settle(payment.pk).status == "SUCCEEDED"
        assert has(rich) == 0
        confirm(booking.pk, payment_id=payment.pk)
        assert Booking.objects.get().status == "CONFIRMED"

    def test_money_that_comes_after_its_credit_was_spent_goes_back(
        self, stocked, rich, provider, ines
    ):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        payment = Payment.objects.get()
        provider.pay(payment.provider_ref)
        from payments.services.settle import _give_up

        _give_up(payment.pk)
        take_credit(rich.pk, euros(20), reason="Spent elsewhere", by=ines)
        settled = settle(payment.pk)
        assert (settled.status, settled.amount, settled.credit) == (
            "SUCCEEDED",
            Decimal("54.80"),
            0,
        )
        confirm(booking.pk, payment_id=payment.pk)
        refund = Refund.objects.get()
        assert (refund.amount, refund.reason) == (Decimal("54.80"), "WRONG_AMOUNT")
        assert has(rich) == 10

    def test_what_was_begun_stays_as_it_is(self, stocked, rich, provider):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        for change in ({"credit": 0}, {"credit": 20}, {"amount": 1}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Payment.objects.update(**change)
        with pytest.raises(IntegrityError, match="is held"), transaction.atomic():
            written(status="FAILED")

    def test_no_credit_without_what_holds_it(self, stocked, rich):
        held(stocked)
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.update(credit=5)
        with pytest.raises(IntegrityError, match="is held"), transaction.atomic():
            written(credit=5, status="PROCESSING", opened_at=Now())

    def test_the_wrong_sum_at_the_provider_is_booked_by_nobody(self, stocked, rich, provider):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        payment = Payment.objects.get()
        from payments.services.settle import _mismatch

        session = world_session(payment, FULL)
        assert "not 54.80 EUR" in _mismatch(payment, session)
        assert not _mismatch(payment, world_session(payment, Decimal("54.80")))

    def test_late_money_with_lost_seats_goes_back_both_ways(self, stocked, rich, provider):
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(30))
        payment = Payment.objects.get()
        provider.pay(payment.provider_ref)
        lapse(booking)
        EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
        reserve(event=stocked, ordinals=[0])
        settle(payment.pk)
        confirm(booking.pk, payment_id=payment.pk)
        assert Booking.objects.get(pk=booking.pk).status == "REFUNDED"
        refund = Refund.objects.get()
        assert refund.amount == Decimal("54.80")
        assert has(rich) == 30
        completed(refund)
        payment.refresh_from_db()
        assert payment.status == "REFUNDED"


def world_session(payment, amount):
    from payments.adapters import ProviderSession

    return ProviderSession(
        ref="cs", url="", state="paid", amount=amount, currency="EUR",
        metadata={"payment_id": str(payment.pk)},
    )  # fmt: skip


class TestAtTheDesk:
    def test_cash_after_credit(self, stocked, rich, ines):
        booking = held(stocked)
        taking = pay_at_desk(booking.pk, way="CASH", by=ines, given=60, credit=euros(30))
        assert taking.amount == Decimal("54.80")
        assert Booking.objects.get().status == "CONFIRMED"
        assert balance("cash") == Decimal("54.80")
        assert has(rich) == 0

    def test_all_with_credit(self, stocked, rich, ines):
        give_credit(rich.pk, euros(70), reason="More", by=ines)
        booking = held(stocked)
        buy_with_credit(booking.pk)
        assert Booking.objects.get().status == "CONFIRMED"
        assert has(rich) == 100 - FULL

    def test_no_more_is_spent_than_was_said(self, stocked, rich, ines):
        give_credit(rich.pk, euros(70), reason="More", by=ines)
        booking = held(stocked)
        with pytest.raises(NotEnoughCredit, match="are due by now"):
            buy_with_credit(booking.pk, most=euros(80))
        assert has(rich) == 100

    def test_too_little_buys_nothing(self, stocked, rich):
        booking = held(stocked)
        with pytest.raises(NotEnoughCredit):
            buy_with_credit(booking.pk)
        assert Payment.objects.get().status == "PENDING"
        assert Booking.objects.get().status == "RESERVED"


class TestCancelling:
    def test_the_policy_sends_it_to_credit(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        booking = world.sold_booking(stocked, [0, 1])
        made = give_back(booking, Wish())
        assert (made.refunded, made.credited, made.back) == (0, FULL, euros(FULL))
        assert not Refund.objects.exists()
        booking.refresh_from_db()
        assert booking.status == "REFUNDED"
        assert set(booking.items.values_list("ticket__status", flat=True)) == {"REFUNDED"}
        assert has(booking.customer) == FULL
        assert balance("customer_credit") == -FULL
        assert balance("customer_deposits") == 0
        assert balance("provider_clearing") == FULL
        note = issue_credit_note(made.pk)
        assert note.total == FULL
        assert ["Of it credit for later bookings", "84.80"] in note.content["rows"]

    def test_the_buyer_chooses(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        booking = world.sold_booking(stocked, [0, 1])
        tickets = booking.items.order_by("position").values_list("ticket", flat=True)
        one, other = (frozenset([ticket]) for ticket in tickets)
        made = give_back(booking, Wish(one, to=GoesTo.CREDIT))
        assert (made.refunded, made.credited) == (0, FULL / 2)
        made = give_back(booking, Wish(other))
        assert (made.refunded, made.credited) == (FULL / 2, 0)
        booking.refresh_from_db()
        assert booking.status == "CANCELLED"
        completed(Refund.objects.get())
        booking.refresh_from_db()
        assert booking.status == "REFUNDED"

    @pytest.mark.parametrize(("back_to", "to"), [("CARD", GoesTo.CREDIT), ("CREDIT", GoesTo.CARD)])
    def test_nobody_chooses_what_the_terms_decide(self, stocked, back_to, to):
        policy((2, 0, 0), back_to=back_to)
        booking = world.sold_booking(stocked, [0])
        with pytest.raises(NotCancellable, match="By its terms"):
            give_back(booking, Wish(to=to))

    def test_terms_from_before_send_it_to_the_card(self):
        said = {"windows": [], "fees_refundable": True, "is_partial": True, "currency": "EUR"}
        assert Policy.of(said).back_to == "CARD"

    def test_a_cancelled_event_pays_back_to_the_card(self, stocked):
        policy((2, 0, 0), back_to="CREDIT")
        booking = world.sold_booking(stocked, [0, 1])
        made = give_back(booking, Wish(grounds=Grounds.EVENT, rule=Rule.ALL_BACK, reason="Ill"))
        assert (made.refunded, made.credited) == (FULL, 0)

    def test_what_was_paid_with_credit_is_credit_again(self, stocked, rich, provider):
        policy((2, 0, 0))
        booking = paid_with(stocked, 30, provider)
        wanted = {"grounds": Grounds.EVENT, "rule": Rule.ALL_BACK, "reason": "Ill"}
        tickets = booking.items.order_by("position").values_list("ticket", flat=True)
        first = give_back(booking, Wish(frozenset([tickets[0]]), **wanted))
        assert (first.refunded, first.credited) == (FULL / 2, 0)
        second = give_back(booking, Wish(frozenset([tickets[1]]), **wanted))
        assert (second.refunded, second.credited) == (Decimal("12.40"), 30)
        assert has(rich) == 30
        for refund in Refund.objects.all():
            completed(refund)
        payment = Payment.objects.get()
        assert payment.status == "REFUNDED"
        assert Booking.objects.get().status == "REFUNDED"

    def test_what_was_paid_with_credit_alone_is_back_at_once(self, stocked, noor, ines):
        policy((2, 0, 0), fees_refundable=True)
        give_credit(noor.pk, euros(FULL), reason="Generous", by=ines)
        booking = held(stocked)
        pay_as_buyer(booking.pk, credit=euros(FULL))
        made = give_back(booking, Wish())
        assert (made.refunded, made.credited) == (0, FULL)
        assert has(noor) == FULL
        assert Payment.objects.get().status == "REFUNDED"
        assert Booking.objects.get().status == "REFUNDED"

    def test_no_more_goes_to_the_card_than_came_from_it(self, stocked, rich, provider):
        booking = paid_with(stocked, 30, provider)
        wanted = {"payment_id": booking.payment_id, "reason": Refund.Reason.CUSTOMER_REQUEST}
        with pytest.raises(RefundTooHigh, match="€54"):
            request_refund(money=euros("54.81"), request_key="cancellation:one", **wanted)
        made = request_refund(money=euros("54.80"), request_key="cancellation:two", **wanted)
        assert made.amount == Decimal("54.80")

    def test_what_became_credit_does_not_go_to_the_card_as_well(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        booking = world.sold_booking(stocked, [0, 1])
        tickets = booking.items.order_by("position").values_list("ticket", flat=True)
        give_back(booking, Wish(frozenset([tickets[0]])))
        wanted = {"payment_id": booking.payment_id, "reason": Refund.Reason.CUSTOMER_REQUEST}
        with pytest.raises(RefundTooHigh):
            request_refund(money=euros("42.41"), request_key="cancellation:one", **wanted)

    def test_what_a_card_refused_is_not_given_to_it_for_other_tickets(
        self, stocked, noor, ines, provider
    ):
        policy((2, 0, 0), fees_refundable=True)
        give_credit(noor.pk, euros(HALF), reason="For the long queue", by=ines)
        booking = paid_with(stocked, HALF, provider)
        refused = self.refused(give_back(booking, self.only(booking, 0)).refund)
        made = give_back(booking, self.only(booking, 1))
        assert (made.refunded, made.credited, has(noor)) == (0, HALF, HALF)
        assert retry_refund(refused.pk).money == euros(HALF)

    def test_what_a_card_refused_does_not_become_credit(self, stocked):
        """It is sent once more: it would be had twice."""
        policy((2, 0, 0), fees_refundable=True)
        booking = world.sold_booking(stocked, [0, 1])
        self.refused(give_back(booking, Wish()).refund)
        payment = Payment.objects.get()
        with pytest.raises(IntegrityError, match="not of payment"):
            give_back_as_credit(
                payment, euros(1), key="again", customer_id=booking.customer_id, reference=uuid4()
            )

    def only(self, booking, position):
        tickets = booking.items.order_by("position").values_list("ticket", flat=True)
        return Wish(frozenset([tickets[position]]))

    def refused(self, refund):
        for status in ("PROCESSING", "FAILED"):
            Refund.objects.filter(pk=refund.pk).update(status=status)
        return refund

    def test_what_went_to_the_card_does_not_become_credit_as_well(self, stocked):
        booking = world.sold_booking(stocked, [0, 1])
        payment = Payment.objects.get()
        request_refund(
            payment_id=payment.pk, money=euros(60), reason=Refund.Reason.FRAUD, request_key="one"
        )
        entry = {"customer": booking.customer, "payment": payment, "currency": "EUR"}
        with pytest.raises(IntegrityError, match="is not of payment"), transaction.atomic():
            CreditEntry.objects.create(kind="BACK", amount="24.81", key="x", **entry)
        Refund.objects.update(status="FAILED")

    def test_a_disputed_payment_becomes_no_credit(self, stocked):
        policy((2, 0, 0), back_to="CREDIT")
        booking = world.sold_booking(stocked, [0, 1])
        with transaction.atomic():
            Payment.objects.update(status="DISPUTED")
            with pytest.raises(NotCancellable, match="disputed"):
                give_back(booking, Wish())
            transaction.set_rollback(True)
        assert not Dispute.objects.exists()

    def test_the_preview_says_where_it_goes_and_its_name_depends_on_it(self, stocked):
        policy((2, 0, 0), back_to="CHOICE")
        booking = world.sold_booking(stocked, [0])
        booking = Booking.objects.select_related("event", "terms").get(pk=booking.pk)
        card, credit = (preview(booking, Wish(to=to), now=database_now()) for to in GoesTo)
        assert (card.to_card, card.to_credit) == (card.refunded, euros(0))
        assert (credit.to_card, credit.to_credit) == (euros(0), credit.refunded)
        assert card.name != credit.name
