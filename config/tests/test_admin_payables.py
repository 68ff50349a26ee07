"""Invoices, payments, credit notes, payment runs and settlements in the back office."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from agencies.models import Membership
from agencies.queries import local_today
from config.desk.approving import approvals
from config.tests import world
from config.tests.world import address, of, problems, told
from core import outbox
from core.memory import Remembered
from core.money import Money
from suppliers.admin_supplier_payments import unpaid_orders
from suppliers.models import (
    AccountsPayable,
    CreditNote,
    PaymentRun,
    SettlementStatement,
    Supplier,
    SupplierInvoice,
    SupplierPayment,
)
from suppliers.services import accrue, pay_order, propose_run, receive_delivery, submit_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
TODAY = "%Y-%m-%d"


@pytest.fixture
def finance(agency):
    """Ines, who pays; she may approve up to a thousand."""
    user = world.staff(agency, "FINANCE")
    Membership.objects.filter(user=user).update(approval_limit=1000)
    return world.client_of(user, agency)


def words_of(answer):
    return " ".join(strip_tags(answer.content.decode()).split())


def entry(order, **words):
    """What the form of an invoice sends for ten seats at 25 euros."""
    filled = {"number": "F-1", "invoiced_on": local_today(), "quantity_0": "10", "price_0": "25"}
    return f"{address('suppliers.supplierinvoice', 'add')}?order={order.pk}", {**filled, **words}


def test_an_invoice_is_entered_on_lines_filled_in_with_what_has_arrived(finance, event):
    order = world.received_order(event, rows="A").order
    add = address("suppliers.supplierinvoice", "add")
    assert str(order) in words_of(finance.get(add))
    page, filled = entry(order)
    form = finance.get(page).context["form"]
    assert (form["quantity_0"].value(), form["price_0"].value()) == (10, "25.00")
    answer = finance.post(page, filled)
    invoice = SupplierInvoice.objects.get()
    assert told(finance, answer["Location"]) == ["F-1 is entered and matches."]
    assert invoice.entered_by.name == "Finance"
    again = finance.post(
        page, {**filled, "quantity_0": "0", "other_0": "Fee", "other_amount_0": "5"}
    )
    assert problems(again) == ["Invoice F-1 of Quai Productions has been entered before."]
    assert b'value="Fee"' in again.content
    unnamed = finance.post(page, {**filled, "other_amount_0": "5"})
    assert unnamed.context["form"].errors == {"other_0": ["Say what this is for."]}
    assert SupplierInvoice.objects.count() == 1


def test_an_invoice_that_does_not_match_is_accepted_with_a_reason_or_refused(finance, event):
    order = world.received_order(event, rows="A").order
    page, filled = entry(order, price_0="26")
    shown = finance.post(page, filled, follow=True)
    assert "€26.00 a seat is invoiced, €25.00 was agreed." in words_of(shown)
    invoice, debt = SupplierInvoice.objects.get(), AccountsPayable.objects.get()
    assert "not possible now" in told(finance, finance.get(of(debt, "pay"))["Location"])[-1]
    unsaid = finance.post(of(invoice, "accept"), {"reason": ""})
    assert unsaid.context["form"].errors == {"reason": ["This field is required."]}
    finance.post(of(invoice, "accept"), {"reason": "Agreed by telephone"})
    invoice.refresh_from_db()
    assert (invoice.status, invoice.decision_reason) == ("ACCEPTED", "Agreed by telephone")
    assert "Beyond delivery" in words_of(finance.get(of(invoice)))


def test_seats_in_dispute_stand_apart_from_those_that_are_not_invoiced(finance, event):
    order = world.received_order(event, rows="A").order
    page, filled = entry(order)
    finance.post(page, filled)
    twice = finance.post(page, {**filled, "number": "F-2"}, follow=True)
    assert "F-2 is entered. It does not match, and holds no debt." in words_of(twice)
    [row] = finance.get(address("suppliers.supplierinvoice", "add")).context["panels"][0].table.rows
    assert [str(cell) for cell in row[3:]] == ["10", "0", "10"]  # arrived, not invoiced, disputed


def test_a_debt_is_paid_in_part_and_a_second_click_pays_nothing(finance, event):
    debt = world.received_order(event, rows="A").payables.get()
    form = finance.get(of(debt, "pay")).context["form"]
    filled = {"amount": "100", "method": "BANK_TRANSFER", "key": form["key"].value()}
    for _ in range(2):
        answer = finance.post(of(debt, "pay"), filled)
        assert told(finance, answer["Location"]) == ["€100.00 is booked as paid."]
    debt.refresh_from_db()
    assert (debt.paid, SupplierPayment.objects.count()) == (100, 1)
    above = finance.post(of(debt, "pay"), {**filled, "amount": "150.01", "key": "another"})
    assert "€150.00 is left to pay on this debt" in problems(above)[0]
    assert b'value="150.01"' in above.content


def test_above_the_list_stands_how_old_the_debts_are(finance, event):
    debts = [world.received_order(event, rows=row).payables.get() for row in "AB"]
    late = local_today() - timedelta(days=40)
    AccountsPayable.objects.filter(pk=debts[0].pk).update(due_on=late)
    page = address("suppliers.accountspayable")
    [age] = finance.get(page).context["ageing"]
    counts = {name: count for name, (count, _) in age.buckets.items() if count}
    assert counts == {"not_due": 1, "to_60": 1}
    assert finance.get(page, {"due": "to_60"}).context["cl"].result_count == 1
    file = finance.post(
        f"{address('suppliers.accountspayable', 'export')}?due=late",
        {"format": "0", "resource": ""},
    )
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert [(row["Due"], row["Amount"]) for row in rows] == [(late.isoformat(), "250.00")]


def test_an_order_on_immediate_terms_is_paid_in_advance(finance, event):
    order = world.confirmed_order(event, rows="A", of_order={"payment_terms": "IMMEDIATE"})
    page = f"{address('suppliers.supplierpayment', 'add')}?order={order.pk}"
    form = finance.get(page).context["form"]
    filled = {"method": "CARD", "amount": "250", "key": form["key"].value(), "order": order.pk}
    finance.post(page, filled)
    finance.post(page, filled)
    payment = SupplierPayment.objects.get()
    assert (payment.amount, payment.allocated, payment.method) == (250, 0, "CARD")
    assert "Paid in advance" in words_of(finance.get(of(order)))


def asked_of_the_database(work):
    """How many statements a piece of work asks for."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_the_orders_to_pay_are_found_with_as_many_questions_as_for_one(finance, event):
    terms = {"payment_terms": "IMMEDIATE"}
    orders = [world.confirmed_order(event, rows="A", of_order=terms)]
    assert asked_of_the_database(unpaid_orders) == 5  # orders, lines, receipts, debts, payments
    orders += [
        world.confirmed_order(event, rows="B", seats=str(seat), of_order=terms)
        for seat in range(1, 5)
    ]
    world.received_order(event, section="Circle", rows="A", of_order=terms)
    pay_order(order=orders[1], key="paid in full")
    pay_order(order=orders[2], key="paid in part", money=Money(10, "EUR"))
    receive_delivery(order=orders[3])
    assert asked_of_the_database(unpaid_orders) == 5
    left = {order: money.amount for order, money in unpaid_orders()}
    assert list(left.values()) == [250, 25, 25, 15, 250]
    assert orders[1] not in left
    [panel] = finance.get(address("suppliers.supplierpayment", "add")).context["panels"]
    assert (panel.count, panel.table.rows[-1][3]) == (5, "€250.00")


def test_who_may_approve_what_is_looked_up_once_for_many(agency, event):
    agency.approval_above = Decimal(100)
    agency.save()
    Remembered.forget_everything()
    owner, jonas = world.staff(agency, "OWNER"), world.staff(agency, "PURCHASING")

    def submit(rows):
        order = world.drafted_order(event, rows=rows)
        submit_order(order=order, by=jonas)
        debt = world.received_order(event, section="Circle", rows=rows, seats="1-3").payables.get()
        propose_run(debt_ids=[debt.pk], pay_on=local_today(), by=jonas)

    submit("A")
    approvals(owner, agency)
    assert asked_of_the_database(lambda: approvals(owner, agency)) == 4  # two of each: who, what
    submit("B")
    assert approvals(owner, agency).count == 4
    assert asked_of_the_database(lambda: approvals(owner, agency)) == 4
    Membership.objects.filter(user=owner).update(approval_limit=200)
    assert [str(each.money.amount) for each in approvals(owner, agency).rows] == ["75.00", "75.00"]


def test_an_order_paid_in_advance_says_what_is_credited_before_it_is_cancelled(mireille, event):
    terms = {"payment_terms": "IMMEDIATE"}
    order = world.confirmed_order(event, rows="A", of_order=terms)
    payment = pay_order(order=order, key="ahead")
    said = "€250.00 was paid in advance and is not needed"
    assert said in words_of(mireille.get(of(order, "cancel")))
    assert f"{said} when all of it is called off" in words_of(mireille.get(of(order, "call_off")))
    mireille.post(of(order, "cancel"), {"reason": "The tour is off"})
    note = CreditNote.objects.get()
    for page in (order, payment, order.supplier):
        assert str(note) in words_of(mireille.get(of(page)))
    assert "Paid in advance, not needed" in words_of(mireille.get(of(order.supplier)))
    other = world.confirmed_order(event, rows="B", of_order=terms)
    assert "paid in advance" not in words_of(mireille.get(of(other, "cancel")))


def test_a_credit_note_is_entered_used_and_paid_back(finance, event):
    debt = world.received_order(event, rows="A").payables.get()
    given = {
        "supplier": world.supplier().pk,
        "number": "G-1",
        "issued_on": local_today(),
        "currency": "EUR",
        "amount": "40",
        "reason": "Bad seats",
    }
    finance.post(address("suppliers.creditnote", "add"), given)
    again = finance.post(address("suppliers.creditnote", "add"), given)
    assert problems(again) == ["Credit note G-1 of Quai Productions has been entered before."]
    note = CreditNote.objects.get()
    finance.post(of(debt, "use_credit"), {"note": note.pk, "amount": "30"})
    form = finance.get(of(note, "paid_back")).context["form"]
    sent = {"amount": "10", "seen": form["seen"].value()}
    finance.post(of(note, "paid_back"), sent)
    note.refresh_from_db()
    assert note.used == 40
    assert (
        "not possible now"
        in told(finance, finance.post(of(note, "paid_back"), sent)["Location"])[-1]
    )


@pytest.mark.parametrize(
    "altered",
    [{"seen": "499.999"}, {"seen": "NaN"}, {"currency": "USD"}, {"currency": "EURO"}, {"seen": ""}],
)
def test_a_sum_that_was_never_shown_is_not_proposed(finance, event, altered):
    world.supplier(bank_account="FR76 3000 1007 9412 3456 7890 185")
    debt = world.received_order(event, rows="A").payables.get()
    given = {"debt": debt.pk, "pay_on": local_today(), "seen": "250.00", "currency": "EUR"}
    finance.post(address("suppliers.paymentrun", "add"), {**given, **altered})
    assert not PaymentRun.objects.exists()
    finance.post(address("suppliers.paymentrun", "add"), given)
    assert PaymentRun.objects.get().amount == 250


def test_a_run_is_previewed_proposed_approved_by_another_and_paid_once(mireille, finance, event):
    Supplier.objects.update_or_create(
        name="Quai Productions", defaults={"bank_account": "FR76 3000 1007 9412 3456 7890 185"}
    )
    debts = [world.received_order(event, rows=row).payables.get() for row in "AB"]
    held = world.received_order(event, rows="C").order
    finance.post(*entry(held, price_0="26"))
    due_by = local_today() + timedelta(days=60)
    choice = {"due_by": due_by, "currency": "EUR", "pay_on": local_today()}
    page = address("suppliers.paymentrun", "add")
    listed = finance.get(page, choice)
    assert {debt.pk for debt in listed.context["debts"]} == {debt.pk for debt in debts}
    assert "Held, left out" in words_of(listed)
    preview = finance.get(page, {**choice, "debt": [debt.pk for debt in debts]})
    assert "€500.00 would leave the bank" in words_of(preview)
    assert not PaymentRun.objects.exists()
    hidden = preview.context["hidden"]
    sent = {"debt": [value for name, value in hidden if name == "debt"]}
    sent |= {name: value for name, value in hidden if name != "debt"}
    changed = finance.post(page, {**sent, "seen": "499"})
    assert "Please look once more" in words_of(changed)
    finance.post(page, sent)
    run = PaymentRun.objects.get()
    assert "somebody else" in told(finance, finance.post(of(run, "approve"))["Location"])[-1]
    assert "not possible now" in told(finance, finance.post(of(run, "pay"))["Location"])[-1]
    mireille.post(of(run, "approve"))
    for _ in range(2):
        finance.post(of(run, "pay"))
    assert SupplierPayment.objects.get().amount == 500
    file = finance.get(of(run, "bank_file"))
    [row] = csv.DictReader(io.StringIO(file.content.decode()))
    assert row == {
        "Supplier": "Quai Productions",
        "Bank account": "FR76 3000 1007 9412 3456 7890 185",
        "Amount": "500.00",
        "Currency": "EUR",
        "Reference": run.number,
        "Pay on": local_today().isoformat(),
    }


def test_a_settlement_is_previewed_made_and_mailed_with_its_pdf(finance, event):
    Supplier.objects.update_or_create(name="Quai Productions", defaults={"email": "q@quai.example"})
    world.received_order(event, rows="A", of_order={"basis": "CONSIGNMENT"})
    world.sold_booking(event, [0, 1])
    page = address("suppliers.settlementstatement", "add")
    choice = {"supplier": world.supplier().pk, "up_to": local_today(), "currency": "EUR"}
    preview = finance.post(page, choice)
    assert "€50.00 becomes owed to Quai Productions, 30 days net." in words_of(preview)
    assert not SettlementStatement.objects.exists()
    sent = dict(preview.context["hidden"])
    finance.post(page, sent)
    statement = SettlementStatement.objects.get()
    assert (statement.seats, statement.amount) == (2, 50)
    assert "Stalls" in words_of(finance.get(of(statement, "print_out")))
    assert finance.get(of(statement, "pdf")).content.startswith(b"%PDF")
    again = finance.post(page, sent, follow=True)
    assert "Nothing of Quai Productions waits" in words_of(again)
    outbox.deliver()
    [letter] = [each for each in mail.outbox if each.to == ["q@quai.example"]]
    assert statement.number in letter.subject
    assert [name for name, *_ in letter.attachments] == [f"{statement.number}.pdf"]
    assert accrue() == 0


def test_who_buys_neither_pays_nor_enters_invoices(agency, event):
    jonas = world.client_of(world.staff(agency, "PURCHASING"), agency)
    order = world.received_order(event, rows="A").order
    debt = order.payables.get()
    for page in (
        of(debt, "pay"),
        address("suppliers.paymentrun"),
        address("suppliers.creditnote", "add"),
        entry(order)[0],
    ):
        assert jonas.get(page).status_code == 403
    assert jonas.get(address("suppliers.supplierreturn", "add")).status_code == 200
