"""Money taken and handed out at the desk: the person who does it says so, and it is done."""

from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now

from agencies.queries import local_today
from core import failpoints
from core.errors import DomainError, Invalid
from core.locks import lock_one
from core.money import Money
from core.numbering import next_number
from core.outbox import record
from core.status import WrongState
from core.tenancy import current_agency_id
from core.transactions import broken_constraint, use_case
from payments.facts import PaymentSucceeded
from payments.ledger import account_of, post
from payments.models import (
    Account,
    CashCount,
    DeskTaking,
    LedgerEntry,
    Payment,
    Refund,
    RefundStatus,
    Status,
)
from payments.services.credit import hold_credit
from payments.services.refund import TAKEN_BACK, complete, is_taken_back

Way = DeskTaking.Way
UNSENT = (RefundStatus.PENDING, RefundStatus.PROCESSING)
REFUSALS = {
    "enough_was_given": "This is less than what is due.",
    "terminals_give_a_reference": "Type the reference that stands on the terminal's slip.",
    "no_card_number_at_the_desk": "This looks like a card number. Type the reference of the slip; "
    "never write down a card.",
}


class NotTakeable(Invalid):
    """This money cannot be taken or handed out like this; nothing was booked."""

    code = "not_takeable"


class DrawerDiffers(DomainError):
    """What lies in the drawer is not what should, and nobody has said why."""

    code = "drawer_differs"


@use_case
def take_at_desk(payment_id, *, way, by, given=None, reference="", credit=None, **of):
    """The open payment that nobody has sent to a provider is paid at the desk, in full; returns the
    DeskTaking. With `credit` so much of it (Money, less than all) is paid with it, as `hold_credit`
    needs to know: `customer_id`, and `came_by` where it came for this.
    Raises WrongState when it is open no more, NotTakeable, NotEnoughCredit."""
    one_drawer()
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    if payment.status != Status.PENDING:
        raise WrongState("Somebody else is paying this just now, or has paid it. Look once more.")
    payment.credit = credit.amount if credit else payment.credit
    if payment.credit >= payment.amount:
        raise NotTakeable("All of it can be paid with credit: take no money.")
    taking = keep(
        payment=payment, way=way, money=payment.charged, by=by, given=given, reference=reference
    )
    failpoints.reach("desk.before_booking")
    payment.provider, payment.provider_ref = way.lower(), str(taking.pk)
    payment.opened_at = payment.settled_at = Now()
    payment.move_to(Status.PROCESSING)
    payment.save()
    if payment.credit:
        hold_credit(payment, of["customer_id"], of.get("came_by"))
    payment.move_to(Status.SUCCEEDED)
    payment.save()
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        memo=taking.number,
        lines=[
            (account_of(payment.provider), payment.charged),
            (Account.CUSTOMER_CREDIT, payment.by_credit),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )
    record(PaymentSucceeded(reference=payment.reference, payment_id=payment.pk))
    return taking


def keep(*, way, money, by, given=None, reference="", **what):
    """Writes down what was taken for `what` (payment or refund), or handed out of the drawer; returns
    the DeskTaking. Raises NotTakeable."""
    try:
        with transaction.atomic():
            return DeskTaking.objects.create(
                number=f"R-{local_today().year}-{next_number(f'desk-{local_today().year}'):05}",
                way=way,
                amount=money.amount,
                currency=money.currency,
                given=given,
                reference=reference.strip(),
                taken_by=by,
                **what,
            )
    except IntegrityError as error:
        reason = REFUSALS.get(broken_constraint(error))
        if reason is None:
            raise
        raise NotTakeable(reason) from None


def waiting_at_desk(payments):
    """Refunds of these Payments that somebody at the desk must hand out, oldest first."""
    return Refund.objects.filter(
        payment__in=payments, payment__provider__in=DESK, status__in=UNSENT
    ).order_by("created_at", "pk")


DESK = tuple(way.lower() for way in Way.values)


@use_case
def hand_out(refund_id, *, by, reference=""):
    """A member of staff has given back what was paid at the desk, the same way it came; returns the
    DeskTaking. Raises WrongState when it was given back before."""
    one_drawer()
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    payment = lock_one(Payment.objects.filter(pk=refund.payment_id, provider__in=DESK))
    refund = lock_one(Refund.objects.filter(pk=refund_id))
    if refund.status not in UNSENT:
        raise WrongState("This money was given back already, or is not to be given back any more.")
    if is_taken_back(payment):
        raise NotTakeable(TAKEN_BACK)
    failpoints.reach("desk.before_handing_out")
    taking = keep(
        refund=refund, way=payment.provider.upper(), money=-refund.money, by=by, reference=reference
    )
    complete(refund_id, taking.number)
    return taking


def one_drawer():
    """Until this transaction ends nobody else takes, hands out or counts in this agency."""
    with connection.cursor() as cursor:
        name = f"drawer {current_agency_id()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def in_drawer(currency):
    """What should lie in the drawer, as Money: the balance of the ledger's cash."""
    entries = LedgerEntry.objects.filter(account=Account.CASH, currency=currency)
    return Money(entries.aggregate(Sum("amount"))["amount__sum"] or Decimal(0), currency)


@use_case
def count_cash(*, counted, banked, by, note=""):
    """The drawer was counted: `counted` lay in it (Money), of which `banked` goes to the bank; returns
    the CashCount. Raises DrawerDiffers when that is not what should, unless a note says why, or
    NotTakeable."""
    one_drawer()
    if not Money.zero(counted.currency) <= banked <= counted:
        raise NotTakeable("No more can go to the bank than lies in the drawer.")
    expected = in_drawer(counted.currency)
    difference = counted - expected
    if difference and not note.strip():
        size, word = (difference, "too much") if difference.amount > 0 else (-difference, "missing")
        raise DrawerDiffers(
            f"{size.display()} {word}: {expected.display()} should lie there. Count once more, or "
            "write down why."
        )
    count = CashCount.objects.create(
        counted=counted.amount,
        expected=expected.amount,
        banked=banked.amount,
        currency=counted.currency,
        note=note.strip()[:200],
        counted_by=by,
    )
    _book_count(count, difference, banked)
    return count


def _book_count(count, difference, banked):
    for kind, other, money in (
        ("difference", Account.CASH_DIFFERENCES, difference),
        ("banked", Account.BANK, -banked),
    ):
        if money:
            post(
                source="cash_count",
                source_id=count.pk,
                kind=kind,
                lines=[(Account.CASH, money), (other, -money)],
            )
