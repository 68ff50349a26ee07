"""Who may send how much money to whom: above the limit two people, to accounts that are known, and
exactly what was agreed to."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, transaction

from agencies.models import Agency
from agencies.queries import local_today
from config.tests import world
from config.tests.world import address, of, problems, told
from core.money import Money
from core.tenancy import as_system
from suppliers import services
from suppliers.admin_runs import sums_of
from suppliers.models import PaymentRun, PaymentRunLine, Supplier, SupplierPayment
from suppliers.services import Billed, RunChanged, Transfer
from suppliers.services.paying import pay_invoice
from suppliers.services.runs import changes_of, payable_now, plan_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]


def euros(amount):
    return Money(amount, "EUR")


def limit(agency, amount, **fields):
    with as_system():
        Agency.objects.filter(pk=agency.pk).update(approval_above=amount, **fields)


def debt_of(event, rows="A", **words):
    """A debt of 250 euros."""
    return world.received_order(event, rows=rows, **words).payables.get()


def pay(debt, key="one", **words):
    return services.pay_payable(payable=debt, key=key, **words)


def run_over(*debts, by):
    return services.propose_run(debt_ids=[debt.pk for debt in debts], pay_on=local_today(), by=by)


def approve_by(person):
    return partial(services.approve_run, by=person)


def approved(*debts, by, second):
    run = run_over(*debts, by=by)
    return services.approve_run(run=run, by=second)


def invoice(debt, number="F-1", price=25):
    line = debt.order.lines.get()
    return services.enter_invoice(
        order=debt.order,
        number=number,
        invoiced_on=local_today(),
        billed=[Billed(euros(price), line.received, line)],
    )


# One person


def test_above_the_limit_nothing_is_paid_outside_a_run(agency, event, ines, omar):
    debt, other = debt_of(event), debt_of(event, "B")
    limit(agency, 249)
    bill = invoice(debt)
    for pays in (
        lambda: pay(debt, by=omar),
        lambda: pay_invoice(invoice=bill, key="two", by=omar),
    ):
        with pytest.raises(
            services.NeedsSecondPerson,
            match=r"^Above €249.00 a payment needs a second person: put it into a payment run\.",
        ):
            pays()
    assert not SupplierPayment.objects.exists()
    services.pay_run(run=approved(debt, by=ines, second=omar))
    assert SupplierPayment.objects.get().amount == 250
    assert pay(other, money=euros(249)).amount == 249


@pytest.mark.parametrize("amount", [250, None])
def test_up_to_the_limit_or_without_one_a_debt_is_paid_at_once(agency, event, amount):
    limit(agency, amount)
    assert pay(debt_of(event)).amount == 250


def test_parts_do_not_lead_around_the_limit(agency, event):
    first, second = debt_of(event), debt_of(event, "B")
    other = debt_of(event, "C", of_order={"supplier": world.supplier("Somebody else")})
    limit(agency, 200)
    pay(first, money=euros(150))
    with pytest.raises(services.NeedsSecondPerson, match=r"€150.00 has gone to Quai Productions"):
        pay(first, "two", money=euros(51))
    with pytest.raises(services.NeedsSecondPerson):
        pay(second, "two", money=euros(51))
    pay(other, "other", money=euros(200))
    yesterday = SupplierPayment.objects.get(key="one").booked_at - timedelta(days=1)
    SupplierPayment.objects.filter(key="one").update(booked_at=yesterday)
    with pytest.raises(services.NeedsSecondPerson):
        pay(first, "two", money=euros(51))
    pay(second, "two", money=euros(200))


def test_the_parts_of_an_invoice_count_together(agency, event):
    bill = invoice(debt_of(event))
    limit(agency, 200)
    pay_invoice(invoice=bill, key="one", money=euros(150))
    SupplierPayment.objects.update(
        booked_at=SupplierPayment.objects.get().booked_at - timedelta(days=1)
    )
    with pytest.raises(services.NeedsSecondPerson):
        pay_invoice(invoice=bill, key="two", money=euros(100))


def test_in_another_currency_the_limit_allows_nothing(agency, event):
    debt = debt_of(event)
    limit(agency, 1000, currency="GBP")
    with pytest.raises(services.NeedsSecondPerson, match=r"^In EUR a payment needs a second"):
        pay(debt)


def test_what_was_paid_before_is_answered_also_above_the_limit(agency, event):
    debt = debt_of(event)
    paid = pay(debt)
    limit(agency, 10)
    assert pay(debt) == paid


def test_what_two_people_sent_does_not_count(agency, event, ines, omar):
    limit(agency, 250)
    services.pay_run(run=approved(debt_of(event), by=ines, second=omar))
    assert pay(debt_of(event, "B")).amount == 250


def test_an_order_is_paid_in_advance_when_a_second_person_approved_it(agency, event, ines, omar):
    limit(agency, 100)
    draft = {"event": event, "rows": "A", "of_order": {"payment_terms": "IMMEDIATE"}}
    order = services.submit_order(order=world.drafted_order(**draft), by=ines)
    services.approve_order(order=order, by=omar)
    order = services.confirm_order(order=order, by=ines)
    assert services.pay_order(order=order, key="one", by=ines).amount == 250
    limit(agency, None)
    other = world.confirmed_order(**{**draft, "rows": "B"})
    limit(agency, 100)
    with pytest.raises(services.NeedsSecondPerson):
        services.pay_order(order=other, key="two", by=ines)
    services.pay_order(order=other, key="two", by=ines, money=euros(100))
    with pytest.raises(services.NeedsSecondPerson, match=r"€100.00 has gone"):
        services.pay_order(order=other, key="three", by=ines, money=euros(1))


def test_the_form_says_where_the_payment_goes_instead(agency, event):
    debt = debt_of(event)
    limit(agency, 249)
    finance = world.client_of(world.staff(agency, "FINANCE"), agency)
    form = finance.get(of(debt, "pay")).context["form"]
    filled = {"amount": "250", "method": "CASH", "key": form["key"].value()}
    refused = finance.post(of(debt, "pay"), filled)
    assert "put it into a payment run" in problems(refused)[0]
    assert not SupplierPayment.objects.exists()


# The same key


def test_a_key_with_other_words_is_refused(event):
    debt, said = debt_of(event), Transfer(bank_reference="B-9", paid_on=local_today())
    first = pay(debt, money=euros(100), transfer=said)
    assert pay(debt, money=euros("100.00"), transfer=said) == first
    for words in (
        {},
        {"money": euros(100)},
        {"transfer": said},
        {"money": euros(100), "transfer": Transfer(bank_reference="B-8", paid_on=local_today())},
        {"money": euros(100), "transfer": Transfer("CASH", "B-9", local_today())},
        {"money": euros(100), "transfer": Transfer(bank_reference="B-9")},
    ):
        with pytest.raises(services.KeyOfAnother):
            pay(debt, **words)
    assert SupplierPayment.objects.count() == 1


def test_a_key_of_an_order_is_no_key_of_its_debt(event):
    order = world.received_order(event, rows="A", of_order={"payment_terms": "IMMEDIATE"}).order
    paid = services.pay_order(order=order, key="one")
    assert services.pay_order(order=order, key="one") == paid
    with pytest.raises(services.KeyOfAnother):
        pay(order.payables.get())


# Where to


def test_debts_of_a_supplier_without_an_account_are_left_out(agency, event, ines):
    debt = debt_of(event)
    Supplier.objects.update(bank_account="")
    plan = plan_run(payable_now(currency="EUR"), currency="EUR")
    assert (plan.lines, plan.without_account) == ([], [debt])
    with pytest.raises(services.NotPayable, match="No bank account is known of Quai Productions"):
        run_over(debt, by=ines)
    finance = world.client_of(world.staff(agency, "FINANCE"), agency)
    choice = {
        "due_by": local_today() + timedelta(days=60),
        "currency": "EUR",
        "pay_on": local_today(),
    }
    page = address("suppliers.paymentrun", "add")
    for asked in (choice, {**choice, "debt": [debt.pk]}):
        shown = finance.get(page, asked).content.decode()
        assert "no bank account of the supplier is known" in shown
        assert str(debt.pk) not in shown.split("no bank account of the supplier is known")[0]


def test_what_credit_notes_pay_needs_no_account(event, ines, omar):
    debt = debt_of(event)
    Supplier.objects.update(bank_account="")
    services.enter_credit_note(
        supplier=debt.supplier, number="G-1", money=euros(300), issued_on=local_today()
    )
    run = services.pay_run(run=approved(debt, by=ines, second=omar))
    assert (run.status, sums_of(run)) == ("PAID", [])


@pytest.mark.parametrize("account", ["", "GB33 BUKB 2020 1555 5555 55"])
def test_an_account_that_changed_stops_a_run(event, ines, omar, account):
    run = run_over(debt_of(event), by=ines)
    for step in (approve_by(omar), services.pay_run):
        Supplier.objects.update(bank_account=account)
        with pytest.raises(RunChanged, match="the bank account of Quai Productions is another one"):
            step(run=run)
        Supplier.objects.update(bank_account=run.lines.get().bank_account)
        run = step(run=run)
    assert run.status == "PAID"


def test_the_bank_is_told_the_account_that_was_agreed_to(agency, event, ines, omar):
    run = approved(debt_of(event), by=ines, second=omar)
    agreed = run.lines.get().bank_account
    Supplier.objects.update(bank_account="")
    client = world.client_of(omar, agency)
    assert agreed in client.get(of(run, "bank_file")).content.decode()
    assert "is another one" in client.get(of(run)).content.decode()


# What was agreed to


def refused_by_the_database(match, change):
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        change()


def test_the_database_keeps_a_run_as_it_was_proposed(event, ines, omar):
    run = run_over(debt_of(event), by=ines)
    other, lines = debt_of(event, "B"), PaymentRunLine.objects.filter(run=run)
    runs = PaymentRun.objects.filter(pk=run.pk)
    same = {"run": run, "payable": other, "currency": "EUR", "bank_account": "X"}
    for change in ({"amount": 1}, {"pay_on": local_today() + timedelta(days=1)}, {"number": "X"},
                   {"proposed_by": omar}, {"currency": "GBP"}):  # fmt: skip
        refused_by_the_database("Cannot update", lambda change=change: runs.update(**change))
    for change in ({"amount": 1}, {"credit": 1}, {"payable": other}, {"bank_account": "X"}):
        refused_by_the_database("Cannot update", lambda change=change: lines.update(**change))
    refused_by_the_database("never|only grows", lines.delete)
    refused_by_the_database("closed once, with its run", lambda: lines.update(is_open=False))
    services.approve_run(run=run, by=omar)
    refused_by_the_database("approved by somebody", lambda: runs.update(approved_by=ines))
    refused_by_the_database(
        "nothing is added to a run", lambda: PaymentRunLine.objects.create(**same, amount=1)
    )
    services.pay_run(run=run)
    refused_by_the_database("closed once, with its run", lambda: lines.update(is_open=True))


def test_a_run_that_is_not_the_sum_of_its_lines_is_neither_approved_nor_paid(event, ines, omar):
    run = run_over(debt_of(event), by=ines)
    other = debt_of(event, "B")
    same = {"payable": other, "currency": "EUR", "bank_account": other.supplier.bank_account}
    PaymentRunLine.objects.create(run=run, **same, amount=250)
    with pytest.raises(RunChanged, match=r"its lines are €500.00, not €250.00"):
        services.approve_run(run=run, by=omar)
    with pytest.raises(DatabaseError, match="does not equal its lines"), transaction.atomic():
        PaymentRun.objects.filter(pk=run.pk).update(status="APPROVED", approved_by=omar)


def dispute(debt):
    invoice(debt, price=26)


def partly_paid(debt):
    pay(debt, money=euros(1))


def new_credit(debt):
    services.enter_credit_note(
        supplier=debt.supplier, number="G-1", money=euros(60), issued_on=local_today()
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [(dispute, "is held, its invoice does not match"), (partly_paid, "€249.00 is left"),
     (new_credit, "€60.00 of the credit notes of Quai Productions can be used, not €0.00")],
)  # fmt: skip
@pytest.mark.parametrize("is_approved", [False, True])
def test_what_changes_after_the_proposal_stops_the_run(
    event, ines, omar, change, said, is_approved
):
    debt = debt_of(event)
    run = run_over(debt, by=ines)
    if is_approved:
        services.approve_run(run=run, by=omar)
    assert changes_of(run) == []
    change(debt)
    step = services.pay_run if is_approved else approve_by(omar)
    with pytest.raises(RunChanged, match=f"{said}.*Cancel it and propose it anew") as refused:
        step(run=run)
    assert refused.value.details["changes"] == changes_of(run)
    run.refresh_from_db()
    assert run.status == ("APPROVED" if is_approved else "PROPOSED")
    assert not SupplierPayment.objects.filter(run=run).exists()
    services.cancel_run(run=run)


def test_two_runs_do_not_count_on_the_same_credit(event, ines, omar):
    debts = [debt_of(event), debt_of(event, "B")]
    new_credit(debts[0])
    first, second = (run_over(debt, by=ines) for debt in debts)
    assert (first.money, second.money) == (euros(190), euros(250))
    for run in (second, first):
        services.approve_run(run=run, by=omar)
        services.pay_run(run=run)


def test_who_cannot_approve_a_run_is_told_so_and_offered_nothing(agency, event):
    finance = world.staff(agency, "FINANCE")
    client = world.client_of(finance, agency)
    run = run_over(debt_of(event), by=finance)
    assert f'href="{of(run, "approve")}"' not in client.get(of(run)).content.decode()
    for ask in (client.get, client.post):
        answer = told(client, ask(of(run, "approve"))["Location"])
        assert "approved by somebody else than who proposed it" in answer[-1]
    run.refresh_from_db()
    assert run.status == "PROPOSED"
