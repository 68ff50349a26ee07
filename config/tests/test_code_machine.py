"""Codes among everything that becomes of reservations, in any order: no use is lost, doubled, or taken
by anybody beyond a limit, and every booking is reckoned with the uses it has."""

from collections import Counter
from contextlib import suppress
from itertools import count

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bookings.models import Booking
from bookings.services import (
    Sale,
    abandon,
    confirm,
    contact,
    enter_code,
    expire_lapsed,
    reserve,
    take_out_code,
)
from config.tests import world
from core.errors import DomainError
from core.invariants import violations
from core.tenancy import acting_for
from inventory.models import EventSeat
from payments.models import CAPTURED, Payment
from promotions.models import Promotion, Use
from promotions.models import Status as PromotionStatus
from promotions.services import activate, pause
from promotions.tests.factories import running

PICK = st.integers(0, 10_000)
TEXTS = st.sampled_from(["TWICE", "ONE-EACH", "ALONE", "NOFEES", "NEVER"])
BUYERS = st.sampled_from(["noor@post.example", "ines@post.example", "omar@post.example"])
DONE = Counter()
STEPS = {
    *("hold", "hold with a code", "enter", "take out", "name", "pay", "pay late", "expire"),
    *("give up", "pause", "go on"),
}


def step(name, work):
    """Done whole and counted, or refused and without a trace."""
    with suppress(DomainError), transaction.atomic():
        work()
        DONE[name] += 1


class Selling(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        agency = world.agency(slug=f"house-{next(SLUGS)}")
        self.scope = acting_for(agency.pk)
        self.scope.__enter__()
        _, layout = world.venue()
        self.event = world.event_on_sale(layout)
        world.received_order(self.event, rows="A")
        world.fee(name="Post", per="BOOKING", amount=3)
        running("TWICE", percent=20, is_stackable=True, usage_limit=2)
        running("ONE-EACH", percent=5, is_stackable=True, usage_limit_per_customer=1)
        running("ALONE", type="FIXED_DISCOUNT", amount=9, code_limit=1)
        running("NOFEES", type="FREE_SHIPPING", is_stackable=True, usage_limit=3)
        for ordinal, text in enumerate(("TWICE", "ALONE")):
            world.reservation(self.event, [ordinal], codes=(text,))

    def teardown(self):
        self.scope.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.world.__exit__(None, None, None)

    def booking(self, pick, **wanted):
        found = Booking.objects.filter(**wanted).order_by("pk")
        return found[pick % len(found)] if found else None

    @rule(pick=PICK, places=st.integers(1, 3), texts=st.lists(TEXTS, max_size=2, unique=True))
    def hold(self, pick, places, texts):
        ordinals = [(pick + each) % 10 for each in range(places)]
        sale = Sale(codes=tuple(texts))
        name = "hold with a code" if texts else "hold"
        step(name, lambda: reserve(event=self.event, ordinals=ordinals, sale=sale))

    @rule(pick=PICK, text=TEXTS)
    def enter(self, pick, text):
        booking = self.booking(pick, **({"status": "RESERVED"} if pick % 4 else {}))
        if booking:
            step("enter", lambda: enter_code(booking.pk, text))

    @rule(pick=PICK)
    def take_out(self, pick):
        use = Use.objects.filter(status="HELD", is_dropped=False).order_by("pk").first()
        if use:
            step("take out", lambda: take_out_code(use.reference, use.code.text))

    @rule(pick=PICK, email=BUYERS)
    def name(self, pick, email):
        booking = self.booking(pick, status="RESERVED")
        if booking:
            step("name", lambda: contact(booking.pk, email=email, name="Somebody"))

    @rule(pick=PICK, is_late=st.booleans())
    def pay(self, pick, is_late):
        """Money comes for what is held, or for what is over."""
        status = "EXPIRED" if is_late else "RESERVED"
        booking = self.booking(pick, status=status, customer__isnull=False)
        if booking is None:
            return
        payment = Payment.objects.filter(reference=booking.pk).exclude(status__in=CAPTURED).first()
        if booking.total and payment:
            world.received(payment)
        step(
            "pay late" if is_late else "pay",
            lambda: confirm(booking.pk, payment_id=payment.pk if booking.total else None),
        )

    @rule(pick=PICK, is_tidied=st.booleans())
    def lapse(self, pick, is_tidied):
        """The time of a reservation passes; it is tidied at once, later, or by the next buyer."""
        booking = self.booking(pick, status="RESERVED")
        if booking is None:
            return
        Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
        EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
        Use.objects.of(booking.pk).filter(status="HELD").update(held_until=Now())
        if is_tidied:
            step("expire", lambda: expire_lapsed(booking.pk))

    @rule(pick=PICK)
    def give_up(self, pick):
        booking = self.booking(pick, status="RESERVED")
        if booking:
            step("give up", lambda: abandon(booking.pk))

    @rule(pick=PICK)
    def pause_or_go_on(self, pick):
        offers = Promotion.objects.order_by("pk")
        offer = offers[pick % len(offers)]
        if offer.status == PromotionStatus.PAUSED:
            step("go on", lambda: activate(offer.pk))
        elif pick % 3 == 0:
            step("pause", lambda: pause(offer.pk))

    @invariant()
    def nothing_is_violated(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert violations() == {}

    @invariant()
    def every_offer_counts_what_it_gave(self):
        for offer in Promotion.objects.exclude(usage_limit=None):
            assert offer.taken == offer.uses.exclude(status="RETURNED").count()

    @invariant()
    def nobody_uses_one_of_each_twice(self):
        used = Use.objects.filter(promotion__name="With ONE-EACH").exclude(customer="").live()
        customers = list(used.values_list("customer", flat=True))
        assert len(customers) == len(set(customers))


SLUGS = count()


def play(examples, steps, *, always_the_same=False):
    DONE.clear()
    run_state_machine_as_test(
        Selling,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=always_the_same,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_whatever_buyers_do_with_codes_the_invariants_hold():
    play(examples=5, steps=30, always_the_same=True)
    assert {"enter", "pay"} <= set(DONE), DONE  # not all of it was refused


@pytest.mark.soak
@pytest.mark.django_db
def test_whatever_buyers_do_with_codes_for_a_long_time_the_invariants_hold():
    play(examples=300, steps=80)
    assert STEPS - set(DONE) == set(), DONE
