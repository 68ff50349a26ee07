"""Bank transfers: asked for with a reference, found on a statement, booked or left to a person."""

from django.db import transaction
from django.db.models.functions import Now

from agencies.queries import current_agency
from core.errors import Invalid
from core.locks import lock, lock_one
from core.money import total
from core.outbox import record
from core.status import WrongState
from core.transactions import use_case
from payments import statements
from payments.facts import PaymentSucceeded
from payments.ledger import post
from payments.models import (
    CAPTURED,
    Account,
    BankLine,
    BankStatement,
    LineStatus,
    Payment,
    RefundStatus,
    Status,
)
from payments.services.arrivals import alone, match_arrivals
from payments.services.refund import TAKEN_BACK, complete, is_taken_back

OPEN_LINES = (LineStatus.EXCEPTION, LineStatus.PART)


class NotPayableByTransfer(Invalid):
    """This money cannot be counted like that; nothing was booked."""

    code = "not_payable_by_transfer"


@use_case
def expect_transfer(payment_id, *, reference):
    """The open payment that nobody has sent to a provider is awaited on the bank account with this
    creditor reference; returns it. Raises WrongState when it is open no more."""
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    if payment.status != Status.PENDING:
        raise WrongState("Somebody is paying this just now, or has paid it. Look once more.")
    before = Payment.objects.filter(provider="bank", provider_ref=reference, status=Status.FAILED)
    given_up = list(before.values_list("pk", flat=True))
    before.update(provider_ref="")  # what still comes with it counts for the new one
    payment.provider, payment.provider_ref, payment.opened_at = "bank", reference, Now()
    payment.move_to(Status.PROCESSING)
    payment.save()
    BankLine.objects.filter(payment__in=given_up, status=LineStatus.PART).update(payment=payment)
    return payment


# Reading in


class _OnlyLooked(Exception):
    """Undoes what was done to see what it would do."""


def preview_statement(*, filename, content, by):
    """What import_statement would make of a file: (BankStatement, its new BankLines, {why: lines} that
    are not read), nothing of which is kept. Raises BadStatement."""
    skipped = statements.read(content, currency=current_agency().currency).skipped
    found = None
    try:
        with transaction.atomic():
            statement = import_statement(filename=filename, content=content, by=by)
            lines = statement.lines.select_related("payment").prefetch_related("payouts")
            found = statement, list(lines), skipped
            raise _OnlyLooked
    except _OnlyLooked:
        return found


@use_case
def import_statement(*, filename, content, by):
    """Reads a statement in: lines that were read before, in whichever file, change nothing. Each new
    one pays what it names, or waits for a person. Returns the BankStatement; raises BadStatement."""
    read = statements.read(content, currency=current_agency().currency)
    alone()
    known = set(
        BankLine.objects.filter(key__in=[line.key for line in read.lines]).values_list(
            "key", flat=True
        )
    )
    new = [line for line in read.lines if line.key not in known]
    statement = BankStatement.objects.create(
        filename=filename[:200],
        kind=read.kind,
        account=read.account[:40],
        line_count=len(read.lines),
        new_count=len(new),
        imported_by=by,
    )
    payments = _awaited([line.text for line in new])
    for line in new:
        _take_in(statement, line, payments)
    for money in {str(line.money): line.money for line in new}.values():
        match_arrivals(money)
    return statement


def _awaited(texts):
    """{reference: locked Payment} of all bank payments that these texts name."""
    said = " ".join(statements.plain(text) for text in texts)
    refs = Payment.objects.filter(provider="bank").values_list("pk", "provider_ref")
    named = [pk for pk, ref in refs if ref and ref[4:] in said]
    return {payment.provider_ref: payment for payment in lock(Payment.objects.filter(pk__in=named))}


def _take_in(statement, line, payments):
    said = statements.plain(line.text)
    named = [payment for ref, payment in payments.items() if ref[4:] in said]
    payment = named[0] if len(named) == 1 else None
    row = BankLine(
        statement=statement,
        key=line.key,
        booked_on=line.booked_on,
        amount=line.money.amount,
        currency=line.money.currency,
        payer=line.payer,
        text=line.text,
    )
    _post(row, "received", Account.BANK, Account.UNASSIGNED_MONEY, row.money)
    _judge(row, payment, "It names several bookings." if named else "It names no booking of ours.")
    row.save()
    if row.status == LineStatus.MATCHED:
        _pay(payment)


def _judge(row, payment, otherwise):
    """Says what becomes of a line that names a Payment, or of one that names none."""
    row.payment = payment
    row.problem = _problem(row, payment) if payment else otherwise
    if row.problem:
        row.status = LineStatus.EXCEPTION
        return
    missing = payment.money - _parts(payment) - row.money
    row.status = LineStatus.PART if missing else LineStatus.MATCHED
    if missing:
        row.problem = f"{missing.display()} of {payment.money.display()} are still missing."


def _problem(row, payment):
    """Why a line cannot count for the payment it names, or an empty string."""
    if row.currency != payment.currency:
        return f"It is {row.currency}, and {payment.money.display()} are due."
    if payment.status in CAPTURED:
        return f"{payment.money.display()} were paid before."
    over = _parts(payment) + row.money - payment.money
    if over.amount > 0:
        return f"{over.display()} more than the {payment.money.display()} that are due."
    return ""


def _parts(payment):
    """What came of a payment so far, as Money."""
    found = BankLine.objects.filter(payment=payment, status=LineStatus.PART)
    return total((line.money for line in found), payment.currency)


def _pay(payment):
    """The payment is complete: what came for it is what was paid."""
    payment.move_to(Status.SUCCEEDED)
    payment.failure, payment.settled_at = "", Now()
    payment.save()
    parts = BankLine.objects.filter(payment=payment, status=LineStatus.PART)
    parts.update(status=LineStatus.MATCHED, problem="")
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        lines=[
            (Account.UNASSIGNED_MONEY, payment.money),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )
    record(PaymentSucceeded(reference=payment.reference, payment_id=payment.pk))


def _post(row, kind, to, of, money):
    post(source="bank_line", source_id=row.pk, kind=kind, lines=[(to, money), (of, -money)])


# Sorting out


@use_case
def assign_line(line_id, *, reference):
    """A person says for which booking the money came, by the creditor reference or the booking's
    number; returns the BankLine. What is too much of it is sent back, and booked so. Raises
    WrongState, NotPayableByTransfer."""
    row = _open_line(line_id)
    wanted = statements.plain(reference)
    refs = Payment.objects.filter(provider="bank").values_list("pk", "provider_ref")
    found = [pk for pk, ref in refs if wanted in (ref, ref[4:])]
    if not found:
        raise NotPayableByTransfer(f"No booking awaits a transfer as {reference}.")
    payment = lock_one(Payment.objects.filter(pk=found[0]))
    if payment.status in CAPTURED or row.currency != payment.currency:
        raise NotPayableByTransfer(_problem(row, payment))
    before = row.payment_id if row.status == LineStatus.PART else None
    if before == payment.pk:
        raise WrongState("This money counts for that booking already.")
    missing = payment.money - _parts(payment)
    over = row.money - missing
    row.payment = payment
    if over.amount < 0:
        row.problem = f"{(-over).display()} of {payment.money.display()} are still missing."
        status = LineStatus.PART
    else:
        row.problem, row.sent_back, status = "", over.amount, LineStatus.MATCHED
    if row.status != status:
        row.move_to(status)
    row.save()
    if status == LineStatus.MATCHED:
        if over:
            _post(row, "sent back", Account.UNASSIGNED_MONEY, Account.BANK, over)
        _pay(payment)
    return row


@use_case
def line_sent_back(line_id):
    """A person has transferred this money back to where it came from; returns the BankLine."""
    row = _open_line(line_id)
    row.move_to(LineStatus.SENT_BACK)
    row.sent_back, row.problem = row.amount, ""
    row.save()
    _post(row, "sent back", Account.UNASSIGNED_MONEY, Account.BANK, row.money)
    return row


def _open_line(line_id):
    alone()
    row = lock_one(BankLine.objects.filter(pk=line_id))
    if row.status not in OPEN_LINES:
        raise WrongState("This money is sorted out already.")
    return row


@use_case
def transferred_back(refund_id):
    """A person has transferred a refund of a bank payment; returns it. Raises WrongState when that
    was done before."""
    payment = lock_one(Payment.objects.filter(refunds=refund_id, provider="bank"))
    refund = lock_one(payment.refunds.filter(pk=refund_id))
    if refund.status not in (RefundStatus.PENDING, RefundStatus.PROCESSING):
        raise WrongState("This money was given back already, or is not to go back any more.")
    if is_taken_back(payment):
        raise NotPayableByTransfer(TAKEN_BACK)
    return complete(refund_id, payment.provider_ref)
