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
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agencies.queries import local_today
from bookings.services import abandon, confirm, give_held, reserve, sell_held
from config.tests import world
from core.errors import DomainError
from core.invariants import violations
from core.locks import database_now
from core.money import Money
from core.tenancy import acting_for
from inventory.models import AllocationPlan, EventSeat, Hold
from inventory.pricing.changing import Wish, change_prices
from inventory.pricing.selecting import Selection
from inventory.pricing.setting import Setting
from inventory.services import (
    Terms,
    Wanted,
    apply_plan,
    kill_hold,
    make_hold,
    release_hold,
    release_places,
    undo_plan,
)
from payments.models import LedgerEntry, Payment
from suppliers import services
from suppliers.models import (
    RECEIVABLE,
    AccountsPayable,
    CreditNote,
    LineStatus,
    PaymentRun,
    PurchaseOrder,
    PurchaseOrderLine,
    Status,
    SupplierInvoice,
    SupplierReturn,
)
from suppliers.services.matching import Billed
from suppliers.services.paying import unpaid_of
from venues.generators import grid
from venues.models import Venue
from venues.services import publish_layout

SEATS = 40
COUNT = st.integers(1, 6)
CENTS = st.integers(0, 9_999).map(lambda cents: Decimal(cents) / 100)
PICK = st.integers(0, 10_000)


# (step, its arguments): each step is done at least once.
TEN, FREE = Decimal("10.00"), Decimal("0.00")
BY_HAND = [
    ("order", {"count": 6, "cost": TEN, "basis": "FIRM", "pick": 1}),
    ("receive", {"pick": 2, "count": 6, "offset": 0}),
    ("order", {"count": 2, "cost": TEN, "basis": "FIRM", "pick": 0}),
    ("pay_ahead", {"pick": 0, "part": False}),
    ("cancel", {"pick": 3}),
    ("order", {"count": 2, "cost": TEN, "basis": "FIRM", "pick": 0}),
    ("pay_ahead", {"pick": 0, "part": True}),
    ("call_off", {"pick": 0}),
    ("price", {"value": TEN, "way": "TO"}),
    ("price", {"value": TEN, "way": "PERCENT"}),
    ("price", {"value": FREE, "way": "LEVEL"}),
    ("sell", {"pick": 0, "count": 3, "are_ours": True}),
    ("sell", {"pick": 7, "count": 3, "are_ours": True}),
    ("reserve", {"pick": 3, "count": 1}),
    ("end_reservation", {"pick": 0, "pays": False}),
    ("hold", {"pick": 10, "count": 4}),
    ("sell_from_hold", {"pick": 0, "count": 1, "is_gift": True}),
    ("sell_from_hold", {"pick": 0, "count": 1, "is_gift": False}),
    ("end_hold", {"pick": 0, "how": "part"}),
    ("end_hold", {"pick": 0, "how": "all"}),
    ("hold", {"pick": 16, "count": 1}),
    ("end_hold", {"pick": 0, "how": "kill"}),
    ("allocate", {"pick": 1, "percent": 50}),
    ("undo_allocation", {}),
    ("ask_back", {"pick": 2, "count": 2}),
    ("answer_return", {"pick": 0, "answer": "accept", "less": TEN}),
    ("credit", {"pick": 0, "off": Decimal("-1.00")}),
    ("ask_back", {"pick": 2, "count": 1}),
    ("answer_return", {"pick": 0, "answer": "refuse", "less": TEN}),
    ("ask_back", {"pick": 2, "count": 1}),
    ("answer_return", {"pick": 0, "answer": "withdraw", "less": TEN}),
    ("use_credit", {"pick": 0, "other": 0}),
    ("invoice", {"pick": 0, "off": "1.50", "count": 2}),
    ("decide_invoice", {"pick": 0, "is_fine": True}),
    ("invoice", {"pick": 2, "off": "1.50", "count": 2}),
    ("decide_invoice", {"pick": 0, "is_fine": False}),
    ("pay", {"pick": 0, "part": True}),
    ("propose_run", {"pick": 0}),
    ("move_run", {"pick": 0, "move": "cancel"}),
    ("propose_run", {"pick": 0}),
    ("move_run", {"pick": 1, "move": "approve"}),
    ("move_run", {"pick": 0, "move": "pay"}),
    ("settle_consignment", {}),
]
NOT_TO_COME = (LineStatus.PENDING, LineStatus.CANCELLED)
DONE = Counter()
STEPS = {
    *("order", "pay_ahead", "receive", "cancel", "call_off", "sell", "reserve", "end_reservation"),
    *("hold", "end_hold, part", "end_hold, all", "end_hold, kill"),
    *("sell_from_hold, gift", "sell_from_hold, link", "allocate", "undo_allocation"),
    *("price, TO", "price, PERCENT", "price, LEVEL"),
    *("ask_back", "answer_return, accept", "answer_return, refuse", "answer_return, withdraw"),
    *("credit", "use_credit", "invoice", "decide_invoice, True", "decide_invoice, False"),
    *("pay", "propose_run", "move_run, approve", "move_run, pay", "move_run, cancel"),
    "settle_consignment",
}


@contextmanager
def step(name):
    """One step: it is done whole and counted, or refused and leaves no trace."""
    with suppress(DomainError), transaction.atomic():
        yield
        DONE[name] += 1


def there_is(model, **wanted):
    """The rule is about one of these, so it is chosen only when there is one."""
    return precondition(lambda machine: model.objects.filter(**wanted).exists())


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
        self._consigned()

    def _event(self):
        hall = Venue.objects.create(name="Hall", city="Lyon", kind="ARENA")
        plan = grid([{"name": "Stalls", "rows": 3, "seats": 10}, {"name": "Floor", "standing": 10}])
        layout, _ = publish_layout(venue=hall, plan=plan, name="Hall")
        return world.event_on_sale(layout, prices=[("Stalls", "40.00"), ("Floor", "20.00")])

    def _consigned(self):
        order = services.draft_order(supplier=world.supplier(), currency="EUR", basis="CONSIGNMENT")
        services.add_line(
            order=order,
            event=self.event,
            section=self.event.layout.sections.get(label="Stalls"),
            rows="B",
            unit_cost=Money(Decimal("18.00"), "EUR"),
        )
        services.submit_order(order=order, by=None)
        services.receive_delivery(order=services.confirm_order(order=order, by=None))

    def teardown(self):
        self.scope.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.rolled_back.__exit__(None, None, None)

    # Buying

    @rule(count=COUNT, cost=CENTS, basis=st.sampled_from(["FIRM", "CONSIGNMENT"]), pick=PICK)
    def order(self, count, cost, basis, pick):
        with step("order"):
            order = services.draft_order(
                supplier=world.supplier(),
                currency="EUR",
                basis=basis,
                payment_terms="NET_30" if pick % 4 else "IMMEDIATE",
            )
            section = self.event.layout.sections.order_by("position")[pick % 2]
            services.add_line(
                order=order,
                event=self.event,
                section=section,
                unit_cost=Money(cost, "EUR"),
                quantity=count,
                return_by=local_today() if pick % 3 else None,
            )
            if pick % 2:
                services.add_landed_cost(order=order, kind="TAX", amount=Money(cost + 1, "EUR"))
            services.submit_order(order=order, by=self.people[0])
            services.confirm_order(order=order, by=self.people[0])

    @there_is(PurchaseOrderLine, status__in=("CONFIRMED", "PARTIALLY_RECEIVED"))
    @rule(pick=PICK, count=st.integers(1, 12), offset=st.integers(-1, 8))
    def receive(self, pick, count, offset):
        """Any stretch of a line's places, also ones that came already."""
        line = one_of(PurchaseOrderLine.objects.exclude(status__in=NOT_TO_COME), pick)
        if line:
            wanted = line.ordinals[max(offset, 0) : max(offset, 0) + count]
            with step("receive"):
                services.receive_delivery(order=line.order, ordinals_by_line={line.pk: wanted})

    @there_is(PurchaseOrder, status__in=RECEIVABLE, payment_terms="IMMEDIATE")
    @rule(pick=PICK, part=st.booleans())
    def pay_ahead(self, pick, part):
        wanted = PurchaseOrder.objects.filter(status__in=RECEIVABLE, payment_terms="IMMEDIATE")
        order = one_of(wanted, pick)
        if order:
            left = unpaid_of(order)
            with step("pay_ahead"):
                services.pay_order(
                    order=order,
                    key=f"ahead {order} {pick} {left}",
                    money=left.split([1, 1])[0] if part else left,
                )

    @there_is(PurchaseOrder, status__in=RECEIVABLE)
    @rule(pick=PICK)
    def call_off(self, pick):
        order = one_of(PurchaseOrder.objects.filter(status__in=RECEIVABLE), pick)
        if order:
            with step("call_off"):
                services.cancel_rest(order=order, reason="Enough")

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

    @there_is(Payment, status="PENDING")
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

    # Holds, plans and prices

    @rule(pick=PICK, count=COUNT)
    def hold(self, pick, count):
        pool = one_of(Hold.objects.filter(status="ACTIVE"), pick) if pick % 3 == 0 else None
        wanted = {"ownership": "OWNED", **({"hold": pool} if pool else {})}
        with step("hold"):
            make_hold(
                event=self.event,
                wanted=Wanted(ordinals=tuple(self.places(pick, count, **wanted))),
                terms=Terms("COMPLIMENTARY", "For friends"),
                pool=pool,
            )

    @there_is(Hold, status="ACTIVE")
    @rule(pick=PICK, how=st.sampled_from(["part", "all", "kill"]))
    def end_hold(self, pick, how):
        hold = one_of(Hold.objects.filter(status="ACTIVE"), pick)
        if hold:
            with step(f"end_hold, {how}"):
                if how == "part":
                    release_places(hold, quantity=1)
                elif how == "all":
                    release_hold(hold)
                else:
                    kill_hold(hold, reason="Rotten floor")

    @there_is(EventSeat, status="HELD")
    @rule(pick=PICK, count=COUNT, is_gift=st.booleans())
    def sell_from_hold(self, pick, count, is_gift):
        hold = one_of(Hold.objects.filter(status="ACTIVE"), pick)
        if hold:
            buyer = {"email": "noor@post.example", "name": "Noor Vance"}
            with step(f"sell_from_hold, {'gift' if is_gift else 'link'}"):
                seats = self.places(pick, count, hold=hold, status="HELD")
                if is_gift:
                    give_held(hold=hold, ordinals=seats, reason="Thanks", **buyer)
                else:
                    sell_held(hold=hold, ordinals=seats, **buyer)

    @rule(pick=PICK, percent=st.integers(1, 100))
    def allocate(self, pick, percent):
        plans = AllocationPlan.objects.filter(event=self.event)
        plan = one_of(plans, pick) if plans.count() > 2 else None
        with step("allocate"):
            if plan is None:
                plan = AllocationPlan.objects.create(event=self.event, name=f"Plan {plans.count()}")
                plan.shares.create(channel="PARTNER", percent=percent)
            apply_plan(plan)

    @there_is(AllocationPlan, status="APPLIED")
    @rule()
    def undo_allocation(self):
        plan = AllocationPlan.objects.filter(status="APPLIED").first()
        if plan:
            with step("undo_allocation"):
                undo_plan(plan)

    @rule(value=CENTS, way=st.sampled_from(["TO", "PERCENT", "LEVEL"]))
    def price(self, value, way):
        wish = Wish(Selection(), Setting(way, value), "A whim", below_cost_reason="Let it go")
        with step(f"price, {way}"):
            change_prices(event=self.event, wish=wish, by=self.people[0])

    # Sending back

    @rule(pick=PICK, count=st.integers(1, 4))
    def ask_back(self, pick, count):
        line = one_of(PurchaseOrderLine.objects.filter(received__gt=0), pick)
        if line:
            with step("ask_back"):
                services.request_returns(wanted={line.pk: count})

    @there_is(SupplierReturn, status="REQUESTED")
    @rule(pick=PICK, answer=st.sampled_from(["accept", "refuse", "withdraw"]), less=CENTS)
    def answer_return(self, pick, answer, less):
        asked = one_of(SupplierReturn.objects.filter(status="REQUESTED"), pick)
        if asked:
            with step(f"answer_return, {answer}"):
                if answer == "accept":
                    credit = max(asked.expected - less, Decimal(0)) if pick % 2 else None
                    money = None if credit is None else Money(credit, "EUR")
                    services.accept_return(asked=asked, credit=money)
                elif answer == "refuse":
                    services.refuse_return(asked=asked)
                else:
                    services.withdraw_return(asked=asked)

    @there_is(SupplierReturn, status="ACCEPTED")
    @rule(pick=PICK, off=st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100))
    def credit(self, pick, off):
        asked = one_of(SupplierReturn.objects.filter(status="ACCEPTED"), pick)
        if asked:
            money = Money(max(asked.expected + off, Decimal("0.01")), "EUR")
            with step("credit"):
                services.credit_return(
                    asked=asked, number=f"CN {asked}", issued_on=local_today(), money=money
                )

    # Invoices and money

    @rule(pick=PICK, off=st.sampled_from(["0.00", "0.00", "1.50", "-1.50"]), count=COUNT)
    def invoice(self, pick, off, count):
        line = one_of(PurchaseOrderLine.objects.filter(received__gt=0), pick)
        if line:
            billed = Billed(Money(line.unit_cost + Decimal(off), "EUR"), count, line)
            with step("invoice"):
                services.enter_invoice(
                    order=line.order,
                    number=f"R-{pick}",
                    invoiced_on=local_today(),
                    billed=[billed],
                    by=self.people[1],
                )

    @there_is(SupplierInvoice, status="EXCEPTION")
    @rule(pick=PICK, is_fine=st.booleans())
    def decide_invoice(self, pick, is_fine):
        invoice = one_of(SupplierInvoice.objects.filter(status="EXCEPTION"), pick)
        if invoice:
            decide = services.accept_invoice if is_fine else services.refuse_invoice
            with step(f"decide_invoice, {is_fine}"):
                decide(invoice=invoice, reason="As agreed", by=self.people[0])

    @there_is(AccountsPayable, status__in=("UNPAID", "PARTIAL"))
    @rule(pick=PICK, part=st.booleans())
    def pay(self, pick, part):
        debt = one_of(AccountsPayable.objects.all(), pick)
        if debt:
            money = Money(debt.amount / 2, "EUR") if part and debt.amount % 2 == 0 else None
            with step("pay"):
                services.pay_payable(payable=debt, key=f"{debt.pk}-{pick}", money=money)

    @there_is(CreditNote, used=0)
    @rule(pick=PICK, other=PICK)
    def use_credit(self, pick, other):
        note = one_of(CreditNote.objects.all(), pick)
        debt = one_of(AccountsPayable.objects.all(), other)
        if note and debt:
            with step("use_credit"):
                services.apply_credit(note=note, payable=debt)

    @there_is(AccountsPayable, status="UNPAID", run_lines=None)
    @rule(pick=PICK)
    def propose_run(self, pick):
        debts = AccountsPayable.objects.order_by("pk").values_list("pk", flat=True)
        with step("propose_run"):
            services.propose_run(
                debt_ids=list(debts)[pick % 3 :], pay_on=local_today(), by=self.people[1]
            )

    @there_is(PaymentRun, status__in=("PROPOSED", "APPROVED"))
    @rule(pick=PICK, move=st.sampled_from(["approve", "approve", "pay", "pay", "cancel"]))
    def move_run(self, pick, move):
        run = one_of(PaymentRun.objects.filter(status__in=("PROPOSED", "APPROVED")), pick)
        if run:
            with step(f"move_run, {move}"):
                if move == "approve":
                    services.approve_run(run=run, by=self.people[pick % 4 == 0])
                elif move == "pay":
                    services.pay_run(run=run, by=self.people[1])
                else:
                    services.cancel_run(run=run)

    @there_is(EventSeat, status="SOLD", acquisitions__line__order__basis="CONSIGNMENT")
    @rule()
    def settle_consignment(self):
        services.accrue()
        with step("settle_consignment"):
            services.settle(supplier=world.supplier(), currency="EUR", up_to=database_now())

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


def play(examples, steps, *, always_the_same=False):
    """The short run plays the same games every time; the long one finds new ones."""
    DONE.clear()
    run_state_machine_as_test(
        BuyingWing,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=always_the_same,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_whatever_happens_the_invariants_hold():
    play(examples=12, steps=40, always_the_same=True)
    assert {"order", "sell", "hold", "invoice"} <= set(DONE)  # not all of it was refused


@pytest.mark.soak
@pytest.mark.django_db
def test_whatever_happens_for_a_long_time_the_invariants_hold():
    play(examples=400, steps=80)
    assert set(DONE) >= STEPS


@pytest.mark.django_db
def test_every_step_of_the_machine_can_be_done():
    """By hand, so that no step of the machine is one that is always refused."""
    DONE.clear()
    machine = BuyingWing()
    try:
        for name, values in BY_HAND:
            getattr(machine, name)(**values)
            machine.nothing_is_violated()
            machine.the_trial_balance_is_zero()
            machine.only_owned_places_are_taken()
    finally:
        machine.teardown()
    assert STEPS - set(DONE) == set(), DONE
