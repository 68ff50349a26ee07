"""Seats on consignment and on sale or return: what falls due when a seat is sold.

Nothing is done while a buyer pays. What was sold or came back is read off the places themselves, as
often as one likes: a sale counts once, by its public id (`accrued_once_per_sale`).
"""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, Sum

from agencies.queries import current_zone, local_today
from core.errors import DomainError, Invalid
from core.locks import database_now, lock, lock_one
from core.money import Money
from core.numbering import next_number
from core.outbox import record
from core.tenancy import current_agency_id
from core.transactions import use_case
from payments.ledger import post
from payments.models import Account
from suppliers.facts import StatementMade
from suppliers.models import (
    AccountsPayable,
    ConsignmentSale,
    CreditNote,
    SettlementStatement,
    Supplier,
)
from suppliers.services.credits import issue, own_number
from suppliers.services.owing import due_after, owe

SOLD = """
INSERT INTO suppliers_consignmentsale (agency_id, acquisition_id, sale, kind, amount, currency)
SELECT a.agency_id, a.id, s.claimed_by, 'SOLD', a.unit_cost, a.currency
FROM suppliers_purchaseorder o
JOIN suppliers_purchaseorderline l ON l.order_id = o.id
JOIN suppliers_acquisition a ON a.line_id = l.id AND a.returned_at IS NULL
JOIN inventory_eventseat s ON s.id = a.event_seat_id AND s.status = 'SOLD'
WHERE o.basis <> 'FIRM' AND o.agency_id = %(agency)s AND NOT EXISTS (
  SELECT FROM suppliers_consignmentsale c
  WHERE c.acquisition_id = a.id AND c.sale = s.claimed_by AND c.kind = 'SOLD')
ORDER BY s.claimed_by, a.id
ON CONFLICT (acquisition_id, sale, kind) DO NOTHING
RETURNING sale, id, amount, currency
"""
CAME_BACK = """
INSERT INTO suppliers_consignmentsale (agency_id, acquisition_id, sale, kind, amount, currency)
SELECT c.agency_id, c.acquisition_id, c.sale, 'CAME_BACK', -c.amount, c.currency
FROM suppliers_consignmentsale c
JOIN suppliers_acquisition a ON a.id = c.acquisition_id
JOIN inventory_eventseat s ON s.id = a.event_seat_id
  AND (s.status <> 'SOLD' OR s.claimed_by <> c.sale)
WHERE c.kind = 'SOLD' AND c.agency_id = %(agency)s AND NOT EXISTS (
  SELECT FROM suppliers_consignmentsale back
  WHERE back.acquisition_id = c.acquisition_id AND back.sale = c.sale AND back.kind = 'CAME_BACK')
ORDER BY c.sale, c.acquisition_id
ON CONFLICT (acquisition_id, sale, kind) DO NOTHING
RETURNING sale, id, amount, currency
"""


class NothingToSettle(DomainError):
    """No sale of this supplier waits for a statement, or others do than were seen."""

    code = "nothing_to_settle"


@use_case
def accrue():
    """Books consigned seats that were sold, or came back, since it was last asked; returns how many."""
    came_back = _accrue(CAME_BACK, ConsignmentSale.Kind.CAME_BACK)
    return came_back + _accrue(SOLD, ConsignmentSale.Kind.SOLD)


def _accrue(statement, kind):
    with connection.cursor() as cursor:
        cursor.execute(statement, {"agency": current_agency_id()})
        rows = sorted(cursor.fetchall())
    for _, sale in groupby(rows, key=lambda row: row[0]):
        _book(list(sale), kind)
    return len(rows)


def _book(rows, kind):
    """One posting for the seats of a sale, named by the first of them."""
    _, first, _, currency = rows[0]
    owed = Money(sum(amount for _, _, amount, _ in rows), currency)
    post(
        source="consignment",
        source_id=UUID(int=first),
        kind=kind.lower(),
        lines=[(Account.CONSIGNED_STOCK, owed), (Account.CONSIGNMENT_OWED, -owed)],
    )


def end_of(day):
    """The moment up to which a statement goes that is made for this day: its end on the agency's
    clock, or now."""
    following = day + timedelta(days=1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=current_zone())
    return min(midnight.astimezone(UTC), database_now())


def unsettled(*, supplier, currency, up_to):
    """Sales of a supplier's seats before this moment that are in no statement, as a queryset."""
    return ConsignmentSale.objects.filter(
        statement=None, acquisition__supplier=supplier, currency=currency, at__lt=up_to
    )


def balance(sales):
    """(seats sold less those that came back, Decimal owed) of a queryset of sales."""
    sold, back = Q(kind=ConsignmentSale.Kind.SOLD), Q(kind=ConsignmentSale.Kind.CAME_BACK)
    sums = sales.order_by().aggregate(
        sold=Count("pk", filter=sold), back=Count("pk", filter=back), amount=Sum("amount")
    )
    return sums["sold"] - sums["back"], sums["amount"] or 0


@use_case
def settle(*, supplier, currency, up_to, amount=None, by=None):
    """Makes the numbered statement of what was sold before `up_to` and is not in another: its amount
    becomes a debt with the supplier's terms, or, when more came back than was sold, a credit note.
    What was not accrued by then goes into the next one.

    `amount` (Money) is what was seen; when it is another by now nothing is made. Returns the
    SettlementStatement; raises NothingToSettle.
    """
    if up_to > database_now():
        raise Invalid("A statement goes up to a moment that has gone by.")
    supplier = lock_one(Supplier.objects.filter(pk=supplier.pk))
    sales = unsettled(supplier=supplier, currency=currency, up_to=up_to)
    locked = [sale.pk for sale in lock(sales)]
    sales = ConsignmentSale.objects.filter(pk__in=locked)
    seats, owed = balance(sales)
    owed = Money(owed, currency)
    _check(supplier, locked, owed, amount)
    statement = _statement(
        supplier=supplier,
        up_to=up_to,
        seats=seats,
        amount=owed.amount,
        currency=currency,
        made_by=by,
    )
    sales.update(statement=statement)
    _owe(statement)
    record(StatementMade(statement_id=statement.pk))
    return statement


def _check(supplier, locked, owed, seen):
    if not locked:
        raise NothingToSettle(f"Nothing of {supplier} waits for a statement.")
    if seen is not None and seen != owed:
        raise NothingToSettle(
            f"It would be {owed.display()} now, not {seen.display()}. Please look once more."
        )


def _statement(**fields):
    year = local_today().year
    number = f"ST-{year}-{next_number(f'statement-{year}'):04d}"
    return SettlementStatement.objects.create(number=number, **fields)


def _owe(statement):
    owed = statement.money
    if owed.amount > 0:
        post(
            source="statement",
            source_id=statement.pk,
            kind="settled",
            memo=statement.number,
            lines=[(Account.CONSIGNMENT_OWED, owed), (Account.ACCOUNTS_PAYABLE, -owed)],
        )
        owe(
            kind=AccountsPayable.Kind.SETTLEMENT,
            supplier=statement.supplier,
            statement=statement,
            amount=owed.amount,
            currency=owed.currency,
            due_on=due_after(local_today(), statement.supplier.payment_terms),
        )
    if owed.amount < 0:
        issue(
            kind=CreditNote.Kind.SETTLEMENT,
            money=-owed,
            supplier=statement.supplier,
            number=own_number(),
            issued_on=local_today(),
            reason=f"Statement {statement}: more came back than was sold",
        )
