"""What became credit only because seats were changed goes back to the cards it came from; what was
credit stays credit. Looking says what doing does, and the books agree."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from agencies.models import Agency
from bookings.admin_panels import entries_of, expected_sums, ledger_sums
from bookings.cancelling import NotPaidHere, Wish, cancel, preview
from bookings.evidence import sections_of
from bookings.invoicing import issue_credit_note
from bookings.models import Booking, Cancellation, GoesTo, Grounds, Rule
from bookings.services import contact, follow_disputes, reserve
from config.tests import world
from config.tests.test_cancelling import completed, euros, policy
from config.tests.test_credit import two_days_go_by
from config.tests.test_exchanging import (
    CIRCLE,
    STALLS,
    arrived,
    changed,
    gone_to_pay,
    states,
    tickets_of,
)
from config.tests.world import pay_as_buyer
from core.locks import database_now
from core.memory import Remembered
from inventory.models import EventSeat
from payments.adapters import ProviderDispute
from payments.models import CreditEntry, Dispute, LedgerEntry, Payment, Refund
from payments.services import (
    NotEnoughCredit,
    NotPayable,
    ProviderAway,
    credit_of,
    give_credit,
    pay_out_at_desk,
    payable_of,
    record_disputes,
    take_credit,
)
from payments.services.credit import _book, left_of
from payments.tasks import let_credit_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
OFF = {"grounds": Grounds.EVENT, "rule": Rule.ALL_BACK, "reason": "The singer is ill"}


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    world.received_order(event, section="Circle", rows="A")
    return event


@pytest.fixture(autouse=True)
def no_provider(settings):
    """There is one, and it does not answer."""
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"


@pytest.fixture
def sold(stocked):
    """Two seats of the stalls, paid by card, under a policy that gives all back and changes seats for
    nothing."""
    policy((2, 0, 0), fees_refundable=True)
    return world.sold_booking(stocked, [0, 1])


def fresh(booking):
    return Booking.objects.select_related("event", "terms").get(pk=booking.pk)


def looked(booking, wish):
    return preview(fresh(booking), wish, now=database_now())


def give_back(booking, *positions, **said):
    """The Cancellation of tickets (all: those that are left), which is what looking said."""
    tickets = tickets_of(booking, *positions) if positions else frozenset()
    wish = Wish(tickets, **said)
    quote = looked(booking, wish)
    made = cancel(booking.pk, wish, seen=quote.name)
    assert (made.refunded_money, made.credited_money) == (quote.to_card, quote.to_credit)
    assert {
        (refund.payment_id, refund.money)
        for refund in made.refunds
        if refund.payment_id != booking.payment_id
    } == {(payment.pk, money) for payment, money in quote.paid_out}
    return made


def seats(stocked, sold, ordinals, *positions):
    """The booking that tickets of a sold one were changed for."""
    return fresh(
        changed(reserve(event=stocked, ordinals=ordinals), sold, tickets_of(sold, *positions))
    )


def dearer(stocked, sold, ordinals, *positions):
    """The same for seats that cost more, and the Payment of the difference."""
    new = reserve(event=stocked, ordinals=ordinals)
    payment = arrived(gone_to_pay(new, sold, tickets_of(sold, *positions)))
    return fresh(new), payment


def sent(*payments):
    """What is on its way back to each of these payments."""
    return [
        sum((refund.amount for refund in payment.refunds.all()), Decimal(0)) for payment in payments
    ]


def paid(booking):
    return Payment.objects.get(pk=fresh(booking).payment_id)


def has(booking):
    return credit_of(booking.customer_id, "EUR").amount


def bought_with(stocked, ines, amount, ordinals):
    """A booking of which so much is paid with credit that was given, the rest at the provider."""
    booking = reserve(event=stocked, ordinals=ordinals)
    contact(booking.pk, name="Noor", email="noor@post.example")
    booking = fresh(booking)
    give_credit(booking.customer_id, euros(amount), reason="Sorry", by=ines)
    with suppress(ProviderAway):
        pay_as_buyer(booking.pk, credit=euros(amount))
    payment = Payment.objects.get(reference=booking.pk)
    if payment.status == "PROCESSING":
        arrived(payment)
    return fresh(booking)


def all_back():
    for refund in Refund.objects.exclude(status="COMPLETED"):
        completed(refund)


class TestWhereItCameFrom:
    def test_seats_that_were_changed_go_back_to_the_card(self, stocked, sold):
        new = seats(stocked, sold, [10, 11], 1, 2)
        made = give_back(new, **OFF)
        assert (made.refunded, made.credited, made.refund) == (2 * STALLS, 0, None)
        [refund] = made.refunds
        assert (refund.payment, refund.reason) == (paid(sold), "EVENT_CANCELLED")
        assert has(new) == 0
        assert states(new) == ("CANCELLED", ["CANCELLED", "CANCELLED"])
        all_back()
        assert states(new) == ("REFUNDED", ["REFUNDED", "REFUNDED"])
        assert paid(sold).status == paid(new).status == "REFUNDED"
        for account in ("customer_credit", "customer_deposits", "provider_clearing"):
            assert not sum(e.amount for e in LedgerEntry.objects.filter(account=account)), account

    def test_the_back_office_shows_the_way_and_the_books_agree(self, mireille, stocked, sold):
        new = seats(stocked, sold, [10, 11], 1, 2)
        made = give_back(new, **OFF)
        [refund] = made.refunds
        assert new.number in mireille.get(world.of(refund)).content.decode()
        assert "Not sent" in mireille.get(world.of(made)).content.decode()
        assert not made.is_back
        all_back()
        assert Cancellation.objects.get(pk=made.pk).is_back
        for booking in (sold, new):
            assert "differs" not in mireille.get(world.of(booking)).content.decode()
            booking = fresh(booking)
            there, due = ledger_sums(entries_of([booking])), expected_sums([booking])
            assert there["customer_deposits"] == due["customer_deposits"] == 0
            assert there["customer_credit"] == due["customer_credit"] == 0

    def test_by_the_policy_as_well_and_in_parts(self, stocked, sold):
        new = seats(stocked, sold, [10, 11], 1, 2)
        assert give_back(new, 1).refunded == STALLS
        assert sent(paid(sold)) == [STALLS]
        assert give_back(new, 2).refunded == STALLS
        assert sent(paid(sold)) == [2 * STALLS]

    def test_the_credit_note_and_the_mail_say_where_it_goes(self, stocked, sold, mailoutbox):
        from config.tests.test_several_events import deliver_everything

        new = seats(stocked, sold, [10, 11], 1, 2)
        deliver_everything()
        mailoutbox.clear()
        made = give_back(new, **OFF)
        deliver_everything()
        note = issue_credit_note(made.pk)
        assert note.total == 2 * STALLS
        assert not any("credit" in words for words, _ in note.content["rows"])
        [said] = [each.body for each in mailoutbox if "cancelled" in each.body]
        assert "The money goes back to where you paid from" in said
        assert "credit" not in said

    def test_through_two_exchanges(self, stocked, sold):
        second = seats(stocked, sold, [10, 11], 1, 2)
        third = seats(stocked, second, [12, 13], 1, 2)
        made = give_back(third, **OFF)
        assert (made.refunded, sent(paid(sold))) == (2 * STALLS, [2 * STALLS])

    def test_what_dearer_seats_cost_more_goes_back_first(self, stocked):
        policy((2, 0, 0), fees_refundable=True)
        cheap = world.sold_booking(stocked, [50, 51])
        new, more = dearer(stocked, cheap, [10, 11], 1, 2)
        assert more.amount == 2 * (STALLS - CIRCLE)
        give_back(new, 1, **OFF)
        assert sent(more, paid(cheap)) == [2 * (STALLS - CIRCLE), STALLS - 2 * (STALLS - CIRCLE)]
        give_back(new, 2, **OFF)
        assert sent(more, paid(cheap)) == [2 * (STALLS - CIRCLE), 2 * CIRCLE]
        all_back()
        assert states(new)[0] == more.__class__.objects.get(pk=more.pk).status == "REFUNDED"

    def test_a_chain_with_two_differences(self, stocked):
        policy((2, 0, 0), fees_refundable=True)
        first = world.sold_booking(stocked, [50])
        second, more = dearer(stocked, first, [10], 1)
        third, most = dearer(stocked, second, [11, 12], 1)
        give_back(third, **OFF)
        assert sent(most, more, paid(first)) == [STALLS, STALLS - CIRCLE, CIRCLE]

    def test_what_was_taken_at_the_desk_is_handed_out_there(self, stocked, ines):
        policy((2, 0, 0), fees_refundable=True)
        cheap = world.sold_booking(stocked, [50])
        new = reserve(event=stocked, ordinals=[10])
        changed(new, cheap, tickets_of(cheap, 1), taking={"way": "CASH", "by": ines, "given": 20})
        made = give_back(fresh(new), **OFF)
        assert made.refund.amount == STALLS - CIRCLE
        assert (sent(paid(cheap)), made.refunded) == ([CIRCLE], STALLS)

    def test_the_rest_of_cheaper_seats_goes_on_to_the_card(self, stocked, sold):
        second = seats(stocked, sold, [10, 11], 1, 2)
        third = seats(stocked, second, [50, 51], 1, 2)
        assert sent(paid(sold)) == [2 * (STALLS - CIRCLE)]
        give_back(third, **OFF)
        assert sent(paid(sold)) == [2 * STALLS]

    def test_nobody_gets_the_same_twice_of_two_bookings(self, stocked, sold):
        one, other = seats(stocked, sold, [10], 1), seats(stocked, sold, [11], 2)
        for booking in (one, other):
            assert give_back(booking, **OFF).refunded == STALLS
        assert sent(paid(sold)) == [2 * STALLS]


class TestWhatIsCredit:
    def test_what_was_credit_before_stays_credit(self, stocked, ines):
        policy((2, 0, 0), fees_refundable=True)
        old = bought_with(stocked, ines, 2 * STALLS, [0, 1])
        new = seats(stocked, old, [10, 11], 1, 2)
        made = give_back(new, **OFF)
        assert (made.refunded, made.credited) == (0, 2 * STALLS)
        assert not Refund.objects.exists()

    def test_of_both_no_more_goes_to_the_card_than_came_from_it(self, stocked, ines):
        policy((2, 0, 0), fees_refundable=True)
        old = bought_with(stocked, ines, 30, [0, 1])
        card = 2 * STALLS - 30
        one, other = seats(stocked, old, [10], 1), seats(stocked, old, [11], 2)
        first, second = give_back(one, **OFF), give_back(other, **OFF)
        assert (first.refunded, first.credited) == (STALLS, 0)
        assert (second.refunded, second.credited) == (card - STALLS, 30)
        assert has(old) == 30
        all_back()
        assert paid(old).status == "REFUNDED"

    def test_where_the_policy_says_credit_it_stays_credit(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        sold = world.sold_booking(stocked, [0, 1])
        new = seats(stocked, sold, [10, 11], 1, 2)
        assert give_back(new, 1).credited == STALLS
        assert give_back(new, 2, **OFF).refunded == STALLS

    def test_the_buyer_chooses(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        sold = world.sold_booking(stocked, [0, 1])
        new = seats(stocked, sold, [10, 11], 1, 2)
        assert give_back(new, 1, to=GoesTo.CREDIT).credited == STALLS
        assert give_back(new, 2, to=GoesTo.CARD).refunded == STALLS

    def test_a_rest_that_was_spent_elsewhere_is_not_paid_out_twice(self, stocked, ines):
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        sold = world.sold_booking(stocked, [0, 1])
        new = seats(stocked, sold, [50, 51], 1, 2)
        rest = 2 * (STALLS - CIRCLE)
        assert has(new) == rest
        take_credit(new.customer_id, euros(rest), reason="As if spent elsewhere", by=ines)
        made = give_back(new, **OFF)
        assert (made.refunded, made.credited) == (2 * CIRCLE, 0)
        assert (has(new), sent(paid(sold))) == (0, [2 * CIRCLE])

    @pytest.mark.parametrize("is_given_back", [True, False])
    def test_a_gift_lasts_none_the_longer_for_changed_seats(
        self, stocked, sold, ines, is_given_back, monkeypatch
    ):
        gift = CreditEntry.objects.create(
            customer=sold.customer, kind="GIVEN", amount=10, currency="EUR", key="x", reason="Why",
            made_by=ines, expires_at=database_now() + timedelta(days=1),
        )  # fmt: skip
        _book(gift)
        new = seats(stocked, sold, [10, 11], 1, 2)
        if is_given_back:
            give_back(new, **OFF)
        assert (has(new), left_of(gift)) == (10, euros(10))
        two_days_go_by(monkeypatch)
        assert (has(new), left_of(gift)) == (0, euros(0))
        assert (let_credit_lapse(), has(new)) == (1, 0)

    def test_nor_for_dearer_ones(self, stocked, ines):
        policy((2, 0, 0), fees_refundable=True)
        old = world.sold_booking(stocked, [50])
        gift = give_credit(old.customer_id, euros(10), reason="Why", by=ines)
        new, _ = dearer(stocked, old, [10], 1)
        assert (has(new), left_of(gift)) == (10, euros(10))


class TestDisputes:
    def disputed(self, payment, status="DISPUTED"):
        Payment.objects.filter(pk=payment.pk).update(status=status)

    @pytest.mark.parametrize("to", [GoesTo.CARD, GoesTo.CREDIT])
    def test_what_a_bank_holds_is_given_in_no_other_way(self, stocked, to):
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        sold = world.sold_booking(stocked, [0, 1])
        new = seats(stocked, sold, [10, 11], 1, 2)
        with transaction.atomic():
            self.disputed(paid(sold))
            with pytest.raises(NotPaidHere, match="disputed"):
                give_back(new, to=to)
            transaction.set_rollback(True)
        assert give_back(new, to=to).back.amount == 2 * STALLS

    def test_nor_is_it_given_for_other_seats(self, stocked, sold):
        new = seats(stocked, sold, [10, 11], 1, 2)
        with transaction.atomic():
            self.disputed(paid(sold))
            with pytest.raises(NotPaidHere):
                seats(stocked, new, [12, 13], 1, 2)
            transaction.set_rollback(True)


class TestPayable:
    def test_what_came_long_ago_is_offered_before_much_that_is_not_payable(
        self, stocked, mireille, django_assert_max_num_queries
    ):
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        sold = world.sold_booking(stocked, [0, 1])
        give_back(sold, 1, to=GoesTo.CREDIT)
        lot = CreditEntry.objects.get()
        new = world.sold_booking(stocked, [2])
        Booking.objects.filter(pk=new.pk).update(customer=sold.customer)
        for number in range(21):  # seats that were changed again and again
            new = seats(stocked, new, [3 - number % 2], 1)
        with django_assert_max_num_queries(5):
            assert payable_of(sold.customer_id) == [(lot, euros(STALLS))]
        page = mireille.get(f"/admin/customers/customer/{sold.customer_id}/change/")
        assert f"/admin/payments/creditentry/{lot.pk}/pay_out/" in page.content.decode()


class TestCreditOfDisputedMoney:
    """A guest who was given credit for his tickets has his bank take the money as well."""

    @pytest.fixture
    def given(self, stocked):
        """A booking of two tickets that both became credit."""
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        sold = world.sold_booking(stocked, [0, 1])
        give_back(sold)
        return sold

    def told(self, booking, state, amount=2 * STALLS):
        payment = paid(booking)
        told = ProviderDispute(
            ref="dp", payment_ref="", state=state, reason="fraudulent", amount=amount,
            currency="EUR", is_withdrawn=state != "won", created_at=database_now(),
        )  # fmt: skip
        assert record_disputes(payment.pk, [told], read=payment.disputes_read)

    def kinds(self):
        entries = CreditEntry.objects.exclude(kind="GIVEN").order_by("made_at", "pk")
        return list(entries.values_list("kind", "amount"))

    @pytest.mark.parametrize("state", ["needs_response", "lost"])
    def test_it_pays_for_nothing_and_is_not_paid_out(self, stocked, given, state, ines):
        self.told(given, state)
        assert has(given) == 0
        booking = reserve(event=stocked, ordinals=[4, 5])
        contact(booking.pk, name="Fan", email=given.customer.email)
        with pytest.raises(NotEnoughCredit):
            pay_as_buyer(booking.pk, credit=euros(2 * STALLS))
        lot = CreditEntry.objects.get(kind="BACK")
        with pytest.raises(NotPayable):
            pay_out_at_desk(lot.pk, euros(1), reason="Please", by=ines, key=uuid4())

    def test_it_is_free_again_when_the_bank_gives_the_money_back(self, given):
        for state in ("needs_response", "won", "needs_response", "won"):
            self.told(given, state)
        assert has(given) == 2 * STALLS
        moves = [("WITHHELD", -2 * STALLS), ("FREED", 2 * STALLS)]
        assert self.kinds() == [("BACK", 2 * STALLS), *moves, *moves]

    def test_hearing_it_again_withholds_it_once(self, given):
        for _ in range(2):
            self.told(given, "lost")
        assert self.kinds() == [("BACK", 2 * STALLS), ("WITHHELD", -2 * STALLS)]

    def test_what_is_not_there_any_more_cannot_be_withheld(self, given, ines):
        take_credit(given.customer_id, euros(STALLS), reason="As if spent", by=ines)
        self.told(given, "needs_response")
        assert has(given) == 0
        self.told(given, "won")
        assert has(given) == STALLS

    def test_other_credit_stays_the_guests(self, given, ines):
        give_credit(given.customer_id, euros(10), reason="For the long queue", by=ines)
        self.told(given, "lost")
        assert has(given) == 10

    def test_only_what_the_guest_would_have_twice(self, stocked):
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        sold = world.sold_booking(stocked, [0, 1])
        give_back(sold, 1)
        self.told(sold, "needs_response", amount=STALLS)  # the ticket that he has still
        assert has(sold) == STALLS
        self.told(sold, "needs_response", amount=STALLS + 10)
        assert has(sold) == STALLS - 10

    def test_the_database_frees_no_more_than_is_withheld(self, given):
        self.told(given, "needs_response")
        lot = CreditEntry.objects.get(kind="BACK")
        with pytest.raises(IntegrityError, match="not left of credit"), transaction.atomic():
            CreditEntry.objects.create(
                kind="FREED", amount=2 * STALLS + 1, currency="EUR", customer=given.customer, of=lot,
                payment=lot.payment, key="x",
            )  # fmt: skip

    def test_the_bank_is_told_of_it(self, given, mireille):
        self.told(given, "lost")
        page = mireille.get(f"/admin/payments/dispute/{Dispute.objects.get().pk}/change/")
        assert "Given as credit before: tell the bank" in page.content.decode()
        [section] = [each for each in sections_of(fresh(given)) if each.title == "Credit"]
        assert [row[1:] for row in section.rows] == [
            ("€84.80", "Came back of a payment"),
            ("-€84.80", "Withheld: a bank took the money"),
        ]


class TestTicketsOfDisputedMoney:
    def told(self, payment, state, ref="dp", amount=None):
        payment = Payment.objects.get(pk=payment.pk)
        told = ProviderDispute(
            ref=f"{ref}_{payment.pk}", payment_ref="", state=state, reason="fraudulent",
            amount=amount or payment.charged.amount, currency="EUR", is_withdrawn=state != "won",
            created_at=database_now(),
        )  # fmt: skip
        record_disputes(payment.pk, [told], read=payment.disputes_read)
        follow_disputes(payment.pk)

    def locked(self, booking):
        tickets = booking.items.filter(cancelled=None).order_by("position")
        return [bool(each) for each in tickets.values_list("ticket__locked_because", flat=True)]

    def test_they_are_locked_while_a_bank_holds_any_of_it(self, stocked):
        policy((2, 0, 0), fees_refundable=True)
        cheap = world.sold_booking(stocked, [50, 51])
        new, more = dearer(stocked, cheap, [10], 1)
        third = seats(stocked, new, [11], 1)
        other = world.sold_booking(stocked, [5])
        self.told(paid(cheap), "needs_response")
        assert self.locked(cheap) == self.locked(third) == [True]
        self.told(more, "needs_response")
        self.told(more, "won")
        assert self.locked(third) == [True]
        self.told(paid(cheap), "won")
        assert self.locked(cheap) == self.locked(third) == self.locked(other) == [False]
        self.told(more, "lost")
        assert (self.locked(cheap), self.locked(third)) == ([False], [True])

    @pytest.fixture
    def cancels(self, agency):
        Agency.objects.filter(pk=agency.pk).update(when_disputed="CANCEL")
        Remembered.forget_everything()

    def stock(self, *ordinals):
        found = EventSeat.objects.filter(ordinal__in=ordinals).order_by("ordinal")
        return list(found.values_list("status", flat=True))

    def test_seats_given_for_lost_ones_are_sold_again(self, cancels, stocked, sold):
        second = seats(stocked, sold, [10, 11], 1, 2)
        third = seats(stocked, second, [12], 1)
        other = world.sold_booking(stocked, [5])
        self.told(paid(sold), "needs_response")
        assert self.stock(11, 12) == ["SOLD", "SOLD"]
        for _ in range(2):
            self.told(paid(sold), "lost")
        assert self.stock(11, 12) == ["AVAILABLE", "AVAILABLE"]
        assert [states(each)[0] for each in (second, third, other)] == [
            *["CANCELLED"] * 2,
            "CONFIRMED",
        ]
        assert has(third) == 0
        assert not Refund.objects.exists()

    @pytest.mark.parametrize("first", ["old", "more"])
    def test_while_a_part_is_lost_they_stay_locked(self, cancels, stocked, first):
        policy((2, 0, 0), fees_refundable=True)
        cheap = world.sold_booking(stocked, [50, 51])
        new, more = dearer(stocked, cheap, [10], 1)
        both = [paid(cheap), more]
        first, last = both if first == "old" else reversed(both)
        self.told(first, "lost")
        assert (self.stock(10), self.locked(new)) == (["SOLD"], [True])
        assert self.stock(51) == ["AVAILABLE" if first == both[0] else "SOLD"]
        self.told(last, "lost")
        assert self.stock(10, 51) == ["AVAILABLE", "AVAILABLE"]

    def test_what_was_given_for_credit_is_not_lost_with_the_difference(
        self, cancels, stocked, ines
    ):
        policy((2, 0, 0), fees_refundable=True)
        cheap = bought_with(stocked, ines, CIRCLE, [50])
        new, more = dearer(stocked, cheap, [10], 1)
        self.told(more, "lost")
        assert (self.stock(10), self.locked(new)) == (["SOLD"], [True])

    def test_what_was_sent_back_before_is_not_missing(self, cancels, stocked, sold):
        new = seats(stocked, sold, [10, 11], 1, 2)
        give_back(new, 1)
        self.told(paid(sold), "lost", amount=STALLS)
        assert self.stock(11) == ["AVAILABLE"]


class TestFailedRefunds:
    def test_what_a_card_refuses_waits_for_a_person_who_sends_it_again(self, stocked, sold):
        from payments.services import retry_refund
        from payments.services.refund import _begin, _refused

        new = seats(stocked, sold, [10, 11], 1, 2)
        [refund] = give_back(new, **OFF).refunds
        _begin(refund.pk)
        _refused(refund.pk, "The card is closed")
        assert states(new)[0] == "CANCELLED"
        assert has(new) == 0
        owed = sum(e.amount for e in LedgerEntry.objects.filter(account="customer_deposits"))
        assert owed == -2 * STALLS
        retry_refund(refund.pk)
        all_back()
        assert states(new)[0] == "REFUNDED"


class TestTheDatabase:
    @pytest.fixture
    def back(self, stocked):
        """An entry of credit that came back of a card payment."""
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        give_back(world.sold_booking(stocked, [0, 1]))
        return CreditEntry.objects.get(kind="BACK")

    def out(self, back, amount, sent=None, **wrong):
        """Writes an entry with its refund, as if the transaction ended here."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            refund = Refund(
                payment=back.payment, amount=sent or amount, currency="EUR", request_key="x"
            )
            fields = {
                "customer": back.customer,
                "payment": back.payment,
                "of": back,
                "refund": refund,
            }
            CreditEntry.objects.create(
                **fields
                | {"currency": "EUR", "amount": -amount, "kind": "PAID_OUT", "key": "x"}
                | wrong
            )
            refund.save(force_insert=True)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_lets_out_what_came_back(self, back):
        with transaction.atomic():
            self.out(back, 2 * STALLS)
            transaction.set_rollback(True)

    def test_but_not_more(self, back, ines):
        give_credit(back.customer_id, euros(50), reason="Why", by=ines)
        with pytest.raises(IntegrityError, match="is not"):
            self.out(back, 2 * STALLS + 1)

    def test_nor_what_is_spent(self, back, ines):
        take_credit(back.customer_id, euros(1), reason="Why", by=ines)
        with pytest.raises(IntegrityError, match="has 83"):
            self.out(back, 2 * STALLS)

    def test_nor_without_the_refund_of_the_same(self, back):
        with pytest.raises(IntegrityError, match="is not paid out by"):
            self.out(back, 2 * STALLS, sent=STALLS)

    @pytest.mark.parametrize("status", ["DISPUTED", "REFUNDED"])
    def test_nor_of_a_payment_that_has_nothing(self, back, status):
        with transaction.atomic():
            Payment.objects.update(status=status)
            with pytest.raises(IntegrityError, match="is not of payment"):
                self.out(back, STALLS)
            transaction.set_rollback(True)

    def test_nor_what_is_not_of_that_lot(self, back):
        with pytest.raises(IntegrityError, match="is not left of"):
            self.out(back, STALLS, expires_at=Now())
        with pytest.raises(IntegrityError, match="names_its_refund"):
            self.out(back, STALLS, of=None)

    def test_nor_as_a_refund_without_taking_the_credit(self, back):
        with pytest.raises(IntegrityError, match="would exceed"), transaction.atomic():
            Refund.objects.create(
                payment=back.payment, amount=1, currency="EUR", request_key="y", reason="FRAUD"
            )
