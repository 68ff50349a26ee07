"""A supplier's invoice: entered, compared, and let through or not. Its debts wait for the verdict."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from agencies.queries import current_zone
from core.errors import DomainError, Invalid
from core.locks import lock, lock_one
from core.money import Money, total
from core.transactions import broken_constraint, use_case
from payments.ledger import post
from payments.models import Account
from suppliers.models import (
    AGREED,
    AccountsPayable,
    CreditNote,
    InvoiceLine,
    InvoiceStatus,
    PurchaseOrder,
    SupplierInvoice,
)
from suppliers.services.approving import is_above_limit
from suppliers.services.credits import KnownNumber, issue, own_number, use_on
from suppliers.services.matching import Billed, compare
from suppliers.services.owing import due_after, owe, split

RECEIPT = AccountsPayable.Kind.RECEIPT


class NotDecidable(DomainError):
    """This invoice cannot be decided so, or not by this person."""

    code = "invoice_not_decidable"


@use_case
def enter_invoice(*, order, number, invoiced_on, billed, by=None, due_on=None):
    """Writes down an invoice of Billed lines and compares it; returns the SupplierInvoice, MATCHED or
    EXCEPTION with what differs in `findings`.

    The debts of what it asks for fall due by it, and are held when it does not match. Raises
    KnownNumber or Invalid.
    """
    order = lock_one(PurchaseOrder.objects.select_related("supplier").filter(pk=order.pk))
    _check(order, billed)
    verdict = compare(order, billed)
    invoice = _written(
        supplier=order.supplier,
        order=order,
        number=number.strip(),
        invoiced_on=invoiced_on,
        due_on=due_on or due_after(invoiced_on, order.payment_terms),
        amount=total((each.amount for each in billed), order.currency).amount,
        currency=order.currency,
        status=InvoiceStatus.MATCHED if verdict.fits else InvoiceStatus.EXCEPTION,
        entered_by=by,
    )
    InvoiceLine.objects.bulk_create(_line(invoice, each) for each in billed)
    _judge(invoice, verdict)
    return invoice


def _check(order, billed):
    if order.status not in AGREED:
        raise Invalid(f"{order} is {order.get_status_display().lower()}; nothing is invoiced yet.")
    if not order.is_owed_on_delivery:
        raise Invalid(f"{order} is settled by statements of what was sold, not by invoices.")
    if any(each.quantity < 1 or each.unit_price.amount < 0 for each in billed):
        raise Invalid("A line of an invoice is for one seat or more, at a price of zero or more.")
    if not total((each.amount for each in billed), order.currency):
        raise Invalid("An invoice asks for more than nothing.")


def _written(**fields):
    try:
        with transaction.atomic():
            return SupplierInvoice.objects.create(**fields)
    except IntegrityError as error:
        if broken_constraint(error) != "one_invoice_per_number":
            raise
        raise KnownNumber(
            f"Invoice {fields['number']} of {fields['supplier']} has been entered before."
        ) from error


def _line(invoice, billed):
    return InvoiceLine(
        invoice=invoice,
        line=billed.line,
        landed_cost=billed.landed_cost,
        description=billed.words[:200],
        quantity=billed.quantity,
        unit_price=billed.unit_price.amount,
        amount=billed.amount.amount,
        currency=invoice.currency,
    )


def _judge(invoice, verdict):
    """Notes the verdict, lays the invoice on its debts and, when it fits, books what it asks beside
    them."""
    invoice.findings = verdict.findings
    invoice.variance = (invoice.money - verdict.expected).amount
    invoice.save(update_fields=["findings", "variance"])
    debts = _lay_on_debts(invoice, verdict.expected)
    if invoice.status == InvoiceStatus.MATCHED:
        _book_variance(invoice, debts)


def _lay_on_debts(invoice, expected):
    """So much of the order's debts of receipts without an invoice, the oldest first, as makes up
    `expected` is now this invoice's, locked; returned as a list. What it does not ask for is split
    off and left to another."""
    found = []
    is_held = invoice.status == InvoiceStatus.EXCEPTION
    free = lock(invoice.order.payables.filter(kind=RECEIPT, invoice=None))
    for debt in sorted(free, key=lambda debt: (debt.receipt_id, debt.pk)):
        if not expected > Money.zero(invoice.currency):
            break
        split(debt, expected)
        debt.invoice, debt.due_on, debt.is_held = invoice, invoice.due_on, is_held
        debt.save(update_fields=["invoice", "due_on", "is_held"])
        expected -= Money(debt.amount, debt.currency)
        found.append(debt)
    return found


def _book_variance(invoice, debts):
    """More than was received is another debt; less is a credit, set against the invoice's debts."""
    variance = Money(invoice.variance, invoice.currency)
    if variance.amount > 0:
        post(
            source="invoice",
            source_id=invoice.pk,
            kind="variance",
            memo=invoice.number,
            lines=[(Account.PURCHASE_VARIANCE, variance), (Account.ACCOUNTS_PAYABLE, -variance)],
        )
        owe(
            kind=AccountsPayable.Kind.VARIANCE,
            supplier=invoice.supplier,
            order=invoice.order,
            invoice=invoice,
            amount=variance.amount,
            currency=invoice.currency,
            due_on=invoice.due_on,
        )
    if variance.amount < 0:
        note = issue(
            kind=CreditNote.Kind.VARIANCE,
            money=-variance,
            supplier=invoice.supplier,
            order=invoice.order,
            number=own_number(),
            issued_on=invoice.invoiced_on,
            reason=f"Invoice {invoice.number} asks less than was received",
        )
        use_on(note, debts)


@use_case
def match_again(*, invoice):
    """Compares an invoice that did not match once more, as after the rest has arrived; returns it."""
    invoice = _locked(invoice)
    verdict = compare(invoice.order, billed_of(invoice), but_for=invoice)
    _lift(invoice)
    if verdict.fits:
        invoice.move_to(InvoiceStatus.MATCHED)
        invoice.save(update_fields=["status"])
    _judge(invoice, verdict)
    return invoice


def match_waiting(order):
    """Compares the invoices in dispute of a locked order once more, after a delivery: what they ask for
    and has arrived now matches, or is held."""
    waiting = order.invoices.filter(status=InvoiceStatus.EXCEPTION)
    for invoice in waiting.order_by("entered_at", "pk"):
        match_again(invoice=invoice)


@use_case
def accept_invoice(*, invoice, reason, by):
    """Lets an invoice through as it is: what it asks beyond delivery becomes a debt, what it asks less
    a credit. Returns it.

    Raises NotDecidable for seats that have not arrived or are on another invoice, and, above the
    amount from which orders need a second person, for who entered it.
    """
    invoice = _locked(invoice)
    verdict = compare(invoice.order, billed_of(invoice), but_for=invoice)
    if verdict.is_ahead:
        raise NotDecidable(
            f"{invoice} asks for seats that have not arrived, or that another invoice asks for. "
            "Match it again when that has changed, or refuse it."
        )
    if invoice.entered_by_id == by.pk and is_above_limit(invoice.money):
        raise NotDecidable(f"{invoice} is accepted by somebody else than who entered it.")
    _decide(invoice, InvoiceStatus.ACCEPTED, reason, by)
    _lift(invoice)
    invoice.variance = (invoice.money - verdict.expected).amount
    invoice.save(update_fields=["variance"])
    _book_variance(invoice, _lay_on_debts(invoice, verdict.expected))
    return invoice


@use_case
def refuse_invoice(*, invoice, reason, by):
    """Sends an invoice back: its debts are owed as without it. Returns it."""
    invoice = _locked(invoice)
    _decide(invoice, InvoiceStatus.REFUSED, reason, by)
    _lift(invoice)
    return invoice


def _locked(invoice):
    """The invoice as it is now, after its order was locked, and before the debts of it: those that the
    invoice leaves and those it is laid on, together, as a run locks them."""
    lock_one(PurchaseOrder.objects.filter(pk=invoice.order_id))
    related = SupplierInvoice.objects.select_related("order", "supplier")
    invoice = lock_one(related.filter(pk=invoice.pk))
    lock(AccountsPayable.objects.filter(order=invoice.order_id))
    return invoice


def _decide(invoice, status, reason, by):
    if not reason.strip():
        raise Invalid("Please say why.")
    invoice.move_to(status)
    invoice.decided_at, invoice.decided_by = Now(), by
    invoice.decision_reason = reason.strip()
    invoice.save()
    invoice.refresh_from_db(fields=["decided_at"])


def _lift(invoice):
    """Takes the invoice off its debts: due by their delivery again, and free to be paid."""
    for debt in lock(invoice.payables.filter(kind=RECEIPT).select_related("receipt", "order")):
        arrived = debt.receipt.received_at.astimezone(current_zone()).date()
        debt.due_on = due_after(arrived, debt.order.payment_terms)
        debt.invoice, debt.is_held = None, False
        debt.save(update_fields=["due_on", "invoice", "is_held"])


def billed_of(invoice):
    """The invoice's lines as Billed."""
    lines = invoice.lines.select_related("line", "landed_cost")
    return [
        Billed(
            unit_price=Money(each.unit_price, each.currency),
            quantity=each.quantity,
            line=each.line,
            landed_cost=each.landed_cost,
            description=each.description,
        )
        for each in lines
    ]
