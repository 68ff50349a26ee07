"""Everything the buying wing can do, in any order: after every step the invariants hold.

Hypothesis chooses what happens next to one small house of 40 seats. A refusal (DomainError) is a fine
answer as long as it changed nothing that the invariants see; anything else that is raised is a bug.
"""

from collections import Counter
from contextlib import contextmanager, suppress
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bookings.services import abandon, confirm, reserve
from config.tests import world
from core.errors import DomainError
from core.invariants import violations
from core.money import Money
from core.tenancy import acting_for
from inventory.models import EventSeat
from payments.models import LedgerEntry, Payment
from suppliers import services
from suppliers.models import LineStatus, PurchaseOrder, PurchaseOrderLine, Status
from venues.generators import grid
from venues.models import Venue
from venues.services import publish_layout

SEATS = 40
COUNT = st.integers(1, 6)
CENTS = st.integers(0, 9_999).map(lambda cents: Decimal(cents) / 100)
PICK = st.integers(0, 10_000)


DONE = Counter()


@contextmanager
def step(name):
    """One step: it is done whole and counted, or refused and leaves no trace."""
    with suppress(DomainError), transaction.atomic():
        yield
        DONE[name] += 1


def one_of(queryset, pick):
    """The row a number stands for, or None when there are none."""
    rows = list(queryset.order_by("pk"))
    return rows[pick % len(rows)] if rows else None


class BuyingWing(RuleBasedStateMachine):
    """One agency in one transaction that is rolled back at the end."""

    def __init__(self):
        super().__init__()
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        self.agency = world.agency()
        self.scope = acting_for(self.agency.pk)
        self.scope.__enter__()
        self.people = [world.staff(self.agency, role) for role in ("OWNER", "FINANCE")]
        self.event = self._event()
        world.received_order(self.event, rows="A")

    def _event(self):
        hall = Venue.objects.create(name="Hall", city="Lyon", kind="ARENA")
        plan = grid([{"name": "Stalls", "rows": 3, "seats": 10}, {"name": "Floor", "standing": 10}])
        layout, _ = publish_layout(venue=hall, plan=plan, name="Hall")
        return world.event_on_sale(layout, prices=[("Stalls", "40.00"), ("Floor", "20.00")])

    def teardown(self):
        self.scope.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.rolled_back.__exit__(None, None, None)

    # Buying

    @rule(count=COUNT, cost=CENTS, basis=st.sampled_from(["FIRM", "CONSIGNMENT"]), pick=PICK)
    def order(self, count, cost, basis, pick):
        with step("order"):
            order = services.draft_order(supplier=world.supplier(), currency="EUR", basis=basis)
            section = self.event.layout.sections.order_by("position")[pick % 2]
            services.add_line(
                order=order,
                event=self.event,
                section=section,
                unit_cost=Money(cost, "EUR"),
                quantity=count,
            )
            services.submit_order(order=order, by=self.people[0])
            services.confirm_order(order=order, by=self.people[0])

    @rule(pick=PICK, count=st.integers(1, 12), offset=st.integers(-1, 8))
    def receive(self, pick, count, offset):
        """Any stretch of a line's places, also ones that came already."""
        line = one_of(PurchaseOrderLine.objects.exclude(status=LineStatus.PENDING), pick)
        if line:
            wanted = line.ordinals[max(offset, 0) : max(offset, 0) + count]
            with step("receive"):
                services.receive_delivery(order=line.order, ordinals_by_line={line.pk: wanted})

    @rule(pick=PICK)
    def cancel(self, pick):
        order = one_of(PurchaseOrder.objects.exclude(status=Status.CANCELLED), pick)
        if order:
            with step("cancel"):
                services.cancel_order(order=order)

    # Selling

    def places(self, pick, count, **wanted):
        """Ordinals of places in a row of those that are like this; too few if there are no more."""
        found = list(EventSeat.objects.of(self.event).filter(**wanted).order_by("ordinal"))
        start = pick % max(len(found), 1)
        return [seat.ordinal for seat in found[start : start + count]]

    @rule(pick=PICK, count=COUNT, are_ours=st.booleans())
    def sell(self, pick, count, are_ours):
        """Of places of ours, also of taken ones, or of any places at all."""
        wanted = {"ownership": "OWNED"} if are_ours else {}
        with step("sell"):
            world.sold_booking(self.event, self.places(pick, count, **wanted))

    @rule(pick=PICK, count=COUNT)
    def reserve(self, pick, count):
        with step("reserve"):
            reserve(event=self.event, ordinals=self.places(pick, count, ownership="OWNED"))

    @rule(pick=PICK, pays=st.booleans())
    def end_reservation(self, pick, pays):
        payment = one_of(Payment.objects.filter(status="PENDING"), pick)
        if payment:
            with step("end_reservation"):
                if pays:
                    world.received(payment)
                    confirm(payment.reference, payment_id=payment.pk)
                else:
                    abandon(payment.reference)

    # What must always be so

    @invariant()
    def nothing_is_violated(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert violations() == {}

    @invariant()
    def the_trial_balance_is_zero(self):
        amounts = LedgerEntry.objects.values_list("amount", flat=True)
        assert sum(amounts, Decimal(0)) == 0

    @invariant()
    def only_owned_places_are_taken(self):
        taken = EventSeat.objects.filter(status__in=("RESERVED", "SOLD", "HELD"))
        assert not taken.exclude(ownership="OWNED").exists()


@pytest.mark.django_db
def test_whatever_happens_the_invariants_hold():
    run_state_machine_as_test(
        BuyingWing,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    steps = {"order", "receive", "cancel", "sell", "reserve", "end_reservation"}
    assert steps - set(DONE) == set(), DONE  # each was not only tried, but done
