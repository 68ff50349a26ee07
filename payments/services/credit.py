"""What customers have with the agency: given, held by payments, kept by them or returned, lapsed."""

from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from django.db import IntegrityError, transaction
from django.db.models import Case, Q, Sum, When
from django.db.models.functions import Coalesce, Now

from agencies.queries import current_agency
from core import failpoints
from core.errors import DomainError, Invalid
from core.ids import uuid7
from core.locks import database_now, lock_one
from core.money import Money
from core.outbox import record
from core.status import WrongState
from core.transactions import broken_constraint, use_case
from customers.models import Customer
from payments.facts import PaymentSucceeded
from payments.ledger import post
from payments.models import Account, CreditEntry, Payment, RefundStatus, Status
from payments.services.lots import lots_of

Kind = CreditEntry.Kind
NOTHING = Decimal(0)
LAPSED = Q(kind__in=CreditEntry.COMES, expires_at__lte=Now())


class NotEnoughCredit(DomainError):
    """The customer has less credit than was to be paid with it; nothing was changed."""

    code = "not_enough_credit"


def _sum(condition=None):
    return Coalesce(Sum("amount", filter=condition), NOTHING)


def credit_of(customer_id, currency):
    """What a customer can pay with now, as Money."""
    balance, lapsed = _balance(_entries(customer=customer_id, currency=currency))
    return Money(balance - lapsed, currency)


def _entries(**of):
    """The CreditEntries with these values, each with whether it `is_over`, its time to lapse."""
    is_over = Case(When(LAPSED, then=True), default=False)
    return list(CreditEntry.objects.filter(**of).annotate(is_over=is_over))


def _balance(entries):
    """(the sum of all entries of a customer in a currency, what of it cannot be used any more)."""
    balance = sum((each.amount for each in entries), NOTHING)
    over = [lot.left for lot in lots_of(entries).values() if lot.entry.is_over]
    return balance, min(sum(over, NOTHING), balance)


# By staff


@use_case
def give_credit(customer_id, money, *, reason, by, key=None):
    """A member of staff gives a customer credit (Money), once per `key`; returns the CreditEntry.
    Raises Invalid without a reason, or for nothing."""
    _check(money, reason)
    return _by_staff(
        Kind.GIVEN, customer_id, money, reason=reason, by=by, key=key, expires_at=_lasts_until()
    )


@use_case
def take_credit(customer_id, money, *, reason, by, key=None):
    """A member of staff takes credit back, once per `key`; returns the CreditEntry. Raises Invalid, or
    NotEnoughCredit."""
    _check(money, reason)
    let_lapse(customer_id, money.currency)
    return _by_staff(Kind.TAKEN, customer_id, -money, reason=reason, by=by, key=key)


def _check(money, reason):
    if money.amount <= 0:
        raise Invalid("Say how much, more than nothing.")
    if not reason.strip():
        raise Invalid("Say why: the reason stays with the entry.")


def _by_staff(kind, customer_id, money, *, reason, by, key, expires_at=None):
    key = f"staff:{key or uuid7()}"
    entry, is_new = _write(
        kind=kind,
        customer_id=customer_id,
        money=money,
        key=key,
        reason=reason.strip()[:200],
        made_by=by,
        expires_at=expires_at,
    )
    if is_new:
        _book(entry)
    return entry


def _book(entry):
    """What no payment and no cancellation books."""
    post(
        source="credit",
        source_id=entry.pk,
        kind=entry.kind.lower(),
        memo=entry.reason,
        lines=[(Account.CUSTOMER_CREDIT, -entry.money), (Account.CREDIT_GIVEN, entry.money)],
    )


def _lasts_until():
    days = current_agency().credit_days
    return database_now() + timedelta(days=days) if days else None


def come_to_be(**fields):
    """The CreditEntry of what comes to a customer, and lapses like all that comes, once per key; the
    fields are those of CreditEntry, with `money`. Who calls it books it."""
    return _write(expires_at=_lasts_until(), **fields)[0]


def let_go(lot, money, **fields):
    """The CreditEntry by which so much (Money) of a BACK entry is credit no more, for its payment sends
    it back by a refund that is made next; booked."""
    entry, _ = _write(
        kind=Kind.PAID_OUT,
        customer_id=lot.customer_id,
        money=-money,
        of=lot,
        expires_at=lot.expires_at,
        **fields,
    )
    post(
        source="credit",
        source_id=entry.pk,
        kind="paid_out",
        memo=entry.reason,
        lines=[(Account.CUSTOMER_CREDIT, money), (Account.CUSTOMER_DEPOSITS, -money)],
    )
    return entry


def come_or_go(**fields):
    """The CreditEntry of what comes to a customer (Money) or leaves him by neither sale nor points,
    booked."""
    entry, _ = _write(**fields)
    _book(entry)
    return entry


def _write(*, money, key, **fields):
    """(the CreditEntry of this key, whether it is new). Raises NotEnoughCredit."""
    known = CreditEntry.objects.filter(key=key).first()
    if known:
        return known, False
    try:
        with transaction.atomic():
            entry = CreditEntry.objects.create(
                amount=money.amount, currency=money.currency, key=key, **fields
            )
    except IntegrityError as error:
        if broken_constraint(error) == "one_credit_entry_per_key":
            return CreditEntry.objects.get(key=key), False
        if broken_constraint(error) != "not_enough_credit":
            raise
        raise NotEnoughCredit(
            f"{(-money).display()} is more credit than there is. Please look at it again."
        ) from None
    return entry, True


# By payments


def hold_credit(payment, customer_id, reference=None):
    """Keeps the credit of a Payment for it, in the caller's transaction that has locked and begun it:
    first what came by this `reference`, as when seats are changed. Raises NotEnoughCredit."""
    failpoints.reach("credit.before_hold")
    let_lapse(customer_id, payment.currency)
    if credit_of(customer_id, payment.currency) < payment.by_credit:
        raise NotEnoughCredit("You have less credit than this page said. Please look at it again.")
    failpoints.reach("credit.after_look")
    _move(Kind.HELD, payment, customer_id, -payment.by_credit, reference)


def return_credit(payment):
    """Gives back what is held for a Payment that is not paid after all, in the transaction of whoever
    has locked it."""
    if payment.credit:
        _move(Kind.RETURNED, payment, _holder(payment), payment.by_credit)


def hold_again(payment):
    """Whether the credit that was given back when a Payment failed, whose money came after all, is
    still there, and held now."""
    try:
        with transaction.atomic():
            hold_credit(payment, _holder(payment))
    except NotEnoughCredit:
        return False
    return True


def _holder(payment):
    return payment.credit_entries.filter(kind=Kind.HELD).values_list("customer_id", flat=True)[0]


def _move(kind, payment, customer_id, money, reference=None):
    moves = payment.credit_entries.filter(kind__in=(Kind.HELD, Kind.RETURNED)).count()
    return _write(
        kind=kind,
        customer_id=customer_id,
        money=money,
        key=f"payment:{payment.pk}:{moves}",
        payment=payment,
        reference=reference,
    )


@use_case
def pay_with_credit(payment_id, customer_id, reference=None):
    """The open payment that nobody has begun is paid with a customer's credit alone, at once (what
    came by this `reference` first); returns the Payment. Raises WrongState when it is open no more,
    NotEnoughCredit."""
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    if payment.status != Status.PENDING:
        raise WrongState("Somebody else is paying this just now, or has paid it. Look once more.")
    payment.provider, payment.credit = "credit", payment.amount
    payment.opened_at = payment.settled_at = Now()
    payment.move_to(Status.PROCESSING)
    payment.save()
    hold_credit(payment, customer_id, reference)
    payment.move_to(Status.SUCCEEDED)
    payment.save()
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        lines=[
            (Account.CUSTOMER_CREDIT, payment.money),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )
    record(PaymentSucceeded(reference=payment.reference, payment_id=payment.pk))
    return payment


def give_back_as_credit(payment, money, *, key, customer_id=None, reference=None):
    """So much (Money) of a captured, locked Payment becomes credit, once per key: of the one who paid
    with his, or of this customer. Returns the CreditEntry.

    Without a `reference`, whose own journal says so, it is booked.
    """
    entry, is_new = _write(
        kind=Kind.BACK,
        customer_id=customer_id or _holder(payment),
        money=money,
        key=f"back:{key}",
        payment=payment,
        reference=reference,
        expires_at=_lasts_until(),
    )
    if is_new and reference is None:
        post(
            source="credit",
            source_id=entry.pk,
            kind="back",
            lines=[(Account.CUSTOMER_DEPOSITS, money), (Account.CUSTOMER_CREDIT, -money)],
        )
    note_all_is_back(payment)
    return entry


def left_of(entry):
    """What of an entry that came is there still, as Money. Who decides by it has locked the
    customer."""
    return left_of_each(entry.customer_id, entry.currency)[entry.pk]


def left_of_each(customer_id, currency):
    """{the id of an entry that came to a customer: what of it is there still, as Money}."""
    lots = lots_of(_entries(customer=customer_id, currency=currency))
    return {
        key: Money(NOTHING if lot.entry.is_over else lot.left, currency)
        for key, lot in lots.items()
    }


def credit_of_card(payment):
    """What of a Payment's money became credit that can be paid out again, as Money: not what had been
    credit before, and nothing while a bank holds any of it."""
    if payment.status != Status.SUCCEEDED:
        return Money.zero(payment.currency)
    return Money(max(_back(payment) - payment.credit, NOTHING), payment.currency)


def left_on_card(payment):
    """What of a Payment can still go back to where it was paid from, as Money: what was neither sent,
    nor became credit. What was refused stays owed and is sent once more: it is nobody else's."""
    sent = payment.refunds.aggregate(sum=_sum())["sum"]
    more = max(_back(payment) - payment.credit, NOTHING)
    left = payment.charged - Money(sent + more, payment.currency)
    return max(left, Money.zero(payment.currency))


def _back(payment):
    came_back = payment.credit_entries.filter(kind__in=CreditEntry.CAME_BACK)
    return came_back.aggregate(sum=_sum())["sum"]


def is_all_back(payment):
    """Whether nothing of a Payment is left with us: all that was charged, and all that was credit."""
    done = payment.refunds.filter(status=RefundStatus.COMPLETED)
    if sum(refund.amount for refund in done) != payment.charged.amount:
        return False
    return not payment.credit or _back(payment) >= payment.credit


def note_all_is_back(payment):
    """A locked Payment of which nothing is left is refunded."""
    if is_all_back(payment) and payment.can_move_to(Status.REFUNDED):
        payment.move_to(Status.REFUNDED)
        payment.save()


# By time


def let_lapse(customer_id, currency):
    """What lapsed is taken away before anything else is, so that it cannot be spent. Who does it has
    locked the customer."""
    lock_one(Customer.objects.filter(pk=customer_id))
    _, lapsed = _balance(_entries(customer=customer_id, currency=currency))
    if not lapsed:
        return None
    return come_or_go(
        kind=Kind.EXPIRED,
        customer_id=customer_id,
        money=Money(-lapsed, currency),
        key=f"lapsed:{uuid7()}",
    )


def lapsed_credit():
    """[((customer id, currency), agency id)] of whose credit something has lapsed and stands there
    still."""
    found = []
    for whose, entries in groupby(_that_may_have_lapsed(), key=_whose):
        _, lapsed = _balance(list(entries))
        if lapsed:
            found.append((whose[:2], whose[2]))
    return found


def _whose(entry):
    return (entry.customer_id, entry.currency, entry.agency_id)


def _that_may_have_lapsed():
    """The entries, in one query, of all who have credit and of whom not all that lapsed was taken: it
    may have been spent before."""
    rows = CreditEntry.objects.values("customer", "currency").annotate(
        balance=_sum(), over=_sum(LAPSED) + _sum(Q(kind=Kind.EXPIRED))
    )
    rows = rows.order_by().filter(balance__gt=0, over__gt=0)
    return sorted(_entries(customer__in=rows.values("customer")), key=_whose)


@use_case
def expire_credit(customer_id, currency):
    """Takes away what of a customer's credit has lapsed; returns the CreditEntry, or None."""
    return let_lapse(customer_id, currency)
