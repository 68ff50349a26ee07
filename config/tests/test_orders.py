"""Purchase orders through their services: extra costs, approval, changes, cancelling."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from agencies.models import Agency, Membership
from agencies.queries import local_today
from config.tests import world
from core import invariants
from core.errors import Invalid
from core.money import Money, WrongScale, total
from core.tenancy import acted_by, as_system
from events.models import Event
from inventory.models import EventSeat
from payments.models import LedgerEntry
from suppliers import services
from suppliers.models import (
    AccountsPayable,
    Acquisition,
    LandedCost,
    PurchaseOrder,
    PurchaseOrderLine,
    Supplier,
)
from suppliers.queries import exposure_to, orders_to_approve
from suppliers.services import confirm_order, receive_delivery, submit_order
from suppliers.services.cancelling import what_is_called_off
from suppliers.services.landed import extra_costs, total_of
from suppliers.services.lines import night_of
from suppliers.services.states import order_state

pytestmark = pytest.mark.django_db


def euros(amount):
    return Money(Decimal(amount), "EUR")


def test_extra_costs_are_in_every_seats_cost_and_in_what_is_owed(event):
    order = world.drafted_order(event, rows="A", seats="1-3")
    LandedCost.objects.create(order=order, kind="SHIPPING", amount=Decimal(10), currency="EUR")
    submit_order(order=order, by=None)
    confirm_order(order=order, by=None)
    line = order.lines.get()
    assert line.landed == Decimal(10)
    first = receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:1]})
    rest = receive_delivery(order=order)
    assert (first.amount, rest.amount) == (Decimal("28.34"), Decimal("56.66"))
    seats = Acquisition.objects.order_by("event_seat__ordinal")
    assert list(seats.values_list("unit_cost", "landed")) == [
        (Decimal("28.34"), Decimal("3.34")),
        (Decimal("28.33"), Decimal("3.33")),
        (Decimal("28.33"), Decimal("3.33")),
    ]
    owned = EventSeat.objects.filter(ownership="OWNED").order_by("ordinal")
    assert list(owned.values_list("cost", flat=True)) == [s.unit_cost for s in seats]
    assert total((p.left for p in AccountsPayable.objects.all()), "EUR") == euros(85)
    booked = LedgerEntry.objects.filter(account="inventory").values_list("amount", flat=True)
    assert sum(booked) == Decimal(85)
    assert invariants.violations() == {}


# Lines


def draft(**fields):
    return services.draft_order(supplier=world.supplier(), currency="EUR", **fields)


def add(order, event, label="Stalls", cost="25.00", **words):
    words.setdefault("section", event.layout.sections.get(label=label) if label else None)
    return services.add_line(order=order, event=event, unit_cost=euros(cost), **words)


def submitted(event, by=None, **words):
    return services.submit_order(order=world.drafted_order(event, **words), by=by)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-1, "which has gone by: put in the day it will come"),
        (21, "after The Low Lanterns on .* put in an earlier day"),
    ],
)
def test_an_order_that_cannot_come_in_time_is_not_submitted(event, days, said):
    order = draft(expected_on=in_days(days))
    add(order, event, rows="A")
    with pytest.raises(services.NotOrderable, match=said):
        services.submit_order(order=order, by=None)
    order.refresh_from_db()
    assert order.status == "DRAFT"
    services.change_order(order=order, version=order.version, expected_on=in_days(0))
    assert services.submit_order(order=order, by=None).status == "PENDING"


def test_a_line_is_any_quantity_of_a_price_level(event):
    level = event.levels.get(name="Stalls")
    bought = add(draft(), event, label=None, level=level, quantity=12)
    assert (bought.ordered, bought.section, bought.level) == (12, None, level)
    assert bought.description == "Stalls, Stalls: A 1-10, B 1-2"


def test_a_section_and_a_level_mean_what_both_cover(event):
    circle = event.levels.get(name="Circle")
    with pytest.raises(services.NotOrderable, match="already owned or on order"):
        add(draft(), event, level=circle)
    assert add(draft(), event, label="Circle", level=circle, rows="A").ordered == 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"label": None}, "Choose a section or a price level"),
        ({"label": None, "level": "Stalls", "rows": "A"}, "choose it too"),
        ({"rows": "A", "in_hand_on": 21}, "in hand on .* after the event on"),
        ({"rows": "A", "return_by": 22}, "returnable until .* after the event on"),
        ({"rows": "A", "expected_on": 23}, "expected on .* after the event on"),
        ({"quantity": 51}, "51 places were asked for; 50 can be ordered here"),
    ],
)
def test_a_line_that_cannot_be_says_why(event, words, said):
    order = draft()
    if "level" in words:
        words = {**words, "level": event.levels.get(name=words["level"])}
    days = {n: in_days(d) for n, d in words.items() if n.endswith(("_on", "_by"))}
    with pytest.raises(services.NotOrderable, match=said):
        add(order, event, **{**words, **days})
    assert not order.lines.exists()


def in_days(count):
    return local_today() + timedelta(days=count)


def test_seats_may_go_back_until_the_suppliers_usual_days_before_the_event(event):
    Supplier.objects.create(name="Quai Productions", return_days=7)
    night = night_of(event)
    assert add(draft(), event, rows="A").return_by == night - timedelta(days=7)
    assert add(draft(), event, rows="B", return_by=in_days(3)).return_by == in_days(3)
    Supplier.objects.update(return_days=60)
    assert add(draft(), event, rows="C").return_by is None


def test_a_line_of_a_draft_is_changed_and_counts_as_a_change_of_the_order(event):
    order = world.drafted_order(event, rows="A")
    version = PurchaseOrder.objects.get().version
    line = order.lines.get()
    services.change_line(line=line, unit_cost=Decimal(20), face_value=Decimal(35), item_code="X7")
    line.refresh_from_db()
    assert (line.unit_cost, line.face_value, line.item_code) == (20, 35, "X7")
    assert PurchaseOrder.objects.get().version > version
    with pytest.raises(WrongScale):
        services.change_line(line=line, unit_cost=Decimal("20.005"))
    services.submit_order(order=order, by=None)
    with pytest.raises(services.NotOrderable, match="drafts only"):
        services.change_line(line=line, unit_cost=Decimal(1))


def test_a_copy_takes_what_can_still_be_ordered_and_says_what_it_left_out(event):
    order = draft(notes="Aisle")
    add(order, event, rows="A", retail_price=Decimal(50))
    add(order, event, label="Circle")
    services.add_landed_cost(order=order, kind="TAX", amount=euros(9))
    services.cancel_order(order=order)
    world.received_order(event, rows="A", seats="1-4")
    copied, left_out = services.copy_order(order=order)
    stalls, circle = copied.lines.order_by("position")
    assert (copied.status, copied.notes, stalls.retail_price) == ("DRAFT", "Aisle", 50)
    assert (stalls.ordered, stalls.description, circle.ordered) == (6, "Stalls: A 5-10", 20)
    assert extra_costs(copied) == euros(9)
    assert left_out == ["Stalls: A 1-10: 4 of 10 are owned or on order already."]


def test_a_copy_for_another_night_takes_the_same_places_there(event):
    order = world.drafted_order(event, rows="A")
    second = world.event_on_sale(event.layout, title="Second night", days=21)
    copied, left_out = services.copy_order(order=order, event=second)
    assert (copied.lines.get().event, copied.lines.get().ordered, left_out) == (second, 10, [])


# Submitting


def test_an_order_is_submitted_only_within_the_contract(event):
    order = world.drafted_order(event, rows="A")
    for begins, ends, said in (
        (1, 90, r"runs from .*does not cover today"),
        (-9, -1, r"does not cover today"),
        (None, 5, r"until .*does not cover The Low Lanterns"),
    ):
        Supplier.objects.update(
            contract_starts_on=begins and in_days(begins), contract_ends_on=in_days(ends)
        )
        with pytest.raises(services.OutOfContract, match=said):
            services.submit_order(order=order, by=None)
    Supplier.objects.update(contract_starts_on=in_days(0), contract_ends_on=in_days(30))
    assert services.submit_order(order=order, by=None).status == "PENDING"


def test_an_inactive_supplier_gets_no_order(event):
    order = world.drafted_order(event, rows="A")
    services.deactivate_supplier(supplier=order.supplier)
    with pytest.raises(services.NotOrderable, match="is not active"):
        services.submit_order(order=order, by=None)
    services.activate_supplier(supplier=order.supplier)
    assert services.submit_order(order=order, by=None).status == "PENDING"


def test_the_credit_line_counts_debts_expected_seats_and_this_order(event):
    world.received_order(event, rows="A")  # 250 owed
    world.confirmed_order(event, rows="B")  # 250 expected
    order = world.drafted_order(event, rows="C")
    services.add_landed_cost(order=order, kind="TAX", amount=euros("0.01"))
    Supplier.objects.update(credit_line=Decimal(750))
    with pytest.raises(services.OverCreditLine) as refused:
        services.submit_order(order=order, by=None)
    assert refused.value.message == (
        "Quai Productions lets us owe €750.00: €250.00 are owed, €250.00 are on confirmed orders, "
        "and this order is €250.01; €0.01 too much."
    )
    Supplier.objects.update(credit_line=Decimal("750.01"))
    assert services.submit_order(order=order, by=None).status == "PENDING"


def test_two_orders_within_the_credit_line_are_not_both_confirmed_above_it(event):
    Supplier.objects.create(name="Quai Productions", credit_line=Decimal(400))
    first, second = submitted(event, rows="A"), submitted(event, rows="B")
    services.confirm_order(order=first, by=None)
    with pytest.raises(services.OverCreditLine):
        services.confirm_order(order=second, by=None)
    services.cancel_order(order=first)
    assert services.confirm_order(order=second, by=None).status == "CONFIRMED"


def test_seats_on_consignment_take_nothing_of_the_credit_line(event):
    Supplier.objects.create(name="Quai Productions", credit_line=Decimal(100))
    order = draft(basis="CONSIGNMENT")
    add(order, event, rows="A")
    services.submit_order(order=order, by=None)
    assert services.confirm_order(order=order, by=None).status == "CONFIRMED"
    assert exposure_to(Supplier.objects.get()).open == euros(0)


def test_a_credit_line_in_another_currency_cannot_be_compared(event):
    order = world.drafted_order(event, rows="A")
    Supplier.objects.update(credit_line=Decimal(9999), currency="USD")
    with pytest.raises(services.OverCreditLine, match="is in USD"):
        services.submit_order(order=order, by=None)


def test_a_withdrawn_order_is_changed_and_must_be_approved_again(agency, event):
    approve_above(agency, 100)
    jonas, mireille = (world.staff(agency, role) for role in ("PURCHASING", "OWNER"))
    order = submitted(event, by=jonas, rows="A")
    services.approve_order(order=order, by=mireille)
    order = services.withdraw_order(order=order)
    assert (order.status, order.needs_approval) == ("DRAFT", False)
    assert (order.approved_by, order.submitted_by) == (None, None)
    services.submit_order(order=order, by=jonas)
    with pytest.raises(services.NotApproved):
        services.confirm_order(order=order, by=mireille)


# Approval


def approve_above(agency, amount):
    with as_system():
        Agency.objects.filter(pk=agency.pk).update(approval_above=amount)


@pytest.mark.parametrize(
    ("limit", "needs"), [(None, False), (0, True), ("249.99", True), (250, False), (300, False)]
)
def test_an_order_above_the_agencys_limit_needs_approval(agency, event, limit, needs):
    approve_above(agency, limit)
    order = submitted(event, rows="A")  # 250.00
    assert order.needs_approval is needs
    if needs:
        with pytest.raises(services.NotApproved):
            services.confirm_order(order=order, by=None)
    else:
        with pytest.raises(services.NotOrderable, match="waits for no approval"):
            services.approve_order(order=order, by=world.staff(agency, "OWNER"))
        assert services.confirm_order(order=order, by=None).status == "CONFIRMED"


@pytest.mark.parametrize(
    ("role", "limit", "may"),
    [
        ("OWNER", None, True),
        ("OWNER", "249.99", False),
        ("OWNER", 250, True),
        ("PURCHASING", None, False),
        ("PURCHASING", 0, False),
        ("PURCHASING", "249.99", False),
        ("PURCHASING", 250, True),
        ("FINANCE", None, False),
        ("FINANCE", 1000, True),
        (None, None, False),
    ],
)
@pytest.mark.parametrize("is_submitter", [False, True])
def test_who_may_approve(agency, event, role, limit, may, is_submitter):
    approve_above(agency, 100)
    someone = world.staff(agency, role) if role else world.person("nobody@else.example")
    Membership.objects.update(approval_limit=limit)
    submitter = someone if is_submitter else world.person("noa@else.example")
    order = submitted(event, by=submitter, rows="A")  # 250.00
    if may and not is_submitter:
        assert orders_to_approve(someone) == [order]
        assert services.approve_order(order=order, by=someone).approved_by == someone
        assert orders_to_approve(someone) == []
        assert services.confirm_order(order=order, by=someone).status == "CONFIRMED"
        return
    assert orders_to_approve(someone) == []
    with pytest.raises(services.MayNotApprove):
        services.approve_order(order=order, by=someone)
    order.refresh_from_db()
    assert (order.approved_by, order.status) == (None, "PENDING")


def test_the_database_refuses_the_submitters_own_approval_and_an_unapproved_agreement(
    agency, event
):
    approve_above(agency, 100)
    jonas = world.staff(agency, "PURCHASING")
    order = submitted(event, by=jonas, rows="A")
    rows = PurchaseOrder.objects.filter(pk=order.pk)
    with pytest.raises(IntegrityError, match="a_second_person_approves"), transaction.atomic():
        rows.update(approved_by=jonas)
    with pytest.raises(IntegrityError, match="agreed_orders_are_approved"), transaction.atomic():
        rows.update(status="CONFIRMED")


def abroad(event):
    """An event in dollars at the same house."""
    days = {n: getattr(event, n) for n in ("starts_at", "sale_starts_at", "sale_ends_at")}
    places = {"venue": event.venue, "layout": event.layout}
    return Event.objects.create(slug="abroad", title="Abroad", currency="USD", **places, **days)


def test_an_order_in_another_currency_needs_an_owner_without_a_limit(agency, event):
    approve_above(agency, 10000)
    order = services.draft_order(supplier=world.supplier(), currency="USD")
    services.add_line(
        order=order,
        event=abroad(event),
        section=event.layout.sections.get(label="Floor"),
        unit_cost=Money(1, "USD"),
    )
    order = services.submit_order(order=order, by=None)
    assert order.needs_approval
    finance, owner = (world.staff(agency, role) for role in ("FINANCE", "OWNER"))
    Membership.objects.filter(role="FINANCE").update(approval_limit=99999)
    with pytest.raises(services.MayNotApprove):
        services.approve_order(order=order, by=finance)
    assert services.approve_order(order=order, by=owner).approved_by == owner


def test_only_what_was_looked_at_is_approved(agency, event):
    approve_above(agency, 100)
    owner = world.staff(agency, "OWNER")
    order = submitted(event, rows="A")
    seen = order.version
    services.change_order(order=order, version=seen, notes="By the stage door")
    with pytest.raises(services.NotOrderable, match="look once more"):
        services.approve_order(order=order, by=owner, version=seen)


# Changes by several people


def test_a_stale_change_is_refused_with_the_difference(agency, event):
    order = world.drafted_order(event, rows="A")
    order.refresh_from_db()
    jonas = world.staff(agency, "PURCHASING")
    with acted_by(f"user:{jonas.pk}"):
        services.change_order(order=order, version=order.version, notes="Theirs", ship_to="Dock 4")
    with pytest.raises(services.StaleOrder) as refused:
        services.change_order(
            order=order,
            version=order.version,
            before={"notes": "", "expected_on": None},
            notes="Mine",
            expected_on=in_days(3),
        )
    details = refused.value.details
    assert details["diff"] == {
        "notes": {"theirs": "Theirs", "yours": "Mine", "before": ""},
        "expected_on": {"theirs": None, "yours": in_days(3).isoformat(), "before": None},
    }
    assert (details["changed_by"], details["seen"]) == ("Purchasing", order.version)
    saved = PurchaseOrder.objects.get()
    assert (saved.notes, saved.expected_on, saved.version) == ("Theirs", None, details["version"])
    again = services.change_order(order=order, version=details["version"], notes="Mine")
    assert (again.notes, again.ship_to) == ("Mine", "Dock 4")


def test_what_is_agreed_is_fixed_and_how_it_arrives_is_not(event):
    order = world.confirmed_order(event, rows="A")
    with pytest.raises(services.NotOrderable, match="this stays as it is now: payment terms"):
        services.change_order(order=order, version=order.version, payment_terms="NET_60")
    changed = services.change_order(order=order, version=order.version, ship_to="Dock 4")
    assert changed.ship_to == "Dock 4"
    services.cancel_order(order=order)
    with pytest.raises(services.NotOrderable):
        services.change_order(order=changed, version=changed.version + 1, notes="Late")


# Calling off


def test_the_rest_of_a_line_is_called_off_and_what_arrived_stays(event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()
    receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    sold = world.sold_booking(event, line.ordinals[:2])
    (seen,) = what_is_called_off([PurchaseOrder.objects.get().lines.get()])
    assert (seen.coming, seen.spared, seen.arrived, seen.sold) == (6, euros(150), 4, 2)
    done = services.cancel_rest(order=order, reason="Tour shortened")
    line.refresh_from_db()
    assert (line.cancelled, line.received, line.status) == (6, 4, "RECEIVED")
    assert (line.cancellation_reason, done.status) == ("Tour shortened", "COMPLETED")
    assert done.closed_at
    assert done.cancelled_at is None
    seats = EventSeat.objects.filter(ordinal__in=line.ordinals)
    assert seats.filter(ownership="OWNED").count() == 4
    assert seats.filter(status="SOLD", claimed_by=sold.pk).count() == 2
    assert world.drafted_order(event, rows="A", seats="5-10").lines.get().ordered == 6
    assert invariants.violations() == {}


def test_calling_off_every_line_cancels_the_order(agency, event):
    owner = world.staff(agency, "OWNER")
    order = draft()
    add(order, event, rows="A")
    add(order, event, rows="B")
    services.submit_order(order=order, by=None)
    order = services.confirm_order(order=order, by=None)
    first, second = order.lines.order_by("position")
    assert services.cancel_rest(order=order, lines=[first], reason="No").status == "CONFIRMED"
    with pytest.raises(services.NotOrderable, match="Nothing is expected of these"):
        services.cancel_rest(order=order, lines=[first], reason="No")
    order = services.cancel_rest(order=order, lines=[second], reason="Not either", by=owner)
    assert (order.status, order.cancelled_by) == ("CANCELLED", owner)
    assert order.cancellation_reason == "Not either"


def test_calling_off_says_why_and_only_what_is_confirmed(event):
    order = world.confirmed_order(event, rows="A")
    with pytest.raises(Invalid, match="Say why"):
        services.cancel_rest(order=order, reason=" ")
    with pytest.raises(services.NotOrderable, match="nothing more is expected"):
        services.cancel_rest(order=world.drafted_order(event, rows="B"), reason="No")


def test_a_cancelled_order_can_be_ordered_again(event):
    services.cancel_order(order=world.confirmed_order(event, rows="A"), reason="Twice")
    assert world.drafted_order(event, rows="A").lines.get().ordered == 10


def test_counts_that_differ_from_what_is_owned_keep_an_order_open(event):
    order = world.confirmed_order(event, rows="A")
    line = order.lines.get()
    PurchaseOrderLine.objects.filter(pk=line.pk).update(received=1)
    receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[1:]})
    order.refresh_from_db()
    assert order.status == "PARTIALLY_RECEIVED"
    with pytest.raises(services.NotReconciled) as refused:
        services.complete_order(order=order)
    assert refused.value.details["problems"] == [
        "Stalls: A 1-10: 10 seats were counted as received, 9 were taken in."
    ]
    PurchaseOrderLine.objects.filter(pk=line.pk).update(received=9)
    receive_delivery(order=order)
    assert PurchaseOrder.objects.get().status == "COMPLETED"


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([("RECEIVED", 2)], "COMPLETED"),
        ([("CANCELLED", 0)], "CANCELLED"),
        ([("CONFIRMED", 0)], "CONFIRMED"),
        ([("CONFIRMED", 0), ("CANCELLED", 0)], "CONFIRMED"),
        ([("RECEIVED", 2), ("CANCELLED", 0)], "COMPLETED"),
        ([("RECEIVED", 2), ("CONFIRMED", 0)], "PARTIALLY_RECEIVED"),
        ([("PARTIALLY_RECEIVED", 1)], "PARTIALLY_RECEIVED"),
    ],
)
def test_an_orders_state_follows_from_its_lines(agency, lines, state):
    found = [PurchaseOrderLine(status=status, received=count) for status, count in lines]
    assert order_state(found) == state


# Extra costs


def test_extra_costs_come_and_go_with_a_draft_only(event):
    order = world.drafted_order(event, rows="A")
    tax = services.add_landed_cost(order=order, kind="TAX", amount=euros(20), description="VAT")
    services.add_landed_cost(order=order, kind="SHIPPING", amount=euros(5))
    services.remove_landed_cost(cost=tax)
    assert total_of(order) == euros(255)
    for amount, said in ((euros(0), "more than nothing"), (Money(5, "USD"), "not in USD")):
        with pytest.raises(services.NotOrderable, match=said):
            services.add_landed_cost(order=order, kind="TAX", amount=amount)
    services.submit_order(order=order, by=None)
    with pytest.raises(services.NotOrderable, match="drafts only"):
        services.add_landed_cost(order=order, kind="TAX", amount=euros(1))
    with pytest.raises(services.NotOrderable, match="drafts only"):
        services.remove_landed_cost(cost=order.landed_costs.get())
