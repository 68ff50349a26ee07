"""Seats changed and given back in any order, paid by card, with credit, or both: looking says what
doing does, and in the end every card has back what came from it, and every guest his credit."""

from collections import Counter
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bookings.cancelling import Wish
from bookings.changing import ways_of
from bookings.models import Booking
from bookings.services import contact, reserve
from bookings.services.exchange import difference
from config.tests import world
from config.tests.test_cancelling import euros, policy
from config.tests.test_credit_paid_out import OFF, fresh, give_back, looked
from config.tests.test_exchanging import arrived, changed, gone_to_pay, looked_at, tickets_of
from config.tests.world import pay_as_buyer
from core.invariants import violations
from core.tenancy import acting_for
from payments.models import Payment
from payments.services import ProviderAway, credit_of, give_credit

pytestmark = pytest.mark.django_db
BUYS = st.tuples(st.just("buy"), st.booleans(), st.integers(1, 2), st.sampled_from([0, 0, 10, 200]))
CHANGES = st.tuples(st.just("change"), st.integers(0, 9), st.booleans(), st.integers(1, 2))
GIVES = st.tuples(st.just("give"), st.integers(0, 9), st.booleans())
MORE = st.lists(st.one_of(BUYS, CHANGES, CHANGES, GIVES), min_size=2, max_size=7)
STEPS = st.tuples(BUYS, CHANGES, MORE).map(lambda said: [said[0], said[1], *said[2]])
DONE = Counter()


class Guest:
    """One who buys, changes and gives back; `given` is the credit that staff gave him."""

    def __init__(self, event, by):
        self.event, self.by, self.given = event, by, Decimal(0)

    def free(self, is_dear, count):
        start = 0 if is_dear else 50
        free = self.event.seats.filter(status="AVAILABLE", ordinal__gte=start).order_by("ordinal")
        return list(free.values_list("ordinal", flat=True)[:count])

    def sold(self):
        return list(Booking.objects.sold().order_by("pk"))

    def buy(self, is_dear, count, credit):
        booking = reserve(event=self.event, ordinals=self.free(is_dear, count))
        contact(booking.pk, name="Noor", email="noor@post.example")
        booking = fresh(booking)
        if credit:
            credit = min(euros(credit), booking.money)
            give_credit(booking.customer_id, credit, reason="Sorry", by=self.by)
            self.given += credit.amount
        with suppress(ProviderAway):
            pay_as_buyer(booking.pk, credit=credit or euros(0))
        payment = Payment.objects.get(reference=booking.pk)
        if payment.status == "PROCESSING":
            arrived(payment)

    def change(self, which, is_dear, count):
        sold = self.sold()
        if not sold:
            return
        old = sold[which % len(sold)]
        tickets = old.items.filter(cancelled=None).order_by("position")
        tickets = frozenset(tickets.values_list("ticket", flat=True)[:count])
        new = reserve(event=self.event, ordinals=self.free(is_dear, len(tickets)))
        quote = looked_at(new, old, tickets)
        if difference(quote):
            arrived(gone_to_pay(new, old, tickets))
        else:
            assert quote.to_credit >= new.money
            changed(new, old, tickets)
        DONE["dearer" if difference(quote) else "cheaper"] += 1

    def give(self, which, is_one):
        sold = self.sold()
        if sold:
            old = sold[which % len(sold)]
            left = old.items.filter(cancelled=None).order_by("position")
            positions = list(left.values_list("position", flat=True))
            DONE["paid out"] += bool(give_back(old, *positions[: 1 if is_one else None]).refunded)


@pytest.fixture
def house():
    """An event of which both prices are in stock, and who gives credit there."""
    made = world.agency()
    with acting_for(made.pk):
        _, layout = world.venue()
        event = world.event_on_sale(layout)
        world.received_order(event, rows="A-B")
        world.received_order(event, section="Circle", rows="A")
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        yield event, world.person("ines@parterre.example")


@pytest.fixture(autouse=True)
def no_provider(settings):
    """There is one, and it does not answer."""
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"


def credit_again(event):
    """What the dry run says becomes credit again (a Decimal)."""
    return sum(way.money.amount for way in ways_of(event) if way.name == "credit")


@settings(
    max_examples=20,
    phases=[Phase.generate],
    print_blob=False,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def played(house, steps):
    event, by = house
    with transaction.atomic():
        guest = Guest(event, by)
        for name, *how in steps:
            getattr(guest, name)(*how)
        looked_before = credit_again(event)
        became = Decimal(0)
        for booking in guest.sold():
            became += give_back(booking, **OFF).credited
        assert looked_before == became
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for payment in Payment.objects.filter(status__in=("SUCCEEDED", "REFUNDED")):
            back = sum((refund.amount for refund in payment.refunds.all()), Decimal(0))
            assert back == payment.charged.amount, payment.provider
        noor = Booking.objects.exclude(customer=None).first()
        if noor:
            assert credit_of(noor.customer_id, "EUR").amount == guest.given
        assert violations() == {}
        transaction.set_rollback(True)


def test_everything_goes_back_to_where_it_came_from(house):
    DONE.clear()
    played(house)
    assert set(DONE) >= {"dearer", "cheaper", "paid out"}, DONE


def test_bookings_looked_at_one_by_one_promise_too_much(house):
    """The control of the dry run: of a card that paid with credit, two bookings were made by changing
    seats. Each alone could have all that came from it; together they cannot."""
    event, _ = house
    guest = Guest(event, house[1])
    guest.buy(True, 2, 30)
    [old] = guest.sold()
    for position in (1, 2):
        new = reserve(event=event, ordinals=guest.free(True, 1))
        changed(new, old, tickets_of(old, position))
    alone = [looked(booking, Wish(**OFF)).to_credit for booking in guest.sold()]
    assert alone == [euros(0), euros(0)]
    assert credit_again(event) == 30


def test_without_going_back_to_cards_it_is_seen(house, monkeypatch):
    """The control: were all of it to stay credit, the same stories would not end well."""
    monkeypatch.setattr("bookings.cancelling.quoting.shares_of", lambda *_: ())
    with pytest.raises(AssertionError):
        played(house)
