"""What is owed to suppliers: invoices, payments, credits, runs and consignment, and the books of it."""

from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agencies.models import Membership
from agencies.queries import local_today
from config.tests import world
from core.errors import Invalid
from core.memory import Remembered
from core.money import Money
from core.status import WrongState
from inventory.models import EventSeat
from payments.ledger import post
from payments.models import Account, LedgerEntry
from suppliers import services
from suppliers.due import ageing, payables_due
from suppliers.models import (
    AccountsPayable,
    ConsignmentSale,
    CreditNote,
    LandedCost,
    PurchaseOrder,
    Supplier,
    SupplierInvoice,
    SupplierPayment,
)
from suppliers.services import Billed
from suppliers.services.consignment import balance, end_of, unsettled
from suppliers.services.paying import unpaid_of
from suppliers.services.runs import payable_now, plan_run
from suppliers.tasks import accrue_consignment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


def euros(amount):
    return Money(Decimal(amount), "EUR")


def balances():
    """{account: balance} of accounts that are not zero."""
    found = {}
    for account, amount in LedgerEntry.objects.values_list("account", "amount"):
        found[account] = found.get(account, 0) + amount
    return {account: amount for account, amount in found.items() if amount}


def billed(order, price="25.00", quantity=None):
    line = order.lines.get()
    return Billed(unit_price=euros(price), quantity=quantity or line.received, line=line)


def invoice(order, *lines, number="F-1", by=None):
    return services.enter_invoice(
        order=order, number=number, invoiced_on=local_today(), billed=lines, by=by
    )


def order_on(event, *, terms=None, basis="FIRM", **words):
    """A confirmed order, ten seats at 25 euros if not said otherwise."""
    of_order = {"basis": basis, "payment_terms": terms or "NET_30"}
    return world.confirmed_order(event, **{"rows": "A", **words}, of_order=of_order)


def tolerate(agency, percent, amount):
    agency.invoice_tolerance_percent, agency.invoice_tolerance = percent, amount
    agency.save()
    Remembered.forget_everything()


# Invoices


def test_an_invoice_that_asks_for_what_was_received_matches_and_sets_the_day(event):
    receipt = world.received_order(event, rows="A")
    entered = invoice(receipt.order, billed(receipt.order))
    assert (entered.status, entered.findings, entered.variance) == ("MATCHED", [], 0)
    debt = receipt.payables.get()
    assert (debt.invoice, debt.is_held) == (entered, False)
    assert debt.due_on == entered.due_on == local_today() + timedelta(days=30)


def test_a_number_is_entered_once_and_after_a_refusal_once_more(event, ines):
    receipt = world.received_order(event, rows="A")
    first = invoice(receipt.order, billed(receipt.order, "26.00"))
    with pytest.raises(services.KnownNumber, match=r"F-1 of Quai Productions has been entered"):
        invoice(receipt.order, billed(receipt.order))
    services.refuse_invoice(invoice=first, reason="wrong price", by=ines)
    assert receipt.payables.get().invoice is None
    assert invoice(receipt.order, billed(receipt.order)).status == "MATCHED"
    fields = {f: getattr(first, f) for f in ("supplier", "order", "number", "invoiced_on")}
    with pytest.raises(IntegrityError, match="one_invoice_per_number"), transaction.atomic():
        SupplierInvoice.objects.create(
            **fields, due_on=local_today(), amount=1, currency="EUR", status="MATCHED"
        )


def test_a_dearer_invoice_holds_the_debt_until_somebody_accepts_it_with_a_reason(event, ines):
    receipt = world.received_order(event, rows="A")
    entered = invoice(receipt.order, billed(receipt.order, "26.00"))
    assert entered.status == "EXCEPTION"
    [finding] = entered.findings
    assert finding.endswith("€26.00 a seat is invoiced, €25.00 was agreed.")
    debt = receipt.payables.get()
    with pytest.raises(services.NotPayable, match="held"):
        services.pay_payable(payable=debt, key="one")
    with pytest.raises(Invalid, match="say why"):
        services.accept_invoice(invoice=entered, reason=" ", by=ines)
    services.accept_invoice(invoice=entered, reason="agreed by telephone", by=ines)
    debts = AccountsPayable.objects.values_list("kind", "amount", "is_held").order_by("kind")
    assert list(debts) == [("RECEIPT", 250, False), ("VARIANCE", 10, False)]
    assert balances() == {
        "inventory": 250,
        "purchase_variance": 10,
        "accounts_payable": -260,
    }


def test_a_cheaper_invoice_becomes_a_credit_that_is_set_against_its_debt(event, ines):
    receipt = world.received_order(event, rows="A")
    entered = invoice(receipt.order, billed(receipt.order, "24.00"))
    assert (entered.status, entered.variance) == ("EXCEPTION", -10)
    services.accept_invoice(invoice=entered, reason="a gift", by=ines)
    note = CreditNote.objects.get()
    assert (note.kind, note.amount, note.used) == ("VARIANCE", 10, 10)
    assert receipt.payables.get().left == euros("240")
    assert balances() == {
        "inventory": 250,
        "purchase_variance": -10,
        "accounts_payable": -240,
    }


@pytest.mark.parametrize(
    ("percent", "amount", "status"),
    [(5, 10, "MATCHED"), (5, 9, "EXCEPTION"), (3, 10, "EXCEPTION")],
)
def test_the_smaller_of_the_two_tolerances_counts(agency, event, percent, amount, status):
    tolerate(agency, Decimal(percent), Decimal(amount))
    receipt = world.received_order(event, rows="A")
    entered = invoice(receipt.order, billed(receipt.order, "26.00"))
    assert entered.status == status
    assert AccountsPayable.objects.filter(kind="VARIANCE").count() == (status == "MATCHED")


def test_differences_do_not_cancel_each_other_out(agency, event):
    order = world.drafted_order(event, rows="A")
    section = event.layout.sections.get(label="Circle")
    services.add_line(order=order, event=event, section=section, unit_cost=euros(25), rows="A")
    services.submit_order(order=order, by=None)
    services.receive_delivery(order=services.confirm_order(order=order, by=None))
    first, second = order.lines.order_by("position")
    entered = invoice(
        order,
        Billed(unit_price=euros(26), quantity=first.received, line=first),
        Billed(unit_price=euros(24), quantity=second.received, line=second),
    )
    assert (entered.status, entered.variance, len(entered.findings)) == ("EXCEPTION", 0, 2)


def test_seats_that_have_not_arrived_are_never_accepted_but_match_when_they_have(event, ines):
    order = order_on(event)
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    line.refresh_from_db()
    entered = invoice(order, billed(order, quantity=10))
    assert "10 seats are invoiced, 4 have arrived" in entered.findings[0]
    with pytest.raises(services.NotDecidable, match="have not arrived"):
        services.accept_invoice(invoice=entered, reason="fine", by=ines)
    assert services.match_again(invoice=entered).status == "EXCEPTION"
    services.receive_delivery(order=order)
    entered.refresh_from_db()
    assert entered.status == "MATCHED"
    assert set(order.payables.values_list("invoice", "is_held")) == {(entered.pk, False)}


def test_what_was_invoiced_before_is_not_invoiced_twice(event):
    receipt = world.received_order(event, rows="A")
    invoice(receipt.order, billed(receipt.order, quantity=6))
    again = invoice(receipt.order, billed(receipt.order, quantity=6), number="F-2")
    assert "6 seats are invoiced, 4 have arrived" in again.findings[0]


@contextmanager
def checked_at_once():
    """What the database checks at the end of a transaction, it checks with each statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def parts(receipt):
    """[(invoice number or None, amount, whether it is held, what is left)] of a receipt's debts."""
    debts = receipt.payables.order_by("pk").select_related("invoice")
    return [
        (debt.invoice and debt.invoice.number, debt.amount, debt.is_held, debt.left.amount)
        for debt in debts
    ]


def pay_all(receipt):
    """Pays what can be paid of a receipt; returns how much that was."""
    for debt in receipt.payables.all():
        with suppress(services.NotPayable):
            services.pay_payable(payable=debt, key=f"all of {debt.pk}")
    return sum(debt.paid for debt in receipt.payables.all())


def test_a_second_invoice_over_the_rest_of_a_receipt_holds_just_that(event, ines):
    receipt = world.received_order(event, rows="A")
    first = invoice(receipt.order, billed(receipt.order, quantity=6))
    second = invoice(receipt.order, billed(receipt.order, "26.00", quantity=4), number="F-2")
    assert (first.status, second.status) == ("MATCHED", "EXCEPTION")
    assert parts(receipt) == [("F-1", 150, False, 150), ("F-2", 100, True, 100)]
    assert pay_all(receipt) == 150
    services.refuse_invoice(invoice=second, reason="Too dear", by=ines)
    assert parts(receipt) == [("F-1", 150, False, 0), (None, 100, False, 100)]
    assert pay_all(receipt) == 250
    assert balances() == {"inventory": 250, "bank": -250}


def test_what_an_invoice_does_not_ask_for_is_not_held_by_it(event, ines):
    receipt = world.received_order(event, rows="A")
    entered = invoice(receipt.order, billed(receipt.order, "26.00", quantity=6))
    assert parts(receipt) == [("F-1", 150, True, 150), (None, 100, False, 100)]
    services.match_again(invoice=entered)
    services.accept_invoice(invoice=entered, reason="Agreed", by=ines)
    assert parts(receipt) == [("F-1", 150, False, 150), (None, 100, False, 100)]
    assert AccountsPayable.objects.get(kind="VARIANCE").amount == 6


def test_the_same_seats_billed_twice_are_in_dispute_and_never_paid_twice(event, ines):
    receipt = world.received_order(event, rows="A")
    invoice(receipt.order, billed(receipt.order))
    again = invoice(receipt.order, billed(receipt.order), number="F-2")
    assert again.status == "EXCEPTION"
    [finding] = again.findings
    assert finding.endswith("0 have arrived and were not invoiced before. F-1 asks for 10 already.")
    with pytest.raises(services.NotDecidable, match="another invoice asks for"):
        services.accept_invoice(invoice=again, reason="Pay it", by=ines)
    assert services.match_again(invoice=again).status == "EXCEPTION"
    assert parts(receipt) == [("F-1", 250, False, 250)]
    assert pay_all(receipt) == 250
    assert balances() == {"inventory": 250, "bank": -250}


def test_a_second_invoice_that_overlaps_the_first_holds_the_rest(event):
    receipt = world.received_order(event, rows="A")
    invoice(receipt.order, billed(receipt.order, quantity=6))
    invoice(receipt.order, billed(receipt.order, quantity=6), number="F-2")
    assert parts(receipt) == [("F-1", 150, False, 150), ("F-2", 100, True, 100)]
    assert pay_all(receipt) == 150


def test_what_was_paid_before_its_invoice_counts_on_the_first_one(event):
    receipt = world.received_order(event, rows="A")
    services.pay_payable(payable=receipt.payables.get(), key="early", money=euros(200))
    invoice(receipt.order, billed(receipt.order, quantity=6))
    assert parts(receipt) == [("F-1", 200, False, 0), (None, 50, False, 50)]
    invoice(receipt.order, billed(receipt.order, "26.00", quantity=4), number="F-2")
    assert parts(receipt)[1] == ("F-2", 50, True, 50)
    assert set(receipt.payables.values_list("status", flat=True)) == {"PAID", "UNPAID"}
    assert pay_all(receipt) == 200


def test_an_invoice_over_several_receipts_takes_the_oldest_first(event):
    order = order_on(event)
    line = order.lines.get()
    first = services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    second = services.receive_delivery(order=order)
    invoice(order, billed(order, quantity=3))
    invoice(order, billed(order, quantity=4), number="F-2")
    assert parts(first) == [("F-1", 75, False, 75), ("F-2", 25, False, 25)]
    assert parts(second) == [("F-2", 75, False, 75), (None, 75, False, 75)]


@pytest.mark.parametrize(("before", "left"), [(0, 150), (200, 0)])
def test_a_run_over_a_debt_that_an_invoice_split_is_proposed_anew(event, ines, omar, before, left):
    debt = world.received_order(event, rows="A").payables.get()
    if before:
        services.pay_payable(payable=debt, key="early", money=euros(before))
    run = run_over(debt, by=ines)
    invoice(debt.order, billed(debt.order, quantity=6))
    with pytest.raises(services.RunChanged, match=f"€{left}.00 is left of the debt"):
        services.approve_run(run=run, by=omar)
    services.cancel_run(run=run)
    anew = run_over(*payable_now(currency="EUR"), by=ines)
    services.approve_run(run=anew, by=omar)
    services.pay_run(run=anew)
    assert set(debt.receipt.payables.values_list("status", flat=True)) == {"PAID"}
    assert SupplierPayment.objects.get(run=anew).amount == 250 - before


def test_an_invoice_in_dispute_holds_what_arrives_of_it(event):
    order = order_on(event)
    line = order.lines.get()
    first = services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    dearer = billed(order, "26.00", quantity=8)
    invoice(order, dearer)
    assert parts(first) == [("F-1", 100, True, 100)]
    second = services.receive_delivery(order=order)
    assert parts(first) == [("F-1", 100, True, 100)]
    assert parts(second) == [("F-1", 100, True, 100), (None, 50, False, 50)]
    assert (pay_all(first), pay_all(second)) == (0, 50)


def test_the_database_owes_no_more_for_a_receipt_than_was_received(event):
    receipt = world.received_order(event, rows="A")
    debt = receipt.payables.get()
    AccountsPayable.objects.filter(pk=debt.pk).update(amount=249)
    same = {f: getattr(debt, f) for f in ("supplier", "order", "receipt", "currency", "due_on")}
    with checked_at_once():
        AccountsPayable.objects.create(**same, amount=1)
        with pytest.raises(IntegrityError, match="more is owed for receipt"), transaction.atomic():
            AccountsPayable.objects.create(**same, amount=1)
        with pytest.raises(IntegrityError, match="more is owed for receipt"), transaction.atomic():
            AccountsPayable.objects.filter(pk=debt.pk).update(amount=250)


def test_extra_costs_are_compared_with_those_of_the_order(event):
    order = world.drafted_order(event, rows="A")
    shipping = LandedCost.objects.create(order=order, kind="SHIPPING", amount=16, currency="EUR")
    services.submit_order(order=order, by=None)
    receipt = services.receive_delivery(order=services.confirm_order(order=order, by=None))
    assert receipt.amount == 266
    seats = billed(order)
    without = invoice(order, seats)
    assert without.findings == ["Of the extra costs €0.00 is invoiced in all, €16.00 was agreed."]
    assert without.variance == -16
    services.refuse_invoice(invoice=without, reason="incomplete", by=world.person("a@b.example"))
    dearer = [seats, Billed(unit_price=euros(20), landed_cost=shipping)]
    found = invoice(order, *dearer, number="F-2")
    assert found.findings == ["Shipping: €20.00 is invoiced, €16.00 is still open on the order."]
    services.refuse_invoice(invoice=found, reason="too dear", by=world.person("b@b.example"))
    other = [seats, Billed(unit_price=euros(16), landed_cost=shipping)]
    handling = Billed(unit_price=euros(5), description="Handling")
    assert invoice(order, *other, handling, number="F-3").findings == [
        "Handling: €5.00 is not on the order."
    ]


def test_above_the_limit_somebody_else_than_who_entered_it_accepts(agency, event, ines, omar):
    agency.approval_above = Decimal(100)
    agency.save()
    Remembered.forget_everything()
    receipt = services.receive_delivery(order=_approved(world.drafted_order(event, rows="A"), omar))
    entered = invoice(receipt.order, billed(receipt.order, "26.00"), by=ines)
    with pytest.raises(services.NotDecidable, match="somebody else"):
        services.accept_invoice(invoice=entered, reason="fine", by=ines)
    assert services.accept_invoice(invoice=entered, reason="fine", by=omar).status == "ACCEPTED"


def _approved(order, by):
    PurchaseOrder.objects.filter(pk=order.pk).update(
        approved_by=by, needs_approval=False, status="PENDING"
    )
    return services.confirm_order(order=order, by=None)


# Paying


def test_a_debt_is_paid_in_parts_and_never_above_what_is_left(event):
    debt = world.received_order(event, rows="A").payables.get()
    services.pay_payable(payable=debt, key="one", money=euros(100))
    debt.refresh_from_db()
    assert (debt.status, debt.paid) == ("PARTIAL", 100)
    with pytest.raises(services.NotPayable, match=r"€150.00 is left.*€150.01 was asked"):
        services.pay_payable(payable=debt, key="two", money=euros("150.01"))
    services.pay_payable(payable=debt, key="two")
    debt.refresh_from_db()
    assert (debt.status, debt.left) == ("PAID", euros(0))
    with pytest.raises(services.NotPayable, match="is paid"):
        services.pay_payable(payable=debt, key="three")
    assert balances() == {"inventory": 250, "bank": -250}


def test_the_same_key_pays_once_and_no_other_debt(event):
    debt = world.received_order(event, rows="A").payables.get()
    other = world.received_order(event, rows="B").payables.get()
    first = services.pay_payable(payable=debt, key="one", money=euros(100))
    assert services.pay_payable(payable=debt, key="one", money=euros(100)) == first
    assert SupplierPayment.objects.count() == 1
    for wrong in ({"payable": other}, {"payable": debt, "money": euros(99)}):
        with pytest.raises(services.KeyOfAnother):
            services.pay_payable(key="one", **wrong)


def test_an_order_on_immediate_terms_is_paid_in_advance_and_settled_as_it_arrives(event):
    order = order_on(event, terms="IMMEDIATE")
    line = order.lines.get()
    paid = services.pay_order(order=order, key="one")
    assert (paid.amount, paid.allocated) == (250, 0)
    assert balances() == {"supplier_advances": 250, "bank": -250}
    assert services.pay_order(order=order, key="one") == paid
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    assert balances() == {"supplier_advances": 150, "inventory": 100, "bank": -250}
    services.receive_delivery(order=order)
    assert balances() == {"inventory": 250, "bank": -250}
    assert set(order.payables.values_list("status", flat=True)) == {"PAID"}
    with pytest.raises(services.NotPayable, match=r"€0.00 of PO-.* is unpaid"):
        services.pay_order(order=order, key="two")


def test_paying_an_order_settles_first_what_has_arrived(event):
    order = order_on(event, terms="IMMEDIATE")
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    paid = services.pay_order(order=order, key="one", money=euros(130))
    assert (paid.allocated, paid.left) == (100, euros(30))


def test_what_an_invoice_in_dispute_holds_is_not_paid_as_an_advance(event, ines):
    order = order_on(event, terms="IMMEDIATE")
    services.receive_delivery(order=order)
    disputed = invoice(order, billed(order, price="30.00"), by=ines)
    with pytest.raises(services.NotPayable, match="does not match"):
        services.pay_order(order=order, key="one")
    services.refuse_invoice(invoice=disputed, reason="Too dear", by=ines)
    services.pay_order(order=order, key="one")
    assert balances() == {"inventory": 250, "bank": -250}


def test_an_order_on_other_terms_or_above_the_limit_is_not_paid_in_advance(event):
    with pytest.raises(services.NotPayable, match="terms are other ones"):
        services.pay_order(order=order_on(event), key="one")
    Supplier.objects.update(credit_limit=200)
    order = order_on(event, rows="B", terms="IMMEDIATE")
    with pytest.raises(services.NotPayable, match=r"above the €200.00"):
        services.pay_order(order=order, key="one")
    assert not SupplierPayment.objects.exists()
    services.pay_order(order=order, key="one", money=euros(200))
    with pytest.raises(services.NotPayable, match=r"above the €200.00"):
        services.pay_order(order=order, key="two", money=euros(1))


def paid_ahead(event, money=None, **words):
    """An order at 250 euros on immediate terms that is paid, or `money` of it."""
    order = order_on(event, terms="IMMEDIATE", **words)
    services.pay_order(order=order, key=f"ahead {order}", money=money)
    return order


def test_what_was_paid_for_an_order_that_is_cancelled_becomes_a_credit_note(event, ines):
    order = paid_ahead(event)
    services.cancel_order(order=order, by=ines, reason="The tour is off")
    note = CreditNote.objects.get()
    assert (note.kind, note.amount, note.order) == ("ADVANCE", 250, order)
    assert (note.payment, note.payment.left) == (SupplierPayment.objects.get(), euros(0))
    assert balances() == {"supplier_credits": 250, "bank": -250}
    debt = world.received_order(event, rows="B").payables.get()
    assert services.apply_credit(note=note, payable=debt) == euros(250)
    assert balances() == {"inventory": 250, "bank": -250}


def test_what_is_not_needed_when_the_rest_is_called_off_is_credited_and_paid_back(event):
    order = paid_ahead(event)
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:4]})
    services.cancel_rest(order=order, reason="Too many")
    note = CreditNote.objects.get()
    assert note.left == euros(150)
    services.refund_credit(note=note, left=euros(150))
    assert balances() == {"inventory": 100, "bank": -100}


def test_an_advance_that_is_still_needed_stays_one(event):
    order = paid_ahead(event, money=euros(100))
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:2]})
    assert SupplierPayment.objects.get().left == euros(50)
    other = services.draft_order(supplier=order.supplier, currency="EUR", **AT_ONCE)
    _, second = (_line_of(other, event, row) for row in "AB")
    services.submit_order(order=other, by=None)
    services.confirm_order(order=other, by=None)
    services.pay_order(order=other, key="first", money=euros(300))
    services.pay_order(order=other, key="second", money=euros(100))
    services.cancel_rest(order=other, reason="Fewer", lines=[second])
    notes = CreditNote.objects.order_by("-amount").values_list("payment__key", "amount")
    assert list(notes) == [("second", 100), ("first", 50)]
    assert balances()["supplier_advances"] == 50 + 250
    services.receive_delivery(order=other)
    assert balances()["supplier_advances"] == 50


AT_ONCE = {"basis": "FIRM", "payment_terms": "IMMEDIATE"}


def _line_of(order, event, row):
    section = event.layout.sections.get(label="Circle")
    return services.add_line(
        order=order, event=event, section=section, unit_cost=euros(25), rows=row
    )


def test_a_cent_that_the_last_delivery_does_not_need_is_credited(event):
    order = world.drafted_order(event, rows="A", of_order=AT_ONCE)
    LandedCost.objects.create(order=order, kind="TAX", amount=Decimal("0.05"), currency="EUR")
    services.submit_order(order=order, by=None)
    services.confirm_order(order=order, by=None)
    line = order.lines.get()
    services.receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:5]})
    left = unpaid_of(order)
    services.pay_order(order=order, key="one", money=left)
    services.receive_delivery(order=order)
    credited = sum(CreditNote.objects.values_list("amount", flat=True))
    assert left - euros(credited) == euros("250.05")
    assert "supplier_advances" not in balances()


# Credits


def goodwill(amount, number="G-1", supplier=None):
    return services.enter_credit_note(
        supplier=supplier or world.supplier(),
        number=number,
        money=euros(amount),
        issued_on=local_today(),
    )


def test_a_credit_note_is_used_and_the_rest_paid_back(event):
    debt = world.received_order(event, rows="A").payables.get()
    note = goodwill(300)
    with pytest.raises(services.KnownNumber):
        goodwill(5)
    assert services.apply_credit(note=note, payable=debt) == euros(250)
    note.refresh_from_db()
    services.refund_credit(note=note, left=euros(50), money=euros(20))
    with pytest.raises(services.NotUsable, match=r"€30.00 of G-1 is left now"):
        services.refund_credit(note=note, left=euros(50), money=euros(20))
    assert balances() == {
        "inventory": 250,
        "purchase_variance": -300,
        "supplier_credits": 30,
        "bank": 20,
    }


def test_a_credit_note_of_one_supplier_pays_nothing_to_another(event):
    debt = world.received_order(event, rows="A").payables.get()
    note = goodwill(5, supplier=world.supplier("Somebody else"))
    with pytest.raises(services.NotUsable, match="Somebody else"):
        services.apply_credit(note=note, payable=debt)


# Runs


def run_over(*debts, by):
    return services.propose_run(debt_ids=[debt.pk for debt in debts], pay_on=local_today(), by=by)


def test_a_run_pays_each_supplier_once_after_a_second_person_approved_it(event, ines, omar):
    debts = [world.received_order(event, rows=row).payables.get() for row in "AB"]
    note = goodwill(60)
    plan = plan_run(payable_now(currency="EUR"), currency="EUR")
    assert (plan.money, plan.credit) == (euros(440), euros(60))
    run = run_over(*debts, by=ines)
    assert run.money == euros(440)
    with pytest.raises(services.MayNotApprove, match="somebody else"):
        services.approve_run(run=run, by=ines)
    with pytest.raises(WrongState):
        services.pay_run(run=run)
    services.approve_run(run=run, by=omar)
    for _ in range(2):
        assert services.pay_run(run=run, by=ines).status == "PAID"
    payment = SupplierPayment.objects.get()
    assert (payment.amount, payment.run, payment.bank_reference) == (440, run, run.number)
    note.refresh_from_db()
    assert note.left == euros(0)
    assert balances() == {"inventory": 500, "purchase_variance": -60, "bank": -440}
    with pytest.raises(WrongState):
        services.cancel_run(run=run)


def test_the_database_refuses_a_run_approved_by_who_proposed_it(event, ines):
    run = run_over(world.received_order(event, rows="A").payables.get(), by=ines)
    with pytest.raises(IntegrityError, match="a_second_person_approves_runs"), transaction.atomic():
        type(run).objects.filter(pk=run.pk).update(status="APPROVED", approved_by=ines)
    with pytest.raises(IntegrityError, match="paid_runs_are_approved"), transaction.atomic():
        type(run).objects.filter(pk=run.pk).update(status="APPROVED")


def test_who_approves_needs_a_limit_that_is_high_enough(agency, event, ines):
    run = run_over(world.received_order(event, rows="A").payables.get(), by=ines)
    finance = world.staff(agency, "FINANCE")
    for limit in (None, Decimal("249.99")):
        Membership.objects.filter(user=finance).update(approval_limit=limit)
        with pytest.raises(services.MayNotApprove, match=r"of €250.00, which is more"):
            services.approve_run(run=run, by=finance)
    Membership.objects.filter(user=finance).update(approval_limit=250)
    assert services.approve_run(run=run, by=finance).status == "APPROVED"


def test_a_debt_is_in_one_open_run_and_free_again_when_that_is_cancelled(event, ines):
    debt = world.received_order(event, rows="A").payables.get()
    run = run_over(debt, by=ines)
    assert not payable_now(currency="EUR").exists()
    with pytest.raises(services.NotPayable, match=f"{run} pays some of these"):
        run_over(debt, by=ines)
    services.cancel_run(run=run)
    assert run_over(debt, by=ines).number != run.number


def test_a_run_whose_debts_changed_pays_nothing_at_all(event, ines, omar):
    debts = [world.received_order(event, rows=row).payables.get() for row in "AB"]
    run = run_over(*debts, by=ines)
    services.approve_run(run=run, by=omar)
    services.pay_payable(payable=debts[1], key="meanwhile", money=euros(1))
    with pytest.raises(services.NotPayable, match=r"€249.00 is left"):
        services.pay_run(run=run)
    assert SupplierPayment.objects.count() == 1
    run.refresh_from_db()
    assert run.status == "APPROVED"


def test_credit_that_was_counted_on_and_is_gone_stops_the_run(event, ines, omar):
    debt = world.received_order(event, rows="A").payables.get()
    note = goodwill(60)
    run = run_over(debt, by=ines)
    services.approve_run(run=run, by=omar)
    services.refund_credit(note=note, left=euros(60), money=euros(10))
    with pytest.raises(services.RunChanged, match=r"€50.00 of the credit notes.*not €60.00"):
        services.pay_run(run=run)
    assert not SupplierPayment.objects.exists()


def test_held_debts_are_left_out_and_never_proposed(event, ines):
    receipt = world.received_order(event, rows="A")
    invoice(receipt.order, billed(receipt.order, "26.00"))
    plan = plan_run(payable_now(currency="EUR"), currency="EUR")
    assert (plan.lines, plan.left_out) == ([], [receipt.payables.get()])
    with pytest.raises(services.NotPayable, match="1 of these debts are held"):
        run_over(receipt.payables.get(), by=ines)


# Consignment


def test_a_consigned_seat_is_owed_for_when_it_is_sold_and_not_before(event):
    order = order_on(event, basis="CONSIGNMENT")
    services.receive_delivery(order=order)
    assert not AccountsPayable.objects.exists()
    assert balances() == {"inventory": 250, "consigned_stock": -250}
    world.sold_booking(event, [0, 1])
    assert services.accrue() == 2
    assert services.accrue() == 0
    after = balances()
    assert (after["consigned_stock"], after["consignment_owed"], after["inventory"]) == (
        -200,
        -50,
        200,
    )
    with pytest.raises(Invalid, match="statements of what was sold"):
        invoice(order, billed(order, quantity=2))


def test_a_statement_is_numbered_and_becomes_a_debt_with_the_suppliers_terms(event, ines):
    services.receive_delivery(order=order_on(event, basis="SALE_OR_RETURN"))
    world.sold_booking(event, [0, 1])
    services.accrue()
    up_to = end_of(local_today())
    words = {"supplier": world.supplier(), "currency": "EUR", "up_to": up_to, "by": ines}
    with pytest.raises(services.NothingToSettle, match=r"€50.00 now, not €25.00"):
        services.settle(**words, amount=euros(25))
    statement = services.settle(**words, amount=euros(50))
    assert (statement.seats, statement.amount) == (2, 50)
    assert statement.number.startswith("ST-")
    debt = AccountsPayable.objects.get()
    assert (debt.kind, debt.amount) == ("SETTLEMENT", 50)
    assert debt.due_on == local_today() + timedelta(days=30)
    assert "consignment_owed" not in balances()
    with pytest.raises(services.NothingToSettle):
        services.settle(**words)


def take(event, ordinals, sale):
    """What selling and, afterwards, giving back does with the places and the books."""
    seats = EventSeat.objects.at(event, ordinals)
    seats.update(status="RESERVED", claimed_by=sale, claimed_until=timezone.now())
    seats.update(status="SOLD", claimed_until=None)
    _move_stock(sale, "sold", -euros(25) * len(ordinals))


def give_back(event, ordinals, sale):
    EventSeat.objects.at(event, ordinals).update(status="AVAILABLE", claimed_by=None)
    _move_stock(sale, "came back", euros(25) * len(ordinals))


def _move_stock(sale, kind, cost):
    lines = [(Account.INVENTORY, cost), (Account.COST_OF_SALES, -cost)]
    post(source="test", source_id=sale, kind=kind, lines=lines)


def test_what_came_back_after_its_statement_is_carried_into_a_credit_note(event):
    services.receive_delivery(order=order_on(event, basis="CONSIGNMENT"))
    sale = uuid4()
    take(event, [0, 1], sale)
    services.accrue()
    words = {"supplier": world.supplier(), "currency": "EUR"}
    services.settle(**words, up_to=end_of(local_today()))
    give_back(event, [0, 1], sale)
    assert services.accrue() == 2
    assert ConsignmentSale.objects.filter(kind="CAME_BACK").count() == 2
    statement = services.settle(**words, up_to=end_of(local_today()))
    assert (statement.seats, statement.amount) == (-2, -50)
    note = CreditNote.objects.get()
    assert (note.kind, note.left) == ("SETTLEMENT", euros(50))
    debt = AccountsPayable.objects.get()
    assert services.apply_credit(note=note, payable=debt) == euros(50)
    assert balances() == {"inventory": 250, "consigned_stock": -250}


def test_a_seat_sold_again_is_a_sale_of_its_own(event):
    services.receive_delivery(order=order_on(event, basis="CONSIGNMENT"))
    first, second = uuid4(), uuid4()
    take(event, [0], first)
    services.accrue()
    give_back(event, [0], first)
    take(event, [0], second)
    assert services.accrue() == 2
    assert waiting() == (1, 25)
    give_back(event, [0], second)
    services.accrue()
    assert waiting() == (0, 0)


def test_the_job_books_what_was_sold_of_every_agency_that_has_consigned_seats(event):
    assert accrue_consignment() == 0
    services.receive_delivery(order=order_on(event, basis="CONSIGNMENT"))
    world.sold_booking(event, [0, 1, 2])
    assert accrue_consignment() == 1
    assert ConsignmentSale.objects.count() == 3
    assert accrue_consignment() == 0


def waiting():
    """(seats, amount) that the next statement would have."""
    up_to = end_of(local_today())
    return balance(unsettled(supplier=world.supplier(), currency="EUR", up_to=up_to))


# By age


def test_debts_are_sorted_by_how_late_they_are(event):
    today = local_today()
    debts = [
        world.received_order(event, rows="A", seats=str(n)).payables.get() for n in range(1, 7)
    ]
    for debt, days in zip(debts, (-1, 0, 1, 30, 31, 91), strict=True):
        AccountsPayable.objects.filter(pk=debt.pk).update(due_on=today - timedelta(days=days))
    services.pay_payable(payable=debts[2], key="one", money=euros(5))
    [found] = ageing(AccountsPayable.objects.all())
    assert found.buckets == {
        "not_due": (2, euros(50)),
        "to_30": (2, euros(45)),
        "to_60": (1, euros(25)),
        "to_90": (0, euros(0)),
        "older": (1, euros(25)),
    }
    assert (found.count, found.total) == (6, euros(145))
    first, second = payables_due(2)
    assert (first.days, second.days, first.left) == (-91, -31, euros(25))
