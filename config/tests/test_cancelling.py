"""Tickets given back: the preview is the result, the money adds up, codes die, places return."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from bookings.cancelling import NotCancellable, QuoteChanged, Wish, cancel, money_is_back, preview
from bookings.models import Booking, BookingItem, Cancellation, CancelledItem, Grounds, Rule
from bookings.services import confirm, give_held
from config.tests import world
from core.memory import Remembered
from core.money import Money, total
from events.models import CancellationPolicy, Event
from inventory.models import EventSeat, Hold, SeatEntry
from inventory.services import Terms, Wanted, make_hold
from payments.models import LedgerEntry, Payment, Refund
from payments.services import request_refund
from payments.services.refund import RefundTooHigh
from tickets.models import Gate, Ticket
from tickets.services import admit, code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


def policy(*windows, **fields):
    """The agency's policy of windows (days, percent kept, amount kept of each)."""
    made = CancellationPolicy.objects.create(
        name=f"Policy {CancellationPolicy.objects.count()}",
        currency="EUR",
        is_default=True,
        windows=[
            {"hours": days * 24, "percent": str(percent), "fixed": str(fixed)}
            for days, percent, fixed in windows
        ],
        **fields,
    )
    Remembered.forget_everything()
    return made


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    return event


def tickets_of(booking, *positions):
    items = booking.items.filter(position__in=positions) if positions else booking.items.all()
    return frozenset(items.values_list("ticket", flat=True))


def wish(booking, *positions, **fields):
    return Wish(tickets=tickets_of(booking, *positions), **fields)


def look(booking, wanted):
    booking = Booking.objects.select_related("event", "terms").get(pk=booking.pk)
    return preview(booking, wanted, now=timezone.now())


def give_back(booking, wanted):
    return cancel(booking.pk, wanted, seen=look(booking, wanted).name)


def euros(amount):
    return Money(Decimal(amount), "EUR")


def balances():
    sums = {}
    for entry in LedgerEntry.objects.all():
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    return {account: amount for account, amount in sums.items() if amount}


def completed(refund):
    """What sending a refund does once the provider has answered."""
    from payments.services.refund import _begin, complete

    _begin(refund.pk)
    complete(refund.pk, "told")
    money_is_back(refund.pk)


def test_all_tickets_come_back_and_all_the_money_goes(stocked):
    before = balances()
    policy((2, 0, 0), fees_refundable=True)
    booking = world.sold_booking(stocked, [0, 1])
    quote = look(booking, wish(booking))
    assert (quote.paid, quote.kept, quote.refunded) == (booking.money, euros(0), booking.money)
    made = cancel(booking.pk, wish(booking), seen=quote.name)
    assert made.refunded_money == booking.money
    booking.refresh_from_db()
    assert booking.status == "CANCELLED"
    assert set(Ticket.objects.values_list("status", flat=True)) == {"CANCELLED"}
    assert set(stocked.seats.filter(ordinal__in=[0, 1]).values_list("status", "claimed_by")) == {
        ("AVAILABLE", None)
    }
    refund = Refund.objects.get()
    assert (refund.money, refund.reason) == (booking.money, "CUSTOMER_REQUEST")
    completed(refund)
    booking.refresh_from_db()
    assert booking.status == "REFUNDED"
    assert set(Ticket.objects.values_list("status", flat=True)) == {"REFUNDED"}
    assert Payment.objects.get().status == "REFUNDED"
    assert balances() == before


def test_fees_and_a_percentage_are_kept_and_earned(stocked):
    policy((2, 50, "1.00"))
    booking = world.sold_booking(stocked, [0, 1])
    quote = look(booking, wish(booking, 1))
    [line] = quote.lines
    assert (line.paid, line.kept_fee) == (euros("42.40"), euros("2.40"))
    assert (line.kept_of_ticket, line.refunded) == (euros(21), euros(19))
    give_back(booking, wish(booking, 1))
    booking.refresh_from_db()
    assert booking.status == "CONFIRMED"
    assert list(booking.items.values_list("ticket__status", flat=True)) == [
        "CANCELLED",
        "CONFIRMED",
    ]
    now = balances()
    assert now["cancellation_fees"] == -21
    assert now["fee_revenue"] == Decimal("-4.80")
    assert now["ticket_revenue"] == -40
    assert (now["cost_of_sales"], now["customer_deposits"]) == (25, -19)


def test_the_code_of_a_cancelled_ticket_opens_no_door(stocked):
    policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0, 1])
    ticket = Ticket.objects.select_related("event", "signing_key").get(items__position=1)
    code, gate = code_of(ticket), Gate.objects.create(event=stocked, name="A")
    give_back(booking, wish(booking, 1))
    result = admit(code=code, gate=gate, device_id=gate.pk, nonce="one")
    assert (result.verdict, result.message) == ("not_valid", "This ticket was cancelled.")


def test_a_place_out_of_a_hold_goes_back_to_it(stocked):
    terms = Terms(kind=Hold.Kind.PRESS, name="Press row")
    hold = make_hold(event=stocked, wanted=Wanted((4, 5)), terms=terms)
    booking = give_held(
        hold=hold, ordinals=[4], email="noor@post.example", name="Noor", reason="Review"
    )
    wanted = wish(booking, grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Cannot come")
    made = give_back(booking, wanted)
    assert (made.refund, made.refunded) == (None, 0)
    seat = stocked.seats.get(ordinal=4)
    assert (seat.status, seat.hold_id) == ("HELD", hold.pk)
    assert Booking.objects.get(pk=booking.pk).status == "CANCELLED"


def test_it_comes_back_into_stock_with_its_reason(stocked):
    policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0])
    give_back(booking, wish(booking))
    entry = SeatEntry.objects.filter(kind="UNSOLD").get()
    assert (entry.stock, entry.cost, entry.reason) == (
        1,
        25,
        f"Booking {booking.number} cancelled",
    )


def test_after_the_last_window_nothing_comes_back(stocked):
    policy((30, 0, 0))
    booking = world.sold_booking(stocked, [0])
    with pytest.raises(NotCancellable, match="is over"):
        look(booking, wish(booking))


def test_without_a_policy_tickets_are_sold_for_good(stocked):
    booking = world.sold_booking(stocked, [0])
    with pytest.raises(NotCancellable, match="for good"):
        look(booking, wish(booking))


def test_a_booking_keeps_the_policy_it_was_made_under(stocked):
    mild = policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0])
    CancellationPolicy.objects.filter(pk=mild.pk).update(is_default=False)
    policy((2, 90, 0))
    other = world.sold_booking(stocked, [1])
    assert look(booking, wish(booking)).refunded == euros(40)
    assert look(other, wish(other)).refunded == euros(4)


def test_the_events_own_policy_comes_before_the_agencys(stocked):
    policy((2, 90, 0))
    own = CancellationPolicy.objects.create(name="Gala", currency="EUR", windows=[])
    Event.objects.filter(pk=stocked.pk).update(cancellation_policy=own)
    Remembered.forget_everything()
    booking = world.sold_booking(stocked, [0])
    with pytest.raises(NotCancellable, match="for good"):
        look(booking, wish(booking))


def test_some_tickets_only_where_the_policy_parts_bookings(stocked):
    policy((2, 0, 0), is_partial=False)
    booking = world.sold_booking(stocked, [0, 1])
    with pytest.raises(NotCancellable, match="all together"):
        look(booking, wish(booking, 1))
    assert give_back(booking, wish(booking)).ticket_count == 2


def test_what_was_seen_is_what_happens_or_nothing_does(stocked):
    policy((20, 0, 0), (2, 50, 0))
    booking = world.sold_booking(stocked, [0])
    Event.objects.filter(pk=stocked.pk).update(starts_at=timezone.now() + timedelta(days=21))
    seen = look(booking, wish(booking))
    Event.objects.filter(pk=stocked.pk).update(starts_at=timezone.now() + timedelta(days=19))
    with pytest.raises(QuoteChanged) as changed:
        cancel(booking.pk, wish(booking), seen=seen.name)
    assert changed.value.quote.refunded == euros(20)
    assert not Cancellation.objects.exists()
    assert Ticket.objects.get().status == "CONFIRMED"


def test_asking_twice_cancels_once(stocked):
    policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0])
    seen = look(booking, wish(booking)).name
    first = cancel(booking.pk, wish(booking), seen=seen)
    assert cancel(booking.pk, wish(booking), seen=seen) == first
    assert Refund.objects.count() == 1


def test_a_ticket_that_is_gone_is_not_cancelled_again(stocked):
    policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0, 1])
    give_back(booking, wish(booking, 1))
    with pytest.raises(NotCancellable, match="cancelled already"):
        look(booking, wish(booking, 1, 2))
    assert give_back(booking, wish(booking, 2)).refunded == 40
    assert Booking.objects.get(pk=booking.pk).status == "CANCELLED"


def test_somebody_elses_ticket_is_not_in_the_booking(stocked):
    policy((2, 0, 0))
    booking, other = world.sold_booking(stocked, [0]), world.sold_booking(stocked, [1])
    with pytest.raises(NotCancellable, match="not in this booking"):
        look(booking, wish(other))


def used(booking, gate):
    ticket = Ticket.objects.select_related("event", "signing_key").get(
        items__booking=booking, items__position=1
    )
    admit(code=code_of(ticket), gate=gate, device_id=gate.pk, nonce="in")


def test_a_used_ticket_goes_back_only_for_a_reason_and_its_place_is_not_sold_again(stocked):
    policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0, 1])
    used(booking, Gate.objects.create(event=stocked, name="A"))
    with pytest.raises(NotCancellable, match="was used"):
        look(booking, wish(booking, 1))
    bare = wish(booking, 1, grounds=Grounds.STAFF, rule=Rule.ALL_BACK)
    with pytest.raises(NotCancellable, match="Say why"):
        look(booking, bare)
    made = give_back(
        booking,
        wish(booking, 1, grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Saw nothing"),
    )
    assert (made.refunded, made.reason) == (Decimal("42.40"), "Saw nothing")
    item = booking.items.select_related("ticket", "event_seat").get(position=1)
    assert (item.ticket.status, item.event_seat.status) == ("REFUNDED", "BLOCKED")


def test_a_ticket_that_was_passed_on_is_its_new_holders(stocked):
    policy((2, 0, 0))
    booking = world.sold_booking(stocked, [0])
    world.given(booking)
    with pytest.raises(NotCancellable, match="passed on"):
        look(booking, wish(booking))
    staff = wish(booking, grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Both agree")
    assert give_back(booking, staff).refunded == Decimal("42.40")


def test_nothing_back_keeps_everything(stocked):
    booking = world.sold_booking(stocked, [0])
    fraud = wish(booking, grounds=Grounds.STAFF, rule=Rule.NOTHING_BACK, reason="Stolen card")
    assert give_back(booking, fraud).kept_money == booking.money
    assert Booking.objects.get(pk=booking.pk).status == "CANCELLED"
    assert not Refund.objects.exists()


def test_more_than_is_left_of_the_payment_is_refused_whole(stocked):
    policy((2, 0, 0), fees_refundable=True)
    booking = world.sold_booking(stocked, [0])
    payment = Payment.objects.get()
    request_refund(
        payment_id=payment.pk, money=euros(10), reason="CUSTOMER_REQUEST", request_key="by hand"
    )
    with pytest.raises(RefundTooHigh):
        give_back(booking, wish(booking))
    assert Ticket.objects.get().status == "CONFIRMED"
    Refund.objects.update(status="FAILED")


def test_money_told_again_after_cancelling_changes_nothing(stocked):
    policy((2, 50, 0))
    booking = world.sold_booking(stocked, [0])
    give_back(booking, wish(booking))
    confirm(booking.pk, payment_id=booking.payment_id)
    assert Refund.objects.count() == 1


def test_the_database_refuses_other_sums_and_a_second_time(stocked):
    policy((2, 0, 0), fees_refundable=True)
    booking = world.sold_booking(stocked, [0, 1])
    made = give_back(booking, wish(booking, 1))
    first, second = booking.items.order_by("position")
    for item, back in ((second, Decimal(100)), (second, Decimal(1)), (first, first.total)):
        with pytest.raises(DatabaseError), transaction.atomic():
            CancelledItem.objects.create(
                cancellation=made,
                item=item,
                kept_of_ticket=0,
                kept_fee=0,
                refunded=back,
                currency="EUR",
            )
    with pytest.raises(DatabaseError), transaction.atomic():
        CancelledItem.objects.update(refunded=0)
    with pytest.raises(DatabaseError), transaction.atomic():
        CancellationPolicy.objects.update(fees_refundable=False)


@pytest.mark.parametrize(
    "windows",
    [
        [{"hours": 24, "percent": "101", "fixed": "0"}],
        [{"hours": 24, "percent": "50", "fixed": "0.001"}],
        [{"hours": 24, "percent": "0", "fixed": "0"}, {"hours": 48, "percent": "0", "fixed": "0"}],
        [{"hours": -1, "percent": "0", "fixed": "0"}],
        [{"hours": 24}],
        {},
    ],
)
def test_the_database_refuses_windows_that_make_no_sense(agency, windows):
    with pytest.raises((IntegrityError, psycopg.Error)), transaction.atomic():
        CancellationPolicy.objects.create(name="Odd", currency="EUR", windows=windows)


def test_every_ticket_was_paid_for_what_went_back_and_what_was_kept(stocked):
    policy((2, "33.333", "0.35"))
    booking = world.sold_booking(stocked, [0, 1, 2])
    give_back(booking, wish(booking, 2))
    give_back(booking, wish(booking, 1, 3))
    given = CancelledItem.objects.select_related("item")
    assert all(
        each.item.total == each.kept_of_ticket + each.kept_fee + each.refunded for each in given
    )
    assert total((each.money for each in given), "EUR").amount == sum(
        Refund.objects.values_list("amount", flat=True)
    )
    assert BookingItem.objects.count() == 3
    assert EventSeat.objects.filter(status="SOLD").count() == 0
