"""Holds and allocation plans among everything else the buying wing does, in any order."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from bookings.services import give_held, sell_held
from config.tests.test_buying_machine import COUNT, DONE, PICK, BuyingWing, one_of, step
from inventory.models import AllocationPlan, EventSeat, Hold, StockChannel
from inventory.services import (
    Terms,
    Wanted,
    add_places,
    apply_plan,
    expire_hold,
    extend_hold,
    free_killed,
    kill_hold,
    look,
    make_hold,
    release_hold,
    release_places,
    undo_plan,
)

KINDS = st.sampled_from(Hold.Kind.values)
BUYER = {"email": "noor@post.example", "name": "Noor Vance"}
STEPS = {
    "hold",
    "part",
    "add",
    "give back",
    "end",
    "kill",
    "free",
    "extend",
    "run out",
    "sell held",
}


class HoldingWing(BuyingWing):
    """The same agency, which also withholds places and sets them aside."""

    def __init__(self):
        super().__init__()
        for kind, ordinals in (("PRESS", range(3)), ("ARTIST", range(3, 6))):
            wanted, terms = Wanted(tuple(ordinals)), Terms(kind=kind, name=kind.title())
            make_hold(event=self.event, wanted=wanted, terms=terms)

    def held_by(self, hold, pick, count):
        return self.places(pick, count, hold=hold, status="HELD")

    def active(self, pick):
        return one_of(Hold.objects.filter(status="ACTIVE"), pick)

    @rule(pick=PICK, count=COUNT, kind=KINDS, ends=st.booleans())
    def hold(self, pick, count, kind, ends):
        """Places of ours that nobody may have; or any places of ours, which is mostly refused."""
        until = timezone.now() + timedelta(days=2) if ends else None
        terms = Terms(kind=kind, name=f"Hold {pick}", until=until)
        state = {"status": "AVAILABLE"} if pick % 3 else {}
        ordinals = tuple(self.places(pick, count, ownership="OWNED", **state))
        with step("hold"):
            make_hold(event=self.event, wanted=Wanted(ordinals), terms=terms)

    @rule(pick=PICK, count=COUNT, ends=st.booleans())
    def part(self, pick, count, ends):
        pool = self.active(pick)
        if pool:
            until = timezone.now() + timedelta(days=1) if ends else None
            terms = Terms(kind=pool.kind, name=f"Part {pick}", until=until)
            with step("part"):
                make_hold(event=self.event, wanted=Wanted(quantity=count), terms=terms, pool=pool)

    @rule(pick=PICK, count=COUNT)
    def add(self, pick, count):
        hold = self.active(pick)
        if hold:
            with step("add"):
                add_places(hold, Wanted(quantity=count, order="LAST"))

    @rule(pick=PICK, count=COUNT)
    def give_back(self, pick, count):
        hold = self.active(pick)
        if hold:
            with step("give back"):
                release_places(hold, quantity=count)

    @rule(pick=PICK)
    def end(self, pick):
        hold = self.active(pick)
        if hold:
            with step("end"):
                release_hold(hold)

    @rule(pick=PICK)
    def kill_or_free(self, pick):
        killed = one_of(Hold.objects.filter(status="KILLED"), pick)
        hold = self.active(pick)
        if killed and pick % 2:
            with step("free"):
                free_killed(killed, reason="they may be sold")
        elif hold:
            with step("kill"):
                kill_hold(hold, reason=f"Reason {pick}")

    @rule(pick=PICK)
    def extend(self, pick):
        hold = self.active(pick)
        if hold:
            with step("extend"):
                extend_hold(hold, until=timezone.now() + timedelta(days=3))

    @rule(pick=PICK, is_tidied=st.booleans())
    def run_out(self, pick, is_tidied):
        """The end of a hold and of its parts comes; tidied at once, or later, or by the next buyer."""
        hold = self.active(pick)
        if hold is None:
            return
        tree = [hold.pk, *hold.parts.values_list("pk", flat=True)]
        tree += Hold.objects.filter(pool__in=tree).values_list("pk", flat=True)
        over = Now() - timedelta(minutes=1)
        Hold.objects.filter(pk__in=tree, status="ACTIVE").update(until=over, notice_at=None)
        if hold.pool_id is None:
            EventSeat.objects.filter(hold__in=tree, status="HELD").update(claimed_until=over)
        if is_tidied or hold.pool_id:
            with step("run out"):
                expire_hold(hold.pk)

    @rule(pick=PICK, count=COUNT)
    def sell_held(self, pick, count):
        hold = self.active(pick)
        if hold is None:
            return
        ordinals = self.held_by(hold, pick, count)
        with step("sell held"):
            if hold.kind in ("PRESS", "COMPLIMENTARY"):
                give_held(hold=hold, ordinals=ordinals, reason="guests", **BUYER)
            else:
                sell_held(hold=hold, ordinals=ordinals, **BUYER)

    @rule(pick=PICK, count=COUNT, channel=st.sampled_from(StockChannel.values))
    def allocate(self, pick, count, channel):
        plan = one_of(AllocationPlan.objects.all(), pick) if pick % 2 else None
        if plan is None:
            plan = AllocationPlan.objects.create(event=self.event, name=f"Plan {pick} {count}")
            plan.shares.create(channel=channel, quantity=count)
        with step("allocate"):
            apply_plan(plan)

    @rule()
    def take_back(self):
        plan = AllocationPlan.objects.filter(status="APPLIED").first()
        if plan:
            with step("take back"):
                undo_plan(plan)

    @invariant()
    def the_map_shows_as_free_what_can_be_bought(self):
        shown = {n for n, byte in enumerate(look(self.event.pk, within=0).status) if byte == 0}
        now = timezone.now()
        seats = EventSeat.objects.of(self.event).filter(channel__in=("", "WEB"))
        assert shown == {seat.ordinal for seat in seats if seat.is_free_at(now)}


def play(examples, steps, *, always_the_same=False):
    """The short run plays the same games every time; the long one finds new ones."""
    DONE.clear()
    run_state_machine_as_test(
        HoldingWing,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=always_the_same,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_whatever_happens_to_held_places_the_invariants_hold():
    play(examples=7, steps=40, always_the_same=True)
    assert {"hold", "part"} & set(DONE)  # not all of it was refused


@pytest.mark.soak
@pytest.mark.django_db
def test_whatever_happens_to_held_places_for_a_long_time_the_invariants_hold():
    play(examples=300, steps=80)
    missing = {*STEPS, "allocate", "take back"} - set(DONE)
    assert missing == set(), DONE  # each was not only tried, but done
