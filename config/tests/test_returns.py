"""Seats that go back to who sold them: asked for, blocked, taken back or not, credited."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from agencies.queries import local_today
from config.tests import world
from core.errors import Invalid
from core.money import Money
from core.status import WrongState
from inventory.models import EventSeat, SeatEntry
from inventory.services import look
from payments.models import LedgerEntry
from suppliers import services
from suppliers.models import Acquisition, CreditNote, PurchaseOrder, ReturnLine, SupplierReturn
from suppliers.returnable import proposals, returns_running_out

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


def euros(amount):
    return Money(Decimal(amount), "EUR")


def bought(event, *, basis="FIRM", days=5, **words):
    """An order line of which everything has arrived, returnable for so many days more."""
    return_by = None if days is None else local_today() + timedelta(days=days)
    words = {"rows": "A", **words, "return_by": return_by}
    return world.received_order(event, **words, of_order={"basis": basis}).order.lines.get()


def ask(line, quantity=3, **words):
    [asked] = services.request_returns(wanted={line.pk: quantity}, **words)
    return asked


def seats_of(asked):
    return EventSeat.objects.filter(acquisitions__return_lines__supplier_return=asked)


def balance(account):
    return sum(LedgerEntry.objects.filter(account=account).values_list("amount", flat=True))


def test_seats_asked_back_are_the_last_free_ones_and_off_sale(event):
    line = bought(event)
    world.reservation(event, [9])
    world.sold_booking(event, [8])
    asked = ask(line, reason="slow")
    assert sorted(seats_of(asked).values_list("ordinal", flat=True)) == [5, 6, 7]
    assert set(seats_of(asked).values_list("status", flat=True)) == {"BLOCKED"}
    assert (asked.status, asked.expected) == ("REQUESTED", 75)
    entries = SeatEntry.objects.filter(kind="BLOCKED")
    assert set(entries.values_list("reason", flat=True)) == {f"Return {asked} asked for: slow"}


def test_never_more_than_are_free_and_never_after_the_window(event):
    line = bought(event)
    world.sold_booking(event, [0, 1])
    with pytest.raises(services.NotReturnable, match="9 seats were to go back, 8 are free"):
        ask(line, 9)
    Acquisition.objects.update(return_by=local_today() - timedelta(days=1))
    with pytest.raises(services.NotReturnable, match="0 are free and may"):
        ask(line, 1)
    for nonsense in ({}, {line.pk: 0}):
        with pytest.raises(Invalid):
            services.request_returns(wanted=nonsense)
    assert not SupplierReturn.objects.exists()


def test_firm_seats_without_a_window_stay_consigned_ones_may_go(event):
    firm = bought(event, days=None)
    consigned = bought(event, days=None, rows="B", basis="CONSIGNMENT")
    with pytest.raises(services.NotReturnable):
        ask(firm)
    assert ask(consigned).expected == 0


def test_one_request_for_several_lines_is_one_return_for_each_supplier(event):
    lines = [bought(event), bought(event, rows="B")]
    other = bought(event, rows="C")
    order = PurchaseOrder.objects.get(pk=other.order_id)
    elsewhere = world.supplier("Somebody else")
    PurchaseOrder.objects.filter(pk=order.pk).update(supplier=elsewhere)
    wanted = {line.pk: 2 for line in (*lines, other)}
    asked = services.request_returns(wanted=wanted)
    assert [(str(each.supplier), each.lines.count()) for each in asked] == [
        ("Quai Productions", 4),
        ("Somebody else", 2),
    ]
    PurchaseOrder.objects.filter(pk=order.pk).update(supplier=world.supplier())


def test_what_is_taken_back_leaves_the_map_and_becomes_a_credit(event):
    line = bought(event)
    asked = ask(line)
    ordinals = list(seats_of(asked).values_list("ordinal", flat=True))
    accepted = services.accept_return(asked=asked)
    assert set(seats_of(asked).values_list("status", "ownership")) == {
        ("AVAILABLE", "RETURNED_TO_SUPPLIER")
    }
    assert {look(event.pk, within=0).status[ordinal] for ordinal in ordinals} == {2}
    line.refresh_from_db()
    assert line.returned == 3
    assert (balance("inventory"), balance("supplier_credits")) == (175, 75)
    note = services.credit_return(
        asked=accepted, number="C-7", issued_on=local_today(), money=euros(75)
    )
    assert (note.kind, note.left, balance("supplier_credits")) == ("RETURN", euros(75), 75)
    asked.refresh_from_db()
    assert (asked.status, asked.credit_note) == ("CREDITED", note)


def test_a_smaller_credit_is_bought_dearer_and_a_wrong_note_shows_its_difference(event):
    accepted = services.accept_return(asked=ask(bought(event)), credit=euros(50))
    shares = ReturnLine.objects.order_by("-credit").values_list("credit", flat=True)
    assert list(shares) == [Decimal("16.67"), Decimal("16.67"), Decimal("16.66")]
    assert (balance("supplier_credits"), balance("purchase_variance")) == (50, 25)
    services.credit_return(asked=accepted, number="C-7", issued_on=local_today(), money=euros(45))
    assert (balance("supplier_credits"), balance("purchase_variance")) == (45, 30)
    assert CreditNote.objects.get().left == euros(45)


def test_seats_the_supplier_leaves_with_us_sell_again(event):
    asked = ask(bought(event))
    kept = asked.lines.first()
    services.accept_return(asked=asked, kept=[kept.pk])
    kept.refresh_from_db()
    seat = kept.acquisition.event_seat
    assert (kept.state, seat.status, seat.ownership) == ("KEPT", "AVAILABLE", "OWNED")
    world.sold_booking(event, [seat.ordinal])
    assert asked.lines.filter(state="TAKEN_BACK").count() == 2


@pytest.mark.parametrize("end", [services.refuse_return, services.withdraw_return])
def test_a_return_that_comes_to_nothing_puts_its_seats_back_on_sale(event, end):
    line = bought(event)
    asked = ask(line)
    end(asked=asked)
    assert set(seats_of(asked).values_list("status", "ownership")) == {("AVAILABLE", "OWNED")}
    with pytest.raises(WrongState):
        services.accept_return(asked=asked)
    assert ask(line).lines.count() == 3


def test_nothing_taken_back_is_no_acceptance_and_no_credit_is_above_the_cost(event):
    asked = ask(bought(event))
    with pytest.raises(Invalid, match="has refused"):
        services.accept_return(asked=asked, kept=asked.lines.values_list("pk", flat=True))
    with pytest.raises(Invalid, match=r"between nothing and €75.00"):
        services.accept_return(asked=asked, credit=euros("75.01"))
    asked.refresh_from_db()
    assert asked.status == "REQUESTED"


def test_consigned_seats_go_back_without_a_credit(event):
    asked = ask(bought(event, basis="SALE_OR_RETURN"))
    accepted = services.accept_return(asked=asked)
    assert (accepted.status, accepted.expected) == ("CLOSED", 0)
    assert (balance("inventory"), balance("consigned_stock")) == (175, -175)
    assert balance("supplier_credits") == 0
    with pytest.raises(WrongState):
        services.credit_return(asked=asked, number="C", issued_on=local_today(), money=euros(1))


def test_seats_taken_back_for_nothing_end_their_return(event):
    asked = ask(bought(event))
    assert services.accept_return(asked=asked, credit=euros(0)).status == "CLOSED"
    assert (balance("supplier_credits"), balance("purchase_variance")) == (0, 75)
    with pytest.raises(IntegrityError, match="closed_without_a_credit"), transaction.atomic():
        SupplierReturn.objects.filter(pk=ask(bought(event, rows="B")).pk).update(
            status="ACCEPTED", expected=0
        )


def test_a_seat_that_went_back_can_be_bought_again(event):
    services.accept_return(asked=ask(bought(event), 3))
    again = world.received_order(event, rows="A", seats="8-10")
    assert again.seats == 3
    assert EventSeat.objects.filter(ownership="OWNED").count() == 10


def test_the_database_sends_a_seat_back_once(event):
    asked = ask(bought(event))
    line = asked.lines.first()
    with pytest.raises(IntegrityError, match="sent_back_once"), transaction.atomic():
        ReturnLine.objects.create(
            supplier_return=asked, acquisition=line.acquisition, cost=25, currency="EUR"
        )


def test_what_to_send_back_is_proposed_with_its_evidence(event):
    line = bought(event)
    world.sold_booking(event, [0, 1])
    bought(event, rows="B", days=None)
    [found] = proposals()
    now = timezone.now()
    assert (found.line_id, found.free, found.at_stake) == (line.pk, 8, euros(200))
    assert (found.left, found.sold, found.days_left(local_today())) == (18, 2, 5)
    assert found.velocity == Decimal(2) / 14
    assert found.days_to_event(now) == 19
    assert found.unsold(now) == 8  # 18 are left, 2 more will sell
    assert proposals(within=4) == []
    assert proposals(within=5) == proposals(supplier_id=found.supplier_id) == [found]
    ask(line, 8)
    assert proposals() == []


def test_the_windows_that_close_first_are_told_first(event):
    bought(event, days=9)
    bought(event, days=2, rows="B")
    first, second = returns_running_out(5)
    assert (first.days_left, first.seats, first.value) == (2, 10, euros(250))
    assert (first.event, first.supplier) == ("The Low Lanterns", "Quai Productions")
    assert second.days_left == 9
    assert returns_running_out(1) == [first]
