"""All that becomes of a sale, in any order: held, in a presale or after it, put together, paid,
declined, paid twice and late, given back, disputed, its event cancelled. No money and no place is lost
or doubled."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bookings import changing
from bookings.cancelling import Wish, cancel, money_is_back, preview
from bookings.models import Booking, Grounds, Rule
from bookings.orders import lock_order, payments_of, still_due
from bookings.services import (
    Sale,
    abandon,
    confirm,
    contact,
    enter_code,
    expire_lapsed,
    follow_disputes,
    join,
    renew,
    reserve,
)
from bookings.services.due import payment_due
from config.tests import world
from config.tests.presaling import buys, not_on_sale_yet, presale
from core.errors import DomainError
from core.invariants import violations
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from payments.adapters import ProviderDispute
from payments.models import CAPTURED, Dispute, LedgerEntry, Payment, Refund, RefundStatus
from payments.services import record_disputes
from payments.services.refund import complete
from promotions.models import Use
from promotions.tests.factories import running
from tickets.models import Gate, Ticket
from tickets.services import admit, code_of

PICK = st.integers(0, 10_000)
BUYERS = st.sampled_from(["noor@post.example", "ines@post.example"])
DONE = Counter()
STEPS = {
    *("hold", "come in early", "open to all", "put together", "name", "enter", "prolong"),
    *("pay", "pay late", "pay twice", "decline", "expire", "give up", "give back"),
    *("give all back", "refund", "dispute", "win", "lose", "admit", "cancel the event"),
}
FANS = 3
"""How many bookings the presale's code is good for."""


def step(name, work):
    """Done whole and counted, or refused and without a trace."""
    with suppress(DomainError), transaction.atomic():
        work()
        DONE[name] += 1


class Selling(RuleBasedStateMachine):
    """The provider is whoever plays: a payment is begun and decided in one step."""

    def __init__(self):
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        agency = world.agency(slug=f"stage-{next(SLUGS)}")
        self.scope = acting_for(agency.pk)
        self.scope.__enter__()
        _, layout = world.venue()
        self.nights = [
            world.event_on_sale(layout, title=title, days=days)
            for title, days in (("First night", 20), ("Second night", 27), ("Premiere", 34))
        ]
        self.premiere = not_on_sale_yet(self.nights[2])
        presale(self.premiere, code_limit=FANS)
        for night in self.nights:
            world.received_order(night, rows="A")
        world.fee(name="Post", per="BOOKING", amount=3)
        running("TWICE", percent=20, is_stackable=True, usage_limit=2)
        self.looked_at = -1
        self.gate = Gate.objects.create(event=self.nights[0], name="Gate A")
        with suppress(DomainError):
            self._warm_up()

    def _warm_up(self):
        """Every game begins with an order of two nights, paid."""
        first, other = (world.reservation(night, [0, 1]) for night in self.nights[:2])
        join(other.pk, to=first.pk)
        self._money_comes(Booking.objects.get(pk=first.pk))

    def teardown(self):
        self.scope.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.world.__exit__(None, None, None)

    def booking(self, pick, **wanted):
        found = Booking.objects.filter(**wanted).order_by("pk")
        return found[pick % len(found)] if found else None

    def payment(self, pick, **wanted):
        found = Payment.objects.filter(**wanted).order_by("pk")
        return found[pick % len(found)] if found else None

    # Holding

    @rule(pick=PICK, places=st.integers(1, 3), is_coded=st.booleans(), email=BUYERS)
    def hold(self, pick, places, is_coded, email):
        """The best of a row, by a guest who has not said who he is, or by somebody known."""
        night, codes = self.nights[pick % 3], ("TWICE",) if is_coded else ()
        ordinals = _free_in_the_row(night, places) or [pick % 10]
        if pick % 4:
            step("hold", lambda: world.reservation(night, ordinals, email=email, codes=codes))
        else:
            sale = Sale(codes=codes)
            step("hold", lambda: reserve(event=night, ordinals=ordinals, sale=sale))

    @rule(places=st.integers(1, 2))
    def come_in_early(self, places):
        """By the code of the presale, while there is one."""
        ordinals = _free_in_the_row(self.premiere, places) or [0]
        step("come in early", lambda: buys(self.premiere, *ordinals))

    @rule(pick=PICK)
    def open_to_all(self, pick):
        """The presale ends, at the moment that the sale to all begins."""
        if pick % 5 or Event.objects.filter(pk=self.premiere.pk, sale_starts_at__lte=Now()):
            return

        def work():
            Event.objects.filter(pk=self.premiere.pk).update(sale_starts_at=Now())
            self.premiere.refresh_from_db()

        step("open to all", work)

    @rule(pick=PICK, other=PICK)
    def put_together(self, pick, other):
        one, to = (self.booking(each, status="RESERVED") for each in (pick, other))
        if one and one != to:
            step("put together", lambda: join(one.pk, to=to.pk))

    @rule(pick=PICK, email=BUYERS)
    def name(self, pick, email):
        booking = self.booking(pick, status="RESERVED")
        if booking:
            step("name", lambda: contact(booking.pk, email=email, name="Somebody"))

    @rule(pick=PICK)
    def enter(self, pick):
        booking = self.booking(pick, status="RESERVED")
        if booking:
            step("enter", lambda: enter_code(booking.pk, "TWICE"))

    @rule(pick=PICK)
    def prolong(self, pick):
        booking = self.booking(pick, status="RESERVED")
        if booking:
            step("prolong", lambda: renew(booking.pk))

    # Money

    def _asked(self, booking):
        """The payment that asks for what is due of the booking's order, or None for nothing."""
        due = still_due(lock_order(booking.pk))
        return payment_due(due) if sum(each.total for each in due) else None

    def _money_comes(self, booking):
        payment = self._asked(booking)
        if payment:
            world.received(payment)
            confirm(payment.reference, payment_id=payment.pk)
        else:
            confirm(booking.pk)

    @rule(pick=PICK)
    def pay(self, pick):
        booking = self.booking(
            pick, status="RESERVED", customer__isnull=False, reserved_until__gt=timezone.now()
        )
        if booking:
            step("pay", lambda: self._money_comes(booking))

    @rule(pick=PICK)
    def decline(self, pick):
        """The provider says no, for now: the money may be found after all, see `pay_late`."""
        booking = self.booking(pick, status="RESERVED", reserved_until__gt=timezone.now())

        def work():
            payment = self._asked(booking)
            found = Payment.objects.filter(pk=payment.pk) if payment else Payment.objects.none()
            found.update(status="PROCESSING", opened_at=Now())
            found.update(status="FAILED", settled_at=Now(), failure="declined")

        if booking:
            step("decline", work)

    @rule(pick=PICK)
    def pay_late(self, pick):
        """Money that was believed not to come, comes: for what is held, sold, or long over."""
        payment = self.payment(pick, status="FAILED")

        def work():
            world.received(payment)
            confirm(payment.reference, payment_id=payment.pk)

        if payment:
            step("pay late", work)

    @rule(pick=PICK)
    def pay_twice(self, pick):
        first = self.payment(pick, status="SUCCEEDED")

        def work():
            again = Payment.objects.create(
                reference=first.reference, covers=first.covers, provider="simulated",
                description="Again", amount=first.amount, currency=first.currency,
            )  # fmt: skip
            world.received(again)
            confirm(again.reference, payment_id=again.pk)

        if first and not Payment.objects.filter(description="Again").exists():
            step("pay twice", work)

    # Ends

    @rule(pick=PICK)
    def lapse(self, pick):
        booking = self.booking(pick, status="RESERVED")
        if booking is None:
            return
        Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
        EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
        step("expire", lambda: expire_lapsed(booking.pk))

    @rule(pick=PICK)
    def give_up(self, pick):
        booking = self.booking(pick, status="RESERVED")
        if booking:
            step("give up", lambda: abandon(booking.pk))

    @rule(pick=PICK, is_whole=st.booleans(), way=st.sampled_from(Rule.values))
    def give_back(self, pick, is_whole, way):
        booking = self.booking(pick, status="CONFIRMED")
        if booking is None:
            return
        left = list(booking.items.filter(cancelled=None).values_list("ticket", flat=True))
        tickets = frozenset() if is_whole else frozenset(left[: 1 + pick % len(left)])
        reason = "" if way == Rule.POLICY else "A story"
        wish = Wish(tickets, Grounds.STAFF, way, reason=reason)
        name = "give all back" if is_whole else "give back"
        step(
            name,
            lambda: cancel(booking.pk, wish, seen=preview(booking, wish, now=timezone.now()).name),
        )

    @rule(pick=PICK)
    def refund(self, pick):
        """The provider has sent the money."""
        waiting = Refund.objects.filter(status__in=["PENDING", "PROCESSING"]).order_by("pk")
        if not waiting:
            return
        back = waiting[pick % len(waiting)]

        def work():
            complete(back.pk, f"sent-{back.pk}")
            money_is_back(back.pk)

        step("refund", work)

    @rule(pick=PICK, is_won=st.booleans())
    def decide(self, pick, is_won):
        dispute = Dispute.objects.filter(status="OPENED").order_by("pk").first()
        if dispute:
            state = "won" if is_won else "lost"
            step("win" if is_won else "lose", lambda: self._told(dispute.payment, state, dispute))

    @rule(pick=PICK)
    def dispute(self, pick):
        payment = self.payment(pick, status="SUCCEEDED")
        if payment and not payment.disputes.exists():
            step("dispute", lambda: self._told(payment, "needs_response"))

    def _told(self, payment, state, known=None):
        payment.refresh_from_db()
        is_won = state == "won"
        told = ProviderDispute(
            ref=known.provider_ref if known else f"du_{payment.pk}",
            payment_ref=payment.provider_payment_ref,
            state=state,
            reason="fraudulent",
            amount=payment.amount,
            currency=payment.currency,
            is_withdrawn=not is_won,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            fee=Decimal(15),
            fee_currency=payment.currency,
        )
        assert record_disputes(payment.pk, [told], read=payment.disputes_read)
        follow_disputes(payment.pk)

    @rule(pick=PICK)
    def let_in(self, pick):
        tickets = Ticket.objects.select_related("event", "signing_key")
        ticket = tickets.filter(status="CONFIRMED", event=self.nights[0]).order_by("pk").first()
        if ticket and pick % 3 == 0:
            code, gate = code_of(ticket), self.gate
            step("admit", lambda: admit(code=code, gate=gate, device_id=gate.pk, nonce=str(pick)))

    @rule(pick=PICK)
    def cancel_the_event(self, pick):
        night = self.nights[1]
        if pick % 11 or night.changes.exists():
            return

        def work():
            change = changing.propose(event=night, kind="CANCELLED", message="The tenor", by=None)
            changing.begin(change.pk, by=None)
            while changing.carry_on(change.pk, limit=20, seconds=60):
                pass

        step("cancel the event", work)

    # What always holds

    @invariant()
    def money_and_places_are_right(self):
        """Looked at whenever something has moved."""
        if self.looked_at == sum(DONE.values()):
            return
        self.looked_at = sum(DONE.values())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert violations() == {}
        a_place_admits_one()
        the_code_lets_in_no_more_than_it_may()
        deposits_are_what_waits_to_go_back()
        nobody_pays_more_than_once_for_what_he_has()


def _free_in_the_row(night, places):
    free = night.seats.filter(status="AVAILABLE", ownership="OWNED", ordinal__lt=10)
    return sorted(free.values_list("ordinal", flat=True))[:places]


def the_code_lets_in_no_more_than_it_may():
    assert Use.objects.live().filter(promotion__type="PRESALE").count() <= FANS


def a_place_admits_one():
    admitting = Ticket.objects.filter(status__in=["CONFIRMED", "USED"])
    places = list(admitting.values_list("event_seat", flat=True))
    assert len(places) == len(set(places))


def deposits_are_what_waits_to_go_back():
    """Every cent that came is earned, back, or on its way there (or waits for a person)."""
    deposits = sum(e.amount for e in LedgerEntry.objects.filter(account="customer_deposits"))
    on_the_way = Refund.objects.exclude(status=RefundStatus.COMPLETED)
    assert -deposits == sum(refund.amount for refund in on_the_way)


def nobody_pays_more_than_once_for_what_he_has():
    for booking in Booking.objects.sold():
        kept = payments_of(booking).filter(status__in=CAPTURED)
        assert kept.exclude(refunds__amount=F("amount")).count() <= 1


SLUGS = count()


def play(examples, steps, *, always_the_same=False):
    DONE.clear()
    run_state_machine_as_test(
        Selling,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=always_the_same,
            phases=[Phase.generate],  # a game is long: making it shorter takes an hour
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_whatever_becomes_of_sales_no_money_and_no_place_is_lost_or_doubled():
    play(examples=12, steps=40, always_the_same=True)
    assert {"pay", "pay late", "give back"} <= set(DONE), DONE  # not all of it was refused


@pytest.mark.soak
@pytest.mark.django_db
def test_whatever_becomes_of_sales_for_a_long_time_no_money_and_no_place_is_lost_or_doubled():
    play(examples=300, steps=100)
    assert STEPS - set(DONE) == set(), DONE
