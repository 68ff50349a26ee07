"""Holds and what is set aside for a channel: who may have a place, and where it goes back to."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.services import Sale, abandon, expire_lapsed, reserve
from config.tests import world
from core import invariants
from core.audit import because
from core.models import OutboxMessage
from core.status import WrongState
from inventory import queries
from inventory.models import EventSeat, Hold, SeatEntry
from inventory.picking import stands
from inventory.services import (
    NotHoldable,
    SeatsTaken,
    Terms,
    Wanted,
    WrongTerms,
    add_places,
    claim_held,
    expire_hold,
    extend_hold,
    free_killed,
    give_notice,
    kill_hold,
    look,
    make_hold,
    release_hold,
    release_places,
)
from inventory.tasks import expire_holds, mark, notice_holds
from inventory.withheld import counted, holds_running_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    """50 owned seats in the stalls, ordinals 0 to 49 in rows of ten, and none elsewhere."""
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    yield event
    assert invariants.violations() == {}


def in_days(days):
    return timezone.now().replace(microsecond=0) + timedelta(days=days)


def hold_of(event, ordinals=(), *, pool=None, quantity=None, order="BEST", **terms):
    wanted = Wanted(ordinals=tuple(ordinals), quantity=quantity, order=order)
    words = {"kind": "ARTIST", "name": "The band", **terms}
    return make_hold(event=event, wanted=wanted, terms=Terms(**words), pool=pool)


def ordinals(**having):
    return list(EventSeat.objects.filter(**having).values_list("ordinal", flat=True))


def over(hold):
    """The end of a hold is past, and nobody has tidied yet."""
    tree = [hold.pk, *hold.parts.values_list("pk", flat=True)]
    Hold.objects.filter(pk__in=tree).update(until=Now() - timedelta(minutes=1), notice_at=None)
    EventSeat.objects.filter(hold__in=tree, status="HELD").update(
        claimed_until=Now() - timedelta(minutes=1)
    )


def free(event):
    return [n for n, byte in enumerate(look(event.pk, within=0).status) if byte == 0]


# Making


def free_count(event, **within):
    return stands(event, **within).count(0)


def test_held_places_look_taken_and_cannot_be_bought(event):
    hold_of(event, [0, 1])
    assert free(event) == list(range(2, 50))
    assert free_count(event) == 48
    assert queries.left_by_event([event.pk])[event.pk].count == 48
    with pytest.raises(SeatsTaken) as refused:
        reserve(event=event, ordinals=[1, 2])
    assert refused.value.ordinals == [1]


def test_a_hold_takes_all_or_nothing_and_names_what_is_lost(event):
    world.reservation(event, [3, 4])
    with pytest.raises(NotHoldable, match=r"Not free: A 4-5 \(2 places\). Nothing was held."):
        hold_of(event, [2, 3, 4, 5])
    with pytest.raises(NotHoldable, match="Not free: A 1"):
        hold_of(event, [50])  # not ours
    assert not Hold.objects.exists()
    assert ordinals(status="HELD") == []


def test_the_best_of_a_section_are_whole_rows_in_front(event):
    hold = hold_of(event, quantity=12)
    assert ordinals(hold=hold) == list(range(12))
    last = hold_of(event, quantity=3, order="LAST", name="Back")
    assert ordinals(hold=last) == [47, 48, 49]
    with pytest.raises(NotHoldable, match="Only 35 such places are free there"):
        hold_of(event, quantity=36, name="Too many")


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"name": " "}, "needs a name"),
        ({"until": in_days(-1)}, "is over already"),
        ({"notice_at": in_days(1)}, "so it needs an end"),
        ({"until": in_days(1), "notice_at": in_days(2)}, "so it needs an end that is later"),
    ],
)
def test_terms_that_do_not_fit_together_are_refused(event, terms, problem):
    with pytest.raises(WrongTerms, match=problem):
        hold_of(event, [0], **terms)


def test_the_seat_ledger_says_why(event):
    hold_of(event, [0], reason="their families")
    entry = SeatEntry.objects.get(kind="HELD")
    assert (entry.reason, entry.stock) == ("Hold The band: their families", 0)


def test_places_are_added(event):
    hold = hold_of(event, [0])
    assert add_places(hold, Wanted(ordinals=(1, 2))) == 2
    assert ordinals(hold=hold) == [0, 1, 2]
    hold.refresh_from_db()
    assert hold.quantity == 3


# Giving back


def test_a_part_of_a_hold_is_given_back(event):
    hold = hold_of(event, range(10))
    assert release_places(hold, ordinals=[0, 1]) == 2
    assert release_places(hold, quantity=3) == 3
    assert ordinals(status="HELD") == [2, 3, 4, 5, 6]
    with pytest.raises(NotHoldable, match="1 of these places is not in the hold"):
        release_places(hold, ordinals=[0, 2])
    release_places(hold, quantity=5)
    hold.refresh_from_db()
    assert (hold.status, ordinals(status="AVAILABLE", ownership="OWNED")) == (
        "RELEASED",
        list(range(50)),
    )
    with pytest.raises(WrongState):
        release_hold(hold)


def test_a_killed_hold_blocks_its_places_with_a_reason_until_they_are_freed(event):
    hold = hold_of(event, [0, 1])
    with pytest.raises(WrongTerms, match="Say why"):
        kill_hold(hold, reason=" ")
    assert kill_hold(hold, reason="camera stand") == 2
    assert ordinals(status="BLOCKED") == [0, 1]
    assert SeatEntry.objects.filter(kind="BLOCKED", reason__contains="camera stand").count() == 2
    hold.refresh_from_db()
    assert (hold.status, hold.release_reason) == ("KILLED", "camera stand")
    because("a broken chair")
    EventSeat.objects.filter(ordinal=5).update(status="BLOCKED")
    assert free_killed(hold, reason="stand is gone") == 2
    assert ordinals(status="BLOCKED") == [5]
    assert free_killed(hold, reason="again") == 0


def test_each_killed_hold_frees_its_own_places_and_those_of_its_parts(event):
    stand, other = hold_of(event, [0, 1, 2]), hold_of(event, [5])
    hold_of(event, [2], pool=stand, name="Crane")
    kill_hold(stand, reason="camera stand")
    kill_hold(other, reason="camera stand")
    assert free_killed(other, reason="not needed") == 1
    assert ordinals(status="BLOCKED") == [0, 1, 2]
    assert free_killed(stand, reason="stand is gone") == 3
    assert ordinals(status="AVAILABLE", ownership="OWNED") == list(range(50))


# Pools


def test_a_part_takes_from_its_pool_and_gives_back_to_it(event):
    pool = hold_of(event, range(10), until=in_days(5))
    part = hold_of(event, quantity=4, pool=pool, name="Drummer", until=in_days(2))
    assert Counter(EventSeat.objects.filter(status="HELD").values_list("hold", flat=True)) == {
        pool.pk: 6,
        part.pk: 4,
    }
    with pytest.raises(NotHoldable, match="Not in the pool The band"):
        hold_of(event, [20], pool=pool, name="Outside")
    release_places(part, quantity=1)
    over(part)
    assert expire_hold(part.pk)
    assert len(ordinals(hold=pool, status="HELD")) == 10
    assert set(EventSeat.objects.filter(hold=pool).values_list("claimed_until", flat=True)) == {
        pool.until
    }


def test_a_part_ends_with_its_pool_at_the_latest(event):
    pool = hold_of(event, range(10), until=in_days(5))
    with pytest.raises(WrongTerms, match="cannot be held longer than the pool"):
        hold_of(event, [0], pool=pool, until=in_days(6))
    part = hold_of(event, [0, 1], pool=pool, name="Drummer")
    assert part.until == pool.until
    with pytest.raises(WrongTerms, match="cannot be held longer than the pool"):
        extend_hold(part, until=in_days(9))
    release_hold(pool)
    part.refresh_from_db()
    assert part.status == "RELEASED"
    assert free(event) == list(range(50))


def test_parts_of_parts_count_and_end_with_the_outermost_pool(event):
    pool = hold_of(event, range(10))
    part = hold_of(event, range(4), pool=pool, name="Drummer")
    inner = hold_of(event, [0], pool=part, name="His mother")
    assert [
        counted(Hold.objects.filter(pk=each.pk)).get().held for each in (pool, part, inner)
    ] == [*(10, 4, 1)]
    assert release_hold(part) == 4
    assert len(ordinals(hold=pool, status="HELD")) == 10
    inner.refresh_from_db()
    assert inner.status == "RELEASED"


def test_a_part_that_ran_out_is_its_pools_and_nobody_can_buy_it(event):
    pool = hold_of(event, range(10), until=in_days(5))
    part = hold_of(event, [0, 1], pool=pool, name="Drummer", until=in_days(1))
    Hold.objects.filter(pk=part.pk).update(until=Now())
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])
    with pytest.raises(SeatsTaken):
        claim_held(hold=part, ordinals=[0], reference=event.pk, seconds=60)
    expire_hold(part.pk)
    assert len(ordinals(hold=pool)) == 10


# Time


def test_the_next_buyer_takes_places_of_a_hold_that_ran_out_before_anybody_tidies(event):
    hold = hold_of(event, [0, 1], until=in_days(1))
    over(hold)
    assert free(event) == list(range(50))
    booking = reserve(event=event, ordinals=[0])
    assert ordinals(claimed_by=booking.pk, hold=None, status="RESERVED") == [0]
    assert SeatEntry.objects.get(kind="RELEASED").event_seat.ordinal == 0
    assert expire_holds() == 1
    assert expire_holds() == 0
    hold.refresh_from_db()
    assert (hold.status, ordinals(status="AVAILABLE", ordinal=1)) == ("EXPIRED", [1])
    assert not expire_hold(hold.pk)


def test_a_hold_is_extended_but_not_after_it_ran_out(event):
    hold, later = hold_of(event, [0], until=in_days(1)), in_days(3)
    extend_hold(hold, until=later, notice_at=in_days(2))
    assert EventSeat.objects.get(ordinal=0, event=event).claimed_until == later
    with pytest.raises(WrongTerms, match="extended to a later moment"):
        extend_hold(hold, until=in_days(2))
    over(hold)
    with pytest.raises(WrongState, match="The hold The band is over"):
        extend_hold(hold, until=in_days(9))
    expire_hold(hold.pk)


def test_notice_is_given_once_and_again_after_an_extension(event):
    hold = hold_of(event, [0], until=in_days(2), notice_at=in_days(1), contact="tour@post.example")
    assert not give_notice(hold.pk)
    Hold.objects.filter(pk=hold.pk).update(notice_at=Now() - timedelta(hours=1))
    assert notice_holds() == 1
    assert notice_holds() == 0
    extend_hold(hold, until=in_days(4), notice_at=in_days(3))
    Hold.objects.filter(pk=hold.pk).update(notice_at=Now() - timedelta(hours=1))
    assert notice_holds() == 1
    facts = OutboxMessage.objects.filter(fact__endswith="HoldRunsOut")
    assert facts.count() == 2


def test_an_event_whose_last_places_are_held_is_sold_out_until_the_hold_ran_out(event):
    hold = hold_of(event, range(50), until=in_days(1))
    assert mark(event.pk)
    event.refresh_from_db()
    assert event.status == "SOLD_OUT"
    over(hold)
    assert mark(event.pk)
    event.refresh_from_db()
    assert event.status == "ON_SALE"
    expire_hold(hold.pk)


def test_the_desk_knows_which_holds_run_out_first(event):
    hold_of(event, [0], name="Never")
    hold_of(event, [1], name="Later", until=in_days(30))
    pool = hold_of(event, [2, 3, 4], name="Soon", until=in_days(5))
    part = hold_of(event, [2], name="Sooner", pool=pool, until=in_days(1))
    shown, count = holds_running_out(limit=1)
    assert ([(hold.name, hold.held) for hold in shown], count) == ([("Sooner", 1)], 2)
    shown, _ = holds_running_out()
    assert [(hold.name, hold.held) for hold in shown] == [("Sooner", 1), ("Soon", 3)]
    with CaptureQueriesContext(connection) as asked:
        holds_running_out()
    assert len(asked) == 2
    release_hold(pool)
    part.refresh_from_db()
    assert (part.status, holds_running_out()) == ("RELEASED", ([], 0))


# Reservations out of a hold


def reserved_from(hold, *chosen):
    """Places of a hold that a lapsed or open reservation has."""
    booking = world.reservation(hold.event, [49])
    EventSeat.objects.filter(claimed_by=booking.pk).update(hold=hold)
    return booking


def test_what_was_reserved_out_of_a_hold_goes_back_to_it(event):
    hold = hold_of(event, [0], until=in_days(3))
    booking = reserved_from(hold)
    abandon(booking.pk)
    assert ordinals(hold=hold, status="HELD") == [0, 49]
    assert EventSeat.objects.get(ordinal=49, event=event).claimed_until == hold.until


def test_a_lapsed_reservation_out_of_a_hold_is_not_the_next_buyers(event):
    hold = hold_of(event, [0])
    booking = reserved_from(hold)
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
    type(booking).objects.filter(pk=booking.pk).update(reserved_until=Now())
    assert 49 not in free(event)
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[49])
    expire_lapsed(booking.pk)
    assert ordinals(hold=hold, status="HELD") == [0, 49]


@pytest.mark.parametrize("has_pool", [False, True])
def test_a_reservation_that_outlives_its_hold_goes_back_to_the_pool_or_to_sale(event, has_pool):
    pool = hold_of(event, range(5), name="Pool") if has_pool else None
    hold = hold_of(event, [0], pool=pool)
    booking = reserved_from(hold)
    release_hold(hold)
    assert ordinals(status="RESERVED") == [49]
    abandon(booking.pk)
    if has_pool:
        assert ordinals(hold=pool, status="HELD") == [0, 1, 2, 3, 4, 49]
    else:
        assert 49 in free(event)


# Channels


def aside(channel, *chosen):
    EventSeat.objects.filter(ordinal__in=chosen).update(channel=channel)


def test_what_is_set_aside_for_a_channel_is_sold_by_it_alone(event):
    aside("PARTNER", 0)
    aside("WEB", 1)
    assert free(event) == list(range(1, 50))
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])
    partner = Sale(stock="PARTNER")
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[1], sale=partner)
    reserve(event=event, ordinals=[0, 2], sale=partner)
    reserve(event=event, ordinals=[1, 3])
    assert free_count(event, channel="PARTNER") == 46


def test_money_that_comes_late_has_its_places_whatever_they_are_set_aside_for_now(event):
    booking = world.reservation(event, [0])
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=F("claimed_until"))
    assert ordinals(status="RESERVED") == [0]
    type(booking).objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
    expire_lapsed(booking.pk)
    aside("GROUP", 0)
    payment = world.Payment.objects.get(reference=booking.pk)
    world.received(payment)
    assert world.confirm(booking.pk, payment_id=payment.pk).status == "CONFIRMED"
