"""Seats of a paid booking changed for others: all or nothing, and the money adds up."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.terms import publish_terms
from bookings.cancelling import NotCancellable, QuoteChanged, policy_of, preview
from bookings.changed_from import changed_from
from bookings.desk_receipt import slip_of
from bookings.invoice_paper import paper_of
from bookings.invoicing import issue_credit_note, issue_invoice
from bookings.links import mailed_key
from bookings.models import Booking, Cancellation, GoesTo, Grounds, Rule
from bookings.services import CodeRefused, NotYours, contact, enter_code, pay, reserve
from bookings.services.exchange import (
    NotExchangeable,
    difference,
    exchange,
    finish_exchange,
    pay_difference,
    wish_of,
)
from config.tests import world
from config.tests.test_cancelling import euros, policy
from config.tests.test_order_paper import text_of
from config.tests.test_several_events import deliver_everything, second_night
from core import failpoints
from core.outbox import record
from events.cancelling import Policy
from events.models import CancellationPolicy, Event
from inventory.models import EventSeat
from payments.facts import PaymentSucceeded
from payments.models import DeskTaking, LedgerEntry, Payment, Refund
from payments.services import ProviderAway, credit_of
from promotions.models import Use
from promotions.tests.factories import running
from tickets.services import NotTransferable, Recipient, accept_transfer, begin_transfer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
STALLS, CIRCLE = Decimal("42.40"), Decimal("31.80")  # all-in prices of a seat
# Of the difference of 10.60 half the price (5.00) and the fee (0.60) are kept.
REST = Decimal("5.00")


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
def circle(stocked):
    """Ordinals of the circle's seats that are in stock: the stalls have 50."""
    return list(range(50, 60))


@pytest.fixture
def sold(stocked):
    """Two seats of the stalls, sold under a policy that lets them be changed for nothing."""
    policy((2, 50, 0))
    return world.sold_booking(stocked, [0, 1])


def tickets_of(booking, *positions):
    return frozenset(booking.items.filter(position__in=positions).values_list("ticket", flat=True))


def looked_at(new, sold, tickets, **how):
    new, old = (
        Booking.objects.select_related("event", "terms").get(pk=each.pk) for each in (new, sold)
    )
    return preview(old, wish_of(new, tickets, **how), now=timezone.now())


def changed(new, sold, tickets, **more):
    quote = looked_at(new, sold, tickets)
    return exchange(new.pk, booking_id=sold.pk, tickets=tickets, seen=quote.name, **more)


def states(booking):
    booking.refresh_from_db()
    tickets = booking.items.order_by("position").values_list("ticket__status", flat=True)
    return booking.status, list(tickets)


def test_seats_of_the_same_price_are_changed_and_nothing_is_paid(stocked, sold):
    new = reserve(event=stocked, ordinals=[10, 11])
    made = changed(new, sold, tickets_of(sold, 1, 2))
    assert states(made) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])
    assert states(sold) == ("REFUNDED", ["REFUNDED", "REFUNDED"])
    cancelled = Cancellation.objects.get()
    assert (cancelled.grounds, cancelled.exchanged_for_id) == ("EXCHANGE", new.pk)
    assert (cancelled.refunded, cancelled.credited, cancelled.kept) == (0, 2 * STALLS, 0)
    assert not Refund.objects.exists()
    assert credit_of(made.customer_id, "EUR") == euros(0)
    assert made.customer == sold.customer
    assert set(EventSeat.objects.filter(ordinal__in=[0, 1]).values_list("status", flat=True)) == {
        "AVAILABLE"
    }
    assert issue_invoice(new.pk).total == issue_credit_note(cancelled.pk).total == 2 * STALLS


def test_the_desk_reads_of_a_change_and_not_of_money_that_is_back(mireille, stocked, sold):
    made = changed(reserve(event=stocked, ordinals=[10, 11]), sold, tickets_of(sold, 1, 2))
    page = mireille.get(world.of(sold)).content.decode()
    assert page.count(f"Changed for {made.number}</span>") == 3  # the booking and its two tickets
    assert f"{euros(2 * STALLS).display()} of credit for the change to {made.number}" in page
    assert f"Ticket changed for {made.number}: its code opens no door" in page
    for untrue in ("All the money is back", "The money for the ticket is back", ">Refunded<"):
        assert untrue not in page
    guest = mireille.get(world.of(sold.customer)).content.decode()
    assert f"Changed from {sold.number}" in guest
    assert "Came back of a payment" not in guest


def test_one_ticket_of_several_is_changed(stocked, sold):
    new = reserve(event=stocked, ordinals=[10])
    changed(new, sold, tickets_of(sold, 2))
    assert states(sold) == ("CONFIRMED", ["CONFIRMED", "REFUNDED"])
    assert states(new) == ("CONFIRMED", ["CONFIRMED"])


def test_of_cheaper_seats_the_rest_goes_where_the_policy_says(stocked, sold, circle):
    new = reserve(event=stocked, ordinals=circle[:2])
    quote = looked_at(new, sold, tickets_of(sold, 1, 2))
    assert difference(quote) == euros(0)
    assert (quote.to_credit.amount, quote.to_card.amount) == (2 * CIRCLE, 2 * REST)
    assert quote.kept_of_rest == quote.kept == euros("11.20")
    made = changed(new, sold, tickets_of(sold, 1, 2))
    assert Refund.objects.get().amount == 2 * REST
    assert credit_of(made.customer_id, "EUR") == euros(0)
    cancelled = Cancellation.objects.get()
    assert cancelled.kept_money == euros("11.20")
    kept = LedgerEntry.objects.filter(account="cancellation_fees")
    assert kept.get().amount == Decimal("-11.20")
    assert issue_credit_note(cancelled.pk).content["rows"] == [
        ["Paid for these tickets", "84.80"],
        ["Kept of what the new seats cost less", "-11.20"],
        [f"Of it towards booking {made.number}", "63.60"],
    ]


def test_two_tickets_given_for_one_are_worth_what_one_given_back_is(stocked):
    """Of an amount that is kept of each ticket, too, only that of one is kept."""
    policy((2, 25, "3.00"))
    sold = world.sold_booking(stocked, [0, 1])
    quote = looked_at(reserve(event=stocked, ordinals=[10]), sold, tickets_of(sold, 1, 2))
    back = preview(quote.booking, world.GivingBack(tickets_of(sold, 1)), now=timezone.now())
    assert (quote.kept, quote.to_card) == (back.kept, back.refunded) == (euros("15.40"), euros(27))


@pytest.mark.parametrize("windows", [[], [(3, 0, 0), (2, 0, 0)]])
def test_where_nothing_comes_back_any_more_nothing_does_of_the_difference(stocked, circle, windows):
    """The seats are changed all the same."""
    policy(*windows)
    Event.objects.update(starts_at=timezone.now() + timedelta(hours=30))
    sold = world.sold_booking(stocked, [0])
    new = reserve(event=stocked, ordinals=circle[:1])
    quote = looked_at(new, sold, tickets_of(sold, 1))
    assert (quote.kept_of_rest, quote.to_card) == (euros(STALLS - CIRCLE), euros(0))
    changed(new, sold, tickets_of(sold, 1))
    assert not Refund.objects.exists()
    assert credit_of(sold.customer_id, "EUR") == euros(0)
    assert states(new) == ("CONFIRMED", ["CONFIRMED"])


def test_a_window_that_ends_meanwhile_is_looked_at_again(stocked, sold, circle):
    new = reserve(event=stocked, ordinals=circle[:1])
    seen = looked_at(new, sold, tickets_of(sold, 1)).name
    Event.objects.update(starts_at=timezone.now() + timedelta(hours=30))
    with pytest.raises(QuoteChanged):
        exchange(new.pk, booking_id=sold.pk, tickets=tickets_of(sold, 1), seen=seen)
    assert states(sold) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])


def test_staff_and_buyers_read_what_cheaper_seats_bring(mireille, agency, sold):
    page = mireille.get(reverse("admin:events_cancellationpolicy_add")).content.decode()
    assert "after the last of them nothing comes back" in page
    [told] = policy_of(sold).exchanging
    assert "If they cost less, you get back of the difference what you would get back" in told


def test_staff_may_give_all_of_the_difference_back_and_say_why(stocked, sold, circle, ines):
    new, tickets = reserve(event=stocked, ordinals=circle[:1]), tickets_of(sold, 1)
    how = {"by": ines.pk, "reason": "His view was blocked"}
    seen = looked_at(new, sold, tickets, **how).name
    exchange(new.pk, booking_id=sold.pk, tickets=tickets, seen=seen, **how)
    assert Refund.objects.get().amount == STALLS - CIRCLE
    assert Cancellation.objects.get().kept == 0


def test_or_becomes_credit(stocked, circle):
    policy((2, 50, 0), back_to="CREDIT")
    sold = world.sold_booking(stocked, [0])
    made = changed(reserve(event=stocked, ordinals=circle[:1]), sold, tickets_of(sold, 1))
    assert not Refund.objects.exists()
    assert credit_of(made.customer_id, "EUR").amount == REST
    deliver_everything()
    told = mail_of("Your seats are changed")
    for text in (told.body, told.alternatives[0].content):
        assert "€5.00 became your credit for later bookings." in text


def mail_of(subject):
    [told] = [each for each in mail.outbox if each.subject.startswith(subject)]
    return told


def test_dearer_seats_are_paid_for_at_the_desk(stocked, circle, ines):
    policy((2, 50, 0))
    sold = world.sold_booking(stocked, circle[:1])
    new = reserve(event=stocked, ordinals=[0])
    quote = looked_at(new, sold, tickets_of(sold, 1))
    assert difference(quote).amount == STALLS - CIRCLE
    with pytest.raises(NotExchangeable, match=r"cost €10\.60 more, which has to be paid first"):
        changed(new, sold, tickets_of(sold, 1))
    assert states(sold) == ("CONFIRMED", ["CONFIRMED"])
    changed(new, sold, tickets_of(sold, 1), taking={"way": "CASH", "by": ines, "given": 20})
    payment = Payment.objects.get(reference=new.pk)
    assert (payment.provider, payment.credit, payment.charged) == ("cash", CIRCLE, euros("10.60"))
    assert states(new) == ("CONFIRMED", ["CONFIRMED"])


def test_a_fee_is_kept_where_the_policy_says_so(stocked):
    """Beside what is kept of the rest: 22.40 of a ticket of 42.40, so 17.12 of 32.40."""
    policy((2, 50, 0), exchange_fee=5, back_to="CREDIT")
    sold = world.sold_booking(stocked, [0, 1])
    new = reserve(event=stocked, ordinals=[10])
    quote = looked_at(new, sold, tickets_of(sold, 1, 2))
    assert (quote.kept, quote.kept_of_rest) == (euros("27.12"), euros("17.12"))
    made = changed(new, sold, tickets_of(sold, 1, 2))
    assert credit_of(made.customer_id, "EUR") == euros("15.28")
    assert issue_credit_note(Cancellation.objects.get().pk).content["rows"][1:3] == [
        ["Kept for changing seats", "-10.00"],
        ["Kept of what the new seats cost less", "-17.12"],
    ]
    deliver_everything()
    told = mail_of("Your seats are changed")
    assert "Kept for changing them: €10.00" in told.body
    assert "by the rules you bought under: €17.12" in told.body


def test_no_seats_are_changed_under_terms_that_do_not_say_so(stocked, ines):
    policy((2, 50, 0), exchange_fee=None)
    sold = world.sold_booking(stocked, [0])
    new = reserve(event=stocked, ordinals=[10])
    with pytest.raises(NotCancellable, match="By its terms"):
        looked_at(new, sold, tickets_of(sold, 1))
    said = {"windows": [], "fees_refundable": True, "is_partial": True, "currency": "EUR"}
    assert Policy.of(said).exchange_fee is None
    how = {"by": ines.pk, "reason": "His view was blocked"}
    seen = looked_at(new, sold, tickets_of(sold, 1), **how).name
    exchange(new.pk, booking_id=sold.pk, tickets=tickets_of(sold, 1), seen=seen, **how)
    assert states(new) == ("CONFIRMED", ["CONFIRMED"])


def test_tickets_in_other_hands_are_not_changed(stocked, sold):
    world.given(sold, 1)
    new = reserve(event=stocked, ordinals=[10])
    with pytest.raises(NotCancellable):
        looked_at(new, sold, tickets_of(sold, 1))


def test_when_the_new_seats_lapse_the_old_tickets_stay(stocked, sold):
    new = reserve(event=stocked, ordinals=[10, 11])
    seen = looked_at(new, sold, tickets_of(sold, 1, 2)).name
    Booking.objects.filter(pk=new.pk).update(reserved_until=Now())
    with pytest.raises(NotYours):
        exchange(new.pk, booking_id=sold.pk, tickets=tickets_of(sold, 1, 2), seen=seen)
    assert states(sold) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])


def test_whoever_dies_in_between_has_changed_nothing(stocked, sold, settings):
    new = reserve(event=stocked, ordinals=[10, 11])
    settings.FAIL_POINT = "exchange.after_cancelling=raise"
    with pytest.raises(failpoints.FailPointReached):
        changed(new, sold, tickets_of(sold, 1, 2))
    assert states(sold) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])
    assert not Cancellation.objects.exists()
    assert states(new)[0] == "RESERVED"


def test_what_was_not_looked_at_does_not_happen(stocked, sold, circle):
    new, other = reserve(event=stocked, ordinals=[10]), reserve(event=stocked, ordinals=circle[:1])
    seen = looked_at(new, sold, tickets_of(sold, 1)).name
    with pytest.raises(QuoteChanged):
        exchange(other.pk, booking_id=sold.pk, tickets=tickets_of(sold, 1), seen=seen)


def test_seats_reserved_for_somebody_else_are_not_given(stocked, sold):
    new = reserve(event=stocked, ordinals=[10])
    contact(new.pk, name="Omar", email="omar@post.example")
    with pytest.raises(NotExchangeable, match="somebody else"):
        changed(new, sold, tickets_of(sold, 1))


def gone_to_pay(new, sold, tickets):
    """The Payment of the difference, whose buyer is at the provider's page."""
    seen = looked_at(new, sold, tickets).name
    with suppress(ProviderAway):
        pay_difference(new.pk, booking_id=sold.pk, tickets=tickets, seen=seen)
    return Payment.objects.get(reference=new.pk, status="PROCESSING")


def arrived(payment):
    world.received(payment)
    record(PaymentSucceeded(reference=payment.reference, payment_id=payment.pk))
    deliver_everything()
    payment.refresh_from_db()
    return payment


class TestDearerSeats:
    @pytest.fixture
    def cheap(self, stocked, circle):
        """A seat of the circle that was sold."""
        policy((2, 50, 0))
        return world.sold_booking(stocked, circle[:1])

    @pytest.fixture
    def new(self, stocked, cheap):
        return reserve(event=stocked, ordinals=[0])

    def test_they_are_changed_when_the_difference_arrives(self, cheap, new):
        payment = gone_to_pay(new, cheap, tickets_of(cheap, 1))
        assert payment.money == euros(STALLS - CIRCLE)
        assert states(cheap) == ("CONFIRMED", ["CONFIRMED"])
        arrived(payment)
        assert not finish_twice(payment)
        assert states(new) == ("CONFIRMED", ["CONFIRMED"])
        assert states(cheap) == ("REFUNDED", ["REFUNDED"])
        new.refresh_from_db()
        paid_with = Payment.objects.get(pk=new.payment_id)
        assert (paid_with.provider, paid_with.money) == ("credit", euros(STALLS))
        words = f"booking {cheap.number}, €31.80, and €10.60 at the simulated provider."
        assert changed_from(new).in_words == f"Paid with the value of {words}"
        assert credit_of(new.customer_id, "EUR") == euros(0)
        assert not Refund.objects.exists()

    @pytest.mark.parametrize("what", ["passed on", "lapsed", "cancelled"])
    def test_all_of_it_goes_back_when_they_cannot_be(self, cheap, new, what):
        payment = gone_to_pay(new, cheap, tickets_of(cheap, 1))
        if what == "passed on":
            with pytest.raises(NotTransferable, match="being changed for other seats"):
                world.given(cheap)
            to, giver = Recipient("Bo", "bo@post.example"), cheap.customer
            begun = begin_transfer(tickets_of(cheap, 1), to, giver=giver)
            accept_transfer(begun.pk, name="Bo")
        elif what == "lapsed":
            Booking.objects.filter(pk=new.pk).update(reserved_until=Now())
        else:
            wish = world.GivingBack(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Ill")
            seen = preview(Booking.objects.get(pk=cheap.pk), wish, now=timezone.now()).name
            world.cancel(cheap.pk, wish, seen=seen)
        before = states(cheap)
        arrived(payment)
        refund = payment.refunds.get()
        assert (refund.money, refund.reason) == (payment.money, "NOT_EXCHANGED")
        assert states(cheap) == before
        assert states(new)[0] == "RESERVED"
        [said] = [each.body for each in mail.outbox if "comes back to you" in each.body]
        assert "could not be changed any more" in said
        kept = "These seats are not yours" if what == "lapsed" else "Still kept for you until"
        assert kept in said

    def test_whoever_pays_for_the_new_seats_instead_keeps_the_old_ones(self, cheap, new):
        seen = looked_at(new, cheap, tickets_of(cheap, 1)).name
        payment = gone_to_pay(new, cheap, tickets_of(cheap, 1))
        Payment.objects.filter(pk=payment.pk).update(status="FAILED", settled_at=Now())
        contact(new.pk, name="Noor Vance", email="noor@post.example")
        with suppress(ProviderAway):
            pay(new.pk)
        whole = Payment.objects.get(reference=new.pk, status="PROCESSING")
        assert whole.amount == STALLS
        with pytest.raises(ProviderAway):  # that page is open: it would have to be shut first
            pay_difference(new.pk, booking_id=cheap.pk, tickets=tickets_of(cheap, 1), seen=seen)
        arrived(whole)
        assert states(new) == ("CONFIRMED", ["CONFIRMED"])
        assert states(cheap) == ("CONFIRMED", ["CONFIRMED"])

    def test_nothing_is_planned_that_was_not_seen_or_costs_nothing(self, cheap, new, stocked):
        tickets = tickets_of(cheap, 1)
        with pytest.raises(QuoteChanged):
            pay_difference(new.pk, booking_id=cheap.pk, tickets=tickets, seen="")
        sold, same = world.sold_booking(stocked, [10]), reserve(event=stocked, ordinals=[12])
        seen = looked_at(same, sold, tickets_of(sold, 1)).name
        with pytest.raises(NotExchangeable, match="no difference"):
            pay_difference(same.pk, booking_id=sold.pk, tickets=tickets_of(sold, 1), seen=seen)

    def test_another_price_of_the_new_seats_is_seen_again_first(self, cheap, new):
        """A code that somebody takes into the reservation changes what is missing."""
        seen = looked_at(new, cheap, tickets_of(cheap, 1)).name
        running("EARLY")
        enter_code(new.pk, "EARLY")
        with pytest.raises(QuoteChanged):
            pay_difference(new.pk, booking_id=cheap.pk, tickets=tickets_of(cheap, 1), seen=seen)

    def test_tickets_that_are_worth_nothing_are_changed_for_nothing(self, stocked, circle, agency):
        """The fee for changing takes all that was paid."""
        policy((2, 50, 0), exchange_fee=Decimal(100))
        sold = world.sold_booking(stocked, circle[:1])
        new = reserve(event=stocked, ordinals=[0])
        seen = looked_at(new, sold, tickets_of(sold, 1)).name
        with pytest.raises(NotExchangeable, match="Nothing is left of what these tickets cost"):
            pay_difference(new.pk, booking_id=sold.pk, tickets=tickets_of(sold, 1), seen=seen)

    def test_whoever_dies_while_they_are_changed_goes_on_later(self, cheap, new, settings):
        payment = gone_to_pay(new, cheap, tickets_of(cheap, 1))
        settings.FAIL_POINT = "exchange.after_cancelling=raise"
        world.received(payment)
        with pytest.raises(failpoints.FailPointReached):
            finish_exchange(payment.pk)
        assert states(cheap) == ("CONFIRMED", ["CONFIRMED"])
        settings.FAIL_POINT = ""
        assert finish_exchange(payment.pk)
        assert states(new) == ("CONFIRMED", ["CONFIRMED"])


def finish_twice(payment):
    """The refunds of a payment that is told of once more."""
    assert finish_exchange(payment.pk)
    return payment.refunds.all()


def at_desk(client, sold, new, **said):
    """What the page says that stands at the end of the desk's two pages."""
    page = world.of(sold, "change_seats")
    said = {"number": new.number, "tickets": list(tickets_of(sold, 1)), **said}
    look = client.post(page, said)
    hidden = look.context.get("hidden")
    if hidden is None:
        return world.problems(look)
    sent = {}
    for name, value in hidden:
        sent.setdefault(name, []).append(value)
    answer = client.post(page, sent)
    return world.problems(answer) if answer.status_code == 200 else answer["Location"]


class TestWithACode:
    """Two seats of the stalls, 20 % off with a code that is good once."""

    @pytest.fixture
    def sold(self, stocked):
        policy((2, 50, 0))
        running("EARLY", code_limit=1, percent=20)
        return world.sold_booking(stocked, [0, 1], codes=("EARLY",))

    @pytest.fixture
    def buyer(self, agency, sold):
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        return client

    def page(self, buyer, stocked, sold, *positions):
        said = {"ticket": list(tickets_of(sold, *positions))}
        buyer.post(reverse("exchange", args=[sold.pk]), said)
        buyer.post(reverse("reserve", args=[stocked.slug]), {"seat": [10]})
        return reverse("seats_for_seats", args=[Booking.objects.get(status="RESERVED").pk])

    def test_the_buyer_reads_before_that_his_discount_does_not_go_along(self, buyer, stocked, sold):
        """Of a ticket 8.00 and the 6 % of it that the fee was lower."""
        shown = buyer.get(self.page(buyer, stocked, sold, 1)).content.decode()
        assert "Your €8.48 discount of the code EARLY does not go with the new seats." in shown
        assert "The code stays used for the tickets that you keep." in shown

    def test_the_use_of_the_code_is_given_back_with_the_last_ticket(self, buyer, stocked, sold):
        page = self.page(buyer, stocked, sold, 1, 2)
        shown = buyer.get(page)
        text = shown.content.decode()
        assert "Your €16.96 discount of the code EARLY does not go with the new seats." in text
        assert "With the tickets the code is given back" in text
        use = Use.objects.get(reference=sold.pk)
        assert use.status == "KEPT"
        assert buyer.post(page, {"seen": shown.context["quote"].name}).status_code == 302
        use.refresh_from_db()
        assert use.status == "RETURNED"
        again = world.reservation(stocked, [12], codes=("EARLY",))
        assert again.discount == Decimal("8.00")

    def test_it_stays_used_while_a_ticket_is_left(self, stocked, sold, ines):
        taking = {"way": "TERMINAL", "by": ines, "reference": "slip 1"}
        changed(reserve(event=stocked, ordinals=[10]), sold, tickets_of(sold, 1), taking=taking)
        assert Use.objects.get(reference=sold.pk).status == "KEPT"
        with pytest.raises(CodeRefused, match="used up"):
            world.reservation(stocked, [12], codes=("EARLY",))

    def test_the_desk_reads_it_too(self, mireille, stocked, sold):
        new = reserve(event=stocked, ordinals=[10])
        said = {"number": new.number, "tickets": list(tickets_of(sold, 1))}
        note = mireille.post(world.of(sold, "change_seats"), said).context["note"]
        assert "The €8.48 discount of the code EARLY does not go with the new seats." in note

    def test_who_had_none_reads_of_none(self, buyer, mireille, stocked, sold):
        other, new = world.sold_booking(stocked, [5]), reserve(event=stocked, ordinals=[10])
        said = {"number": new.number, "tickets": list(tickets_of(other, 1))}
        note = mireille.post(world.of(other, "change_seats"), said).context["note"]
        assert "discount" not in note


class TestWhereTheRestGoes:
    """One seat of the stalls for one of the circle, under terms that let the buyer choose."""

    @pytest.fixture
    def sold(self, stocked):
        policy((2, 50, 0), back_to="CHOICE")
        return world.sold_booking(stocked, [0, 1])

    @pytest.fixture
    def buyer(self, agency, sold):
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        return client

    @pytest.fixture
    def page(self, buyer, stocked, sold, circle):
        buyer.post(reverse("exchange", args=[sold.pk]), {"ticket": list(tickets_of(sold, 1))})
        buyer.post(reverse("reserve", args=[stocked.slug]), {"seat": circle[:1]})
        return reverse("seats_for_seats", args=[Booking.objects.get(status="RESERVED").pk])

    @pytest.mark.parametrize(
        ("to", "says", "sent"),
        [
            ("CARD", "€5.00 goes back to where you paid from.", [REST]),
            ("CREDIT", "€5.00 becomes your credit for later bookings.", []),
        ],
    )
    def test_the_buyer_chooses_and_reads_it_before(self, buyer, page, sold, to, says, sent):
        shown = buyer.get(page, {"to": to})
        assert says in shown.content.decode()
        assert shown.content.decode().count("checked") == 1
        said = {"seen": shown.context["quote"].name, "to": to}
        assert buyer.post(page, said).status_code == 302
        assert list(Refund.objects.values_list("amount", flat=True)) == sent
        left = credit_of(sold.customer_id, "EUR").amount
        assert left == (0 if sent else REST)
        assert issue_credit_note(Cancellation.objects.get().pk).content["rows"][2:] == [
            ["Of it towards booking " + Booking.objects.latest("reserved_at").number, "31.80"],
            *([] if sent else [["Of it credit for later bookings", "5.00"]]),
        ]

    def test_the_last_line_says_what_becomes_of_the_rest(self, buyer, page):
        for to, says in (("CARD", "Goes back"), ("CREDIT", "Becomes credit")):
            text = buyer.get(page, {"to": to}).content.decode()
            assert f'<div class="sum"><dt>{says}</dt><dd>€5.00</dd></div>' in text
            assert "<dt>They cost less by</dt><dd>€10.60</dd>" in text
            assert "Kept of that, 50 % of €10.00 and the fee €0.60, by <a href=" in text
            assert "the rules you bought under</a></dt><dd>€5.60</dd>" in text
            assert ", new</dt><dd>€31.80</dd>" in text
            assert "To pay" not in text

    def test_that_nothing_comes_back_is_said_plainly_before(self, buyer, page, sold):
        Event.objects.update(starts_at=timezone.now() + timedelta(hours=30))
        shown = buyer.get(page)
        text = shown.content.decode()
        assert '<div class="sum"><dt>Nothing comes back</dt><dd>€0.00</dd></div>' in text
        assert "<h2>Nothing comes back.</h2><p>The new seats cost €10.60 less." in text
        assert 'name="to" value="CARD"' not in text
        said = {"seen": shown.context["quote"].name}
        assert buyer.post(page, said).status_code == 302
        deliver_everything()
        assert "Of what they cost less nothing comes back." in mail_of("Your seats are").body

    def test_the_desk_reads_it_before(self, mireille, stocked, sold, circle):
        new = reserve(event=stocked, ordinals=circle[:1])
        said = {"number": new.number, "tickets": list(tickets_of(sold, 1))}
        note = mireille.post(world.of(sold, "change_seats"), said).context["note"]
        assert note == (
            "The new seats cost €31.80. Nothing is to be paid. They cost €10.60 less; by the terms of "
            "sale €5.60 of it is kept. €5.00 goes back to the card. Changing the seats cannot be "
            "undone."
        )
        Event.objects.update(starts_at=timezone.now() + timedelta(hours=30))
        note = mireille.post(world.of(sold, "change_seats"), said).context["note"]
        assert "by the terms of sale €10.60 of it is kept, and nothing comes back." in note

    def test_the_mail_names_the_new_booking_and_the_old_in_both_its_forms(self, buyer, page, sold):
        buyer.post(page, {"seen": buyer.get(page).context["quote"].name, "to": "CARD"})
        deliver_everything()
        new = Booking.objects.latest("reserved_at")
        [told] = [each for each in mail.outbox if each.subject.startswith("Your seats are changed")]
        [(html, _)] = told.alternatives
        for text in (told.body, html):
            foot = f"Booking {new.number}, for seats of booking {sold.number} · "
            assert foot in text
            assert f"Booking {sold.number} ·" not in text
            assert f"booking {new.number}" in text.partition(foot)[0]

    def test_what_was_looked_at_is_what_happens(self, buyer, page):
        seen = buyer.get(page, {"to": "CREDIT"}).context["quote"].name
        assert buyer.post(page, {"seen": seen, "to": "CARD"}).status_code == 409
        assert not Cancellation.objects.exists()
        assert buyer.get(page, {"to": "ELSEWHERE"}).status_code == 404

    def test_nobody_chooses_where_the_terms_decide(self, stocked, circle):
        CancellationPolicy.objects.update(is_default=False)
        policy((2, 50, 0))
        other = world.sold_booking(stocked, [5])
        new = reserve(event=stocked, ordinals=circle[1:2])
        with pytest.raises(NotCancellable, match="By its terms"):
            looked_at(new, other, tickets_of(other, 1), to=GoesTo.CREDIT)

    def test_nobody_chooses_where_nothing_is_left(self, buyer, stocked, sold):
        buyer.post(reverse("exchange", args=[sold.pk]), {"ticket": list(tickets_of(sold, 1))})
        buyer.post(reverse("reserve", args=[stocked.slug]), {"seat": [10]})
        page = reverse("seats_for_seats", args=[Booking.objects.get(status="RESERVED").pk])
        assert 'name="to"' not in buyer.get(page).content.decode()

    def test_the_desk_chooses_for_him(self, mireille, stocked, sold, circle):
        new = reserve(event=stocked, ordinals=circle[:1])
        assert at_desk(mireille, sold, new, to="CREDIT") == world.of(new)
        assert credit_of(sold.customer_id, "EUR").amount == REST
        assert not Refund.objects.exists()


class TestPapers:
    """A seat of the circle changed for a dearer one: what papers of each booking say of the other."""

    @pytest.fixture
    def old(self, stocked, circle):
        policy((2, 50, 0))
        return world.sold_booking(stocked, circle[:1])

    @pytest.fixture
    def new(self, stocked, old, ines):
        new = reserve(event=stocked, ordinals=[0])
        taking = {"way": "CASH", "by": ines, "given": 20}
        changed(new, old, tickets_of(old, 1), taking=taking)
        deliver_everything()
        new.refresh_from_db()
        return new

    @pytest.fixture
    def buyer(self, agency, old, new):
        client = Client(headers={"host": agency.host})
        for each in (old, new):
            client.get(reverse("booking", args=[each.pk]), {"k": mailed_key(each)})
        return client

    def test_the_new_booking_names_the_old_and_how_it_was_paid(self, buyer, old, new):
        page = buyer.get(reverse("booking", args=[new.pk])).content.decode()
        link = f'<a href="{reverse("booking", args=[old.pk])}">booking {old.number}</a>'
        assert f"Paid with the value of {link}, €31.80, and €10.60 in cash." in page
        words = f"Paid with the value of booking {old.number}, €31.80, and €10.60 in cash."
        assert issue_invoice(new.pk).content["notes"] == [words]
        for subject in ("Your seats are changed", "Your ticket"):
            told = [each for each in mail.outbox if each.subject.startswith(subject)][-1]
            for text in (told.body, told.alternatives[0].content):
                assert words in text
        [slip] = text_of(slip_of(new, list(DeskTaking.objects.all())))
        [invoice] = text_of(paper_of(issue_invoice(new.pk)))
        assert words in slip
        assert words in invoice

    def test_the_old_booking_names_the_new(self, buyer, old, new):
        page = buyer.get(reverse("booking", args=[old.pk])).content.decode()
        link = f'<a href="{reverse("booking", args=[new.pk])}">booking {new.number}</a>'
        assert f"changed for {link}, which €31.80 went into" in page
        note = issue_credit_note(Cancellation.objects.get().pk)
        assert [f"Of it towards booking {new.number}", "31.80"] in note.content["rows"]
        assert "Paid with the value of" not in page
        assert issue_invoice(old.pk).content["notes"] == []

    def test_the_old_booking_is_called_changed_and_not_refunded(self, buyer, old, new):
        page = buyer.get(reverse("booking", args=[old.pk])).content.decode()
        assert "Changed for other seats</span>" in page
        assert '<p class="stamp">Changed</p>' in page
        assert "Refunded" not in page
        assert "<dd>−€31.80</dd>" in page

    def test_it_names_all_bookings_that_its_tickets_went_to(self, agency, stocked):
        policy((2, 50, 0))
        sold = world.sold_booking(stocked, [4, 5])
        went_to = [reserve(event=stocked, ordinals=[ordinal]) for ordinal in (6, 7)]
        for position, each in enumerate(went_to, 1):
            changed(each, sold, tickets_of(sold, position))
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        page = client.get(reverse("booking", args=[sold.pk])).content.decode()
        alert = page.partition("These tickets were changed for other seats.")[2]
        for each in went_to:
            assert f">booking {each.number}</a>" in alert.partition("</div>")[0]

    def test_the_back_office_leads_from_each_to_the_other(self, mireille, old, new):
        cancelled = Cancellation.objects.get()
        for booking, other in ((old, new), (new, old), (cancelled, new), (cancelled, old)):
            page = mireille.get(world.of(booking)).content.decode()
            assert f'<a href="{world.of(other)}">{other.number}</a>' in page
        page = mireille.get(world.of(new)).content.decode()
        assert "Tickets that were given for it" in page
        assert "€10.60 in cash" in page

    def test_of_cheaper_seats_the_old_booking_says_what_became_of_the_rest(
        self, agency, stocked, circle
    ):
        policy((2, 50, 0), exchange_fee=1)
        sold = world.sold_booking(stocked, [5])
        changed(reserve(event=stocked, ordinals=circle[3:4]), sold, tickets_of(sold, 1))
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        page = client.get(reverse("booking", args=[sold.pk])).content.decode()
        assert ", which €31.80 went into; €4.53 on its way back; €6.07 kept" in page

    def test_seats_are_given_others_for_once(self, stocked, old, new):
        """The database says it of seats that know already whose they were."""
        again = world.sold_booking(stocked, [7])
        assert new.instead_of_id == old.pk
        with pytest.raises(IntegrityError, match="given for others already"), transaction.atomic():
            Cancellation.objects.create(
                booking=again, quote="q", grounds=Grounds.EXCHANGE, rule=Rule.POLICY,
                ticket_count=1, kept=0, refunded=0, currency="EUR", exchanged_for=new,
            )  # fmt: skip


class TestAtTheDesk:
    @pytest.fixture
    def cheap(self, stocked, circle):
        """A seat of the circle that was sold."""
        policy((2, 50, 0))
        return world.sold_booking(stocked, circle[:1])

    def test_the_difference_is_taken_in_cash(self, mireille, stocked, cheap):
        new = reserve(event=stocked, ordinals=[0])
        assert mireille.get(world.of(cheap, "change_seats")).status_code == 200
        done = at_desk(mireille, cheap, new, way="CASH", given="20")
        assert done == world.of(new)
        assert states(new) == ("CONFIRMED", ["CONFIRMED"])
        for booking in (new, cheap):
            assert "differs" not in mireille.get(world.of(booking)).content.decode()

    def test_nothing_is_changed_while_it_is_missing(self, mireille, stocked, cheap):
        new = reserve(event=stocked, ordinals=[0])
        [problem] = at_desk(mireille, cheap, new)
        assert "cost €10.60 more" in problem
        assert states(cheap) == ("CONFIRMED", ["CONFIRMED"])

    def test_who_may_not_decide_otherwise_is_not_asked_why(self, agency, stocked, circle):
        policy((2, 50, 0), exchange_fee=None)
        sold = world.sold_booking(stocked, circle[:1])
        cashier = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
        new = reserve(event=stocked, ordinals=circle[1:2])
        [problem] = at_desk(cashier, sold, new, reason="Because I say so")
        assert "By its terms of sale" in problem

    def test_a_number_of_no_reservation_is_said(self, mireille, cheap):
        [problem] = at_desk(mireille, cheap, cheap)
        assert f"no open reservation {cheap.number}" in problem


class TestOnTheSite:
    @pytest.fixture
    def buyer(self, agency, sold):
        client = Client(headers={"host": agency.host})
        client.get(reverse("booking", args=[sold.pk]), {"k": mailed_key(sold)})
        return client

    def chosen(self, buyer, stocked, sold, ordinals):
        """The checkout of new seats after one ticket was chosen to be given."""
        page = reverse("exchange", args=[sold.pk])
        assert page in buyer.get(reverse("booking", args=[sold.pk])).content.decode()
        assert buyer.get(page).status_code == 200
        answer = buyer.post(page, {"ticket": list(tickets_of(sold, 1))})
        assert answer["Location"].startswith(reverse("event", args=[stocked.slug]))
        there = buyer.get(answer["Location"]).content.decode()
        assert f"You are changing 1 ticket of booking {sold.number}" in there
        taken = buyer.post(reverse("reserve", args=[stocked.slug]), {"seat": ordinals})
        new = Booking.objects.get(status="RESERVED")
        assert taken["Location"] == reverse("seats_for_seats", args=[new.pk])
        return new

    def test_seats_looked_at_before_are_let_go_and_put_to_no_order(self, buyer, stocked, sold):
        first = self.chosen(buyer, stocked, sold, [10])
        buyer.post(reverse("reserve", args=[stocked.slug]), {"seat": [12]})
        first.refresh_from_db()
        assert first.status == "CANCELLED"
        wanted = Booking.objects.get(status="RESERVED")
        other = second_night(stocked)
        there = buyer.post(reverse("reserve", args=[other.slug]), {"seat": [0]})
        assert buyer.get(there["Location"]).context["total"] == euros(STALLS)
        wanted.refresh_from_db()
        assert wanted.order_key == wanted.pk
        assert not wanted.others.exists()

    def test_seats_are_changed_in_four_pages(self, buyer, stocked, sold):
        new = self.chosen(buyer, stocked, sold, [10])
        page = reverse("seats_for_seats", args=[new.pk])
        assert page in buyer.get(reverse("checkout", args=[new.pk])).content.decode()
        shown = buyer.get(page)
        assert "Your new seats" in shown.content.decode()
        seen = shown.context["quote"].name
        done = buyer.post(page, {"seen": seen}, follow=True).content.decode()
        assert "Your seats are changed." in done
        assert states(new) == ("CONFIRMED", ["CONFIRMED"])
        assert states(sold) == ("CONFIRMED", ["REFUNDED", "CONFIRMED"])
        assert buyer.get(page).status_code == 302

    def test_the_difference_of_dearer_seats_is_paid_first(self, buyer, stocked, sold):
        new = self.chosen(buyer, stocked, sold, [10, 11])
        page = reverse("seats_for_seats", args=[new.pk])
        shown = buyer.get(page)
        assert "Pay €42.40 and change seats" in shown.content.decode()
        away = buyer.post(page, {"seen": shown.context["quote"].name})
        assert "payment page could not be opened" in away.content.decode()
        payment = Payment.objects.get(reference=new.pk)
        assert (payment.status, payment.amount) == ("PROCESSING", STALLS)
        assert states(sold) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])
        arrived(payment)
        assert states(new) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])
        back = buyer.get(reverse("payment_return", args=[new.pk]))
        assert back["Location"] == reverse("booking", args=[new.pk])
        assert "Your seats are changed." in buyer.get(back["Location"]).content.decode()
        [said] = [each for each in mail.outbox if "Your seats are changed" in each.subject]
        for words in (said.body, said.alternatives[0].content):
            assert "You paid €42.40 more." in words
        [given] = buyer.get(reverse("booking", args=[sold.pk])).context["cancellations"]
        assert given["became"] == new

    def test_terms_of_sale_are_accepted_there_too(self, buyer, stocked, sold):
        terms = publish_terms("All is final.", by=None)
        new = self.chosen(buyer, stocked, sold, [10])
        page = reverse("seats_for_seats", args=[new.pk])
        seen = buyer.get(page).context["quote"].name
        assert buyer.post(page, {"seen": seen}).status_code == 409
        said = {"seen": seen, "accepts_terms": terms.digest}
        assert buyer.post(page, said).status_code == 302
        assert states(new) == ("CONFIRMED", ["CONFIRMED"])

    def test_nobody_gives_tickets_of_another_booking(self, buyer, stocked, sold):
        other = world.sold_booking(stocked, [5])
        page = reverse("exchange", args=[sold.pk])
        said = {"ticket": list(tickets_of(other, 1))}
        assert buyer.post(page, said).status_code == 422
        assert buyer.get(reverse("exchange", args=[other.pk])).status_code == 404
